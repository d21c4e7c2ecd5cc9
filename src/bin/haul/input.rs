//! Where requests come from: lines of files and standard input, and URLs among the arguments.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Seek};
use std::sync::{Arc, Mutex, PoisonError};
use std::vec;

use haul::Request;
use haul::record::InputLines;
use serde_json::{Map, Value};

use crate::arguments::{Arguments, Format};
use crate::failure::Failure;
use crate::line::{Line, read_line};
use crate::recorded;
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
    refused: Refused,
}

/// Why the reading ended before the end of the input, where an input turned out to be none.
#[derive(Clone, Default)]
pub(crate) struct Refused(Arc<Mutex<Option<Failure>>>);

impl Refused {
    fn set(&self, failure: Failure) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    /// The reason, once.
    pub(crate) fn take(&self) -> Option<Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

enum Source {
    /// A URL among the arguments.
    Url(String, u64),
    /// Failures of a database, which has this name.
    Failures {
        name: Arc<str>,
        requests: vec::IntoIter<Request>,
        number: u64,
    },
    Lines {
        name: Arc<str>,
        from: Box<dyn BufRead + Send>,
        number: u64,
        /// A line that is neither blank nor a comment was read.
        begun: bool,
    },
}

/// The place of a line, or of a URL among the arguments.
enum Place {
    Line(Arc<str>, u64),
    Argument(u64),
}

impl Place {
    fn of(self, request: Request) -> Request {
        match self {
            Place::Line(name, number) => request.read_at(name, number),
            Place::Argument(number) => request.read_from_argument(number),
        }
    }
}

/// A line that is no request: the request that stands for it and fails, and what is wrong.
pub(crate) struct Bad {
    stand_in: Request,
    reason: String,
}

/// Opens everything before anything is sent.
pub(crate) fn open(
    arguments: &Arguments,
    lines: InputLines,
    voice: &Voice,
) -> Result<Input, Failure> {
    let mut sources = VecDeque::new();
    for (number, input) in (1..).zip(&arguments.inputs) {
        sources.push_back(if input == STDIN {
            Source::of(input, io::stdin())
        } else if input.contains("://") {
            Source::Url(input.clone(), number)
        } else {
            open_source(input, voice)?
        });
    }
    if sources.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::usage(
                "no input: give a file, a URL, or lines on standard input (see haul --help)",
            ));
        }
        sources.push_back(Source::of(STDIN, io::stdin()));
    }
    Ok(Input {
        sources,
        lines,
        format: arguments.requests.input_format,
        voice: voice.clone(),
        line: Vec::new(),
        refused: Refused::default(),
    })
}

/// The name of standard input among the arguments.
const STDIN: &str = "-";

impl Source {
    fn of(name: &str, from: impl Read + Send + 'static) -> Source {
        Source::Lines {
            name: name.into(),
            from: Box::new(BufReader::with_capacity(64 << 10, from)),
            number: 0,
            begun: false,
        }
    }
}

