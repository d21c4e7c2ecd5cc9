//! Settings of a request in place of the client's defaults.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::extension::Extensions;
use super::headers::SHOWN;
use super::{BodyUse, DownloadOptions, PageFacts, Request, SaveTo, Tag};
use crate::cookies::CookieJar;
use crate::host::Host;
use crate::redact::{OwnSecrets, Redaction, beginning};
use crate::rejection::Rejection;
use crate::response::{Response, check_pointer};
use crate::settings::DigestCredentials;
use crate::settings::StatusSet;
use crate::settings::Timeouts;
use crate::settings::{RedirectPolicy, RetryPolicy};
use crate::url::{self, Mistake};
use http::HeaderName;

/// Options that few requests set, kept apart so that many requests stay small.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) query: Vec<(String, String)>,
    /// True if the query was read from the `params` of a line.
    pub(crate) line_params: bool,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Option<Arc<RetryPolicy>>,
    pub(crate) accept: Option<StatusSet>,
    pub(crate) expect_json: Option<bool>,
    /// True if the content codings of the body stay. `None`: the client decides.
    pub(crate) keep_encoding: Option<bool>,
    pub(crate) idempotent: bool,
    /// Cost of each attempt. `None`: the client decides.
    pub(crate) cost: Option<u32>,
    pub(crate) max_redirects: Option<u32>,
    pub(crate) body_limit: Option<u64>,
    pub(crate) redirects: Option<RedirectPolicy>,
    pub(crate) cookies: Option<CookieJar>,
    /// Credentials for digest authentication. `None`: none of the request's own, or a header has other credentials.
    pub(crate) digest: Option<Arc<DigestCredentials>>,
    pub(crate) rules: Vec<RejectionRule>,
    pub(crate) save: Option<SaveTo>,
    /// Settings for a body that is saved. `None`: none was set.
    pub(crate) download: Option<Box<DownloadOptions>>,
    pub(crate) body_use: BodyUse,
    /// True if a HEAD that the server refuses is asked again by GET.
    pub(crate) or_get: bool,
    /// True if the URL's other scheme is tried when its host cannot be connected to.
    pub(crate) or_other_scheme: bool,
    pub(crate) id: Option<String>,
    pub(crate) tag: Option<Tag>,
    /// Values of the caller's own types. `None`: there are none.
    pub(crate) extensions: Option<Box<Extensions>>,
    pub(crate) invalid: Option<Mistake>,
    /// Line that the request stands for, since it could not be read. `None`: the request could be read.
    pub(crate) bad_line: Option<Box<BadLine>>,
    /// Place in a chain of pages. `None`: the request is of no chain.
    pub(crate) page: Option<Arc<PageFacts>>,
    /// Host to which the credentials of the client belong. `None`: to every host.
    pub(crate) home: Option<Host>,
    /// True if credentials go to no host.
    pub(crate) no_credentials: bool,
    /// True if the request is for a sitemap.
    pub(crate) sitemap: bool,
    /// Names of secret headers that a failure log left out: the client's defaults must have them.
    pub(crate) needs_headers: Vec<HeaderName>,
    /// Names of query parameters that a failure log left out, likewise.
    pub(crate) needs_query: Vec<String>,
    /// Names of placeholders whose values a failure log left out, and that only the list has.
    pub(crate) needs_values: Vec<String>,
    /// Rules by which secrets of the request are masked.
    pub(crate) redaction: Redaction,
}

/// Line of input that could not be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct BadLine {
    /// Digest of the line, by which a resumed batch recognises it. `None`: the line is not known any more.
    pub(crate) digest: Option<[u8; 32]>,
    /// Line as it was written, for the failure log. `None`: it is not kept.
    pub(crate) raw: Option<Vec<u8>>,
    /// True if the line is a row of values for a template.
    pub(crate) row: bool,
}

/// Predicate that sees an accepted response and may reject it.
pub(crate) type Predicate = Arc<dyn Fn(&Response) -> Option<Rejection> + Send + Sync>;

/// Rule by which an application may reject a request that was technically a success.
#[derive(Clone)]
pub(crate) enum RejectionRule {
    /// JSON body must hold this value at this pointer (RFC 6901).
    Require(String, Value),
    /// Caller's own predicate.
    RejectIf(Predicate),
}

