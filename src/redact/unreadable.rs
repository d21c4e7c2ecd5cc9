//! Masking of text that is no URL.

use crate::url::cleaned;

use super::{MASK, beginning};

/// Schemes that are shown: any other text before a colon may not be a scheme.
const SCHEMES: [&str; 9] = [
    "http", "https", "ftp", "ftps", "sftp", "file", "ws", "wss", "s3",
];

/// Upper bound for the length of the text shown, in bytes.
const LONGEST: usize = 200;

/// Returns the harmless parts of a text that cannot be read as a URL: a well-known scheme, host, port and path. `***`
/// stands for the rest: everything up to the last `@`, a port that is no number, query, fragment, and text after a
/// blank.
pub(crate) fn unreadable(text: &str) -> String {
    let text = cleaned(text);
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_known(scheme) => (Some(scheme), rest),
        // The text before `://` is no known scheme, and its meaning is unknown.
        Some((before, rest)) if !before.contains(['/', '?', '#', '@']) => {
            return format!("{MASK}://{}", host_and_path(rest, true));
        }
        _ => (None, &*text),
    };
    match scheme {
        Some(scheme) => format!("{scheme}://{}", host_and_path(rest, true)),
        None => without_scheme(rest),
    }
}

fn is_known(scheme: &str) -> bool {
    SCHEMES
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

/// Masks a text without `://`: `example.com/1`, `/items/1` and the like, and URLs with fewer than two slashes, such as
/// `http:example.com`.
fn without_scheme(text: &str) -> String {
    match text.split_once(':') {
        Some((scheme, rest)) if is_known(scheme) => {
            format!("{scheme}:{}", host_and_path(rest, true))
        }
        _ => host_and_path(text, text.starts_with(['/', '\\'])),
    }
}

/// Returns host, port and path at the beginning of a text. `is_url`: true if the text is in a position where a URL has
/// its host, so that its path may hold any character.
fn host_and_path(text: &str, is_url: bool) -> String {
    let Some((before, after)) = text.rsplit_once('@') else {
        return shown(text, is_url);
    };
    // In a query, or in a text after the URL, no host follows an `@`.
    let is_elsewhere = before.contains(['?', '#']) && !begins_with_password(before);
    match is_elsewhere || before.contains(char::is_whitespace) {
        true => MASK.to_owned(),
        false => format!("{MASK}@{}", shown(after, is_url)),
    }
}

/// True if the text begins with a user and the beginning of a password, and not with a host and a port: then `?` and
/// `#` are a part of the password.
fn begins_with_password(text: &str) -> bool {
    let text = text.trim_start_matches(is_slash);
    let place = text.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let port = place.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| !place.contains('@') && !is_number(port))
}

fn is_number(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit())
}

fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\\')
}

/// Returns host, port and path of a text without userinfo.
fn shown(text: &str, is_url: bool) -> String {
    let slashes = text.len() - text.trim_start_matches(is_slash).len();
    let (slashes, rest) = text.split_at(slashes);
    let (place, path) = rest.split_at(
        rest.find(|c| is_slash(c) || matches!(c, '?' | '#'))
            .unwrap_or(rest.len()),
    );
    let of_host = |c: char| c.is_alphanumeric() || "-._~%".contains(c);
    let host_end = match place.strip_prefix('[') {
        Some(inner) => address(inner).map_or(0, |length| length + "[]".len()),
        None => place.find(|c| !of_host(c)).unwrap_or(place.len()),
    };
    let (host, port) = place.split_at(host_end);
    let digits = port.strip_prefix(':').filter(|port| is_number(port));
    if !port.is_empty() && digits.is_none() {
        // The text in place of a host may be a user.
        return format!("{slashes}{MASK}");
    }
    let of_path = |c: char| of_host(c) || is_slash(c) || ":+,!()*$|".contains(c);
    let ends = |c: char| match is_url {
        true => c.is_whitespace() || c.is_control() || "?#;&=\"<>{}".contains(c),
        false => !of_path(c),
    };
    let path_end = path.find(ends).unwrap_or(path.len());
    let whole = format!("{slashes}{host}{port}{}", &path[..path_end]);
    let cut = beginning(&whole, LONGEST);
    let mark = if path_end < path.len() || cut.len() < whole.len() {
        MASK
    } else {
        ""
    };
    format!("{cut}{mark}")
}

/// Length of an IPv6 address and its zone, before the bracket behind them. `None`: the text begins with no address.
fn address(text: &str) -> Option<usize> {
    let (inner, _) = text.split_once(']')?;
    let (address, zone) = inner.split_once('%').unwrap_or((inner, ""));
    let is_address = address
        .bytes()
        .all(|b| b.is_ascii_hexdigit() || b":.".contains(&b));
    let is_zone = zone
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    (is_address && is_zone && address.contains(':')).then_some(inner.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_path_are_shown() {
        for text in [
            "http://h:99999/a/b",
            "https://bücher.example/ä",
            "www.example.com/1",
            "localhost:8080/x",
            "/items/7",
            "items/7",
            "nowhere",
            "ftp://h/a:b",
            "http://[::1/",
            "http:h/x",
            "//h:0/x",
            "",
        ] {
            let shown = unreadable(text);
            assert!(shown == text || text == "http://[::1/", "{text}: {shown}");
        }
    }

    #[test]
    fn the_rest_is_masked() {
        for (text, expected) in [
            ("http://u:secret@h:99999/a", "http://***@h:99999/a"),
            ("http://u:se@c/ret@h:99999/a", "http://***@h:99999/a"),
            ("http://u:se?c#r/et@h:99999/a", "http://***@h:99999/a"),
            ("http://u:se@c?ret@h:99999/a", "http://***"),
            ("http://u:secret", "http://***"),
            ("http://u:secret/x", "http://***"),
            ("u:secret@h/x", "***@h/x"),
            ("u:secret", "***"),
            ("secret://h/x", "***://h/x"),
            ("data:secret", "***"),
            ("http://h:99999/a?q=secret#secret", "http://h:99999/a***"),
            ("http://h:99999/?mail=a@secret&b=secret", "http://***"),
            ("/a?q=secret", "/a***"),
            ("example.com?q=secret", "example.com***"),
            ("a=secret", "***"),
            ("Bearer secret", "***"),
            ("http://h/a write to me@secret", "http://***"),
            ("http://h h/secret", "http://***"),
            ("http://h/p}id_token=secret", "http://h/p***"),
            ("http://u@secret[/p", "http://***@***"),
            ("[\"secret\"]", "***"),
            ("[secret]/x", "***"),
            ("http://[::1%secret;]/", "http://***"),
            ("http://u@[::1]:x/", "http://***@***"),
            ("http://u@[::1%eth0]:0/x", "http://***@[::1%eth0]:0/x"),
            ("{\"a\":\"secret\"}", "***"),
            ("http://h/a;jsessionid=secret", "http://h/a***"),
            ("http://u:p@h:secret/", "http://***@***"),
            ("  ht\ttp://u:secret@h<", "http://***@***"),
            ("mailto:secret@h", "***@h"),
        ] {
            assert_eq!(unreadable(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unreadable_url_is_shown_shortened() {
        let long = format!("http://h/{}", "é".repeat(10_000));
        assert!(unreadable(&long).len() < 300);
    }
}
