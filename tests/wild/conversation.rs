//! Conversation on one connection of the server: reads requests, and sends responses from the scripts of their cases.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use test_support::corpus::{Drained, End, Step};

use crate::server::{Shared, Stream};

/// Body of the response to the request after each case.
pub(crate) const NEXT: &str = "next";
/// Bytes of one text that are sent one by one; the rest goes in larger pieces.
const BY_BYTE: usize = 20_000;

pub(crate) struct Conversation {
    shared: Arc<Shared>,
    stream: Stream,
    number: usize,
    /// Bytes that have come and have not been looked at.
    unread: Vec<u8>,
}

/// A request whose head has come.
struct Asked {
    head: String,
    /// Bytes of its body that have not been read. `None`: the body comes in chunks.
    left: Option<usize>,
    /// Bytes of its body that have been read.
    read: usize,
    /// True if all of the body has been read.
    whole: bool,
}

/// Fate of the connection after a request.
enum After {
    Serves,
    Closes,
    Cuts,
    Resets,
}

impl Conversation {
    pub(crate) fn new(shared: Arc<Shared>, stream: Stream, number: usize) -> Conversation {
        Conversation {
            shared,
            stream,
            number,
            unread: Vec::new(),
        }
    }

    pub(crate) fn run(mut self) {
        loop {
            let Ok(mut asked) = self.head() else {
                return;
            };
            let Some((case, is_next)) = asked.case() else {
                return;
            };
            let before = self.shared.begin(case, self.number, is_next);
            if is_next {
                if self.answer_next(&mut asked).is_err() {
                    return;
                }
                continue;
            }
            let after = self.follow(case, before, &mut asked);
            let shared = Arc::clone(&self.shared);
            if let Ok(After::Serves) = after {
                shared.done(case);
                if self.rest(&mut asked).is_err() {
                    return;
                }
                continue;
            }
            match after {
                Ok(After::Resets) => self.stream.reset(),
                Ok(After::Cuts) => self.stream.cut(),
                _ => self.stream.close(),
            }
            return shared.done(case);
        }
    }

    fn answer_next(&mut self, asked: &mut Asked) -> io::Result<After> {
        self.rest(asked)?;
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{NEXT}",
            NEXT.len()
        );
        self.stream.write_all(response.as_bytes())?;
        self.stream.flush()?;
        Ok(After::Serves)
    }

    fn follow(&mut self, case: usize, before: usize, asked: &mut Asked) -> io::Result<After> {
        let shared = Arc::clone(&self.shared);
        let scripts = &shared.cases[case].scripts;
        let script = &scripts[before.min(scripts.len() - 1)];
        // Checks of the head do not wait for the body.
        for step in script {
            if let Some(complaint) = asked.complaint(step) {
                shared.complain(case, format!("request {}: {complaint}", before + 1));
            }
        }
        let reads = |step: &&Step| matches!(step, Step::Read(_) | Step::ReadAll | Step::Say(_));
        if !matches!(script.iter().find(reads), Some(Step::Read(_))) {
            self.rest(asked)?;
        }
        for step in script {
            match step {
                Step::Read(bytes) => self.read_to(asked, *bytes)?,
                Step::ReadAll => self.rest(asked)?,
                Step::Say(bytes) => self.say(&fill_in(bytes, case, &shared.addresses))?,
                Step::Drain(how) => {
                    let ended = self.rest(asked);
                    let fits = match how {
                        Drained::None => asked.read == 0,
                        Drained::Part => !asked.whole,
                        Drained::All => asked.whole,
                    };
                    if !fits {
                        let came = format!("{} bytes of the body came", asked.read);
                        shared.complain(case, format!("{came}, and {how:?} should"));
                    }
                    ended?;
                }
                Step::End(End::Close) => return Ok(After::Closes),
                Step::End(End::Cut) => return Ok(After::Cuts),
                Step::End(End::Reset) => return Ok(After::Resets),
                Step::End(End::Hold) => {
                    shared.wait_until_over(case);
                    return Ok(After::Closes);
                }
                Step::Wants(..) | Step::Lacks(_) | Step::Line(_) => {}
            }
        }
        Ok(After::Serves)
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.shared.pieces {
            self.stream.write_all(bytes)?;
            return self.stream.flush();
        }
        let (by_byte, rest) = bytes.split_at(bytes.len().min(BY_BYTE));
        for piece in by_byte.chunks(1).chain(rest.chunks(64 * 1024)) {
            self.stream.write_all(piece)?;
            self.stream.flush()?;
        }
        Ok(())
    }

    fn head(&mut self) -> io::Result<Asked> {
        loop {
            if let Some(at) = self.unread.windows(4).position(|w| w == b"\r\n\r\n") {
                let rest = self.unread.split_off(at + 4);
                let head = std::mem::replace(&mut self.unread, rest);
                let head = String::from_utf8_lossy(&head).into_owned();
                let length = value(&head, "content-length").map(|n| n.parse().unwrap());
                let chunked = value(&head, "transfer-encoding").is_some();
                let left = length.or((!chunked).then_some(0));
                return Ok(Asked {
                    head,
                    left,
                    read: 0,
                    whole: left == Some(0),
                });
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut piece = [0; 64 * 1024];
        match self.stream.read(&mut piece)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                self.unread.extend_from_slice(&piece[..n]);
                Ok(())
            }
        }
    }

    /// Reads until this many bytes of the body have come.
    fn read_to(&mut self, asked: &mut Asked, bytes: usize) -> io::Result<()> {
        while asked.read < bytes && !asked.whole {
            self.some(asked)?;
        }
        Ok(())
    }

    /// Reads the rest of the body.
    fn rest(&mut self, asked: &mut Asked) -> io::Result<()> {
        self.read_to(asked, usize::MAX)
    }

    /// Reads some of the body.
    fn some(&mut self, asked: &mut Asked) -> io::Result<()> {
        if self.unread.is_empty() {
            self.fill()?;
        }
        match &mut asked.left {
            Some(left) => {
                let taken = self.unread.len().min(*left);
                self.unread.drain(..taken);
                asked.read += taken;
                *left -= taken;
                asked.whole = *left == 0;
            }
            // The client's own chunks are well formed, and no data of a case's body looks like their end.
            None => {
                asked.read += self.unread.len();
                asked.whole = self.unread.ends_with(b"0\r\n\r\n");
                let kept = self.unread.len().saturating_sub(4);
                match asked.whole {
                    true => self.unread.clear(),
                    false if kept > 0 => drop(self.unread.drain(..kept)),
                    false => {}
                }
                if !asked.whole {
                    asked.read -= self.unread.len();
                    self.fill()?;
                }
            }
        }
        Ok(())
    }
}

