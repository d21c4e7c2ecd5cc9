//! A unit test without a socket: prices are looked up with retries, and the test of that takes no time.
//!
//! `cargo run --example unit_test` runs the test as a program; in a project it stands in a `#[test]`.

use std::collections::BTreeMap;

use haul::testing::{Script, get, json, status};
use haul::{Client, ErrorType, Outcome};

/// Code under test: the price of each item, and how often each cause kept a price from being known.
fn prices(client: &Client, items: &[&str]) -> (BTreeMap<String, f64>, BTreeMap<String, u32>) {
    let (mut prices, mut causes) = (BTreeMap::new(), BTreeMap::new());
    for outcome in client.as_completed(items.iter().map(|item| format!("/items/{item}"))) {
        match price(&outcome) {
            Some(price) => drop(prices.insert(outcome.url(), price)),
            None => *causes.entry(outcome.cause().to_string()).or_default() += 1,
        }
    }
    (prices, causes)
}

fn price(outcome: &Outcome) -> Option<f64> {
    outcome.success()?.pointer("/price").ok()??.as_f64()
}

fn main() -> Result<(), haul::BuildError> {
    let script = Script::new()
        .on(
            get("/items/pen"),
            json(200, serde_json::json!({"price": 1.5})),
        )
        // Throttled, then unreachable, then there.
        .on(get("/items/ink"), status(429).header("retry-after", "20"))
        .fail(ErrorType::Connect)
        .then(json(200, serde_json::json!({"price": 4})))
        .on(get("/items/gum"), status(404))
        .virtual_clock();
    let client = Client::builder()
        .base_url("http://shop.example")
        .transport(script.clone())
        .build()?;

    let (prices, causes) = prices(&client, &["pen", "ink", "gum"]);

    assert_eq!(prices["http://shop.example/items/pen"], 1.5);
    assert_eq!(prices["http://shop.example/items/ink"], 4.0);
    assert_eq!(causes["http_status 404"], 1);
    assert_eq!(script.calls().len(), 5);
    assert!(script.unused().is_empty());
    println!("{} of virtual time passed", script.elapsed().as_secs_f64());
    Ok(())
}
