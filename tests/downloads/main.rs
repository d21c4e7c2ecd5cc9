//! Downloads that go on after a cut, that are checked, and that are skipped.

mod expected;
mod files;
mod going_on;
mod starting_over;

use std::sync::{Arc, Mutex};

use haul::{ErrorType, Outcome, Request};
use test_support::{Answer, Folder, Seen, Server};

const KIB: usize = 1024;

/// Returns bytes in which every position differs from its neighbours.
fn bytes(size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8)
        .collect()
}

fn hex_sha256(bytes: &[u8]) -> String {
    let digest = hmac_sha256::Hash::hash(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file of a server that knows ranges, and cuts its answers.
#[derive(Clone)]
struct ServedFile {
    body: Vec<u8>,
    validator: (&'static str, String),
    /// Sizes after which the next answers are cut; the later ones are not.
    cuts: Arc<Mutex<Vec<usize>>>,
}

impl ServedFile {
    fn new(size: usize) -> ServedFile {
        ServedFile {
            body: bytes(size),
            validator: ("ETag", "\"v1\"".to_owned()),
            cuts: Arc::default(),
        }
    }

    fn validator(mut self, name: &'static str, value: &str) -> ServedFile {
        self.validator = (name, value.to_owned());
        self
    }

    fn cut(self, cuts: &[usize]) -> ServedFile {
        *self.cuts.lock().unwrap() = cuts.iter().rev().copied().collect();
        self
    }

    /// Returns the answer to a request, by RFC 9110 section 14.
    fn answer(&self, seen: &Seen) -> Answer {
        let (name, value) = &self.validator;
        let same = seen.header("If-Range").is_none_or(|own| own == value);
        let range = seen.header("Range").filter(|_| same);
        let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        let (from, length) = (from.and_then(|from| from.parse().ok()), self.body.len());
        let answer = match from {
            Some(from) if from >= length => {
                let range = format!("bytes */{length}");
                return Answer::status(416).header("Content-Range", range);
            }
            Some(from) => Answer::status(206)
                .header(
                    "Content-Range",
                    format!("bytes {from}-{}/{length}", length - 1),
                )
                .body(&self.body[from..]),
            None => Answer::status(200).body(&*self.body),
        };
        let answer = answer.header(*name, value);
        match self.cuts.lock().unwrap().pop() {
            Some(size) => answer.cut_after(size),
            None => answer,
        }
    }

    fn start(&self) -> Server {
        let file = self.clone();
        Server::start(move |seen| file.answer(seen))
    }
}

/// Returns a request that saves to this file and goes on.
fn going_on(server: &Server, folder: &Folder) -> Request {
    Request::get(server.url("/a"))
        .save_to(folder.file("a"))
        .resume(true)
}

/// Returns the `Range` headers of all requests.
fn ranges(server: &Server) -> Vec<Option<String>> {
    let seen = server.seen();
    let range = |seen: &Seen| seen.header("Range").map(str::to_owned);
    seen.iter().map(range).collect()
}

fn range(from: usize) -> Option<String> {
    Some(format!("bytes={from}-"))
}

/// Checks that the file is there, whole, with its digest, and no other file.
#[track_caller]
fn check_saved(outcome: &Outcome, folder: &Folder, body: &[u8]) {
    let saved = outcome.saved().unwrap_or_else(|| panic!("{outcome:?}"));
    assert_eq!(std::fs::read(folder.file("a")).unwrap(), body);
    assert_eq!(saved.size, body.len() as u64);
    assert_eq!(saved.sha256, hex_sha256(body));
    assert_eq!(folder.names(), ["a"]);
}

#[track_caller]
fn class(outcome: &Outcome) -> ErrorType {
    test_support::error(outcome).error_type()
}
