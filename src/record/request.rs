//! A request as a failure log keeps it, in the words of the input lines, and read back from there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::InvalidLine;
use super::codes::{Codes, codes_of, status_set};
use super::pieces::{self, PieceLine};
use super::values::{Values, whole_ms};
use super::wire::{Pairs, Version, any_value, text_or_number};
use crate::http::HeaderName;
use crate::http::header::AUTHORIZATION;
use crate::limits::Timeouts;
use crate::policy::RetryPolicy;
use crate::request::{Body, Options, Request, Rule};

/// The request of a line of a failure log, see [`Record::to_request`](super::Record::to_request).
///
/// ```
/// # fn again(log: &str) -> Vec<haul::Request> {
/// log.lines().filter_map(|line| haul::record::request_of(line).ok()).collect()
/// # }
/// ```
///
/// # Errors
/// When the line is not of a failure log, or its request cannot be understood.
pub fn request_of(line: &str) -> Result<Request, InvalidLine> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(rename = "v")]
        _v: Version,
        request: Option<RequestLine<'a>>,
    }
    serde_json::from_str::<Line<'_>>(line)
        .map_err(|e| InvalidLine::unreadable(line, &e))?
        .request
        .ok_or_else(missing)?
        .to_request()
}

/// A request as a line of input, which [`request_of_input`](super::request_of_input) reads back: JSON, without a line
/// feed. Secret headers are left out and named in `redacted`, secret query parameters likewise (`?name`).
///
/// ```
/// let line = haul::record::line_of(&haul::Request::get("https://example.com/").id("a"));
/// assert_eq!(line, r#"{"url":"https://example.com/","id":"a","method":"GET"}"#);
/// ```
pub fn line_of(request: &Request) -> String {
    serde_json::to_string(&RequestLine::new(request, false))
        .expect("a request is always valid JSON")
}

/// The same with its secrets, if they are to be kept.
#[cfg(feature = "sqlite")]
pub(crate) fn line_with(request: &Request, secrets: bool) -> String {
    serde_json::to_string(&RequestLine::new(request, secrets))
        .expect("a request is always valid JSON")
}

/// Stands for a body that was read by the time it could be written down.
const UNWRITTEN: &str = "its body came from a reader and is not in the failure log";

pub(super) fn missing() -> InvalidLine {
    InvalidLine::new("the record holds no request (a line of a failure log does)")
}

/// A request on the wire. `redacted` names the secret headers left out, and after a `?` the
/// secret query parameters; `invalid` says what was wrong with a request
/// that could not be built, which must not turn into a valid one by being written down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct RequestLine<'a> {
    url: Cow<'a, str>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_or_number"
    )]
    id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    headers: Pairs<Option<Values>>,
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    params: Pairs<Values>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_file: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_pieces: Option<Vec<PieceLine<'a>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_time_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connect_timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotent: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_redirs: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accept: Option<Vec<Codes>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expect_json: Option<bool>,
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    require: Pairs<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_file: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    output_durable: bool,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "any_value"
    )]
    tag: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    redacted: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invalid: Option<Cow<'a, str>>,
    /// A key not known here may be what makes the request harmless: it is refused, not skipped.
    #[serde(flatten, skip_serializing)]
    unknown: BTreeMap<String, Value>,
}

impl<'a> RequestLine<'a> {
    /// `secrets`: they are not left out.
    pub(super) fn new(request: &'a Request, secrets: bool) -> RequestLine<'a> {
        let redaction = request.redaction();
        let mut redacted: Vec<Cow<'a, str>> = Vec::new();
        let mut leave_out = |name: Cow<'a, str>| {
            if !redacted.contains(&name) {
                redacted.push(name);
            }
        };
        let mut headers = Pairs::<Option<Values>>::default();
        for (name, value) in request.header_edits() {
            let Some(value) = value else {
                headers.entry(name.as_str());
                continue;
            };
            let secret = !secrets && (value.is_sensitive() || redaction.is_secret(name));
            // JSON cannot hold other bytes; changed ones must not be sent.
            match std::str::from_utf8(value.as_bytes()) {
                Ok(text) if !secret => headers
                    .entry(name.as_str())
                    .get_or_insert_default()
                    .push(text),
                _ => leave_out(name.as_str().into()),
            }
        }
        let mut url = request.url().into();
        if !secrets {
            let bare = redaction.bare(request.url());
            if bare.userinfo {
                leave_out(AUTHORIZATION.as_str().into());
            }
            for name in bare.parameters {
                leave_out(format!("?{name}").into());
            }
            url = bare.url;
        }
        let mut line = RequestLine {
            url,
            method: Some(request.method().as_str().into()),
            headers,
            ..RequestLine::default()
        };
        if let Some(options) = request.options() {
            for name in &options.needs_headers {
                leave_out(name.as_str().into());
            }
            for name in &options.needs_query {
                leave_out(format!("?{name}").into());
            }
            for (name, value) in &options.query {
                match !secrets && redaction.is_secret_query(name) {
                    true => leave_out(format!("?{name}").into()),
                    false => line.params.entry(name).push(value),
                }
            }
            line.set(options);
        }
        line.set_body(request.sends());
        line.redacted = redacted;
        line
    }

