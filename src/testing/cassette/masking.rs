//! Bodies with their secrets masked, and in the form in which they are compared.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::redact::{MASK, Redaction};

/// Form of a body, as far as secrets and comparison depend on it.
enum ComparedForm<'a> {
    Json(&'a str),
    Form(&'a str),
    /// Form of several parts, with the text that separates them.
    Multipart(String),
    /// Other text, which may hold JSON: lines of it, events, or JSON that was cut short.
    Text(&'a str),
    Other,
}

fn form<'a>(headers: &HeaderMap, body: &'a [u8]) -> ComparedForm<'a> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let content_type = content_type.unwrap_or_default();
    let lower = content_type.to_ascii_lowercase();
    if lower.starts_with("multipart/")
        && let Some(at) = lower.find("boundary=")
    {
        let boundary = content_type[at + "boundary=".len()..].split(';').next();
        let boundary = boundary.unwrap_or_default().trim().trim_matches('"');
        return ComparedForm::Multipart(boundary.to_owned());
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return ComparedForm::Other;
    };
    if lower.starts_with("application/x-www-form-urlencoded") {
        return ComparedForm::Form(text);
    }
    match is_json(text) {
        true => ComparedForm::Json(text),
        false => ComparedForm::Text(text),
    }
}

/// Returns true if the text is a JSON object or array.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Returns the body with the values of secret members and parameters masked. All else stays as it is written.
pub(super) fn masked<'a>(
    redaction: &Redaction,
    headers: &HeaderMap,
    body: &'a [u8],
) -> Cow<'a, [u8]> {
    match redaction.body(body) {
        Cow::Borrowed(body) => masked_by_names(redaction, headers, body),
        Cow::Owned(body) => masked_by_names(redaction, headers, &body)
            .into_owned()
            .into(),
    }
}

fn masked_by_names<'a>(
    redaction: &Redaction,
    headers: &HeaderMap,
    body: &'a [u8],
) -> Cow<'a, [u8]> {
    match form(headers, body) {
        ComparedForm::Json(text) | ComparedForm::Text(text) => match json_masked(redaction, text) {
            Some(masked) => masked.into_bytes().into(),
            None => body.into(),
        },
        ComparedForm::Form(text) => form_masked(redaction, text).into_bytes().into(),
        ComparedForm::Multipart(_) | ComparedForm::Other => body.into(),
    }
}

/// Returns the body in the form in which two bodies are compared: secrets masked, JSON as a value, and without the
/// boundary of a form of several parts.
pub(super) fn comparable(redaction: &Redaction, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let body = &*redaction.body(body);
    match form(headers, body) {
        ComparedForm::Json(text) => {
            let masked = json_masked(redaction, text);
            let value: Option<Value> = serde_json::from_str(masked.as_deref().unwrap_or(text)).ok();
            value.map_or_else(|| body.to_owned(), |value| value.to_string().into_bytes())
        }
        ComparedForm::Text(text) => match json_masked(redaction, text) {
            Some(masked) => masked.into_bytes(),
            None => body.to_owned(),
        },
        ComparedForm::Form(text) => form_masked(redaction, text).into_bytes(),
        ComparedForm::Multipart(boundary) if !boundary.is_empty() => {
            without(body, boundary.as_bytes())
        }
        ComparedForm::Multipart(_) | ComparedForm::Other => body.to_owned(),
    }
}

/// Returns the bytes without each occurrence of `part`.
fn without(bytes: &[u8], part: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some(at) = memchr::memmem::find(rest, part) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    kept.extend_from_slice(rest);
    kept
}

fn form_masked(redaction: &Redaction, text: &str) -> String {
    const FRONT: &str = "http://h/?";
    let masked = redaction.url(&format!("{FRONT}{text}"));
    masked.strip_prefix(FRONT).unwrap_or(text).to_owned()
}

/// Returns text with the values of secret members of JSON in it masked. `None`: it has none.
///
/// The text is walked, not parsed into a value: digits of numbers and the order of members stay as they are. A value
/// that is cut short, or is no JSON, is masked to the end of its line.
fn json_masked(redaction: &Redaction, text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut masked, mut shown, mut at) = (String::new(), 0, 0);
    while let Some(from) = text[at..].find('"').map(|found| at + found) {
        let Some(end) = string_end(bytes, from) else {
            break;
        };
        at = end;
        let colon = end + blanks(&bytes[end..]);
        if bytes.get(colon) != Some(&b':') {
            if let Some(url) = url_masked(redaction, &text[from..end]) {
                masked += &text[shown..from];
                masked += &url;
                shown = end;
            }
            continue;
        }
        let Ok(name) = serde_json::from_str::<String>(&text[from..end]) else {
            continue;
        };
        if !redaction.is_secret_query(&name) {
            continue;
        }
        let value = colon + 1 + blanks(&bytes[colon + 1..]);
        let mut values =
            serde_json::Deserializer::from_str(&text[value..]).into_iter::<&RawValue>();
        let raw = match values.next() {
            Some(Ok(raw)) => raw.get(),
            Some(Err(_)) | None => text[value..].lines().next().unwrap_or_default(),
        };
        at = value + raw.len();
        if !matches!(raw, "null" | "\"\"" | "") {
            masked += &text[shown..value];
            masked.push('"');
            masked += MASK;
            masked.push('"');
            shown = at;
        }
    }
    (shown > 0).then(|| masked + &text[shown..])
}

