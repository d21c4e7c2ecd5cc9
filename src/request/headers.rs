//! Headers of a request: added, and left out.

use std::sync::Arc;

use super::{HeaderEdit, Request};
use crate::redact::{Redaction, beginning};
use crate::settings::DigestCredentials;
use crate::settings::basic::{basic, bearer};
use crate::url::Mistake;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Upper bound for the length of a name that is shown, in bytes.
pub(super) const SHOWN: usize = 100;

impl Request {
    /// Adds a header.
    ///
    /// It replaces a header that the client has by default; the same name given twice is sent twice.
    ///
    /// A request with a `Range` is sent without `Accept-Encoding` unless it sets one: the range counts bytes of the
    /// plain content, not of a compressed one.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Request {
        let name = name.as_ref();
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            return self.spoiled(wrong_name(name));
        };
        let Ok(mut value) = HeaderValue::from_bytes(value.as_ref()) else {
            let mistake =
                Mistake::new("the value of a header holds a character that may not be sent");
            return self.spoiled(mistake.showing(parsed.as_str()));
        };
        value.set_sensitive(Redaction::USUAL.is_secret(&parsed));
        self.forget_digest_for(&parsed);
        let headers = &mut self.content_mut().headers;
        headers.retain(|(other, value)| *other != parsed || value.is_some());
        headers.push((parsed, Some(value)));
        self
    }

    /// Leaves out a header.
    ///
    /// Left out are headers of this name that the request had so far or the client has by default, and a header that
    /// would be added on the way, such as `Accept`, `Accept-Encoding`, `User-Agent`, `Content-Type`, `Expect`, or a
    /// `Cookie` of the jar (`requests` writes this as a header of `None`).
    ///
    /// `Host`, `Content-Length`, `Transfer-Encoding` and `Connection` frame the message and cannot be left out: the
    /// outcome is of class [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    ///
    /// ```
    /// let request = haul::Request::get("https://example.com/").without_header("accept-encoding");
    /// ```
    pub fn without_header(mut self, name: impl AsRef<str>) -> Request {
        let name = name.as_ref();
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            return self.spoiled(wrong_name(name));
        };
        if let Err(reason) = check_removal(&parsed) {
            return self.spoiled(reason);
        }
        self.forget_digest_for(&parsed);
        let headers = &mut self.content_mut().headers;
        headers.retain(|(other, _)| *other != parsed);
        headers.push((parsed, None));
        self
    }

    /// Sets basic authentication (RFC 7617).
    #[doc(alias = "auth")]
    pub fn basic_auth(self, user: impl AsRef<str>, password: impl AsRef<str>) -> Request {
        match basic(user.as_ref(), password.as_ref()) {
            Ok(value) => self.replace_header(AUTHORIZATION, value),
            Err(reason) => self.spoiled(reason),
        }
    }

    /// Sets digest authentication (RFC 7616), in place of the client's credentials.
    ///
    /// [`ClientBuilder::digest_auth`](crate::ClientBuilder::digest_auth) says how challenges are answered. Requests with
    /// equal credentials share the server's nonces.
    ///
    /// ```
    /// let request = haul::Request::get("https://camera.example/still").digest_auth("user", "password");
    /// ```
    #[doc(alias = "HTTPDigestAuth")]
    pub fn digest_auth(mut self, user: impl AsRef<str>, password: impl AsRef<str>) -> Request {
        match DigestCredentials::new(user.as_ref(), password.as_ref()) {
            Ok(credentials) => {
                if let Some(content) = &mut self.content {
                    content.headers.retain(|(name, _)| *name != AUTHORIZATION);
                }
                self.options_mut().digest = Some(Arc::new(credentials));
                self
            }
            Err(reason) => self.spoiled(reason),
        }
    }

    /// Sets a bearer token (RFC 6750).
    pub fn bearer(self, token: impl AsRef<str>) -> Request {
        match bearer(token.as_ref()) {
            Ok(value) => self.replace_header(AUTHORIZATION, value),
            Err(reason) => self.spoiled(reason),
        }
    }

    /// Returns the headers set on the request itself, in order. `None` in place of a value: the header is left out.
    pub(crate) fn header_edits(&self) -> &[HeaderEdit] {
        self.content
            .as_ref()
            .map_or(&[], |content| &content.headers)
    }

    /// Returns the request's own credentials for digest authentication. `None`: it has none.
    pub(crate) fn digest(&self) -> Option<&Arc<DigestCredentials>> {
        self.options()?.digest.as_ref()
    }

    /// Drops the credentials for digest authentication if this header, which is set or left out, replaces them.
    fn forget_digest_for(&mut self, name: &HeaderName) {
        if *name == AUTHORIZATION && self.digest().is_some() {
            self.options_mut().digest = None;
        }
    }

    pub(super) fn replace_header(mut self, name: HeaderName, value: HeaderValue) -> Request {
        self.forget_digest_for(&name);
        let headers = &mut self.content_mut().headers;
        headers.retain(|(other, _)| *other != name);
        headers.push((name, Some(value)));
        self
    }
}

