//! Previews of requests: method, URL, headers and body size, found without sending anything.

use std::sync::Arc;

use crate::error::Error;
use crate::host::Host;
use crate::request::Request;
use crate::transport::CancelSlot;
use crate::url::Url;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};

use super::context::Engine;
use super::exchange::{OutgoingParts, call, with_cookies};
use super::settings::RequestSettings;
use super::target::{KeptUrl, resolve};

/// Stand-in for a token that is not fetched yet.
const UNKNOWN_TOKEN: HeaderValue = HeaderValue::from_static("Bearer ***");

/// Head of a request as its first attempt would send it, with secrets masked, and the size of its body.
///
/// See [`Client::preview`](crate::Client::preview).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body_bytes: Option<u64>,
}

impl Preview {
    /// Returns the method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the URL that the request is sent to, with secrets masked.
    ///
    /// It is resolved against the client's base URL and has all query parameters.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the names, in lower case, and the values of all headers.
    ///
    /// Headers that haul adds by itself are included. The value of a secret is `***`.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the size of the body in bytes, 0 without a body.
    ///
    /// `None`: a reader of unknown length supplies the body.
    pub fn body_bytes(&self) -> Option<u64> {
        self.body_bytes
    }
}

impl Engine {
    /// Returns the head of a request as its first attempt would send it.
    pub(crate) fn preview(&self, request: &Request) -> Result<Preview, Error> {
        let (resolved, _) =
            resolve(&self.defaults, request, |_| None::<(Url, ())>).map_err(Error::invalid)?;
        let of_host = self
            .defaults
            .host_settings(Host::of(resolved.url.uri()).as_ref());
        let target = resolved.into_target(&self.defaults, request, KeptUrl::Parsed);
        let settings = RequestSettings::of(&self.defaults, &of_host, request, target.plain);
        let prepared = self.prepare(request, &target, settings)?;
        let mut headers = Arc::clone(&prepared.headers);
        if target.token.is_some() {
            Arc::make_mut(&mut headers).insert(AUTHORIZATION, UNKNOWN_TOKEN);
        }
        let with_cookies = with_cookies(self, settings, &prepared, &headers);
        let outgoing = OutgoingParts {
            prepared: &prepared,
            headers: with_cookies.as_ref().unwrap_or(&headers),
            body: settings.body(),
        };
        let cancel = CancelSlot::new();
        let call = call(self, settings, outgoing, &cancel);
        let sent = self
            .transport
            .preview(&call)
            .map_err(|fault| Error::new(fault.error_type, fault.message).at(fault.phase))?;
        let redaction = &prepared.redaction;
        let shown = |(name, value)| {
            let text = redaction.request_header(name, value);
            (name.as_str().to_owned(), text)
        };
        Ok(Preview {
            headers: sent.headers.iter().map(shown).collect(),
            url: redaction.uri(prepared.uri()),
            body_bytes: sent.body_bytes,
            method: prepared.method.clone(),
        })
    }
}
