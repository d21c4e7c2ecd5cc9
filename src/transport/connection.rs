//! A connection as an exchange uses it: socket, TLS session, buffers, and how the current attempt goes on it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::activity::Activity;
use super::buffers::Buffers;
use super::carrier::Carrier;
use super::http1::head::{self, Leave};
use super::line::Line;
use super::meter::Meter;
use super::platform::Idle;
use super::proxy::Forwarding;
use super::tls::Session;
use super::wire::{Broken, Limits};
use crate::timing::Phase;

#[derive(Debug)]
pub(super) struct Connection {
    line: Line,
    session: Option<Box<Session>>,
    /// The host it leads to, as the pool names it.
    key: Arc<str>,
    remote: SocketAddr,
    pub(super) buffers: Buffers,
    pub(super) attempt: Attempt,
}

/// How the current attempt goes.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) meter: Meter,
    /// Body bytes that may be sent together with the head.
    body_follows: bool,
    head_sent: bool,
    /// The final answer stands in the input already, such as where it came before the body was sent.
    answered: bool,
    /// The request has been sent, and whoever writes it once more writes for nobody.
    said: bool,
    /// It came while the body was sent, of which the rest was kept back: the connection cannot serve again.
    pub(super) overtaken: bool,
    /// Tells a streamed body that nobody wants the rest of it.
    unwanted: Option<Arc<AtomicBool>>,
    /// To be put into the head.
    forwarding: Option<Box<Forwarding>>,
    /// What comes is read here and not by ureq: nothing has to be put right in it.
    pub(super) plain: bool,
    /// How much came after the response head, if that was complete. Not known while it is plain.
    pub(super) body_size: Option<usize>,
    /// What ended it. ureq is told only that there was something.
    pub(super) broken: Option<Broken>,
    /// The server has closed its side.
    pub(super) ended: bool,
    /// The response was read to its end and the connection can serve again.
    pub(super) reusable: bool,
}

/// What is known of an exchange before it starts.
pub(super) struct Plan {
    pub(super) limits: Limits,
    pub(super) meter: Meter,
    /// An upper bound of the request head's size.
    pub(super) head_size: usize,
    /// Its body's size, if that is known.
    pub(super) body: Option<u64>,
    /// Where a streamed body is told that nobody wants the rest of it.
    pub(super) unwanted: Option<Arc<AtomicBool>>,
    pub(super) header_limit: usize,
    /// What it says to a proxy that forwards it.
    pub(super) forwarding: Option<Box<Forwarding>>,
    /// Told of waits for the host. `None`: no other thread asks for them.
    pub(super) watch: Option<Arc<Activity>>,
}

impl Connection {
    pub(super) fn new(
        line: Line,
        session: Option<Session>,
        key: Arc<str>,
        remote: SocketAddr,
    ) -> Connection {
        Connection {
            line,
            session: session.map(Box::new),
            key,
            remote,
            buffers: Buffers::default(),
            attempt: Attempt {
                meter: Meter::start(Instant::now()),
                body_follows: false,
                head_sent: false,
                answered: false,
                said: false,
                overtaken: false,
                unwanted: None,
                forwarding: None,
                plain: false,
                body_size: None,
                broken: None,
                ended: false,
                reusable: false,
            },
        }
    }

    pub(super) fn key(&self) -> &Arc<str> {
        &self.key
    }

    pub(super) fn remote(&self) -> SocketAddr {
        self.remote
    }

    pub(super) fn socket(&self) -> &Arc<TcpStream> {
        self.line.wire.socket()
    }

    pub(super) fn is_tls(&self) -> bool {
        self.session.is_some()
    }

    /// Makes it ready for the next exchange.
    pub(super) fn begin(&mut self, plan: Plan) {
        let wire = &mut self.line.wire;
        wire.limits = plan.limits;
        wire.sent = 0;
        wire.received = 0;
        wire.watch = plan.watch;
        self.buffers
            .prepare(plan.head_size, plan.body, plan.header_limit);
        self.attempt = Attempt {
            meter: plan.meter,
            body_follows: plan.body != Some(0),
            head_sent: false,
            answered: false,
            said: false,
            overtaken: false,
            unwanted: plan.unwanted,
            forwarding: plan.forwarding,
            plain: false,
            body_size: None,
            broken: None,
            ended: false,
            reusable: false,
        };
    }

