//! Records made of outcomes.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::body::{self, RecordBody};
use super::credentials;
use super::keys::KeyMaker;
use super::request::Written;
use super::wire::{self, Version};
use super::{AttemptRecord, BodyMode, Kind, PhaseTimes, Record};
use crate::batch::next_of;
use crate::error::Error;
use crate::key::KeyVersion;
use crate::outcome::{Attempt, Outcome, State};
use crate::redact::header_text;
use crate::request::Request;
use crate::response::{ExchangeFacts, Response};
use crate::timing::{Timings, millis};
use crate::url::Base;
use http::{HeaderName, HeaderValue};

/// Options of records: bodies, headers, secrets and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options hold for the sink they are given to with `records`"]
pub struct RecordOptions {
    body: bool,
    body_mode: BodyMode,
    body_limit: usize,
    headers: bool,
    secrets: bool,
    keys: KeyMaker,
}

impl Default for RecordOptions {
    fn default() -> Self {
        RecordOptions {
            body: true,
            body_mode: BodyMode::Auto,
            body_limit: 1 << 20,
            headers: false,
            secrets: false,
            keys: KeyMaker::default(),
        }
    }
}

impl RecordOptions {
    /// Default options: bodies up to 1 MiB, no headers.
    pub fn new() -> RecordOptions {
        RecordOptions::default()
    }

    /// True: the response body is kept. Default true.
    pub fn body(mut self, keep: bool) -> RecordOptions {
        self.body = keep;
        self
    }

    /// Sets the form of the bodies. Default [`Auto`](BodyMode::Auto): text, else base64.
    ///
    /// ```
    /// use haul::record::{BodyMode, RecordOptions};
    ///
    /// let options = RecordOptions::new().body_mode(BodyMode::Json);
    /// ```
    pub fn body_mode(mut self, mode: BodyMode) -> RecordOptions {
        self.body_mode = mode;
        self
    }

    /// Sets the number of bytes of a body that are kept. Default 1 MiB.
    pub fn body_limit(mut self, bytes: usize) -> RecordOptions {
        self.body_limit = bytes;
        self
    }

    /// True: the response headers are kept, with secrets masked. Default false.
    pub fn headers(mut self, keep: bool) -> RecordOptions {
        self.headers = keep;
        self
    }

    /// Sets the URL that relative URLs are resolved against in the [key](super::Key) of a record.
    ///
    /// With it a request has the same key whether its URL is relative or absolute. Give it the
    /// [client's](crate::ClientBuilder::base_url). Default: none, and a relative URL counts as written. The same holds
    /// for a base that is no URL, with which no client can be built.
    ///
    /// ```
    /// use haul::record::RecordOptions;
    ///
    /// let options = RecordOptions::new().base_url("https://example.com/api/");
    /// ```
    pub fn base_url(mut self, url: impl AsRef<str>) -> RecordOptions {
        self.keys.base = Base::parse(url.as_ref()).ok();
        self
    }

    /// Makes keys of this version, to continue a results file that has such keys.
    pub(crate) fn key_version(mut self, version: KeyVersion) -> RecordOptions {
        self.keys.version = version;
        self
    }

    /// Returns the rule that keys are made by.
    pub(crate) fn keys(&self) -> &KeyMaker {
        &self.keys
    }

    pub(crate) fn keeps_bodies(&self) -> bool {
        self.body
    }

    pub(crate) fn keeps_secrets(&self) -> bool {
        self.secrets
    }

    /// True: secrets are written unmasked. Default false.
    ///
    /// Secrets are userinfo in URLs, secret headers and parameters. With them a failure log can be run again without
    /// giving them again, but every reader of the file has them too. Error messages and log lines stay without secrets.
    pub fn secrets(mut self, keep: bool) -> RecordOptions {
        self.secrets = keep;
        self
    }
}

