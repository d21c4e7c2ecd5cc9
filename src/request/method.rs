//! Methods as people write them.

use crate::http::Method;

/// Methods of RFC 9110 and RFC 5789, which are sent in upper case however they are written.
const STANDARD: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];

/// Reads a method. `None`: the text is no token (RFC 9110 §5.6.2).
pub(super) fn parse(text: &str) -> Option<Method> {
    let standard = STANDARD
        .into_iter()
        .find(|method| method.as_str().eq_ignore_ascii_case(text));
    standard.or_else(|| Method::from_bytes(text.as_bytes()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_method_is_upper_case_however_it_is_written() {
        for (written, sent) in [("get", "GET"), ("patch", "PATCH"), ("Options", "OPTIONS")] {
            assert_eq!(parse(written).unwrap(), sent);
        }
    }

    #[test]
    fn another_method_keeps_its_case() {
        for written in ["purge", "PURGE", "PropFind", "getx"] {
            assert_eq!(parse(written).unwrap(), written);
        }
    }

    #[test]
    fn text_that_is_no_token_is_no_method() {
        for text in ["", "GE T", "GET\n", "gé"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
