//! Request for a tunnel to an HTTP proxy (RFC 9110 §9.3.6).

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ProxyFaultKind;
use crate::settings::proxy::{Credentials, ProxyServer};
use crate::transport::connection::carrier::TlsCarrier;
use crate::transport::connection::line::ConnectionLine;
use crate::transport::http1::head::framing::Asked;
use crate::transport::http1::head::malformed::Malformed;
use crate::transport::http1::head::{HeadReader, ParsedHead};
use crate::transport::target::Target;

/// Upper bound in bytes for the head of the proxy's answer.
const LONGEST: usize = 16 * 1024;

/// Sends `CONNECT` and reads the head of the answer.
pub(super) fn ask(
    proxy: &ProxyServer,
    target: &Target<'_>,
    line: &mut ConnectionLine,
) -> Result<(), ProxyFaultKind> {
    let place = target.sent_place();
    let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n");
    if let Some(credentials) = &proxy.credentials {
        request += &authorization(credentials);
    }
    request += "\r\n";
    line.write_all(request.as_bytes())?;
    let mut reader = HeadReader::new(Asked::for_tunnel(), LONGEST);
    let mut answer = vec![0; 512];
    let mut filled = 0;
    let end = loop {
        if filled == answer.len() {
            answer.resize(filled * 2, 0);
        }
        let n = line.read_within(&mut answer[filled..], None)?;
        if n == 0 {
            return Err(ProxyFaultKind::Broken(
                io::Error::from(io::ErrorKind::UnexpectedEof).into(),
            ));
        }
        filled += n;
        if let Some(end) = find_answer(&mut reader, &mut answer, &mut filled)? {
            break end;
        }
    };
    let (status, reason) =
        status_line(&answer[..end]).ok_or_else(|| not_http(&"a bad status line"))?;
    match status {
        200..=299 if filled == end => Ok(()),
        // In TLS and HTTP the client speaks first, so no byte may follow the answer.
        200..=299 => Err(not_http(
            &"bytes after its response that no request asked for",
        )),
        _ => Err(ProxyFaultKind::Refused {
            permanent: (400..=499).contains(&status) && !matches!(status, 408 | 425 | 429),
            how: format!("answered CONNECT {target} with {status} {reason}")
                .trim_end()
                .to_owned(),
        }),
    }
}

/// Looks for the final response, and removes informational ones. Returns its size.
fn find_answer(
    reader: &mut HeadReader,
    answer: &mut [u8],
    filled: &mut usize,
) -> Result<Option<usize>, ProxyFaultKind> {
    while *filled > 0 {
        match reader.look(&answer[..*filled]) {
            Ok(ParsedHead::Unfinished) => break,
            Ok(ParsedHead::Informational { size, .. }) => {
                answer.copy_within(size..*filled, 0);
                *filled -= size;
            }
            Ok(ParsedHead::Final(head)) => return Ok(Some(head.size)),
            // The limit of a proxy's answer differs from the limit that the error's own message names.
            Err(Malformed::HeadTooLarge(limit)) => {
                return Err(not_http(&format!("a head larger than {limit} bytes")));
            }
            Err(malformed) => return Err(not_http(&malformed)),
        }
    }
    Ok(None)
}

/// Returns the header line with the credentials.
pub(super) fn authorization(credentials: &Credentials) -> String {
    let text = [&*credentials.user, b":", &credentials.password].concat();
    format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(text))
}

fn not_http(what: &dyn fmt::Display) -> ProxyFaultKind {
    ProxyFaultKind::Refused {
        permanent: true,
        how: format!("sent what is not valid HTTP: {what}"),
    }
}

/// Returns status and reason; of the reason only plain text is kept.
fn status_line(head: &[u8]) -> Option<(u16, String)> {
    let mut lines = head.split(|&b| b == b'\r' || b == b'\n');
    let line = String::from_utf8_lossy(lines.find(|line| !line.is_empty())?);
    let mut parts = line.splitn(3, ' ');
    parts.next()?.strip_prefix("HTTP/1.")?;
    let status = parts.next()?;
    let status = status.parse().ok().filter(|_| status.len() == 3)?;
    let reason = parts.next().unwrap_or_default();
    let reason = reason.chars().filter(|c| !c.is_control()).take(80);
    Some((status, reason.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the size of the answer that is found in the bytes, and the number of bytes left after informational
    /// responses are removed.
    fn found(bytes: &str) -> Result<Option<(usize, usize)>, String> {
        let mut reader = HeadReader::new(Asked::for_tunnel(), LONGEST);
        let (mut answer, mut filled) = (bytes.as_bytes().to_vec(), bytes.len());
        match find_answer(&mut reader, &mut answer, &mut filled) {
            Ok(end) => Ok(end.map(|end| (end, filled))),
            Err(ProxyFaultKind::Refused { how, .. }) => Err(how),
            Err(_) => Err("broken".to_owned()),
        }
    }

    #[test]
    fn the_answer_of_a_proxy_ends_with_its_head() {
        for (text, end) in [
            ("HTTP/1.1 200 OK\r\n\r\n", 19),
            ("HTTP/1.0 200\n\n", 14),
            ("HTTP/1.1 200 OK\r\nodd line\r\n\r\n", 29),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n", 41),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", 41),
        ] {
            assert_eq!(found(text), Ok(Some((end, text.len()))), "{text}");
            assert_eq!(found(&text[..end - 1]), Ok(None), "{text}");
            let late = format!("HTTP/1.1 102 Processing\r\nA: b\r\n\r\n{text}");
            assert_eq!(found(&late), Ok(Some((end, text.len()))), "{late}");
        }
        for bad in ["SSH-2.0", "HTTP/2 200\r\n", "HTTP/1.1 101 Switch\r\n\r\n"] {
            let how = found(bad).unwrap_err();
            assert!(how.starts_with("sent what is not valid HTTP: "), "{how}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(LONGEST));
        assert!(found(&endless).unwrap_err().contains("16384 bytes"));
    }

    #[test]
    fn a_status_line_is_read_with_a_plain_reason() {
        let read = |text: &str| status_line(text.as_bytes());
        let reason = |status, text: &str| Some((status, text.to_owned()));
        assert_eq!(read("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), reason(200, "OK"));
        assert_eq!(read("HTTP/1.0 407\r\n\r\n"), reason(407, ""));
        assert_eq!(read("\r\nHTTP/1.1 200 OK\n\n"), reason(200, "OK"));
        assert_eq!(read("HTTP/1.1 502 a\x1b[1mb\r\n\r\n"), reason(502, "a[1mb"));
        for bad in [
            "HTTP/2 200 OK\r\n",
            "HTTP/1.1 2000 OK\r\n",
            "HTTP/1.1\r\n",
            "\r\n",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
