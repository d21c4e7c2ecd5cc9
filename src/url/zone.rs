//! Zones of IPv6 addresses (RFC 6874): `http://[fe80::1%25eth0]/`. A zone names the network interface of this machine
//! through which the address is reached. The URL Standard knows no zones, and no server may see one.

use percent_encoding::percent_decode_str;

use super::Mistake;
use super::text::{authority, without_userinfo};

/// Upper bound for the length of a zone in bytes; names of interfaces have at most 15 on Linux.
const LONGEST: usize = 64;

/// Splits a URL into its text without the zone, and the zone. `None`: it has no zone.
///
/// As in curl, the percent sign may be written as it is (`%eth0`) or escaped (`%25eth0`).
///
/// # Errors
/// If the zone is empty, too long or holds a character that no name of an interface has.
pub(super) fn take_off(text: &str) -> Result<Option<(String, Box<str>)>, Mistake> {
    let Some(place) = authority(text) else {
        return Ok(None);
    };
    let host = without_userinfo(&text[place.clone()]);
    let Some(percent) = in_brackets(host).and_then(|inner| inner.find('%')) else {
        return Ok(None);
    };
    let start = place.end - host.len() + "[".len() + percent;
    let length = text[start..].find(']').unwrap_or_default();
    let zone = decoded(&text[start + "%".len()..start + length]).map_err(|m| m.at(start))?;
    Ok(Some((
        format!("{}{}", &text[..start], &text[start + length..]),
        zone,
    )))
}

/// Returns the address of a host in brackets.
fn in_brackets(host: &str) -> Option<&str> {
    Some(host.strip_prefix('[')?.split_once(']')?.0)
}

/// Returns the zone after its percent sign.
pub(super) fn decoded(written: &str) -> Result<Box<str>, Mistake> {
    let written = match written.strip_prefix("25") {
        Some(rest) if !rest.is_empty() => rest,
        _ => written,
    };
    let zone = percent_decode_str(written).decode_utf8_lossy();
    let plain = |b: u8| b.is_ascii_graphic() && !b"/\\:[]%@?#\"<>".contains(&b);
    if zone.is_empty() || zone.len() > LONGEST || !zone.bytes().all(plain) {
        return Err(
            "the zone of the IPv6 address is no name or number of a network interface".into(),
        );
    }
    Ok(zone.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_taken_off_however_its_percent_sign_is_written() {
        for (text, without, zone) in [
            (
                "http://[fe80::1%25eth0]/a%25b",
                "http://[fe80::1]/a%25b",
                "eth0",
            ),
            ("http://[fe80::1%eth0]:80/", "http://[fe80::1]:80/", "eth0"),
            (
                "http://u:p%40@[fe80::1%252]",
                "http://u:p%40@[fe80::1]",
                "2",
            ),
            ("http://[fe80::1%25]/", "http://[fe80::1]/", "25"),
            ("//[fe80::1%25br%2Dlan]?x", "//[fe80::1]?x", "br-lan"),
        ] {
            let expected = Some((without.to_owned(), zone.into()));
            assert_eq!(take_off(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_percent_sign_elsewhere_is_no_zone() {
        for text in [
            "http://[::1]/%25eth0",
            "http://h%25eth0/",
            "http://[::1%25eth0]@h/",
            "http://[::1%25eth0/@h]/",
            "/[::1%25eth0]",
            "http://h/[::1%25eth0]",
        ] {
            assert_eq!(take_off(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn a_zone_that_names_no_interface_is_refused() {
        let long = format!("http://[::1%25{}]/", "x".repeat(65));
        for text in [
            "http://[fe80::1%]/",
            "http://[fe80::1%25a%2Fb]/",
            "http://[fe80::1%25a b]/",
            "http://[fe80::1%eth0%eth1]/",
            "http://[fe80::1%25é]/",
            &long,
        ] {
            assert!(
                take_off(text).unwrap_err().reason.contains("zone"),
                "{text}"
            );
        }
    }
}
