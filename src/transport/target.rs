//! Where a request goes: the host, as it is dialled, named in messages, and known to the pool.

use std::fmt;

use crate::host::effective_port;
use crate::http::Uri;
use crate::http::uri::Scheme;

/// Where a request goes.
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    pub(super) port: u16,
    pub(super) tls: bool,
}

impl<'a> Target<'a> {
    /// What stands where there is none.
    pub(super) const NONE: Target<'static> = Target {
        name: "",
        port: 0,
        tls: false,
    };

    pub(super) fn of(uri: &'a Uri) -> Option<Target<'a>> {
        let scheme = uri.scheme()?;
        let tls = *scheme == Scheme::HTTPS;
        if !tls && *scheme != Scheme::HTTP {
            return None;
        }
        Some(Target {
            name: uri.host()?,
            port: effective_port(uri)?,
            tls,
        })
    }

    /// Without the brackets of an IPv6 address.
    pub(super) fn bare_name(&self) -> &'a str {
        let inner = self.name.strip_prefix('[');
        inner
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(self.name)
    }

    /// What connections to it are kept under.
    pub(super) fn key(&self) -> String {
        use fmt::Write;
        let mut key = String::with_capacity(self.name.len() + 8);
        key.push(if self.tls { 's' } else { 'p' });
        key.push_str(self.name);
        key.make_ascii_lowercase();
        // Writing to a string cannot fail.
        let _ = write!(key, ":{}", self.port);
        key
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_name_and_port_make_the_key_and_nothing_else() {
        let key = |url: &str| Target::of(&url.parse().unwrap()).unwrap().key();
        assert_eq!(key("http://u:p@A.name/x?y"), key("http://a.NAME:80/"));
        assert_ne!(key("http://a.name:443/"), key("https://a.name/"));
        assert_ne!(key("http://a.name/"), key("http://b.name/"));
    }

    #[test]
    fn an_ipv6_address_is_dialled_without_its_brackets() {
        let uri = "http://[::1]:8080/".parse().unwrap();
        let target = Target::of(&uri).unwrap();
        assert_eq!(target.bare_name(), "::1");
        assert_eq!(target.to_string(), "[::1]:8080");
    }
}
