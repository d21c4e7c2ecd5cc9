//! Where a redirect leads, and what of the request goes along (RFC 9110 §15.4, and the fetch standard's strict origin).

use std::borrow::Cow;

use crate::host::Host;
use crate::http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION, TRANSFER_ENCODING};
use crate::http::{HeaderMap, HeaderName, Method};
use crate::redact::{MASK, Redaction};
use crate::url::{Base, Url};

use super::evidence::KEYS;

/// How much of a refused target is shown.
const SHOWN: usize = 200;

/// A response that may redirect.
#[derive(Clone, Debug)]
pub(crate) struct Step<'a> {
    /// The method of the request it answers.
    pub(crate) method: &'a Method,
    /// The URL that answered.
    pub(crate) url: &'a Url,
    pub(crate) status: u16,
    pub(crate) location: Option<&'a [u8]>,
    /// Redirects followed before this one.
    pub(crate) hops: u32,
    /// How many may be followed; 0 = the 3xx is the response.
    pub(crate) limit: u32,
    /// Whether https may lead to http.
    pub(crate) allow_downgrade: bool,
    /// What may be shown of the target.
    pub(crate) redaction: &'a Redaction,
}

/// The request that follows a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) url: Url,
    pub(crate) method: Method,
    /// The body stays behind, and the headers that describe it.
    pub(crate) drop_body: bool,
    /// Another origin (scheme, host or effective port): what proves who the caller is stays behind.
    pub(crate) drop_credentials: bool,
    /// Another host, or no longer encrypted: cookies stay behind.
    pub(crate) drop_cookie: bool,
}

/// A redirect that is not followed: the request fails with class `redirect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What is wrong, naming the target, secrets masked.
    pub(crate) message: String,
    /// The target, secrets masked: for the history.
    pub(crate) location: String,
}

/// Where the response leads. `None` = nowhere: it is no redirect, it names no target, or the limit is 0, and the
/// response is the answer.
///
/// A loop is found by the limit alone: a server may well answer the same URL differently the next time.
///
/// # Errors
/// Too many redirects, a target that is not http or https or no URL at all, and https to http unless allowed.
pub(crate) fn decide(step: &Step<'_>) -> Result<Option<Next>, Refused> {
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
    let (from, to) = (step.url.host(), url.host());
    let name = |host: &Option<Host>| host.as_ref().map(|host| host.name().to_owned());
    let to_get = match step.status {
        303 => true,
        301 | 302 => step.method == Method::POST,
        _ => false,
    };
    Ok(Some(Next {
        method: match step.method {
            method if !to_get || method == Method::HEAD => method.clone(),
            _ => Method::GET,
        },
        drop_body: to_get,
        drop_credentials: from != to,
        drop_cookie: downgrade || name(&from) != name(&to),
        url,
    }))
}

/// Takes off the headers that do not go along. `sensitive` adds the caller's names to those known. What is taken off
/// stays off on later hops, back to the first host too: whoever follows the redirect keeps the stripped set.
///
/// A `Host` of the caller's own goes with the credentials: it names the origin that was left.
pub(crate) fn strip(headers: &mut HeaderMap, next: &Next, sensitive: &[HeaderName]) {
    if next.drop_credentials {
        for name in [AUTHORIZATION, PROXY_AUTHORIZATION, HOST]
            .iter()
            .chain(&KEYS)
            .chain(sensitive)
        {
            headers.remove(name);
        }
    }
    if next.drop_cookie {
        headers.remove(COOKIE);
    }
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

/// The header as text. Bytes that are no UTF-8 are percent-encoded, as browsers do.
fn text(location: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(location) {
        Ok(text) => text.into(),
        Err(_) => percent_encoding::percent_encode(location, &percent_encoding::AsciiSet::EMPTY)
            .to_string()
            .into(),
    }
}

fn refused(message: String, location: String) -> Refused {
    Refused { message, location }
}

/// A target that does not resolve, as far as it may be shown. Where its userinfo is cannot be said of what is no URL,
/// so everything up to an `@` goes.
fn shown(step: &Step<'_>, location: &str) -> String {
    let base = Base::of(step.url).ok();
    let location = location.trim();
    let absolute = base
        .as_ref()
        .map_or(location.into(), |base| base.written(location));
    let masked = match absolute.rsplit_once('@') {
        Some((_, rest)) if !absolute.contains("://") => format!("{}@{rest}", MASK),
        _ => step.redaction.url(&absolute),
    };
    match masked.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &masked[..end]),
        None => masked,
    }
}

#[cfg(test)]
mod tests;
