//! Input of a run: lines of files and standard input, and URLs among the arguments.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use haul::batch::UniqueFilter;
use haul::http::Method;
use haul::record::{FileRegister, InputLines, InvalidLine};
use haul::{Client, Request};

use crate::arguments::{Arguments, InputFormat};
use crate::failure::CommandError;
use crate::line::{LineRead, read_line};
use crate::messages::Messages;
use crate::recorded;
use crate::reread::Reread;
use crate::source::{ListSource, STDIN, open_all, shown};
use crate::unfit::{self, ShownMistake};

/// The requests of all inputs, one after the other, each read when it is asked for.
pub(crate) struct ListReader {
    sources: VecDeque<ListSource>,
    lines: InputLines,
    format: InputFormat,
    /// True if the bodies of successes are not kept.
    discard_body: bool,
    /// True if a HEAD that a server refuses is asked again by GET.
    head_or_get: bool,
    messages: Messages,
    line: Vec<u8>,
    /// True if a first line with a column of URLs makes an input a table.
    tables: bool,
    refusal: InputRefusal,
    /// True if unreadable lines of standard input are kept for the failure log.
    keep_bad_lines: bool,
    /// True if lines are rows of values for a template.
    has_template: bool,
    /// Files with lines that an earlier run could not read. `None`: the files are not to be opened.
    reread: Option<Reread>,
    /// Requests read so far, if equal ones are to be left out. `None`: all requests are given.
    unique: Option<UniqueFilter>,
    duplicates: Duplicates,
}

/// Number of requests that were left out because an equal one came before. Clones share one number.
#[derive(Clone, Default)]
pub(crate) struct Duplicates(Arc<AtomicU64>);

impl Duplicates {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reason why the reading ended before the end of the input, if an input turned out to be no list. Clones share one
/// state.
#[derive(Clone, Default)]
pub(crate) struct InputRefusal(Arc<OnceLock<String>>);

impl InputRefusal {
    pub(crate) fn failure(&self) -> Option<CommandError> {
        self.0.get().map(CommandError::usage)
    }
}

/// The place of a line, or of a URL among the arguments.
enum LinePlace {
    Line(Arc<str>, u64),
    Argument(u64),
}

impl LinePlace {
    fn is_stdin(&self) -> bool {
        matches!(self, LinePlace::Line(name, _) if &**name == STDIN)
    }

    fn of(self, request: Request) -> Request {
        match self {
            LinePlace::Line(name, number) => request.read_at(name, number),
            LinePlace::Argument(number) => request.read_from_argument(number),
        }
    }
}

/// A line that is no request: the stand-in request, which fails, and the mistake.
pub(crate) struct UnreadableLine {
    stand_in: Request,
    wrong: Box<InvalidLine>,
}

/// Opens all inputs before a request is sent.
pub(crate) fn open(
    arguments: &Arguments,
    lines: InputLines,
    client: &Client,
    register: &FileRegister,
    messages: &Messages,
) -> Result<ListReader, CommandError> {
    let given = &arguments.requests;
    // A list of relative paths with commas stays a list.
    let tables = given.base_url.is_none() && given.input_format != InputFormat::Urls;
    Ok(ListReader {
        sources: open_all(&arguments.inputs, given.scheme.is_some(), tables, messages)?,
        lines,
        format: given.input_format,
        discard_body: given.discard_body,
        head_or_get: given.head_or_get,
        messages: messages.clone(),
        line: Vec::new(),
        tables,
        refusal: InputRefusal::default(),
        keep_bad_lines: arguments.results.keep_bad_lines,
        has_template: given.has_template(),
        reread: (!arguments.connection.public_only).then(|| Reread::new(register.clone())),
        unique: given.unique.then(|| client.unique_filter()),
        duplicates: Duplicates::default(),
    })
}

impl ListReader {
    /// Returns the reason why the requests ended before the end of the input. It is known when the requests have ended.
    pub(crate) fn refusal(&self) -> InputRefusal {
        self.refusal.clone()
    }

    /// Returns the number of duplicates, which rises while requests are read.
    pub(crate) fn duplicates(&self) -> Duplicates {
        self.duplicates.clone()
    }

