//! Connection as an exchange uses it: socket, TLS session, buffers, and the state of the current attempt.

pub(in crate::transport) mod buffers;
pub(in crate::transport) mod carrier;
pub(in crate::transport) mod descriptors;
pub(in crate::transport) mod line;
pub(in crate::transport) mod platform;
pub(in crate::transport) mod tls;
pub(in crate::transport) mod wire;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::buffers::Buffers;
use self::carrier::TlsCarrier;
use self::line::ConnectionLine;
use self::platform::Idle;
use self::tls::Session;
use self::wire::{Limits, WireError};
use super::cancel::activity::Activity;
use super::meter::PhaseMeter;
use super::pool::{PoolKey, Poolable};

#[derive(Debug)]
pub(in crate::transport) struct Connection {
    line: ConnectionLine,
    session: Option<Box<Session>>,
    /// Place that the connection leads to.
    key: PoolKey<'static>,
    remote: SocketAddr,
    pub(in crate::transport) buffers: Buffers,
    pub(in crate::transport) attempt: ExchangeState,
}

/// State of the current attempt.
#[derive(Debug)]
pub(in crate::transport) struct ExchangeState {
    pub(in crate::transport) meter: PhaseMeter,
    /// Error that ended the attempt. `None`: no error.
    pub(in crate::transport) broken: Option<WireError>,
    /// True if the server has closed its side.
    pub(in crate::transport) ended: bool,
    /// True if the response was read to its end and the connection can serve again.
    pub(in crate::transport) reusable: bool,
}

/// Parameters of an exchange, known before it starts.
pub(in crate::transport) struct Plan {
    pub(in crate::transport) limits: Limits,
    pub(in crate::transport) meter: PhaseMeter,
    /// Upper bound for the size of the request head, in bytes.
    pub(in crate::transport) head_size: usize,
    /// Size of the request body in bytes. `None`: not known.
    pub(in crate::transport) body: Option<u64>,
    pub(in crate::transport) header_limit: usize,
    /// Record of waits for the host. `None`: no other thread reads it.
    pub(in crate::transport) watch: Option<Arc<Activity>>,
}

/// Result of a write that stops when the server sends something.
pub(in crate::transport) enum PushedBytes {
    /// All output has been written.
    All,
    /// This number of bytes was taken.
    Part(usize),
    /// This number of bytes was taken, and then input came.
    HeardSomething(usize),
}

impl Connection {
    pub(in crate::transport) fn new(
        line: ConnectionLine,
        session: Option<Box<Session>>,
        key: PoolKey<'static>,
        remote: SocketAddr,
    ) -> Connection {
        Connection {
            line,
            session,
            key,
            remote,
            buffers: Buffers::default(),
            attempt: ExchangeState {
                meter: PhaseMeter::start(Instant::now()),
                broken: None,
                ended: false,
                reusable: false,
            },
        }
    }

    pub(in crate::transport) fn remote(&self) -> SocketAddr {
        self.remote
    }

    pub(in crate::transport) fn socket(&self) -> &Arc<TcpStream> {
        self.line.wire.socket()
    }

    pub(in crate::transport) fn is_tls(&self) -> bool {
        self.session.is_some()
    }

    /// Makes the connection ready for the next exchange.
    pub(in crate::transport) fn begin(&mut self, plan: Plan) {
        let wire = &mut self.line.wire;
        wire.limits = plan.limits;
        wire.sent = 0;
        wire.received = 0;
        wire.watch = plan.watch;
        self.buffers
            .prepare(plan.head_size, plan.body, plan.header_limit);
        self.attempt = ExchangeState {
            meter: plan.meter,
            broken: None,
            ended: false,
            reusable: false,
        };
    }

    /// Copies the bytes counted since [`begin`](Connection::begin) into the meter.
    pub(in crate::transport) fn count(&mut self) {
        self.attempt.meter.trace.bytes_sent = self.line.wire.sent;
        self.attempt.meter.trace.bytes_received = self.line.wire.received;
    }

