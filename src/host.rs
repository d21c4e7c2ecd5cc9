//! Host: scheme, name and effective port. Limits, budgets and connections are counted by it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use http::Uri;
use http::uri::Scheme;

/// Scheme, host name and effective port, in lower case; shown as `https://example.com:443`.
///
/// Two URLs with the same `Host` share limits, cooling, retry budget and connections. The port is always
/// shown, so `https://example.com` and `https://example.com:443` are one host (RFC 6454 §4 calls this the origin).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Host {
    /// Scheme and name: `https://example.com`. Shared, since every request of the host has it.
    named: Arc<str>,
    port: u16,
}

/// Host that no URL has: see [`Host::of_files`].
static FILES: LazyLock<Host> = LazyLock::new(|| Host {
    named: "file://".into(),
    port: 0,
});

impl Host {
    /// Returns the stand-in for a host under which requests wait that look at a file of this machine first.
    pub(crate) fn of_files() -> Host {
        FILES.clone()
    }

    /// Returns the host of an absolute `http` or `https` URI. `None`: the URI is not absolute, or has another scheme.
    pub(crate) fn of(uri: &Uri) -> Option<Host> {
        Host::in_zone(uri, None)
    }

    /// Returns the host of a URI whose IPv6 address is reached through a zone.
    pub(crate) fn in_zone(uri: &Uri, zone: Option<&str>) -> Option<Host> {
        let scheme = uri.scheme()?;
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return None;
        }
        let port = effective_port(uri)?;
        let mut named = format!("{}://{}", scheme.as_str(), uri.host()?);
        named.make_ascii_lowercase();
        if let Some(zone) = zone {
            let bracket = named.pop().unwrap_or(']');
            named.extend(["%", zone]);
            named.push(bracket);
        }
        Some(Host {
            named: named.into(),
            port,
        })
    }

    /// Returns `http` or `https`.
    pub fn scheme(&self) -> &str {
        if self.is_tls() { "https" } else { "http" }
    }

    /// Returns the name or address alone.
    ///
    /// An IPv6 address is in brackets and with the zone that the URL gives it: `[fe80::1%eth0]`.
    pub fn name(&self) -> &str {
        &self.named[self.scheme().len() + "://".len()..]
    }

    /// Returns the name, or the address without brackets and with its zone: `fe80::1%eth0`.
    pub(crate) fn bare_name(&self) -> &str {
        let name = self.name();
        let inner = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        inner.unwrap_or(name)
    }

    /// Returns the effective port: the port in the URL, or the scheme's default.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns scheme, name and port.
    pub(crate) fn parts(&self) -> (&str, &str, u16) {
        (self.scheme(), self.name(), self.port)
    }

    /// True if the scheme is `https`.
    pub(crate) fn is_tls(&self) -> bool {
        self.named.as_bytes().get("http".len()) == Some(&b's')
    }
}

/// Hashes in two writes, as many as a text alone takes: hosts are looked up for each request.
impl Hash for Host {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.named.as_bytes());
        state.write_u16(self.port);
    }
}

/// Returns the port of the URI, or its scheme's default: 80 or 443. `None`: the URI has no port and neither scheme.
pub(crate) fn effective_port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| match uri.scheme() {
        Some(s) if *s == Scheme::HTTP => Some(80),
        Some(s) if *s == Scheme::HTTPS => Some(443),
        _ => None,
    })
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.named, self.port)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(url: &str) -> Host {
        Host::of(&url.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_host_is_written_in_one_form() {
        assert_eq!(
            host("HTTPS://Example.COM/x").to_string(),
            "https://example.com:443"
        );
        assert_eq!(
            host("http://example.com").to_string(),
            "http://example.com:80"
        );
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
    fn the_parts_of_an_ipv6_literal_can_be_read_back() {
        let h = host("http://[::1]:8080/x");
        assert_eq!((h.scheme(), h.name(), h.port()), ("http", "[::1]", 8080));
        assert_eq!(host("http://u:p@h:1/").to_string(), "http://h:1");
        let zoned = Host::in_zone(&"http://[FE80::1]:81/".parse().unwrap(), Some("Eth0")).unwrap();
        assert_eq!(zoned.to_string(), "http://[fe80::1%Eth0]:81");
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
