//! Responses made by hand.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::{ExchangeFacts, Response};
use crate::redact::Redaction;
use crate::timing::Phases;
use crate::url::{self, Url};
use http::Version;

/// URL of a response made by hand that was given none.
const URL: &str = "http://response.test/";

/// Builder of a [`Response`] for a test, as a server would have sent it.
///
/// ```
/// use haul::Response;
///
/// let response = Response::builder(200)
///     .header("x-total", "1")
///     .json(&serde_json::json!([{"name": "pen"}]))
///     .build();
/// assert_eq!(response.pointer("/0/name")?, Some("pen".into()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct ResponseBuilder {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    url: Url,
    truncated: bool,
}

impl Response {
    /// Starts a response for a test.
    ///
    /// Without a body it has an empty one, and without a URL that of its request if it is put into an
    /// [`Outcome`](crate::Outcome::builder).
    pub fn builder(status: u16) -> ResponseBuilder {
        ResponseBuilder {
            status,
            headers: HeaderMap::new(),
            body: Vec::new(),
            url: http::Uri::from_static(URL).into(),
            truncated: false,
        }
    }

    /// Sets the URL that answered, if the response was made by hand and given none.
    pub(crate) fn answered_by(mut self, url: impl FnOnce() -> Option<Url>) -> Response {
        if *self.final_url() == URL
            && let Some(url) = url()
        {
            Arc::make_mut(&mut self.head).url = Arc::new(url);
        }
        self
    }
}

impl ResponseBuilder {
    /// Adds a header. A name that is given twice is there twice.
    ///
    /// # Panics
    /// If the name or the value is not allowed in a header.
    #[track_caller]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        let parsed = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        );
        let (Ok(name), Ok(value)) = parsed else {
            panic!("a header {name:?} with this value cannot be sent");
        };
        self.headers.append(name, value);
        self
    }

    /// Sets the body, as it is after decompression.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self
    }

    /// Sets a JSON body, and `Content-Type: application/json` unless there is a `Content-Type`.
    ///
    /// # Panics
    /// If the value cannot be written as JSON.
    #[track_caller]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body = body,
            Err(error) => panic!("the value is no JSON: {error}"),
        }
        let json = HeaderValue::from_static("application/json");
        self.headers.entry(CONTENT_TYPE).or_insert(json);
        self
    }

    /// Sets the URL that answered, after redirects.
    ///
    /// # Panics
    /// If the text is no absolute `http` or `https` URL.
    #[track_caller]
    pub fn url(mut self, url: impl AsRef<str>) -> Self {
        match url::parse(url.as_ref()) {
            Ok(url) => self.url = url,
            Err(mistake) => panic!("no URL for a response: {}", mistake.reason),
        }
        self
    }

    /// Says that the body was cut at a limit: see [`Response::is_truncated`].
    pub fn truncated(mut self, truncated: bool) -> Self {
        self.truncated = truncated;
        self
    }

    /// Builds the response.
    pub fn build(self) -> Response {
        let head = ExchangeFacts {
            status: self.status,
            version: Version::HTTP_11,
            headers: self.headers.into(),
            url: Arc::new(self.url),
            history: Box::default(),
            timings: Phases::default(),
            remote: None,
            reused: false,
            undecoded: false,
            saved: None,
            redaction: Redaction::default(),
        };
        Response::new(Arc::new(head), self.body, self.truncated)
    }
}
