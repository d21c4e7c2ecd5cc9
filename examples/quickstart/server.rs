//! A small server on loopback that behaves in all the ways of a real one, so that the examples need no network.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Number of requests to each path.
type Visits = Arc<Mutex<HashMap<String, u32>>>;

/// Starts the server and returns its base URL. It runs until the program ends.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let visits = Visits::default();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let visits = visits.clone();
            // A connection that the client gives up is no error of the server.
            thread::spawn(move || drop(serve(&stream, &visits)));
        }
    });
    Ok(base)
}

fn serve(stream: &TcpStream, visits: &Visits) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some((method, path, body)) = read_request(&mut reader)? {
        let visit = {
            let mut visits = visits.lock().unwrap_or_else(PoisonError::into_inner);
            let visit = visits.entry(path.clone()).or_default();
            *visit += 1;
            *visit
        };
        let Some(answer) = answer(&method, &path, &body, visit) else {
            reset_on_close(stream);
            return Ok(());
        };
        (&mut &*stream).write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// Reads a request: method, path and body. `None`: the client has no more requests.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<(String, String, String)>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim_end().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next(), words.next());
    Ok(Some((
        method.unwrap_or_default(),
        path.unwrap_or_default(),
        String::from_utf8_lossy(&body).into_owned(),
    )))
}

/// Response to the given visit of a path, counted from 1. `None` stands for a reset.
fn answer(method: &str, path: &str, body: &str, visit: u32) -> Option<String> {
    let path = path.trim_start_matches('/');
    let (kind, number) = path.split_once('/').unwrap_or((path, "0"));
    let healthy = format!(r#"{{"code": 0, "id": {number}, "name": "item {number}"}}"#);
    Some(match (method, kind) {
        ("POST", _) => json(201, &format!(r#"{{"code": 0, "received": {body}}}"#)),
        (_, "slow") => {
            pause(Duration::from_millis(300));
            json(200, &healthy)
        }
        (_, "missing") => json(404, r#"{"code": 404, "msg": "no such item"}"#),
        (_, "flaky") if visit <= 2 => json(503, r#"{"code": 503, "msg": "try again"}"#),
        (_, "html") => respond(
            200,
            "text/html",
            "",
            "<html><p>Under maintenance</p></html>",
        ),
        (_, "pay") => json(200, r#"{"code": 4001, "msg": "余额不足"}"#),
        (_, "reset") => return None,
        (_, "moved") => respond(
            302,
            "text/plain",
            &format!("Location: /items/{number}\r\n"),
            "",
        ),
        _ => json(200, &healthy),
    })
}

fn json(status: u16, body: &str) -> String {
    respond(status, "application/json", "", body)
}

fn respond(status: u16, content_type: &str, header: &str, body: &str) -> String {
    let reason = match status {
        200 => "OK",
        201 => "Created",
        302 => "Found",
        404 => "Not Found",
        _ => "Service Unavailable",
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\n{header}Content-Length: {length}\r\n\r\n{body}"
    )
}

// A server may be slow; it is the client whose threads must not sleep.
#[allow(clippy::disallowed_methods)]
fn pause(time: Duration) {
    thread::sleep(time);
}

/// Sets a linger of zero, so that closing sends a reset in place of an orderly end.
#[cfg(unix)]
fn reset_on_close(stream: &TcpStream) {
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

#[cfg(not(unix))]
fn reset_on_close(_: &TcpStream) {}
