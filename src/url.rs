//! URLs as people write them, made into URIs that can be sent, and references resolved against a base.

mod unread;

use std::fmt::Write as _;

use crate::http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

pub(crate) use unread::{Front, Url};

/// What may not stand in a request line as it is. Everything else is sent as given, `%` included, so that a signed
/// URL stays what it was (as `requests` does with `requote_uri`, and curl).
const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// A query component written by us: everything but RFC 3986's unreserved characters is encoded.
const COMPONENT: &AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Parses an absolute `http` or `https` URL. A fragment is dropped, what may not be sent is percent-encoded.
/// The error says what is wrong, without the URL.
pub(crate) fn parse(text: &str) -> Result<Uri, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("the URL is empty".into());
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("the URL has no scheme (http:// or https://)".into());
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(format!(
            "the scheme {scheme:?} is not supported (http or https)"
        ));
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let at = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    check_authority(authority)?;
    let as_given = scheme.bytes().all(|b| b.is_ascii_lowercase());
    let sent = if as_given && path.starts_with('/') && path.bytes().all(may_be_sent) {
        text[..scheme.len() + "://".len() + rest.len()].to_owned()
    } else {
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = utf8_percent_encode(path, ILLEGAL);
        format!("{}://{authority}{slash}{path}", scheme.to_ascii_lowercase())
    };
    Uri::try_from(sent).map_err(|e| format!("the URL is not valid: {e}"))
}

/// Whether [`ILLEGAL`] leaves the byte alone.
fn may_be_sent(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'}')
}

fn check_authority(authority: &str) -> Result<(), String> {
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    let (host, port) = match host_port.rfind(']') {
        Some(end) => host_port.split_at(end + 1),
        None => host_port.split_at(host_port.find(':').unwrap_or(host_port.len())),
    };
    if host.is_empty() {
        return Err("the URL has no host".into());
    }
    if !host.is_ascii() {
        return Err(format!(
            "the host {host:?} is not ASCII (write it in its xn-- form)"
        ));
    }
    if let Some(port) = port.strip_prefix(':')
        && (port.is_empty()
            || port.parse::<u16>().is_ok_and(|p| p == 0)
            || port.parse::<u16>().is_err())
    {
        return Err(format!("the port {port:?} is not between 1 and 65535"));
    }
    Ok(())
}

/// Resolves a reference against an absolute base (RFC 3986 §5.2): what `Location` and a base URL need.
pub(crate) fn resolve(base: &Uri, reference: &str) -> Result<Uri, String> {
    let reference = reference.trim().split('#').next().unwrap_or_default();
    if has_scheme(reference) {
        return parse(reference);
    }
    let scheme = base.scheme_str().unwrap_or("http");
    if reference.starts_with("//") {
        return parse(&format!("{scheme}:{reference}"));
    }
    let authority = base.authority().map_or("", |a| a.as_str());
    let (path, query) = match reference.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (reference, None),
    };
    let (path, query) = if path.is_empty() {
        (base.path().to_owned(), query.or(base.query()))
    } else if path.starts_with('/') {
        (remove_dot_segments(path), query)
    } else {
        let parent = base.path().rfind('/').map_or("/", |at| &base.path()[..=at]);
        (remove_dot_segments(&format!("{parent}{path}")), query)
    };
    let mut text = format!("{scheme}://{authority}{path}");
    if let Some(query) = query {
        let _ = write!(text, "?{query}");
    }
    parse(&text)
}

/// Whether it lacks what [`parse`] wants to find first.
pub(crate) fn is_relative(text: &str) -> bool {
    // Looked for where it mostly stands before everywhere.
    let usual = text.starts_with("http://") || text.starts_with("https://");
    let scheme = || text.split_once("://").map(|(scheme, _)| scheme);
    // One that stands further back belongs to something else, such as a URL in the query.
    !usual && scheme().is_none_or(|scheme| scheme.contains(['/', '?', '#']))
}

