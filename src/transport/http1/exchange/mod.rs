//! Exchange of a request and its response on a connection, while the request is sent and until the head of the response
//! has come. Both ways to write a request share it.
//!
//! The response may come before the request has been sent to its end. So while the body waits for room to be sent, the
//! exchange also reads the server's input, and [`HeadReader`] reads the head whenever it comes.

use std::io;
use std::time::{Duration, Instant};

use super::forwarding::Forwarding;
use super::head::framing::Asked;
use super::head::malformed::Malformed;
use super::head::{HeadReader, ParsedHead, ResponseHead};
use super::{HeadlessExchange, NoResponse, ResponseStart};
use crate::redact::escape::log_line;
use crate::timing::Phase;
use crate::transport::connection::wire::WireError;
use crate::transport::connection::{Connection, PushedBytes};
use http::StatusCode;

/// Longest wait for leave to send a body (RFC 9110 section 10.1.1); curl waits as long.
const LEAVE: Duration = Duration::from_secs(1);
/// Time in which input may still come from a server that has closed its side, to give the reason.
const REASON: Duration = Duration::from_millis(100);
/// Time for the rest of input that is on its way, such as a TLS record that has come in part.
const SOON: Duration = Duration::from_millis(1);
/// Upper bound in bytes for the part of a response that is kept while its request is still being sent. If twice the
/// limit of the response body and a little more is less, that is the bound: chunks are longer than their content. A
/// longer response ends the sending, and so the attempt.
const EARLY: u64 = 64 * 1024 * 1024;

/// Exchange of a request and its response on a connection.
#[derive(Debug)]
pub(in crate::transport) struct Exchange {
    pub(in crate::transport) connection: Box<Connection>,
    reader: HeadReader,
    /// Head of the final response. `None`: it has not come.
    pub(super) head: Option<ResponseHead>,
    pub(super) malformed: Option<Malformed>,
    /// True if a body follows the head of the request.
    body_follows: bool,
    chunked: bool,
    head_sent: bool,
    /// True if some of the output has been written.
    written: bool,
    /// Number of bytes of the response that may wait while the request is sent.
    early_limit: u64,
    /// True if the body of the request was not sent to its end.
    pub(super) unsent: bool,
    /// Limit that the response exceeded while the request was being sent. The server may send no more of the response
    /// before it has the rest of the request. `None`: it was not exceeded.
    pub(super) overrun: Option<u64>,
    /// Parts to be inserted into the head. `None`: they are inserted, or there are none.
    pub(super) forwarding: Option<Box<Forwarding>>,
    header_limit: usize,
}

/// Facts about an exchange, known before it starts.
pub(in crate::transport) struct ExchangePlan {
    pub(in crate::transport) asked: Asked,
    pub(in crate::transport) header_limit: usize,
    /// Upper bound for the body of the response, in bytes.
    pub(in crate::transport) body_limit: u64,
    /// Size of the request's body. `None`: not known, so that the body goes out in chunks.
    pub(in crate::transport) body: Option<u64>,
    /// Lines for a proxy that forwards the request. `None`: there is no such proxy.
    pub(in crate::transport) forwarding: Option<Box<Forwarding>>,
}

/// Result of a wait for leave to send the body.
pub(super) enum SendBody {
    /// The body is to be sent.
    Granted,
    /// The server did not reply in time.
    TimedOut,
    /// The final response came, and the server wants no body.
    Refused,
}

/// Reason why no more of a request is sent.
#[derive(Debug)]
pub(super) enum SendingStopped {
    Broken(WireError),
    /// The response has come, and the connection is intact.
    Answered,
}

impl From<WireError> for SendingStopped {
    fn from(broken: WireError) -> SendingStopped {
        SendingStopped::Broken(broken)
    }
}

