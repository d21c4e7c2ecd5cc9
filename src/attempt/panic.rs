//! Panics of the caller's code, as errors.

use std::any::Any;

use crate::error::{Error, ErrorType, StopReason, panic_message};

/// Returns the error of a request whose hook, predicate or closure panicked.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    Error::new(ErrorType::Panic, panic_message(panic)).stopped(StopReason::NotRetryable)
}
