//! Fetches every URL of a list, one on each line; lines that are empty or begin with `#` are skipped. The list is a
//! file, standard input (`-`), or without an argument a short one of this example.
//!
//! `cargo run --release --example fetch_list -- urls.txt`

mod server;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor};
use std::sync::Arc;

use haul::{Client, Failures, Request, Sink, State};

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1);
    let input: Box<dyn BufRead> = match name.as_deref() {
        Some("-") => Box::new(io::stdin().lock()),
        Some(file) => Box::new(BufReader::new(File::open(file)?)),
        None => Box::new(Cursor::new(short_list()?)),
    };
    let source: Arc<str> = name.unwrap_or_else(|| "short list".to_owned()).into();
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

/// Returns a list with two bad lines, for the server inside this program.
fn short_list() -> io::Result<String> {
    let base = server::start()?;
    let items: String = (1..=10).map(|i| format!("{base}/items/{i}\n")).collect();
    Ok(format!(
        "# A comment\n\n{items}{base}/missing/11\nnot a URL\n"
    ))
}
