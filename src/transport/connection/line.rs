//! Line that bytes pass over: the socket, or a TLS session with a proxy on it.

use std::time::Duration;

use super::carrier::TlsCarrier;
use super::tls::Session;
use super::wire::{SocketWire, WireError};

/// Line to a server, or to a proxy and through it.
#[derive(Debug)]
pub(in crate::transport) struct ConnectionLine {
    pub(in crate::transport) wire: SocketWire,
    /// TLS session with the proxy. The session with the server lies in it. `None`: no TLS to a proxy.
    pub(in crate::transport) outer: Option<Box<Session>>,
}

impl ConnectionLine {
    pub(in crate::transport) fn new(wire: SocketWire) -> ConnectionLine {
        ConnectionLine { wire, outer: None }
    }
}

impl TlsCarrier for ConnectionLine {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        match &mut self.outer {
            None => self.wire.write_all(bytes),
            Some(session) => session.write_all(&mut self.wire, bytes),
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), WireError> {
        match &mut self.outer {
            None => self.wire.push(bytes),
            Some(session) => session.push(&mut self.wire, bytes),
        }
    }

    fn read_within(
        &mut self,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, WireError> {
        match &mut self.outer {
            None => self.wire.read_within(into, patience),
            Some(session) => session.read(&mut self.wire, into, patience),
        }
    }
}
