//! URLs that have no scheme: names of hosts, as lists of domains hold them.

use crate::request::Request;
use crate::url;
use http::uri::Scheme;

/// Scheme that URLs without one get.
#[derive(Clone, Debug)]
pub(super) struct BareUrls {
    pub(super) scheme: Scheme,
    /// True if the other scheme is tried when the host cannot be connected to.
    pub(super) or_other: bool,
}

impl BareUrls {
    /// Adds the scheme to the URL of a request, if the URL begins with a host.
    pub(super) fn complete(&self, request: Request) -> Request {
        let Some(rest) = url::bare(request.url()) else {
            return request;
        };
        let url = format!("{}://{rest}", self.scheme);
        let request = request.with_url(&url);
        match self.or_other {
            true => request.or_other_scheme(),
            false => request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_that_begins_with_a_host_gets_a_scheme() {
        let bare = BareUrls {
            scheme: Scheme::HTTP,
            or_other: false,
        };
        let completed = |url: &str| bare.complete(Request::get(url)).url().to_owned();
        for (url, completed_url) in [
            ("example.com", "http://example.com"),
            (" example.com/a?b ", "http://example.com/a?b"),
            ("localhost:8080/x", "http://localhost:8080/x"),
            ("//example.com/x", "http://example.com/x"),
            ("[::1]:80", "http://[::1]:80"),
            ("user:pass@h/", "http://user:pass@h/"),
            ("余额.example", "http://余额.example"),
        ] {
            assert_eq!(completed(url), completed_url, "{url}");
        }
        for url in [
            "https://h/",
            "HTTP://h",
            "ftp://h/",
            "mailto:a@b",
            "/path",
            "?a=b",
            "#a",
            "",
            "///h",
            "<example.com>",
            "\"h\"",
            "javascript:alert(1)",
            ".",
            "./a",
            "../a",
        ] {
            assert_eq!(completed(url), url, "{url}");
        }
    }
}
