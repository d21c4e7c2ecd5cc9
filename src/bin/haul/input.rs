//! Where requests come from: lines of files and standard input, and URLs among the arguments.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use haul::record::InputLines;
use haul::{Redaction, Request};
use serde_json::value::RawValue;

use crate::arguments::{Arguments, Format};
use crate::failure::Failure;
use crate::line::{Line, read_line};
use crate::recorded;
use crate::source::{Source, open_all, shown};
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
    /// A first line with a column of URLs makes an input a table.
    tables: bool,
    refusal: Refusal,
}

/// Why the reading ended before the end of the input, if an input turned out to be none. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Refusal(Arc<OnceLock<String>>);

impl Refusal {
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.0.get().map(Failure::usage)
    }
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
    let given = &arguments.requests;
    // A list of relative paths with commas stays a list.
    let tables = given.base_url.is_none() && given.input_format != Format::Urls;
    Ok(Input {
        sources: open_all(&arguments.inputs, tables, voice)?,
        lines,
        format: given.input_format,
        voice: voice.clone(),
        line: Vec::new(),
        tables,
        refusal: Refusal::default(),
    })
}

impl Input {
    /// Tells, once the requests have ended, why that was before the end of the input.
    pub(crate) fn refusal(&self) -> Refusal {
        self.refusal.clone()
    }

    /// The number of requests of each input that is known without counting its lines.
    pub(crate) fn known(&self) -> HashMap<String, u64> {
        let known = self.sources.iter().filter_map(|source| match source {
            Source::Failures { name, requests, .. } => {
                Some((name.to_string(), requests.len() as u64))
            }
            Source::Url(..) | Source::Unseen(..) | Source::Lines { .. } => None,
        });
        known.collect()
    }

    /// The next request, or what is none.
    pub(crate) fn next_line(&mut self) -> Option<Result<Request, Bad>> {
        loop {
            let place = match self.sources.front_mut()? {
                Source::Unseen(..) => match self.look_at_first() {
                    Some(unreadable) => return Some(Err(unreadable)),
                    None => continue,
                },
                Source::Url(url, number) => {
                    let (url, place) = (std::mem::take(url), Place::Argument(*number));
                    self.sources.pop_front();
                    let is_argument = true;
                    return Some(self.request(&url, place, is_argument));
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
                let reason = recorded::refusal(shown(name));
                self.refuse(reason);
                return None;
            }
            let request = self.request(text, place, false);
            self.line = line;
            return Some(request);
        }
    }

    /// Looks at a pipe whose turn it is. If it is no list, the input ends here.
    fn look_at_first(&mut self) -> Option<Bad> {
        let Some(Source::Unseen(name, from)) = self.sources.pop_front() else {
            return None;
        };
        match Source::of_lines(Arc::clone(&name), from, self.tables) {
            Ok(Ok(lines)) => self.sources.push_front(lines),
            Ok(Err(reason)) => self.refuse(reason),
            Err(e) => {
                self.line.clear();
                return Some(self.bad(Place::Line(name, 1), format!("cannot be read: {e}")));
            }
        }
        None
    }

    /// Ends the input: what comes next is no list.
    fn refuse(&mut self, reason: String) {
        let _ = self.refusal.0.set(reason);
        self.sources.clear();
    }

    fn bad(&self, place: Place, reason: String) -> Bad {
        let text = beginning(&String::from_utf8_lossy(&self.line));
        Bad::new(Request::unreadable(text, reason.clone()), place, reason)
    }

    /// The request of a line, or what is wrong with it. An argument is a URL to its end, blanks included.
    fn request(&mut self, text: &str, place: Place, is_argument: bool) -> Result<Request, Bad> {
        let json = text.starts_with(['{', '"']);
        let wrong = match self.format {
            Format::Urls if json => Some("a URL is expected (--input-format auto reads JSON)"),
            Format::Jsonl if !json => Some("JSON is expected (--input-format auto reads URLs)"),
            _ => None,
        };
        let read = match wrong {
            Some(reason) => Err(reason.to_owned()),
            None if is_argument => self.lines.read_whole(text).map_err(|e| e.to_string()),
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
                let stand_in = Request::unreadable(
                    beginning(&url_in(text).unwrap_or_else(|| text.to_owned())),
                    reason.clone(),
                );
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

/// Says of a request that cannot be sent where it stands and why. `url`: as it may be shown; empty if none was read.
pub(crate) fn unfit(request: &Request, reason: &str, url: &str) -> String {
    let place = shown_place(request);
    match url {
        "" => format!("{place}{reason}"),
        url => format!("{place}{reason}: {url:?}"),
    }
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

    /// `urls.txt:3: what is wrong: "value"`, secrets masked.
    pub(crate) fn message(&self, redaction: &Redaction) -> String {
        let url = redaction.url(self.stand_in.url());
        unfit(&self.stand_in, &self.reason, &url)
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
