//! Threads wait for the network, rayon computes: outcomes are parsed on all cores while others are on their way.

mod server;

use haul::{Client, Outcome};
use rayon::iter::{ParallelBridge, ParallelIterator};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(16).base_url(&base).build()?;

    let urls = (0..500).map(|i| format!("/items/{i}"));
    let parsed: Vec<(u64, Option<usize>)> = client
        .as_completed(urls)
        .par_bridge()
        .filter_map(|outcome| Some((id(&outcome)?, rayon::current_thread_index())))
        .collect();

    let sum: u64 = parsed.iter().map(|(id, _)| id).sum();
    println!("the ids of {} items add up to {sum}", parsed.len());
    for thread in 0..rayon::current_num_threads() {
        let count = parsed.iter().filter(|(_, by)| *by == Some(thread)).count();
        println!("thread {thread} of rayon parsed {count}");
    }
    Ok(())
}

/// Reads the id: stands for work that is worth a core.
fn id(outcome: &Outcome) -> Option<u64> {
    outcome.success()?.value().ok()?["id"].as_u64()
}
