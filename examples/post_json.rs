//! Posts JSON with a header, a token and a name for each request, and reads the responses into a type.

mod server;

use haul::{Client, Request};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Created {
    received: Value,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder()
        .base_url(&base)
        .bearer("a-token")
        .build()?;

    let orders = ["pen", "ink", "paper"].map(|name| {
        Request::post("/orders")
            .json(&json!({"name": name, "count": 2}))
            .header("x-source", "example")
            // The server recognises duplicates, so this POST may be repeated after a lost response.
            .idempotent(true)
            .id(name)
    });
    for outcome in client.map(orders) {
        let name = outcome.id().unwrap_or_default().to_owned();
        let created: Created = outcome.into_result()?.json()?;
        println!("{name}: {}", created.received);
    }
    Ok(())
}
