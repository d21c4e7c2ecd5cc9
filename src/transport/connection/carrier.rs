//! Carrier of bytes between a TLS session and the other side.

use std::time::Duration;

use super::wire::{SocketWire, WireError};

/// Carrier of a TLS session's bytes: a socket, or another session.
pub(in crate::transport) trait TlsCarrier {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), WireError>;

    /// Writes some of the bytes, or continues with bytes taken before, until there is no room and input comes instead.
    /// Returns the number of bytes taken, and true if all bytes ever taken have been written.
    fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), WireError>;

    /// Waits for bytes. Returns their number, zero at the end of the stream. `WouldBlock`: `patience` has passed.
    fn read_within(
        &mut self,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, WireError>;
}

impl TlsCarrier for SocketWire {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        SocketWire::write_all(self, bytes)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), WireError> {
        SocketWire::push(self, bytes)
    }

    fn read_within(
        &mut self,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, WireError> {
        SocketWire::read_within(self, into, patience)
    }
}