/// Whether the text begins with `scheme:` (RFC 3986 §3.1).
fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Whether the query has a parameter of this name, whatever its case.
pub(crate) fn has_parameter(uri: &Uri, name: &str) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .any(|found| {
            let found = percent_decode_str(found).decode_utf8_lossy();
            found.eq_ignore_ascii_case(name)
        })
}

/// RFC 3986 §5.2.4, for a path that begins with `/`.
fn remove_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Adds query parameters to a URI, percent-encoded, after those it has.
pub(crate) fn with_query<'a>(
    uri: &Uri,
    params: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Uri, String> {
    let mut added = form(params);
    if added.is_empty() {
        return Ok(uri.clone());
    }
    let mut parts = uri.clone().into_parts();
    let path = uri.path();
    added = match uri.query() {
        Some(query) if !query.is_empty() => format!("{path}?{query}&{added}"),
        _ => format!("{path}?{added}"),
    };
    parts.path_and_query = Some(
        added
            .parse()
            .map_err(|e| format!("the query is not valid: {e}"))?,
    );
    Uri::from_parts(parts).map_err(|e| format!("the query is not valid: {e}"))
}

/// `a=1&b=2`, percent-encoded: a query, or an `application/x-www-form-urlencoded` body.
pub(crate) fn form<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in params {
        if !text.is_empty() {
            text.push('&');
        }
        let _ = write!(
            text,
            "{}={}",
            utf8_percent_encode(name, COMPONENT),
            utf8_percent_encode(value, COMPONENT)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_relative_where_nothing_stands_for_its_scheme() {
        assert!(
            ["", "/a?b", "http:/a", "//h/a", "a?to=http://h", "/://"]
                .into_iter()
                .all(is_relative)
        );
        let whole = ["http://h", "HTTPS://h", " https://h", "ftp://h"];
        assert!(!whole.into_iter().any(is_relative));
    }

    fn sent(text: &str) -> String {
        parse(text).unwrap().to_string()
    }

    #[test]
    fn what_may_not_be_sent_is_encoded_and_the_rest_left_alone() {
        assert_eq!(
            sent("http://h/a b?q=ü\"<>"),
            "http://h/a%20b?q=%C3%BC%22%3C%3E"
        );
        assert_eq!(
            sent("http://h/%7Euser?a[]=1&sig=a%2Fb|c"),
            "http://h/%7Euser?a[]=1&sig=a%2Fb|c"
        );
        assert_eq!(sent("HTTP://h?x=1#frag"), "http://h/?x=1");
        assert_eq!(sent("  https://h  "), "https://h/");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_named() {
        for (url, part) in [
            ("", "empty"),
            ("example.com", "no scheme"),
            ("ftp://h/", "\"ftp\""),
            ("http:///x", "no host"),
            ("http://h:99999/", "\"99999\""),
            ("http://h:0/", "\"0\""),
            ("http://bücher.example/", "xn--"),
            ("http://h h/", "not valid"),
        ] {
            let error = parse(url).unwrap_err();
            assert!(error.contains(part), "{url}: {error}");
        }
    }

    #[test]
    fn references_resolve_as_in_rfc_3986_section_5_4() {
        let base: Uri = "http://a/b/c/d;p?q".parse().unwrap();
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            (";x", "http://a/b/c/;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("https://other/x?a=http://b", "https://other/x?a=http://b"),
            ("x?a=http://b", "http://a/b/c/x?a=http://b"),
        ] {
            assert_eq!(
                resolve(&base, reference).unwrap().to_string(),
                expected,
                "{reference}"
            );
        }
        assert!(resolve(&base, "ftp://x/").unwrap_err().contains("ftp"));
        assert!(resolve(&base, "javascript:alert(1)").is_err());
    }

    #[test]
    fn query_parameters_are_added_after_those_the_url_has() {
        let uri = parse("http://h/p?a=1").unwrap();
        assert_eq!(
            with_query(&uri, [("q", "x y&z")]).unwrap().to_string(),
            "http://h/p?a=1&q=x%20y%26z"
        );
        assert_eq!(with_query(&uri, []).unwrap(), uri);
    }
}
