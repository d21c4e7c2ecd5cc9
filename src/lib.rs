//! haul: batch HTTP for synchronous Rust.

mod error;
mod host;
mod limits;
mod outcome;
mod policy;
pub mod record;
mod redact;
mod rejection;
mod request;
mod response;
mod retry;
mod schedule;
pub mod sink;
mod status;
pub mod summary;
mod timing;
mod transport;
mod url;

pub use error::{Error, ErrorType, Layer, StopReason};
pub use host::Host;
pub use limits::Timeouts;
pub use outcome::{Attempt, Outcome, State, Unsuccessful};
pub use policy::{
    BreakerSettings, ClassLimits, Finding, Jitter, Judgement, RetryBudget, RetryPolicy,
};
pub use rejection::Rejection;
pub use request::Request;
pub use response::{Hop, Response};
pub use sink::{Failures, JsonLines, Sink, SinkError};
pub use status::{InvalidStatusSet, StatusSet};
pub use summary::Summary;
pub use timing::{Phase, Timings};
/// The types of the `http` crate that appear in this crate's interface.
pub use ureq::http;
