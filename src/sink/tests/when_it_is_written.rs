//! Times at which lines are written out.

use super::*;
use crate::redact::Redaction;

#[test]
fn results_wait_until_nothing_further_is_ready() {
    let pipe = Pipe::endless();
    let mut sink: Box<dyn Sink> = Box::new(JsonLines::new(pipe.clone()));
    for index in 0..10 {
        sink.write(&success(index)).unwrap();
    }
    assert_eq!(pipe.writes(), 0);
    sink.idle().unwrap();
    assert_eq!((pipe.writes(), pipe.lines()), (1, 10));
    sink.idle().unwrap();
    assert_eq!(pipe.writes(), 1);
}

#[test]
fn results_do_not_wait_beyond_64_kib() {
    let pipe = Pipe::endless();
    let mut sink: Box<dyn Sink> = Box::new(JsonLines::new(pipe.clone()));
    let long = sample::success(
        0,
        "http://h/",
        response("http://h/", 200, "text/plain", &[b'x'; 40 << 10]),
    );
    sink.write(&long).unwrap();
    assert_eq!(pipe.writes(), 0);
    sink.write(&long).unwrap();
    assert_eq!((pipe.writes(), pipe.lines()), (1, 2));
}

#[test]
fn a_failure_is_written_as_it_happens() {
    let pipe = Pipe::endless();
    let mut sink = Failures::new(pipe.clone());
    sink.write(&failed(0)).unwrap();
    assert_eq!(pipe.lines(), 1);
    sink.write(&success(1)).unwrap();
    assert_eq!(pipe.lines(), 1);
}

#[test]
fn waiting_lines_are_written_when_the_sink_is_dropped() {
    let pipe = Pipe::endless();
    let mut sink = JsonLines::new(pipe.clone());
    sink.write(&success(0)).unwrap();
    drop(sink);
    assert_eq!(pipe.lines(), 1);
}

#[test]
fn a_missing_failure_takes_no_other_one_to_the_log_before_its_record() {
    let dir = Dir::new("missing");
    let (results, log) = (dir.file("out"), dir.file("log"));
    let failed = |index: u64, size: usize| {
        let body = vec![b'x'; size];
        let url = format!("http://h/{index}");
        sample::bad_status(index, &*url, response(&url, 500, "text/plain", &body))
    };
    let mut earlier = Journal::open(&results).unwrap();
    earlier.write(&failed(0, 1)).unwrap();
    drop(earlier);

    let no_body = RecordOptions::new().body(false);
    let mut journal = Journal::open(&results).unwrap().records(no_body);
    let whole_body = RecordOptions::new().body_limit(usize::MAX);
    let mut failures = Failures::append(&log).unwrap().records(whole_body);
    failures.rebuild(&journal, &Redaction::default()).unwrap();
    let mut left = journal.remaining(["http://h/0", "http://h/1"]);
    // The failure fills the buffer of the log, and its record waits in that of the results.
    let outcome = failed(1, 100 << 10);
    journal.write(&outcome).unwrap();
    failures.write(&outcome).unwrap();
    assert_eq!(left.next().unwrap().url(), "http://h/1");
    for path in [log, results] {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("http://h/1"), "{}", path.display());
    }
}
