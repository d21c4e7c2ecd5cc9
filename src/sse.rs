//! Server-sent events: a parser of event streams by the rules of the WHATWG HTML Standard.
//!
//! [`Request::on_event`](crate::Request::on_event) calls a closure for each event of a response. The [`Parser`] by itself
//! is for event streams that come in another way.

use std::time::Duration;

/// Upper bound for one event unless another is set, in bytes.
const LIMIT: usize = 10 << 20;

/// Byte order mark, as UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Parser of an event stream that comes in pieces of any size.
///
/// It follows the [WHATWG HTML Standard](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream),
/// section 9.2.6: lines end with LF, CR or CRLF, a byte order mark at the beginning and comments are left out, several
/// `data` lines are joined with LF, an event without `data` is none, and what stands after the last empty line is no
/// event. Bytes that are not UTF-8 become U+FFFD.
///
/// An event takes at most 10 MiB, or the bytes given to [`with_limit`](Parser::with_limit), however long its lines are:
/// what comes beyond is dropped, and the event [is truncated](Event::is_truncated).
///
/// ```
/// use haul::sse::Parser;
///
/// let mut parser = Parser::new();
/// assert!(parser.push(b": hello\ndata: YHOO\nda").is_empty());
/// let events = parser.push(b"ta: +2\nid: 7\n\n");
/// assert_eq!((events[0].name(), events[0].data()), ("message", "YHOO\n+2"));
/// assert_eq!(parser.last_event_id(), "7");
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "EventSource")]
pub struct Parser {
    limit: usize,
    /// Beginning of the line that has not ended yet.
    line: Vec<u8>,
    /// True if the line is longer than the limit allows: the rest of it is dropped.
    line_is_cut: bool,
    /// True until the first line has ended.
    is_first_line: bool,
    /// True if the last byte was a CR, so that an LF after it belongs to the same end of line.
    after_cr: bool,
    name: String,
    /// Lines of data, each with an LF after it.
    data: String,
    /// Identifier that the next event sets.
    id: String,
    last_event_id: String,
    retry: Option<Duration>,
    /// True if a part of the present event was dropped.
    truncated: bool,
}

/// Event of an event stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    name: String,
    data: String,
    id: String,
    truncated: bool,
}

impl Event {
    /// Returns the type of the event, from its `event` field: `message` if it has none.
    #[doc(alias = "event")]
    #[doc(alias = "event_type")]
    pub fn name(&self) -> &str {
        match self.name.is_empty() {
            true => "message",
            false => &self.name,
        }
    }

    /// Returns the data: the values of the `data` lines, with an LF between them.
    pub fn data(&self) -> &str {
        &self.data
    }

    /// Returns the last event id of the stream as of this event. Empty: the stream has set none.
    ///
    /// An event without an `id` field has the id of the event before it, as in browsers.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// True if the event is larger than the parser's limit, so that a part of it was dropped.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

impl Default for Parser {
    fn default() -> Parser {
        Parser::with_limit(LIMIT)
    }
}

impl Parser {
    /// Makes a parser for the beginning of a stream, with the limit of 10 MiB for an event.
    pub fn new() -> Parser {
        Parser::default()
    }

    /// Makes a parser that keeps at most this many bytes of an event.
    pub fn with_limit(bytes: usize) -> Parser {
        Parser {
            limit: bytes,
            line: Vec::new(),
            line_is_cut: false,
            is_first_line: true,
            after_cr: false,
            name: String::new(),
            data: String::new(),
            id: String::new(),
            last_event_id: String::new(),
            retry: None,
            truncated: false,
        }
    }

    /// Takes the next bytes of the stream, and returns the events that are whole with them.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<Event> {
        std::iter::from_fn(|| self.next_event(&mut bytes)).collect()
    }

    /// Returns the id of the last event that set one. Empty: no event did.
    ///
    /// A program that connects again sends it in the header `Last-Event-ID`.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Returns the time after which the server asks to connect again. `None`: it has not said one.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// True if the event that is being read is larger than the limit already.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.truncated || self.line_is_cut
    }

    /// Takes bytes up to the end of the next event, which it returns. `None`: all bytes are taken, and no event ended.
    pub(crate) fn next_event(&mut self, bytes: &mut &[u8]) -> Option<Event> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                *bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                self.extend_line(bytes);
                *bytes = &[];
                break;
            };
            self.extend_line(&bytes[..end]);
            self.after_cr = bytes[end] == b'\r';
            *bytes = &bytes[end + 1..];
            let event = self.end_line();
            if event.is_some() {
                return event;
            }
        }
        None
    }

    fn extend_line(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.data.len() + self.line.len());
        let kept = bytes.len().min(room);
        self.line.extend_from_slice(&bytes[..kept]);
        self.line_is_cut |= kept < bytes.len();
    }

    /// Reads the line that has ended. Returns the event that it ends.
    fn end_line(&mut self) -> Option<Event> {
        let mut line = std::mem::take(&mut self.line);
        let is_cut = std::mem::take(&mut self.line_is_cut);
        let is_first = std::mem::take(&mut self.is_first_line);
        let text = match line.strip_prefix(MARK) {
            Some(rest) if is_first => rest,
            _ => &line[..],
        };
        let event = match text.is_empty() && !is_cut {
            true => self.dispatch(),
            false => {
                self.field(text, is_cut);
                None
            }
        };
        // The memory serves the next line, unless the line was a long one.
        if line.capacity() <= 64 * 1024 {
            line.clear();
            self.line = line;
        }
        event
    }

    fn field(&mut self, line: &[u8], is_cut: bool) {
        let colon = line.iter().position(|&b| b == b':');
        let (name, value) = match colon {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match name {
            b"data" => {
                self.data.push_str(&value);
                self.data.push('\n');
            }
            b"event" => self.name = value.into_owned(),
            b"id" if !value.contains('\0') => self.id = value.into_owned(),
            b"retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis);
                return;
            }
            // A line that was cut within its name may have been one of data.
            _ if is_cut && colon.is_none() => {}
            // A comment, or a field without a meaning.
            _ => return,
        }
        self.truncated |= is_cut;
    }

    /// Ends an event. Returns it unless it has no data.
    fn dispatch(&mut self) -> Option<Event> {
        self.last_event_id.clone_from(&self.id);
        let (name, mut data) = (
            std::mem::take(&mut self.name),
            std::mem::take(&mut self.data),
        );
        let truncated = std::mem::take(&mut self.truncated);
        data.pop()?;
        Some(Event {
            name,
            data,
            id: self.last_event_id.clone(),
            truncated,
        })
    }
}

#[cfg(test)]
mod tests;
