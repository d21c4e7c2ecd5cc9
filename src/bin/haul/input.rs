//! Where requests come from: lines of files and standard input, and URLs among the arguments.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read};
use std::sync::{Arc, OnceLock};

use haul::Request;
use haul::record::InputLines;
use serde_json::{Map, Value};

use crate::again::quoted;
use crate::arguments::{Arguments, Format};
use crate::failure::Failure;
use crate::line::{Line, read_line};
use crate::reader::{Looked, look};
use crate::recognize::Other;
use crate::voice::Voice;

/// The name of standard input in messages.
const STDIN: &str = "stdin";

/// How much of a line that is no request is shown.
const SHOWN: usize = 100;

/// The requests of all inputs, one after the other, each read as it is asked for.
pub(crate) struct Input {
    sources: VecDeque<Source>,
    lines: InputLines,
    format: Format,
    voice: Voice,
    line: Vec<u8>,
    /// Where the last line stood.
    place: (Arc<str>, u64),
    /// A first line with a column of URLs makes an input a table.
    tables: bool,
    refusal: Refusal,
}

/// Why an input was not read, found out while others were. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Refusal(Arc<OnceLock<String>>);

enum Source {
    /// A URL among the arguments.
    Url(String, u64),
    /// A pipe, whose first line may be long in coming.
    Unseen(Arc<str>, Box<dyn Read + Send>),
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

impl Refusal {
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.0.get().map(Failure::usage)
    }
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
    let mut sources = VecDeque::new();
    for (number, input) in (1..).zip(&arguments.inputs) {
        sources.push_back(if input == "-" {
            stdin(tables)?
        } else if input.contains("://") {
            Source::Url(input.clone(), number)
        } else {
            let file = open_file(input)?;
            let is_file = file.metadata().is_ok_and(|about| about.is_file());
            source(input.as_str().into(), Box::new(file), is_file, tables)?
        });
    }
    if sources.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::usage(
                "no input: give a file, a URL, or lines on standard input (see haul --help)",
            ));
        }
        sources.push_back(stdin(tables)?);
    }
    Ok(Input {
        sources,
        lines,
        format: arguments.requests.input_format,
        voice: voice.clone(),
        line: Vec::new(),
        place: ("".into(), 0),
        tables,
        refusal: Refusal::default(),
    })
}

fn stdin(tables: bool) -> Result<Source, Failure> {
    let is_file = std::fs::metadata("/dev/stdin").is_ok_and(|about| about.is_file());
    source(STDIN.into(), Box::new(io::stdin()), is_file, tables)
}

/// The lines of a file that is looked at now, or a pipe that is looked at when it is its turn.
fn source(
    name: Arc<str>,
    from: Box<dyn Read + Send>,
    is_file: bool,
    tables: bool,
) -> Result<Source, Failure> {
    if !is_file {
        return Ok(Source::Unseen(name, from));
    }
    match look(from, tables) {
        Ok(Looked::Lines(from)) => Ok(Source::Lines {
            name,
            from,
            number: 0,
        }),
        Ok(Looked::Other(other)) => Err(Failure::usage(refused(&name, &other))),
        Err(e) => Err(Failure::usage(format!("{name}: cannot be read: {e}"))),
    }
}

/// What is said of an input that is no list.
fn refused(name: &str, other: &Other) -> String {
    let file = (name != STDIN).then(|| quoted(name));
    format!("{name}: {}", other.advice(file.as_deref()))
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
                Source::Unseen(..) => match self.look_at_first() {
                    Some(unreadable) => return Some(Err(unreadable)),
                    None => continue,
                },
                Source::Url(url, number) => {
                    let (url, place) = (std::mem::take(url), ("argument".into(), *number));
                    self.sources.pop_front();
                    let is_argument = true;
                    return Some(self.request(&url, place, is_argument));
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
                .then(|| self.request(text, (name, number), false));
            self.line = line;
            if request.is_some() {
                return request;
            }
        }
    }

    /// Looks at a pipe whose turn it is. If it is no list, the input ends here.
    fn look_at_first(&mut self) -> Option<Bad> {
        let Some(Source::Unseen(name, from)) = self.sources.pop_front() else {
            return None;
        };
        match look(from, self.tables) {
            Ok(Looked::Lines(from)) => self.sources.push_front(Source::Lines {
                name,
                from,
                number: 0,
            }),
            Ok(Looked::Other(other)) => {
                let _ = self.refusal.0.set(refused(&name, &other));
                self.sources.clear();
            }
            Err(e) => {
                self.line.clear();
                return Some(self.bad((name, 1), format!("cannot be read: {e}")));
            }
        }
        None
    }

    /// Place of the line that the last request was made from.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.place.0, self.place.1)
    }

    /// Tells, once the input has ended, why it ended early.
    pub(crate) fn refusal(&self) -> Refusal {
        self.refusal.clone()
    }

    fn bad(&self, place: (Arc<str>, u64), reason: String) -> Bad {
        Bad {
            place,
            id: None,
            text: beginning(&String::from_utf8_lossy(&self.line)),
            reason,
        }
    }

    /// The request of a line, or what is wrong with it. An argument is a URL to its end, blanks included.
    fn request(
        &mut self,
        text: &str,
        place: (Arc<str>, u64),
        is_argument: bool,
    ) -> Result<Request, Bad> {
        self.place.clone_from(&place);
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
                text: beginning(text),
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
