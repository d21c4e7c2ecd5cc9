//! Outcomes in the caller's hands: in the order they complete, or in the order of the input.

mod channel;
mod feed;
mod outcomes;
mod receive;
mod reorder;
mod single;
mod tally;

pub use channel::{Intake, Refused};
pub use outcomes::Outcomes;
pub use tally::SummaryHandle;

pub(crate) use outcomes::{Order, Shape};
pub(crate) use receive::{as_response, processed};
pub(crate) use single::send;
