//! The plain exchange: a request without a body, and an answer of a known length or none, said and understood here.
//!
//! It is what batches are made of, and going through ureq costs more of it than all the rest on this side of the system
//! calls. What is not plain is ureq's: before anything is sent, by its request; after that by its answer, which ureq
//! then finds in the input as if it had sent the request itself. So what is chunked, coded, of an older version, cut off
//! or wrong is understood in one place alone, and here is nothing that could understand it otherwise.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;

use ureq::unversioned::transport::Buffers as _;

use super::request::{put, write_lines};
use crate::http::{Method, StatusCode};
use crate::request::Body;
use crate::response::Headers;
use crate::transport::Call;
use crate::transport::connection::Connection;
use crate::transport::target::Target;
use crate::transport::wire::Broken;
use crate::url::Url;

/// As many lines have most heads.
const LINES: usize = 64;

/// The head of a plain answer.
pub(in crate::transport) struct Answer {
    pub(in crate::transport) status: StatusCode,
    pub(in crate::transport) headers: Headers,
    /// Of its body, if it has one.
    pub(in crate::transport) length: Option<u64>,
    /// The connection serves no other request.
    pub(in crate::transport) closes: bool,
}

/// What a head is.
enum Seen {
    /// Plain, its size, and what it says.
    Plain(usize, Answer),
    /// Not there to its end.
    Part,
    /// For ureq.
    Other,
}

/// Sends a plain request and takes the head of a plain answer. `None` leaves the connection, and what came on it, to
/// ureq.
#[inline(never)]
pub(in crate::transport) fn ask(
    connection: &mut Connection,
    call: &Call<'_>,
    target: &Target<'_>,
    header_limit: usize,
) -> Result<Option<Answer>, Broken> {
    let bodiless = matches!(call.body, Body::Bytes(bytes) if bytes.is_empty());
    let asks = matches!(*call.method, Method::GET | Method::HEAD);
    if !bodiless || !asks || connection.is_forwarding() {
        return Ok(None);
    }
    let Some(size) = write_head(connection.buffers.output(), call, target) else {
        return Ok(None);
    };
    connection.send(size)?;
    connection.attempt.plain = true;
    while !connection.buffers.is_full() && connection.receive(None)? {
        if connection.attempt.plain {
            match read_head(connection.buffers.input(), call.method, header_limit) {
                Seen::Plain(size, answer) => {
                    connection.buffers.input_consume(size);
                    return Ok(Some(answer));
                }
                Seen::Part => continue,
                Seen::Other => connection.see_head(),
            }
        }
        if connection.attempt.body_size.is_some() {
            break;
        }
    }
    connection.pass_on();
    Ok(None)
}

/// Writes the head as ureq would. `None` where it would look twice, or where there is no room.
fn write_head(mut out: &mut [u8], call: &Call<'_>, target: &Target<'_>) -> Option<usize> {
    let room = out.len();
    let path = call.url.path_and_query();
    // The origin form begins with a slash (RFC 9112 §3.2.1).
    let slash: &[u8] = if path.starts_with('?') { b"/" } else { b"" };
    let method = call.method.as_str().as_bytes();
    put(&mut out, &[method, b" ", slash, path.as_bytes()])?;
    put(&mut out, &[b" HTTP/1.1\r\nhost: "])?;
    put_host(&mut out, call.url, target)?;
    match call.lines {
        Some(lines) => put(&mut out, &[lines.as_bytes()])?,
        None => write_lines(&mut out, call.headers, call.without)?,
    }
    put(&mut out, &[b"\r\n\r\n"])?;
    Some(room - out.len())
}

/// The host as the URL writes it, and the port where it is not the scheme's own.
fn put_host(out: &mut &mut [u8], url: &Url, target: &Target<'_>) -> Option<()> {
    if url.has_userinfo() {
        return None;
    }
    let authority = url.authority().as_bytes();
    let name = target.sent_name();
    let (name, port) = authority.split_at_checked(name.len())?;
    put(out, &[name])?;
    let usual = if target.tls { 443 } else { 80 };
    match target.port {
        port if port == usual => Some(()),
        // As long as the number, it is nothing but the number.
        number if port.len() == 1 + digits_of(number) => put(out, &[port]),
        number => write!(out, ":{number}").ok(),
    }
}

