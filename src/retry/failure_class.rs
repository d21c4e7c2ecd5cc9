//! Classes of failure that are counted apart.

use super::attempt_facts::AttemptFacts;
use crate::error::ErrorType;
use crate::settings::ClassLimits;

/// Classes of failure, each with a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureClass {
    Dns,
    Connect,
    Tls,
    Timeout,
    Body,
    Status,
    Throttle,
    Checksum,
    Other,
}

impl FailureClass {
    pub(super) const COUNT: usize = FailureClass::Other as usize + 1;

    /// Returns the class of a failure.
    pub(super) fn of(facts: &AttemptFacts<'_>) -> FailureClass {
        if facts.is_throttled() {
            return FailureClass::Throttle;
        }
        match facts.error_type {
            ErrorType::Dns => FailureClass::Dns,
            ErrorType::Connect => FailureClass::Connect,
            ErrorType::Tls if facts.is_unsent() => FailureClass::Tls,
            ErrorType::Timeout => FailureClass::Timeout,
            ErrorType::Connection | ErrorType::IncompleteBody => FailureClass::Body,
            ErrorType::HttpStatus => FailureClass::Status,
            ErrorType::Checksum => FailureClass::Checksum,
            _ => FailureClass::Other,
        }
    }

    /// Returns the limit of retries of the class. `None`: there is none.
    pub(super) fn limit(self, limits: &ClassLimits) -> Option<u32> {
        match self {
            FailureClass::Dns => limits.dns,
            FailureClass::Connect => limits.connect,
            FailureClass::Tls => limits.tls,
            FailureClass::Timeout => limits.timeout,
            FailureClass::Body => limits.body,
            FailureClass::Status => limits.status,
            FailureClass::Throttle => limits.throttle,
            // A file that comes wrong twice is another file than the expected one.
            FailureClass::Checksum => Some(1),
            FailureClass::Other => limits.other,
        }
    }
}
