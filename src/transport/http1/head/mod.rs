//! Response heads: their end, and their statements about the body and the connection.
//!
//! Every response of every request is read here. A head that keeps to the rules is taken as its lines came. Any other
//! head goes through [`lines::repair`](crate::transport::http1::head::lines::repair) and is then read by the same
//! rules.

pub(in crate::transport) mod framing;
mod lines;
pub(in crate::transport) mod malformed;

use std::mem::MaybeUninit;

use self::framing::{Asked, Framed, FramingLines};
use self::malformed::{MOST_INFORMATIONAL, Malformed};
use crate::response::Headers;
use http::{StatusCode, Version};

/// Upper bound for the header lines of a head on the fast path. A head with more is read like one that breaks the
/// rules.
const LINES: usize = 64;

/// Head of a response.
#[derive(Debug)]
pub(in crate::transport) struct ResponseHead {
    pub(in crate::transport) status: StatusCode,
    pub(in crate::transport) version: Version,
    pub(in crate::transport) headers: Headers,
    pub(in crate::transport) framed: Framed,
    /// True if a `Content-Encoding` is among the headers.
    pub(in crate::transport) coded: bool,
    /// Size in bytes, its empty line included.
    pub(in crate::transport) size: usize,
    /// Number of lines that were corrected, and number of lines that were left out.
    pub(in crate::transport) repaired: (usize, usize),
}

/// Result of a look at the input.
#[derive(Debug)]
pub(in crate::transport) enum ParsedHead {
    /// The head is not complete.
    Unfinished,
    /// An informational response of this size.
    Informational { status: StatusCode, size: usize },
    /// The final response.
    Final(ResponseHead),
}

/// Reader of the response heads to one request.
#[derive(Debug)]
pub(in crate::transport) struct HeadReader {
    asked: Asked,
    /// Upper bound for a head, in bytes.
    limit: usize,
    /// Number of informational responses so far.
    informational: u8,
    /// Number of input bytes known to hold no end of a head. 0: the input has not been searched.
    searched: usize,
    /// True if the first line of the head has come.
    has_line: bool,
    /// True if that line is a status line.
    begun: bool,
}

impl HeadReader {
    pub(in crate::transport) fn new(asked: Asked, limit: usize) -> HeadReader {
        HeadReader {
            asked,
            limit,
            informational: 0,
            searched: 0,
            has_line: false,
            begun: false,
        }
    }

    /// Looks for a head at the beginning of the input. Since the last look the input has grown, or the head that was
    /// found was removed from it.
    pub(in crate::transport) fn look(&mut self, input: &[u8]) -> Result<ParsedHead, Malformed> {
        // In most cases the first look sees a whole head.
        if self.searched == 0
            && let Some(found) = self.strict(input)
        {
            return self.take(found?);
        }
        let Some(size) = self.end(input) else {
            if input.len() > self.limit {
                return Err(Malformed::HeadTooLarge(self.limit));
            }
            if !self.begun {
                // Checked early, since a peer that speaks another protocol may wait for an answer in it.
                self.begun = match self.has_line {
                    true => status_line(input)?.is_some(),
                    false => may_begin(input)?,
                };
            }
            return Ok(ParsedHead::Unfinished);
        };
        if size > self.limit {
            return Err(Malformed::HeadTooLarge(self.limit));
        }
        let head = &input[..size];
        let found = match self.strict(head) {
            Some(found) => found?,
            None => self.tolerant(head)?,
        };
        self.take(found)
    }

    /// Counts a head that was found.
    fn take(&mut self, found: ParsedHead) -> Result<ParsedHead, Malformed> {
        self.searched = 0;
        self.has_line = false;
        self.begun = false;
        let size = match &found {
            ParsedHead::Unfinished => 0,
            ParsedHead::Informational { status, size } => {
                if *status == StatusCode::SWITCHING_PROTOCOLS {
                    return Err(Malformed::NotAskedToSwitch);
                }
                self.informational += 1;
                if self.informational > MOST_INFORMATIONAL {
                    return Err(Malformed::TooManyInformational);
                }
                *size
            }
            ParsedHead::Final(head) => head.size,
        };
        match size > self.limit {
            true => Err(Malformed::HeadTooLarge(self.limit)),
            false => Ok(found),
        }
    }

    /// Returns the size of the head up to its empty line. `None`: the empty line has not come. Bytes that were searched
    /// are not searched again.
    fn end(&mut self, input: &[u8]) -> Option<usize> {
        // Empty lines before the status line do not end a head.
        let begin = input.iter().position(|&b| b != b'\r' && b != b'\n')?;
        let mut at = self.searched.max(begin);
        while let Some(length) = input[at..].iter().position(|&b| b == b'\n') {
            self.has_line = true;
            let next = at + length + 1;
            match input[next..] {
                [b'\n', ..] => return Some(next + 1),
                [b'\r', b'\n', ..] => return Some(next + 2),
                // The next line is not complete enough to tell.
                [] | [b'\r'] => {
                    self.searched = at + length;
                    return None;
                }
                _ => at = next,
            }
        }
        self.searched = input.len();
        None
    }

