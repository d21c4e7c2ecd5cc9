//! Input of a run: lists in files and standard input, and URLs among the arguments.

mod of_failures;
mod of_lines;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use haul::batch::UniqueFilter;
use haul::http::Method;
use haul::record::{FileRegister, InputEntry, InputLine, InputLines, InputOptions, InvalidLine};
use haul::{Client, Request};

use crate::arguments::{Arguments, FormatName};
use crate::credentials;
use crate::failure::CommandError;
use crate::input_state::{Duplicates, InputRefusal, LinePlace};
use crate::list_forms::{UnreadText, is_json};
use crate::messages::Messages;
use crate::reread::Reread;
use crate::shard::ShardLines;
use crate::sitemaps::SitemapFetcher;
use crate::source::{ListSource, open_all, shown};
use crate::unfit::{self, LineAgain, UnreadableLine};

/// The requests of all inputs, one after the other, each read when it is asked for.
pub(crate) struct ListReader {
    sources: VecDeque<ListSource>,
    lines: InputLines,
    /// Settings for reading the lists.
    options: InputOptions,
    /// True if an argument must be a URL, and no JSON.
    urls_only: bool,
    /// True if an argument must be JSON, and no URL.
    json_only: bool,
    /// True if the bodies of successes are not kept.
    discard_body: bool,
    /// True if a HEAD that a server refuses is asked again by GET.
    head_or_get: bool,
    messages: Messages,
    /// True if a link to a sitemap is no request by the template or the options for requests.
    follows: bool,
    /// Fetches the sitemaps of an index. `None`: these are requests.
    sitemaps: Option<SitemapFetcher>,
    /// Column of the URLs that an option names. `None`: none is named.
    url_column: Option<String>,
    /// True if a record that does not hold all of its request was told.
    told_of_lacking: bool,
    /// True if the run has credentials, and no result that they are kept from was told.
    has_credentials: bool,
    refusal: InputRefusal,
    /// True if unreadable lines of standard input are kept for the failure log.
    keep_bad_lines: bool,
    /// True if each request has a line that it can be read from again as an extension ([`LineAgain`]).
    pub(crate) keeps_lines: bool,
    /// True if lines are rows of values for a template.
    has_template: bool,
    /// Files with lines that an earlier run could not read. `None`: the files are not to be opened.
    reread: Option<Reread>,
    /// Requests read so far, if equal ones are to be left out. `None`: all requests are given.
    unique: Option<UniqueFilter>,
    /// Shard whose requests are given. `None`: all requests are given.
    shard: Option<ShardLines>,
    duplicates: Duplicates,
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
    let template = lines.row_template();
    let has_template = template.is_some();
    let options = match template {
        Some(template) => given.input_options().template(template),
        None => given.input_options(),
    };
    let follows = given.follow_sitemaps;
    let fetcher = || SitemapFetcher::new(client, lines.row_template(), messages);
    Ok(ListReader {
        follows,
        sitemaps: (follows && !arguments.ending.dry_run).then(fetcher),
        sources: open_all(
            &arguments.inputs,
            given.scheme.is_some(),
            &options,
            messages,
        )?,
        lines,
        urls_only: given.input_format == FormatName::Urls,
        json_only: given.input_format == FormatName::Jsonl,
        discard_body: given.discard_body,
        head_or_get: given.head_or_get,
        messages: messages.clone(),
        url_column: given.url_column.clone(),
        told_of_lacking: false,
        has_credentials: credentials::are_given(given),
        refusal: InputRefusal::default(),
        keep_bad_lines: arguments.results.keep_bad_lines,
        keeps_lines: false,
        has_template,
        reread: (!arguments.connection.sent_files.public_only)
            .then(|| Reread::new(register.clone(), options.clone())),
        options,
        unique: given.unique.then(|| client.unique_filter()),
        shard: arguments.shard.own.clone().map(ShardLines::new),
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

    /// Returns the settings for reading the lists.
    pub(crate) fn options(&self) -> &InputOptions {
        &self.options
    }

    /// Returns the number of requests of each input for which it is known without counting lines.
    pub(crate) fn known(&self) -> HashMap<String, u64> {
        let known = self.sources.iter().filter_map(|source| match source {
            ListSource::Failures { name, requests, .. } => {
                Some((name.to_string(), requests.len() as u64))
            }
            ListSource::List { name, requests, .. } => Some((name.to_string(), (*requests)?)),
            ListSource::Url(..) | ListSource::Unseen(..) | ListSource::Sitemap(..) => None,
        });
        known.collect()
    }

    /// Returns the requests of each database, with its name.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, &[Request])> {
        self.sources.iter().filter_map(|source| match source {
            ListSource::Failures { name, requests, .. } => Some((&**name, requests.as_slice())),
            _ => None,
        })
    }

    /// Returns the next request, or a line that is no request. `None`: the input has ended.
    pub(crate) fn next_line(&mut self) -> Option<Result<Request, UnreadableLine>> {
        loop {
            let read = self.read_as_asked()?;
            let Some(read) = self.of_shard(read) else {
                continue;
            };
            let duplicate = match (&read, &mut self.unique) {
                (Ok(request), Some(unique)) if !request.has_outcome() => !unique.is_new(request),
                _ => false,
            };
            if !duplicate {
                return Some(read);
            }
            self.duplicates.add();
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
            match self.sources.pop_front()? {
                ListSource::Unseen(name, from) => {
                    match ListSource::of_list(name, from, &self.options) {
                        Ok(list) => self.sources.push_front(list),
                        Err(reason) => self.refuse(reason),
                    }
                }
                ListSource::Url(url, number) => {
                    return Some(self.argument(&url, LinePlace::Argument(number)));
                }
                ListSource::Failures {
                    name,
                    mut requests,
                    number,
                } => {
                    let Some(request) = requests.next() else {
                        continue;
                    };
                    let number = number + 1;
                    let place = LinePlace::Line(Arc::clone(&name), number);
                    self.sources.push_front(ListSource::Failures {
                        name,
                        requests,
                        number,
                    });
                    if let Some(read) = self.failure(request, place) {
                        return Some(read);
                    }
                }
                ListSource::List {
                    name,
                    mut from,
                    requests,
                    told,
                } => {
                    let columns = from.columns().filter(|_| self.keep_bad_lines);
                    let columns = columns.map(<[String]>::to_vec);
                    let Some(entry) = from.next_entry() else {
                        continue;
                    };
                    let first = (!told).then(|| is_json(entry.bytes()));
                    let place = LinePlace::Line(Arc::clone(&name), entry.line());
                    let read = self.entry(&entry, place.clone(), columns.as_deref());
                    if let Some(json) = first {
                        let url = self.url_column.as_deref();
                        self.messages.lists().add(shown(&name), &from, json, url);
                    }
                    self.sources.push_front(ListSource::List {
                        name,
                        from,
                        requests,
                        told: true,
                    });
                    // The request of a result that stands for an earlier one was given already.
                    if let Some(read) = read.and_then(|read| self.followed(read, place, 0)) {
                        return Some(read);
                    }
                }
                ListSource::Sitemap(sitemap) => {
                    if let Some(read) = self.of_sitemap(sitemap) {
                        return Some(read);
                    }
                }
            }
        }
    }

    /// Ends the input, because the next source is no list.
    fn refuse(&mut self, reason: String) {
        self.refusal.set(reason);
        self.sources.clear();
    }

    /// Makes the failed outcome of a text that cannot be read. `kept`: the text as the failure log keeps it. `None`: it does
    /// not.
    fn bad_line(
        &self,
        text: &[u8],
        place: LinePlace,
        kept: Option<&[u8]>,
        wrong: InvalidLine,
    ) -> UnreadableLine {
        let stand_in = self.lines.stand_in(text, wrong.clone());
        let stand_in = match kept {
            Some(line) => stand_in.keeping_line(line),
            None => stand_in,
        };
        let json = is_json(text);
        let stand_in = stand_in.extension(UnreadText { json });
        UnreadableLine {
            stand_in: place.of(stand_in),
            wrong: Box::new(wrong),
        }
    }

    /// Reads the request of a URL among the arguments, to its end, with its blanks.
    fn argument(&mut self, text: &str, place: LinePlace) -> Result<Request, UnreadableLine> {
        let json = text.trim_start().starts_with(['{', '"']);
        let read = if self.urls_only && json && !self.has_template {
            Err(InvalidLine::new(
                "a URL is expected (--input-format auto reads JSON)",
            ))
        } else if self.json_only && !json {
            Err(InvalidLine::new(
                "JSON is expected (--input-format auto reads URLs)",
            ))
        } else {
            self.lines.read_whole(text)
        };
        let read = match read {
            Ok(line) => self.request(line, place, None),
            Err(wrong) => Err(self.bad_line(text.as_bytes(), place, None, wrong)),
        };
        match self.keeps_lines {
            true => LineAgain::add(read, line_of_argument(text)),
            false => read,
        }
    }

    /// Reads the request of an entry of a list, which has these columns. `None`: it is that of an earlier entry.
    fn entry(
        &mut self,
        entry: &InputEntry<'_>,
        place: LinePlace,
        columns: Option<&[String]>,
    ) -> Option<Result<Request, UnreadableLine>> {
        if let Some(url) = entry.sitemap_url().filter(|_| self.follows) {
            let link = self.lines.with_scheme(Request::get(url).of_sitemap());
            return Some(Ok(place.of(link)));
        }
        // Other entries than lines are not found again by the number of their line.
        let keep = self.keep_bad_lines && (place.is_stdin() || !entry.is_line());
        let text = entry.text();
        let read = text.clone().and_then(|text| match entry.row_keys() {
            Some(own) => self.lines.read_row(text, own),
            None => self.lines.read(text),
        });
        let read = match read {
            Ok(line) if line.is_repeated => return None,
            Ok(line) => {
                let kept = keep.then(|| self.lines.kept_line(entry.bytes(), columns));
                self.request(line, place, kept.map(Cow::into_owned))
            }
            Err(wrong) => {
                let kept = keep.then(|| self.lines.kept_line(entry.bytes(), columns));
                Err(self.bad_line(entry.bytes(), place, kept.as_deref(), entry.placed(wrong)))
            }
        };
        Some(match self.keeps_lines {
            true => LineAgain::add(read, entry.to_line()),
            false => read,
        })
    }

    /// Gives the request of a line its place, and tells about the line.
    fn request(
        &mut self,
        line: InputLine,
        place: LinePlace,
        kept: Option<Vec<u8>>,
    ) -> Result<Request, UnreadableLine> {
        if let Some(read) = self.reread(&line.request) {
            return read;
        }
        let request = match kept {
            Some(text) => line.request.keeping_line(text),
            None => line.request,
        };
        // The place that a row had in the failed run is preferred.
        let request = match request.needs_template() && request.place().is_some() {
            true => request,
            false => place.of(request),
        };
        for key in line.unknown {
            self.messages.skipped_key(&format!(
                "{}unknown key skipped: {key:?}",
                unfit::shown_place(&request)
            ));
        }
        self.tell_of_lacking(line.is_incomplete, line.lacks_origin, &request);
        Ok(request)
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

/// Returns a line that is read as a URL among the arguments is read, with its blanks.
fn line_of_argument(text: &str) -> Vec<u8> {
    let text = text.trim();
    let is_line = text.starts_with(['{', '"']) || !text.contains(char::is_whitespace);
    match is_line {
        true => text.into(),
        false => serde_json::Value::from(text).to_string().into(),
    }
}
