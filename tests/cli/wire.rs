//! A server that keeps every byte of the requests it gets, and tables of the bytes that are sent.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::command::{Done, haul};

/// A server that answers each request with 200, except below `/from` with a redirect to `/to`.
pub(crate) struct Wire {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    pub(crate) fn start() -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        thread::spawn(move || {
            for peer in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(peer, &kept));
            }
        });
        Wire { port, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Returns the requests so far, each as its bytes: those of its host as `HOST`, and bytes that are not text as
    /// U+FFFD.
    pub(crate) fn take(&self) -> Vec<String> {
        let host = format!("127.0.0.1:{}", self.port);
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.into_iter()
            .map(|request| request.replace(&host, "HOST"))
            .collect()
    }
}

fn serve(mut peer: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut held = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let end = loop {
            if let Some(end) = whole(&held, &mut peer) {
                break end;
            }
            match peer.read(&mut piece) {
                Ok(n @ 1..) => held.extend_from_slice(&piece[..n]),
                _ => return,
            }
        };
        let rest = held.split_off(end);
        let request = String::from_utf8_lossy(&held).into_owned();
        held = rest;
        let path = request.split(' ').nth(1).unwrap_or_default();
        let answer = match path.strip_prefix("/from") {
            Some(rest) => format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: /to{rest}\r\nContent-Length: 0\r\n\r\n"
            ),
            None => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        };
        seen.lock().unwrap().push(request);
        if peer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Size of the first request. `None`: it is not complete. A request with `Expect: 100-continue` gets its 100.
fn whole(held: &[u8], peer: &mut TcpStream) -> Option<usize> {
    let head = held.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let lines = String::from_utf8_lossy(&held[..head]).to_lowercase();
    let length = lines
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    if held.len() == head && length > 0 && lines.contains("expect: 100-continue") {
        peer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    (held.len() >= head + length).then_some(head + length)
}

/// Result of a line of input.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Becomes<'a> {
    /// A request with this method and target, these lines of its head that haul does not always send, and this body.
    Sent(&'a str, &'a [&'a str], &'a str),
    /// A failed outcome of class `invalid_request`, with this message after its place.
    Refused(&'a str),
}

/// Lines that most requests have.
const USUAL: [&str; 3] = [
    concat!("user-agent: haul/", env!("CARGO_PKG_VERSION")),
    "accept: */*",
    "accept-encoding: ",
];

/// Runs haul over the lines, in which `U` after a quote or at the beginning stands for the server's URL, and compares.
#[track_caller]
pub(crate) fn sends(options: &[&str], rows: &[(&str, Becomes<'_>)]) {
    let wire = Wire::start();
    let base = wire.url("");
    let url = |line: &str| match line.strip_prefix('U') {
        Some(path) => format!("{base}{path}"),
        None => line.replace("\"U/", &format!("\"{base}/")),
    };
    let lines: String = rows.iter().map(|(line, _)| url(line) + "\n").collect();
    let arguments = options.iter().copied().chain(["-j1", "--ordered", "-"]);
    let done = haul(arguments).input(lines).done();
    let (results, mut sent) = (done.results(), wire.take().into_iter());
    assert_eq!(results.len(), rows.len(), "{}", done.stderr);
    for ((line, becomes), result) in rows.iter().zip(&results) {
        match becomes {
            Becomes::Sent(start, head, body) => {
                assert_eq!(result["outcome"], "success", "{line}: {result}");
                let request = sent.next().unwrap_or_default();
                assert_eq!(
                    shown(&request),
                    (*start, head.join("\n"), *body),
                    "{line}\n{request}"
                );
            }
            Becomes::Refused(reason) => {
                assert_eq!(result["error_type"], "invalid_request", "{line}: {result}");
                let message = result["error_msg"].as_str().unwrap();
                assert!(message.contains(reason), "{line}: {message}");
                plain_words(&done, message);
            }
        }
    }
    assert_eq!(sent.next(), None, "no further request");
}

/// Returns method and target, the lines that are not always there, and the body. A missing usual line is named.
pub(crate) fn shown(request: &str) -> (&str, String, &str) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
    let mut lines = head.split("\r\n");
    let start = lines.next().unwrap_or_default();
    let start = start.strip_suffix(" HTTP/1.1").unwrap_or(start);
    let lines: Vec<_> = lines.collect();
    let framing = ["host: ", "content-length: "];
    let is_usual = |line: &&str| {
        USUAL.iter().any(|usual| line.starts_with(usual))
            || framing.iter().any(|f| line.starts_with(f))
    };
    let mut told: Vec<String> = lines
        .iter()
        .filter(|line| !is_usual(line) || *line == &"accept-encoding: identity")
        .map(|line| (*line).to_owned())
        .collect();
    for usual in USUAL {
        let name = usual.split(':').next().unwrap_or_default();
        let named = |line: &&str| line.split(':').next() == Some(name);
        if !lines.iter().any(named) {
            told.push(format!("no {name}"));
        }
    }
    (start, told.join("\n"), body)
}

/// Asserts that no message is in the words of the library that reads JSON.
#[track_caller]
fn plain_words(done: &Done, message: &str) {
    for words in [
        "untagged",
        "invalid type",
        "did not match",
        "missing field",
        "expected a string",
        "at line 1",
        "invalid value",
        "unknown field",
        "RawValue",
    ] {
        assert!(!message.contains(words), "{message}");
        assert!(!done.stderr.contains(words), "{}", done.stderr);
    }
}
