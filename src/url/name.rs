//! Host names in settings, in the form that they have in parsed URLs.

use std::net::IpAddr;

use super::text::cleaned;
use super::zone;

/// Returns the name as it stands in a parsed URL: in lower case, an international name in its xn-- form, an IPv4
/// address as four numbers, an IPv6 address in its shortest form, without brackets. A zone stays with its address:
/// `fe80::1%eth0`.
///
/// # Errors
/// If no URL can have such a host; the error says why.
pub(crate) fn host_name(name: &str) -> Result<String, String> {
    let name = cleaned(name);
    let inner = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    let (address, zone) = match inner.unwrap_or(&name).split_once('%') {
        Some((address, zone)) if address.contains(':') => (address, Some(zone)),
        _ => (inner.unwrap_or(&name), None),
    };
    if let Ok(IpAddr::V6(address)) = address.parse() {
        return Ok(match zone {
            Some(zone) => {
                let zone = zone::decoded(zone).map_err(|mistake| mistake.to_string())?;
                format!("{address}%{zone}")
            }
            None => address.to_string(),
        });
    }
    match ::url::Host::parse(&name) {
        Ok(host) => Ok(host.to_string()),
        Err(error) => Err(super::wrong_host(error, &name, 0).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gets_the_form_it_has_in_a_parsed_url() {
        for (name, expected) in [
            ("Example.COM", "example.com"),
            ("bücher.Example", "xn--bcher-kva.example"),
            ("faß.example", "xn--fa-hia.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("example.com.", "example.com."),
            ("0x7f.1", "127.0.0.1"),
            ("[0:0::1]", "::1"),
            ("FE80::0:1", "fe80::1"),
            ("[fe80::1%25eth0]", "fe80::1%eth0"),
            ("fe80::1%Eth0", "fe80::1%Eth0"),
        ] {
            assert_eq!(host_name(name).as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn a_name_that_no_url_has_as_its_host_is_refused() {
        for name in ["", "a b", "a/b", "256.1.1.1", "[::g]", "u@h", "xn--a"] {
            assert!(host_name(name).is_err(), "{name}");
        }
    }
}
