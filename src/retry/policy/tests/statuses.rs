//! Statuses that are retried: `tests/vectors/statuses.md`.

use super::*;

#[test]
fn vector_64_a_throttled_request_is_tried_until_the_server_takes_it() {
    let mut counts = AttemptCounts::default();
    for _ in 0..2 {
        assert!(wait(&step(&policy(), &status(&GET, 429), &mut counts)).is_ok());
    }
    counts.settled();
    assert_eq!((counts.attempts(), counts.retries()), (3, 2));
}

#[test]
fn vectors_65_and_142_a_throttled_request_ends_with_its_attempts() {
    for code in [429, 503] {
        let mut counts = AttemptCounts::default();
        let stop = (0..3)
            .map(|_| wait(&step(&policy(), &status(&GET, code), &mut counts)))
            .find_map(Result::err);
        assert_eq!(stop, Some(StopReason::AttemptsExhausted));
        assert_eq!((counts.attempts(), counts.retries()), (3, 2));
    }
}

/// Returns the decision by default about a status, without its wait.
fn by_default(method: &Method, code: u16) -> Result<(), StopReason> {
    first(&policy(), &status(method, code)).map(drop)
}

#[test]
fn s1_to_s10_a_status_decides_by_default_for_which_methods_it_is_retried() {
    let never = Err(StopReason::NotRetryable);
    let unsafe_ = Err(StopReason::MethodNotIdempotent);
    for (row, codes, repeatable, post) in [
        ("S1", &[408][..], Ok(()), unsafe_),
        ("S2", &[413], never, never),
        ("S3", &[421], Ok(()), Ok(())),
        ("S4", &[425], Ok(()), Ok(())),
        ("S5", &[429, 529], Ok(()), Ok(())),
        ("S6", &[500, 502, 503, 504], Ok(()), unsafe_),
        ("S7", &[520, 521, 522, 523, 524, 507, 599], Ok(()), unsafe_),
        (
            "S8",
            &[501, 505, 506, 508, 510, 511, 525, 526],
            never,
            never,
        ),
        (
            "S9",
            &[400, 403, 404, 409, 418, 423, 424, 302],
            never,
            never,
        ),
        ("S10", &[0, 99, 600, 999], never, never),
    ] {
        for &code in codes {
            for method in [&GET, &Method::HEAD, &Method::PUT, &DELETE, &Method::OPTIONS] {
                assert_eq!(
                    by_default(method, code),
                    repeatable,
                    "{row}: {method} {code}"
                );
            }
            for method in [&POST, &Method::PATCH] {
                assert_eq!(by_default(method, code), post, "{row}: {method} {code}");
            }
        }
    }
}

#[test]
fn vectors_67_to_69_statuses_are_retried_as_by_other_libraries() {
    for code in [408, 429, 500, 502, 503, 504, 522, 524] {
        assert_eq!(by_default(&GET, code), Ok(()), "vector 67: {code}");
    }
    for code in [400, 403, 404, 501, 505] {
        let never = Err(StopReason::NotRetryable);
        assert_eq!(by_default(&GET, code), never, "vector 68: {code}");
    }
    let unsafe_ = Err(StopReason::MethodNotIdempotent);
    assert_eq!(by_default(&POST, 503), unsafe_, "vector 69");
    assert_eq!(by_default(&POST, 429), Ok(()), "vector 69");
}

#[test]
fn vector_70_a_retry_after_makes_a_413_temporary() {
    for (code, expected) in [
        (413, Ok(secs(1))),
        (503, Ok(secs(1))),
        (418, Err(StopReason::NotRetryable)),
    ] {
        let facts = AttemptFacts {
            retry_after: Some(secs(1)),
            ..status(&GET, code)
        };
        assert_eq!(first(&policy(), &facts), expected, "vector 70: {code}");
    }
}

