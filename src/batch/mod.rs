//! Iterators over outcomes, and the words for how a batch goes and ends.
//!
//! - [`Outcomes`]: the outcomes of a batch, from [`Client::as_completed`](crate::Client::as_completed),
//!   [`map`](crate::Client::map), [`process`](crate::Client::process) or [`channel`](crate::Client::channel), which also
//!   gives the [`Intake`] that other threads feed. [`InTime`] is the same with a limit for the iteration, [`ParMap`] with
//!   CPU work on each outcome, on rayon's threads.
//! - [`End`]: why a batch ended. [`CancelToken`] ends it from anywhere; [`Unfinished`] says that a limit passed first.
//! - [`ProgressHandle`] and [`SummaryHandle`]: how far it is, and what has come of it so far, from any thread.
//! - [`Refused`] and [`Refusal`]: a request that was not taken, and why.
//! - [`as_completed`] and [`wait`]: the same for single requests, each with its [`Handle`](crate::Handle), as
//!   `concurrent.futures` has them for futures.

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
mod par_map;
mod progress;
mod receive;
mod refused;
mod reorder;
mod single;
mod tally;
mod timeout;
mod wait;

pub use crate::executor::TimedOut;
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
pub(crate) use receive::{as_response, processed};
pub(crate) use single::{send, submit};
