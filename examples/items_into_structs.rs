//! Reads 500 items into structs, in the order of their numbers. An item that cannot be had or read costs itself alone.

mod server;

use haul::{Client, State};
use serde::Deserialize;

#[derive(Deserialize)]
struct Item {
    id: u32,
    name: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(32).base_url(base).build()?;

    // Two of the 500 are not as the others.
    let paths = (1..=500).map(|i| match i {
        7 => "/missing/7".to_owned(),
        8 => "/html/8".to_owned(),
        i => format!("/items/{i}"),
    });
    let (mut items, mut failures) = (Vec::<Item>::new(), Vec::new());
    for outcome in client.map(paths) {
        let url = outcome.url().to_owned();
        match outcome.into_state() {
            State::Success(response) => match response.json() {
                Ok(item) => items.push(item),
                Err(error) => failures.push(format!("{url}: {error}")),
            },
            State::Rejected(rejection) => failures.push(format!("{url}: {rejection}")),
            State::Failed(error) => failures.push(format!("{url}: {error}")),
        }
    }

    println!("{} items", items.len());
    if let (Some(first), Some(last)) = (items.first(), items.last()) {
        println!(
            "from {} ({}) to {} ({})",
            first.id, first.name, last.id, last.name
        );
    }
    for failure in failures {
        println!("not read: {failure}");
    }
    Ok(())
}
