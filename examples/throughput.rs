//! Fetches one URL many times, parses each body as JSON on the worker that received it, and prints the rate and the
//! memory. Each worker drops its value too, so no more values are in memory than there are workers.
//!
//! `cargo run --release --example throughput -- [URL COUNT CONCURRENCY]`
//!
//! With `HOSTS=N` in the environment, `127.0.0.1` in the URL stands for N loopback addresses in turn.

mod server;

use std::time::Instant;

use haul::{Client, Response};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (url, count, concurrency) = match args.as_slice() {
        [] => (server::start()? + "/items/1", 2000, 8),
        [url, count, concurrency] => (url.clone(), count.parse()?, concurrency.parse()?),
        _ => return Err("usage: throughput [URL COUNT CONCURRENCY]".into()),
    };
    let hosts: usize = std::env::var("HOSTS").map_or(Ok(1), |hosts| hosts.parse())?;

    let started = Instant::now();
    let client = Client::builder().workers(concurrency).build()?;
    let requests = (0..count).map(|i| match i % hosts {
        _ if hosts == 1 => url.clone(),
        h => url.replace("127.0.0.1", &format!("127.0.{}.{}", h / 200, h % 200 + 1)),
    });
    let outcomes = client.process(requests, |response: &Response| response.value().map(drop));
    let ok = outcomes.filter(|outcome| outcome.is_success()).count();

    let seconds = started.elapsed().as_secs_f64();
    println!(
        r#"{{"ok": {ok}, "failed": {}, "seconds": {seconds:.3}, "per_second": {:.0}, "peak": "{}"}}"#,
        count - ok,
        ok as f64 / seconds,
        peak().unwrap_or("0 kB".into()),
    );
    Ok(())
}

/// Returns the largest resident set of this process so far. `None`: the system does not tell.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let size = lines.find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(size.trim().to_owned())
}
