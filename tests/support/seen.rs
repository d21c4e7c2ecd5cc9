//! Requests as the server received them.

use std::io::{self, BufRead, Write};
use std::time::Instant;

/// A request as the server received it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Index among all requests, from 0.
    pub number: usize,
    /// Number among the requests to this path, from 1.
    pub nth: usize,
    /// Index of the connection that the request came on, from 0.
    pub connection: usize,
    /// Number among the requests on that connection, from 1.
    pub nth_on_connection: usize,
    /// Index of the server's host that the request came to, from 0.
    pub host: usize,
    /// Time at which the request had arrived whole.
    pub at: Instant,
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// Returns the target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the query, as sent. `None`: the target has no query.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Returns the value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the values of all headers of this name.
    pub fn all_headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the number at the end of the path: 17 of `/items/17`.
    pub fn last_number(&self) -> Option<usize> {
        self.path().rsplit('/').next()?.parse().ok()
    }

    /// True if the client is willing to use the connection again.
    pub(super) fn keeps_alive(&self) -> bool {
        !self
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Reads one request. `None`: the client closed the connection between two requests. The counts are left at 0.
    pub(super) fn read(
        reader: &mut impl BufRead,
        mut interim: impl Write,
    ) -> io::Result<Option<Seen>> {
        let Some(first) = line(reader)? else {
            return Ok(None);
        };
        let mut words = first.split(' ');
        let (method, target) = (words.next(), words.next());
        let (Some(method), Some(target)) = (method, target) else {
            return Err(bad("request line"));
        };
        let mut seen = Seen {
            number: 0,
            nth: 0,
            connection: 0,
            nth_on_connection: 0,
            host: 0,
            at: Instant::now(),
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let text = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if text.is_empty() {
                break;
            }
            let (name, value) = text.split_once(':').ok_or_else(|| bad("header"))?;
            seen.headers
                .push((name.to_owned(), value.trim().to_owned()));
        }
        if seen.header("expect").is_some() {
            interim.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        seen.body = if seen.header("transfer-encoding").is_some() {
            dechunked(reader)?
        } else {
            let length = seen.header("content-length").unwrap_or("0");
            exactly(reader, length.parse().map_err(|_| bad("length"))?)?
        };
        seen.at = Instant::now();
        Ok(Some(seen))
    }
}

fn bad(part: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the client sent a bad {part}"),
    )
}

fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if reader.read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8(bytes).map_err(|_| bad("line"))?;
    let text = text.strip_suffix("\r\n").ok_or_else(|| bad("line end"))?;
    Ok(Some(text.to_owned()))
}

fn exactly(reader: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn dechunked(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = usize::from_str_radix(&size, 16).map_err(|_| bad("chunk"))?;
        body.extend(exactly(reader, size)?);
        exactly(reader, 2)?;
        if size == 0 {
            return Ok(body);
        }
    }
}
