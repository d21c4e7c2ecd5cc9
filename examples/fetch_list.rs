//! Fetches every URL of a file (or of stdin), one a line; lines that are empty or begin with `#` are skipped.
//!
//! `cargo run --release --example fetch_list -- urls.txt`

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::Arc;

use haul::{Client, Failures, Request, Sink, State};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1);
    let input: Box<dyn BufRead> = match &file {
        Some(file) => Box::new(BufReader::new(File::open(file)?)),
        None => Box::new(io::stdin().lock()),
    };
    let source: Arc<str> = file.unwrap_or_else(|| "-".to_owned()).into();
    // Read as bytes: a line that is no text, or no URL, is one failed outcome, and the list goes on.
    let lines = input.split(b'\n').map_while(Result::ok).zip(1..);
    let requests = lines.filter_map(move |(line, number)| {
        let line = String::from_utf8_lossy(&line);
        let url = line.trim();
        let is_url = !url.is_empty() && !url.starts_with('#');
        is_url.then(|| Request::get(url).read_at(source.clone(), number))
    });

    let client = Client::builder().workers(32).max_per_host(8).build()?;
    let log = std::env::temp_dir().join(format!("haul-fetch-list-{}.jsonl", std::process::id()));
    let mut failures = Failures::create(&log)?;
    let outcomes = client.as_completed(requests);
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
    failures.flush()?;
    println!("\n{summary}");
    println!("Failures, one JSON object a line: {}", log.display());
    Ok(())
}
