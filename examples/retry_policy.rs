//! Retry rules: which failures are tried again, how often and after which wait. For all requests, for one, and by a
//! hook.

mod server;

use std::time::Duration;

use haul::settings::{Jitter, Judgement};
use haul::{Client, Request, RetryPolicy};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let patient = RetryPolicy::default()
        .max_attempts(5)
        .backoff(Duration::from_millis(20), Duration::from_secs(2))
        .jitter(Jitter::Equal)
        .deadline(Duration::from_secs(10));
    let client = Client::builder()
        .base_url(&base)
        .retry(patient.clone())
        .build()?;

    // This report is 404 until it is ready: try again, but only here.
    let poll = patient
        .max_attempts(3)
        .classify(|attempt| (attempt.status == Some(404)).then_some(Judgement::Retry));
    let requests = [
        Request::get("/flaky/1"),
        Request::get("/flaky/2").no_retry(),
        Request::get("/missing/report").retry(poll),
    ];
    for outcome in client.map(requests) {
        println!("{} {} attempt(s)", outcome.url(), outcome.attempts());
        for attempt in outcome.attempt_log() {
            let status = attempt.status.unwrap_or_default();
            match attempt.delay {
                Some(wait) => println!("    {status}, tried again after {} ms", wait.as_millis()),
                None => println!("    {status}, not tried again"),
            }
        }
        if let Some(error) = outcome.error() {
            println!("    failed: {error}");
        }
    }
    Ok(())
}
