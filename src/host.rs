//! A host: scheme, name and effective port. What limits, budgets and connections are counted by.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;

/// Scheme, host name and effective port, in lower case: `https://example.com:443`.
///
/// Two URLs with the same `Host` share limits, cooling, retry budget and connections. The port is always
/// written out, so `https://example.com` and `https://example.com:443` are one host (RFC 6454 §4 calls this the origin).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Arc<str>);

impl Host {
    /// The host of an absolute `http` or `https` URI.
    pub(crate) fn of(uri: &Uri) -> Option<Host> {
        Host::in_zone(uri, None)
    }

    /// The host of a URI whose IPv6 address is reached through a zone.
    pub(crate) fn in_zone(uri: &Uri, zone: Option<&str>) -> Option<Host> {
        let scheme = uri.scheme()?;
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return None;
        }
        let name = uri.host()?;
        let port = effective_port(uri)?;
        let mut text = String::with_capacity(scheme.as_str().len() + name.len() + 9);
        // Writing to a string cannot fail.
        let _ = write!(text, "{}://{name}", scheme.as_str());
        text.make_ascii_lowercase();
        if let Some(zone) = zone {
            let bracket = text.pop().unwrap_or(']');
            let _ = write!(text, "%{zone}{bracket}");
        }
        let _ = write!(text, ":{port}");
        Some(Host(text.into()))
    }

    /// The text form, `scheme://name:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.parts().0
    }

    /// The name or address alone, IPv6 in brackets and with the zone that the URL gives it: `[fe80::1%eth0]`.
    pub fn name(&self) -> &str {
        self.parts().1
    }

    /// The name, or the address without brackets, and with its zone: `fe80::1%eth0`.
    pub(crate) fn bare_name(&self) -> &str {
        let name = self.name();
        let inner = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        inner.unwrap_or(name)
    }

    /// The effective port: the one in the URL, or the scheme's default.
    pub fn port(&self) -> u16 {
        self.parts().2
    }

    /// Whether the scheme is `https`.
    pub(crate) fn is_tls(&self) -> bool {
        self.0.as_bytes().get("http".len()) == Some(&b's')
    }

    /// Scheme, name and port. Read off the two ends, for each request asks.
    pub(crate) fn parts(&self) -> (&str, &str, u16) {
        let text = &*self.0;
        let (mut port, mut unit, mut colon) = (0, 1, text.len());
        for digit in text.bytes().rev().take_while(|&b| b != b':') {
            port += u16::from(digit - b'0') * unit;
            unit = unit.wrapping_mul(10);
            colon -= 1;
        }
        let scheme = if self.is_tls() { "https" } else { "http" };
        (scheme, &text[scheme.len() + 3..colon - 1], port)
    }
}

/// The port of the URI, or its scheme's default: 80 or 443.
pub(crate) fn effective_port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| match uri.scheme() {
        Some(s) if *s == Scheme::HTTP => Some(80),
        Some(s) if *s == Scheme::HTTPS => Some(443),
        _ => None,
    })
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(url: &str) -> Host {
        Host::of(&url.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_default_port_is_written_out_and_case_is_folded() {
        assert_eq!(
            host("HTTPS://Example.COM/x").as_str(),
            "https://example.com:443"
        );
        assert_eq!(host("http://example.com").as_str(), "http://example.com:80");
        assert_eq!(
            host("https://example.com:443/"),
            host("https://example.com/")
        );
        assert_ne!(
            host("http://example.com:443/"),
            host("https://example.com/")
        );
    }

    #[test]
    fn its_parts_can_be_read_back_for_an_ipv6_literal_too() {
        let h = host("http://[::1]:8080/x");
        assert_eq!((h.scheme(), h.name(), h.port()), ("http", "[::1]", 8080));
        assert_eq!(host("http://u:p@h:1/").as_str(), "http://h:1");
        let zoned = Host::in_zone(&"http://[FE80::1]:81/".parse().unwrap(), Some("Eth0")).unwrap();
        assert_eq!(zoned.as_str(), "http://[fe80::1%Eth0]:81");
        assert_eq!((zoned.name(), zoned.port()), ("[fe80::1%Eth0]", 81));
        assert_eq!(zoned.bare_name(), "fe80::1%Eth0");
        let secure = host("https://a.b/");
        assert_eq!(
            (secure.scheme(), secure.name(), secure.port()),
            ("https", "a.b", 443)
        );
        assert_eq!(Host::of(&"ftp://h:21/".parse().unwrap()), None);
    }
}
