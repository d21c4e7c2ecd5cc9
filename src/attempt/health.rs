//! Health of a host, as a failed attempt shows it.

use crate::error::ErrorType;
use crate::retry::Evidence;
use crate::schedule::Call;

/// Returns the effect of a failed attempt on the breaker of its host.
pub(super) fn tells(evidence: &Evidence<'_>) -> Call {
    use ErrorType::*;
    let failure = Call::Failure {
        retry_after: evidence.retry_after,
    };
    match evidence.error_type {
        Dns | Connect | Tls | Proxy if evidence.permanent => Call::Ignored,
        Dns | Connect | Tls | Proxy | Timeout | Connection | IncompleteBody | Protocol => failure,
        HttpStatus => match evidence.status {
            Some(429) => Call::Ignored,
            Some(500..) => failure,
            _ => Call::Success,
        },
        Redirect | BodyTooLarge | Decode | Process => Call::Success,
        AddressDenied | InvalidRequest | Sign | BreakerOpen | Deadline | Cancelled
        | Interrupted | Panic | Io => Call::Ignored,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn what_a_failure_tells_about_the_host() {
        let of = |error_type, permanent, status| {
            let evidence = Evidence {
                permanent,
                status,
                ..Evidence::new(&Method::GET, error_type)
            };
            tells(&evidence)
        };
        let failure = Call::Failure { retry_after: None };
        for (error_type, permanent, status, call) in [
            (ErrorType::Dns, false, None, failure),
            (ErrorType::Timeout, false, None, failure),
            (ErrorType::IncompleteBody, false, Some(200), failure),
            (ErrorType::Protocol, false, None, failure),
            (ErrorType::HttpStatus, false, Some(503), failure),
            (ErrorType::Tls, false, None, failure),
            (ErrorType::Tls, true, None, Call::Ignored),
            (ErrorType::Proxy, true, None, Call::Ignored),
            (ErrorType::HttpStatus, false, Some(404), Call::Success),
            (ErrorType::Decode, false, Some(200), Call::Success),
            (ErrorType::HttpStatus, false, Some(429), Call::Ignored),
            (ErrorType::Cancelled, false, None, Call::Ignored),
            (ErrorType::Deadline, false, None, Call::Ignored),
            (ErrorType::Io, false, None, Call::Ignored),
        ] {
            assert_eq!(of(error_type, permanent, status), call, "{error_type}");
        }
    }
}
