//! Responses of the test server: well-formed, broken, or none at all.

use std::time::Duration;

use super::Gate;

/// Reaction of the server to one request. By default the server responds at once and keeps the connection.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    framing: Framing,
    wire: Option<Vec<u8>>,
    cut: Option<usize>,
    pub(super) pace: Option<(usize, Duration)>,
    pub(super) delay: Duration,
    pub(super) gate: Option<Gate>,
    pub(super) end: End,
}

/// Framing of the body: the way in which its end is marked.
#[derive(Clone, Copy, PartialEq)]
enum Framing {
    Length,
    Chunked(usize),
    UntilClose,
}

/// Fate of the connection after the response.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum End {
    KeepAlive,
    Close,
    HangUp,
    Reset,
}

impl Answer {
    /// Builds an empty response with a status.
    pub fn status(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length,
            wire: None,
            cut: None,
            pace: None,
            delay: Duration::ZERO,
            gate: None,
            end: End::KeepAlive,
        }
    }

    /// Builds a 200 response with a text.
    pub fn text(text: impl Into<String>) -> Answer {
        Answer::status(200).typed("text/plain; charset=utf-8", text)
    }

    /// Builds a 200 response with JSON, as written.
    pub fn json(json: impl ToString) -> Answer {
        Answer::status(200).typed("application/json", json.to_string())
    }

    /// Builds a 200 response with HTML.
    pub fn html(html: impl Into<String>) -> Answer {
        Answer::status(200).typed("text/html; charset=utf-8", html)
    }

    /// Builds a redirect: 301, 302, 303, 307, 308.
    pub fn redirect(status: u16, location: impl Into<String>) -> Answer {
        Answer::status(status).header("Location", location)
    }

    /// Sends these bytes unchanged, and then closes the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
        let mut answer = Answer::status(0);
        answer.wire = Some(bytes.into());
        answer.end = End::HangUp;
        answer
    }

    /// Closes the connection in an orderly way, without a response.
    pub fn hang_up() -> Answer {
        Answer::raw("")
    }

    /// Resets the connection without a response.
    pub fn reset() -> Answer {
        let mut answer = Answer::raw("");
        answer.end = End::Reset;
        answer
    }

    /// Takes the request and sends nothing; the connection stays open until the server is dropped.
    pub fn never() -> Answer {
        Answer::hang_up().behind(&Gate::closed())
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Answer {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Answer {
        self.body = bytes.into();
        self
    }

    /// Sets the body and its content type.
    pub fn typed(self, content_type: &str, text: impl Into<String>) -> Answer {
        self.header("Content-Type", content_type).body(text.into())
    }

    /// Compresses the body set so far and adds `Content-Encoding: gzip`. The result is valid gzip, though no smaller.
    pub fn gzip(mut self) -> Answer {
        self.body = gzip(&self.body);
        self.header("Content-Encoding", "gzip")
    }

    /// Sends the body in chunks of this many bytes.
    pub fn chunked(mut self, size: usize) -> Answer {
        self.framing = Framing::Chunked(size.max(1));
        self
    }

    /// Sends neither length nor chunks: the body ends with the connection.
    pub fn until_close(mut self) -> Answer {
        self.framing = Framing::UntilClose;
        if self.end == End::KeepAlive {
            self.end = End::HangUp;
        }
        self
    }

    /// Closes the connection after this many bytes of the body as it is sent.
    pub fn cut_after(mut self, bytes: usize) -> Answer {
        self.cut = Some(bytes);
        self.end = End::HangUp;
        self
    }

    /// Resets the connection after this many bytes of the body as it is sent.
    pub fn reset_after(mut self, bytes: usize) -> Answer {
        self.cut = Some(bytes);
        self.end = End::Reset;
        self
    }

    /// Sends `Connection: close`, and closes the connection after the response.
    pub fn close(mut self) -> Answer {
        self.end = End::Close;
        self
    }

    /// Closes the connection after the response without announcing it, like a server whose idle timeout has expired.
    pub fn close_silently(mut self) -> Answer {
        self.end = End::HangUp;
        self
    }

    /// Delays the response.
    pub fn after(mut self, delay: Duration) -> Answer {
        self.delay = delay;
        self
    }

    /// Holds the response until `gate` lets the request through.
    pub fn behind(mut self, gate: &Gate) -> Answer {
        self.gate = Some(gate.clone());
        self
    }

    /// Sends the head at once and then the body in pieces of `bytes`, with a `pause` before each.
    pub fn dripping(mut self, bytes: usize, pause: Duration) -> Answer {
        self.pace = Some((bytes.max(1), pause));
        self
    }

    /// Repeats this response for `count` requests to a path; [`Script::then`] adds the responses that follow.
    pub fn times(self, count: usize) -> Script {
        Script(vec![self; count])
    }

    /// Returns head and body as they are sent.
    pub(super) fn wire(&self, to_head: bool) -> (Vec<u8>, Vec<u8>) {
        if let Some(bytes) = &self.wire {
            return (Vec::new(), bytes.clone());
        }
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let bodiless = matches!(self.status, 100..=199 | 204 | 304);
        match self.framing {
            Framing::Length if !bodiless => {
                head += &format!("Content-Length: {}\r\n", self.body.len());
            }
            Framing::Chunked(_) => head += "Transfer-Encoding: chunked\r\n",
            _ => {}
        }
        if self.end == End::Close {
            head += "Connection: close\r\n";
        }
        head += "\r\n";
        if bodiless || to_head {
            return (head.into_bytes(), Vec::new());
        }
        let mut body = match self.framing {
            Framing::Chunked(size) => chunks(&self.body, size),
            _ => self.body.clone(),
        };
        body.truncate(self.cut.unwrap_or(usize::MAX));
        (head.into_bytes(), body)
    }
}

/// Responses to the requests to one path, in order. The last one repeats for all further requests.
#[derive(Clone)]
pub struct Script(Vec<Answer>);

impl Script {
    /// Appends the responses that follow.
    pub fn then(mut self, next: impl Into<Script>) -> Script {
        self.0.extend(next.into().0);
        self
    }

    /// Returns the response to the `nth` request, counted from 1.
    pub(super) fn nth(&self, nth: usize) -> Answer {
        let last = self.0.last().cloned().unwrap_or(Answer::status(500));
        self.0.get(nth - 1).cloned().unwrap_or(last)
    }
}

impl From<Answer> for Script {
    fn from(answer: Answer) -> Script {
        answer.times(1)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200..=299 => "OK",
        300..=399 => "Redirect",
        400..=499 => "Client Error",
        500..=599 => "Server Error",
        _ => "Other",
    }
}

fn chunks(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

/// Wraps `body` in gzip (RFC 1952) with stored blocks (RFC 1951 §3.2.4), so that no compressor is needed.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut blocks = body.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend(crc32(body).to_le_bytes());
    out.extend((body.len() as u32).to_le_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
