//! Histories under the virtual clock: the same in every run, also with sinks and with tokens that fail.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use haul::record::{Record, RecordOptions};
use haul::settings::{Jitter, Token};
use haul::testing::{Script, any, status};
use haul::{Client, JsonLines, RetryPolicy};
use serde_json::Value;

/// Returns the records of a batch without the real times of their ends, and the time that the batch took.
fn run() -> (Vec<Value>, Duration) {
    let script = Script::new()
        .on(any(), status(503))
        .then(status(200))
        .delay(Duration::from_micros(700))
        .then(status(429))
        .then(status(200))
        .delay(Duration::from_millis(3))
        .then(status(401))
        .then(status(200))
        .virtual_clock();
    let calls = AtomicU32::new(0);
    let policy = RetryPolicy::default().jitter(Jitter::Full).budget(None);
    let client = Client::builder()
        .workers(1)
        .retry(policy)
        .transport(script.clone())
        .token_source(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
            0 | 3 | 4 => Err("no token today".into()),
            n => Ok(Token::new(format!("t{n}")).expires_in(Duration::from_secs(2))),
        })
        .build()
        .unwrap();
    let mut lines = JsonLines::new(Vec::new());
    let urls = (0..12).map(|n| format!("http://h/{n}"));
    let outcomes = client.as_completed(urls).record_to(&mut lines);
    let records = outcomes.map(|outcome| {
        let line = Record::new(&outcome.unwrap(), &RecordOptions::new()).to_line();
        let mut record: Value = serde_json::from_str(&line).unwrap();
        let timestamp = record.as_object_mut().unwrap().remove("timestamp");
        assert!(timestamp.is_some());
        record
    });
    let records: Vec<_> = records.collect();
    assert_eq!(records.len(), 12);
    (records, script.elapsed())
}

#[test]
fn records_and_times_are_the_same_in_every_run() {
    let first = run();
    assert!(first.1 > Duration::from_millis(100), "{:?}", first.1);
    for _ in 0..20 {
        assert_eq!(run(), first);
    }
}
