//! Batches recorded as they run: the records and their times, and batches whose sink fails.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haul::batch::End;
use haul::sink::SinkError;
use haul::sink::{Failures, JsonLines, Keep, Only, Sink};
use haul::{Outcome, Summary};
use test_support::{Answer, Scenario, Server, builder, client};

use super::indices;
use super::sinks::Folder;

/// A sink that notes its calls, and fails at a write of the test's choice.
#[derive(Default)]
struct Notes {
    told: Vec<&'static str>,
    written: Vec<u64>,
    fails_at: Option<usize>,
}

fn full() -> SinkError {
    SinkError::other("notes", io::ErrorKind::StorageFull.into())
}

impl<T> Sink<T> for Notes {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.told.push("begin");
        Ok(())
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        if self.fails_at == Some(self.written.len()) {
            return Err(full());
        }
        self.written.push(outcome.index());
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> Result<(), SinkError> {
        self.told.push("finish");
        Ok(())
    }
}

#[test]
fn every_outcome_is_written_before_it_is_handed_out() {
    let server = Server::always(Answer::text(""));
    let notes = Arc::new(Mutex::new(Vec::new()));
    struct Shared(Arc<Mutex<Vec<u64>>>);
    impl<T> Sink<T> for Shared {
        fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
            self.0.lock().unwrap().push(outcome.index());
            Ok(())
        }
    }
    let mut sink = Shared(Arc::clone(&notes));
    let client = client(4);
    let urls = (0..50).map(|i| server.url(&format!("/{i}")));
    let mut handed = Vec::new();
    for outcome in client.as_completed(urls).record_to(&mut sink) {
        handed.push(outcome.unwrap().index());
        assert_eq!(*notes.lock().unwrap(), handed);
    }
    assert_eq!(handed.len(), 50);
}

