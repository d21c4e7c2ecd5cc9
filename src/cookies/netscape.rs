//! The jar as a file in Netscape's format, which curl, wget, exports of browsers and Python's `MozillaCookieJar` share.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use cookie_store::{Cookie, CookieDomain, CookieExpiration};
use http::Uri;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::file::at;
use super::sites::Sites;

/// First lines of a file. Other programs know the format by the first one.
const HEAD: &str = "# Netscape HTTP Cookie File\n# Written by haul. Each line: domain, with its subdomains, path, secure, expiry, name, value.\n\n";

/// Mark before the domain of a cookie that scripts may not read; without it, such a line would be a comment.
const HTTP_ONLY: &str = "#HttpOnly_";

/// Upper bound for a time of expiry, since dates have years of four digits: the last second of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// Cookie of a line, as a `Set-Cookie` and the URI that sets it.
#[derive(Debug)]
pub(super) struct NetscapeCookie {
    pub(super) set_cookie: String,
    pub(super) uri: Uri,
    /// Number of the line, counted from 1.
    pub(super) line: usize,
}

/// Reads a file. The error names the path and the line, and shows nothing of the line.
pub(super) fn load(path: &Path) -> io::Result<Vec<NetscapeCookie>> {
    let bytes = fs::read(path).map_err(|e| at(path, &e))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"));
    let text = text.map_err(|e| at(path, &e))?;
    cookies(&text).map_err(|(line, reason)| bad_line(path, line, reason))
}

pub(super) fn bad_line(path: &Path, line: usize, reason: &str) -> io::Error {
    let message = format!("{}:{line}: {reason}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Reads the lines of a file. The error is the number of a line and what is wrong with it.
pub(super) fn cookies(text: &str) -> Result<Vec<NetscapeCookie>, (usize, &'static str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut all = Vec::new();
    for (line, written) in (1..).zip(text.lines()) {
        let (http_only, cookie) = match written.strip_prefix(HTTP_ONLY) {
            Some(rest) => (true, rest),
            None => (false, written),
        };
        if cookie.trim().is_empty() || !http_only && cookie.starts_with('#') {
            continue;
        }
        let read = cookie_of(cookie, http_only).map_err(|reason| (line, reason))?;
        all.push(NetscapeCookie { line, ..read });
    }
    Ok(all)
}

/// Reads a line without the mark in front.
fn cookie_of(line: &str, http_only: bool) -> Result<NetscapeCookie, &'static str> {
    let fields: Vec<&str> = line.split('\t').collect();
    // Some writers leave out an empty value together with the tab before it.
    let (domain, subdomains, path, secure, expiry, name, value) = match fields[..] {
        [a, b, c, d, e, f] => (a, b, c, d, e, f, ""),
        [a, b, c, d, e, f, g] => (a, b, c, d, e, f, g),
        _ => return Err("this is no cookie (seven fields with a tab between are expected)"),
    };
    let is_true = |field: &str| match () {
        () if field.eq_ignore_ascii_case("TRUE") => Ok(true),
        () if field.eq_ignore_ascii_case("FALSE") => Ok(false),
        () => Err("the second and the fourth field are TRUE or FALSE"),
    };
    let (subdomains, secure) = (is_true(subdomains)?, is_true(secure)?);
    if !path.starts_with('/') {
        return Err("the third field is a path that begins with a slash");
    }
    let cannot_be_sent = |c: char| c == ';' || c.is_control();
    if name.is_empty()
        || name.contains('=')
        || [name, value, path].concat().contains(cannot_be_sent)
    {
        return Err("the cookie has no name, or holds a character that no cookie has");
    }
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let host = match domain.contains(':') && !domain.starts_with('[') {
        true => format!("[{domain}]"),
        false => domain.to_owned(),
    };
    // As an https URL, since only such a URL may set a secure cookie.
    let url = crate::url::parse(&format!("https://{host}/"));
    let uri = match url {
        Ok(url) if !host.is_empty() && !host.contains(['/', '@', '?']) => url.uri().clone(),
        _ => return Err("the first field is no domain"),
    };
    let mut set_cookie = format!("{name}={value}; Path={path}");
    // An address has no subdomains.
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    if subdomains && !is_address {
        set_cookie += "; Domain=";
        set_cookie += uri.host().unwrap_or_default();
    }
    set_cookie += if secure { "; Secure" } else { "" };
    set_cookie += if http_only { "; HttpOnly" } else { "" };
    if let Some(date) = date(expiry)? {
        set_cookie += "; Expires=";
        set_cookie += &date;
    }
    Ok(NetscapeCookie {
        set_cookie,
        uri,
        line: 0,
    })
}

/// Reads a time of expiry in seconds since 1970. `None`: 0 or nothing, for a cookie of the session.
fn date(expiry: &str) -> Result<Option<String>, &'static str> {
    // Some exports have fractions of a second.
    let whole = expiry.split('.').next().unwrap_or_default();
    if whole.is_empty() || whole.bytes().all(|b| b == b'0') {
        return Ok(None);
    }
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return Err("the fifth field is a time in seconds since 1970, or 0 for the session");
    }
    let second = whole.parse().unwrap_or(LAST_SECOND).min(LAST_SECOND);
    let date = Timestamp::from_second(second).ok();
    Ok(date.and_then(|date| {
        DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&date)
            .ok()
    }))
}

/// Writes all cookies that have not expired, sorted. A cookie with a tab in it cannot be written and is left out.
pub(super) fn text(sites: &Sites) -> String {
    let mut lines: Vec<String> = sites.iter().filter_map(line_of).collect();
    lines.sort_unstable();
    HEAD.to_owned() + &lines.concat()
}

fn line_of(cookie: &Cookie<'static>) -> Option<String> {
    let (domain, subdomains) = match &cookie.domain {
        CookieDomain::HostOnly(name) => (name.clone(), "FALSE"),
        CookieDomain::Suffix(name) => (format!(".{name}"), "TRUE"),
        _ => return None,
    };
    let path = String::from(&cookie.path);
    let (name, value) = (cookie.name(), cookie.value());
    if [name, value, &path].concat().contains(char::is_control) {
        return None;
    }
    let mark = match cookie.http_only() {
        Some(true) => HTTP_ONLY,
        _ => "",
    };
    let secure = match cookie.secure() {
        Some(true) => "TRUE",
        _ => "FALSE",
    };
    let expiry = match &cookie.expires {
        CookieExpiration::AtUtc(time) => time.unix_timestamp(),
        CookieExpiration::SessionEnd => 0,
    };
    Some(format!(
        "{mark}{domain}\t{subdomains}\t{path}\t{secure}\t{expiry}\t{name}\t{value}\n"
    ))
}

#[cfg(test)]
mod tests;
