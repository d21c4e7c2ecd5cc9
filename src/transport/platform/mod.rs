//! The few calls that differ between systems. Everything else in the transport is written against this module.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::*;

// Compiled for tests too, so that it is known to work where it is not used.
#[cfg(any(not(unix), test))]
mod portable;
#[cfg(not(unix))]
pub(super) use portable::*;
