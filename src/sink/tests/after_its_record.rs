//! A failure is in its log only after its record is in the results file, and not at all if it has no record.

use crate::request::AnnouncedAttempt;
use std::fs::File;

use super::faulty::{Faults, Faulty};
use super::*;
use crate::redact::Redaction;
use crate::sink::growing::{GrowingFile, OpenForAppend};

/// Names of logs of both kinds.
const LOGS: &[&str] = &[
    "failures.jsonl",
    #[cfg(feature = "sqlite")]
    "failures.db",
];

/// Number of failures in a log.
fn failures_in(log: &Path) -> usize {
    #[cfg(feature = "sqlite")]
    if log.extension().is_some_and(|end| end == "db") {
        return crate::sink::Sqlite::failures_of(log).len();
    }
    fs::read_to_string(log).unwrap().lines().count()
}

/// Opens a log that follows the journal.
fn follow(log: &Path, journal: &crate::sink::Journal) -> Box<dyn Sink> {
    let redaction = Redaction::default();
    #[cfg(feature = "sqlite")]
    if log.extension().is_some_and(|end| end == "db") {
        let mut rows = crate::sink::Sqlite::open(log).unwrap();
        rows.rebuild(journal, &redaction).unwrap();
        return Box::new(rows);
    }
    let mut lines = Failures::append(log).unwrap();
    lines.rebuild(journal, &redaction).unwrap();
    Box::new(lines)
}

