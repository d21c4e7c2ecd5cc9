mod after_a_failed_write;
mod after_its_record;
mod faulty;
mod files;
mod histories;
mod in_step;
mod packed;
mod rebuilt_from_tables;
mod replaced;
mod tables;
mod what_is_written;
mod when_it_is_written;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::*;
use crate::outcome::sample::{self, response};
use crate::record::{Layout, Record, RecordOptions};
use crate::rejection::Rejection;
use crate::{ErrorType, Request};

/// A directory for one test, removed when dropped.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let path = std::env::temp_dir().join(format!("haul-sink-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A writer whose reader closes after a number of bytes, and whose writes the test can see.
#[derive(Clone)]
struct Pipe(Arc<Mutex<Seen>>);

struct Seen {
    bytes: Vec<u8>,
    writes: usize,
    room: usize,
}

impl Pipe {
    fn with_room(room: usize) -> Pipe {
        Pipe(Arc::new(Mutex::new(Seen {
            bytes: Vec::new(),
            writes: 0,
            room,
        })))
    }

    fn endless() -> Pipe {
        Pipe::with_room(usize::MAX)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().bytes.clone()).unwrap()
    }

    fn lines(&self) -> usize {
        self.text().lines().count()
    }

    fn writes(&self) -> usize {
        self.0.lock().unwrap().writes
    }

    fn widen(&self) {
        self.0.lock().unwrap().room = usize::MAX;
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut seen = self.0.lock().unwrap();
        let taken = bytes.len().min(seen.room - seen.bytes.len());
        if taken == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        seen.writes += 1;
        seen.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn success(index: u64) -> Outcome {
    let url = format!("http://h/{index}");
    let answer = response(&url, 200, "text/plain", b"fine");
    sample::success(index, url, answer)
}

fn rejected(index: u64) -> Outcome {
    let answer = response("http://h/", 200, "application/json", b"{}");
    sample::rejected(index, "http://h/", answer, Rejection::new(1, "no"))
}

fn failed(index: u64) -> Outcome {
    sample::connect_timeout(index, "http://h/")
}

/// Makes an outcome of each kind, and outcomes whose requests a resumed batch is to run.
fn mixed() -> Vec<Outcome> {
    let mut cut_short = failed(5);
    cut_short.report.cut_short = true;
    let mut unsent = sample::unsent(4, "http://h/", ErrorType::Deadline);
    unsent.report.cut_short = true;
    vec![
        success(0),
        rejected(1),
        failed(2),
        sample::unsent(3, "http://h/", ErrorType::Cancelled),
        unsent,
        cut_short,
        sample::unsent(6, "http://h/", ErrorType::InvalidRequest),
    ]
}

fn write_all(mut sink: impl Sink, outcomes: &[Outcome]) {
    sink.begin().unwrap();
    for outcome in outcomes {
        sink.write(outcome).unwrap();
    }
    sink.finish(&Summary::new()).unwrap();
}

fn indices(text: &str) -> Vec<u64> {
    text.lines()
        .map(|line| Record::parse(line).unwrap().index)
        .collect()
}

#[test]
fn a_request_can_be_run_again_from_the_log() {
    let pipe = Pipe::endless();
    let request = Request::post("http://h/").json(&[1]).id("a\0b");
    write_all(
        Failures::new(pipe.clone()),
        &[sample::connect_timeout(0, request)],
    );
    let again = Record::parse_request(pipe.text().trim_end()).unwrap();
    assert_eq!(
        (again.body_bytes(), again.request_id()),
        (&b"[1]"[..], Some("a\0b"))
    );
}