    /// Returns the bytes written since [`begin`](Connection::begin).
    pub(in crate::transport) fn bytes_sent(&self) -> u64 {
        self.line.wire.sent
    }

    /// Returns the time left at `now` of the attempt or of a wait for bytes, whichever is less. `None`: no limit.
    pub(in crate::transport) fn time_left(
        &self,
        now: Instant,
    ) -> Result<Option<Duration>, WireError> {
        self.line.wire.limits.left(now, now)
    }

    /// Sets other time limits for the rest of the exchange.
    pub(in crate::transport) fn limit(&mut self, limits: Limits) {
        self.line.wire.limits = limits;
    }

    /// Makes every read that would wait for the server fail from `now` on.
    pub(in crate::transport) fn await_no_more(&mut self, now: Instant) {
        self.line.wire.limits = Limits::attempt(Some(now), None);
    }

    /// Writes the first `pending` bytes of output.
    pub(in crate::transport) fn write(&mut self, pending: usize) -> Result<(), WireError> {
        let output = self.buffers.take_output(pending);
        match &mut self.session {
            None => self.line.write_all(output),
            Some(session) => session.write_all(&mut self.line, output),
        }
    }

    /// Writes output from `from` to `pending`, until all of it is written or input comes.
    pub(in crate::transport) fn push(
        &mut self,
        from: usize,
        pending: usize,
    ) -> Result<PushedBytes, WireError> {
        let output = &self.buffers.take_output(pending)[from..];
        // No input comes after the server has closed its side.
        if self.attempt.ended {
            match &mut self.session {
                None => self.line.write_all(output)?,
                Some(session) => session.write_all(&mut self.line, output)?,
            }
            return Ok(PushedBytes::All);
        }
        let (n, gone) = match &mut self.session {
            None => self.line.push(output)?,
            Some(session) => session.push(&mut self.line, output)?,
        };
        Ok(match gone {
            true if n == output.len() => PushedBytes::All,
            true => PushedBytes::Part(n),
            false => PushedBytes::HeardSomething(n),
        })
    }

    /// Returns true if unread input has come. The input may be a TLS message without data for this layer.
    pub(in crate::transport) fn has_news(&self) -> bool {
        !self.attempt.ended && matches!(self.line.wire.peek(), Idle::HasInput)
    }

    /// Reads once, whatever waits to be sent. Waits for input, with `patience` no longer than that (`WouldBlock`).
    /// Returns false at the end of the stream. The input must not be full.
    pub(in crate::transport) fn fill(
        &mut self,
        patience: Option<Duration>,
    ) -> Result<bool, WireError> {
        let room = self.buffers.room();
        let n = match &mut self.session {
            None => self.line.read_within(room, patience),
            Some(session) => session.read(&mut self.line, room, patience),
        }?;
        self.buffers.filled(n);
        self.attempt.ended = n == 0;
        Ok(n > 0)
    }

    /// Reads part of a body from the buffer, or if the buffer is empty from the line. Reads straight into `into` if
    /// that is at least as large as the buffer.
    pub(in crate::transport) fn take(&mut self, into: &mut [u8]) -> Result<usize, WireError> {
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

    /// Frees memory that the connection does not need while it waits in the pool.
    pub(in crate::transport) fn rest(&mut self) {
        self.buffers.shrink();
        for session in [&mut self.session, &mut self.line.outer]
            .into_iter()
            .flatten()
        {
            session.shrink();
        }
    }
}

impl Poolable for Connection {
    fn key(&self) -> &PoolKey<'static> {
        &self.key
    }

    /// Returns true if the connection can carry another exchange. It cannot if there is unexpected input, which is the
    /// end of the stream or an answer to a request never made; messages of TLS itself are ignored.
    fn is_usable(&mut self) -> bool {
        let ConnectionLine { wire, outer } = &mut self.line;
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
