//! Statuses that are repeated: table 2.3, vectors 64 to 76 and 142.

use super::*;

#[test]
fn vectors_64_65_and_142_throttling_until_it_passes_or_attempts_run_out() {
    let mut counts = AttemptCounts::default();
    for _ in 0..2 {
        assert!(wait(&step(&policy(), &status(&GET, 429), &mut counts)).is_ok());
    }
    counts.settled();
    assert_eq!((counts.attempts(), counts.retries()), (3, 2));
    for code in [429, 503] {
        let mut counts = AttemptCounts::default();
        let stop = (0..3)
            .map(|_| wait(&step(&policy(), &status(&GET, code), &mut counts)))
            .find_map(Result::err);
        assert_eq!(stop, Some(StopReason::AttemptsExhausted));
        assert_eq!((counts.attempts(), counts.retries()), (3, 2));
    }
}

#[test]
fn vectors_67_to_70_statuses_by_default() {
    let all = |method: &Method, codes: &[u16], expected: Result<(), StopReason>| {
        for code in codes {
            let found = first(&policy(), &status(method, *code)).map(drop);
            assert_eq!(found, expected, "{method} {code}");
        }
    };
    let never = Err(StopReason::NotRetryable);
    let unsafe_ = Err(StopReason::MethodNotIdempotent);
    all(&GET, &[500, 502, 503, 504, 522, 524, 408, 429], Ok(()));
    all(&GET, &[520, 521, 523, 529, 421, 425, 507, 599], Ok(()));
    all(&GET, &[404, 403, 400, 501, 505, 409, 423, 424, 418], never);
    all(&GET, &[506, 508, 510, 511, 525, 526], never);
    all(&GET, &[0, 99, 600, 999, 302, 413], never);
    all(&POST, &[408, 500, 502, 503, 504, 520, 522, 524], unsafe_);
    all(&POST, &[421, 425, 429, 529], Ok(()));
    all(&POST, &[404, 413, 501], never);

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
fn vectors_66_and_71_to_73_statuses_and_methods_of_the_callers_own() {
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
fn vectors_74_to_76_a_hook_overrules_the_usual_decision() {
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

    assert_eq!(
        first(&policy(), &judged(&retry, status(&POST, 200))),
        Err(StopReason::MethodNotIdempotent),
        "a hook makes no write safe"
    );
    let certificate = AttemptFacts {
        permanent: true,
        ..failure(&POST, ErrorType::Tls, Phase::Tls)
    };
    assert!(first(&policy(), &judged(&retry, certificate)).is_ok());
}

#[test]
fn a_misdirected_request_is_repeated_once_on_a_new_connection() {
    let mut counts = AttemptCounts::default();
    let policy = policy().max_attempts(9);
    let again = step(&policy, &status(&POST, 421), &mut counts);
    assert!(matches!(again, Decision::Retry { fresh: true, .. }));
    let stop = step(&policy, &status(&POST, 421), &mut counts);
    assert_eq!(wait(&stop), Err(StopReason::ClassLimit));
    for (code, new) in [(408, true), (503, false)] {
        let decision = step(&policy, &status(&GET, code), &mut AttemptCounts::default());
        assert!(matches!(decision, Decision::Retry { fresh, .. } if fresh == new));
    }
}