/// Opens a file as what it is: lines, or a database of failures.
fn open_source(path: &str, voice: &Voice) -> Result<Source, Failure> {
    let mut file = open_file(path)?;
    // A pipe cannot be looked at before it is read.
    if file.metadata().is_ok_and(|about| about.is_file()) {
        let wrong = |e| Failure::usage(format!("{path}: cannot be read: {e}"));
        if recorded::is_database(&file).map_err(wrong)? {
            return Ok(Source::Failures {
                name: path.into(),
                requests: recorded::read_database(path, voice)?.into_iter(),
                number: 0,
            });
        }
        file.rewind().map_err(wrong)?;
        recorded::check_first_line(path, &file)?;
        file.rewind().map_err(wrong)?;
    }
    Ok(Source::of(path, file))
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
    /// Tells, once the requests have ended, if that was before the end of the input.
    pub(crate) fn refused(&self) -> Refused {
        self.refused.clone()
    }

    /// The number of requests of each input that is known without counting its lines.
    pub(crate) fn known(&self) -> HashMap<String, u64> {
        let known = self.sources.iter().filter_map(|source| match source {
            Source::Failures { name, requests, .. } => {
                Some((name.to_string(), requests.len() as u64))
            }
            Source::Url(..) | Source::Lines { .. } => None,
        });
        known.collect()
    }

    /// The next request, or what is none.
    pub(crate) fn next_line(&mut self) -> Option<Result<Request, Bad>> {
        loop {
            let place = match self.sources.front_mut()? {
                Source::Url(url, number) => {
                    let (url, place) = (std::mem::take(url), Place::Argument(*number));
                    self.sources.pop_front();
                    return Some(self.request(&url, place));
                }
                Source::Failures {
                    name,
                    requests,
                    number,
                } => {
                    let Some(request) = requests.next() else {
                        self.sources.pop_front();
                        continue;
                    };
                    *number += 1;
                    // The place that it was read from in the run that failed is a better one.
                    let known = request.place().is_some();
                    let request = match known {
                        true => request,
                        false => request.read_at(Arc::clone(name), *number),
                    };
                    return Some(Ok(self.lines.take(request)));
                }
                Source::Lines {
                    name, from, number, ..
                } => {
                    *number += 1;
                    let place = Place::Line(Arc::clone(name), *number);
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
            if text.is_empty() || text.starts_with('#') {
                self.line = line;
                continue;
            }
            if self.begins_source()
                && recorded::is_result(text)
                && let Place::Line(name, _) = &place
            {
                let name = if &**name == STDIN { "stdin" } else { name };
                self.refused.set(recorded::refusal(name));
                self.sources.clear();
                return None;
            }
            let request = self.request(text, place);
            self.line = line;
            return Some(request);
        }
    }

    fn bad(&self, place: Place, reason: String) -> Bad {
        let text = beginning(&String::from_utf8_lossy(&self.line));
        Bad::new(Request::unreadable(text, reason.clone()), place, reason)
    }

    /// The request of a line, or what is wrong with it.
    fn request(&mut self, text: &str, place: Place) -> Result<Request, Bad> {
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
                let request = place.of(line.request);
                for key in line.unknown {
                    self.voice.skipped_key(&format!(
                        "{}unknown key skipped: {key:?}",
                        shown_place(&request)
                    ));
                }
                Ok(request)
            }
            Err(reason) => {
                let stand_in = Request::unreadable(beginning(text), reason.clone());
                let stand_in = match id_in(text) {
                    Some(id) => stand_in.id(id),
                    None => stand_in,
                };
                Err(Bad::new(stand_in, place, reason))
            }
        }
    }

    /// Returns true for the first line of a source that is neither blank nor a comment.
    fn begins_source(&mut self) -> bool {
        match self.sources.front_mut() {
            Some(Source::Lines { begun, .. }) => !std::mem::replace(begun, true),
            _ => false,
        }
    }
}

/// The place of a request with a colon, if it is known.
fn shown_place(request: &Request) -> String {
    let place = request.place();
    place.map_or(String::new(), |place| format!("{place}: "))
}

impl Iterator for Input {
    type Item = Request;

    /// A line that is none is a request that fails.
    fn next(&mut self) -> Option<Request> {
        self.next_line()
            .map(|read| read.unwrap_or_else(|bad| bad.stand_in))
    }
}

impl Bad {
    fn new(stand_in: Request, place: Place, reason: String) -> Bad {
        Bad {
            stand_in: place.of(stand_in),
            reason,
        }
    }

    /// `urls.txt:3: what is wrong: "value"`
    pub(crate) fn message(&self) -> String {
        let (request, reason) = (&self.stand_in, &self.reason);
        format!("{}{reason}: {:?}", shown_place(request), request.url())
    }
}

/// What the line calls its request, whatever else is wrong with it.
fn id_in(text: &str) -> Option<String> {
    let keys: Map<String, Value> = serde_json::from_str(text).ok()?;
    match keys.get("id").or_else(|| keys.get("custom_id"))? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn beginning(text: &str) -> String {
    text.trim().chars().take(SHOWN).collect()
}
