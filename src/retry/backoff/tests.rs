//! Backoff: `tests/vectors/backoff.md`. Vector 43 (a redirect in between) is with the decisions, which keep the exponent.

use super::*;

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn policy(base: f64, max: f64) -> RetryPolicy {
    RetryPolicy::default()
        .backoff(secs(base), secs(max))
        .jitter(Jitter::None)
}

fn never() -> f64 {
    panic!("without jitter nothing is drawn")
}

fn wait(policy: &RetryPolicy, n: u32) -> Duration {
    backoff(policy, n, false, &mut never)
}

#[test]
fn vectors_36_to_38_40_41_and_45_waits_grow_by_the_factor_up_to_the_longest() {
    let cases: [(&str, RetryPolicy, &[f64]); 8] = [
        ("36", policy(2.0, 30.0), &[2.0, 4.0, 8.0, 16.0, 30.0]),
        (
            "37",
            policy(0.001, 0.01),
            &[0.001, 0.002, 0.004, 0.008, 0.01, 0.01],
        ),
        ("38 default", policy(1.0, 60.0), &[1.0, 2.0, 4.0]),
        (
            "38 factor",
            policy(1.0, 60.0).factor(1.5),
            &[1.0, 1.5, 2.25],
        ),
        ("38 longest", policy(1.0, 2.0), &[1.0, 2.0, 2.0]),
        (
            "40",
            policy(0.05, 20.0),
            &[0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0, 20.0],
        ),
        ("41", policy(1.0, 20.0), &[1.0, 2.0, 4.0, 8.0]),
        ("45", policy(0.1, 1.0), &[0.1, 0.2, 0.4, 0.8, 1.0, 1.0]),
    ];
    for (vector, policy, expected) in cases {
        for (n, seconds) in (1..).zip(expected) {
            assert_eq!(wait(&policy, n), secs(*seconds), "vector {vector}, n = {n}");
        }
    }
}

#[test]
fn vector_35_late_retries_wait_the_longest() {
    let policy = policy(1.0, 300.0);
    for (n, seconds) in [(1, 1), (2, 2), (3, 4), (4, 8), (64, 300), (129, 300)] {
        assert_eq!(wait(&policy, n), Duration::from_secs(seconds), "n = {n}");
    }
}

#[test]
fn vector_39_without_a_longest_wait_it_saturates() {
    let mut policy = policy(1.0, 1.0).factor(1e10);
    policy.max = Duration::MAX;
    assert_eq!(wait(&policy, 1), Duration::from_secs(1));
    assert_eq!(wait(&policy, 2), Duration::from_secs(10_000_000_000));
    assert_eq!(wait(&policy, 3), Duration::MAX);
    assert_eq!(wait(&policy, 4), Duration::MAX);
}

#[test]
fn vector_47_no_number_of_retries_overflows() {
    for n in [0, u32::MAX - 1, u32::MAX] {
        assert!(wait(&policy(1.0, 300.0), n) <= secs(300.0));
    }
}

#[test]
fn vector_47_a_base_above_the_longest_wait_is_refused() {
    assert!(policy(2.0, 1.0).check().unwrap_err().contains("backoff"));
}

#[test]
fn a_throttled_request_begins_with_a_longer_wait() {
    let policy = RetryPolicy::default().jitter(Jitter::None);
    assert_eq!(backoff(&policy, 1, true, &mut never), secs(1.0));
    assert_eq!(backoff(&policy, 1, false, &mut never), secs(0.2));
}

#[test]
fn vector_44_full_jitter_spreads_evenly_over_the_whole_wait() {
    let seed = 44;
    let mut rng = fastrand::Rng::with_seed(seed);
    let policy = policy(0.05, 20.0).jitter(Jitter::Full);
    let mut bins = [0_u32; 10];
    for _ in 0..10_000 {
        let wait = backoff(&policy, 3, false, &mut || rng.f64());
        assert!(wait <= secs(0.2), "seed {seed}: {wait:?}");
        bins[((wait.as_secs_f64() / 0.02) as usize).min(9)] += 1;
    }
    assert!(
        bins.iter().all(|n| (800..=1200).contains(n)),
        "seed {seed}: {bins:?}"
    );
}

#[test]
fn vector_45_jitter_stays_under_the_bounds_without_it() {
    let bounds = [0.1, 0.2, 0.4, 0.8, 1.0, 1.0];
    for (n, bound) in (1..).zip(bounds) {
        let full = policy(0.1, 1.0).jitter(Jitter::Full);
        assert_eq!(backoff(&full, n, false, &mut || 0.0), Duration::ZERO);
        let most = backoff(&full, n, false, &mut || 0.999_999);
        assert!(most < secs(bound) && most > secs(bound * 0.99), "{most:?}");
    }
}

#[test]
fn equal_jitter_keeps_at_least_half() {
    let policy = policy(1.0, 30.0).jitter(Jitter::Equal);
    assert_eq!(backoff(&policy, 3, false, &mut || 0.0), secs(2.0));
    assert_eq!(backoff(&policy, 3, false, &mut || 0.5), secs(3.0));
}

#[test]
fn any_settings_and_any_draw_stay_within_the_longest_wait() {
    let seed = fastrand::u64(..);
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..20_000 {
        let any = |rng: &mut fastrand::Rng| Duration::from_nanos(rng.u64(..) >> rng.u32(..64));
        let mut policy = policy(1.0, 1.0);
        policy.base = any(&mut rng);
        policy.max = [any(&mut rng), Duration::MAX][rng.usize(..2)];
        policy.factor = [1.0, 1.5, 2.0, 1e300, f64::MAX, f64::NAN, -3.0][rng.usize(..7)];
        policy.jitter = [Jitter::Full, Jitter::Equal, Jitter::None][rng.usize(..3)];
        let draw = [rng.f64(), 0.0, 1.0, -1.0, 7.5, f64::NAN, f64::INFINITY][rng.usize(..7)];
        let n = rng.u32(..) >> rng.u32(..32);
        let wait = backoff(&policy, n, rng.bool(), &mut || draw);
        assert!(
            wait <= policy.max,
            "seed {seed}: {policy:?} n {n}: {wait:?}"
        );
    }
}
