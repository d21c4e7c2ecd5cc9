//! Resumes a batch: a first run is broken off, a second one with the same input sends only the requests that have no
//! outcome in the results file. The same works after a crash or a kill.

mod server;

use std::path::Path;

use haul::{Client, Journal, Sink};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(8).build()?;
    let name = format!("haul-resume-{}.jsonl", std::process::id());
    let results = std::env::temp_dir().join(name);

    first_run(&client, &base, &results)?;
    // The second run is written like any run: it cannot tell, and need not, that there was a first one.
    let mut journal = Journal::open(&results)?;
    let summary = client.run(journal.remaining(input(&base)), &mut journal)?;
    println!(
        "found {} outcomes, sent the other {}",
        journal.found(),
        summary.total()
    );

    let text = std::fs::read_to_string(&results)?;
    println!("{} lines of results, the first:", text.lines().count());
    println!("{}", text.lines().next().unwrap_or_default());
    std::fs::remove_file(&results)?;
    Ok(())
}

/// Input of both runs.
fn input(base: &str) -> impl Iterator<Item = String> {
    (0..200).map(move |i| format!("{base}/items/{i}"))
}

/// Ends after 60 outcomes, as if someone had pressed Ctrl-C.
fn first_run(
    client: &Client,
    base: &str,
    results: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut journal = Journal::create(results)?;
    let outcomes = client.as_completed(journal.remaining(input(base)));
    for outcome in outcomes.take(60) {
        journal.write(&outcome)?;
    }
    journal.flush()?;
    println!("the first run was broken off after 60 of 200 outcomes");
    Ok(())
}
