//! Fetches every URL of a file (or of stdin), one a line; lines that are empty or begin with `#` are skipped.
//!
//! `cargo run --release --example fetch_list -- urls.txt`

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use haul::{Client, Failures, Sink, State};

fn main() -> Result<(), Box<dyn Error>> {
    let input: Box<dyn BufRead> = match std::env::args().nth(1) {
        Some(file) => Box::new(BufReader::new(File::open(file)?)),
        None => Box::new(io::stdin().lock()),
    };
    // Read as bytes: a line that is no text, or no URL, is one failed outcome, and the list goes on.
    let lines = input.split(b'\n').map_while(Result::ok);
    let urls = lines.map(|line| String::from_utf8_lossy(&line).trim().to_owned());
    let urls = urls.filter(|url| !url.is_empty() && !url.starts_with('#'));

    let client = Client::builder().workers(32).max_per_host(8).build()?;
    let log = std::env::temp_dir().join(format!("haul-fetch-list-{}.jsonl", std::process::id()));
    let mut failures = Failures::create(&log)?;
    let outcomes = client.as_completed(urls);
    let summary = outcomes.summary();
    for outcome in outcomes {
        failures.write(&outcome)?;
        match outcome.state() {
            State::Success(response) => println!("✅ {} {}", outcome.url(), response.status()),
            State::Rejected(rejection) => println!("⚠️ {} {rejection}", outcome.url()),
            State::Failed(error) => {
                println!("❌ {} {}: {error}", outcome.url(), error.error_type())
            }
        }
    }
    failures.finish(&summary.snapshot())?;
    println!("\n{summary}");
    println!("Failures, one JSON object a line: {}", log.display());
    Ok(())
}
