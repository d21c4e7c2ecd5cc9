//! Compares three places to parse a body: the worker that received it, rayon, and the caller's thread. Bodies are 64 KiB
//! of JSON, 64 requests are under way at once, and the server takes its part of the cores from all three alike.
//!
//! `cargo run --release --example parse_where -- [COUNT]`

mod server;

use std::error::Error;
use std::iter::repeat_n;
use std::thread;
use std::time::Instant;

use haul::{Client, Response};

const ROUNDS: usize = 5;

/// Fetches the rows a number of times, and returns the number of rows in all.
type Way = fn(&Client, usize) -> usize;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(100), |n| n.parse())?;
    let base = server::start()?;
    let client = Client::builder().workers(64).base_url(base).build()?;
    let cores = thread::available_parallelism()?;
    println!("{count} bodies of 64 KiB, 64 at once, {cores} cores, median of {ROUNDS}");

    let ways: [(&str, Way); 3] = [
        ("process", process),
        ("par_map", par_map),
        ("caller's thread", on_this_thread),
    ];
    let expected = count * client.get("/rows").success().map_or(Ok(0), rows)?;
    let mut times = ways.map(|_| Vec::new());
    // The ways take turns: a machine that gets busier must not slow only one of them. The first round opens the
    // connections and is not measured.
    for round in 0..=ROUNDS {
        for ((name, way), times) in ways.iter().zip(&mut times) {
            let started = Instant::now();
            assert_eq!(way(&client, count), expected, "{name} lost some");
            if round > 0 {
                times.push(started.elapsed().as_secs_f64());
            }
        }
    }
    for ((name, _), mut times) in ways.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let median = times[ROUNDS / 2];
        let rate = count as f64 / median;
        println!("{name:16} {:7.1} ms {rate:7.0}/s", median * 1e3);
    }
    Ok(())
}

/// Parses each body on the worker that received it; only the number goes to the caller.
fn process(client: &Client, count: usize) -> usize {
    let numbers = client.process(repeat_n("/rows", count), rows);
    numbers.flat_map(|outcome| outcome.into_result()).sum()
}

/// Parses on as many threads as there are cores, while the workers wait for sockets.
fn par_map(client: &Client, count: usize) -> usize {
    let outcomes = client.as_completed(repeat_n("/rows", count));
    let numbers = outcomes.par_map(|outcome| rows(outcome.success()?).ok());
    numbers.filter_map(|number| number.ok()?.into_value()).sum()
}

/// Parses on one thread; the workers wait for it when the window is full.
fn on_this_thread(client: &Client, count: usize) -> usize {
    let outcomes = client.as_completed(repeat_n("/rows", count));
    outcomes
        .flat_map(|outcome| rows(outcome.success()?).ok())
        .sum()
}

/// Counts the rows: stands for work that is worth a core.
fn rows(response: &Response) -> Result<usize, serde_json::Error> {
    let value = response.value()?;
    Ok(value.as_array().map_or(0, Vec::len))
}