impl<'a> Record<'a> {
    /// Makes the record of an outcome.
    ///
    /// A success that carries a value other than a [`Response`] has no body.
    // Long because a record has some forty fields, of which most take one line.
    pub fn new<T: 'static>(outcome: &'a Outcome<T>, options: &RecordOptions) -> Record<'a> {
        let request: &Request = &outcome.request;
        let report = &outcome.report;
        let head = report.head.as_deref();
        let error = outcome.error();
        let saved = outcome.saved();
        let url = match options.secrets {
            true => outcome.written_url().into(),
            false => outcome.shown_url(),
        };
        let final_url = head
            .filter(|head| !head.url.is_written(outcome.written_url()))
            .map(|head| match options.secrets {
                true => head.url.uri().to_string(),
                false => head.redaction.uri(head.url.uri()),
            });
        let mut record = Record {
            v: Version,
            id: request.request_id().map(Cow::Borrowed),
            index: outcome.index(),
            key: options.keys.of(request),
            source: request.source().map(Cow::Borrowed),
            line: request.line(),
            depth: outcome.depth(),
            parent: outcome.parent(),
            seed: request
                .page()
                .map(|page| options.keys.of(&page.chain.first)),
            page: request.page().map(|page| page.number),
            next: next_of(request).cloned(),
            outcome: match outcome.state {
                State::Success(_) => Kind::Success,
                State::Rejected(_) => Kind::Rejected,
                State::Failed(_) => Kind::Failed,
            },
            method: outcome.method().as_str().into(),
            status: head.map(|head| head.status),
            rejection: outcome.rejection().map(Cow::Borrowed),
            attempts: report.attempts,
            timestamp: outcome.started().and_then(wire::instant::round),
            elapsed: outcome
                .started()
                .map(|_| millis::round(report.elapsed.into())),
            ttfb: head.map(|_| millis::round(report.timings().until_head())),
            queued: Some(millis::round(report.queued.into())),
            total: Some(millis::round(report.total.into())),
            final_url: final_url.filter(|last| *last != url).map(Cow::Owned),
            url,
            redirects: u32::try_from(report.rare().history.len()).unwrap_or(u32::MAX),
            remote_ip: head.and_then(|head| head.remote).map(|addr| addr.ip()),
            reused: head.map(|head| head.reused),
            timings: head.map(|_| report.timings().into()),
            content_type: head.and_then(|head| head.content_type()),
            content_encoding: head
                .and_then(|head| head.content_encoding())
                .map(Cow::Owned),
            size_bytes: head.map(|_| report.size),
            output_file: saved
                .map(|saved| saved.path.as_path())
                .or_else(|| request.saves_to().filter(|_| outcome.is_skipped()))
                .map(Path::to_string_lossy),
            sha256: saved.map(|saved| saved.sha256.as_str().into()),
            skipped: outcome.is_skipped(),
            layer: error.map(|e| e.layer()),
            error_type: error.map(|e| e.error_type()),
            phase: error.and_then(|e| e.phase()),
            error_msg: error.map(|e| e.message().into()),
            error_position: error.and_then(|e| e.position()),
            error_text: error.and_then(|e| e.text()).map(Cow::Borrowed),
            stop_reason: outcome.stop_reason(),
            attempt_log: report.rare().log.iter().map(AttemptRecord::from).collect(),
            prior_attempt_ambiguous: report.ambiguous,
            hedged: report.hedged,
            headers: head
                .filter(|_| options.headers)
                .map(|head| shown(head, options.secrets)),
            json: None,
            body: None,
            body_encoding: None,
            charset: None,
            body_truncated: None,
            tag: request.written_tag().cloned(),
            credentials_for: credentials::of_result(request),
            supersedes: request.resumed().is_some_and(|resumed| resumed.supersedes),
            request: None,
            response_text: None,
        };
        let has_body = options.body && saved.is_none() && !outcome.is_skipped();
        if let Some(response) = response_of(outcome).filter(|_| has_body) {
            match body::of_response(response, options.body_limit, options.body_mode) {
                RecordBody::Json { json, charset } => {
                    record.json = Some(json);
                    record.charset = charset.map(Cow::Owned);
                }
                RecordBody::Text(body) => {
                    record.body = Some(body.text);
                    record.body_encoding = Some(body.encoding);
                    record.charset = body.charset.map(Cow::Owned);
                    record.body_truncated = Some(body.truncated);
                }
            }
        }
        record
    }

    /// Makes the failure log's record of an outcome: the record, the request, and the text of the response.
    pub fn of_failure<T: 'static>(outcome: &'a Outcome<T>, options: &RecordOptions) -> Record<'a> {
        let mut record = Record::new(outcome, options);
        let mistake = outcome.error().filter(|_| outcome.is_unread());
        let mistake = mistake.map(Error::mistake);
        // The request says it.
        record.credentials_for = None;
        record.request = Some(Written::new(
            &outcome.request,
            options.secrets,
            mistake.as_ref(),
        ));
        if let Some(response) = response_of(outcome) {
            let (text, cut) = body::cut(response.text(), options.body_limit);
            // The text of the response stands beside it.
            record.json = None;
            // Decoded text stands only in `response_text`, also if it was cut at a byte of another charset.
            if record.body.as_ref() == Some(&text) || record.charset.is_some() {
                (record.body, record.body_encoding) = (None, None);
            }
            let cut = cut || response.is_truncated();
            record.body_truncated = Some(cut || record.body_truncated == Some(true));
            record.response_text = Some(text);
        }
        record
    }
}

/// Returns the response that a record may show: the response that a success carries, or the one kept beside a failure.
/// `None`: there is no such response.
pub(super) fn response_of<T: 'static>(outcome: &Outcome<T>) -> Option<&Response> {
    match outcome.success() {
        Some(value) => (value as &dyn Any).downcast_ref(),
        None => outcome.kept_response(),
    }
}

/// Returns the value of a response header. `secrets`: true if secrets are kept.
pub(super) fn header_value(
    head: &ExchangeFacts,
    name: &HeaderName,
    value: &HeaderValue,
    secrets: bool,
) -> String {
    match secrets {
        true => header_text(value.as_bytes()).into_owned(),
        false => head.redaction.response_header(name, value),
    }
}

fn shown(head: &ExchangeFacts, secrets: bool) -> BTreeMap<String, Vec<String>> {
    head.headers
        .keys()
        .map(|name| {
            let values = head.headers.get_all(name).iter();
            let values = values.map(|value| header_value(head, name, value, secrets));
            (name.as_str().to_owned(), values.collect())
        })
        .collect()
}

impl From<&Attempt> for AttemptRecord {
    fn from(attempt: &Attempt) -> Self {
        AttemptRecord {
            error_type: attempt.error_type,
            phase: attempt.phase,
            status: attempt.status,
            elapsed: millis::round(attempt.elapsed),
            delay: attempt.delay.map(millis::round),
        }
    }
}

impl From<PhaseTimes> for Timings {
    fn from(times: PhaseTimes) -> Timings {
        let mut timings = Timings::NONE;
        timings.resolve = times.resolve;
        timings.connect = times.connect;
        timings.tls = times.tls;
        timings.send = times.send;
        timings.wait = times.wait;
        timings.receive = times.receive;
        timings
    }
}

impl From<Timings> for PhaseTimes {
    fn from(t: Timings) -> Self {
        PhaseTimes {
            resolve: millis::round(t.resolve),
            connect: millis::round(t.connect),
            tls: millis::round(t.tls),
            send: millis::round(t.send),
            wait: millis::round(t.wait),
            receive: millis::round(t.receive),
        }
    }
}
