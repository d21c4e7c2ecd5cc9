//! Methods in the spelling of people.

use http::Method;

/// Methods of RFC 9110 and RFC 5789, which are sent in upper case whatever case they are written in.
const STANDARD: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

/// Reads a method.
///
/// # Errors
/// When the text is no token (RFC 9110 §5.6.2), or `CONNECT`: it asks a proxy for a tunnel, and the bytes that follow
/// it on the connection are not HTTP.
pub(super) fn parse(text: &str) -> Result<Method, &'static str> {
    let is = |method: &Method| method.as_str().eq_ignore_ascii_case(text);
    if is(&Method::CONNECT) {
        return Err("the method CONNECT asks for a tunnel, which is no request of a batch");
    }
    if let Some(standard) = STANDARD.into_iter().find(is) {
        return Ok(standard);
    }
    Method::from_bytes(text.as_bytes()).map_err(|_| "the method is not valid")
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
        for text in ["", "GE T", "GET\n", "gé", "G\0", "GET\r\nX: y"] {
            assert_eq!(parse(text), Err("the method is not valid"));
        }
    }

    #[test]
    fn connect_is_refused_however_it_is_written() {
        for text in ["CONNECT", "connect", "Connect"] {
            assert!(parse(text).unwrap_err().contains("tunnel"), "{text}");
        }
        assert_eq!(parse("CONNECTS").unwrap(), "CONNECTS");
    }
}
