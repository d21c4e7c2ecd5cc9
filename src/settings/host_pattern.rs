//! Patterns for the hosts that a rule is for.

use std::fmt;
use std::str::FromStr;

use crate::host::Host;
use crate::url;

/// Pattern for hosts: `api.example.com`, `*.example.com`, `https://api.example.com:8443`, `https://*`, `*`.
///
/// A part that is not written matches everything: without a scheme the pattern matches `http` and `https`, without a
/// port every port. `*.example.com` matches every name below `example.com`, at any depth, and not `example.com` itself.
/// Names are compared in the form that they have in parsed URLs: in lower case, international names in their xn-- form;
/// an address without a zone matches in every zone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HostPattern {
    scheme: Option<&'static str>,
    name: NamePattern,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NamePattern {
    Any,
    /// Every name that ends with this text, which begins with a dot.
    Below(String),
    Exactly(String),
}

/// Error for a text that is not a host pattern: the text and the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host pattern {pattern:?} {reason}")]
pub(crate) struct InvalidHostPattern {
    pattern: String,
    reason: String,
}

impl HostPattern {
    pub(crate) fn matches(&self, host: &Host) -> bool {
        let name = host.name();
        let named = match &self.name {
            NamePattern::Any => true,
            NamePattern::Below(end) => name.len() > end.len() && name.ends_with(end.as_str()),
            NamePattern::Exactly(exact) => name == exact || is_in_a_zone(name, exact),
        };
        named
            && self.scheme.is_none_or(|scheme| scheme == host.scheme())
            && self.port.is_none_or(|port| port == host.port())
    }

    /// Rank of the pattern: greater if it matches fewer hosts. Whole names rank before wildcards, long wildcards before
    /// short ones, then patterns with a port before those without, then patterns with a scheme.
    pub(super) fn specificity(&self) -> (usize, bool, bool) {
        let name = match &self.name {
            NamePattern::Any => 0,
            NamePattern::Below(end) => end.len(),
            NamePattern::Exactly(_) => usize::MAX,
        };
        (name, self.port.is_some(), self.scheme.is_some())
    }

    fn parse(text: &str) -> Result<HostPattern, String> {
        let (scheme, rest) = match text.split_once("://") {
            None => (None, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some("http"), rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some("https"), rest),
            Some((scheme, _)) => {
                return Err(format!(
                    "has the scheme {scheme:?}: only http and https are known"
                ));
            }
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return Err("holds a user name: rules are for hosts".into());
        }
        if rest.contains(['/', '?', '#', '\\']) {
            return Err("holds more than a host: paths are not matched".into());
        }
        let split = match rest.rfind(']') {
            Some(end) => end + 1,
            None => rest.find(':').unwrap_or(rest.len()),
        };
        let (name, port) = rest.split_at(split);
        let port = match port.strip_prefix(':') {
            Some(digits) => match digits.parse::<u16>() {
                Ok(port) if port > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => Some(port),
                _ => {
                    return Err(format!(
                        "has the port {digits:?}: it must be between 1 and 65535"
                    ));
                }
            },
            None if port.is_empty() => None,
            None => return Err("holds something between the host and the port".into()),
        };
        Ok(HostPattern {
            scheme,
            name: NamePattern::parse(name)?,
            port,
        })
    }
}

/// True if the name is this address reached through a zone.
fn is_in_a_zone(name: &str, address: &str) -> bool {
    let rest = address.strip_suffix(']').and_then(|a| name.strip_prefix(a));
    rest.is_some_and(|rest| rest.starts_with('%'))
}

