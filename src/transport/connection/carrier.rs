//! What carries bytes to the other side and back.

use std::time::Duration;

use super::wire::{Broken, Wire};

/// What a TLS session lies on.
pub(in crate::transport) trait Carrier {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Broken>;

    /// Writes some of the bytes, or goes on with what it took before: until room runs out and input comes instead. Returns
    /// the number of bytes taken, and true if all that was ever taken has been written.
    fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), Broken>;

    /// Waits for bytes: how many, zero at the end of the stream. `WouldBlock` once `patience` is over.
    fn read_within(&mut self, into: &mut [u8], patience: Option<Duration>)
    -> Result<usize, Broken>;
}

impl Carrier for Wire {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        Wire::write_all(self, bytes)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), Broken> {
        Wire::push(self, bytes)
    }

    fn read_within(
        &mut self,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, Broken> {
        Wire::read_within(self, into, patience)
    }
}
