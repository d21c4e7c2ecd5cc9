//! Reasons why lines of results files are no results.

use super::invalid::shown_fault;

/// Returns the reason why a line is no result. It shows nothing of the line, which may hold secrets.
pub(crate) fn unread_reason(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "it is cut off: the JSON has no end".to_owned();
    }
    if !text.trim_start().starts_with('{') {
        return "it is no JSON object (a line of results is expected)".to_owned();
    }
    if error.is_syntax() {
        return format!("it is no JSON (column {})", error.column());
    }
    let told = shown_fault(error);
    format!("it is no result: {told} (column {})", error.column())
}
