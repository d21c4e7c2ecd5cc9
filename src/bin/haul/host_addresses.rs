//! `--resolve`: addresses that are given for a host.

use std::net::IpAddr;

use haul::ClientBuilder;

/// Addresses for one host and port, as `--resolve HOST:PORT:ADDRESS[,ADDRESS]` gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostAddresses {
    /// Name of the host; `*` for every name.
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl HostAddresses {
    /// Reads the value of the option. The error says what would be right.
    pub(crate) fn parse(text: &str) -> Result<HostAddresses, String> {
        const EXPECTED: &str =
            "HOST:PORT:ADDRESS is expected, such as api.example.com:443:127.0.0.1";
        if text.starts_with(['-', '+']) {
            return Err(format!(
                "curl's - and + change a cache of names, and haul has none to change ({EXPECTED})"
            ));
        }
        let name_end = match text.starts_with('[') {
            true => text.find(']').map(|end| end + 1),
            false => text.find(':'),
        };
        let parts = name_end.map(|end| text.split_at(end));
        let parts = parts.and_then(|(host, rest)| {
            let (port, addresses) = rest.strip_prefix(':')?.split_once(':')?;
            Some((host, port, addresses))
        });
        let Some((host, port, addresses)) = parts.filter(|(host, ..)| !host.is_empty()) else {
            return Err(EXPECTED.to_owned());
        };
        let port = match port.parse() {
            Ok(port) if port > 0 => port,
            _ => {
                return Err(format!(
                    "the port is no number from 1 to 65535: {port:?} ({EXPECTED})"
                ));
            }
        };
        let address = |text: &str| {
            let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
            let read = inner.unwrap_or(text).parse();
            read.map_err(|_| format!("no IP address: {text:?} ({EXPECTED})"))
        };
        let addresses = addresses.split(',').map(|text| address(text.trim()));
        Ok(HostAddresses {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            addresses: addresses.collect::<Result<_, _>>()?,
        })
    }

    fn is_for_all(&self) -> bool {
        self.host == "*"
    }
}

/// Gives hosts their addresses. For a client the first entry that fits counts; here the last one of a host does, and an
/// entry for a name comes before one for all names, as in curl.
pub(crate) fn given(mut builder: ClientBuilder, entries: &[HostAddresses]) -> ClientBuilder {
    let named = entries.iter().rev().filter(|entry| !entry.is_for_all());
    let for_all = entries.iter().rev().filter(|entry| entry.is_for_all());
    for entry in named.chain(for_all) {
        builder = builder.resolve(&entry.host, entry.port, entry.addresses.iter().copied());
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ports_and_addresses_are_read_as_by_curl() {
        let read = |text: &str| {
            let entry = HostAddresses::parse(text).unwrap();
            let addresses = entry.addresses.iter().map(IpAddr::to_string);
            (
                entry.host,
                entry.port,
                addresses.collect::<Vec<_>>().join(" "),
            )
        };
        for (text, host, port, addresses) in [
            ("a.example:443:127.0.0.1", "a.example", 443, "127.0.0.1"),
            ("*:80:10.0.0.1,10.0.0.2", "*", 80, "10.0.0.1 10.0.0.2"),
            ("a:1:[::1],127.0.0.1", "a", 1, "::1 127.0.0.1"),
            ("a:1:2001:db8::1", "a", 1, "2001:db8::1"),
            ("[::1]:8080:127.0.0.1", "::1", 8080, "127.0.0.1"),
        ] {
            assert_eq!(read(text), (host.to_owned(), port, addresses.to_owned()));
        }
    }

    #[test]
    fn a_value_that_is_none_says_what_is_wrong_with_it() {
        for (text, reason) in [
            ("", "is expected"),
            ("a.example", "is expected"),
            ("a.example:443", "is expected"),
            (":443:127.0.0.1", "is expected"),
            ("[::1:443:127.0.0.1", "is expected"),
            ("a:0:127.0.0.1", "the port"),
            ("a:https:127.0.0.1", "the port"),
            ("a:65536:127.0.0.1", "the port"),
            ("a:1:", "no IP address"),
            ("a:1:b.example", "no IP address"),
            ("a:1:127.0.0.1,", "no IP address"),
            ("-a:1", "a cache of names"),
            ("+a:1:127.0.0.1", "a cache of names"),
        ] {
            let wrong = HostAddresses::parse(text).unwrap_err();
            assert!(wrong.contains(reason), "{text}: {wrong}");
        }
    }
}
