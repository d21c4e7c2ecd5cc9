//! Outcomes in the caller's hands: in the order they complete, or in the order of the input.

#[cfg(feature = "progress")]
mod bar;
mod cancel;
mod channel;
mod control;
mod ending;
mod feed;
mod known_hosts;
mod open;
mod outcomes;
mod owner;
mod par_map;
mod progress;
mod receive;
mod refused;
mod reorder;
mod single;
mod tally;
mod timeout;
mod wait;

pub use cancel::CancelToken;
pub use channel::Intake;
pub use control::{End, Unfinished};
pub use outcomes::Outcomes;
pub use par_map::{Panicked, ParMap};
pub use progress::{HoldingHost, Progress, ProgressHandle, WaitingHost};
pub use refused::{Refusal, Refused};
pub use tally::SummaryHandle;
pub use timeout::InTime;
pub use wait::{Completed, CompletedInTime, ReturnWhen, Waited, as_completed, wait};

pub(crate) use outcomes::{Order, Shape, Step};
pub(crate) use owner::Owner;
pub(crate) use receive::{as_response, processed};
pub(crate) use single::{send, submit};
