//! Target of a redirect, and the parts of the request that go along (RFC 9110 §15.4, and the fetch standard's strict
//! origin).

use std::borrow::Cow;

use crate::host::Host;
use crate::redact::{Redaction, unreadable};
use crate::url::{Base, Url};
use http::header::{COOKIE, TRANSFER_ENCODING};
use http::{HeaderMap, Method};

/// A response that may redirect.
#[derive(Clone, Debug)]
pub(crate) struct RedirectStep<'a> {
    /// Method of the request that got this response.
    pub(crate) method: &'a Method,
    /// URL of the request that got this response.
    pub(crate) url: &'a Url,
    pub(crate) status: u16,
    pub(crate) location: Option<&'a [u8]>,
    /// Number of redirects followed before this one.
    pub(crate) hops: u32,
    /// Upper bound for redirects that are followed. If 0, the 3xx is the final response.
    pub(crate) limit: u32,
    /// True if a redirect may lead from https to http.
    pub(crate) allow_downgrade: bool,
    /// Names of secrets that are masked when the target is shown.
    pub(crate) redaction: &'a Redaction,
}

/// The request that follows a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NextRequest {
    pub(crate) url: Url,
    pub(crate) method: Method,
    /// True if the body and the headers that describe it are left out.
    pub(crate) drop_body: bool,
    /// Headers that are left out because the redirect leads to another origin.
    pub(crate) dropped: DroppedHeaders,
}

/// Headers that are left out on the way to another origin, that is, another scheme, host or effective port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DroppedHeaders {
    /// True if all headers are left out that are secret or belong to the origin, apart from cookies.
    credentials: bool,
    cookie: bool,
}

impl DroppedHeaders {
    /// All credentials and cookies.
    pub(crate) const ALL: DroppedHeaders = DroppedHeaders {
        credentials: true,
        cookie: true,
    };

    pub(crate) fn between(from: Option<Host>, to: Option<Host>) -> DroppedHeaders {
        let credentials = from != to;
        let is_upgrade = || {
            let (Some(from), Some(to)) = (&from, &to) else {
                return false;
            };
            let ports = (from.port(), to.port());
            from.name() == to.name() && !from.is_tls() && to.is_tls() && ports == (80, 443)
        };
        DroppedHeaders {
            credentials,
            // An upgrade leads to the host that the cookies were set for, now encrypted.
            cookie: credentials && !is_upgrade(),
        }
    }

    /// True if credentials are left out.
    pub(crate) fn has_credentials(self) -> bool {
        self.credentials
    }

    /// Adds the headers that another redirect of the same chain leaves out.
    pub(crate) fn add(&mut self, other: DroppedHeaders) {
        self.credentials |= other.credentials;
        self.cookie |= other.cookie;
    }

    /// Removes these headers.
    pub(crate) fn take_off(self, headers: &mut HeaderMap, redaction: &Redaction) {
        if !self.credentials {
            return;
        }
        let stays = |(name, value)| {
            (name != COOKIE && redaction.stays_with_origin(name, value)).then(|| name.clone())
        };
        let names: Vec<_> = headers.iter().filter_map(stays).collect();
        for name in names {
            headers.remove(name);
        }
        if self.cookie {
            headers.remove(COOKIE);
        }
    }
}

/// A redirect that is not followed: the request fails with class `redirect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefusedRedirect {
    /// Reason for the refusal, with the target, secrets masked.
    pub(crate) message: String,
    /// The target, secrets masked: for the history.
    pub(crate) location: String,
}

/// Returns the request that follows a redirect. `None`: the response is final, since it is no redirect, names no
/// target, or the limit is 0.
///
/// A loop is found by the limit alone: a server may well send another response for the same URL the next time.
///
/// # Errors
/// Too many redirects, a target that is not http or https or no URL at all, and https to http unless allowed.
pub(crate) fn decide(step: &RedirectStep<'_>) -> Result<Option<NextRequest>, RefusedRedirect> {
    let Some(location) = step.location.map(text).filter(|l| !l.trim().is_empty()) else {
        return Ok(None);
    };
    if !matches!(step.status, 301 | 302 | 303 | 307 | 308) || step.limit == 0 {
        return Ok(None);
    }
    let base = Base::of(step.url);
    let resolved = base.and_then(|base| base.resolve(&location));
    let url = resolved.map_err(|reason| {
        let location = shown(step, &location);
        refused(format!("redirect to {location}: {reason}"), location)
    })?;
    let target = step.redaction.uri(url.uri());
    if step.hops >= step.limit {
        let plural = if step.limit == 1 { "" } else { "s" };
        let message = format!(
            "more than {} redirect{plural}, the next to {target}",
            step.limit
        );
        return Err(refused(message, target));
    }
    let downgrade =
        step.url.uri().scheme_str() == Some("https") && url.uri().scheme_str() == Some("http");
    if downgrade && !step.allow_downgrade {
        let message = format!("redirect from https to {target}, which is not encrypted");
        return Err(refused(message, target));
    }
    let to_get = match step.status {
        303 => true,
        301 | 302 => step.method == Method::POST,
        _ => false,
    };
    Ok(Some(NextRequest {
        method: match step.method {
            method if !to_get || method == Method::HEAD => method.clone(),
            _ => Method::GET,
        },
        drop_body: to_get,
        dropped: DroppedHeaders::between(step.url.host(), url.host()),
        url,
    }))
}

/// Removes the headers that do not go along. They stay removed on later hops, also back to the first host, since each
/// hop begins with the headers that are left here.
pub(crate) fn strip(headers: &mut HeaderMap, next: &NextRequest, redaction: &Redaction) {
    next.dropped.take_off(headers, redaction);
    if next.drop_body {
        headers.remove(TRANSFER_ENCODING);
        let content: Vec<_> = headers
            .keys()
            .filter(|name| name.as_str().starts_with("content-"))
            .cloned()
            .collect();
        for name in content {
            headers.remove(name);
        }
    }
}

/// Returns the header as text. Bytes that are not UTF-8 are percent-encoded, as browsers do.
fn text(location: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(location) {
        Ok(text) => text.into(),
        Err(_) => percent_encoding::percent_encode(location, &percent_encoding::AsciiSet::EMPTY)
            .to_string()
            .into(),
    }
}

fn refused(message: String, location: String) -> RefusedRedirect {
    RefusedRedirect { message, location }
}

/// Returns a target that does not resolve, without the parts that may be secret.
fn shown(step: &RedirectStep<'_>, location: &str) -> String {
    let base = Base::of(step.url).ok();
    let absolute = base
        .as_ref()
        .map_or(location.into(), |base| base.written(location));
    unreadable(&absolute)
}

#[cfg(test)]
mod tests;
