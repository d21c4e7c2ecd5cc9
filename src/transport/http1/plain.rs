//! Fast path for a GET or HEAD without a body and without unusual headers: the request is written without ureq.
//!
//! Most requests of a batch take this path. For them ureq would cost more than all other work of this crate outside of
//! system calls.

use std::io::Write;

use super::exchange::{Exchange, SendingStopped};
use super::request::{put, write_lines};
use super::{HeadlessExchange, NoResponse, ResponseStart};
use crate::request::RequestContent;
use crate::transport::Call;
use crate::transport::target::Target;
use crate::url::Url;
use http::Method;

/// Sends a head that has been written, and waits for the response head.
pub(super) fn exchange(
    mut exchange: Exchange,
    size: usize,
) -> Result<ResponseStart, HeadlessExchange> {
    let ended = send(&mut exchange, size);
    exchange.finish(ended)
}

fn send(exchange: &mut Exchange, size: usize) -> Result<(), NoResponse> {
    match exchange.send(size) {
        Ok(()) | Err(SendingStopped::Answered) => {}
        Err(SendingStopped::Broken(broken)) => return Err(NoResponse::Broken(broken)),
    }
    let came = exchange.await_head().map_err(NoResponse::Broken)?;
    match exchange.malformed.take() {
        Some(malformed) => Err(NoResponse::Malformed(malformed)),
        None if came => Ok(()),
        None => Err(NoResponse::Closed),
    }
}

/// Writes the head of a request into the output of its connection, as ureq would. `None`: ureq has to write the
/// request, or there is no room.
pub(super) fn write(
    exchange: &mut Exchange,
    call: &Call<'_>,
    target: &Target<'_>,
) -> Option<usize> {
    let bodiless = matches!(call.body, RequestContent::Bytes(bytes) if bytes.is_empty());
    let asks = matches!(*call.method, Method::GET | Method::HEAD);
    if !bodiless || !asks || exchange.is_forwarding() {
        return None;
    }
    let mut out = exchange.connection.buffers.output();
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

/// Writes the host as the URL has it, and the port if it is not the scheme's default.
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
        // A port text of the same length as the number has no leading zeros.
        number if port.len() == 1 + digits_of(number) => put(out, &[port]),
        number => write!(out, ":{number}").ok(),
    }
}

/// Returns the number of decimal digits of a port.
fn digits_of(port: u16) -> usize {
    port.checked_ilog10().map_or(1, |log| log as usize + 1)
}
