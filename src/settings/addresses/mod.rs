//! Policies for the addresses that may be connected to, and the choice between the versions of IP.

mod public;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Function that takes a host's name and one of its addresses, and returns true if a connection to it is allowed.
type AllowsAddress = dyn Fn(&str, IpAddr) -> bool + Send + Sync;

/// Policy for the addresses that a client may connect to.
///
/// The client asks the policy about every address right before it connects to that address: a literal address in any
/// spelling, each address that a name resolves to (each time the name is resolved), a [static
/// address](crate::ClientBuilder::resolve), the address of every hop of a redirect. The client connects only to
/// addresses that the policy has allowed, so a name cannot be rebound in between. If a host has several addresses, the
/// allowed ones are used; if it has no allowed one, the request fails with class
/// [`AddressDenied`](crate::ErrorType::AddressDenied) and is not tried again.
///
/// The policy covers addresses that are connected to, and nothing else. Files are not covered: the file of a request's
/// [body](crate::Request::body_file) is read, and the file that a response is [saved](crate::Request::save_to) to is
/// written, at any path. For requests that are read from lines of others there is
/// [`InputLines::refuse_files`](crate::record::InputLines::refuse_files). The policy does not cover what the program
/// itself sets either: a proxy that was [exempted](crate::ClientBuilder::exempt_proxy), hooks, files of certificates, a
/// [netrc file](crate::ClientBuilder::netrc), whose passwords go to every request of their host. The names of all hosts
/// are looked up before the policy is asked about their addresses, so name servers see them. There are no other ways to
/// local services: URLs are `http` and `https`, and a Unix socket cannot be named.
///
/// Behind a proxy the client cannot see the address of a server: a policy and a proxy together are an error, unless
/// that proxy is [exempted](crate::ClientBuilder::exempt_proxy) by name.
///
/// ```
/// use haul::settings::AddressPolicy;
/// use haul::{Client, ErrorType};
///
/// let client = Client::builder().address_policy(AddressPolicy::PublicOnly).build()?;
/// let outcome = client.get("http://169.254.169.254/latest/meta-data/");
/// assert_eq!(outcome.error().unwrap().error_type(), ErrorType::AddressDenied);
/// # Ok::<(), haul::BuildError>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
#[doc(alias = "SSRF")]
#[must_use = "a policy holds for the client it is given to with `ClientBuilder::address_policy`"]
pub enum AddressPolicy {
    /// Any address. The default.
    #[default]
    Any,
    /// Only addresses of the public internet (IANA's special-purpose registries).
    ///
    /// That is: not private (RFC 1918, RFC 4193), loopback, link-local, shared (RFC 6598), multicast, unspecified,
    /// broadcast, reserved, documentation or benchmarking addresses, not 6to4 or Teredo, and not those mapped into IPv6
    /// (IPv4-mapped, IPv4-compatible, NAT64).
    PublicOnly,
    /// Only addresses that a function allows; see [`custom`](AddressPolicy::custom).
    Custom(CustomPolicy),
}

/// Policy that is a function, made by [`AddressPolicy::custom`].
#[derive(Clone)]
pub struct CustomPolicy(Arc<AllowsAddress>);

impl AddressPolicy {
    /// Makes a policy from a function of the program's own.
    ///
    /// The function gets the host as the URL has it, IPv6 without brackets, and one of its addresses. It runs on the
    /// worker that is about to connect; a panic in it ends the request with class [`Panic`](crate::ErrorType::Panic).
    ///
    /// ```
    /// use haul::settings::AddressPolicy;
    ///
    /// let inside = AddressPolicy::custom(|host, address| {
    ///     host.ends_with(".internal") || AddressPolicy::PublicOnly.allows(host, address)
    /// });
    /// assert!(inside.allows("db.internal", "10.0.0.7".parse().unwrap()));
    /// assert!(!inside.allows("example.com", "10.0.0.7".parse().unwrap()));
    /// ```
    pub fn custom(allows: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static) -> AddressPolicy {
        AddressPolicy::Custom(CustomPolicy(Arc::new(allows)))
    }

    /// True if a connection to this address of this host is allowed.
    pub fn allows(&self, host: &str, address: IpAddr) -> bool {
        match self {
            AddressPolicy::Any => true,
            AddressPolicy::PublicOnly => public::is_public(address),
            AddressPolicy::Custom(CustomPolicy(allows)) => allows(host, address),
        }
    }

    pub(crate) fn is_any(&self) -> bool {
        matches!(self, AddressPolicy::Any)
    }
}

impl fmt::Debug for AddressPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressPolicy::Any => "Any",
            AddressPolicy::PublicOnly => "PublicOnly",
            AddressPolicy::Custom(_) => "Custom",
        })
    }
}

impl fmt::Debug for CustomPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomPolicy")
    }
}

/// Versions of IP that connections use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IpFamily {
    /// Both versions, beginning with the one that the system prefers. The default.
    #[default]
    Any,
    /// Only IPv4 (curl's `-4`).
    V4,
    /// Only IPv6 (curl's `-6`).
    V6,
}

impl IpFamily {
    pub(crate) fn has(self, address: IpAddr) -> bool {
        match self {
            IpFamily::Any => true,
            IpFamily::V4 => address.is_ipv4(),
            IpFamily::V6 => address.is_ipv6(),
        }
    }

    pub(crate) fn of(address: IpAddr) -> IpFamily {
        if address.is_ipv4() {
            IpFamily::V4
        } else {
            IpFamily::V6
        }
    }
}

/// Returns the address that a literal host name denotes, in any spelling that systems accept: `127.1`, `0x7f000001`,
/// `017700000001`, `2130706433`.
pub(crate) fn literal(name: &str) -> Option<IpAddr> {
    if let Ok(address) = name.parse() {
        return Some(address);
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut parts = Vec::with_capacity(4);
    for part in name.split('.') {
        parts.push(number(part)?);
    }
    let (last, front) = parts.split_last()?;
    if front.len() > 3 || front.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 32 - 8 * front.len();
    if *last >> room > 0 {
        return None;
    }
    let front = (0..).zip(front).map(|(i, part)| part << (24 - 8 * i));
    let bits = front.sum::<u64>() | last;
    Some(Ipv4Addr::from(u32::try_from(bits).ok()?).into())
}

fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    // A number has no sign, and a lone `0x` is zero, as in the C library.
    if digits.is_empty() && radix == 16 {
        return Some(0);
    }
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) || digits.len() > 12 {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_read() {
        for spelling in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0X7F.1",
            "017700000001",
            "0177.0.0.01",
            "127.0.0.1.",
        ] {
            let expected = Some(IpAddr::from([127, 0, 0, 1]));
            assert_eq!(literal(spelling), expected, "{spelling}");
        }
        for name in [
            "example.com",
            "1.2.3.4.5",
            "256.1.1.1",
            "4294967296",
            "127.0.0.-1",
            "1..2",
            "08.1.1.1",
            "",
            ".",
            "0xg",
        ] {
            assert_eq!(literal(name), None, "{name}");
        }
        assert_eq!(literal("::1"), Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])));
    }

    #[test]
    fn a_policy_of_ones_own_sees_host_and_address() {
        let policy = AddressPolicy::custom(|host, address| host == "a" && address.is_ipv4());
        assert!(policy.allows("a", [1, 1, 1, 1].into()));
        assert!(!policy.allows("b", [1, 1, 1, 1].into()));
        assert_eq!(format!("{policy:?}"), "Custom");
    }
}
