//! Where requests come from: lines of files and standard input, and URLs among the arguments.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::sync::Arc;

use haul::Request;
use haul::record::InputLines;
use serde_json::value::RawValue;

use crate::arguments::{Arguments, Format};
use crate::failure::Failure;
use crate::line::{Line, read_line};
use crate::voice::Voice;

/// How much of a line that is no request is shown.
const SHOWN: usize = 100;

/// The requests of all inputs, one after the other, each read as it is asked for.
pub(crate) struct Input {
    sources: VecDeque<Source>,
    lines: InputLines,
    format: Format,
    voice: Voice,
    line: Vec<u8>,
}

enum Source {
    /// A URL among the arguments.
    Url(String, u64),
    Lines {
        name: Arc<str>,
        from: Box<dyn BufRead + Send>,
        number: u64,
    },
}

/// A line that is no request: where it stands, its beginning, and what is wrong.
pub(crate) struct Bad {
    place: (Arc<str>, u64),
    /// Where it is JSON with one.
    id: Option<String>,
    text: String,
    reason: String,
}

/// Opens everything before anything is sent.
pub(crate) fn open(
    arguments: &Arguments,
    lines: InputLines,
    voice: &Voice,
) -> Result<Input, Failure> {
    let stdin = || Source::Lines {
        name: "stdin".into(),
        from: Box::new(BufReader::with_capacity(64 << 10, io::stdin())),
        number: 0,
    };
    let mut sources = VecDeque::new();
    for (number, input) in (1..).zip(&arguments.inputs) {
        sources.push_back(if input == "-" {
            stdin()
        } else if input.contains("://") {
            Source::Url(input.clone(), number)
        } else {
            Source::Lines {
                name: input.as_str().into(),
                from: Box::new(BufReader::with_capacity(64 << 10, open_file(input)?)),
                number: 0,
            }
        });
    }
    if sources.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::usage(
                "no input: give a file, a URL, or lines on standard input (see haul --help)",
            ));
        }
        sources.push_back(stdin());
    }
    Ok(Input {
        sources,
        lines,
        format: arguments.requests.input_format,
        voice: voice.clone(),
        line: Vec::new(),
    })
}

fn open_file(path: &str) -> Result<File, Failure> {
    let wrong = |what: String| Failure::usage(format!("{path}: cannot be read: {what}"));
    let file = File::open(path).map_err(|e| {
        let looks_like_a_host = e.kind() == io::ErrorKind::NotFound && path.contains('.');
        let hint = if looks_like_a_host {
            " (a URL begins with https:// or http://)"
        } else {
            ""
        };
        wrong(format!("{e}{hint}"))
    })?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(wrong(
            "it is a directory (a file of URLs or JSON requests would do)".to_owned(),
        ));
    }
    Ok(file)
}

impl Input {
    /// The next request, or what is none.
    pub(crate) fn next_line(&mut self) -> Option<Result<Request, Bad>> {
        loop {
            let (name, number) = match self.sources.front_mut()? {
                Source::Url(url, number) => {
                    let (url, place) = (std::mem::take(url), ("argument".into(), *number));
                    self.sources.pop_front();
                    return Some(self.request(&url, place));
                }
                Source::Lines { name, from, number } => {
                    *number += 1;
                    let place = (Arc::clone(name), *number);
                    match read_line(from, &mut self.line, *number == 1) {
                        Ok(Line::End) => {
                            self.sources.pop_front();
                            continue;
                        }
                        Ok(Line::Whole) => place,
                        Ok(Line::Wrong(reason)) => return Some(Err(self.bad(place, reason))),
                        // What was read stands; this much is known not to be.
                        Err(e) => {
                            self.sources.pop_front();
                            self.line.clear();
                            return Some(Err(self.bad(place, format!("cannot be read: {e}"))));
                        }
                    }
                }
            };
            let line = std::mem::take(&mut self.line);
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            let request = (!text.is_empty() && !text.starts_with('#'))
                .then(|| self.request(text, (name, number)));
            self.line = line;
            if request.is_some() {
                return request;
            }
        }
    }

    fn bad(&self, place: (Arc<str>, u64), reason: String) -> Bad {
        Bad {
            place,
            id: None,
            text: beginning(&String::from_utf8_lossy(&self.line)),
            reason,
        }
    }

    /// The request of a line, or what is wrong with it.
    fn request(&mut self, text: &str, place: (Arc<str>, u64)) -> Result<Request, Bad> {
        let json = text.starts_with(['{', '"']);
        let wrong = match self.format {
            Format::Urls if json => Some("a URL is expected (--input-format auto reads JSON)"),
            Format::Jsonl if !json => Some("JSON is expected (--input-format auto reads URLs)"),
            _ => None,
        };
        let read = match wrong {
            Some(reason) => Err(reason.to_owned()),
            None => self.lines.read(text).map_err(|e| e.to_string()),
        };
        match read {
            Ok(line) => {
                for key in line.unknown {
                    let (name, number) = &place;
                    self.voice
                        .skipped_key(&format!("{name}:{number}: unknown key skipped: {key:?}"));
                }
                Ok(line.request.read_at(place.0, place.1))
            }
            Err(reason) => Err(Bad {
                place,
                id: id_in(text),
                text: beginning(&url_in(text).unwrap_or_else(|| text.to_owned())),
                reason,
            }),
        }
    }
}

impl Iterator for Input {
    type Item = Request;

    /// A line that is none is a request that fails.
    fn next(&mut self) -> Option<Request> {
        self.next_line()
            .map(|read| read.unwrap_or_else(Bad::stand_in))
    }
}

impl Bad {
    fn stand_in(self) -> Request {
        let request = Request::unreadable(self.text, self.reason);
        let request = request.read_at(self.place.0, self.place.1);
        match self.id {
            Some(id) => request.id(id),
            None => request,
        }
    }

    /// `urls.txt:3: what is wrong: "value"`
    pub(crate) fn message(&self) -> String {
        let (name, number) = &self.place;
        format!("{name}:{number}: {}: {:?}", self.reason, self.text)
    }
}

/// What the line calls its request, whatever else is wrong with it.
fn id_in(text: &str) -> Option<String> {
    let keys: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let id = keys.get("id").or_else(|| keys.get("custom_id"))?.get();
    match id.as_bytes().first()? {
        b'"' => serde_json::from_str(id).ok(),
        b'-' | b'0'..=b'9' => Some(id.to_owned()),
        _ => None,
    }
}

/// The URL of a request as JSON, if it has one that can be read: its other keys may hold secrets.
fn url_in(text: &str) -> Option<String> {
    let keys: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let url = keys.get("url").map_or("\"\"", |url| url.get());
    Some(serde_json::from_str(url).unwrap_or_default())
}

fn beginning(text: &str) -> String {
    text.trim().chars().take(SHOWN).collect()
}
