//! Line of results made of a line of a failure log.

use super::{BodyEncoding, Record};

/// Returns the line of results for the same outcome. `None`: the line is one of results already, or no record.
pub(crate) fn split_failure(line: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(line).ok()?;
    let mut record = Record::parse(text).ok()?;
    record.request.take()?;
    if let Some(text) = record.response_text.take()
        && record.body.is_none()
    {
        (record.body, record.body_encoding) = (Some(text), Some(BodyEncoding::Utf8));
    }
    Some(record.to_line().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_becomes_the_line_that_results_would_have() {
        let line = br#"{"v":1,"index":3,"key":"2-528540e82974ac2984fc2b5f2594fe2f","outcome":"failed","url":"http://h/","method":"GET","status":500,"attempts":1,"error_type":"http_status","body_truncated":false,"request":{"url":"http://h/"},"response_text":"no"}"#;
        let split = String::from_utf8(split_failure(line).unwrap()).unwrap();
        assert!(
            split.contains(r#""body":"no","body_encoding":"utf8""#),
            "{split}"
        );
        assert!(!split.contains("request"), "{split}");
        assert!(split_failure(split.as_bytes()).is_none());
        assert!(split_failure(b"no record").is_none());
    }
}
