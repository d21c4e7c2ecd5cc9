//! What carries bytes to the other side and back.

use std::time::Duration;

use super::wire::{Broken, Wire};

/// What a TLS session lies on.
pub(super) trait Carrier {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Broken>;

    /// Waits for bytes: how many, zero at the end of the stream. `WouldBlock` once `patience` is over.
    fn read_within(&mut self, into: &mut [u8], patience: Option<Duration>)
    -> Result<usize, Broken>;
}

impl Carrier for Wire {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        Wire::write_all(self, bytes)
    }

    fn read_within(
        &mut self,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, Broken> {
        Wire::read_within(self, into, patience)
    }
}
