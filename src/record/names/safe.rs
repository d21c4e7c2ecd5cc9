//! Parts of paths that are safe as names of files on Linux, macOS and Windows.

use percent_encoding::percent_decode_str;

use crate::redact;

/// Longest part that is made, in bytes: file systems take 255, and the name of the unfinished file is longer.
const LONGEST: usize = 180;

/// Longest ending, with its dot, that is kept when a part is cut.
const LONGEST_ENDING: usize = 16;

/// Upper bound for the number of folders in a name: the rest is one part.
const MOST_FOLDERS: usize = 16;

/// Names that Windows has for devices, also with an ending.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Name of a file whose URL or template leaves its name empty.
pub(super) const UNNAMED: &str = "index";

/// Name of a file whose URL ends with its directory, if no template names it.
const UNNAMED_PAGE: &str = "index.html";

/// Splits a path into parts that are safe. There is at least one.
pub(super) fn parts(path: &str) -> Vec<String> {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let last = match path.ends_with('/') {
        true => None,
        false => parts.pop(),
    };
    let folded: String;
    if parts.len() > MOST_FOLDERS {
        folded = parts.split_off(MOST_FOLDERS - 1).join("_");
        parts.push(&folded);
    }
    let last = safe_part(last.unwrap_or_default());
    let mut safe: Vec<String> = parts.into_iter().map(safe_part).collect();
    safe.push(last);
    safe
}

/// Makes a text safe as one part of a path on Linux, macOS and Windows. An empty one becomes `index`.
pub(super) fn safe_part(text: &str) -> String {
    let plain = harmless(text, is_invisible);
    // Windows drops dots and blanks at the end.
    let blank = |c: char| c == '.' || c.is_whitespace();
    let name = plain.trim_start_matches(blank).trim_end_matches(blank);
    let name = match name.is_empty() {
        true => UNNAMED,
        false => name,
    };
    let name = shortened(name, halves);
    match is_device(&name) {
        true => format!("_{name}"),
        false => name,
    }
}

/// Makes the name of a file of the last part of a URL's path. An empty one becomes `index.html`.
///
/// The rules are older than those of [`safe_part`] and stay as they are, so that a later run finds the files of an
/// earlier one.
pub(in crate::record) fn last_part(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path,
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain = harmless(&percent_decode_str(last).decode_utf8_lossy(), |_| false);
    let name = plain.trim_start_matches('.').trim();
    match name.is_empty() {
        true => UNNAMED_PAGE.to_owned(),
        false => shortened(name, any_halves),
    }
}

/// Replaces the characters that a name cannot have, and those that `more` names. The result may begin with dots: it is
/// for the caller to make it neither a hidden file, nor `.` or `..`.
fn harmless(text: &str, more: impl Fn(char) -> bool) -> String {
    let harmless = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if c.is_control() || more(c) => '_',
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// True for characters that change the order of others, or are not seen, so that a name looks like another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Cuts a name that is too long, and keeps its ending. `halves` splits the name.
fn shortened(name: &str, halves: fn(&str) -> (&str, &str)) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let (stem, end) = halves(name);
    let end = if end.len() <= LONGEST_ENDING { end } else { "" };
    format!("{}{end}", redact::beginning(stem, LONGEST - end.len()))
}

/// Splits a name into the part before its ending, and the ending with its dot. Digits alone are no ending, but the end
/// of an address.
pub(super) fn halves(name: &str) -> (&str, &str) {
    match any_halves(name) {
        (_, end) if end.bytes().skip(1).all(|b| b.is_ascii_digit()) => (name, ""),
        halves => halves,
    }
}

/// Splits a name like [`halves`], except that digits alone are an ending too.
fn any_halves(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}

/// Adds text to a name of [`last_part`], before its ending.
pub(in crate::record) fn with_added(name: &str, added: &str) -> String {
    let (stem, end) = any_halves(name);
    format!("{stem}-{added}{end}")
}

/// True for a name that Windows takes for a device.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_uppercase();
    let numbered = ["COM", "LPT"].iter().any(|device| {
        let number = stem.strip_prefix(device).unwrap_or_default();
        matches!(number, "¹" | "²" | "³") || matches!(number.as_bytes(), [b'0'..=b'9'])
    });
    numbered || DEVICES.contains(&stem.as_str())
}

/// Checks the text of a template, with a value in place of each placeholder.
pub(super) fn check(sample: &str) -> Result<(), &'static str> {
    if sample.is_empty() || sample.ends_with('/') {
        return Err("a file is expected, not a directory (a name after the last /)");
    }
    if sample.starts_with('/') {
        return Err("it leads out of the directory (a relative path is expected)");
    }
    for part in sample.split('/') {
        if part == ".." {
            return Err("it leads out of the directory (a relative path without .. is expected)");
        }
        if safe_part(part) != part {
            return Err(
                "it has a part that cannot be a name everywhere: none may be empty, begin with a dot or a blank, end \
                 with one, be reserved by Windows, be longer than 180 bytes, or hold \\ : * ? \" < > | or control \
                 characters",
            );
        }
    }
    Ok(())
}