impl NamePattern {
    fn parse(name: &str) -> Result<NamePattern, String> {
        if name.is_empty() {
            return Err("names no host (* stands for all)".into());
        }
        if let Some(bad) = name.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(format!("holds {bad:?}, which is in the name of no host"));
        }
        if name == "*" {
            return Ok(NamePattern::Any);
        }
        let (wild, rest) = match name.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        if rest.contains('*') {
            return Err("has a * elsewhere than as its whole first label (*.example.com)".into());
        }
        if rest.is_empty() || rest.starts_with('.') {
            return Err("has an empty label".into());
        }
        let rest = url::host_name(rest).map_err(|why| format!("names no host: {why}"))?;
        Ok(match wild {
            true => NamePattern::Below(format!(".{rest}")),
            false if rest.contains(':') => NamePattern::Exactly(format!("[{rest}]")),
            false => NamePattern::Exactly(rest),
        })
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<HostPattern, InvalidHostPattern> {
        HostPattern::parse(text.trim()).map_err(|reason| InvalidHostPattern {
            // A text with a user name may hold a password too.
            pattern: text
                .rsplit_once('@')
                .map_or_else(|| text.to_owned(), |(_, host)| format!("***@{host}")),
            reason,
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{scheme}://")?;
        }
        match &self.name {
            NamePattern::Any => f.write_str("*")?,
            NamePattern::Below(end) => write!(f, "*{end}")?,
            NamePattern::Exactly(name) => f.write_str(name)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostPattern({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(url: &str) -> Host {
        url::parse(url).unwrap().host().unwrap()
    }

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[track_caller]
    fn matches(text: &str, yes: &[&str], no: &[&str]) {
        let pattern = pattern(text);
        for url in yes {
            assert!(pattern.matches(&host(url)), "{text} does not match {url}");
        }
        for url in no {
            assert!(!pattern.matches(&host(url)), "{text} matches {url}");
        }
    }

    #[test]
    fn a_pattern_compares_only_the_parts_it_has() {
        let name = ["http://api.example.com", "https://API.example.com:8443/x"];
        matches(
            "api.example.com",
            &name,
            &["http://example.com", "http://x.api.example.com"],
        );
        matches("API.Example.com:8443", &name[1..], &name[..1]);
        matches("https://api.example.com", &name[1..], &name[..1]);
        matches(
            "HTTPS://api.example.com:443/",
            &["https://api.example.com"],
            &name,
        );
        matches("*", &name, &[]);
        matches("http://*", &name[..1], &name[1..]);
    }

    #[test]
    fn a_wildcard_stands_for_whole_labels_at_any_depth() {
        matches(
            "*.example.com",
            &["http://a.example.com", "https://a.b.example.com:81"],
            &[
                "http://example.com",
                "http://anexample.com",
                "http://example.com.org",
            ],
        );
    }

    #[test]
    fn names_are_compared_as_they_stand_in_parsed_urls() {
        let bücher = ["http://BÜCHER.example", "http://xn--bcher-kva.example"];
        matches("bücher.example", &bücher, &["http://a.bücher.example"]);
        matches("XN--BCHER-KVA.example", &bücher, &[]);
        matches("*.bücher.example", &["http://a.Bücher.example"], &bücher);
        matches("0x7f.1", &["http://127.0.0.1", "http://127.1"], &[]);
        matches("[0:0::1]:81", &["http://[::1]:81"], &["http://[::1]"]);
        let zone = ["http://[fe80::1%25eth0]", "http://[fe80::1%25eth1]"];
        matches("[fe80::1]", &zone, &["http://[fe80::11]"]);
        matches("[fe80::1%25eth0]", &zone[..1], &zone[1..]);
    }

    #[test]
    fn addresses_are_names_too() {
        matches(
            "127.0.0.1:8080",
            &["http://127.0.0.1:8080"],
            &["http://127.0.0.1"],
        );
        matches(
            "[::1]",
            &["http://[::1]:8080", "https://[::1]"],
            &["http://[::2]"],
        );
        matches(
            "http://[::1]:81",
            &["http://[::1]:81"],
            &["http://[::1]:82"],
        );
    }

    #[test]
    fn a_pattern_that_names_no_host_is_refused_by_name() {
        let bad = [
            ("", "names no host"),
            ("https://", "names no host"),
            (":80", "names no host"),
            ("ftp://example.com", "scheme \"ftp\""),
            ("example.com/path", "paths are not matched"),
            ("example.com:0", "port \"0\""),
            ("example.com:65536", "port \"65536\""),
            ("example.com:+80", "port \"+80\""),
            ("[::1]x:80", "between the host and the port"),
            ("a b.com", "' '"),
            ("a.*.com", "elsewhere"),
            ("*example.com", "elsewhere"),
            ("*.", "empty label"),
            ("*..com", "empty label"),
            ("a|b.example", "holds '|'"),
            ("[::g]", "no IPv6 address"),
            ("256.1.1.1", "no IPv4 address"),
        ];
        for (text, reason) in bad {
            let error = text.parse::<HostPattern>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
            assert!(error.contains(reason), "{text}: {error}");
        }
        let secret = "https://user:hunter2@example.com".parse::<HostPattern>();
        let error = secret.unwrap_err().to_string();
        assert!(error.contains("***@example.com") && !error.contains("hunter2"));
    }

    #[test]
    fn a_pattern_reads_back_as_it_was_meant() {
        for text in ["*", "https://*.example.com:8443", "[::1]:80", "example.com"] {
            assert_eq!(pattern(text).to_string(), text);
        }
        assert_eq!(
            pattern("HTTP://Example.com/").to_string(),
            "http://example.com"
        );
    }
}
