//! Failure logs that are rebuilt from tables, as far as the columns tell.

use super::*;
use crate::record::{RowFormat, Selection};
use crate::redact::Redaction;

const NAMES: &[&str] = &[
    "run.tsv",
    #[cfg(feature = "csv")]
    "run.csv",
    #[cfg(all(feature = "csv", feature = "gzip"))]
    "run.csv.gz",
];

/// Columns beside those of the default ones. None: the default ones alone.
const MORE: [&str; 3] = ["", "timestamp,supersedes,phase,body,body_encoding", "tag"];

/// Columns that a failure log always has.
const NEEDED: &str = "key,index,url,method,outcome,error_type,error_msg,attempts";

fn open(path: &Path, columns: &str) -> crate::sink::Journal {
    let layout = Layout::rows(RowFormat::by_ending(path).unwrap());
    let layout = layout.select(Selection::parse(columns).unwrap());
    crate::sink::Journal::open_with(path, layout).unwrap()
}

/// Plays a run with a failure log of lines in which every request fails. Returns the URLs that were handed on.
fn run(journal: crate::sink::Journal, log: &Path, requests: Vec<Request>) -> Vec<String> {
    let mut journal = journal;
    let mut failures = Failures::append(log).unwrap();
    failures.rebuild(&journal, &Redaction::default()).unwrap();
    let todo: Vec<_> = journal.remaining(requests).collect();
    let urls = todo.iter().map(|r| r.url().to_owned()).collect();
    Sink::<Response>::begin(&mut journal).unwrap();
    for (index, request) in (0..).zip(todo) {
        let outcome = match index % 3 {
            0 => sample::unsent(index, request, ErrorType::BreakerOpen),
            _ => sample::connect_timeout(index, request),
        };
        journal.write(&outcome).unwrap();
        failures.write(&outcome).unwrap();
    }
    journal.flush().unwrap();
    failures.flush().unwrap();
    urls
}

fn requests() -> Vec<Request> {
    let one = |n: u64| {
        Request::post(format!("http://h/{n}"))
            .id(format!("\"{n}\","))
            .tag(n)
    };
    (0..9).map(|n| one(n / 2)).collect()
}

fn logged(log: &Path) -> Vec<Record<'static>> {
    let text = fs::read_to_string(log).unwrap();
    text.lines()
        .map(|line| Record::parse(line).unwrap())
        .collect()
}

#[test]
fn failures_that_a_log_lacks_are_added_from_a_table() {
    for name in NAMES {
        for more in MORE {
            let dir = Dir::new(&format!("rebuilt-{name}-{}", more.len()));
            let (path, log) = (dir.file(name), dir.file("failures.jsonl"));
            let columns = format!("{NEEDED},elapsed_ms,{more}");
            let columns = columns.trim_end_matches(',');
            run(open(&path, columns), &log, requests());
            let (whole, text) = (logged(&log), fs::read_to_string(&log).unwrap());
            for kept in [0, 1, 5, 9] {
                let lines: String = text.split_inclusive('\n').take(kept).collect();
                fs::write(&log, lines).unwrap();
                assert_eq!(run(open(&path, columns), &log, requests()), [""; 0]);
                let mut rebuilt = logged(&log);
                rebuilt.sort_by_key(|record| record.index);
                assert_eq!(rebuilt.len(), whole.len(), "{name} {more} {kept}");
                for (rebuilt, before) in rebuilt.iter().zip(&whole) {
                    let facts = |record: &Record<'static>| {
                        let again = record.to_request().unwrap();
                        (
                            again.request_id().map(str::to_owned),
                            again.url().to_owned(),
                            record.key,
                            record.error_type,
                            record.error_msg.clone(),
                            record.layer,
                            record.attempts,
                            record.elapsed,
                            record.tag.clone(),
                        )
                    };
                    assert_eq!(facts(rebuilt), facts(before));
                    if more.contains("timestamp") {
                        assert_eq!(rebuilt.timestamp, before.timestamp);
                    }
                }
            }
        }
    }
}

#[test]
fn a_table_that_tells_too_little_is_refused_with_the_columns_that_it_lacks() {
    let dir = Dir::new("too-little");
    let (path, log) = (dir.file("run.tsv"), dir.file("failures.jsonl"));
    let columns = "id,key,outcome,url,method";
    // The first run has no failures to be rebuilt.
    run(open(&path, columns), &log, requests());
    let mut failures = Failures::append(&log).unwrap();
    let journal = open(&path, columns);
    let error = failures.rebuild(&journal, &Redaction::default());
    let error = error.unwrap_err().to_string();
    let lacking = "it lacks the columns index, error_type, error_msg, attempts";
    assert!(
        error.contains("run.tsv") && error.contains(lacking),
        "{error}"
    );
}

#[test]
fn a_failure_that_only_the_log_has_is_taken_into_a_table_that_can_take_it() {
    let dir = Dir::new("only-in-log-table");
    let (path, log) = (dir.file("run.tsv"), dir.file("failures.jsonl"));
    let columns = format!("{NEEDED},timestamp,supersedes,elapsed_ms");
    let all: Vec<_> = (0..5)
        .map(|n| Request::get(format!("http://h/{n}")))
        .collect();
    run(open(&path, &columns), &log, all.clone());
    let before = fs::read_to_string(&path).unwrap();
    let kept: String = before.split_inclusive('\n').take(3).collect();
    fs::write(&path, kept).unwrap();
    assert_eq!(run(open(&path, &columns), &log, all), [""; 0]);
    assert_eq!(open(&path, &columns).found(), 5);
}
