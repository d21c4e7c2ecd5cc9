//! Records that go from a results file to a failure log, or the other way.

use std::borrow::Cow;

use super::credentials;
use super::request::Written;
use super::{BodyEncoding, Record};
use crate::key::Key;
use crate::request::Request;
use crate::response::decode;
use crate::url::Mistake;

impl Record<'_> {
    /// The mistake in a URL that could not be read. `None`: the failure is another one.
    fn mistake(&self) -> Option<Mistake> {
        let shown = self.error_text.as_deref()?;
        Some(Mistake {
            reason: self
                .error_msg
                .as_deref()
                .unwrap_or_default()
                .to_owned()
                .into(),
            position: self.error_position,
            shown: Some(shown.into()),
        })
    }
}

impl Record<'static> {
    /// Makes the failure log's record of a results file's record and its request. The text of the response is taken
    /// from the body in the record.
    pub(crate) fn into_failure(mut self, request: &Request, secrets: bool) -> Record<'static> {
        let mistake = match request.invalid() {
            Some(_) => None,
            None => self.mistake(),
        };
        self.request = Some(Written::new(request, secrets, mistake.as_ref()));
        self.credentials_for = None;
        let content_type = self.content_type.as_deref();
        let text = match (&self.json, &self.charset) {
            (Some(json), _) => Some(json.as_json().to_owned().into()),
            // The body is text already.
            (None, Some(_)) => self.body.clone(),
            (None, None) => self
                .body_bytes()
                .map(|body| Cow::Owned(decode(&body, content_type).into_owned())),
        };
        if text.is_some() && self.body == text {
            (self.body, self.body_encoding) = (None, None);
        }
        if self.json.take().is_some() {
            self.body_truncated = Some(false);
        }
        self.response_text = text;
        self
    }

    /// Makes the results file's record of a failure log's record. The text of the response becomes the body if the log
    /// left the body out as the same. `bodies`: true if records have bodies.
    pub(crate) fn into_result(mut self, key: Key, bodies: bool) -> Record<'static> {
        self.key = key;
        self.credentials_for = self.request.take().and_then(|request| {
            let place = (self.source.as_deref(), self.page);
            credentials::of_failure(request.as_json(), &self.url, place)
        });
        let text = self.response_text.take();
        if !bodies {
            (self.body, self.body_encoding) = (None, None);
            (self.charset, self.body_truncated) = (None, None);
        } else if self.body.is_none() && text.is_some() {
            (self.body, self.body_encoding) = (text, Some(BodyEncoding::Utf8));
        }
        self
    }
}