/// How many it has.
fn digits_of(port: u16) -> usize {
    port.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Apart: its lines are not on the stack while the answer is waited for.
#[inline(never)]
fn read_head(input: &[u8], method: &Method, limit: usize) -> Seen {
    let mut lines = [const { MaybeUninit::uninit() }; LINES];
    let mut head = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default()
        .parse_response_with_uninit_headers(&mut head, input, &mut lines);
    match parsed {
        Ok(httparse::Status::Complete(size)) => match understand(&head, &input[..size], method) {
            Some(answer) if size <= limit => Seen::Plain(size, answer),
            _ => Seen::Other,
        },
        Ok(httparse::Status::Partial) => Seen::Part,
        Err(_) => Seen::Other,
    }
}

/// What a head says. `None` where it is not plain.
fn understand(head: &httparse::Response<'_, '_>, input: &[u8], method: &Method) -> Option<Answer> {
    let status = StatusCode::from_u16(head.code?).ok()?;
    if head.version != Some(1) || status.is_informational() {
        return None;
    }
    let first = input.iter().position(|&b| b == b'\n')? + 1;
    let (mut length, mut closes, mut coded, mut asks_to_wait) = (None, false, false, false);
    for line in head.headers.iter() {
        // Names of a known length are compared at once, those of a `HeaderName` by the byte.
        let is = |name: &str| line.name.eq_ignore_ascii_case(name);
        // Most are ruled out by how long they are.
        match line.name.len() {
            14 if is("content-length") => {
                if length.is_some() {
                    return None;
                }
                length = Some(digits(line.value)?);
            }
            10 if is("connection") => closes |= says_close(line.value),
            17 if is("transfer-encoding") => return None,
            16 => coded |= is("content-encoding"),
            11 => asks_to_wait |= is("retry-after"),
            _ => {}
        }
    }
    // Those have none, whatever the headers say (RFC 9112 §6.3).
    let bodiless = *method == Method::HEAD || matches!(status.as_u16(), 204 | 304);
    if coded || (!bodiless && length.is_none()) {
        return None;
    }
    Some(Answer {
        status,
        headers: Headers::of_lines(&input[first..], asks_to_wait),
        length: length.filter(|_| !bodiless),
        closes,
    })
}

/// A length, written as one.
fn digits(value: &[u8]) -> Option<u64> {
    let plain = !value.is_empty() && value.len() < 19 && value.iter().all(u8::is_ascii_digit);
    plain.then(|| {
        value
            .iter()
            .fold(0, |n, digit| n * 10 + u64::from(digit - b'0'))
    })
}

fn says_close(value: &[u8]) -> bool {
    let mut options = value.split(|&b| b == b',');
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// What is left of a body of known length.
pub(in crate::transport) struct Rest<'c> {
    connection: &'c mut Connection,
    left: u64,
}

impl<'c> Rest<'c> {
    pub(in crate::transport) fn new(connection: &'c mut Connection, length: u64) -> Rest<'c> {
        Rest {
            connection,
            left: length,
        }
    }

    pub(in crate::transport) fn is_at_its_end(&self) -> bool {
        self.left == 0
    }
}

impl Read for Rest<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(into.len(), |left| left.min(into.len()));
        if wanted == 0 {
            return Ok(0);
        }
        match self.connection.take(&mut into[..wanted]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                self.left -= n as u64;
                Ok(n)
            }
            Err(broken) => {
                self.connection.attempt.broken = Some(broken);
                Err(io::Error::other("the connection broke"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(input: &[u8]) -> &'static str {
        match read_head(input, &Method::GET, 1000) {
            Seen::Plain(..) => "plain",
            Seen::Part => "part",
            Seen::Other => "other",
        }
    }

    #[test]
    fn a_head_is_looked_at_again_until_all_of_it_has_come() {
        let plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        for (head, whole) in [
            (plain, "plain"),
            ("HTTP/1.1 204 No Content\n\n", "plain"),
            ("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", "other"),
            ("HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\n\r\n", "other"),
            ("HTTP/1.1 200 OK\r\nServer: s\r\n\r\n", "other"),
        ] {
            for end in 0..head.len() {
                assert_eq!(seen(&head.as_bytes()[..end]), "part", "{head:?} to {end}");
            }
            assert_eq!(seen(head.as_bytes()), whole, "{head:?}");
        }
        let Seen::Plain(size, answer) = read_head(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            &Method::GET,
            1000,
        ) else {
            panic!("it is plain");
        };
        assert_eq!((size, answer.length), (plain.len(), Some(2)));
        assert_eq!(seen(b"SSH"), "other");
    }

    #[test]
    fn a_head_beyond_the_limit_is_not_taken() {
        let long = format!("HTTP/1.1 204 No\r\nX: {}\r\n\r\n", "v".repeat(1000));
        assert_eq!(seen(long.as_bytes()), "other");
    }
}