/// Runs a test for both kinds of log, which is given an outcome before the journal or after it.
fn for_each_log(name: &str, test: impl Fn(&Path, &Path, Order)) {
    for log in LOGS {
        for order in [Order::LogFirst, Order::JournalFirst] {
            let dir = Dir::new(&format!("{name}-{log}-{order:?}"));
            test(&dir.file("run.jsonl"), &dir.file(log), order);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    LogFirst,
    JournalFirst,
}

fn write(order: Order, journal: &mut dyn Sink, log: &mut dyn Sink, outcome: &Outcome) {
    // A program that goes on after an error gives the log an outcome that the journal refused.
    let _ = match order {
        Order::LogFirst => log.write(outcome).and(journal.write(outcome)),
        Order::JournalFirst => journal.write(outcome).and(log.write(outcome)),
    };
}

/// A results file that notes, before each write, how many failures the log has, and how many records there are.
struct Watched {
    file: File,
    results: PathBuf,
    log: PathBuf,
    notes: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl GrowingFile for Watched {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let records = fs::read_to_string(&self.results)?.lines().count();
        let failures = failures_in(&self.log);
        self.notes.lock().unwrap().push((failures, records));
        self.file.append(bytes)
    }

    fn length(&self) -> io::Result<Option<u64>> {
        self.file.length()
    }

    fn cut(&self, to: u64) -> io::Result<()> {
        self.file.cut(to)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_failure_is_in_its_log_before_its_record_is_in_the_results_file() {
    for_each_log("order", |results, log, order| {
        let notes = Arc::new(Mutex::new(Vec::new()));
        let (noted, paths) = (Arc::clone(&notes), (results.to_owned(), log.to_owned()));
        let opened: OpenForAppend = Arc::new(move |file| {
            let (results, log) = paths.clone();
            let notes = Arc::clone(&noted);
            Arc::new(Watched {
                file,
                results,
                log,
                notes,
            })
        });
        let mut journal = journal(results, opened).unwrap();
        let mut failures = follow(log, &journal);
        for round in 0..3 {
            for index in 0..4 {
                let outcome = failed(4 * round + index);
                write(order, &mut journal, &mut *failures, &outcome);
            }
            // Only the log is told to write out its buffer.
            failures.idle().unwrap();
        }
        failures.finish(&Summary::new()).unwrap();
        assert_eq!(failures_in(log), 12);
        drop(journal);
        let notes = notes.lock().unwrap();
        assert!(!notes.is_empty());
        assert!(
            notes.iter().all(|(failures, records)| failures <= records),
            "{notes:?}"
        );
    });
}

#[test]
fn a_failure_whose_record_finds_no_room_is_not_in_the_log() {
    for_each_log("no-room", |results, log, order| {
        for journal_goes_first in [true, false] {
            let faults = Faults::full(1, u64::MAX);
            let opened = Faulty::opened(&Arc::new(faults));
            let mut journal = journal(results, opened).unwrap();
            let mut failures = follow(log, &journal);
            for index in 0..3 {
                write(order, &mut journal, &mut *failures, &failed(index));
            }
            let finished = failures.finish(&Summary::new());
            assert_eq!(finished.unwrap_err().kind(), io::ErrorKind::StorageFull);
            if journal_goes_first {
                drop(journal);
                drop(failures);
            } else {
                drop(failures);
                drop(journal);
            }
            assert_eq!(fs::read_to_string(results).unwrap(), "");
            assert_eq!(failures_in(log), 0);
        }
    });
}

#[test]
fn a_failure_that_waits_is_dropped_with_a_journal_that_cannot_write_its_record() {
    for_each_log("dropped", |results, log, order| {
        let faults = Faults::full(1, u64::MAX);
        let opened = Faulty::opened(&Arc::new(faults));
        let mut journal = journal(results, opened).unwrap();
        let mut failures = follow(log, &journal);
        write(order, &mut journal, &mut *failures, &failed(0));
        drop(journal);
        drop(failures);
        assert_eq!(failures_in(log), 0);
    });
}

#[test]
fn an_outcome_that_the_journal_refuses_is_not_in_the_log_either() {
    for_each_log("refused", |results, log, order| {
        // The intent of a request that must not be repeated finds no room; later writes do.
        let faults = Faults::full(1, 1);
        let opened = Faulty::opened(&Arc::new(faults));
        let mut journal = journal(results, opened).unwrap();
        let mut failures = follow(log, &journal);
        let requests: Vec<Request> = journal
            .remaining([Request::post("http://h/0"), Request::get("http://h/1")])
            .collect();
        let intents = requests[0].resumed().unwrap().intents.clone().unwrap();
        intents
            .announce(&requests[0], AnnouncedAttempt::FIRST_WRITE)
            .unwrap_err();
        let refused = sample::unsent(0, requests[0].clone(), ErrorType::Io);
        write(order, &mut journal, &mut *failures, &refused);
        let taken = sample::connect_timeout(1, requests[1].clone());
        write(order, &mut journal, &mut *failures, &taken);
        failures.finish(&Summary::new()).unwrap();
        drop(failures);
        let records = fs::read_to_string(results).unwrap();
        assert_eq!((indices(&records), failures_in(log)), (vec![1], 1));
    });
}

#[test]
fn an_intent_is_withdrawn_if_nothing_of_its_request_was_sent() {
    let dir = Dir::new("withdrawn");
    let results = dir.file("run.jsonl");
    let resumed = |bytes_sent| {
        let mut journal = crate::sink::Journal::overwrite(&results).unwrap();
        Sink::<crate::Response>::begin(&mut journal).unwrap();
        let request = journal
            .remaining([Request::post("http://h/")])
            .next()
            .unwrap();
        let intents = request.resumed().unwrap().intents.clone().unwrap();
        intents
            .announce(&request, AnnouncedAttempt::FIRST_WRITE)
            .unwrap();
        let mut outcome = sample::connect_timeout(0, request);
        outcome.report.cut_short = true;
        outcome.report.bytes_sent = bytes_sent;
        journal.write(&outcome).unwrap();
        drop(journal);
        let journal = crate::sink::Journal::open(&results).unwrap();
        let again = journal
            .remaining([Request::post("http://h/")])
            .next()
            .unwrap();
        again.resumed().unwrap().interrupted
    };
    assert!(!resumed(0), "it is sent, since no byte of it was");
    assert!(resumed(1), "the server may have acted");
}

/// Makes a run that sends a POST with an intent and does not come to its outcome.
fn cut_off(results: &Path, url: &'static str) {
    let journal = crate::sink::Journal::open(results).unwrap();
    let request = journal.remaining([Request::post(url)]).next().unwrap();
    let facts = request.resumed().unwrap();
    let intents = facts.intents.clone().unwrap();
    intents
        .announce(&request, AnnouncedAttempt::FIRST_WRITE)
        .unwrap();
}

#[test]
fn an_interrupted_failure_that_begins_a_log_is_not_logged_twice() {
    loses_an_interrupted_failure("interrupted-first", |_| {});
}

#[test]
fn an_interrupted_failure_whose_intent_is_settled_is_not_logged_twice() {
    let finish = |journal: &mut crate::sink::Journal| {
        Sink::<()>::finish(journal, &Summary::new()).unwrap();
    };
    loses_an_interrupted_failure("interrupted-settled", finish);
}

fn loses_an_interrupted_failure(name: &str, end: impl Fn(&mut crate::sink::Journal)) {
    for_each_log(name, |results, log, _| {
        let urls = ["http://h/post", "http://h/get"];
        cut_off(results, urls[0]);
        for run in 0..2 {
            let mut journal = crate::sink::Journal::open(results).unwrap();
            let mut failures = follow(log, &journal);
            let requests = [Request::post(urls[0]), Request::get(urls[1])];
            let todo: Vec<_> = journal.remaining(requests).collect();
            for (index, request) in (0..).zip(todo) {
                let outcome = match request.resumed().is_some_and(|facts| facts.interrupted) {
                    true => sample::unsent(index, request, ErrorType::Interrupted),
                    false => sample::connect_timeout(index, request),
                };
                journal.write(&outcome).unwrap();
                failures.write(&outcome).unwrap();
            }
            end(&mut journal);
            drop((failures, journal));
            let text = fs::read_to_string(results).unwrap();
            assert_eq!(
                (text.lines().count(), failures_in(log)),
                (2, 2),
                "run {run}"
            );
            // The first record is lost, as by a crash of the machine.
            fs::write(
                results,
                text.split_inclusive('\n').skip(1).collect::<String>(),
            )
            .unwrap();
        }
    });
}

#[test]
fn a_failed_page_whose_record_the_journal_lacks_is_not_in_the_log() {
    for_each_log("pages", |results, log, _| {
        // Pages of one list share the index that is shown.
        let page = || crate::batch::Pages::link().first("http://h/list", 7);
        let mut journal = crate::sink::Journal::open(results).unwrap();
        let mut failures = follow(log, &journal);
        let answer = response("http://h/list", 200, "text/plain", b"");
        let first = sample::success(0, page(), answer);
        write(Order::LogFirst, &mut journal, &mut *failures, &first);
        failures.write(&sample::connect_timeout(1, page())).unwrap();
        failures.finish(&Summary::new()).unwrap();
        assert_eq!(failures_in(log), 0);
    });
}

fn journal(results: &Path, opened: OpenForAppend) -> Result<crate::sink::Journal, SinkError> {
    crate::sink::Journal::open_as(results, Layout::records(), opened, None)
}