/// Returns a JSON string whose text is a URL with its secret parameters masked. `None`: it has none.
fn url_masked(redaction: &Redaction, string: &str) -> Option<String> {
    if !string.contains('?') {
        return None;
    }
    let text: String = serde_json::from_str(string).ok()?;
    let (front, query) = text.split_once('?')?;
    let masked = form_masked(redaction, query);
    let is_masked = masked != query && masked.contains(MASK);
    is_masked
        .then(|| serde_json::to_string(&format!("{front}?{masked}")).ok())
        .flatten()
}

/// Returns the position after the string that begins at `from`. `None`: it does not end.
fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn blanks(bytes: &[u8]) -> usize {
    let is_blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    bytes.iter().take_while(is_blank).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        json_masked(Redaction::USUAL, text).unwrap_or_else(|| text.to_owned())
    }

    fn headers(content_type: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        headers
    }

    #[test]
    fn secret_members_of_json_are_masked_and_all_else_stays_as_written() {
        for (text, masked) in [
            (
                r#"{ "access_token" : "a\"b", "n": 1.50, "id": 12345678901234567890123 }"#,
                r#"{ "access_token" : "***", "n": 1.50, "id": 12345678901234567890123 }"#,
            ),
            (
                r#"[{"a":{"Client_Secret":17,"password":{"x":1},"b":[]}}]"#,
                r#"[{"a":{"Client_Secret":"***","password":"***","b":[]}}]"#,
            ),
            (
                r#"{"refresh_token":null,"id_token":""}"#,
                r#"{"refresh_token":null,"id_token":""}"#,
            ),
            (r#"{"pass\u0077ord":"x"}"#, r#"{"pass\u0077ord":"***"}"#),
            (r#"["password","x"]"#, r#"["password","x"]"#),
            (r#"{"a":"password\":"}"#, r#"{"a":"password\":"}"#),
        ] {
            assert_eq!(json(text), masked);
        }
    }

    #[test]
    fn secret_parameters_of_a_form_are_masked() {
        let headers = headers("application/x-www-form-urlencoded");
        let body = b"grant_type=refresh&refresh_token=abc&x=1";
        let masked = masked(Redaction::USUAL, &headers, body);
        assert_eq!(&*masked, b"grant_type=refresh&refresh_token=***&x=1");
    }

    #[test]
    fn json_is_compared_as_a_value() {
        let headers = headers("application/json");
        let compared = |text: &str| comparable(Redaction::USUAL, &headers, text.as_bytes());
        assert_eq!(
            compared(r#"{"a":1,"b":2}"#),
            compared("{ \"b\": 2, \"a\": 1 }")
        );
        assert_eq!(
            compared(r#"{"password":"x"}"#),
            compared(r#"{"password":"y"}"#)
        );
        assert_ne!(compared(r#"{"a":1}"#), compared(r#"{"a":2}"#));
    }

    #[test]
    fn the_boundary_of_a_multipart_form_plays_no_part() {
        let of = |boundary: &str, value: &str| {
            let headers = headers(&format!("multipart/form-data; boundary={boundary}"));
            let body = format!("--{boundary}\r\n\r\n{value}\r\n--{boundary}--\r\n");
            comparable(Redaction::USUAL, &headers, body.as_bytes())
        };
        assert_eq!(of("abc", "x"), of("haul-17", "x"));
        assert_ne!(of("abc", "x"), of("abc", "y"));
    }

    #[test]
    fn secrets_are_masked_in_lines_events_and_json_that_was_cut_short() {
        let none = HeaderMap::new();
        let shown = |text: &str| {
            let masked = masked(&Redaction::default(), &none, text.as_bytes()).into_owned();
            String::from_utf8(masked).unwrap()
        };
        for (text, expected) in [
            (
                "{\"a\":1,\"access_token\":\"s3cret\"}\n{\"access_token\":\"other\",\"b\":2}\n",
                "{\"a\":1,\"access_token\":\"***\"}\n{\"access_token\":\"***\",\"b\":2}\n",
            ),
            (
                "data: {\"access_token\":\"s3cret\"}\n\ndata: end\n",
                "data: {\"access_token\":\"***\"}\n\ndata: end\n",
            ),
            ("{\"access_token\":\"s3cr", "{\"access_token\":\"***\""),
            ("{\"a\":\"b", "{\"a\":\"b"),
            (
                "{\"next\":\"/l?access_token=s3cret&page=2\",\"q\":\"a?b=c\"}",
                "{\"next\":\"/l?access_token=***&page=2\",\"q\":\"a?b=c\"}",
            ),
        ] {
            assert_eq!(shown(text), expected);
        }
    }
}
