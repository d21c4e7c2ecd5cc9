//! File name of a `Content-Disposition` (RFC 6266).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Returns the file name, not made safe yet: that of `filename*` (RFC 8187) if it can be read, else that of `filename`.
/// `None`: the header has none.
pub(super) fn file_name(header: &[u8]) -> Option<String> {
    let text = text_of(header);
    // The type of the disposition makes no difference: an inline one may have a name too.
    let (_, mut rest) = text.split_once(';')?;
    let (mut plain, mut extended) = (None, None);
    while let Some((name, value, after)) = parameter(rest) {
        match name.to_ascii_lowercase().as_str() {
            "filename" if plain.is_none() => plain = Some(value),
            "filename*" if extended.is_none() => extended = decoded(&value),
            _ => {}
        }
        rest = after;
    }
    let name = extended.or(plain)?;
    // A path is never followed, only its last part is the name.
    let last = name.rsplit(['/', '\\']).next()?.trim();
    (!last.is_empty()).then(|| last.to_owned())
}

/// Returns the header as text: UTF-8, which servers send against the rule, else ISO-8859-1.
fn text_of(header: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(header) {
        Ok(text) => text.into(),
        Err(_) => latin1(header).into(),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Reads the next parameter: its name, its value, and the text after it. `None`: there is no further parameter.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let text = text.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
    if text.is_empty() {
        return None;
    }
    let end = text.find(['=', ';']).unwrap_or(text.len());
    let (name, rest) = (text[..end].trim(), &text[end..]);
    let Some(value) = rest.strip_prefix('=') else {
        return Some((name, String::new(), rest));
    };
    let value = value.trim_start();
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find(';').unwrap_or(value.len());
        return Some((name, value[..end].trim().to_owned(), &value[end..]));
    };
    let (mut read, mut chars) = (String::new(), quoted.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, read, &quoted[at + 1..])),
            '\\' => read.extend(chars.next().map(|(_, c)| c)),
            c => read.push(c),
        }
    }
    // The closing quote is missing.
    Some((name, read, ""))
}

/// Decodes `charset'language'value` of RFC 8187. `None`: it is none, or of another charset.
fn decoded(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, value) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(value).collect();
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(latin1(&bytes)),
        _ => None,
    }
}
