//! The plain exchange: a request without a body, and an answer of a known length or none, said and understood here.
//!
//! It is what batches are made of, and going through ureq costs more of it than all the rest on this side of the system
//! calls. What is not plain is ureq's: before anything is sent, by its request; after that by its answer, which ureq
//! then finds in the input as if it had sent the request itself. So what is chunked, coded, of an older version, cut off
//! or wrong is understood in one place alone, and here is nothing that could understand it otherwise.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;

use ureq::unversioned::transport::Buffers as _;

use super::Call;
use super::connection::Connection;
use super::request::{put, write_lines};
use super::target::Target;
use super::wire::Broken;
use crate::http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING,
};
use crate::http::{HeaderName, Method, StatusCode, Uri};
use crate::request::Body;
use crate::response::Headers;

/// As many lines have most heads.
const LINES: usize = 64;

/// The head of a plain answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Headers,
    /// Of its body, if it has one.
    pub(super) length: Option<u64>,
    /// The connection serves no other request.
    pub(super) closes: bool,
}

/// Sends a plain request and takes the head of a plain answer. `None` leaves the connection, and what came on it, to
/// ureq.
#[inline(never)]
pub(super) fn ask(
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
    while connection.attempt.body_size.is_none() {
        if connection.buffers.is_full() || !connection.receive(None)? {
            connection.pass_on();
            return Ok(None);
        }
    }
    match read_head(connection.buffers.input(), call.method, header_limit) {
        Some((size, answer)) => {
            connection.buffers.input_consume(size);
            Ok(Some(answer))
        }
        None => {
            connection.pass_on();
            Ok(None)
        }
    }
}

/// Writes the head as ureq would. `None` where it would look twice, or where there is no room.
fn write_head(mut out: &mut [u8], call: &Call<'_>, target: &Target<'_>) -> Option<usize> {
    let room = out.len();
    let path = call.uri.path_and_query().map_or("/", |path| path.as_str());
    // The origin form begins with a slash (RFC 9112 §3.2.1).
    let slash: &[u8] = if path.starts_with('?') { b"/" } else { b"" };
    let method = call.method.as_str().as_bytes();
    put(&mut out, &[method, b" ", slash, path.as_bytes()])?;
    put(&mut out, &[b" HTTP/1.1\r\nhost: "])?;
    put_host(&mut out, call.uri, target)?;
    match call.lines {
        Some(lines) => put(&mut out, &[lines.as_bytes()])?,
        None => write_lines(&mut out, call.headers)?,
    }
    put(&mut out, &[b"\r\n\r\n"])?;
    Some(room - out.len())
}

/// The host as the URL writes it, and the port where it is not the scheme's own.
fn put_host(out: &mut &mut [u8], uri: &Uri, target: &Target<'_>) -> Option<()> {
    let authority = uri.authority()?.as_str().as_bytes();
    if authority.contains(&b'@') {
        return None;
    }
    let (name, port) = authority.split_at_checked(target.name.len())?;
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

/// Reads a head. `None` where it is not plain: its size and what it says.
fn read_head(input: &[u8], method: &Method, limit: usize) -> Option<(usize, Answer)> {
    let mut lines = [const { MaybeUninit::uninit() }; LINES];
    let mut head = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default()
        .parse_response_with_uninit_headers(&mut head, input, &mut lines)
        .ok()?;
    let httparse::Status::Complete(size) = parsed else {
        return None;
    };
    let status = StatusCode::from_u16(head.code?).ok()?;
    if head.version != Some(1) || status.is_informational() || size > limit {
        return None;
    }
    let first = input.iter().position(|&b| b == b'\n')? + 1;
    let (mut length, mut closes, mut coded, mut asks_to_wait) = (None, false, false, false);
    for line in head.headers.iter() {
        let is = |name: &HeaderName| line.name.eq_ignore_ascii_case(name.as_str());
        // Most are ruled out by how long they are.
        match line.name.len() {
            14 if is(&CONTENT_LENGTH) && length.is_some() => return None,
            14 if is(&CONTENT_LENGTH) => length = Some(digits(line.value)?),
            10 if is(&CONNECTION) => closes |= says_close(line.value),
            17 if is(&TRANSFER_ENCODING) => return None,
            16 => coded |= is(&CONTENT_ENCODING),
            11 => asks_to_wait |= is(&RETRY_AFTER),
            _ => {}
        }
    }
    // Those have none, whatever the headers say (RFC 9112 §6.3).
    let bodiless = *method == Method::HEAD || matches!(status.as_u16(), 204 | 304);
    if coded || (!bodiless && length.is_none()) {
        return None;
    }
    let answer = Answer {
        status,
        headers: Headers::of_lines(&input[first..size], asks_to_wait),
        length: length.filter(|_| !bodiless),
        closes,
    };
    Some((size, answer))
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
pub(super) struct Rest<'c> {
    connection: &'c mut Connection,
    left: u64,
}

impl<'c> Rest<'c> {
    pub(super) fn new(connection: &'c mut Connection, length: u64) -> Rest<'c> {
        Rest {
            connection,
            left: length,
        }
    }

    pub(super) fn is_at_its_end(&self) -> bool {
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
