//! Sends 200 requests at once to a small server inside this program that is healthy, slow, gone, flaky or rude by
//! turns. Prints a line for each outcome as it completes, then the summary and the place where the failures were
//! logged.
//!
//! `cargo run --release --example quickstart`

mod server;

use std::error::Error;

use haul::{Client, Failures, Outcome, Sink, State};

fn main() -> Result<(), Box<dyn Error>> {
    let base = server::start()?;
    let client = Client::builder()
        .workers(32)
        .base_url(&base)
        .expect_json(true)
        .require("/code", 0)
        .build()?;

    let log = std::env::temp_dir().join(format!("haul-quickstart-{}.jsonl", std::process::id()));
    let mut failures = Failures::create(&log)?;
    let outcomes = client.as_completed((0..200).map(path));
    let summary = outcomes.summary();
    for outcome in outcomes {
        failures.write(&outcome)?;
        println!("{}", line(&outcome));
    }
    failures.flush()?;

    println!("\n{summary}");
    println!("Failures, one JSON object a line: {}", log.display());
    Ok(())
}

/// Path of request `i`, which decides how the server behaves.
fn path(i: usize) -> String {
    let kind = match i {
        13 => "html",
        42 => "pay",
        77 => "reset",
        101 => "moved",
        _ if i % 20 == 5 => "slow",
        _ if i % 25 == 7 => "missing",
        _ if i % 40 == 9 => "flaky",
        _ => "items",
    };
    format!("/{kind}/{i}")
}

fn line(outcome: &Outcome) -> String {
    let (url, tries) = (outcome.url(), outcome.attempts());
    match outcome.state() {
        State::Success(response) => {
            let ms = outcome.elapsed().as_millis();
            let hops = response.history().len();
            let after = match (tries, hops) {
                (1, 0) => String::new(),
                (1, _) => format!(", {hops} redirect"),
                _ => format!(", attempt {tries}"),
            };
            format!("✅ {url} {} in {ms} ms{after}", response.status())
        }
        State::Rejected(rejection) => format!("⚠️ {url} rejected: {rejection}"),
        State::Failed(error) => format!(
            "❌ {url} {} ({} layer) after {tries} attempt(s): {error}",
            error.error_type(),
            error.layer(),
        ),
    }
}
