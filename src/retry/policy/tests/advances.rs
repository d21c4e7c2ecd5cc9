//! Attempts that have added so much to a file that they take no retry.

use super::*;

/// Break of a body after much of it has come.
fn advanced(method: &Method) -> AttemptFacts<'_> {
    AttemptFacts {
        advanced: true,
        ..failure(method, ErrorType::IncompleteBody, Phase::Receive)
    }
}

#[test]
fn an_attempt_that_advances_takes_no_retry_even_if_there_are_none() {
    let policy = policy().max_attempts(1);
    let mut counts = AttemptCounts::default();
    for attempts in 1..=50 {
        let decision = step(&policy, &advanced(&GET), &mut counts);
        let Decision::Retry { delay, cost, .. } = decision else {
            panic!("{decision:?}");
        };
        // Neither the backoff nor the cost grows.
        assert_eq!((delay, cost), (Duration::from_millis(200), 0.0));
        assert_eq!(counts.attempts(), attempts);
    }
    let last = AttemptFacts {
        advanced: false,
        ..advanced(&GET)
    };
    let stop = wait(&step(&policy, &last, &mut counts));
    assert_eq!(stop, Err(StopReason::AttemptsExhausted));
}

#[test]
fn an_attempt_that_advances_obeys_all_other_limits() {
    let policy = policy().max_attempts(1);
    let permanent = AttemptFacts {
        permanent: true,
        ..advanced(&GET)
    };
    assert_eq!(first(&policy, &permanent), Err(StopReason::NotRetryable));
    assert_eq!(
        first(&policy, &advanced(&POST)),
        Err(StopReason::MethodNotIdempotent)
    );
    let judged = Judgement::Stop("no".to_owned());
    let stopped = AttemptFacts {
        judgement: Some(&judged),
        ..advanced(&GET)
    };
    assert_eq!(first(&policy, &stopped), Err(StopReason::NotRetryable));
    let mut counts = AttemptCounts::default();
    let left = Some(Duration::from_millis(100));
    let late = decide(&policy, &advanced(&GET), &mut counts, left, &mut || 0.5);
    assert_eq!(wait(&late), Err(StopReason::Deadline));
}

#[test]
fn a_wrong_checksum_is_tried_once_more() {
    let wrong = failure(&GET, ErrorType::Checksum, Phase::Receive);
    assert_eq!(
        until_stop(&policy().max_attempts(9), &wrong),
        (2, StopReason::ClassLimit)
    );
    assert_eq!(
        until_stop(&policy().max_attempts(1), &wrong),
        (1, StopReason::AttemptsExhausted)
    );
}
