//! Responses of servers.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Uri, Version};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::redact::escape::Escaped;
use crate::redact::{Redaction, header_text};
use crate::timing::{Phases, Timings};
use crate::url::Url;

pub use builder::ResponseBuilder;
pub(crate) use charset::{NamedText, lossy as decode};
pub(crate) use headers::Headers;
pub use links::Link;
pub(crate) use pointer::{check as check_pointer, find, find_from_ends, find_written};
pub use saved::Saved;
pub(crate) use value::parse;

mod builder;
mod charset;
mod headers;
mod links;
mod pointer;
mod saved;
mod value;

/// Complete response: status, headers, and the whole body.
///
/// The body is in memory or [saved](Response::saved) to a file.
///
/// The body was read inside the attempt and decompressed (features `gzip`, `brotli`, `deflate`, `zstd`), so the
/// response of a success is never cut short.
#[derive(Clone)]
pub struct Response {
    head: Arc<ExchangeFacts>,
    body: Vec<u8>,
    truncated: bool,
}

/// Head of a response, and facts about its exchange.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeFacts {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
    /// URL that answered.
    pub(crate) url: Arc<Url>,
    pub(crate) history: Box<[Hop]>,
    pub(crate) timings: Phases,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) reused: bool,
    /// True if the body has a content coding that this build does not decode.
    pub(crate) undecoded: bool,
    pub(crate) saved: Option<Box<Saved>>,
    /// Rules by which secrets of the response are masked.
    pub(crate) redaction: Redaction,
}

/// Redirect that was followed.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// Status that redirected: 301, 302, 303, 307 or 308.
    pub status: u16,
    /// URL that answered with it, userinfo masked.
    pub url: String,
    /// URL that it led to, resolved against `url`, userinfo masked.
    pub location: String,
}

impl Response {
    pub(crate) fn new(head: Arc<ExchangeFacts>, body: Vec<u8>, truncated: bool) -> Response {
        Response {
            head,
            body,
            truncated,
        }
    }

    /// Sets a coding of the body that was not decoded.
    #[cfg(test)]
    pub(crate) fn with_coding(mut self, value: &str) -> Response {
        let head = Arc::make_mut(&mut self.head);
        head.undecoded = true;
        let value = http::HeaderValue::from_str(value);
        head.headers.change(|headers| {
            value
                .map(|value| headers.append(CONTENT_ENCODING, value))
                .is_ok()
        });
        self
    }

    /// Sets the file that the body was saved to.
    pub(crate) fn with_saved(mut self, saved: Saved) -> Response {
        Arc::make_mut(&mut self.head).saved = Some(Box::new(saved));
        self
    }

    pub(crate) fn head(&self) -> &Arc<ExchangeFacts> {
        &self.head
    }

    /// Returns the status code.
    #[doc(alias = "status_code")]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Returns the response headers.
    ///
    /// If the body was decompressed, `Content-Encoding` and `Content-Length` are removed (RFC 9110 §8.7).
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Returns a header's value as text. `None`: it is not there, or not printable ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Returns the HTTP version: HTTP/1.0 or HTTP/1.1.
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// Returns the URL that answered, after redirects.
    pub fn final_url(&self) -> &Uri {
        self.head.url.uri()
    }

    /// Returns the redirects that were followed, oldest first.
    pub fn history(&self) -> &[Hop] {
        &self.head.history
    }

    /// Returns the duration of each phase of the attempt.
    #[doc(alias = "elapsed")]
    pub fn timings(&self) -> Timings {
        self.head.timings.into()
    }

