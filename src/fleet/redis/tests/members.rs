//! Steps of the members of a lane: `beat`, `leave`, `reclaim`.

use std::time::Duration;

use super::{LEASE, Trial, parked};
use crate::fleet::engine::{BeatReply, FleetEngine, RunState};
use crate::fleet::redis::keys::LaneKey;

/// A run in which `a` holds the entries 1 to 3 and `b` waits.
fn held() -> Option<Trial> {
    let mut trial = Trial::new(1)?;
    trial.load(1..=5);
    trial.join(&["a", "b"]);
    assert_eq!(trial.lease("a", 3), [1, 2, 3]);
    Some(trial)
}

fn reclaim(trial: &mut Trial, worker: &str) -> Vec<u64> {
    let reply = trial.engine.reclaim(0, worker, 100).unwrap();
    reply
        .entries
        .iter()
        .map(|leased| leased.entry.sequence)
        .collect()
}

fn members(trial: &mut Trial) -> Vec<String> {
    let figures = trial.engine.figures(0).unwrap();
    figures.workers.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_worker_joins_when_it_says_so() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    assert_eq!(trial.engine.beat(0, "a", false), Ok(BeatReply::Dead));
    let member = |workers| {
        Ok(BeatReply::Member {
            state: RunState::Running,
            workers,
        })
    };
    assert_eq!(trial.engine.beat(0, "a", true), member(1));
    assert_eq!(trial.engine.beat(0, "b", true), member(2));
    assert_eq!(trial.engine.beat(0, "a", false), member(2));
    trial.pass(Duration::from_secs(5));
    let since = Duration::from_secs(5);
    assert_eq!(
        trial.engine.figures(0).unwrap().workers,
        [("a".into(), since), ("b".into(), since)]
    );
}

#[test]
fn a_worker_that_leaves_takes_its_consumer_along_if_it_holds_nothing() {
    let Some(mut trial) = held() else { return };
    trial.lease("b", 1);
    trial.settle("b", &[4]);
    for worker in ["a", "b"] {
        trial.engine.leave(0, worker).unwrap();
    }
    assert_eq!(members(&mut trial), [""; 0]);
    let queue = trial.key(LaneKey::Queue);
    let consumers: Vec<redis::Value> =
        trial.ask(redis::cmd("XINFO").arg("CONSUMERS").arg(queue).arg("w"));
    assert_eq!(consumers.len(), 1, "a holds entries");
}

/// Number of facts that are kept about members.
fn facts_of_members(trial: &mut Trial) -> u64 {
    let unbroken = trial.key(LaneKey::Unbroken);
    trial.ask(redis::cmd("HLEN").arg(unbroken))
}

#[test]
fn a_call_that_parks_and_comes_after_a_later_one_does_nothing() {
    let Some(mut trial) = held() else { return };
    let now = [parked(1, Duration::ZERO)];
    assert_eq!(trial.engine.park(0, "a", 2, &now), Ok(vec![true]));
    assert_eq!(trial.lease("a", 1), [1]);
    for late in [2, 1] {
        assert_eq!(trial.engine.park(0, "a", late, &now), Ok(vec![false]));
    }
    assert_eq!(trial.lease("b", 1), [4], "a still holds the first entry");
    assert_eq!(
        trial.engine.park(0, "b", 1, &[parked(4, LEASE)]),
        Ok(vec![true])
    );
    assert_eq!(trial.engine.park(0, "a", 3, &now), Ok(vec![true]));
}

#[test]
fn late_calls_that_park_do_nothing_until_the_worker_holds_nothing_more() {
    let Some(mut trial) = held() else { return };
    let first = [parked(1, Duration::ZERO)];
    trial.engine.park(0, "a", 7, &first).unwrap();
    assert_eq!(facts_of_members(&mut trial), 3);
    trial.engine.leave(0, "a").unwrap();
    let second = [parked(2, Duration::ZERO)];
    assert_eq!(trial.engine.park(0, "a", 6, &second), Ok(vec![false]));
    assert_eq!(trial.engine.park(0, "a", 8, &second), Ok(vec![true]));
    assert_eq!(
        facts_of_members(&mut trial),
        2,
        "the last number of a stays"
    );
    trial.settle("a", &[3]);
    trial.engine.leave(0, "a").unwrap();
    assert_eq!(facts_of_members(&mut trial), 1);
}

#[test]
fn nothing_is_kept_about_a_worker_that_was_declared_dead_and_holds_nothing() {
    let Some(mut trial) = held() else { return };
    let first = [parked(1, Duration::ZERO)];
    trial.engine.park(0, "a", 1, &first).unwrap();
    trial.join(&["c"]);
    trial.engine.park(0, "c", 1, &first).unwrap();
    assert_eq!(facts_of_members(&mut trial), 5);
    trial.pass_with_beats(LEASE * 2, &["b"]);
    assert_eq!(trial.engine.reclaim(0, "b", 1).unwrap().entries.len(), 1);
    assert_eq!(facts_of_members(&mut trial), 2, "a holds one entry more");
    assert_eq!(reclaim(&mut trial, "b"), [3]);
    assert_eq!(facts_of_members(&mut trial), 1);
}

