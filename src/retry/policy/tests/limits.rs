//! Limits on the number of attempts: `tests/vectors/attempts.md`.

use super::*;
use crate::settings::ClassLimits;

#[test]
fn vector_54_a_class_with_a_limit_of_zero_is_not_retried() {
    let limits = ClassLimits {
        timeout: Some(0),
        ..ClassLimits::default()
    };
    assert_eq!(
        until_stop(&policy().class_limits(limits), &answer_timeout(&GET)),
        (1, StopReason::ClassLimit)
    );
}

#[test]
fn vector_77_a_request_is_retried_as_often_as_the_policy_says() {
    for retries in [0, 5, 3, 4] {
        let policy = policy().max_attempts(retries + 1);
        assert_eq!(
            until_stop(&policy, &refused(&GET)),
            (retries + 1, StopReason::AttemptsExhausted)
        );
    }
    let dns = failure(&GET, ErrorType::Dns, Phase::Resolve);
    assert_eq!(
        until_stop(&policy().max_attempts(5), &dns),
        (2, StopReason::ClassLimit)
    );
}

#[test]
fn vector_78_a_policy_of_no_retries_makes_one_attempt() {
    let dns = failure(&GET, ErrorType::Dns, Phase::Resolve);
    for facts in [status(&GET, 503), dns] {
        assert_eq!(
            until_stop(&RetryPolicy::none(), &facts),
            (1, StopReason::AttemptsExhausted)
        );
    }
}

#[test]
fn vectors_81_to_83_a_limit_of_a_class_holds_beside_the_one_in_all() {
    let of = |attempts, set: fn(&mut ClassLimits)| {
        let mut limits = ClassLimits::default();
        set(&mut limits);
        policy().max_attempts(attempts).class_limits(limits)
    };
    let (out, limit) = (StopReason::AttemptsExhausted, StopReason::ClassLimit);
    let connect = refused(&GET);
    let stream = failure(&GET, ErrorType::Tls, Phase::Wait);
    for (vector, policy, facts, stop) in [
        ("81", of(3, |l| l.connect = Some(3)), &connect, (3, out)),
        ("81", of(4, |l| l.connect = Some(2)), &connect, (3, limit)),
        ("82", of(4, |l| l.other = Some(1)), &stream, (2, limit)),
        ("82", of(4, |_| ()), &stream, (4, out)),
        (
            "83",
            of(9, |l| l.status = Some(2)).retry_statuses([400]),
            &status(&GET, 400),
            (3, limit),
        ),
    ] {
        assert_eq!(until_stop(&policy, facts), stop, "vector {vector}");
    }
    let policy = of(50, |l| l.connect = Some(2));
    let mut counts = AttemptCounts::default();
    for _ in 0..3 {
        assert!(wait(&step(&policy, &answer_timeout(&GET), &mut counts)).is_ok());
    }
    for expected in [true, true, false] {
        let decision = step(&policy, &connect, &mut counts);
        assert_eq!(wait(&decision).is_ok(), expected, "vector 81: each its own");
    }
}

#[test]
fn vector_84_a_policy_serves_many_requests() {
    let policy = policy().max_attempts(2);
    for _ in 0..2 {
        let mut counts = AttemptCounts::default();
        assert!(wait(&step(&policy, &refused(&GET), &mut counts)).is_ok());
        counts.settled();
        assert_eq!(counts.attempts(), 2);
    }
}

#[test]
fn vector_141_the_log_keeps_each_attempt_in_order() {
    let keyed = AttemptFacts {
        repeatable_by_request: true,
        ..answer_timeout(&POST)
    };
    let mut counts = AttemptCounts::default();
    let policy = policy().max_attempts(4);
    let log: Vec<_> = [refused(&GET), keyed, status(&GET, 500)]
        .iter()
        .map(|facts| {
            let delay = wait(&step(&policy, facts, &mut counts)).ok();
            let entry = facts.attempt(secs(1), delay);
            (
                entry.error_type,
                entry.phase,
                entry.status,
                entry.delay.map(|d| d.as_millis()),
            )
        })
        .collect();
    assert_eq!(
        log,
        [
            (ErrorType::Connect, Some(Phase::Connect), None, Some(200)),
            (ErrorType::Timeout, Some(Phase::Wait), None, Some(400)),
            (
                ErrorType::HttpStatus,
                Some(Phase::Receive),
                Some(500),
                Some(800)
            ),
        ]
    );
}

#[test]
fn retries_of_random_failures_stay_within_every_limit() {
    const TYPES: [ErrorType; 12] = [
        ErrorType::Dns,
        ErrorType::Connect,
        ErrorType::Tls,
        ErrorType::Proxy,
        ErrorType::Timeout,
        ErrorType::Connection,
        ErrorType::IncompleteBody,
        ErrorType::HttpStatus,
        ErrorType::Protocol,
        ErrorType::Io,
        ErrorType::Cancelled,
        ErrorType::Panic,
    ];
    const PHASES: [Phase; 7] = [
        Phase::Resolve,
        Phase::Connect,
        Phase::Tls,
        Phase::Send,
        Phase::Wait,
        Phase::Receive,
        Phase::Total,
    ];
    let seed = fastrand::u64(..);
    let mut rng = fastrand::Rng::with_seed(seed);
    let any = |rng: &mut fastrand::Rng| {
        let nanos = Duration::from_nanos(rng.u64(..) >> rng.u32(..64));
        [nanos, Duration::MAX][usize::from(rng.u8(..8) == 0)]
    };
    for round in 0..5_000 {
        let mut policy = RetryPolicy::default()
            .max_attempts(rng.u32(1..6))
            .jitter([Jitter::Full, Jitter::Equal, Jitter::None][rng.usize(..3)])
            .retry_after_max(any(&mut rng))
            .retry_after_clamp(rng.bool());
        (policy.base, policy.max) = (any(&mut rng), any(&mut rng));
        let mut counts = AttemptCounts::default();
        for _ in 0..8 {
            let method = [GET, POST, DELETE][rng.usize(..3)].clone();
            let facts = AttemptFacts {
                repeatable_by_request: rng.bool(),
                replayable: rng.u8(..8) > 0,
                phase: rng.bool().then(|| PHASES[rng.usize(..7)]),
                permanent: rng.u8(..8) == 0,
                bytes_sent: rng.u64(..3),
                bytes_received: rng.u64(..3),
                reused: rng.bool(),
                status: rng.bool().then(|| rng.u16(..)),
                retry_after: rng.bool().then(|| any(&mut rng)),
                judgement: rng.bool().then_some(&Judgement::Retry),
                ..AttemptFacts::new(&method, TYPES[rng.usize(..12)])
            };
            let left = rng.bool().then(|| any(&mut rng));
            free_replay(&policy, &facts, &mut counts);
            let told = format!("seed {seed} round {round}: {facts:?}");
            let risky = method == POST
                && !facts.repeatable_by_request
                && facts.bytes_sent > 0
                && matches!(facts.phase, Some(Phase::Wait | Phase::Receive))
                && facts.error_type != ErrorType::HttpStatus;
            match decide(&policy, &facts, &mut counts, left, &mut || rng.f64()) {
                Decision::Retry { delay, .. } => {
                    assert!(left.is_none_or(|left| delay < left), "{told}");
                    assert!(counts.attempts() < policy.max_attempts, "{told}");
                    assert!(!risky, "a write is repeated: {told}");
                    let obeyed = facts.retry_after.unwrap_or_default();
                    assert!(policy.retry_after_clamp || delay >= obeyed, "{told}");
                }
                Decision::Stop { .. } => break,
            }
        }
    }
}
