//! What must be put right in a response head before ureq sees it.

/// Puts the value of each `Content-Encoding` into lower case: codings are case-insensitive (RFC 9110 §8.4.1), but
/// ureq takes `GZIP` for something unknown. Gives the size of the head if all of it was there.
pub(super) fn lower_encoding(input: &mut [u8]) -> Option<usize> {
    let mut at = 0;
    // Before the status line of the final response, interim ones may come.
    let mut interim = is_interim(input);
    while let Some(length) = input[at..].iter().position(|&b| b == b'\n') {
        let line = &mut input[at..at + length];
        at += length + 1;
        match line {
            [] | [b'\r'] if !interim => return Some(at),
            [] | [b'\r'] => interim = is_interim(&input[at..]),
            // Most lines are ruled out by one byte.
            [b'c' | b'C', ..] if is_encoding(line) => line[NAME.len()..].make_ascii_lowercase(),
            _ => {}
        }
    }
    None
}

const NAME: &[u8] = b"content-encoding:";

fn is_encoding(line: &[u8]) -> bool {
    line.get(..NAME.len())
        .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
}

fn is_interim(input: &[u8]) -> bool {
    input.get(8..10) == Some(b" 1") && input.get(9..12) != Some(b"101")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(text: &str) -> (String, bool) {
        let mut bytes = text.as_bytes().to_vec();
        let complete = lower_encoding(&mut bytes).is_some();
        (String::from_utf8(bytes).unwrap(), complete)
    }

    #[test]
    fn only_the_value_of_content_encoding_changes() {
        let head =
            "HTTP/1.1 200 OK\r\nX: GZIP\r\nCONTENT-Encoding: GZip\r\nContent-Type: A\r\n\r\n";
        let (text, complete) = lowered(&format!("{head}Content-Encoding: GZIP\r\n"));
        assert!(complete);
        assert_eq!(
            text,
            format!("{}Content-Encoding: GZIP\r\n", head.replace("GZip", "gzip"))
        );
    }

    #[test]
    fn a_head_is_complete_only_after_its_empty_line() {
        assert!(!lowered("").1);
        assert!(!lowered("HTTP/1.1 200 OK\r\nContent-Encoding: GZ").1);
        assert!(!lowered("HTTP/1.1 103 Early\r\nLink: a\r\n\r\n").1);
        let (text, complete) =
            lowered("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: BR\r\n\r\n");
        assert!(complete && text.contains("br"));
    }
}
