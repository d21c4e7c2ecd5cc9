//! Target of a request: its host in the forms in which it is dialled, shown in messages, and used as a key of the pool.

use std::borrow::Cow;
use std::fmt;

use super::Call;
use crate::host::Host;
use http::Uri;

/// Target of a request.
pub(super) struct Target<'a> {
    /// Name as `Host` has it: IPv6 in brackets, with its zone.
    pub(super) name: &'a str,
    pub(super) port: u16,
    pub(super) tls: bool,
    /// Scheme, name and port as one value.
    pub(super) host: Cow<'a, Host>,
}

impl<'a> Target<'a> {
    /// Returns the target of a call. `None`: its URL has no `http` or `https` host.
    pub(super) fn of(call: &Call<'a>) -> Option<Target<'a>> {
        match call.host {
            Some(host) => {
                debug_assert_eq!(Some(host), call.url.host().as_ref());
                Some(Target::of_host(host))
            }
            None => Target::of_uri(call.url.uri()),
        }
    }

    fn of_uri(uri: &'a Uri) -> Option<Target<'a>> {
        let host = Host::of(uri)?;
        Some(Target {
            name: uri.host()?,
            port: host.port(),
            tls: host.is_tls(),
            host: Cow::Owned(host),
        })
    }

    fn of_host(host: &'a Host) -> Target<'a> {
        let (_, name, port) = host.parts();
        Target {
            name,
            port,
            tls: host.is_tls(),
            host: Cow::Borrowed(host),
        }
    }

    /// Returns the name, or the address without brackets and with its zone, as the resolver needs it.
    pub(super) fn name_in_zone(&self) -> &'a str {
        let inner = self.name.strip_prefix('[');
        inner
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(self.name)
    }

    /// Returns the name, or the address without brackets and zone, as other machines may see it.
    pub(super) fn bare_name(&self) -> &'a str {
        without_zone(self.name_in_zone())
    }

    /// Returns the name as the request says it, IPv6 in brackets.
    pub(super) fn sent_name(&self) -> Cow<'a, str> {
        match self.name.starts_with('[') && self.name.contains('%') {
            true => format!("[{}]", self.bare_name()).into(),
            false => self.name.into(),
        }
    }

    /// Returns name and port as the request says them.
    pub(super) fn sent_place(&self) -> String {
        format!("{}:{}", self.sent_name(), self.port)
    }
}

/// Returns the address without its zone, or the name unchanged.
pub(super) fn without_zone(name: &str) -> &str {
    match name.split_once('%') {
        Some((address, _)) => address,
        None => name,
    }
}

/// Form for messages, with the zone.
impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_the_same_host_if_the_caller_knows_it_or_not() {
        for url in ["http://u:p@A.name/x?y", "https://a.name:443/"] {
            let uri = url.parse().unwrap();
            let host = Host::of(&uri).unwrap();
            let (known, read) = (Target::of_host(&host), Target::of_uri(&uri).unwrap());
            assert_eq!(known.host, read.host, "{url}");
        }
    }

    #[test]
    fn a_host_leads_where_its_url_does() {
        for url in ["http://a.name/", "https://a:1/", "http://[::1]:65535/x"] {
            let uri = url.parse().unwrap();
            let host = Host::of(&uri).unwrap();
            let (known, read) = (Target::of_host(&host), Target::of_uri(&uri).unwrap());
            assert_eq!(
                (known.name, known.port, known.tls),
                (read.name, read.port, read.tls)
            );
        }
        let other = "ftp://a.name:21/".parse().unwrap();
        assert!(Target::of_uri(&other).is_none());
    }

    #[test]
    fn an_ipv6_address_is_dialled_without_its_brackets() {
        let uri = "http://[::1]:8080/".parse().unwrap();
        let target = Target::of_uri(&uri).unwrap();
        assert_eq!(target.bare_name(), "::1");
        assert_eq!(target.to_string(), "[::1]:8080");
        assert_eq!(target.sent_place(), "[::1]:8080");
    }

    #[test]
    fn a_zone_is_never_sent() {
        let uri = "http://[fe80::1]:8080/".parse().unwrap();
        let host = Host::in_zone(&uri, Some("eth0")).unwrap();
        let target = Target::of_host(&host);
        assert_eq!(target.name_in_zone(), "fe80::1%eth0");
        assert_eq!(target.bare_name(), "fe80::1");
        assert_eq!(target.sent_place(), "[fe80::1]:8080");
        assert_eq!(target.to_string(), "[fe80::1%eth0]:8080");
        assert_ne!(target.host, Target::of_uri(&uri).unwrap().host);
    }
}