impl Exchange {
    pub(in crate::transport) fn new(
        connection: Box<Connection>,
        opening: ExchangePlan,
    ) -> Exchange {
        Exchange {
            connection,
            reader: HeadReader::new(opening.asked, opening.header_limit),
            head: None,
            malformed: None,
            body_follows: opening.body != Some(0),
            chunked: opening.body.is_none(),
            head_sent: false,
            written: false,
            early_limit: opening
                .body_limit
                .saturating_mul(2)
                .saturating_add(64 * 1024)
                .min(EARLY),
            unsent: false,
            overrun: None,
            forwarding: opening.forwarding,
            header_limit: opening.header_limit,
        }
    }

    /// Returns true if some bytes of the request have been written.
    pub(super) fn has_sent(&self) -> bool {
        self.connection.bytes_sent() > 0
    }

    /// Returns true if the body of the request goes out in chunks.
    pub(super) fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// Returns true if the request has parts for a forwarding proxy that are not inserted yet.
    pub(super) fn is_forwarding(&self) -> bool {
        self.forwarding.is_some()
    }

    /// Sends the output buffer. The end of a head waits for the first part of its body, so that both go out as one
    /// packet: two packets would cost another system call, and with some servers a delayed acknowledgement.
    pub(super) fn send(&mut self, amount: usize) -> Result<(), SendingStopped> {
        let buffers = &mut self.connection.buffers;
        let pending = buffers.pending(amount);
        if !self.head_sent {
            self.head_sent = buffers.first(pending).ends_with(b"\r\n\r\n");
            if self.head_sent && self.body_follows && buffers.hold(pending) {
                return Ok(());
            }
        }
        self.flush(pending)
    }

    fn flush(&mut self, pending: usize) -> Result<(), SendingStopped> {
        let meter = &mut self.connection.attempt.meter;
        if meter.phase() != Phase::Send {
            meter.enter(Phase::Send, Instant::now());
        }
        match self.body_follows {
            false => self.connection.write(pending)?,
            true => self.write_and_listen(pending)?,
        }
        self.connection
            .attempt
            .meter
            .enter(Phase::Wait, Instant::now());
        Ok(())
    }

    /// Writes output while a response may come.
    #[inline(never)]
    fn write_and_listen(&mut self, pending: usize) -> Result<(), SendingStopped> {
        // A server that refuses a body may stop reading it, so the system's buffers would take it for a long time.
        if std::mem::replace(&mut self.written, true) && self.connection.has_news() {
            self.listen(SOON)?;
        }
        let mut from = 0;
        loop {
            if self.has_refused() {
                let full = self.connection.buffers.is_full();
                self.overrun = full.then_some(self.early_limit);
                return Err(self.halt());
            }
            match self.connection.push(from, pending) {
                Ok(PushedBytes::All) => return Ok(()),
                Ok(PushedBytes::Part(n)) => from += n,
                Ok(PushedBytes::HeardSomething(n)) => {
                    from += n;
                    self.listen(SOON)?;
                }
                Err(WireError::Io(error)) if self.has_said_why() => {
                    log_line!(Trace, "the response came before the body was sent: {error}");
                    return Err(self.halt());
                }
                Err(broken) => {
                    self.unsent = true;
                    return Err(broken.into());
                }
            }
        }
    }

    fn halt(&mut self) -> SendingStopped {
        self.unsent = true;
        SendingStopped::Answered
    }

    /// Returns true if the server wants no more of the body: its response is no 2xx, cannot be understood, or is longer
    /// than may wait for the end of the request.
    fn has_refused(&self) -> bool {
        let refused = |head: &ResponseHead| head.status.as_u16() >= 300;
        self.malformed.is_some()
            || self.head.as_ref().is_some_and(refused)
            || self.connection.buffers.is_full()
    }

    /// Waits for the response of a server that takes no more bytes. Returns true if a response came.
    #[inline(never)]
    fn has_said_why(&mut self) -> bool {
        while !self.has_answered()
            && !self.connection.attempt.ended
            && matches!(self.listen(REASON), Ok(true))
        {}
        self.has_answered()
    }