    /// The bytes counted since [`begin`](Connection::begin), into the meter.
    pub(super) fn count(&mut self) {
        self.attempt.meter.trace.bytes_sent = self.line.wire.sent;
        self.attempt.meter.trace.bytes_received = self.line.wire.received;
    }

    /// Sends what is in the output buffer. The end of a head waits for the first part of its body, so that both go out
    /// as one packet: two would cost another call, and with some servers a delayed acknowledgement.
    pub(super) fn send(&mut self, amount: usize) -> Result<(), Broken> {
        if amount == 0 {
            // ureq waits for bytes of a body that has no more. It would wait for ever, and never sleep.
            return Err(Broken::Io(io::ErrorKind::WriteZero.into()));
        }
        if self.attempt.said {
            self.buffers.take_output(amount);
            return Ok(());
        }
        let mut pending = self.buffers.pending(amount);
        let attempt = &mut self.attempt;
        if let Some(forwarding) = attempt.forwarding.take() {
            pending = forwarding.put_into(&mut self.buffers, pending);
        }
        if !attempt.head_sent {
            let output = self.buffers.first(pending);
            attempt.head_sent = output.ends_with(b"\r\n\r\n");
            if attempt.head_sent && attempt.body_follows && self.buffers.hold(pending) {
                return Ok(());
            }
        }
        self.flush(pending)
    }

    fn flush(&mut self, pending: usize) -> Result<(), Broken> {
        if self.attempt.unwanted.is_some() && self.is_overtaken() {
            self.buffers.take_output(pending);
            return Ok(());
        }
        if self.attempt.meter.phase() != Phase::Send {
            self.attempt.meter.enter(Phase::Send, Instant::now());
        }
        let output = self.buffers.take_output(pending);
        let sent = match &mut self.session {
            None => self.line.write_all(output),
            Some(session) => session.write_all(&mut self.line, output),
        };
        match sent {
            Err(Broken::Io(error)) if self.attempt.unwanted.is_some() && self.heard_out() => {
                log::trace!("the answer came before the body was sent: {error}");
            }
            sent => sent?,
        }
        self.attempt.meter.enter(Phase::Wait, Instant::now());
        Ok(())
    }

    /// Whether the final answer has come while a body is streamed: then nothing more of it is sent. Looked at before
    /// each piece, as a server that refuses a body may well not read it.
    #[inline(never)]
    fn is_overtaken(&mut self) -> bool {
        if !self.attempt.answered && matches!(self.line.wire.peek(), Idle::HasInput) {
            // It may be a TLS message that holds nothing for this layer.
            let _ = self.hear(Duration::from_millis(1));
        }
        self.attempt.answered
    }

    /// The server takes no more: whether it has said why.
    #[inline(never)]
    fn heard_out(&mut self) -> bool {
        while !self.attempt.answered && self.hear(Duration::from_millis(100)).is_ok() {}
        self.attempt.answered
    }

