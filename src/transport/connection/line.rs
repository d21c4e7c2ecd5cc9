//! Line that bytes pass over: the socket, or a TLS session with a proxy on it.

use std::time::Duration;

use super::carrier::Carrier;
use super::tls::Session;
use super::wire::{Broken, SocketWire};

/// Line to a server, or to a proxy and through it.
#[derive(Debug)]
pub(in crate::transport) struct Carriers {
    pub(in crate::transport) wire: SocketWire,
    /// TLS session with the proxy. The session with the server lies in it. `None`: no TLS to a proxy.
    pub(in crate::transport) outer: Option<Box<Session>>,
}

impl Carriers {
    pub(in crate::transport) fn new(wire: SocketWire) -> Carriers {
        Carriers { wire, outer: None }
    }
}

impl Carrier for Carriers {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        match &mut self.outer {
            None => self.wire.write_all(bytes),
            Some(session) => session.write_all(&mut self.wire, bytes),
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), Broken> {
        match &mut self.outer {
            None => self.wire.push(bytes),
            Some(session) => session.push(&mut self.wire, bytes),
        }
    }

    fn read_within(
        &mut self,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, Broken> {
        match &mut self.outer {
            None => self.wire.read_within(into, patience),
            Some(session) => session.read(&mut self.wire, into, patience),
        }
    }
}