    fn has_answered(&self) -> bool {
        self.head.is_some() || self.malformed.is_some()
    }

    /// Reads the server's input while the request is being sent. Returns false if none has come.
    fn listen(&mut self, patience: Duration) -> Result<bool, WireError> {
        let mut heard = false;
        while !self.connection.buffers.is_full() {
            match self.connection.fill(Some(patience)) {
                Ok(true) => {}
                Ok(false) => break,
                Err(WireError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(broken) => return Err(broken),
            }
            heard = true;
            self.look();
            if self.has_refused() {
                break;
            }
        }
        Ok(heard)
    }

    /// Looks for the head of the final response in the input. Returns true if an informational response was 100.
    fn look(&mut self) -> bool {
        let mut granted = false;
        while !self.has_answered() && self.connection.buffers.has_input() {
            match self.reader.look(self.connection.buffers.input()) {
                Ok(ParsedHead::Unfinished) => break,
                Ok(ParsedHead::Informational { status, size }) => {
                    granted |= status == StatusCode::CONTINUE;
                    self.connection.buffers.consume(size);
                }
                Ok(ParsedHead::Final(head)) => {
                    self.connection.buffers.consume(head.size);
                    if self.body_follows {
                        self.connection.buffers.allow(self.early_limit);
                    }
                    self.head = Some(head);
                }
                Err(malformed) => self.malformed = Some(malformed),
            }
        }
        granted
    }

    /// Waits for the server's reply to `Expect: 100-continue`: at most a second, and at most a third of the time that
    /// is left, so that a server that ignores the question still gets the body in time.
    #[inline(never)]
    pub(super) fn await_leave(&mut self) -> Result<SendBody, WireError> {
        let held = self.connection.buffers.held();
        if held > 0 {
            self.connection.write(held)?;
            self.written = true;
            self.connection
                .attempt
                .meter
                .enter(Phase::Wait, Instant::now());
        }
        let began = Instant::now();
        let left = self.connection.time_left(began)?;
        let patience = left.map_or(LEAVE, |left| LEAVE.min(left / 3));
        loop {
            if self.look() {
                return Ok(SendBody::Granted);
            }
            match &self.head {
                // The server has decided already, but the request is not complete without its body.
                Some(head) if head.status.is_success() => return Ok(SendBody::Granted),
                Some(_) => break,
                None if self.malformed.is_some() => break,
                None => {}
            }
            let rest = patience.saturating_sub(began.elapsed());
            match self.connection.fill(Some(rest)) {
                Ok(true) => {}
                Ok(false) => return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into())),
                Err(WireError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(SendBody::TimedOut);
                }
                Err(broken) => return Err(broken),
            }
        }
        self.unsent = true;
        Ok(SendBody::Refused)
    }

    /// Reads the head of the final response, unless it has come already. Returns false if the stream ended before.
    pub(super) fn await_head(&mut self) -> Result<bool, WireError> {
        let held = self.connection.buffers.held();
        if held > 0 {
            match self.flush(held) {
                Ok(()) | Err(SendingStopped::Answered) => {}
                Err(SendingStopped::Broken(broken)) => return Err(broken),
            }
        }
        self.look();
        while !self.has_answered() {
            if !self.connection.fill(None)? {
                return Ok(false);
            }
            self.look();
        }
        Ok(true)
    }

    /// Ends the exchange. Returns the head that came, or the reason why none did.
    pub(super) fn finish(
        self,
        ended: Result<(), NoResponse>,
    ) -> Result<ResponseStart, HeadlessExchange> {
        match (ended, self.head) {
            (Ok(()), Some(head)) => Ok(ResponseStart {
                overrun: self.overrun.filter(|_| head.status.is_success()),
                head,
                connection: self.connection,
                unsent: self.unsent,
                header_limit: self.header_limit,
            }),
            (ended, _) => Err(HeadlessExchange {
                reason: ended.err().unwrap_or(NoResponse::Closed),
                connection: Some(self.connection),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
