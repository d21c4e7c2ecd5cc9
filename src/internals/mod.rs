//! Drivers for this crate's own benches: parts that are private to the crate, as far as a bench drives them.
//!
//! Only with the feature `internals`, and no interface: whatever is here changes or goes without notice.

#![allow(
    missing_debug_implementations,
    reason = "nothing here is shown to anybody"
)]

mod bare;
mod schedule;

pub use self::bare::{BareTransport, BareWorker, empty_answer};
pub use self::schedule::{ScheduleDriver, pass_through};
pub use crate::transport::drivers::{PoolDriver, ResolverDriver};
