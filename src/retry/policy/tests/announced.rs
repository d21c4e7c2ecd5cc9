//! Rate limits that responses announce.

use super::super::super::rate_limit::AnnouncedLimit;
use super::*;

fn limited(method: &Method, code: u16, used_up: bool, reset: Option<u64>) -> AttemptFacts<'_> {
    AttemptFacts {
        limit: AnnouncedLimit {
            is_used_up: used_up,
            reset: reset.map(secs),
        },
        ..status(method, code)
    }
}

#[test]
fn vector_152_an_announced_reset_is_waited_for_and_cools_the_host() {
    for code in [403, 429, 503] {
        let facts = limited(&GET, code, true, Some(40));
        let decision = step(&policy(), &facts, &mut AttemptCounts::default());
        let Decision::Retry { delay, cool, .. } = decision else {
            panic!("{code} is retried");
        };
        assert_eq!((delay, cool), (secs(40), Some(secs(40))), "{code}");
    }
}

#[test]
fn vector_153_a_reset_over_the_cap_ends_the_request_or_is_clamped() {
    for code in [403, 429, 503] {
        let facts = limited(&GET, code, true, Some(3_600));
        let over = Err(StopReason::RetryAfterOverCap);
        assert_eq!(first(&policy(), &facts), over, "{code}");
        let clamp = policy().retry_after_clamp(true);
        assert_eq!(first(&clamp, &facts), Ok(secs(120)), "{code}");
        let longer = policy().retry_after_max(secs(3_600));
        assert_eq!(first(&longer, &facts), Ok(secs(3_600)), "{code}");
    }
}

#[test]
fn vector_85_a_server_that_asks_not_to_be_tried_again_is_not() {
    for code in [429, 503] {
        let refused = || AttemptFacts {
            says_no: true,
            ..limited(&GET, code, true, Some(40))
        };
        assert_eq!(first(&policy(), &refused()), Err(StopReason::ServerSaidNo));
        let judged = AttemptFacts {
            judgement: Some(&Judgement::Retry),
            ..refused()
        };
        assert_eq!(first(&policy(), &judged), Ok(secs(40)));
    }
    let not_found = AttemptFacts {
        says_no: true,
        ..status(&GET, 404)
    };
    let reason = Err(StopReason::NotRetryable);
    assert_eq!(first(&policy(), &not_found), reason);
}

#[test]
fn vector_154_retry_after_stands_before_a_reset() {
    for asked in [2, 90] {
        let facts = AttemptFacts {
            retry_after: Some(secs(asked)),
            ..limited(&GET, 429, true, Some(40))
        };
        assert_eq!(first(&policy(), &facts), Ok(secs(asked)));
    }
    let facts = AttemptFacts {
        retry_after: Some(secs(2)),
        ..limited(&GET, 429, true, Some(40))
    };
    let deaf = policy().respect_retry_after(false);
    assert_eq!(first(&deaf, &facts), Ok(secs(40)));
}

#[test]
fn vector_155_a_403_of_a_rate_limit_is_retried_like_a_429() {
    for facts in [
        limited(&POST, 403, true, None),
        limited(&POST, 403, true, Some(1)),
        AttemptFacts {
            retry_after: Some(secs(1)),
            ..status(&POST, 403)
        },
    ] {
        assert_eq!(first(&policy(), &facts), Ok(secs(1)));
        let mut counts = AttemptCounts::default();
        step(&policy(), &facts, &mut counts);
        assert!(!counts.is_ambiguous());
        let off = policy().rate_limit_headers(false);
        assert_eq!(first(&off, &facts), Err(StopReason::NotRetryable));
        let others = policy().retry_statuses([429]);
        assert_eq!(first(&others, &facts), Err(StopReason::NotRetryable));
        let named = policy().retry_statuses([403]);
        assert_eq!(first(&named, &facts), Ok(secs(1)));
    }
    assert_eq!(
        first(&policy(), &status(&GET, 403)),
        Err(StopReason::NotRetryable)
    );
    let named = policy().retry_statuses([403]);
    let denied = first(&named, &status(&POST, 403));
    assert_eq!(denied, Err(StopReason::MethodNotIdempotent));
}

#[test]
fn a_503_of_a_rate_limit_repeats_no_write() {
    let facts = limited(&POST, 503, true, Some(1));
    assert_eq!(
        first(&policy(), &facts),
        Err(StopReason::MethodNotIdempotent)
    );
}

#[test]
fn vector_156_without_rate_limit_headers_only_the_backoff_counts() {
    let off = policy().rate_limit_headers(false);
    for (code, expected) in [(429, secs(1)), (503, Duration::from_millis(200))] {
        let facts = limited(&GET, code, true, Some(40));
        assert_eq!(first(&off, &facts), Ok(expected), "{code}");
    }
    let asked = AttemptFacts {
        retry_after: Some(secs(9)),
        ..limited(&GET, 429, true, Some(40))
    };
    assert_eq!(first(&off, &asked), Ok(secs(9)));
}
