//! Evidence of an attempt that did not settle its request, and conclusions from it about the server.

use std::time::Duration;

use crate::error::ErrorType;
use crate::outcome::Attempt;
use crate::redact::IDEMPOTENCY_KEYS;
use crate::settings::{Judgement, RetryAdvice, RetryPolicy};
use crate::timing::Phase;
use http::{HeaderMap, Method};

use super::rate_limit::AnnouncedLimit;

/// True if the request carries an idempotency key, by which the server recognises a repetition.
pub(crate) fn is_keyed(headers: &HeaderMap) -> bool {
    IDEMPOTENCY_KEYS.iter().any(|key| headers.contains_key(key))
}

/// Facts known of an attempt that did not settle its request.
#[derive(Clone, Debug)]
pub(crate) struct AttemptFacts<'a> {
    pub(crate) method: &'a Method,
    /// True if the request says that repeating it is safe: its idempotent flag, or a key ([`is_keyed`]).
    pub(crate) repeatable_by_request: bool,
    /// True if the body can be sent once more from its beginning.
    pub(crate) replayable: bool,
    pub(crate) error_type: ErrorType,
    pub(crate) phase: Option<Phase>,
    /// True if the transport knows that the next attempt will fail the same way: a bad certificate, a proxy's 407.
    pub(crate) permanent: bool,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    /// True if the attempt went over a kept-alive connection.
    pub(crate) reused: bool,
    /// Status of the response. `None`: no response head arrived.
    pub(crate) status: Option<u16>,
    /// Wait that the response asked for ([`parse`](super::retry_after::parse)). `None`: it asked for none.
    pub(crate) retry_after: Option<Duration>,
    /// Rate limits that the response announced.
    pub(crate) limit: AnnouncedLimit,
    /// True if the response asked not to be tried again.
    pub(crate) says_no: bool,
    /// Judgement of the caller's hook. `None`: it gave none.
    pub(crate) judgement: Option<&'a Judgement>,
    /// True if the host's limit of places adapts: a refusal without a wait lowers the limit, and does not hold the host
    /// back.
    pub(crate) limit_adapts: bool,
    /// True if the attempt has added so much to a file that it takes no retry.
    pub(crate) advanced: bool,
}

impl<'a> AttemptFacts<'a> {
    /// Evidence of a failure of which only these two facts are known; the rest is filled in by struct update.
    pub(crate) fn new(method: &'a Method, error_type: ErrorType) -> AttemptFacts<'a> {
        AttemptFacts {
            method,
            repeatable_by_request: false,
            replayable: true,
            error_type,
            phase: None,
            permanent: false,
            bytes_sent: 0,
            bytes_received: 0,
            reused: false,
            status: None,
            retry_after: None,
            limit: AnnouncedLimit::default(),
            says_no: false,
            judgement: None,
            limit_adapts: false,
            advanced: false,
        }
    }

    /// Returns the facts without the waits that the policy does not obey.
    pub(super) fn obeyed(&self, policy: &RetryPolicy) -> AttemptFacts<'a> {
        let mut facts = self.clone();
        // That a 403 can be a rate limit's is part of reading rate limits.
        let of_limit = facts.status == Some(403) && !policy.rate_limit_headers;
        if !policy.respect_retry_after || of_limit {
            facts.retry_after = None;
        }
        if !policy.rate_limit_headers {
            facts.limit = AnnouncedLimit::default();
        }
        facts
    }

    /// Returns the wait that the response asked for. `None`: it asked for none.
    pub(crate) fn announced_wait(&self) -> Option<Duration> {
        self.retry_after.or(self.limit.reset)
    }

    /// Returns the advice of the caller's hook on another attempt. `None`: it gave none.
    pub(super) fn advice(&self) -> Option<&'a RetryAdvice> {
        match self.judgement? {
            Judgement::RetryWith(advice) => Some(advice),
            _ => None,
        }
    }

    /// Returns the attempt's entry in the outcome's log.
    pub(crate) fn attempt(&self, elapsed: Duration, delay: Option<Duration>) -> Attempt {
        Attempt {
            error_type: self.error_type,
            phase: self.phase,
            status: self.status,
            elapsed,
            delay,
        }
    }

    /// True if it is proven that no part of the request reached the server. If the phase is not known, bytes on the
    /// wire (which may have been a handshake) are taken for the request's.
    pub(super) fn is_unsent(&self) -> bool {
        use ErrorType::*;
        match self.phase {
            Some(Phase::Resolve | Phase::Connect | Phase::Tls) => true,
            Some(Phase::Send) => self.bytes_sent == 0,
            Some(Phase::Wait | Phase::Receive | Phase::Total) => false,
            None => match self.error_type {
                Dns | AddressDenied | Connect | Proxy | InvalidRequest | Sign | Auth
                | BreakerOpen => true,
                Tls | Io | Connection => self.bytes_sent == 0 && self.bytes_received == 0,
                _ => false,
            },
        }
    }

    /// True if no attempt was made of the request: the failure does not count as an attempt.
    pub(super) fn never_went_out(&self) -> bool {
        use ErrorType::*;
        matches!(
            self.error_type,
            InvalidRequest | Sign | Auth | BreakerOpen | AddressDenied
        )
    }

    /// True if the server turned the request away before any work, because of too much load: its whole host is to be
    /// left alone for a while.
    pub(crate) fn is_throttled(&self) -> bool {
        match self.status {
            Some(429 | 529) => true,
            Some(503) => self.announced_wait().is_some(),
            Some(403) => self.limit.is_used_up || self.retry_after.is_some(),
            _ => false,
        }
    }
}

/// True if the server may have carried the request out although no response says so. A later 404 to the same DELETE, or
/// 409 or 412 to the same write, can then mean "done".
///
/// False for the safe methods (RFC 9110 §9.2.1), which carry nothing out.
pub(super) fn is_ambiguous(facts: &AttemptFacts<'_>) -> bool {
    use ErrorType::*;
    let unacted = facts.advice().is_some_and(|advice| advice.unacted);
    if facts.method.is_safe() || facts.is_unsent() || unacted {
        return false;
    }
    match facts.error_type {
        IncompleteBody => true,
        Proxy | Io | AddressDenied | InvalidRequest | Sign | Auth | BreakerOpen => false,
        _ => match facts.status {
            Some(408) => true,
            Some(501 | 505) => false,
            Some(500..) => !facts.is_throttled(),
            Some(300..) => false,
            _ => true,
        },
    }
}
