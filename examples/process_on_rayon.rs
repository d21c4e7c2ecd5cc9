//! Threads wait for the network, rayon computes: outcomes are parsed on all cores while others are on their way.

#[path = "quickstart/server.rs"]
mod server;

use haul::{Client, Outcome};
use rayon::iter::{ParallelBridge, ParallelIterator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(16).base_url(&base).build()?;

    let urls = (0..500).map(|i| format!("/items/{i}"));
    let sum: u64 = client
        .as_completed(urls)
        .par_bridge()
        .filter_map(|outcome| id(&outcome))
        .sum();

    println!("the ids add up to {sum}");
    assert_eq!(sum, 499 * 500 / 2);
    Ok(())
}

/// Reads the id: stands for work that is worth a core.
fn id(outcome: &Outcome) -> Option<u64> {
    outcome.success()?.value().ok()?["id"].as_u64()
}