    /// Reads a head that keeps to the rules. `None`: the head breaks them, or is not complete.
    ///
    /// Kept out of line, so that its lines are not on the stack during the wait for the response.
    #[inline(never)]
    fn strict(&self, input: &[u8]) -> Option<Result<ParsedHead, Malformed>> {
        let mut lines = [const { MaybeUninit::uninit() }; LINES];
        let mut head = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default()
            .parse_response_with_uninit_headers(&mut head, input, &mut lines);
        let Ok(httparse::Status::Complete(size)) = parsed else {
            return None;
        };
        let status = StatusCode::from_u16(head.code?).ok()?;
        let version = match head.version {
            Some(0) => Version::HTTP_10,
            _ => Version::HTTP_11,
        };
        if self.is_passed_over(status) {
            return Some(Ok(ParsedHead::Informational { status, size }));
        }
        let begin = input.iter().position(|&b| b != b'\r' && b != b'\n')?;
        let line = input[begin..].iter().position(|&b| b == b'\n')?;
        let text = &input[begin + line + 1..size];
        let lines = head
            .headers
            .iter()
            .map(|line| (line.name.as_bytes(), line.value));
        let mut read = HeadFacts::default();
        read.take(lines.clone());
        let framed = read.framing.framed(self.asked, status, version, || {
            values_of_transfer_encoding(lines)
        });
        Some(framed.map(|framed| {
            ParsedHead::Final(ResponseHead {
                status,
                version,
                headers: Headers::of_lines(text, read.asks_to_wait),
                framed,
                coded: read.coded,
                size,
                repaired: (0, 0),
            })
        }))
    }

    /// Reads a head that breaks the rules.
    #[inline(never)]
    fn tolerant(&self, head: &[u8]) -> Result<ParsedHead, Malformed> {
        let Some((version, status, line)) = status_line(head)? else {
            return Err(Malformed::StatusLine);
        };
        if self.is_passed_over(status) {
            let size = head.len();
            return Ok(ParsedHead::Informational { status, size });
        }
        let repaired = lines::repair(&head[line..]);
        let lines = repaired.lines.split(|&b| b == b'\n').filter_map(|line| {
            let colon = line.iter().position(|&b| b == b':')?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        });
        let mut read = HeadFacts::default();
        read.framing.doubtful = repaired.doubtful;
        read.take(lines.clone());
        let framed = read.framing.framed(self.asked, status, version, || {
            values_of_transfer_encoding(lines)
        })?;
        Ok(ParsedHead::Final(ResponseHead {
            status,
            version,
            framed,
            coded: read.coded,
            size: head.len(),
            headers: Headers::of_lines(&repaired.lines, read.asks_to_wait),
            repaired: (repaired.changed, repaired.skipped),
        }))
    }

    /// Returns true if another response follows this one.
    fn is_passed_over(&self, status: StatusCode) -> bool {
        let switches = status == StatusCode::SWITCHING_PROTOCOLS && self.asked.upgrade;
        status.is_informational() && !switches
    }
}

/// Facts from the lines of a head.
#[derive(Default)]
struct HeadFacts {
    framing: FramingLines,
    coded: bool,
    asks_to_wait: bool,
}

impl HeadFacts {
    fn take<'a>(&mut self, lines: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        for (name, value) in lines {
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            // Most lines are ruled out by the length of their name.
            match name.len() {
                14 if is("content-length") => self.framing.content_length(value),
                10 if is("connection") => self.framing.connection(value),
                17 if is("transfer-encoding") => self.framing.transfer_encoding(value),
                16 => self.coded |= is("content-encoding"),
                11 => self.asks_to_wait |= is("retry-after"),
                _ => {}
            }
        }
    }
}

fn values_of_transfer_encoding<'a>(
    lines: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> impl Iterator<Item = &'a [u8]> {
    let is = |name: &[u8]| name.eq_ignore_ascii_case(b"transfer-encoding");
    lines.filter_map(move |(name, value)| is(name).then_some(value))
}

/// Refuses input that cannot be the beginning of a status line. Returns false if more of it has to come.
fn may_begin(input: &[u8]) -> Result<bool, Malformed> {
    let begin = input.iter().position(|&b| b != b'\r' && b != b'\n');
    let text = &input[begin.unwrap_or(input.len())..];
    let begun = text.len().min(7);
    match text[..begun] == b"HTTP/1."[..begun] {
        true => Ok(false),
        false => Err(Malformed::StatusLine),
    }
}

/// Returns version, status and size of the status line. `None`: the line is not complete, and may be a status line.
fn status_line(input: &[u8]) -> Result<Option<(Version, StatusCode, usize)>, Malformed> {
    let Some(begin) = input.iter().position(|&b| b != b'\r' && b != b'\n') else {
        return Ok(None);
    };
    may_begin(input)?;
    let text = &input[begin..];
    let Some(length) = text.iter().position(|&b| b == b'\n') else {
        return Ok(None);
    };
    let line = text[..length]
        .strip_suffix(b"\r")
        .unwrap_or(&text[..length]);
    let version = match line.get(7) {
        Some(b'0') => Version::HTTP_10,
        Some(b'1') => Version::HTTP_11,
        _ => return Err(Malformed::StatusLine),
    };
    let status = line.get(8..12).and_then(|part| part.strip_prefix(b" "));
    let status = status.and_then(|digits| StatusCode::from_bytes(digits).ok());
    let status = status.filter(|_| matches!(line.get(12), None | Some(b' ' | b'\t')));
    let status = status.ok_or(Malformed::StatusLine)?;
    Ok(Some((version, status, begin + length + 1)))
}

#[cfg(test)]
mod tests;
