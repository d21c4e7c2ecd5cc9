//! Drivers for this crate's own benches.
//!
//! They reach parts of the crate that are private, as far as a bench drives them.
//!
//! The module needs the feature `internals`, and is not an interface: its items change or go without notice.

#![allow(
    missing_debug_implementations,
    reason = "nothing here is shown to anybody"
)]

mod bare;
mod schedule;

pub use self::bare::{BareTransport, BareWorker, empty_answer};
pub use self::schedule::{ScheduleDriver, pass_through};
pub use crate::transport::drivers::{PoolDriver, ResolverDriver};