#[test]
fn vectors_66_and_71_to_73_a_policy_may_name_its_own_statuses_and_methods() {
    let server_errors = || policy().retry_statuses(500..=599);
    let teapot = || policy().retry_statuses([418]);
    let nothing: [Method; 0] = [];
    for (vector, policy, method, code, retried) in [
        (66, policy().retry_all_methods(), POST, 500, true),
        (71, server_errors(), GET, 200, false),
        (71, server_errors(), GET, 400, false),
        (71, server_errors(), GET, 500, true),
        (71, server_errors(), GET, 501, true),
        (71, teapot(), GET, 400, false),
        (71, teapot(), GET, 418, true),
        (71, teapot(), GET, 500, false),
        (72, policy().retry_all_methods(), POST, 500, true),
        (72, policy().retry_methods([POST]), GET, 500, false),
        (72, policy().retry_methods([POST]), POST, 500, true),
        (72, policy().retry_methods(nothing.clone()), GET, 500, false),
        (
            72,
            policy().retry_methods(nothing.clone()),
            POST,
            500,
            false,
        ),
        (72, policy().retry_methods(nothing), GET, 429, false),
        (73, teapot(), Method::OPTIONS, 418, true),
        (73, teapot(), POST, 418, false),
        (73, policy().retry_statuses([429]), POST, 429, true),
    ] {
        let found = first(&policy, &status(&method, code)).is_ok();
        assert_eq!(found, retried, "vector {vector}: {method} {code}");
    }
    assert_eq!(
        until_stop(&policy().retry_all_methods(), &status(&POST, 500)),
        (3, StopReason::AttemptsExhausted),
        "vector 66"
    );
}

#[test]
fn vectors_74_to_76_a_hook_overrules_the_policy() {
    let retry = Judgement::Retry;
    let stop = Judgement::Stop("no use".into());
    let judged = |judgement, facts| AttemptFacts {
        judgement: Some(judgement),
        ..facts
    };
    assert!(
        first(&policy(), &judged(&retry, status(&GET, 400))).is_ok(),
        "74"
    );
    assert_eq!(
        until_stop(&policy(), &judged(&retry, status(&GET, 200))),
        (3, StopReason::AttemptsExhausted),
        "75: always"
    );
    assert_eq!(
        until_stop(&policy(), &judged(&stop, status(&GET, 200))),
        (1, StopReason::NotRetryable),
        "75: never"
    );
    let mut counts = AttemptCounts::default();
    step(&policy(), &judged(&retry, status(&GET, 200)), &mut counts);
    counts.settled();
    assert_eq!(counts.attempts(), 2, "75: good the second time");

    let mut counts = AttemptCounts::default();
    assert!(wait(&step(&policy(), &status(&GET, 500), &mut counts)).is_ok());
    let decision = step(&policy(), &judged(&stop, status(&GET, 500)), &mut counts);
    assert_eq!(wait(&decision), Err(StopReason::NotRetryable), "76");
    assert_eq!(counts.attempts(), 2, "76");
}

#[test]
fn a_hook_makes_no_write_safe() {
    let retry = Judgement::Retry;
    let judged = |facts| AttemptFacts {
        judgement: Some(&retry),
        ..facts
    };
    let unsafe_ = Err(StopReason::MethodNotIdempotent);
    assert_eq!(first(&policy(), &judged(status(&POST, 200))), unsafe_);
    let certificate = AttemptFacts {
        permanent: true,
        ..failure(&POST, ErrorType::Tls, Phase::Tls)
    };
    assert!(
        first(&policy(), &judged(certificate)).is_ok(),
        "nothing was sent"
    );
}

#[test]
fn s3_a_misdirected_request_is_repeated_once_on_a_new_connection() {
    let mut counts = AttemptCounts::default();
    let policy = policy().max_attempts(9);
    let again = step(&policy, &status(&POST, 421), &mut counts);
    assert!(matches!(again, Decision::Retry { fresh: true, .. }));
    let stop = step(&policy, &status(&POST, 421), &mut counts);
    assert_eq!(wait(&stop), Err(StopReason::ClassLimit));
}

#[test]
fn s1_a_request_that_took_too_long_is_repeated_on_a_new_connection() {
    for (code, new) in [(408, true), (503, false)] {
        let decision = step(
            &policy(),
            &status(&GET, code),
            &mut AttemptCounts::default(),
        );
        assert!(matches!(decision, Decision::Retry { fresh, .. } if fresh == new));
    }
}
