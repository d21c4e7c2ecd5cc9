//! Health of a host, as a failed attempt shows it.

use crate::error::ErrorType;
use crate::retry::AttemptFacts;
use crate::schedule::{CallEnd, LoadSign};
use crate::transport::ExchangeResult;

/// Returns the effect of a failed attempt on the breaker of its host.
pub(super) fn tells(facts: &AttemptFacts<'_>) -> CallEnd {
    use ErrorType::*;
    let failure = CallEnd::Failure {
        retry_after: facts.announced_wait(),
    };
    match facts.error_type {
        Dns | Connect | Tls | Proxy if facts.permanent => CallEnd::Ignored,
        Dns | Connect | Tls | Proxy | Timeout | Connection | IncompleteBody | Protocol => failure,
        HttpStatus => match facts.status {
            Some(429) => CallEnd::Ignored,
            Some(403) if facts.is_throttled() => CallEnd::Ignored,
            Some(500..) => failure,
            _ => CallEnd::Success,
        },
        Redirect | BodyTooLarge | Decode | Process | Checksum => CallEnd::Success,
        AddressDenied | InvalidRequest | Sign | Auth | BreakerOpen | Deadline | Cancelled
        | Interrupted | Panic | Io => CallEnd::Ignored,
    }
}

/// Returns the sign of the host's load that an exchange shows. `None`: it shows none, as when no connection was made.
pub(super) fn load(exchanged: &ExchangeResult) -> Option<LoadSign> {
    let (reply, timed_out) = match &exchanged.result {
        Ok(reply) => (Some(reply), false),
        Err(fault) => (fault.reply.as_ref(), fault.error_type == ErrorType::Timeout),
    };
    match reply.map(|reply| reply.status) {
        _ if timed_out => Some(LoadSign::Overloaded),
        Some(429 | 503 | 529) => Some(LoadSign::Overloaded),
        Some(_) => exchanged.result.is_ok().then_some(LoadSign::Answered),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn a_failure_tells_the_breaker_if_the_host_is_at_fault() {
        let of = |error_type, permanent, status| {
            let facts = AttemptFacts {
                permanent,
                status,
                ..AttemptFacts::new(&Method::GET, error_type)
            };
            tells(&facts)
        };
        let failure = CallEnd::Failure { retry_after: None };
        for (error_type, permanent, status, call) in [
            (ErrorType::Dns, false, None, failure),
            (ErrorType::Timeout, false, None, failure),
            (ErrorType::IncompleteBody, false, Some(200), failure),
            (ErrorType::Protocol, false, None, failure),
            (ErrorType::HttpStatus, false, Some(503), failure),
            (ErrorType::Tls, false, None, failure),
            (ErrorType::Tls, true, None, CallEnd::Ignored),
            (ErrorType::Proxy, true, None, CallEnd::Ignored),
            (ErrorType::HttpStatus, false, Some(404), CallEnd::Success),
            (ErrorType::Decode, false, Some(200), CallEnd::Success),
            (ErrorType::HttpStatus, false, Some(429), CallEnd::Ignored),
            (ErrorType::Cancelled, false, None, CallEnd::Ignored),
            (ErrorType::Deadline, false, None, CallEnd::Ignored),
            (ErrorType::Io, false, None, CallEnd::Ignored),
        ] {
            assert_eq!(of(error_type, permanent, status), call, "{error_type}");
        }
    }
}