#[test]
fn entries_of_a_silent_worker_are_taken() {
    let Some(mut trial) = held() else { return };
    trial.pass_with_beats(LEASE * 2, &["b"]);
    let reply = trial.engine.reclaim(0, "b", 2).unwrap();
    let taken: Vec<_> = reply
        .entries
        .iter()
        .map(|l| (l.entry.sequence, l.deliveries))
        .collect();
    assert_eq!(taken, [(1, 2), (2, 2)]);
    assert_eq!(trial.engine.beat(0, "a", false), Ok(BeatReply::Dead));
    assert_eq!(reclaim(&mut trial, "b"), [3]);
    let figures = trial.engine.figures(0).unwrap();
    assert_eq!(
        (figures.reclaimed, figures.leased, members(&mut trial)),
        (3, 3, vec!["b".into()])
    );
    assert_eq!(reclaim(&mut trial, "b"), [0; 0]);
}

#[test]
fn a_worker_whose_beats_come_keeps_its_entries() {
    let Some(mut trial) = held() else { return };
    trial.pass_with_beats(LEASE * 5, &["a", "b"]);
    trial.pass_with_beats(LEASE * 2, &["a", "b"]);
    assert_eq!(reclaim(&mut trial, "b"), [0; 0]);
}

#[test]
fn a_worker_whose_own_beats_were_broken_takes_nothing() {
    let Some(mut trial) = held() else { return };
    trial.pass(LEASE * 3);
    trial.join(&["b"]);
    assert_eq!(
        reclaim(&mut trial, "b"),
        [0; 0],
        "the beat before was three leases ago"
    );
    trial.pass_with_beats(LEASE / 2, &["b"]);
    assert_eq!(
        reclaim(&mut trial, "b"),
        [0; 0],
        "beats are unbroken for half a lease"
    );
    trial.pass_with_beats(LEASE, &["b"]);
    trial.pass(LEASE * 4 / 5);
    assert_eq!(reclaim(&mut trial, "b"), [0; 0], "the call was held up");
    assert_eq!(members(&mut trial), ["a", "b"]);
}

#[test]
fn a_worker_that_is_no_member_takes_nothing() {
    let Some(mut trial) = held() else { return };
    trial.pass(LEASE * 3);
    let reply = trial.engine.reclaim(0, "c", 10).unwrap();
    assert_eq!((reply.is_member, reply.entries.len()), (false, 0));
}

#[test]
fn nothing_is_taken_in_a_pause_or_after_the_end() {
    let Some(mut trial) = held() else { return };
    trial.pass_with_beats(LEASE * 2, &["b"]);
    for state in [RunState::Paused, RunState::Cancelled] {
        trial.engine.set_state(state).unwrap();
        let reply = trial.engine.reclaim(0, "b", 10).unwrap();
        assert_eq!((reply.state, reply.entries.len()), (state, 0));
    }
    assert_eq!(members(&mut trial), ["a", "b"]);
}

#[test]
fn one_worker_at_a_time_takes_entries() {
    let Some(mut trial) = held() else { return };
    trial.join(&["c"]);
    trial.pass_with_beats(LEASE * 2, &["b", "c"]);
    assert_eq!(trial.engine.reclaim(0, "b", 1).unwrap().entries.len(), 1);
    assert_eq!(reclaim(&mut trial, "c"), [0; 0]);
    trial.pass_with_beats(LEASE + Duration::from_secs(1), &["c"]);
    // By then, b is silent too.
    assert_eq!(reclaim(&mut trial, "c"), [2, 3, 1]);
}

#[test]
fn entries_that_were_just_handed_out_stay_with_a_silent_worker() {
    let Some(mut trial) = held() else { return };
    trial.pass_with_beats(LEASE * 4 / 5, &["b"]);
    assert_eq!(trial.lease("a", 1), [4], "a is silent, but still a member");
    trial.pass_with_beats(LEASE * 2 / 5, &["b"]);
    assert_eq!(reclaim(&mut trial, "b"), [1, 2, 3]);
    trial.pass_with_beats(LEASE, &["b"]);
    assert_eq!(reclaim(&mut trial, "b"), [4]);
}

#[test]
fn a_silent_worker_that_holds_nothing_is_declared_dead() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.join(&["a", "b"]);
    trial.pass_with_beats(LEASE * 2, &["b"]);
    assert_eq!(reclaim(&mut trial, "b"), [0; 0]);
    assert_eq!(members(&mut trial), ["b"]);
}

#[test]
fn a_worker_that_dies_after_the_clock_was_set_back_is_noticed() {
    let Some(mut trial) = held() else { return };
    trial.set_back(LEASE * 10);
    trial.join(&["a", "b"]);
    trial.pass_with_beats(LEASE + LEASE / 10, &["b"]);
    assert_eq!(reclaim(&mut trial, "b"), [1, 2, 3]);
}

#[test]
fn a_worker_takes_nothing_before_a_lease_has_passed_since_the_clock_was_set_back() {
    let Some(mut trial) = held() else { return };
    trial.pass_with_beats(LEASE * 4, &["a", "b"]);
    trial.set_back(LEASE * 2);
    assert_eq!(reclaim(&mut trial, "b"), [0; 0]);
    trial.join(&["b"]);
    assert_eq!(reclaim(&mut trial, "b"), [0; 0]);
    assert_eq!(members(&mut trial), ["a", "b"]);
}

#[test]
fn a_reaper_of_before_the_clock_was_set_back_is_not_waited_for() {
    let Some(mut trial) = held() else { return };
    trial.join(&["c"]);
    trial.pass_with_beats(LEASE + LEASE / 10, &["b", "c"]);
    assert_eq!(reclaim(&mut trial, "c"), [1, 2, 3]);
    trial.set_back(LEASE * 10);
    trial.join(&["b", "c"]);
    trial.pass_with_beats(LEASE + LEASE / 10, &["b"]);
    assert_eq!(reclaim(&mut trial, "b"), [1, 2, 3]);
}
