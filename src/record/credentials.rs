//! Hosts to which the credentials of a request go, as the key `credentials_for` of a line.

use std::borrow::Cow;

use super::InvalidLine;
use super::fields::{ObjectFields, text, whole};
use crate::request::Request;
use crate::url;

/// Value for a request whose credentials go to no host.
const NO_ORIGIN: &str = "none";

/// Value for a request of results that do not tell where its credentials may go.
pub(super) const UNKNOWN_ORIGIN: &str = "unknown";

/// Returns the origin to which the credentials of a request belong, if its URL leads elsewhere. `None`: it may have
/// them.
pub(super) fn written(request: &Request) -> Option<Cow<'static, str>> {
    if !request.has_bound_credentials() {
        return None;
    }
    let host = url::parse(request.url()).ok().and_then(|url| url.host());
    match request.home() {
        _ if !request.is_away(host.as_ref()) => None,
        Some(home) if !request.is_away_from_all() => Some(home.to_string().into()),
        _ => Some(NO_ORIGIN.into()),
    }
}

/// Returns the origin to which the credentials of a request belong whose URL a server named. `None`: a caller named the
/// URL, so that they go to every host.
///
/// Unlike a failure log, results have it also if the URL leads there: without it, results of a version that did not write
/// it could not be told from those of a request that may have them.
pub(super) fn of_result(request: &Request) -> Option<Cow<'static, str>> {
    if !request.has_bound_credentials() {
        return None;
    }
    written(request).or_else(|| origin_of(request.url()))
}

/// Returns the origin for the results of a failure log's record, which has this request as JSON, URL, source and page.
pub(super) fn of_failure(
    request: &str,
    url: &str,
    (source, page): (Option<&str>, Option<u32>),
) -> Option<Cow<'static, str>> {
    let of_request = ObjectFields::read(request);
    match of_request.and_then(|keys| keys.read_key("credentials_for", text)) {
        Ok(Some(origin)) => Some(origin.into()),
        Ok(None) if is_named_by_server(source, page) => origin_of(url),
        Ok(None) => None,
        Err(_) => Some(NO_ORIGIN.into()),
    }
}

fn origin_of(url: &str) -> Option<Cow<'static, str>> {
    let host = url::parse(url).ok().and_then(|url| url.host());
    let origin = host.map(|host| host.to_string().into());
    Some(origin.unwrap_or(NO_ORIGIN.into()))
}

/// True if the URL of a request comes from a sitemap that was fetched, or from the page before it.
fn is_named_by_server(source: Option<&str>, page: Option<u32>) -> bool {
    source.is_some_and(|source| source.contains("://")) || page.is_some_and(|page| page > 1)
}

/// Keeps the credentials of the request of a result from hosts that a server named. Returns false beside it if the result
/// does not tell which hosts these are: then no host gets them.
pub(super) fn as_recorded(
    request: Request,
    keys: &ObjectFields<'_>,
) -> Result<(Request, bool), InvalidLine> {
    let origin = keys.read_key("credentials_for", text)?;
    let named = || -> Result<bool, InvalidLine> {
        let source = keys.read_key("source", text)?;
        let page = keys.read_key("page", whole::<u32>)?;
        Ok(is_named_by_server(source.as_deref(), page))
    };
    Ok(match origin.as_deref() {
        Some(UNKNOWN_ORIGIN) => (request.without_credentials(), false),
        Some(origin) => (bound(request, origin), true),
        None if named()? => (request.without_credentials(), false),
        None => (request, true),
    })
}

/// Keeps the credentials of a request from other hosts than a line says.
pub(super) fn bound(request: Request, origin: &str) -> Request {
    match origin {
        NO_ORIGIN => request.without_credentials(),
        origin => request.credentials_only_for(origin),
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Record;
    use crate::request::Request;

    fn line_of(request: &Request) -> String {
        request.to_line()
    }

    #[test]
    fn a_line_keeps_the_origin_only_if_the_url_leads_elsewhere() {
        let request = || Request::get("http://other/");
        let none = serde_json::Map::new();
        for (bound, origin) in [
            (request(), None),
            (request().credentials_only_for("http://other/x"), None),
            (
                request().credentials_only_for("http://home:81/x"),
                Some("http://home:81"),
            ),
            (request().without_credentials(), Some("none")),
            (
                request()
                    .credentials_only_for("http://other/")
                    .without_credentials(),
                Some("none"),
            ),
        ] {
            let line = line_of(&bound);
            let written = origin.map(|origin| format!("\"credentials_for\":\"{origin}\""));
            assert_eq!(line.contains("credentials_for"), origin.is_some(), "{line}");
            assert!(line.contains(&written.unwrap_or_default()), "{line}");
            let read = Record::parse_input_line(&line, &none).unwrap();
            assert_eq!(line_of(&read), line);
        }
    }
}
