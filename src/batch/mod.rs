//! Iterators over outcomes, and types for the progress and the end of a batch.
//!
//! - [`Outcomes`]: the outcomes of a batch, from [`Client::as_completed`](crate::Client::as_completed),
//!   [`map`](crate::Client::map), [`process`](crate::Client::process) or [`channel`](crate::Client::channel), which
//!   also returns the [`Intake`] that other threads feed. [`InTime`] adds a time limit for the iteration, [`ParMap`]
//!   CPU work on each outcome, on rayon's threads.
//! - [`Follow`]: the source of a batch whose outcomes lead to further requests, from
//!   [`Client::follow`](crate::Client::follow). Its closure adds them to [`NextRequests`], and is told by [`Pushed`] or
//!   [`Full`] what became of each.
//! - [`Pages`]: the rule by which a page of a list leads to the [`NextPage`].
//! - [`Turns`]: an order of the caller's for outcomes, from [`Outcomes::in_turns`].
//! - [`UniqueFilter`]: a filter for requests that equal an earlier one.
//! - [`End`]: the reason why a batch ended. [`CancelToken`] ends it from any thread; [`Unfinished`] says that a limit
//!   passed first.
//! - [`ProgressHandle`] and [`SummaryHandle`]: the progress and the figures so far, readable from any thread.
//! - [`Refused`] and [`Refusal`]: a request that was not taken, and why.
//! - [`as_completed`] and [`wait`]: waits for single requests, each with its [`Handle`](crate::Handle), as
//!   `concurrent.futures` has them for futures.

mod cancel;
mod channel;
mod ending;
mod feed;
mod follow;
mod handles;
mod known_hosts;
mod open_batch;
mod outcomes;
mod owner;
mod pages;
mod par_map;
mod process;
mod progress;
mod receiving;
mod refused;
mod requests;
mod results;
mod single;
mod timeout;
mod unique;

pub use crate::executor::TimedOut;
pub use cancel::CancelToken;
pub use channel::Intake;
pub use ending::{End, Unfinished};
pub use follow::{Follow, Full, NextRequests, Pushed};
pub use handles::{Completed, CompletedInTime, ReturnWhen, Waited, as_completed, wait};
pub use outcomes::{Outcomes, Turns};
pub use pages::{InvalidPages, NextPage, Pages};
pub use par_map::{Mapped, Panicked, ParMap};
pub use progress::{
    AdaptiveHost, HoldingHost, Progress, ProgressHandle, SummaryHandle, WaitingHost,
};
pub use refused::{Refusal, Refused};
pub use requests::Requests;
pub use timeout::InTime;
pub use unique::UniqueFilter;

pub(crate) use outcomes::{BatchBounds, NextOutcome, OutcomeOrder};
pub(crate) use owner::WorkersOwner;
pub(crate) use pages::next_of;
pub(crate) use process::{as_response, processed};
pub(crate) use single::{send, send_until, submit};
