//! Hosts to which the credentials of a request go, as the key `credentials_for` of a line.

use std::borrow::Cow;

use crate::request::Request;
use crate::url;

/// Value for a request whose credentials go to no host.
const NO_ORIGIN: &str = "none";

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
