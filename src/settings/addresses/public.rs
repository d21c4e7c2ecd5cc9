//! Addresses outside the public internet, by IANA's registries of special-purpose addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Special-purpose networks of IPv4, each with the length of its prefix.
const V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),       // this network (RFC 791 §3.2)
    ([10, 0, 0, 0], 8),      // private (RFC 1918)
    ([100, 64, 0, 0], 10),   // shared by carriers (RFC 6598)
    ([127, 0, 0, 0], 8),     // loopback (RFC 1122 §3.2.1.3)
    ([169, 254, 0, 0], 16),  // link-local (RFC 3927), of clouds' metadata too
    ([172, 16, 0, 0], 12),   // private (RFC 1918)
    ([192, 0, 0, 0], 24),    // protocol assignments (RFC 6890)
    ([192, 0, 2, 0], 24),    // documentation (RFC 5737)
    ([192, 88, 99, 0], 24),  // relays of 6to4 (RFC 7526)
    ([192, 168, 0, 0], 16),  // private (RFC 1918)
    ([198, 18, 0, 0], 15),   // benchmarking (RFC 2544)
    ([198, 51, 100, 0], 24), // documentation (RFC 5737)
    ([203, 0, 113, 0], 24),  // documentation (RFC 5737)
    ([224, 0, 0, 0], 4),     // multicast (RFC 5771)
    ([240, 0, 0, 0], 4),     // reserved (RFC 1112 §4) and broadcast
];

/// Special-purpose networks within 2000::/3, each with the length of its prefix. Every other IPv6 address is not global
/// unicast (RFC 4291 §2.4), so loopback, private, link-local, multicast and IPv4-compatible addresses are ruled out
/// together.
const V6: &[([u16; 3], u32)] = &[
    ([0x2001, 0, 0], 23), // protocol assignments (RFC 2928): Teredo, benchmarking, ORCHID
    ([0x2001, 0xdb8, 0], 32), // documentation (RFC 3849)
    ([0x2002, 0, 0], 16), // 6to4 (RFC 3056): an IPv4 address inside
    ([0x3fff, 0, 0], 20), // documentation (RFC 9637)
];

pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !V4.iter().any(|(network, length)| {
        let network = u32::from(Ipv4Addr::from(*network));
        (bits ^ network) >> (32 - length) == 0
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    // NAT64 (RFC 6052): the last four bytes are the IPv4 address that it leads to.
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() {
        let bits = u32::from(high) << 16 | u32::from(low);
        return is_public_v4(Ipv4Addr::from(bits));
    }
    let bits = u128::from(address);
    let within = |[a, b, c]: [u16; 3], length: u32| {
        let network = u128::from(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0));
        (bits ^ network) >> (128 - length) == 0
    };
    within([0x2000, 0, 0], 3) && !V6.iter().any(|(network, length)| within(*network, *length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_borders_of_what_is_not_public_are_exact() {
        // First and last address of each network, and their neighbours outside if those are public.
        for (inside, outside) in [
            (["0.0.0.0", "0.255.255.255"], vec!["1.0.0.0"]),
            (
                ["10.0.0.0", "10.255.255.255"],
                vec!["9.255.255.255", "11.0.0.0"],
            ),
            (
                ["100.64.0.0", "100.127.255.255"],
                vec!["100.63.255.255", "100.128.0.0"],
            ),
            (
                ["127.0.0.0", "127.255.255.255"],
                vec!["126.255.255.255", "128.0.0.0"],
            ),
            (
                ["169.254.0.0", "169.254.255.255"],
                vec!["169.253.255.255", "169.255.0.0"],
            ),
            (
                ["172.16.0.0", "172.31.255.255"],
                vec!["172.15.255.255", "172.32.0.0"],
            ),
            (
                ["192.0.0.0", "192.0.0.255"],
                vec!["191.255.255.255", "192.0.1.0"],
            ),
            (
                ["192.0.2.0", "192.0.2.255"],
                vec!["192.0.1.255", "192.0.3.0"],
            ),
            (
                ["192.88.99.0", "192.88.99.255"],
                vec!["192.88.98.255", "192.88.100.0"],
            ),
            (
                ["192.168.0.0", "192.168.255.255"],
                vec!["192.167.255.255", "192.169.0.0"],
            ),
            (
                ["198.18.0.0", "198.19.255.255"],
                vec!["198.17.255.255", "198.20.0.0"],
            ),
            (
                ["198.51.100.0", "198.51.100.255"],
                vec!["198.51.99.255", "198.51.101.0"],
            ),
            (
                ["203.0.113.0", "203.0.113.255"],
                vec!["203.0.112.255", "203.0.114.0"],
            ),
            (["224.0.0.0", "255.255.255.255"], vec!["223.255.255.255"]),
            (
                ["2001::", "2001:1ff:ffff::1"],
                vec!["2000:ffff::1", "2001:200::"],
            ),
            (
                ["2001:db8::", "2001:db8:ffff::1"],
                vec!["2001:db7:ffff::1", "2001:db9::"],
            ),
            (["2002::", "2002:ffff::1"], vec!["2001:ffff::1", "2003::"]),
            (
                ["3fff::", "3fff:fff::1"],
                vec!["3ffe:ffff::1", "3fff:1000::"],
            ),
        ] {
            for address in inside {
                assert!(!is_public(address.parse().unwrap()), "{address}");
            }
            for address in outside {
                assert!(is_public(address.parse().unwrap()), "{address}");
            }
        }
    }

    #[test]
    fn in_ipv6_only_global_unicast_is_public() {
        for address in [
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "100::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "1fff:ffff::1",
            "4000::",
            "64:ff9b:1::7f00:1",
            "2001::1",
            "2001:2::1",
            "2002:7f00:1::",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["2606:4700::1111", "2a00::1", "2000::"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_inside_another_counts_as_itself() {
        for (inner, public) in [
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("169.254.169.254", false),
            ("8.8.8.8", true),
        ] {
            for outer in ["::ffff:", "64:ff9b::"] {
                let address = format!("{outer}{inner}");
                assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
            }
        }
    }
}
