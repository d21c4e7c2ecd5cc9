//! The demo's server: responds to GETs of `/<mood>/<number>`, and keeps its state in memory.
//!
//! The examples have a server of their own, which also takes bodies: nothing here may depend on files outside `src/`, and
//! an example has to read as a program by itself.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Number of times that each item under `/flaky` was asked for.
type VisitCounts = Mutex<HashMap<String, u32>>;

/// Starts the server on loopback and returns its base URL. The server runs until the process ends.
pub(super) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let visits = Arc::new(VisitCounts::default());
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let visits = Arc::clone(&visits);
            // A connection that the client closes ends this thread alone.
            thread::spawn(move || drop(serve(&connection, &visits)));
        }
    });
    Ok(base)
}

fn serve(mut connection: &TcpStream, visits: &VisitCounts) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut lines = BufReader::new(connection).lines();
    while let Some(first) = lines.next().transpose()? {
        // The headers do not matter, and a GET has no body.
        while lines
            .next()
            .transpose()?
            .is_some_and(|line| !line.is_empty())
        {}
        let path = first.split(' ').nth(1).unwrap_or_default();
        let path = path.trim_start_matches('/');
        let (mood, number) = path.split_once('/').unwrap_or((path, "0"));
        match answer(mood, number, visits) {
            Some(answer) => connection.write_all(answer.as_bytes())?,
            None => return reset(connection),
        }
    }
    Ok(())
}

/// Returns the response to a GET, as text. `None`: the connection is reset.
fn answer(mood: &str, number: &str, visits: &VisitCounts) -> Option<String> {
    let healthy = format!(r#"{{"code": 0, "id": {number}, "name": "item {number}"}}"#);
    let (status, body) = match mood {
        "missing" => ("404 Not Found", r#"{"code": 404, "msg": "no such item"}"#),
        "flaky" if visit(visits, number) <= 2 => (
            "503 Service Unavailable",
            r#"{"code": 503, "msg": "try again"}"#,
        ),
        "pay" => ("200 OK", r#"{"code": 4001, "msg": "余额不足"}"#),
        "html" => {
            let page = "<html><p>Under maintenance</p></html>";
            return Some(response("200 OK", "Content-Type: text/html", page));
        }
        "moved" => {
            let location = format!("Location: /items/{number}");
            return Some(response("302 Found", &location, ""));
        }
        "reset" => return None,
        "slow" => {
            pause(Duration::from_millis(300));
            ("200 OK", healthy.as_str())
        }
        _ => ("200 OK", healthy.as_str()),
    };
    Some(response(status, "Content-Type: application/json", body))
}

fn response(status: &str, header: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Counts a visit of this item, and returns its number, from 1.
fn visit(visits: &VisitCounts, number: &str) -> u32 {
    let mut visits = visits.lock().unwrap_or_else(PoisonError::into_inner);
    let visit = visits.entry(number.to_owned()).or_default();
    *visit += 1;
    *visit
}

// A server may be slow; only the client's threads must not sleep.
#[allow(clippy::disallowed_methods)]
fn pause(time: Duration) {
    thread::sleep(time);
}

/// Makes the system send a reset, in place of an orderly end, when the connection is closed.
#[cfg(unix)]
fn reset(connection: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_linger(
        connection,
        Some(Duration::ZERO),
    )?)
}

#[cfg(not(unix))]
fn reset(_: &TcpStream) -> io::Result<()> {
    Ok(())
}
