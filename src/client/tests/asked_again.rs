//! Accepted responses that are asked for again, by their status or by a hook.

use super::*;
use crate::settings::RetryBudget;
use crate::settings::{ClassLimits, Judgement};

/// Answers 202 `times` times, then 200, with a policy that asks again after a 202.
fn waits_for_work(times: usize) -> ClientBuilder {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .jitter(Jitter::None)
        .retry_statuses([202, 503]);
    script(move |_, nth| match nth {
        nth if nth <= times => reply(202, &[]),
        _ => reply(200, &[]),
    })
    .retry(policy)
}

#[test]
fn an_accepted_status_is_asked_again_where_the_policy_names_it() {
    let outcome = waits_for_work(2).build().unwrap().get("http://h/");
    assert!(outcome.is_success());
    assert_eq!((outcome.status(), outcome.attempts()), (Some(200), 3));
    assert_eq!(
        (outcome.attempt_log().len(), outcome.stop_reason()),
        (2, None)
    );
}

#[test]
fn an_accepted_response_is_the_outcome_where_it_may_not_be_asked_again() {
    let short = RetryPolicy::default()
        .backoff(Duration::from_secs(60), Duration::from_secs(60))
        .jitter(Jitter::None)
        .retry_statuses([202]);
    let empty = RetryBudget {
        reserve: 0.0,
        per_request: 0.0,
        per_second: 0.0,
    };
    let once = ClassLimits {
        status: Some(1),
        ..ClassLimits::default()
    };
    let (get, post) = (Request::get("http://h/"), Request::post("http://h/"));
    let policy = short
        .clone()
        .backoff(Duration::from_millis(1), Duration::from_millis(1));
    for (policy, request, attempts, reason) in [
        (
            policy.clone(),
            get.clone(),
            3,
            StopReason::AttemptsExhausted,
        ),
        (
            policy.clone().class_limits(once),
            get.clone(),
            2,
            StopReason::ClassLimit,
        ),
        (
            policy.clone().budget(empty),
            get.clone(),
            1,
            StopReason::BudgetEmpty,
        ),
        (
            short.deadline(Duration::from_secs(5)),
            get,
            1,
            StopReason::Deadline,
        ),
        (policy, post, 1, StopReason::MethodNotIdempotent),
    ] {
        let client = waits_for_work(9).retry(policy).build().unwrap();
        let outcome = client.send(request);
        assert!(outcome.is_success(), "{reason}: {outcome:?}");
        assert_eq!(outcome.success().unwrap().bytes(), b"body");
        assert_eq!(
            (outcome.status(), outcome.stop_reason()),
            (Some(202), Some(reason))
        );
        assert_eq!(
            (outcome.attempts(), outcome.attempt_log().len()),
            (attempts, attempts as usize - 1)
        );
    }
}

#[test]
fn an_accepted_response_that_is_not_asked_again_is_still_looked_into() {
    let builder = waits_for_work(9).reject_if(|response| {
        (response.status() == 202).then(|| crate::Rejection::new("waits", "not done"))
    });
    let outcome = builder.build().unwrap().get("http://h/");
    assert!(outcome.is_rejected(), "{outcome:?}");
    assert_eq!(outcome.stop_reason(), Some(StopReason::AttemptsExhausted));
    let empty = RetryBudget {
        reserve: 0.0,
        per_request: 0.0,
        per_second: 0.0,
    };
    let policy = RetryPolicy::default().retry_statuses([202]).budget(empty);
    let builder = waits_for_work(9).retry(policy).expect_json(true);
    let outcome = builder.build().unwrap().get("http://h/");
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Decode);
}

#[test]
fn a_hook_that_wants_a_good_response_again_leaves_it_good_when_attempts_are_used_up() {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .classify(|_| Some(Judgement::Retry));
    let client = script(|_, _| reply(200, &[])).retry(policy);
    let outcome = client.build().unwrap().get("http://h/");
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(
        (outcome.attempts(), outcome.stop_reason()),
        (3, Some(StopReason::AttemptsExhausted))
    );
}