#[test]
fn a_run_tells_its_sinks_when_it_begins_and_ends() {
    let server = Scenario::new()
        .on("/no", Answer::status(404))
        .on("/*", Answer::text(""))
        .start();
    let folder = Folder::new();
    let results = JsonLines::create(folder.file("run.jsonl")).unwrap();
    let failures = Failures::create(folder.file("failures.jsonl")).unwrap();
    let mut rejected = Vec::new();
    let only = Only::new(Keep::Failed, JsonLines::new(&mut rejected));
    let mut sinks = ((results, failures), (only, Some(Notes::default())));
    let urls = ["/1", "/no", "/2"].map(|path| server.url(path));
    let summary = client(2).run(urls, &mut sinks).unwrap();
    assert_eq!((summary.total(), summary.failed()), (3, 1));
    assert!(!summary.wall().is_zero() && !summary.is_interrupted());
    let notes = sinks.1.1.take().unwrap();
    assert_eq!(notes.told, ["begin", "finish"]);
    assert_eq!(notes.written.len(), 3);
    drop(sinks);
    let lines = |name| {
        fs::read_to_string(folder.file(name))
            .unwrap()
            .lines()
            .count()
    };
    assert_eq!((lines("run.jsonl"), lines("failures.jsonl")), (3, 1));
    assert_eq!(rejected.iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[test]
fn a_sink_that_fails_ends_the_batch_without_losing_an_outcome() {
    let server = Scenario::new()
        .on("/*", Answer::text("").after(Duration::from_millis(1)))
        .start();
    let mut notes = Notes {
        fails_at: Some(10),
        ..Notes::default()
    };
    let pulled = AtomicUsize::new(0);
    let urls = std::iter::repeat_with(|| {
        pulled.fetch_add(1, Ordering::Relaxed);
        server.url("/")
    });
    let client = builder(4).window(16).build().unwrap();
    let mut recorded = client.as_completed(urls).record_to(&mut notes);
    let (mut outcomes, mut errors) = (Vec::new(), Vec::new());
    for outcome in recorded.by_ref() {
        match outcome {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => errors.push((outcomes.len(), error)),
        }
    }
    assert_eq!(recorded.end(), Some(End::SinkFailed));
    drop(recorded);
    let [(10, error)] = errors.as_slice() else {
        panic!("{errors:?}");
    };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(
        error.to_string(),
        "notes: cannot be written: no storage space"
    );
    let fed = pulled.into_inner() as u64;
    assert_eq!(indices(&outcomes), (0..fed).collect::<Vec<_>>());
    assert_eq!(notes.told, ["begin", "finish"]);
    assert_eq!(notes.written, indices_as_they_came(&outcomes[..10]));
    assert!(outcomes.iter().any(Outcome::is_cancelled));
}

fn indices_as_they_came(outcomes: &[Outcome]) -> Vec<u64> {
    outcomes.iter().map(Outcome::index).collect()
}

#[test]
fn a_run_that_cannot_begin_sends_nothing() {
    struct Closed;
    impl<T> Sink<T> for Closed {
        fn begin(&mut self) -> Result<(), SinkError> {
            Err(full())
        }

        fn write(&mut self, _: &Outcome<T>) -> Result<(), SinkError> {
            unreachable!("it did not begin")
        }
    }
    let server = Server::always(Answer::text(""));
    let error = client(2).run([server.url("/")], &mut Closed).unwrap_err();
    assert_eq!(error.to_string(), full().to_string());
    assert_eq!(error.summary().succeeded(), 0);
    assert_eq!(server.requests(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_ends_a_run_with_an_error() {
    let server = Server::always(Answer::text("x".repeat(4_000)));
    let mut sink = JsonLines::append("/dev/full").unwrap();
    let urls = (0..1_000).map(|i| server.url(&format!("/{i}")));
    let client = builder(4).window(16).build().unwrap();
    let error = client.run(urls, &mut sink).unwrap_err();
    assert_eq!(error.sink_error().kind(), io::ErrorKind::StorageFull);
    assert!(
        error
            .to_string()
            .starts_with("/dev/full: cannot be written: ")
    );
    let summary = error.summary();
    assert!(summary.is_interrupted() && summary.total() < 1_000);
}

#[test]
fn a_slow_sink_holds_the_input_back() {
    let server = Server::always(Answer::text(""));
    let pulled = AtomicUsize::new(0);
    struct Slow<'a>(usize, &'a AtomicUsize);
    impl<T> Sink<T> for Slow<'_> {
        fn write(&mut self, _: &Outcome<T>) -> Result<(), SinkError> {
            self.0 += 1;
            let ahead = self.1.load(Ordering::Relaxed) - self.0;
            assert!(ahead <= 16 + 1, "{ahead} read ahead");
            Ok(())
        }
    }
    let client = builder(4).window(16).max_parked(1).build().unwrap();
    let urls = (0..2_000).map(|_| {
        pulled.fetch_add(1, Ordering::Relaxed);
        server.url("/")
    });
    let mut sink = Slow(0, &pulled);
    assert_eq!(client.run(urls, &mut sink).unwrap().total(), 2_000);
    assert_eq!(sink.0, 2_000);
}

#[test]
fn lines_are_written_while_the_input_pauses() {
    let server = Server::always(Answer::text(""));
    let folder = Folder::new();
    let path = folder.file("run.jsonl");
    let mut sink = JsonLines::create(&path).unwrap();
    let client = client(2);
    let (intake, outcomes) = client.channel();
    std::thread::scope(|scope| {
        let (url, path) = (server.url("/"), &path);
        scope.spawn(move || {
            for sent in 1..=3 {
                intake.send(url.as_str()).unwrap();
                let patience = std::time::Instant::now() + Duration::from_secs(30);
                while fs::read_to_string(path).unwrap().lines().count() < sent {
                    assert!(
                        std::time::Instant::now() < patience,
                        "line {sent} is not written"
                    );
                    std::thread::yield_now();
                }
            }
        });
        assert_eq!(outcomes.record_to(&mut sink).flatten().count(), 3);
    });
}

#[test]
fn a_recorded_batch_dropped_half_way_finishes_its_sink() {
    let server = Server::always(Answer::text(""));
    let mut notes = Notes::default();
    let urls = std::iter::repeat_with(|| server.url("/"));
    let client = client(2);
    let mut recorded = client.as_completed(urls).record_to(&mut notes);
    assert!(recorded.next().unwrap().is_ok());
    drop(recorded);
    assert_eq!(notes.told, ["begin", "finish"]);
    assert_eq!(notes.written.len(), 1);
}

#[test]
fn a_pipe_whose_reader_goes_away_ends_the_batch_in_order() {
    let server = Server::always(Answer::text("x".repeat(4_000)));
    let (reader, writer) = io::pipe().unwrap();
    let mut sink = JsonLines::new(writer).named("stdout");
    let client = builder(4).window(16).build().unwrap();
    let urls = (0..1_000).map(|i| server.url(&format!("/{i}")));
    let mut batch = client.as_completed(urls).record_to(&mut sink);
    assert!(batch.next().unwrap().is_ok());
    drop(reader);
    let (mut outcomes, mut errors) = (1, Vec::new());
    for outcome in batch.by_ref() {
        match outcome {
            Ok(_) => outcomes += 1,
            Err(error) => errors.push(error),
        }
    }
    assert_eq!(batch.end(), Some(End::SinkFailed));
    let [error] = errors.as_slice() else {
        panic!("{errors:?}");
    };
    assert!(error.is_broken_pipe() && error.path().is_none());
    let message = error.to_string();
    assert!(
        message.starts_with("stdout: cannot be written: "),
        "{message}"
    );
    assert!(outcomes < 1_000 && server.requests() < 1_000);
}