impl RejectionRule {
    /// Makes a rule that the JSON body must hold this value at the pointer.
    ///
    /// # Errors
    /// When the text is not a JSON pointer (RFC 6901 §3).
    pub(crate) fn require(pointer: String, wanted: Value) -> Result<RejectionRule, Mistake> {
        match check_pointer(&pointer) {
            Ok(()) => Ok(RejectionRule::Require(pointer, wanted)),
            Err(mistake) => Err(mistake.showing(beginning(&pointer, SHOWN))),
        }
    }
}

impl Options {
    /// Returns the settings for a body that is saved.
    pub(crate) fn download(&self) -> &DownloadOptions {
        self.download.as_deref().unwrap_or(DownloadOptions::NONE)
    }

    /// Returns the names of the secrets that a failure log left out, as it writes them: headers, `?` and parameters, and
    /// placeholders in braces.
    pub(crate) fn needed_names(&self) -> impl Iterator<Item = String> {
        let headers = self
            .needs_headers
            .iter()
            .map(|name| name.as_str().to_owned());
        let query = self.needs_query.iter().map(|name| format!("?{name}"));
        let values = self.needs_values.iter().map(|name| format!("{{{name}}}"));
        headers.chain(query).chain(values)
    }
}

impl Request {
    /// Notes that the query, if there is any, was read from the `params` of a line.
    pub(crate) fn with_line_params(mut self) -> Request {
        if let Some(options) = &mut self.options {
            options.line_params = !options.query.is_empty();
        }
        self
    }

    /// Notes that these headers and query parameters, left out of the written request, must come from the client's
    /// defaults, and that values of these placeholders were left out.
    pub(crate) fn needing(
        mut self,
        headers: Vec<HeaderName>,
        query: Vec<String>,
        values: Vec<String>,
    ) -> Request {
        if !headers.is_empty() || !query.is_empty() || !values.is_empty() {
            let options = self.options_mut();
            (options.needs_headers, options.needs_query) = (headers, query);
            options.needs_values = values;
        }
        self
    }

    /// Returns an error message that names the missing headers and query parameters that the request needs. `None`: all
    /// are there.
    pub(crate) fn lacking(
        &self,
        has_header: impl Fn(&HeaderName) -> bool,
        has_parameter: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let options = self.options()?;
        let headers = options.needs_headers.iter();
        let headers = headers.filter(|name| !has_header(name));
        let query = options.needs_query.iter();
        let query = query.filter(|name| !has_parameter(name));
        let missing: Vec<String> = headers
            .map(|name| name.as_str().to_owned())
            .chain(query.map(|name| format!("?{name}")))
            .chain(
                options
                    .needs_values
                    .iter()
                    .map(|name| format!("{{{name}}}")),
            )
            .collect();
        let of_list = match options.needs_values.is_empty() {
            true => "",
            false => {
                " (only the list has the values of placeholders: run it again with --resume --retry-failed)"
            }
        };
        (!missing.is_empty()).then(|| {
            format!(
                "secrets are not kept with requests and must be given again: {}{of_list}",
                missing.join(", ")
            )
        })
    }

    /// Returns the rules by which secrets of the request are masked.
    pub(crate) fn redaction(&self) -> &Redaction {
        self.options()
            .map_or(Redaction::USUAL, |options| &options.redaction)
    }

    /// Takes over the client's rules for masking secrets, if they are not the usual ones.
    pub(crate) fn under(mut self, redaction: &Redaction) -> Request {
        if !redaction.is_usual() {
            self.options_mut().redaction.take_names_of(redaction);
        }
        self
    }

    /// Notes secrets that no name tells.
    pub(crate) fn with_own_secrets(mut self, own: OwnSecrets) -> Request {
        if !own.is_empty() {
            self.options_mut().redaction.set_own(own);
        }
        self
    }

    /// Returns the URL as records show it: secrets that the request itself knows of are masked.
    ///
    /// Secrets by names that a client adds ([`ClientBuilder::sensitive_query`](crate::ClientBuilder::sensitive_query))
    /// are masked by [`Client::redaction`](crate::Client::redaction).
    pub fn shown_url(&self) -> Cow<'_, str> {
        match self.invalid().is_none() && url::is_readable(self.url()) {
            true => self.redaction().shown(self.url()),
            false => self.redaction().unreadable(self.url()).into(),
        }
    }
}
