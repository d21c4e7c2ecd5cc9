//! Token of a source in virtual time: when it is fetched, when it is renewed, and what failed calls lead to.

use std::time::{Duration, Instant};

use super::token::{CALL_LIMIT, SourceState, TokenCallEnd, TokenTurn};
use crate::settings::TokenReason;

const REST: Duration = Duration::from_secs(2);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Begins the call that a request at `now` waits for.
#[track_caller]
fn call(state: &mut SourceState, now: Instant) -> (u64, TokenReason) {
    assert_eq!(state.turn(now), TokenTurn::Wait);
    assert!(state.is_call_due(now));
    state.begin(REST, now).unwrap()
}

/// Returns a state whose token has come at `now` and was used.
fn with_token(life: Option<Duration>, now: Instant) -> SourceState {
    let mut state = SourceState::default();
    let (number, reason) = call(&mut state, now);
    assert_eq!((number, reason), (1, TokenReason::First));
    assert_eq!(state.came(number, life, now), TokenCallEnd::Start);
    assert_eq!(state.turn(now), TokenTurn::Start);
    state.started();
    state
}

#[test]
fn one_call_serves_all_requests_that_wait() {
    let (mut state, now) = (SourceState::default(), Instant::now());
    let (number, _) = call(&mut state, now);
    for _ in 0..1000 {
        assert_eq!(state.turn(now), TokenTurn::Wait);
        assert!(!state.is_call_due(now));
    }
    assert_eq!(state.came(number, None, now), TokenCallEnd::Start);
    assert_eq!(state.turn(now), TokenTurn::Start);
}

#[test]
fn a_token_is_renewed_ahead_by_a_fifth_of_its_life_or_thirty_seconds() {
    let start = Instant::now();
    for (life, due) in [(100, 80), (10, 8), (150, 120), (3600, 3570)] {
        let mut state = with_token(Some(seconds(life)), start);
        let just_before = start + seconds(due) - Duration::from_millis(1);
        assert_eq!(state.turn(just_before), TokenTurn::Start, "{life}");
        let (_, reason) = call(&mut state, start + seconds(due));
        assert_eq!(reason, TokenReason::Due, "{life}");
    }
}

#[test]
fn a_token_without_an_expiry_is_renewed_after_a_refusal_alone() {
    let start = Instant::now();
    let mut state = with_token(None, start);
    let later = start + seconds(1_000_000);
    assert_eq!(state.turn(later), TokenTurn::Start);
    state.refused(1);
    assert_eq!(call(&mut state, later), (2, TokenReason::Refused));
}

#[test]
fn a_refusal_of_an_older_token_changes_nothing() {
    let now = Instant::now();
    let mut state = with_token(None, now);
    state.refused(1);
    let (number, _) = call(&mut state, now);
    assert_eq!(state.came(number, None, now), TokenCallEnd::Start);
    state.refused(1);
    assert_eq!(state.turn(now), TokenTurn::Start);
}

#[test]
fn a_failed_call_comes_again_after_the_rest_three_times_in_all() {
    let (mut state, mut now) = (SourceState::default(), Instant::now());
    for end in [TokenCallEnd::Wait, TokenCallEnd::Wait, TokenCallEnd::Fail] {
        let (number, _) = call(&mut state, now);
        assert_eq!(state.failed(number, now), end);
        if end == TokenCallEnd::Wait {
            assert_eq!(state.next_wakeup(), Some(now + REST));
            assert!(!state.is_call_due(now + REST - Duration::from_millis(1)));
        }
        now += REST;
    }
    // The next request begins anew.
    assert_eq!(state.failed_calls(), 0);
    let (number, reason) = call(&mut state, now);
    assert_eq!((number, reason), (4, TokenReason::First));
}

#[test]
fn a_token_that_comes_ends_the_count_of_failures() {
    let (mut state, now) = (SourceState::default(), Instant::now());
    for _ in 0..2 {
        let (number, _) = call(&mut state, now);
        assert_eq!(state.failed(number, now), TokenCallEnd::Wait);
        let then = now + REST * 2;
        let (number, _) = call(&mut state, then);
        assert_eq!(state.came(number, None, then), TokenCallEnd::Start);
        state.started();
        state.refused(number);
    }
}

#[test]
fn a_call_counts_as_failed_after_its_limit_and_its_token_is_not_taken_later() {
    let (mut state, now) = (SourceState::default(), Instant::now());
    let (number, _) = call(&mut state, now);
    let limit = now + CALL_LIMIT;
    assert_eq!(state.next_wakeup(), Some(limit));
    assert_eq!(state.give_up(limit - Duration::from_millis(1)), None);
    assert_eq!(state.give_up(limit), Some(TokenCallEnd::Wait));
    assert_eq!(state.came(number, None, limit), TokenCallEnd::Late);
    assert_eq!(state.turn(limit), TokenTurn::Wait);
}

#[test]
fn a_source_is_not_called_while_three_calls_hang() {
    let (mut state, mut now) = (SourceState::default(), Instant::now());
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(call(&mut state, now).0);
        now += CALL_LIMIT;
        state.give_up(now).unwrap();
        now += REST;
    }
    assert_eq!(state.turn(now), TokenTurn::Wait);
    assert_eq!(state.begin(REST, now), None);
    assert_eq!(state.end_series(REST, now), TokenCallEnd::Fail);
    assert_eq!(state.failed(numbers[0], now), TokenCallEnd::Late);
    assert_eq!(state.turn(now), TokenTurn::Wait);
    assert!(state.begin(REST, now).is_some());
}

#[test]
fn a_good_token_serves_while_its_renewal_fails() {
    let start = Instant::now();
    let mut state = with_token(Some(seconds(100)), start);
    let mut now = start + seconds(80);
    for _ in 0..3 {
        let (number, _) = call(&mut state, now);
        assert_eq!(state.failed(number, now), TokenCallEnd::Start);
        assert_eq!(state.turn(now), TokenTurn::Start);
        now += REST;
    }
    now = start + seconds(100);
    for end in [TokenCallEnd::Wait, TokenCallEnd::Wait, TokenCallEnd::Fail] {
        let (number, _) = call(&mut state, now);
        assert_eq!(state.failed(number, now), end);
        now += REST;
    }
}

#[test]
fn a_refused_token_does_not_serve_while_its_renewal_fails() {
    let now = Instant::now();
    let mut state = with_token(Some(seconds(100)), now);
    state.refused(1);
    let (number, _) = call(&mut state, now);
    assert_eq!(state.failed(number, now), TokenCallEnd::Wait);
    assert_eq!(state.turn(now), TokenTurn::Wait);
}

#[test]
fn a_token_without_a_life_serves_one_request() {
    let now = Instant::now();
    let mut state = SourceState::default();
    let (number, _) = call(&mut state, now);
    state.came(number, Some(Duration::ZERO), now);
    let later = now + seconds(5);
    assert_eq!(state.turn(later), TokenTurn::Start);
    state.started();
    assert_eq!(state.turn(later), TokenTurn::Wait);
}
