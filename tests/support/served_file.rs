//! A file of a server that knows ranges.

use std::sync::{Arc, Mutex};

use super::{Answer, Seen, Server};

/// Returns bytes in which every position differs from its neighbours.
pub fn bytes(size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8)
        .collect()
}

/// A file of a server that knows ranges, and cuts its answers.
#[derive(Clone)]
pub struct ServedFile {
    pub body: Vec<u8>,
    validator: (&'static str, String),
    /// Sizes after which the next answers are cut; the later ones are not.
    pub cuts: Arc<Mutex<Vec<usize>>>,
}

impl ServedFile {
    /// Makes a file of this many bytes, in which every position differs from its neighbours.
    pub fn new(size: usize) -> ServedFile {
        ServedFile {
            body: bytes(size),
            validator: ("ETag", "\"v1\"".to_owned()),
            cuts: Arc::default(),
        }
    }

    /// Sets the header by which a version of the file is recognised. By default `ETag: "v1"`.
    pub fn validator(mut self, name: &'static str, value: &str) -> ServedFile {
        self.validator = (name, value.to_owned());
        self
    }

    /// Cuts the next answers after these numbers of bytes.
    pub fn cut(self, cuts: &[usize]) -> ServedFile {
        *self.cuts.lock().unwrap() = cuts.iter().rev().copied().collect();
        self
    }

    /// Returns the answer to a request, by RFC 9110 section 14.
    pub fn answer(&self, seen: &Seen) -> Answer {
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

    /// Starts a server that has only this file, at every path.
    pub fn start(&self) -> Server {
        let file = self.clone();
        Server::start(move |seen| file.answer(seen))
    }
}
