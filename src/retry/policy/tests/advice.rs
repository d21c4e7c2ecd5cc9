//! Advice of a caller's hook on another attempt.

use super::*;
use crate::settings::RetryAdvice;

/// Returns the decision after a first attempt with this evidence and advice.
fn advised(policy: &RetryPolicy, advice: RetryAdvice, facts: AttemptFacts<'_>) -> Decision {
    let judgement = Judgement::RetryWith(advice);
    let facts = AttemptFacts {
        judgement: Some(&judgement),
        ..facts
    };
    step(policy, &facts, &mut AttemptCounts::default())
}

fn cooled(decision: &Decision) -> Option<Duration> {
    match decision {
        Decision::Retry { cool, .. } | Decision::Stop { cool, .. } => *cool,
    }
}

#[test]
fn empty_advice_is_a_plain_retry() {
    let facts = |method| status(method, 400);
    let decision = advised(&policy(), RetryAdvice::new(), facts(&GET));
    assert_eq!(wait(&decision), Ok(Duration::from_millis(200)));
    assert_eq!(cooled(&decision), None);
    let decision = advised(&policy(), RetryAdvice::new(), facts(&POST));
    assert_eq!(wait(&decision), Err(StopReason::MethodNotIdempotent));
}

#[test]
fn the_advised_wait_replaces_the_backoff_and_what_the_server_asks_for() {
    let asks = AttemptFacts {
        retry_after: Some(secs(60)),
        ..status(&GET, 503)
    };
    let slow = policy().backoff(secs(20), secs(30)).jitter(Jitter::Full);
    for after in [Duration::ZERO, secs(5), secs(120)] {
        let decision = advised(&slow, RetryAdvice::new().after(after), asks.clone());
        assert_eq!(wait(&decision), Ok(after));
    }
    let deaf = slow.respect_retry_after(false).rate_limit_headers(false);
    let decision = advised(&deaf, RetryAdvice::new().after(secs(5)), asks);
    assert_eq!(wait(&decision), Ok(secs(5)));
}

#[test]
fn the_advised_wait_keeps_within_the_cap_and_the_deadline() {
    for after in [secs(121), Duration::MAX] {
        let advice = RetryAdvice::new().after(after);
        let decision = advised(&policy(), advice.clone(), status(&GET, 200));
        assert_eq!(wait(&decision), Err(StopReason::RetryAfterOverCap));
        let clamp = policy().retry_after_clamp(true);
        let decision = advised(&clamp, advice, status(&GET, 200));
        assert_eq!(wait(&decision), Ok(secs(120)));
    }
    let judgement = Judgement::RetryWith(RetryAdvice::new().after(secs(9)));
    let facts = AttemptFacts {
        judgement: Some(&judgement),
        ..status(&GET, 500)
    };
    let mut counts = AttemptCounts::default();
    let decision = decide(&policy(), &facts, &mut counts, Some(secs(9)), &mut || 0.5);
    assert_eq!(wait(&decision), Err(StopReason::Deadline));
}

#[test]
fn a_request_that_the_server_did_nothing_for_is_repeated_whatever_its_method() {
    let advice = RetryAdvice::new().unacted();
    let mut counts = AttemptCounts::default();
    let judgement = Judgement::RetryWith(advice.clone());
    let facts = AttemptFacts {
        judgement: Some(&judgement),
        ..status(&POST, 500)
    };
    assert!(wait(&step(&policy(), &facts, &mut counts)).is_ok());
    assert!(!counts.is_ambiguous());
    let lost = failure(&POST, ErrorType::IncompleteBody, Phase::Receive);
    assert!(wait(&advised(&policy(), advice.clone(), lost)).is_ok());
    let once = AttemptFacts {
        replayable: false,
        ..status(&POST, 500)
    };
    let decision = advised(&policy(), advice.clone(), once);
    assert_eq!(wait(&decision), Err(StopReason::BodyNotReplayable));
    let never = policy().retry_methods([]);
    let decision = advised(&never, advice.clone(), status(&POST, 500));
    assert_eq!(wait(&decision), Err(StopReason::MethodNotIdempotent));
    let one = RetryPolicy::none();
    let decision = advised(&one, advice, status(&POST, 500));
    assert_eq!(wait(&decision), Err(StopReason::AttemptsExhausted));
}

#[test]
fn advice_cools_the_host_for_its_wait_or_else_for_the_backoff() {
    let cool = RetryAdvice::new().cool_host();
    let decision = advised(&policy(), cool.clone().after(secs(7)), status(&GET, 200));
    assert_eq!(cooled(&decision), Some(secs(7)));
    let decision = advised(&policy(), cool.clone(), status(&GET, 500));
    assert_eq!(cooled(&decision), Some(Duration::from_millis(200)));
    let decision = advised(
        &policy(),
        RetryAdvice::new().after(secs(7)),
        status(&GET, 500),
    );
    assert_eq!(cooled(&decision), None);
    let decision = advised(&RetryPolicy::none(), cool.after(secs(7)), status(&GET, 500));
    assert_eq!(wait(&decision), Err(StopReason::AttemptsExhausted));
    assert_eq!(cooled(&decision), Some(secs(7)), "also without a retry");
}

#[test]
fn no_advice_revives_a_request_that_ended_on_this_side() {
    let advice = || RetryAdvice::new().unacted().after(Duration::ZERO);
    for (error_type, reason) in [
        (ErrorType::Cancelled, StopReason::Cancelled),
        (ErrorType::Deadline, StopReason::Deadline),
        (ErrorType::InvalidRequest, StopReason::NotRetryable),
        (ErrorType::AddressDenied, StopReason::NotRetryable),
    ] {
        let facts = AttemptFacts::new(&GET, error_type);
        let decision = advised(&policy(), advice(), facts);
        assert_eq!(wait(&decision), Err(reason), "{error_type}");
    }
}