impl Asked {
    /// Number of the request's case, and true if this is the request after the case.
    fn case(&self) -> Option<(usize, bool)> {
        let host = value(&self.head, "host")?;
        let name = host.split('.').next()?;
        let number = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        // A host without a number belongs to the only case.
        let number = number.parse().unwrap_or(0);
        Some((number, self.head.starts_with("GET /next ")))
    }

    fn complaint(&self, step: &Step) -> Option<String> {
        match step {
            Step::Wants(name, wanted) => match value(&self.head, name) {
                Some(value) if value == *wanted => None,
                other => Some(format!("{name} is {other:?} and not {wanted:?}")),
            },
            Step::Lacks(name) => {
                let value = value(&self.head, name)?;
                Some(format!("{name} is there: {value:?}"))
            }
            Step::Line(wanted) => {
                let line = self.head.lines().next().unwrap_or("");
                (line != wanted).then(|| format!("the first line is {line:?}"))
            }
            _ => None,
        }
    }
}

fn value(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    Some(value.trim().to_owned())
}

/// Returns the host of a case.
pub(crate) fn host(case: usize) -> String {
    format!("c{case}.a.test")
}

/// Puts the targets of redirects into a response.
fn fill_in(bytes: &[u8], case: usize, addresses: &[SocketAddr; 3]) -> Vec<u8> {
    if !bytes.windows(2).any(|w| w == b"\\[") {
        return bytes.to_vec();
    }
    let (own, [port, other, tls]) = (host(case), addresses.map(|address| address.port()));
    let text = String::from_utf8(bytes.to_vec()).expect("a redirect is text");
    text.replace("\\[same]", &format!("http://{own}:{port}"))
        .replace("\\[SAME]", &format!("HTTP://{}:{port}", own.to_uppercase()))
        .replace("\\[port]", &format!("http://{own}:{other}"))
        .replace("\\[host]", &format!("http://o{own}:{port}"))
        .replace("\\[tls]", &format!("https://{own}:{tls}"))
        .replace("\\[name]", &format!("{own}:{port}"))
        .replace("\\[portname]", &format!("{own}:{other}"))
        .into_bytes()
}
