//! A request as a failure log keeps it, with the keys of input lines.

use std::borrow::Cow;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::body;
use super::codes::{StatusCodes, codes_of};
use super::credentials;
use super::fields::ObjectFields;
use super::logged;
use super::pairs::Pairs;
use super::pieces::{self, PieceLine};
use super::read::ReadSettings;
use super::values::{OneOrMany, whole_ms};
use super::{InvalidLine, LONGEST_LINE};
use crate::request::{Options, RejectionRule, Request, RequestContent, Tag, hexadecimal};
use crate::url::Mistake;
use http::header::AUTHORIZATION;

impl Request {
    /// Returns the request as a line of input: JSON, without a line feed.
    ///
    /// [`Record::to_request`](super::Record::to_request) lists the parts of a request that no line can hold. The line
    /// has what was set on the request itself, and none of the defaults: neither those of a client
    /// ([`ClientBuilder`](crate::ClientBuilder)) nor those of an input
    /// ([`InputLines::defaults`](super::InputLines::defaults)). To read the line back, give
    /// [`Record::parse_input_line`](super::Record::parse_input_line) the same defaults again.
    ///
    /// Secret headers are left out and named in `redacted`, secret query parameters (`?name`) and secret values of
    /// placeholders (`{name}`) likewise. A body that is
    /// too large for a line is replaced by the file it was read from, else cut, as in a failure log ([`LONGEST_LINE`]).
    ///
    /// ```
    /// let line = haul::Request::get("https://example.com/").id("a").to_line();
    /// assert_eq!(line, r#"{"url":"https://example.com/","id":"a","method":"GET"}"#);
    /// ```
    pub fn to_line(&self) -> String {
        let text = |line: &RequestLine<'_>| {
            serde_json::to_string(line).expect("a request is always valid JSON")
        };
        let mut line = RequestLine::new(self, false);
        let whole = text(&line);
        if whole.len() <= LONGEST_LINE {
            return whole;
        }
        line.shorten_body(self);
        text(&line)
    }
}

/// Reason of a request whose body was read by the time it could be written down.
const UNWRITTEN: &str = "its body came from a reader and is not in the failure log";

/// Number of bytes that are kept of a body that is too large for a line. Written as escapes, they take at most 96 KiB.
const KEPT: usize = 16 << 10;

/// Reason of a request that is too large for a line even without its body.
const TOO_LARGE: &str = "it was too large for a line of the failure log, and is not in it";

/// A request in a line. `redacted` names the secret headers that were left out, after a `?` the secret query
/// parameters, and in braces the placeholders whose values only the list has. `invalid` is the mistake of a request that could not be built, which must not become a valid request by
/// being written down; `body_truncated` marks a request whose body was cut, which must not either. The line of a
/// request that could not be read may hold secrets in any place, so that only its URL's host and path are written, and
/// the line itself if that was asked for.
#[derive(Default, Serialize)]
struct RequestLine<'a> {
    url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    headers: Pairs<Option<OneOrMany>>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    params: Pairs<OneOrMany>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<DigestLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_file: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_pieces: Option<Vec<PieceLine<'a>>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    body_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_time_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_redirs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accept: Option<Vec<StatusCodes>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expect_json: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_encoding: Option<bool>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    require: Pairs<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_file: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    output_durable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a Tag>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sitemap: bool,
    /// Origin to which the credentials belong, if the URL leads elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials_for: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redacted: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid_text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_line: Option<&'a str>,
    /// A line that is not UTF-8, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_line_base64: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    row: bool,
}

/// Credentials for digest authentication in a line, for a log that keeps secrets.
#[derive(Serialize)]
struct DigestLine<'a> {
    user: &'a str,
    password: &'a str,
    digest: bool,
}

