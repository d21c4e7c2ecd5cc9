//! Outcomes in the caller's hands: in the order they complete, or in the order of the input.

mod cancel;
mod channel;
mod ending;
mod feed;
mod handles;
mod known_hosts;
mod open_batch;
mod outcomes;
mod owner;
mod par_map;
mod process;
mod progress;
mod receiving;
mod refused;
mod results;
mod single;
mod timeout;

pub use cancel::CancelToken;
pub use channel::Intake;
pub use ending::{End, Unfinished};
pub use handles::{Completed, CompletedInTime, ReturnWhen, Waited, as_completed, wait};
pub use outcomes::Outcomes;
pub use par_map::{Panicked, ParMap};
pub use progress::{HoldingHost, Progress, ProgressHandle, SummaryHandle, WaitingHost};
pub use refused::{Refusal, Refused};
pub use timeout::InTime;

pub(crate) use outcomes::{Order, Shape, Step};
pub(crate) use owner::Owner;
pub(crate) use process::{as_response, processed};
pub(crate) use single::{send, submit};
