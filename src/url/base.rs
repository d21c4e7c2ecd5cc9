//! Bases of references: lines of a list under a base URL, and `Location`.

use std::borrow::Cow;
use std::fmt;

use super::dots::without_dot_segments;
use super::text::{cleaned, names_host, relative};
use super::{Mistake, Url, parse, parse_under};
use crate::host::Host;

/// URL that references are resolved against.
#[derive(Clone)]
pub(crate) struct Base {
    url: Url,
    parsed: ::url::Url,
}

impl Base {
    /// Reads the text of an absolute URL as a base.
    pub(crate) fn parse(text: &str) -> Result<Base, Mistake> {
        Base::of(&parse(text)?)
    }

    /// Makes a base of a parsed URL.
    pub(crate) fn of(url: &Url) -> Result<Base, Mistake> {
        let parsed = ::url::Url::parse(&url.uri().to_string());
        Ok(Base {
            url: url.clone(),
            parsed: parsed.map_err(|e| Mistake::new(format!("the base is not valid: {e}")))?,
        })
    }

    /// Returns the host of the base.
    pub(crate) fn host(&self) -> Option<Host> {
        self.url.host()
    }

    /// Resolves a reference, absolute or not, as browsers do.
    ///
    /// A server does not know the zone of its address, so an absolute URL of the same address gets the zone too.
    pub(crate) fn resolve(&self, reference: &str) -> Result<Url, Mistake> {
        let url = parse_under(Some(&self.parsed), reference)?;
        let same_address = url.uri().host() == self.url.uri().host();
        Ok(match (self.url.zone(), url.zone()) {
            (Some(zone), None) if same_address => url.in_zone(zone),
            _ => url,
        })
    }

    /// Returns the URL as it was written, made absolute: a relative reference gets the parts that it lacks from the
    /// base, and stays as it is otherwise. If the reference resolves, the text parses to the same URL.
    pub(crate) fn written<'t>(&self, reference: &'t str) -> Cow<'t, str> {
        let clean = cleaned(reference);
        let uri = self.url.uri();
        let scheme = self.parsed.scheme();
        let Some(relative) = relative(&clean, scheme) else {
            return reference.into();
        };
        if names_host(relative) {
            return format!("{scheme}:{relative}").into();
        }
        let mut text = format!("{scheme}://{}", self.url.authority_with_zone());
        let (path, query) = (uri.path(), uri.query());
        match relative.chars().next() {
            Some('/' | '\\') => {}
            Some('?') => text += path,
            None | Some('#') => {
                text += path;
                if let Some(query) = query {
                    text += "?";
                    text += query;
                }
            }
            Some(_) => text += path.rfind('/').map_or("/", |at| &path[..=at]),
        }
        text += relative;
        text.into()
    }

    /// Returns the text by which a request is known again: an absolute URL as it was written, and a relative reference
    /// resolved, without dot segments, so that a list rewritten with absolute URLs names the same requests.
    ///
    /// Dot segments stay if the text without them would be another URL: the crate `url` does not let `..` remove a
    /// segment that looks like a drive letter.
    pub(crate) fn resolved_text<'t>(&self, reference: &'t str) -> Cow<'t, str> {
        let written = self.written(reference);
        let Cow::Owned(text) = &written else {
            return written;
        };
        match without_dot_segments(text) {
            Cow::Owned(short) if parse(&short) == self.resolve(reference) => short.into(),
            _ => written,
        }
    }
}

impl PartialEq for Base {
    fn eq(&self, other: &Base) -> bool {
        self.parsed == other.parsed && self.url.zone() == other.url.zone()
    }
}

impl Eq for Base {}

/// Shows no credentials and no query.
impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.parsed.host_str().unwrap_or_default();
        write!(f, "{}://{host}", self.parsed.scheme())?;
        if let Some(port) = self.parsed.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.parsed.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let base = Base::parse("http://u:sesame@h:81/api/?token=sesame").unwrap();
        assert_eq!(format!("{base:?}"), "http://h:81/api/");
    }

    fn resolved(base: &str, reference: &str) -> Result<String, String> {
        let url = Base::parse(base).and_then(|base| base.resolve(reference));
        url.map(|url| url.uri().to_string())
            .map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn references_resolve_as_in_rfc_3986_section_5_4() {
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
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("https://other/x?a=http://b", "https://other/x?a=http://b"),
            ("x?a=http://b", "http://a/b/c/x?a=http://b"),
        ] {
            let found = resolved("http://a/b/c/d;p?q", reference);
            assert_eq!(found.as_deref(), Ok(expected), "{reference}");
        }
    }

    #[test]
    fn references_resolve_as_in_browsers_where_rfc_3986_says_otherwise() {
        for (reference, expected) in [
            ("http:g", "http://a/b/c/g"),
            ("HTTP:/g", "http://a/g"),
            ("http:?y", "http://a/b/c/d;p?y"),
            ("https:g", "https://g/"),
            ("\\g\\h", "http://a/g/h"),
            ("\\\\g\\h", "http://g/h"),
            ("/\\g", "http://g/"),
            ("/\n/g", "http://g/"),
            (" x y ", "http://a/b/c/x%20y"),
            ("//g:/h", "http://g/h"),
            ("%2e%2E/g", "http://a/b/g"),
        ] {
            let found = resolved("http://a/b/c/d;p?q", reference);
            assert_eq!(found.as_deref(), Ok(expected), "{reference:?}");
        }
        let error = |reference| resolved("http://a/", reference).unwrap_err();
        assert!(error("ftp://x/").contains("scheme"));
        assert!(error("javascript:alert(1)").contains("scheme"));
        assert!(error("http://").contains("no host"));
        // Here the crate is stricter than browsers.
        assert!(error("///g/h").contains("no host"));
    }

    #[test]
    fn a_record_keeps_a_reference_as_written_behind_its_base() {
        let base = Base::parse("http://u@h:80/api/v1?x").unwrap();
        for (reference, expected) in [
            ("a|b c/../d", "http://u@h/api/a|b c/../d"),
            ("/é#f", "http://u@h/é#f"),
            ("#f", "http://u@h/api/v1?x#f"),
            ("//Other/x", "http://Other/x"),
            ("HTTP://H/a b", "HTTP://H/a b"),
        ] {
            assert_eq!(base.written(reference), expected);
        }
    }

    #[test]
    fn a_relative_reference_is_known_by_its_resolved_text() {
        let base = Base::parse("http://h/api/v1/").unwrap();
        for (reference, expected) in [
            ("../3", "http://h/api/3"),
            ("3/..", "http://h/api/v1/"),
            ("./a b?c/../d", "http://h/api/v1/a b?c/../d"),
            ("//Other/x/../y", "http://Other/y"),
            ("http:../x", "http://h/api/x"),
            ("http://h/a/../b", "http://h/a/../b"),
            ("/Z|/../x", "http://h/Z|/../x"),
        ] {
            assert_eq!(base.resolved_text(reference), expected);
        }
    }

    #[test]
    fn a_zone_stays_with_its_address() {
        let base = Base::parse("http://[fe80::1%25eth0]:81/a").unwrap();
        assert_eq!(base.written("b"), "http://[fe80::1%25eth0]:81/b");
        for (reference, zone) in [
            ("b", Some("eth0")),
            ("http://[FE80:0::1]/", Some("eth0")),
            ("https://[fe80::1%25eth1]/", Some("eth1")),
            ("http://[fe80::2]/", None),
        ] {
            assert_eq!(base.resolve(reference).unwrap().zone(), zone);
        }
    }
}
