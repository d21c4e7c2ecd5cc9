//! Waits before a retry: `tests/vectors/waits.md`, and rows of `retry_after.md` and `backoff.md` beside it.

use std::time::Instant;

use super::*;
use crate::settings::RetryBudget;

#[test]
fn vector_24_the_longest_wait_allowed_is_still_allowed() {
    let asked = |seconds| AttemptFacts {
        retry_after: Some(secs(seconds)),
        ..status(&GET, 503)
    };
    let policy = policy().backoff(Duration::from_millis(1), secs(1));
    let six_hours = policy.clone().retry_after_max(secs(21_600));
    assert_eq!(first(&six_hours, &asked(21_600)), Ok(secs(21_600)));
    assert_eq!(
        first(&six_hours, &asked(21_601)),
        Err(StopReason::RetryAfterOverCap)
    );
    let clamped = six_hours.retry_after_clamp(true);
    assert_eq!(first(&clamped, &asked(21_601)), Ok(secs(21_600)));
    let one = policy.retry_after_max(secs(1)).retry_after_clamp(true);
    assert_eq!(first(&one, &asked(1)), Ok(secs(1)));
    assert_eq!(first(&one, &asked(2)), Ok(secs(1)));
}

/// Waits that vectors 18 to 20 are read as, in seconds: tested in `retry_after`.
const ENORMOUS: [u64; 3] = [9_999_999_999, 251_791_203_599, u64::MAX];

#[test]
fn vectors_18_to_20_enormous_waits_are_over_any_cap() {
    for asked in ENORMOUS {
        let facts = AttemptFacts {
            retry_after: Some(secs(asked)),
            ..status(&GET, 503)
        };
        for policy in [policy(), policy().retry_after_max(Duration::MAX)] {
            let over = Err(StopReason::RetryAfterOverCap);
            assert_eq!(first(&policy, &facts), over, "{asked} s");
        }
    }
}

#[test]
fn no_wait_is_longer_than_instants_reach() {
    let endless = policy().backoff(Duration::MAX, Duration::MAX);
    for asked in ENORMOUS {
        let facts = AttemptFacts {
            retry_after: Some(secs(asked)),
            ..status(&GET, 503)
        };
        let clamp = endless.clone().retry_after_max(Duration::MAX);
        let waited = first(&clamp.retry_after_clamp(true), &facts).unwrap();
        assert!(Instant::now().checked_add(waited).is_some(), "{waited:?}");
    }
    let waited = first(&endless, &refused(&GET)).unwrap();
    assert!(Instant::now().checked_add(waited).is_some(), "{waited:?}");
}

#[test]
fn vectors_25_to_32_and_34_a_wait_obeys_backoff_retry_after_cap_and_deadline() {
    let of = |base| policy().backoff(secs(base), secs(30));
    let clamp = of(1).retry_after_clamp(true);
    let deaf = of(1).respect_retry_after(false);
    let over = Err(StopReason::RetryAfterOverCap);
    let late = Err(StopReason::Deadline);
    for (vector, policy, asked, statuses, left, expected) in [
        (25, of(1), Some(2), &[429, 503][..], None, Ok(secs(2))),
        (26, of(1), Some(2), &[502], None, Ok(secs(2))),
        (27, of(5), Some(2), &[429], None, Ok(secs(5))),
        (28, of(1), None, &[429, 503, 502], None, Ok(secs(1))),
        (29, of(1), Some(0), &[503], None, Ok(secs(1))),
        (30, of(1), Some(3600), &[429], None, over),
        (30, clamp, Some(3600), &[429], None, Ok(secs(120))),
        (31, of(1), Some(30), &[503], Some(20), late),
        (31, of(1), Some(30), &[503], Some(30), late),
        (31, of(1), Some(30), &[503], Some(31), Ok(secs(30))),
        (32, deaf, Some(3600), &[503], None, Ok(secs(1))),
        (34, of(2), None, &[502], Some(1), late),
    ] {
        for &code in statuses {
            let facts = AttemptFacts {
                retry_after: asked.map(secs),
                ..status(&GET, code)
            };
            let left = left.map(secs);
            let decision = decide(
                &policy,
                &facts,
                &mut AttemptCounts::default(),
                left,
                &mut || 0.5,
            );
            assert_eq!(wait(&decision), expected, "vector {vector}, {code}");
        }
    }
}

#[test]
fn a_retry_after_is_spread_only_upwards() {
    let facts = |seconds| AttemptFacts {
        retry_after: Some(secs(seconds)),
        ..status(&GET, 503)
    };
    let policy = RetryPolicy::default();
    for (asked, draw, millis) in [
        (2, 0.0, 2_000),
        (2, 0.5, 2_100),
        (100, 0.5, 100_500),
        (100, 0.0, 100_000),
    ] {
        let decision = decide(
            &policy,
            &facts(asked),
            &mut AttemptCounts::default(),
            None,
            &mut || draw,
        );
        assert_eq!(wait(&decision), Ok(Duration::from_millis(millis)));
    }
}

