//! Panics of the caller's code, as errors.

use std::any::Any;

use crate::error::{Error, ErrorType, StopReason};

/// Returns the error of a request whose hook, predicate or closure panicked.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    Error::new(ErrorType::Panic, format!("panicked: {text}")).stopped(StopReason::NotRetryable)
}