impl<'a> RequestLine<'a> {
    /// Makes the line of a request that could not be read.
    fn unread(request: &'a Request, mistake: &'a Mistake) -> RequestLine<'a> {
        let mut line = RequestLine {
            url: request.redaction().unreadable(request.url()).into(),
            id: request.request_id().map(Cow::Borrowed),
            method: Some(request.method().as_str().into()),
            tag: request.written_tag(),
            ..RequestLine::default()
        };
        line.set_mistake(request, mistake);
        line
    }

    fn set_mistake(&mut self, request: &'a Request, mistake: &'a Mistake) {
        self.invalid = Some(mistake.reason.as_ref().into());
        self.invalid_at = mistake.position;
        self.invalid_text = mistake.shown.as_deref();
        self.row = request.needs_template();
        match request
            .raw_line()
            .map(|line| (std::str::from_utf8(line), line))
        {
            Some((Ok(text), _)) => self.raw_line = Some(text),
            Some((Err(_), line)) => self.raw_line_base64 = Some(STANDARD.encode(line)),
            None => {}
        }
    }

    /// Makes the line of a request. `secrets`: true if secrets are kept.
    fn new(request: &'a Request, secrets: bool) -> RequestLine<'a> {
        let redaction = request.redaction();
        let mut redacted: Vec<Cow<'a, str>> = Vec::new();
        let mut leave_out = |name: Cow<'a, str>| {
            if !redacted.contains(&name) {
                redacted.push(name);
            }
        };
        let mut headers = Pairs::<Option<OneOrMany>>::default();
        for (name, value) in request.header_edits() {
            let Some(value) = value else {
                headers.entry(name.as_str());
                continue;
            };
            let secret = !secrets && (value.is_sensitive() || redaction.is_secret(name));
            // JSON cannot hold bytes that are not UTF-8, and changed bytes must not be sent.
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
            for name in bare.left_out() {
                leave_out(name.into());
            }
            url = bare.url;
        }
        let digest = request.digest();
        if digest.is_some() && !secrets {
            leave_out(AUTHORIZATION.as_str().into());
        }
        let mut line = RequestLine {
            url,
            method: Some(request.method().as_str().into()),
            credentials_for: credentials::written(request),
            headers,
            auth: digest.filter(|_| secrets).map(|credentials| DigestLine {
                user: &credentials.user,
                password: &credentials.password,
                digest: true,
            }),
            ..RequestLine::default()
        };
        if let Some(options) = request.options() {
            for name in options.needed_names() {
                leave_out(name.into());
            }
            for (name, value) in &options.query {
                match !secrets && redaction.is_secret_query(name) {
                    true => leave_out(format!("?{name}").into()),
                    false => line.params.last(name).push(value),
                }
            }
            line.set(options);
        }
        let in_body: Vec<_> = redaction.in_body().filter(|_| !secrets).collect();
        for value in &in_body {
            leave_out(format!("{{{}}}", value.name).into());
        }
        // A request without its body must not become a valid request: the names that were left out prevent that.
        if in_body.is_empty() {
            line.set_body(request.sends());
        }
        if let Some(mistake) = request.invalid() {
            line.set_mistake(request, mistake);
        }
        line.redacted = redacted;
        line
    }

    fn set_body(&mut self, body: &'a RequestContent) {
        match body {
            RequestContent::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok("") => {}
                Ok(text) => self.body = Some(text.into()),
                Err(_) => self.body_base64 = Some(STANDARD.encode(bytes)),
            },
            RequestContent::Streamed(stream) => {
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

    /// Shortens a body that is too large for a line: to the file it was read from, or else to its beginning.
    fn shorten_body(&mut self, request: &'a Request) {
        let is_written = self.body.is_some() || self.body_base64.is_some();
        if !is_written && self.body_file.is_none() && self.body_pieces.is_none() {
            return;
        }
        (self.body_file, self.body_base64, self.body_pieces) = (None, None, None);
        if let Some(path) = request.body_file_of_bytes() {
            self.body = None;
            self.body_file = Some(path.into());
            return;
        }
        self.body_truncated = true;
        self.body = self.body.take().map(|text| body::cut(text, KEPT).0);
        if let RequestContent::Bytes(bytes) = request.sends()
            && self.body.is_none()
        {
            self.body_base64 = Some(STANDARD.encode(&bytes[..bytes.len().min(KEPT)]));
        }
    }

    fn set(&mut self, options: &'a Options) {
        for rule in &options.rules {
            if let RejectionRule::Require(pointer, value) = rule {
                self.require.0.push((pointer.clone(), value));
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
        self.cost = options.cost;
        self.max_redirs = options.max_redirects;
        self.accept = options.accept.as_ref().map(codes_of);
        self.expect_json = options.expect_json;
        self.keep_encoding = options.keep_encoding;
        if let Some(save) = &options.save {
            self.output_durable = save.durable;
            match save.path.to_str() {
                // The name was not known, and is made anew.
                _ if save.namer.is_some() => {}
                Some(path) => self.output_file = Some(path.into()),
                None => {
                    self.invalid = Some(
                        "the path it was to be saved to is no UTF-8, and could not be written down"
                            .into(),
                    );
                }
            }
        }
        let download = options.download();
        self.sha256 = download.sha256.map(|digest| hexadecimal(&digest));
        self.size = download.size;
        self.tag = options.tag.as_ref();
        self.sitemap = options.sitemap;
    }
}

/// The request of a line of a failure log, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Written(Box<RawValue>);

impl Written {
    /// Writes the request. `secrets`: true if secrets are kept. `mistake`: the reason why the request could not be
    /// read.
    pub(super) fn new(request: &Request, secrets: bool, mistake: Option<&Mistake>) -> Written {
        let line = to_raw_value(&match mistake.or(request.invalid()) {
            Some(mistake) if !secrets => RequestLine::unread(request, mistake),
            _ => RequestLine::new(request, secrets),
        });
        Written(line.expect("a request is always valid JSON"))
    }

    /// Writes the request with a shortened body, since the body is too large for a line.
    pub(super) fn without_body(request: &Request, secrets: bool) -> Written {
        let line = match request.invalid() {
            // The raw line of this request is too large to be kept in another line.
            Some(mistake) if !secrets => RequestLine {
                raw_line: None,
                raw_line_base64: None,
                ..RequestLine::unread(request, mistake)
            },
            _ => {
                let mut line = RequestLine::new(request, secrets);
                line.shorten_body(request);
                line
            }
        };
        Written(to_raw_value(&line).expect("a request is always valid JSON"))
    }

    /// Writes a stand-in for a request that is too large for a line.
    pub(super) fn too_large(url: &str) -> Written {
        let line = RequestLine {
            url: url.into(),
            invalid: Some(TOO_LARGE.into()),
            ..RequestLine::default()
        };
        Written(to_raw_value(&line).expect("a request is always valid JSON"))
    }

    pub(super) fn as_json(&self) -> &str {
        self.0.get()
    }

    pub(super) fn to_request(&self) -> Result<Request, InvalidLine> {
        let keys = ObjectFields::logged(&self.0, self.0.get())?;
        logged::of_log(&keys, ReadSettings::default()).map(|read| read.request)
    }
}

impl PartialEq for Written {
    fn eq(&self, other: &Written) -> bool {
        self.0.get() == other.0.get()
    }
}
