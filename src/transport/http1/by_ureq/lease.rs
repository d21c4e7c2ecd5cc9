//! How a connection is lent to ureq for one exchange.
//!
//! A connection is found or opened before ureq is called: so phases, limits and errors are known exactly, and the pool
//! is asked before any name is resolved. Then the connection waits in a slot of this thread; ureq's connector takes it
//! from there, and when ureq lets go of the transport it goes back there, with a mark whether it can serve again.

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

use crate::transport::connection::Connection;
use crate::transport::wire::Broken;

thread_local! {
    static SLOT: Cell<Option<Box<Connection>>> = const { Cell::new(None) };
}

/// Lays out the connection that the next exchange of this thread uses.
pub(in crate::transport) fn lay_out(connection: Box<Connection>) {
    SLOT.set(Some(connection));
}

/// Takes the connection back. `None` while ureq still has it.
pub(in crate::transport) fn take_back() -> Option<Box<Connection>> {
    SLOT.take()
}

/// ureq's connector: hands out what was laid out.
#[derive(Debug)]
pub(in crate::transport) struct FromSlot;

impl Connector<()> for FromSlot {
    type Out = Lease;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Lease>, ureq::Error> {
        Ok(SLOT.take().map(|connection| Lease {
            connection: Some(connection),
            asked_last: false,
        }))
    }
}

/// ureq's resolver: it wants an address before it asks for a connection, and that connection has been made already.
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

/// A connection while ureq has it.
#[derive(Debug)]
pub(in crate::transport) struct Lease {
    /// Always there until it is dropped.
    connection: Option<Box<Connection>>,
    /// The last thing asked was whether it is open: ureq does that at the clean end of an exchange, and then lets go.
    asked_last: bool,
}

impl Lease {
    fn connection(&mut self) -> Result<&mut Connection, ureq::Error> {
        self.asked_last = false;
        self.connection
            .as_deref_mut()
            .ok_or(ureq::Error::ConnectionFailed)
    }

    /// Keeps what happened with the connection and tells ureq no more than that something did: of some kinds of I/O
    /// errors ureq thinks that they end a body.
    fn noting<T>(
        &mut self,
        call: impl FnOnce(&mut Connection) -> Result<T, Broken>,
    ) -> Result<T, ureq::Error> {
        let connection = self.connection()?;
        call(connection).map_err(|broken| {
            connection.attempt.broken = Some(broken);
            ureq::Error::Other(Box::new(Noted))
        })
    }
}

impl Transport for Lease {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.asked_last = false;
        match &mut self.connection {
            Some(connection) => &mut connection.buffers,
            None => unreachable!("the connection leaves the lease when it is dropped"),
        }
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.noting(|connection| connection.send(amount))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        // ureq has been given no limits; the only one it brings itself is how long to wait for a `100 Continue`.
        let patience = (!timeout.after.is_not_happening()).then_some(*timeout.after);
        match self.connection()?.receive(patience) {
            Err(Broken::Io(e)) if patience.is_some() && e.kind() == io::ErrorKind::WouldBlock => {
                Err(ureq::Error::Timeout(Timeout::Await100))
            }
            result => self.noting(|_| result),
        }
    }

    /// Always says no: ureq then drops the transport at once, instead of locking its own pool first, in which no
    /// connection may stay anyway.
    fn is_open(&mut self) -> bool {
        self.asked_last = true;
        false
    }

    fn is_tls(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.is_tls())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.attempt.reusable = self.asked_last && !connection.attempt.overtaken;
            // Fails while the thread ends, where nobody waits for it.
            let _ = SLOT.try_with(|slot| slot.set(Some(connection)));
        }
    }
}

/// Stands for what the connection has noted.
#[derive(Debug)]
struct Noted;

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection broke")
    }
}

impl StdError for Noted {}