    /// Reads what the server says while a body is streamed.
    fn hear(&mut self, patience: Duration) -> Result<(), Broken> {
        if !self.fill(Some(patience))? {
            return Err(Broken::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        loop {
            match head::leave(self.buffers.input_mut()) {
                Leave::Unsaid => return Ok(()),
                // The leave to send it comes late.
                Leave::NotYet { head } | Leave::Granted { head, .. } => self.buffers.cut(0, head),
                Leave::Answered => {
                    self.attempt.answered = true;
                    self.attempt.overtaken = true;
                    if let Some(unwanted) = &self.attempt.unwanted {
                        unwanted.store(true, Ordering::Relaxed);
                    }
                    return Ok(());
                }
            }
        }
    }

    /// The request is sent, and what came in answer to it is for somebody else to look at.
    pub(super) fn pass_on(&mut self) {
        self.see_head();
        self.attempt.said = true;
        self.attempt.answered = self.buffers.has_input();
    }

    /// Whether it says something else to a proxy than it would to the server.
    pub(super) fn is_forwarding(&self) -> bool {
        self.attempt.forwarding.is_some()
    }

    /// Waits for input, or with `patience` for the leave to send a body: no longer than that. `false` at the end of the
    /// stream.
    pub(super) fn receive(&mut self, patience: Option<Duration>) -> Result<bool, Broken> {
        match patience {
            Some(patience) => self.await_leave(patience),
            // It came while the leave was waited for, and has not been looked at as what it is.
            None if std::mem::take(&mut self.attempt.answered) => Ok(true),
            None => self.read(None),
        }
    }

    /// Waits for what the server says to `Expect: 100-continue`. ureq wants a 100 without headers, and takes every other
    /// head for the final one: what is in its way goes.
    #[inline(never)]
    fn await_leave(&mut self, patience: Duration) -> Result<bool, Broken> {
        let began = Instant::now();
        loop {
            let left = patience.saturating_sub(began.elapsed());
            if !self.read(Some(left))? {
                return Err(Broken::Io(io::ErrorKind::UnexpectedEof.into()));
            }
            loop {
                match head::leave(self.buffers.input_mut()) {
                    Leave::Unsaid => break,
                    Leave::NotYet { head } => self.buffers.cut(0, head),
                    Leave::Granted { line, head } => {
                        self.buffers.cut(line, head - 2);
                        return Ok(true);
                    }
                    Leave::Answered => {
                        self.attempt.answered = true;
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Sends what waits and reads once. `false` at the end of the stream.
    fn read(&mut self, patience: Option<Duration>) -> Result<bool, Broken> {
        let held = self.buffers.held();
        if held > 0 {
            self.flush(held)?;
        }
        self.fill(patience)
    }

    /// Reads once, whatever waits to be sent.
    fn fill(&mut self, patience: Option<Duration>) -> Result<bool, Broken> {
        let room = self.buffers.room();
        let n = match &mut self.session {
            None => self.line.read_within(room, patience),
            Some(session) => session.read(&mut self.line, room, patience),
        }?;
        self.buffers.filled(n);
        self.attempt.ended = n == 0;
        match &mut self.attempt.body_size {
            Some(size) => *size += n,
            None if self.attempt.plain => {}
            None => self.see_head(),
        }
        Ok(n > 0)
    }

    /// Puts right what ureq does not understand of the head that has come, and sees whether that is all of it. From here on
    /// it is not plain.
    pub(super) fn see_head(&mut self) {
        self.attempt.plain = false;
        if self.attempt.body_size.is_none() {
            let input = self.buffers.input_mut();
            self.attempt.body_size = head::lower_encoding(input).map(|head| input.len() - head);
        }
    }

    /// Reads part of a body: what is in the buffer, or else from the line, straight to where it is wanted if that is
    /// more than the buffer holds.
    pub(super) fn take(&mut self, into: &mut [u8]) -> Result<usize, Broken> {
        if !self.buffers.has_input() {
            if into.len() >= self.buffers.capacity() {
                let n = match &mut self.session {
                    None => self.line.read_within(into, None),
                    Some(session) => session.read(&mut self.line, into, None),
                }?;
                self.attempt.ended = n == 0;
                return Ok(n);
            }
            if !self.fill(None)? {
                return Ok(0);
            }
        }
        Ok(self.buffers.take(into))
    }

    /// Gives back what it does not need while it waits in the pool.
    pub(super) fn rest(&mut self) {
        self.buffers.shrink();
        for session in [&mut self.session, &mut self.line.outer]
            .into_iter()
            .flatten()
        {
            session.shrink();
        }
    }

    /// Whether it can carry another exchange. Input nobody asked for means that it cannot, be it the end of the stream
    /// or an answer to a request never made; of TLS's own messages nothing is thought.
    pub(super) fn is_usable(&mut self) -> bool {
        let Line { wire, outer } = &mut self.line;
        let mut more = match wire.peek() {
            Idle::Quiet => false,
            Idle::HasInput => true,
            Idle::Closed => return false,
        };
        if let Some(outer) = outer {
            if !outer.is_quiet(wire, more) {
                return false;
            }
            more = false;
        }
        match &mut self.session {
            None => !more,
            Some(session) => session.is_quiet(wire, more),
        }
    }
}

#[cfg(test)]
mod tests;
