//! Lease of a connection to ureq for one exchange.
//!
//! A connection is found or opened before ureq is called, so that phases, limits and errors are known exactly, and the
//! pool is asked before any name is resolved. Then the exchange waits in a slot of this thread. ureq's connector takes
//! it from the slot, and when ureq drops the transport, the exchange goes back to the slot.
//!
//! ureq writes the request, and [`Exchange`] reads the response: ureq's parser refuses or misreads many responses that
//! servers send and every other client reads. So ureq gets no more of a response than its status, in a head that it
//! understands and that has no body.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use ureq::Timeout;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::forward;
use crate::transport::connection::wire::WireError;
use crate::transport::http1::exchange::{Exchange, SendBody, SendingStopped};

/// Size of the parts of a body that ureq turns into chunks.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    /// Exchange on its way to ureq or back. ureq calls its connector with facts about the connection that it wants, and
    /// passes no other value; so the exchange of this thread is found through the thread. An agent for each exchange,
    /// with the exchange in its connector, would cost an agent's allocations each time.
    static SLOT: Cell<Option<Box<Exchange>>> = const { Cell::new(None) };
}

/// Puts the exchange that ureq makes next on this thread into the slot.
pub(super) fn lay_out(exchange: Box<Exchange>) {
    SLOT.set(Some(exchange));
}

/// Takes the exchange back. `None`: ureq still has it.
pub(super) fn take_back() -> Option<Box<Exchange>> {
    SLOT.take()
}

/// Connector of ureq, which hands out the exchange in the slot.
#[derive(Debug)]
pub(in crate::transport) struct FromSlot;

impl Connector<()> for FromSlot {
    type Out = Lease;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Lease>, ureq::Error> {
        Ok(SLOT.take().map(|exchange| {
            Lease(LentExchange {
                exchange: Some(exchange),
                told: Vec::new(),
                at: 0,
                scratch: Vec::new(),
            })
        }))
    }
}

/// Resolver of ureq: ureq wants an address before it asks for a connection, and that connection has been made already.
#[derive(Debug)]
pub(in crate::transport) struct Resolved;

impl Resolver for Resolved {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        Ok(addresses)
    }
}

/// Exchange while ureq has it.
#[derive(Debug)]
pub(in crate::transport) struct Lease(LentExchange);

/// The exchange, and the input that ureq sees in place of the connection's.
#[derive(Debug)]
struct LentExchange {
    /// The exchange. `None`: the lease is being dropped.
    exchange: Option<Box<Exchange>>,
    told: Vec<u8>,
    /// Number of bytes of `told` that ureq has read.
    at: usize,
    /// Buffer for parts of a body, from which ureq makes chunks in the output. Empty if there are no chunks.
    scratch: Vec<u8>,
}

impl LentExchange {
    fn exchange(&mut self) -> &mut Exchange {
        match &mut self.exchange {
            Some(exchange) => exchange,
            None => unreachable!("the exchange leaves the lease when it is dropped"),
        }
    }

    /// Sends the bytes that ureq has put into the output.
    fn send(&mut self, amount: usize) -> Result<(), SendingStopped> {
        if amount == 0 {
            // ureq waits for bytes of a body that has no more. Without this error it would wait for ever in a busy
            // loop.
            return Err(WireError::Io(io::ErrorKind::WriteZero.into()).into());
        }
        let exchange = self.exchange();
        let mut added = 0;
        if let Some(forwarding) = exchange.forwarding.take() {
            let buffers = &mut exchange.connection.buffers;
            added = forward::put_into(&forwarding, buffers, buffers.pending(amount));
        }
        exchange.send(amount + added)
    }

    fn tell(&mut self, input: String) {
        self.told = input.into_bytes();
        self.at = 0;
    }

    /// Tells ureq the status of the final response.
    fn tell_status(&mut self) {
        let head = self.exchange().head.as_ref();
        // After 101 ureq would wait for another response, even if 101 is final.
        let status = head
            .map(|head| head.status.as_u16())
            .filter(|status| *status >= 200);
        let status = status.unwrap_or(200);
        self.tell(format!("HTTP/1.1 {status} \r\nContent-Length: 0\r\n\r\n"));
    }

    /// Keeps the failure of the connection, and tells ureq only that there was one.
    fn noting<T>(&mut self, result: Result<T, SendingStopped>) -> Result<T, ureq::Error> {
        result.map_err(|halted| {
            if let SendingStopped::Broken(broken) = halted {
                self.exchange().connection.attempt.broken = Some(broken);
            }
            ureq::Error::Other(Box::new(NotedError))
        })
    }
}

impl Transport for Lease {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.0
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let sent = self.0.send(amount);
        self.0.noting(sent)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        // ureq was given no limits; the only limit that it sets itself is for the wait for a `100 Continue`. The length
        // of that wait is decided here.
        if timeout.reason == Timeout::Await100 && !timeout.after.is_not_happening() {
            let leave = self.0.exchange().await_leave();
            match self.0.noting(leave.map_err(SendingStopped::Broken))? {
                SendBody::Granted => self.0.tell("HTTP/1.1 100 Continue\r\n\r\n".to_owned()),
                SendBody::TimedOut => return Err(ureq::Error::Timeout(Timeout::Await100)),
                SendBody::Refused => self.0.tell_status(),
            }
            return Ok(true);
        }
        let came = self.0.exchange().await_head();
        let came = self.0.noting(came.map_err(SendingStopped::Broken))?;
        if came {
            self.0.tell_status();
        }
        Ok(came)
    }

    /// Returns false always: ureq then drops the transport at once. Otherwise it would first lock its own pool, which
    /// may keep no connection anyway.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        let exchange = self.0.exchange.as_ref();
        exchange.is_some_and(|exchange| exchange.connection.is_tls())
    }
}

impl Buffers for LentExchange {
    fn output(&mut self) -> &mut [u8] {
        self.exchange().connection.buffers.output()
    }

    fn input(&self) -> &[u8] {
        &self.told[self.at..]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn input_appended(&mut self, _: usize) {}

    fn input_consume(&mut self, amount: usize) {
        self.at += amount;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        let Some(exchange) = &mut self.exchange else {
            unreachable!("the exchange leaves the lease when it is dropped")
        };
        if exchange.is_chunked() {
            self.scratch.resize(SCRATCH, 0);
        }
        (&mut self.scratch, exchange.connection.buffers.output())
    }

    fn can_use_input(&self) -> bool {
        self.at < self.told.len()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(exchange) = self.0.exchange.take() {
            // Fails while the thread ends, when no code waits for the exchange.
            let _ = SLOT.try_with(|slot| slot.set(Some(exchange)));
        }
    }
}

/// Error that stands for the failure that the connection has noted.
#[derive(Debug)]
struct NotedError;

impl fmt::Display for NotedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection broke")
    }
}

impl StdError for NotedError {}