    /// Returns the address that answered. `None` with a scripted transport.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.head.remote
    }

    /// True if the response came over a kept-alive connection.
    pub fn is_reused(&self) -> bool {
        self.head.reused
    }

    /// Returns the body; empty if it was [saved](Response::saved) to a file.
    #[doc(alias = "content")]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body, by value.
    pub fn into_bytes(self) -> Vec<u8> {
        self.body
    }

    /// Returns the file that the body was written to.
    ///
    /// `None`: the request did not ask for one, the status was not accepted, or the response has no body by definition
    /// (to HEAD; 204, 304).
    pub fn saved(&self) -> Option<&Saved> {
        self.head.saved.as_deref()
    }

    /// True if the body was cut at a limit, or by the caller.
    ///
    /// The limit is 64 KiB if the status was not accepted, or else the [limit](crate::ClientBuilder::body_limit) of
    /// bodies, which is then a failure of class [`BodyTooLarge`](crate::ErrorType::BodyTooLarge). The response of a
    /// success is whole, unless the body was handed on as it came: then it was longer than the limit, or the closure of
    /// [`on_chunk`](crate::Request::on_chunk), [`on_event`](crate::Request::on_event) or
    /// [`on_line`](crate::Request::on_line) broke it off. False for a body that ended early because the connection was
    /// lost.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Returns the `Content-Type` header. `None`: it is not there, or not printable ASCII.
    pub fn content_type(&self) -> Option<&str> {
        let value = self.head.headers.first(&CONTENT_TYPE)?;
        let printable = |b: &u8| matches!(b, b' '..=b'~' | b'\t');
        let text = std::str::from_utf8(value).ok()?;
        value.iter().all(printable).then_some(text)
    }

    /// Returns the `Content-Encoding` that the body still has.
    ///
    /// A body has one if one of its codings is unknown, or belongs to a feature that this build lacks, or if it was to
    /// be [kept](crate::Request::keep_encoding), so the body is as it came. `None`: the body has no coding, or was decoded.
    pub fn content_encoding(&self) -> Option<String> {
        self.head.content_encoding()
    }

    /// Returns the body as text.
    ///
    /// The text is decoded by the charset of the `Content-Type` (feature `charset`), else by a byte order mark, else as
    /// UTF-8. Bytes that cannot be decoded become U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        charset::lossy(&self.body, self.content_type())
    }

    /// Reads the body as JSON: UTF-8, or the charset that the `Content-Type` names (feature `charset`).
    ///
    /// A byte order mark is skipped.
    ///
    /// # Errors
    /// When the body is not text in that charset, not JSON, or does not fit `T`.
    ///
    /// ```
    /// # fn read(response: &haul::Response) -> Result<(), serde_json::Error> {
    /// let ids: Vec<u64> = response.json()?;
    /// # Ok(()) }
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.json_text()?)
    }

    /// Reads the body as a JSON value.
    ///
    /// Its arrays take no more memory than their items: large ones take less memory, and less time, than with
    /// [`json`](Response::json). The value still takes many times as much memory as the body;
    /// [`pointer`](Response::pointer) takes none for the values that it passes by.
    ///
    /// # Errors
    /// When the body is not text in its charset, or not JSON.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        value::parse(&self.json_text()?)
    }

    /// Returns the value at a JSON pointer (RFC 6901), such as `/error/code` or `/items/0`, in the body.
    ///
    /// Only this value is built, not a [`Value`] of the whole body. `None`: the body has no value there, or `pointer`
    /// is not empty and does not begin with `/`. An empty pointer is the whole body.
    ///
    /// ```
    /// # fn read(response: &haul::Response) -> Result<(), serde_json::Error> {
    /// let code = response.pointer("/error/code")?;
    /// assert_ne!(code, Some(429.into()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the body is not text in its charset, or not JSON.
    #[doc(alias = "jq")]
    pub fn pointer(&self, pointer: &str) -> Result<Option<Value>, serde_json::Error> {
        let text = self.json_text()?;
        let found = pointer::find(&text, &[pointer])?.remove(0);
        found.map(|raw| value::parse(raw.get())).transpose()
    }

    /// Returns the body as text that may be JSON.
    pub(crate) fn json_text(&self) -> Result<Cow<'_, str>, serde_json::Error> {
        let text = charset::strict(&self.body, self.content_type());
        text.map_err(serde::de::Error::custom)
    }

    /// Returns the first bytes of the body as text, if its `Content-Type` names a charset other than UTF-8. `None`: it
    /// does not, or they are not text in it.
    pub(crate) fn named_text(&self, limit: usize) -> Option<NamedText> {
        let is_whole = !self.truncated && self.body.len() <= limit;
        let beginning = &self.body[..self.body.len().min(limit)];
        charset::named(beginning, self.content_type(), is_whole)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.head.status)
            .field("url", &self.head.redaction.uri(self.head.url.uri()))
            .field(
                "headers",
                &self.head.redaction.debug_response(&self.head.headers),
            )
            .field("size_bytes", &self.body.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, location) = (Escaped(&self.url), Escaped(&self.location));
        write!(f, "{} {url} -> {location}", self.status)
    }
}

impl ExchangeFacts {
    /// Makes a head that has only its status and the URL that answered.
    #[cfg(test)]
    pub(crate) fn of(status: u16, url: Arc<Url>) -> ExchangeFacts {
        ExchangeFacts {
            status,
            version: Version::HTTP_11,
            headers: Headers::default(),
            url,
            history: Box::default(),
            timings: Phases::default(),
            remote: None,
            reused: false,
            undecoded: false,
            saved: None,
            redaction: Redaction::default(),
        }
    }

    /// Returns the `Content-Type` as sent, as a record shows it.
    pub(crate) fn content_type(&self) -> Option<Cow<'_, str>> {
        self.headers.first(&CONTENT_TYPE).map(header_text)
    }

    /// Returns the codings that the body still has, in one list.
    pub(crate) fn content_encoding(&self) -> Option<String> {
        if !self.undecoded {
            return None;
        }
        let lines = self.headers.get_all(CONTENT_ENCODING).iter();
        let values: Vec<_> = lines.map(|value| header_text(value.as_bytes())).collect();
        Some(values.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(content_type: &str, body: &[u8]) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        headers.insert("set-cookie", "sid=secret".parse().unwrap());
        let url = Arc::new(Uri::from_static("http://user:secret@h/").into());
        let head = ExchangeFacts {
            headers: headers.into(),
            ..ExchangeFacts::of(200, url)
        };
        Response::new(Arc::new(head), body.to_vec(), false)
    }

    #[test]
    fn text_is_utf8_unless_the_server_says_otherwise() {
        assert_eq!(response("text/plain", "余额".as_bytes()).text(), "余额");
        assert_eq!(response("text/plain", b"a\xffb").text(), "a\u{fffd}b");
    }

    #[cfg(feature = "charset")]
    #[test]
    fn text_follows_the_charset_of_the_content_type() {
        assert_eq!(
            response("text/html; charset=gbk", b"\xd3\xe0\xb6\xee").text(),
            "余额"
        );
        assert_eq!(
            response("text/html; a=b; Charset=\"ISO-8859-1\"", b"\xe9").text(),
            "é"
        );
        assert_eq!(response("text/html; charset=nonsense", b"ok").text(), "ok");
    }

    #[test]
    fn json_is_read_with_or_without_a_byte_order_mark() {
        assert_eq!(
            response("application/json", b"\xef\xbb\xbf[1,2]")
                .json::<Vec<u8>>()
                .unwrap(),
            [1, 2]
        );
        assert!(response("application/json", b"<html>").value().is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", response("text/plain", b"x"));
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("http://***@h/"), "{shown}");
    }
}
