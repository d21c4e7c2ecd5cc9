//! What must be put right in a response head before ureq sees it.

/// Puts the value of each `Content-Encoding` into lower case: codings are case-insensitive (RFC 9110 §8.4.1), but
/// ureq takes `GZIP` for something unknown. Gives the size of the head if all of it was there.
pub(in crate::transport) fn lower_encoding(input: &mut [u8]) -> Option<usize> {
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

/// What a server has said so far to a request that waits for leave to send its body.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::transport) enum Leave {
    /// Nothing, or no whole head.
    Unsaid,
    /// Something meanwhile, such as hints: a head of this size.
    NotYet { head: usize },
    /// 100: sizes of its first line and of the whole head, with headers or without.
    Granted { line: usize, head: usize },
    /// It wants no body: the final answer, or one in another protocol.
    Answered,
}

pub(in crate::transport) fn leave(input: &[u8]) -> Leave {
    let Some(head) = input.windows(4).position(|end| end == b"\r\n\r\n") else {
        return Leave::Unsaid;
    };
    let head = head + 4;
    let line = input
        .iter()
        .position(|&b| b == b'\n')
        .map_or(head, |at| at + 1);
    match input.get(9..12) {
        Some(b"100") => Leave::Granted { line, head },
        _ if is_interim(input) => Leave::NotYet { head },
        _ => Leave::Answered,
    }
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
    fn leave_is_granted_refused_or_still_to_come() {
        let granted = b"HTTP/1.1 100 Continue\r\nVia: 1.1 p\r\n\r\n";
        let (line, head) = (23, granted.len());
        assert_eq!(leave(granted), Leave::Granted { line, head });
        assert_eq!(leave(&granted[..head - 1]), Leave::Unsaid);
        assert_eq!(leave(b""), Leave::Unsaid);
        let hints = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 1";
        assert_eq!(leave(hints), Leave::NotYet { head: 37 });
        for other in ["101 Switching", "200 OK", "413 Too Large"] {
            let head = format!("HTTP/1.1 {other}\r\n\r\n");
            assert_eq!(leave(head.as_bytes()), Leave::Answered, "{other}");
        }
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
