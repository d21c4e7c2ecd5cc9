//! Where requests come from: lines of files and standard input, and URLs among the arguments.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};

use haul::Request;
use haul::record::request_of_input;
use serde_json::{Map, Value};

use crate::arguments::{Arguments, Format};
use crate::failure::Failure;

/// A longer line is no request.
const LONGEST: u64 = 64 << 20;

/// How lines are read.
pub(crate) struct Reading {
    pub(crate) defaults: Map<String, Value>,
    pub(crate) without: Vec<String>,
    pub(crate) format: Format,
    /// A relative URL is fine.
    pub(crate) relative: bool,
}

/// The requests of all inputs, one after the other, each read as it is asked for.
pub(crate) struct Requests {
    sources: VecDeque<Source>,
    reading: Reading,
    line: Vec<u8>,
}

enum Source {
    Url(String),
    Lines {
        name: String,
        from: Box<dyn BufRead + Send>,
        number: u64,
    },
}

/// Opens everything before anything is sent.
pub(crate) fn open(arguments: &Arguments, reading: Reading) -> Result<Requests, Failure> {
    let stdin = || Source::Lines {
        name: "stdin".to_owned(),
        from: Box::new(BufReader::with_capacity(64 << 10, io::stdin())),
        number: 0,
    };
    let mut sources = VecDeque::new();
    for input in &arguments.inputs {
        if input == "-" {
            sources.push_back(stdin());
        } else if input.contains("://") {
            sources.push_back(Source::Url(input.clone()));
        } else {
            let file = File::open(input)
                .map_err(|e| Failure::usage(format!("{input}: cannot be read: {e}")))?;
            if file.metadata().is_ok_and(|about| about.is_dir()) {
                return Err(Failure::usage(format!(
                    "{input}: cannot be read: it is a directory"
                )));
            }
            let from = Box::new(BufReader::with_capacity(64 << 10, file));
            sources.push_back(Source::Lines {
                name: input.clone(),
                from,
                number: 0,
            });
        }
    }
    if sources.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::usage(
                "no input: give a file, a URL, or lines on standard input (see --help)",
            ));
        }
        sources.push_back(stdin());
    }
    Ok(Requests {
        sources,
        reading,
        line: Vec::new(),
    })
}

impl Iterator for Requests {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        loop {
            let found = match self.sources.front_mut()? {
                Source::Url(url) => {
                    let request = self.reading.request(std::mem::take(url).as_str());
                    self.sources.pop_front();
                    return Some(
                        request.unwrap_or_else(|(text, reason)| Request::unreadable(text, reason)),
                    );
                }
                Source::Lines { name, from, number } => match read_line(from, &mut self.line) {
                    Ok(0) => None,
                    Ok(length) => {
                        *number += 1;
                        if *number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                            self.line.drain(..3);
                        }
                        Some(self.reading.of_line(&self.line, length, name, *number))
                    }
                    // What was read stands; this much is known not to be.
                    Err(e) => {
                        let request = Request::unreadable(
                            name.as_str(),
                            format!("{name}:{}: cannot be read: {e}", *number + 1),
                        );
                        self.sources.pop_front();
                        return Some(request);
                    }
                },
            };
            match found {
                None => drop(self.sources.pop_front()),
                Some(None) => {}
                Some(Some(request)) => return Some(request),
            }
        }
    }
}

/// One line, as far as lines may go. Says how long it is.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut length = from.by_ref().take(LONGEST).read_until(b'\n', line)? as u64;
    while length >= LONGEST && line.last() != Some(&b'\n') {
        // The rest of it is read and let go of.
        let waiting = from.fill_buf()?;
        let (used, over) = match waiting.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (waiting.len(), waiting.is_empty()),
        };
        from.consume(used);
        length += used as u64;
        if over {
            break;
        }
    }
    Ok(length)
}

impl Reading {
    /// The request of a line; none where there is none on it.
    fn of_line(&self, line: &[u8], length: u64, name: &str, number: u64) -> Option<Request> {
        let shown = |reason: String, text: &str| {
            Request::unreadable(beginning(text), format!("{name}:{number}: {reason}"))
        };
        let Ok(text) = std::str::from_utf8(line) else {
            return Some(shown(
                "not UTF-8".to_owned(),
                &String::from_utf8_lossy(&line[..line.len().min(200)]),
            ));
        };
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        if length > LONGEST {
            return Some(shown(
                format!("a line of {length} bytes (at most {LONGEST} are read)"),
                text,
            ));
        }
        Some(self.request(text).unwrap_or_else(|(text, reason)| {
            let quoted = format!("{reason}: {:?}", beginning(&text));
            shown(quoted, &text)
        }))
    }

    /// The request, or the text and what is wrong with it.
    fn request(&self, text: &str) -> Result<Request, (String, String)> {
        let json = text.starts_with(['{', '"']);
        let wrong = |reason: &str| Err((text.to_owned(), reason.to_owned()));
        match self.format {
            Format::Urls if json => {
                return wrong("a URL is expected (--input-format auto reads JSON)");
            }
            Format::Jsonl if !json => {
                return wrong("JSON is expected (--input-format auto reads URLs)");
            }
            _ => {}
        }
        if !json && !self.relative && !text.contains("://") {
            return wrong("not a URL (https://... would be, or a relative one with --base-url)");
        }
        let mut request =
            request_of_input(text, &self.defaults).map_err(|e| (text.to_owned(), e.to_string()))?;
        for name in &self.without {
            request = request.without_header(name);
        }
        Ok(request)
    }
}

/// The beginning of a text, for a message.
fn beginning(text: &str) -> String {
    text.chars().take(100).collect()
}
