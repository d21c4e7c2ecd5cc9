//! Server on loopback for the examples, so that they need no network. [`answers`] has the paths that it knows.

mod answers;
mod pages;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use answers::Answers;

/// Request as the server reads it.
struct Request {
    method: String,
    path: String,
    /// Headers by their names in lower case.
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Starts the server and returns its base URL. It runs until the program ends.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let answers = Arc::<Answers>::default();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            // A connection that the client gives up is no error of the server.
            thread::spawn(move || drop(serve(&stream, &answers)));
        }
    });
    Ok(base)
}

fn serve(stream: &TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        if let Some(count) = request.path.strip_prefix("/events/") {
            return answers::send_events(stream, count.parse().unwrap_or(0));
        }
        let Some(answer) = answers.answer(&request) else {
            reset_on_close(stream);
            return Ok(());
        };
        (&mut &*stream).write_all(&answer)?;
    }
    Ok(())
}

/// Reads a request with its body. `None`: the client has no more requests.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut headers = HashMap::new();
    for line in reader.by_ref().lines() {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut words = first.split(' ').map(str::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}

/// Sets a linger of zero, so that closing sends a reset in place of an orderly end.
#[cfg(unix)]
fn reset_on_close(stream: &TcpStream) {
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

#[cfg(not(unix))]
fn reset_on_close(_: &TcpStream) {}
