//! Threads that send a prepared request to one host over a connection of their own: one write, and mostly one read, for
//! each. The body is parsed as by all others; no channel leads to a consumer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Work, rows};
use crate::AnyError;

/// Room for a head and a small body.
const ROOM: usize = 16 * 1024;

pub(super) fn run(work: &Work) -> Result<usize, AnyError> {
    let place = work.url.strip_prefix("http://");
    let place = place.and_then(|rest| rest.split_once('/'));
    let (host, path) = place.ok_or("raw-threads: only http://HOST/PATH")?;
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n\r\n");
    let (next, ok) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let fetch_all = || -> Result<(), AnyError> {
        let mut stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        let mut buffer = vec![0; ROOM];
        while next.fetch_add(1, Ordering::Relaxed) < work.count {
            stream.write_all(request.as_bytes())?;
            let body = read_body(&mut stream, &mut buffer)?;
            rows(&serde_json::from_slice(body)?);
            ok.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..work.at_once).map(|_| scope.spawn(fetch_all)).collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok::<_, AnyError>(())
    })?;
    Ok(ok.into_inner())
}

/// Reads one response, and returns its body.
fn read_body<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> Result<&'a [u8], AnyError> {
    let mut len = 0;
    let mut body = None;
    loop {
        match stream.read(&mut buffer[len..])? {
            0 => return Err("the response is cut off, or does not fit".into()),
            read => len += read,
        }
        if body.is_none() {
            body = place_of_body(&buffer[..len]);
        }
        if let Some((start, end)) = body
            && len >= end
        {
            return Ok(&buffer[start..end]);
        }
    }
}

/// Start and end of the body. `None`: the head is not complete, or has no `Content-Length`.
fn place_of_body(received: &[u8]) -> Option<(usize, usize)> {
    let start = received.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&received[..start]).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let named = name.eq_ignore_ascii_case("content-length");
        named.then(|| value.trim().parse::<usize>().ok())?
    })?;
    Some((start, start + length))
}