#[test]
fn vector_43_a_redirect_begins_the_backoff_anew() {
    let policy = policy().max_attempts(10);
    let mut counts = AttemptCounts::default();
    let two = |counts: &mut AttemptCounts| {
        [(); 2].map(|()| {
            let decision = step(&policy, &status(&GET, 502), counts);
            wait(&decision).unwrap().as_millis()
        })
    };
    assert_eq!(two(&mut counts), [200, 400]);
    counts.redirected();
    assert_eq!(two(&mut counts), [200, 400]);
    assert_eq!(counts.attempts(), 4, "a redirect is no attempt");
}

#[test]
fn vectors_38_41_and_49_waits_end_with_the_attempts() {
    let waits = |policy: &RetryPolicy, facts: &AttemptFacts<'_>| {
        let mut counts = AttemptCounts::default();
        let mut waits = Vec::new();
        loop {
            match wait(&step(policy, facts, &mut counts)) {
                Ok(delay) => waits.push(delay.as_millis()),
                Err(reason) => return (waits, reason),
            }
        }
    };
    let of = |base, attempts| {
        policy()
            .backoff(Duration::from_millis(base), secs(60))
            .max_attempts(attempts)
    };
    let out = StopReason::AttemptsExhausted;
    let get = refused(&GET);
    assert_eq!(waits(&of(1_000, 4), &get), (vec![1_000, 2_000, 4_000], out));
    assert_eq!(
        waits(&of(1_000, 5), &get),
        (vec![1_000, 2_000, 4_000, 8_000], out)
    );
    let (waits, reason) = waits(&of(50, 4), &answer_timeout(&GET));
    let four_timeouts = 4 * 10;
    assert_eq!(waits.iter().sum::<u128>() + four_timeouts, 390);
    assert_eq!(reason, out);
}

#[test]
fn vector_101_a_redirect_waits_as_long_as_it_asks_for() {
    let wait = |asked: Option<u64>, left: Option<u64>| {
        redirect_delay(&policy(), asked.map(secs), left.map(secs), &mut || 0.5)
    };
    assert_eq!(wait(Some(1), None), Ok(secs(1)));
    assert_eq!(wait(Some(2), None), Ok(secs(2)));
    assert_eq!(wait(Some(0), None), Ok(Duration::ZERO), "a date gone by");
    assert_eq!(wait(None, Some(1)), Ok(Duration::ZERO));
    assert_eq!(wait(Some(3), Some(2)), Err(StopReason::Deadline));
    assert_eq!(wait(Some(121), None), Err(StopReason::RetryAfterOverCap));
}

/// Returns what a retry after this failure takes from the budget of its host.
fn cost(policy: &RetryPolicy, facts: &AttemptFacts<'_>) -> f64 {
    match step(policy, facts, &mut AttemptCounts::default()) {
        Decision::Retry { cost, .. } => cost,
        stop => panic!("{stop:?}"),
    }
}

#[test]
fn a_retry_after_a_timeout_costs_twice_as_much_as_another() {
    assert_eq!(cost(&policy(), &refused(&GET)), 1.0);
    assert_eq!(cost(&policy(), &answer_timeout(&GET)), 2.0);
}

#[test]
fn a_retry_without_a_budget_costs_nothing() {
    let unbounded = policy().budget(None::<RetryBudget>);
    assert_eq!(cost(&unbounded, &answer_timeout(&GET)), 0.0);
}

#[test]
fn throttling_cools_the_whole_host_whether_or_not_this_request_goes_on() {
    let cool = |policy: &RetryPolicy, code, asked: Option<u64>| {
        let facts = AttemptFacts {
            retry_after: asked.map(secs),
            ..status(&GET, code)
        };
        match step(policy, &facts, &mut AttemptCounts::default()) {
            Decision::Retry { cool, .. } | Decision::Stop { cool, .. } => cool,
        }
    };
    assert_eq!(cool(&policy(), 429, Some(7)), Some(secs(7)));
    assert_eq!(cool(&policy(), 429, None), Some(secs(1)));
    assert_eq!(cool(&policy(), 503, Some(7)), Some(secs(7)));
    assert_eq!(cool(&policy(), 503, None), None);
    assert_eq!(cool(&policy(), 502, Some(7)), None);
    let none = RetryPolicy::none().jitter(Jitter::None);
    assert_eq!(cool(&none, 429, Some(7)), Some(secs(7)), "the last attempt");
    assert_eq!(
        cool(&policy(), 429, Some(3600)),
        Some(secs(120)),
        "as long as the policy grants"
    );
}

#[test]
fn a_refusal_cools_a_host_whose_limit_adapts_only_if_it_announces_a_wait() {
    let cool = |code, retry_after: Option<u64>| {
        let facts = AttemptFacts {
            retry_after: retry_after.map(secs),
            limit_adapts: true,
            ..status(&GET, code)
        };
        match step(&policy(), &facts, &mut AttemptCounts::default()) {
            Decision::Retry { cool, .. } | Decision::Stop { cool, .. } => cool,
        }
    };
    assert_eq!((cool(429, None), cool(503, None)), (None, None));
    assert_eq!(cool(429, Some(2)), Some(secs(2)));
    assert_eq!(cool(503, Some(2)), Some(secs(2)));
}