fn wrong_name(name: &str) -> Mistake {
    Mistake::new("the header name is not valid").showing(beginning(name, SHOWN))
}

/// Refuses to leave out a header that frames the message. The error names the header.
pub(crate) fn check_removal(name: &HeaderName) -> Result<(), String> {
    match *name {
        HOST | CONTENT_LENGTH | TRANSFER_ENCODING | CONNECTION => Err(format!(
            "the header {name} frames the message and cannot be left out"
        )),
        _ => Ok(()),
    }
}

/// Refuses headers that HTTP does not allow: a second `Host`, and a `Host` or `Authorization` that is not ASCII text.
pub(crate) fn check_sent(headers: &HeaderMap) -> Result<(), String> {
    if headers.get_all(HOST).iter().nth(1).is_some() {
        return Err("the header host is given more than once (once is expected)".to_owned());
    }
    for name in [HOST, AUTHORIZATION] {
        let mut values = headers.get_all(&name).iter();
        if values.any(|value| value.to_str().is_err()) {
            return Err(format!(
                "the value of header {name} holds a character that may not be sent (ASCII is expected)"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(request: &Request) -> Vec<(&str, Option<&[u8]>)> {
        let edits = request.header_edits().iter();
        edits
            .map(|(name, value)| (name.as_str(), value.as_ref().map(HeaderValue::as_bytes)))
            .collect()
    }

    #[test]
    fn the_last_word_on_a_name_holds() {
        let left_out = Request::get("http://h/").header("x", "1").header("y", "2");
        let left_out = left_out.without_header("X");
        assert_eq!(edits(&left_out), [("y", Some(&b"2"[..])), ("x", None)]);
        let given = left_out.header("x", "3").header("x", "4");
        let expected = [("y", "2"), ("x", "3"), ("x", "4")];
        assert_eq!(
            edits(&given),
            expected.map(|(name, value)| (name, Some(value.as_bytes())))
        );
    }

    #[test]
    fn the_type_of_a_body_can_be_left_out_before_and_after_the_body() {
        let before = Request::post("http://h/")
            .without_header("content-type")
            .text("a");
        let after = Request::post("http://h/")
            .text("a")
            .without_header("Content-Type");
        for request in [before, after] {
            assert_eq!(edits(&request), [("content-type", None)]);
        }
    }

    #[test]
    fn a_header_that_frames_the_message_cannot_be_left_out() {
        for name in ["Host", "content-length", "Transfer-Encoding", "CONNECTION"] {
            let request = Request::get("http://h/").without_header(name);
            let reason = &request.invalid().unwrap().reason;
            let name = name.to_lowercase();
            assert!(
                reason.starts_with(&format!("the header {name} frames the message")),
                "{reason}"
            );
        }
    }
}