    /// Returns the number of requests of each input for which it is known without counting lines.
    pub(crate) fn known(&self) -> HashMap<String, u64> {
        let known = self.sources.iter().filter_map(|source| match source {
            ListSource::Failures { name, requests, .. } => {
                Some((name.to_string(), requests.len() as u64))
            }
            ListSource::Url(..) | ListSource::Unseen(..) | ListSource::Lines { .. } => None,
        });
        known.collect()
    }

    /// Returns the requests of each database, with its name.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, &[Request])> {
        self.sources.iter().filter_map(|source| match source {
            ListSource::Failures { name, requests, .. } => Some((&**name, requests.as_slice())),
            ListSource::Url(..) | ListSource::Unseen(..) | ListSource::Lines { .. } => None,
        })
    }

    /// Returns the next request, or a line that is no request. `None`: the input has ended.
    pub(crate) fn next_line(&mut self) -> Option<Result<Request, UnreadableLine>> {
        loop {
            let read = self.read_as_asked()?;
            let duplicate = match (&read, &mut self.unique) {
                (Ok(request), Some(unique)) => !unique.is_new(request),
                _ => false,
            };
            if !duplicate {
                return Some(read);
            }
            self.duplicates.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads the next request and gives it the treatment of its body that the options ask for.
    fn read_as_asked(&mut self) -> Option<Result<Request, UnreadableLine>> {
        let line = self.read_next()?;
        Some(line.map(|mut request| {
            if self.discard_body {
                request = request.discard_body();
            }
            match self.head_or_get && request.method() == Method::HEAD {
                true => request.or_get(),
                false => request,
            }
        }))
    }

    /// Returns the next request, also one that equals an earlier one, or a line that is no request.
    fn read_next(&mut self) -> Option<Result<Request, UnreadableLine>> {
        loop {
            let place = match self.sources.front_mut()? {
                ListSource::Unseen(..) => match self.look_at_first() {
                    Some(unreadable) => return Some(Err(unreadable)),
                    None => continue,
                },
                ListSource::Url(url, number) => {
                    let (url, place) = (std::mem::take(url), LinePlace::Argument(*number));
                    self.sources.pop_front();
                    let is_argument = true;
                    return Some(self.request(&url, place, is_argument));
                }
                ListSource::Failures {
                    name,
                    requests,
                    number,
                } => {
                    let Some(request) = requests.next() else {
                        self.sources.pop_front();
                        continue;
                    };
                    *number += 1;
                    let place = LinePlace::Line(Arc::clone(name), *number);
                    if let Some(read) = self.reread(&request) {
                        return Some(read);
                    }
                    // The place that the request was read from in the failed run is preferred.
                    let known = request.place().is_some();
                    let request = match known {
                        true => request,
                        false => place.of(request),
                    };
                    return Some(Ok(self.lines.take(request)));
                }
                ListSource::Lines {
                    name, from, number, ..
                } => {
                    *number += 1;
                    let place = LinePlace::Line(Arc::clone(name), *number);
                    match read_line(from, &mut self.line, *number == 1) {
                        Ok(LineRead::End) => {
                            self.sources.pop_front();
                            continue;
                        }
                        Ok(LineRead::Whole) => place,
                        Ok(LineRead::Wrong(wrong)) => return Some(Err(self.bad(place, wrong))),
                        // Lines read before keep their outcomes. The line that could not be read fails.
                        Err(e) => {
                            self.sources.pop_front();
                            self.line.clear();
                            let wrong = InvalidLine::new(format!("cannot be read: {e}"));
                            return Some(Err(self.bad(place, wrong)));
                        }
                    }
                }
            };
            let line = std::mem::take(&mut self.line);
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            let begin = text.trim_start();
            if begin.is_empty() || begin.starts_with('#') {
                self.line = line;
                continue;
            }
            if self.begins_source()
                && recorded::is_result(begin)
                && let LinePlace::Line(name, _) = &place
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

    /// Looks at a pipe whose turn it is. If the pipe is no list, the input ends here. Returns a bad line if the pipe
    /// cannot be read, else `None`.
    fn look_at_first(&mut self) -> Option<UnreadableLine> {
        let Some(ListSource::Unseen(name, from)) = self.sources.pop_front() else {
            return None;
        };
        match ListSource::of_lines(Arc::clone(&name), from, self.tables) {
            Ok(Ok(lines)) => self.sources.push_front(lines),
            Ok(Err(reason)) => self.refuse(reason),
            Err(e) => {
                self.line.clear();
                let wrong = InvalidLine::new(format!("cannot be read: {e}"));
                return Some(self.bad(LinePlace::Line(name, 1), wrong));
            }
        }
        None
    }

    /// Ends the input, because the next source is no list.
    fn refuse(&mut self, reason: String) {
        let _ = self.refusal.0.set(reason);
        self.sources.clear();
    }

    fn bad(&self, place: LinePlace, wrong: InvalidLine) -> UnreadableLine {
        self.bad_line(&self.line, place, wrong)
    }

    fn bad_line(&self, line: &[u8], place: LinePlace, wrong: InvalidLine) -> UnreadableLine {
        let stand_in = self.lines.stand_in(line, wrong.clone());
        let stand_in = match self.keep_bad_lines && place.is_stdin() {
            true => stand_in.keeping_line(line),
            false => stand_in,
        };
        UnreadableLine {
            stand_in: place.of(stand_in),
            wrong: Box::new(wrong),
        }
    }

    /// Reads the request of a line, or returns its mistake. An argument is a URL to its end, with its blanks.
    fn request(
        &mut self,
        text: &str,
        place: LinePlace,
        is_argument: bool,
    ) -> Result<Request, UnreadableLine> {
        let json = text.trim_start().starts_with(['{', '"']);
        let wrong = match self.format {
            InputFormat::Urls if json && !self.has_template => {
                Some("a URL is expected (--input-format auto reads JSON)")
            }
            InputFormat::Jsonl if !json => {
                Some("JSON is expected (--input-format auto reads URLs)")
            }
            _ => None,
        };
        let read = match wrong {
            Some(reason) => Err(InvalidLine::new(reason)),
            None if is_argument => self.lines.read_whole(text),
            None => self.lines.read(text),
        };
        let line = match read {
            Ok(line) => line,
            Err(wrong) => return Err(self.bad_line(text.as_bytes(), place, wrong)),
        };
        if let Some(read) = self.reread(&line.request) {
            return read;
        }
        let request = match self.keep_bad_lines && place.is_stdin() {
            true => line.request.keeping_line(text),
            false => line.request,
        };
        let request = place.of(request);
        for key in line.unknown {
            self.messages.skipped_key(&format!(
                "{}unknown key skipped: {key:?}",
                unfit::shown_place(&request)
            ));
        }
        Ok(request)
    }

    /// Reads a line again that an earlier run could not read, and that this entry of its failure log stands for. `None`:
    /// the entry is of another kind.
    fn reread(&mut self, request: &Request) -> Option<Result<Request, UnreadableLine>> {
        let (source, number) = request.unread_line()?;
        // The files are taken for the time of the reading, so that a line that leads to another line is not followed
        // further.
        let mut files = self.reread.take()?;
        let place = LinePlace::Line(source.into(), number);
        let read = match files.line(source, number) {
            Ok(line) => self.request(&line, place, false),
            Err(wrong) => Err(self.bad_line(b"", place, wrong)),
        };
        self.reread = Some(files);
        Some(read)
    }

    /// Returns true for the first line of a source that is neither blank nor a comment.
    fn begins_source(&mut self) -> bool {
        match self.sources.front_mut() {
            Some(ListSource::Lines { begun, .. }) => !std::mem::replace(begun, true),
            _ => false,
        }
    }
}

impl Iterator for ListReader {
    type Item = Request;

    /// Returns the next request. A line that is no request becomes a request that fails.
    fn next(&mut self) -> Option<Request> {
        self.next_line()
            .map(|read| read.unwrap_or_else(|bad| bad.stand_in))
    }
}

impl UnreadableLine {
    /// `urls.txt:3: what is wrong: "value"`
    pub(crate) fn message(&self) -> String {
        ShownMistake::line(&self.wrong).message(&self.stand_in, self.stand_in.url())
    }
}
