//! Lines that are kept for a failure log, without the secrets that the client names.

use super::InvalidLine;
use super::json_values::replace;
use crate::redact::{MASK, Redaction};

/// Refuses a line that was kept without its secrets.
pub(super) fn unmasked(text: &str) -> Result<&str, InvalidLine> {
    let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let mut is_masked = false;
    if text.contains(MASK) && is_json() {
        replace(text, |_, scalar| {
            is_masked |= scalar == Some(&*mask());
            None
        });
    }
    match is_masked {
        true => Err(InvalidLine::new(
            "the line was kept without its secrets (its list has them)",
        )),
        false => Ok(text),
    }
}

/// Returns a broken JSON text up to the value of its first key with one of these names. `None`: it has no such key.
pub(super) fn up_to_secret(text: &str, redaction: &Redaction) -> Option<String> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(quote) = text[at..].find('"') {
        let from = at + quote;
        let end = end_of_string(bytes, from)?;
        let name: Option<String> = serde_json::from_str(&text[from..end]).ok();
        let colon = text[end..].trim_start().starts_with(':');
        if colon && name.is_some_and(|name| redaction.adds_name(&name)) {
            return Some(format!("{}:{}", &text[..end], mask()));
        }
        at = end;
    }
    None
}

/// Returns the end of the string that begins at `from`. `None`: it has no end.
fn end_of_string(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 1;
    while *bytes.get(at)? != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    Some(at + 1)
}

/// Returns the JSON that takes the place of a secret.
pub(super) fn mask() -> String {
    serde_json::Value::from(MASK).to_string()
}