    fn set_body(&mut self, body: &'a Body) {
        match body {
            Body::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok("") => {}
                Ok(text) => self.body = Some(text.into()),
                Err(_) => self.body_base64 = Some(STANDARD.encode(bytes)),
            },
            Body::Streamed(stream) => {
                self.body_file = stream.file().and_then(Path::to_str).map(Cow::Borrowed);
                if self.body_file.is_none() {
                    self.body_pieces = pieces::lines_of(stream);
                }
                if self.body_file.is_none() && self.body_pieces.is_none() {
                    self.invalid.get_or_insert(UNWRITTEN.into());
                }
            }
        }
    }

    fn set(&mut self, options: &'a Options) {
        for rule in &options.rules {
            if let Rule::Require(pointer, value) = rule {
                *self.require.entry(pointer) = value.clone();
            }
        }
        self.id = options.id.as_deref().map(Cow::Borrowed);
        self.max_time_ms = options.timeouts.attempt.map(whole_ms);
        self.connect_timeout_ms = options.timeouts.connect.map(whole_ms);
        self.retry = options
            .retry
            .as_ref()
            .map(|policy| policy.max_attempts.saturating_sub(1));
        self.idempotent = options.idempotent.then_some(true);
        self.max_redirs = options.max_redirects;
        self.accept = options.accept.as_ref().map(codes_of);
        self.expect_json = options.expect_json;
        if let Some(save) = &options.save {
            self.output_durable = save.durable;
            match save.path.to_str() {
                Some(path) => self.output_file = Some(path.into()),
                None => {
                    self.invalid = Some(
                        "the path it was to be saved to is no UTF-8, and could not be written down"
                            .into(),
                    );
                }
            }
        }
        self.tag = options.tag.as_ref().map(Cow::Borrowed);
        if let Some(reason) = options.invalid.as_deref() {
            self.invalid = Some(reason.into());
        }
    }

    /// The path the body is to be saved to.
    pub(super) fn output_file(&self) -> Option<&str> {
        self.output_file.as_deref()
    }

    pub(super) fn to_request(&self) -> Result<Request, InvalidLine> {
        if let Some(key) = self.unknown.keys().next() {
            return Err(InvalidLine::unknown(key));
        }
        let method = self.method.as_deref().unwrap_or("GET");
        let mut request = Request::new(method, &*self.url);
        for (name, values) in &self.headers.0 {
            match values {
                None => request = request.without_header(name),
                Some(values) => {
                    for value in values.as_slice() {
                        request = request.header(name, value);
                    }
                }
            }
        }
        for (name, values) in &self.params.0 {
            for value in values.as_slice() {
                request = request.query(name, value);
            }
        }
        request = self.with_body(request)?;
        let query = self.needs_query();
        request = self.settings_of(request)?.needing(self.needs()?, query);
        Ok(match &self.invalid {
            Some(reason) => request.spoiled(reason.clone().into_owned()),
            None => request,
        })
    }

    fn with_body(&self, request: Request) -> Result<Request, InvalidLine> {
        let given = [
            self.body.is_some(),
            self.body_base64.is_some(),
            self.body_file.is_some(),
            self.body_pieces.is_some(),
        ];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(InvalidLine::new(
                "the request has more than one of body, body_base64, body_file and body_pieces",
            ));
        }
        if let Some(text) = &self.body {
            return Ok(request.body(text.as_bytes()));
        }
        if let Some(base64) = &self.body_base64 {
            let bytes = STANDARD.decode(base64).map_err(|e| {
                InvalidLine::new(format!("the request's body_base64 is no base64: {e}"))
            })?;
            return Ok(request.body(bytes));
        }
        if let Some(path) = &self.body_file {
            return Ok(request.body_file(&**path));
        }
        match &self.body_pieces {
            Some(lines) => Ok(request.sending(pieces::stream_of(lines)?)),
            None => Ok(request),
        }
    }

    fn settings_of(&self, mut request: Request) -> Result<Request, InvalidLine> {
        let timeouts = Timeouts {
            attempt: self.max_time_ms.map(Duration::from_millis),
            connect: self.connect_timeout_ms.map(Duration::from_millis),
            read: None,
        };
        if timeouts != Timeouts::default() {
            request = request.timeouts(timeouts);
        }
        if let Some(retries) = self.retry {
            let attempts = retries.saturating_add(1);
            request = request.retry(RetryPolicy::default().max_attempts(attempts));
        }
        if let Some(idempotent) = self.idempotent {
            request = request.idempotent(idempotent);
        }
        if let Some(most) = self.max_redirs {
            request = request.max_redirects(most);
        }
        if let Some(codes) = &self.accept {
            request = request.accept(status_set(codes)?);
        }
        request = match (self.output_file.as_deref(), self.output_durable) {
            (Some(path), true) => request.save_durably(path),
            (Some(path), false) => request.save_to(path),
            (None, _) => request,
        };
        if let Some(expect) = self.expect_json {
            request = request.expect_json(expect);
        }
        for (pointer, value) in &self.require.0 {
            request = request.require(pointer, value.clone());
        }
        if let Some(id) = &self.id {
            request = request.id(&**id);
        }
        if let Some(tag) = &self.tag {
            request = request.tag(tag.clone().into_owned());
        }
        Ok(request)
    }

    /// The query parameters left out and not written in again since.
    fn needs_query(&self) -> Vec<String> {
        let left_out = self.redacted.iter();
        left_out
            .filter_map(|name| name.strip_prefix('?'))
            .filter(|name| !self.params.0.iter().any(|(other, _)| other == name))
            .map(str::to_owned)
            .collect()
    }

    /// The headers left out and not written in again since.
    fn needs(&self) -> Result<Vec<HeaderName>, InvalidLine> {
        let given = |name: &str| {
            let of_name = |(other, value): &(String, Option<Values>)| {
                other.eq_ignore_ascii_case(name) && value.is_some()
            };
            self.headers.0.iter().any(of_name)
        };
        self.redacted
            .iter()
            .filter(|name| !name.starts_with('?') && !given(name))
            .map(|name| {
                HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| InvalidLine::new(format!("redacted: {name:?} is no header name")))
            })
            .collect()
    }
}
