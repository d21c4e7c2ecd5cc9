//! Record of the requests that a scripted transport was asked to send.

use std::fmt;
use std::io::Read;

use crate::error::ErrorType;
use crate::redact::Redaction;
use crate::timing::Phase;
use crate::transport::{Call, Fault};
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;

/// Request that a [`Script`](super::Script) was asked to send: one for each attempt
/// and each redirect.
#[derive(Clone)]
pub struct RecordedCall {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl RecordedCall {
    /// Reads a call of a client.
    pub(super) fn of(call: &Call<'_>) -> Result<RecordedCall, Box<Fault>> {
        let mut body = Vec::new();
        let read = call.body()?.read_to_end(&mut body);
        read.map_err(|error| {
            let message = format!("the body of the request cannot be read: {error}");
            let fault = Fault::new(ErrorType::Io, Phase::Send, message);
            Box::new(fault.permanent().because(error))
        })?;
        Ok(RecordedCall {
            method: call.method().clone(),
            url: call.uri().to_string(),
            headers: call.headers().clone(),
            body,
        })
    }

    /// Returns the method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the URL, absolute and with its query.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns a header's value as text.
    ///
    /// `None`: the request has no such header, or its value is not printable ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the headers, without those that frame the request (`Host`, `Content-Length`).
    ///
    /// They hold secrets.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body; empty if the request has none.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// When the body is not JSON, or does not fit `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// Returns method and URL, secrets masked.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.method, Redaction::USUAL.url(&self.url))
    }
}

/// Method and URL, secrets masked.
impl fmt::Debug for RecordedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({}, {} bytes)", self.shown(), self.body.len())
    }
}
