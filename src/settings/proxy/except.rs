//! Servers that are reached without the proxy.

use std::net::IpAddr;

use crate::url;

/// Entry of the list: servers that are reached without the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exception {
    place: ServerPattern,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ServerPattern {
    All,
    /// The name and every name below it.
    Name(String),
    /// Addresses that share this number of leading bits.
    Network(IpAddr, u32),
}

/// Reads a list, separated by commas or blanks.
pub(super) fn exceptions(list: &str) -> Result<Vec<Exception>, String> {
    let entries = list.split([',', ' ', '\t', '\n', '\r']);
    entries
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            parse(entry).ok_or_else(|| {
                format!("{entry:?} names no server (name, address, network/bits or *, and a port)")
            })
        })
        .collect()
}

fn parse(entry: &str) -> Option<Exception> {
    if let Some(place) = place(entry) {
        return Some(Exception { place, port: None });
    }
    let (front, port) = entry.rsplit_once(':')?;
    Some(Exception {
        place: place(front)?,
        port: Some(port.parse().ok()?),
    })
}

/// Reads an entry, or the part of it before its port. An IPv6 address has colons of its own, so the caller tries the
/// whole entry first.
fn place(text: &str) -> Option<ServerPattern> {
    if text == "*" {
        return Some(ServerPattern::All);
    }
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    if let Ok(address) = inner.unwrap_or(text).parse() {
        return Some(ServerPattern::Network(address, bits(address)));
    }
    if let Some((network, length)) = text.split_once('/') {
        let network: IpAddr = network.parse().ok()?;
        let length = length.parse().ok()?;
        return (length <= bits(network)).then_some(ServerPattern::Network(network, length));
    }
    let name = text.strip_prefix('*').unwrap_or(text);
    let name = name.strip_prefix('.').unwrap_or(name);
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() || name.contains([':', '[', ']', '*', '@']) {
        return None;
    }
    match name.is_ascii() {
        true => Some(ServerPattern::Name(name.to_ascii_lowercase())),
        false => url::host_name(name).ok().map(ServerPattern::Name),
    }
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl Exception {
    /// True if the entry covers this server.
    pub(super) fn holds(&self, name: &str, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
            && match &self.place {
                ServerPattern::All => true,
                // An address has no names above it, though it has dots.
                ServerPattern::Name(place) => {
                    name.parse::<IpAddr>().is_err() && is_within(name, place)
                }
                ServerPattern::Network(network, length) => name
                    .parse()
                    .is_ok_and(|address| share(address, *network, *length)),
            }
    }
}

fn is_within(name: &str, place: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
    let Some(front) = name.len().checked_sub(place.len()) else {
        return false;
    };
    let (front, end) = name.split_at(front);
    end.eq_ignore_ascii_case(place.as_bytes()) && matches!(front.last(), None | Some(b'.'))
}

fn share(a: IpAddr, b: IpAddr, length: u32) -> bool {
    let differs = match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(u32::from(a) ^ u32::from(b)),
        (IpAddr::V6(a), IpAddr::V6(b)) => u128::from(a) ^ u128::from(b),
        _ => return false,
    };
    differs.checked_shr(bits(a) - length).unwrap_or(0) == 0
}
