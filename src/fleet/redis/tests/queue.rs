//! Steps that fill the queue and hand entries out: `load`, `lease`, `begin`, `held`.

use std::time::Duration;

use super::{LEASE, Trial, WIDE, entry, parked};
use crate::fleet::engine::{
    BegunEntry, EngineError, FleetEngine, LoadReply, QueueBounds, RunState, Sequence,
};
use crate::fleet::redis::keys::LaneKey;

fn begun(sequence: Sequence) -> BegunEntry {
    BegunEntry {
        sequence,
        once: true,
        again: true,
    }
}

#[test]
fn entries_come_out_as_they_went_in() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=40);
    trial.join(&["a"]);
    let leased = trial.engine.lease(0, "a", 1000, 0).unwrap().entries;
    let expected: Vec<_> = (1..=40).map(entry).collect();
    assert_eq!(
        leased
            .iter()
            .map(|leased| leased.entry.clone())
            .collect::<Vec<_>>(),
        expected
    );
    assert!(
        leased.iter().all(|l| l.deliveries == 1
            && l.attempts == 0
            && l.begun_again == 0
            && l.intent.is_none())
    );
}

#[test]
fn a_load_that_is_repeated_says_what_the_last_entry_is() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    let entries: Vec<_> = (1..=3).map(entry).collect();
    let reply = trial.engine.load(0, "loader", 0, WIDE, &entries);
    assert_eq!(reply, Ok(LoadReply::Conflict { last: 3 }));
    assert_eq!(trial.engine.figures(0).unwrap().loaded, 3);
}

#[test]
fn the_last_entry_is_known_when_the_queue_is_empty() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    trial.join(&["a"]);
    trial.lease("a", 10);
    trial.settle("a", &[1, 2, 3]);
    let figures = trial.engine.figures(0).unwrap();
    assert_eq!((figures.last, figures.loaded, figures.entries), (3, 3, 0));
    assert_eq!(
        trial.engine.load(0, "loader", 0, WIDE, &[entry(4)]),
        Ok(LoadReply::Conflict { last: 3 })
    );
    assert_eq!(
        trial.engine.load(0, "loader", 3, WIDE, &[entry(4)]),
        Ok(LoadReply::Loaded)
    );
}

#[test]
fn an_older_loader_adds_nothing() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    trial.engine.begin_loading("newer").unwrap();
    let reply = trial.engine.load(0, "loader", 3, WIDE, &[entry(4)]);
    assert_eq!(reply, Ok(LoadReply::OtherLoader));
    assert_eq!(trial.engine.figures(0).unwrap().last, 3);
}

#[test]
fn a_cancelled_run_takes_no_entries() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    trial.engine.set_state(RunState::Cancelled).unwrap();
    let reply = trial.engine.load(0, "loader", 3, WIDE, &[entry(4)]);
    assert_eq!(reply, Ok(LoadReply::Cancelled));
    assert_eq!(trial.engine.figures(0).unwrap().last, 3);
}

#[test]
fn a_lane_takes_no_more_than_its_bounds() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.engine.begin_loading("loader").unwrap();
    let few = QueueBounds { entries: 2, ..WIDE };
    let small = QueueBounds {
        bytes: entry(1).size() + entry(2).size(),
        ..WIDE
    };
    let three: Vec<_> = (1..=3).map(entry).collect();
    // An empty lane takes any entry, or a large one would never be loaded.
    assert_eq!(
        trial.engine.load(0, "loader", 0, small, &three[..1]),
        Ok(LoadReply::Loaded)
    );
    assert_eq!(
        trial.engine.load(0, "loader", 1, small, &three[1..]),
        Ok(LoadReply::Full)
    );
    assert_eq!(
        trial.engine.load(0, "loader", 1, few, &three[1..]),
        Ok(LoadReply::Full)
    );
    assert_eq!(
        trial.engine.load(0, "loader", 1, small, &three[1..2]),
        Ok(LoadReply::Loaded)
    );
}

#[test]
fn entries_that_are_out_of_order_are_refused_as_a_whole() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    for numbers in [[4, 4], [5, 4], [3, 4], [1, 2]] {
        let entries = numbers.map(entry);
        let reply = trial.engine.load(0, "loader", 3, WIDE, &entries);
        assert!(matches!(reply, Err(EngineError::Refused(_))), "{numbers:?}");
    }
    assert_eq!(trial.engine.figures(0).unwrap().last, 3);
}

#[test]
fn a_worker_that_is_no_member_is_given_nothing() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    let reply = trial.engine.lease(0, "a", 10, 0).unwrap();
    assert_eq!((reply.is_member, reply.entries.len()), (false, 0));
    assert_eq!(trial.engine.figures(0).unwrap().leased, 0);
}

#[test]
fn nothing_is_handed_out_in_a_pause_or_after_the_end() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    trial.join(&["a"]);
    for state in [RunState::Paused, RunState::Cancelled] {
        assert_eq!(trial.engine.set_state(state), Ok(true));
        let reply = trial.engine.lease(0, "a", 10, 0).unwrap();
        assert_eq!(
            (reply.state, reply.is_member, reply.entries.len()),
            (state, true, 0)
        );
    }
}

#[test]
fn each_entry_is_handed_out_once() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=5);
    trial.join(&["a", "b"]);
    assert_eq!(trial.lease("a", 2), [1, 2]);
    assert_eq!(trial.lease("b", 2), [3, 4]);
    assert_eq!(trial.lease("a", 2), [5]);
    assert_eq!(trial.lease("b", 2), [0; 0]);
}

#[test]
fn parked_entries_that_are_due_come_before_queued_ones() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=14);
    trial.join(&["a"]);
    trial.lease("a", 12);
    let minute = Duration::from_secs(60);
    let park = [
        parked(2, minute),
        parked(11, minute),
        parked(1, minute * 2),
        parked(3, minute * 9),
    ];
    assert_eq!(trial.engine.park(0, "a", 1, &park), Ok(vec![true; 4]));
    trial.pass(minute * 2);
    assert_eq!(trial.lease("a", 2), [2, 11]);
    assert_eq!(trial.lease("a", 10), [1, 13, 14]);
}

#[test]
fn parked_entries_are_due_after_their_delay_though_the_clock_is_set_back() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    trial.join(&["a"]);
    trial.lease("a", 3);
    let minute = Duration::from_secs(60);
    let mut aside = parked(2, minute * 3);
    aside.is_aside = true;
    let park = [parked(1, minute * 2), aside];
    assert_eq!(trial.engine.park(0, "a", 1, &park), Ok(vec![true; 2]));
    trial.pass(minute);
    assert_eq!(trial.lease("a", 9), [0; 0]);
    trial.set_back(minute * 60);
    assert_eq!(trial.lease("a", 9), [0; 0]);
    trial.pass(minute);
    assert_eq!(trial.lease("a", 9), [1]);
    trial.pass(minute);
    assert_eq!(trial.lease("a", 9), [2]);
}

#[test]
fn only_the_holder_begins_an_entry() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=3);
    trial.join(&["a", "b"]);
    assert_eq!(trial.lease("a", 2), [1, 2]);
    assert_eq!(
        trial.engine.begin(0, "b", &[begun(1), begun(3), begun(9)]),
        Ok(vec![false; 3])
    );
    let intents = trial.key(LaneKey::Intents);
    assert_eq!(trial.ask::<u64>(redis::cmd("EXISTS").arg(&intents)), 0);
    assert_eq!(
        trial.engine.begin(0, "a", &[begun(1), begun(3)]),
        Ok(vec![true, false])
    );
    assert_eq!(
        trial.ask::<String>(redis::cmd("HGET").arg(&intents).arg(1)),
        "a"
    );
}

#[test]
fn a_worker_that_begins_twice_counts_once() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=1);
    trial.join(&["a"]);
    trial.lease("a", 1);
    for _ in 0..3 {
        assert_eq!(trial.engine.begin(0, "a", &[begun(1)]), Ok(vec![true]));
    }
    let held = trial.engine.held(0, "a", &|_| false).unwrap();
    assert_eq!(
        (held[0].begun_again, held[0].intent.as_deref()),
        (1, Some("a"))
    );
}

#[test]
fn a_worker_finds_what_it_holds_after_a_lost_reply() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=2500);
    trial.join(&["a"]);
    let mut leased = trial.engine.lease(0, "a", 1000, 0).unwrap().entries;
    leased.extend(trial.engine.lease(0, "a", 1000, 0).unwrap().entries);
    assert_eq!(leased.len(), 2000);
    assert_eq!(trial.engine.held(0, "a", &|_| false).unwrap(), leased);
    let known = trial.engine.held(0, "a", &|number| number != 1999).unwrap();
    assert_eq!(known, [leased[1998].clone()]);
    assert_eq!(trial.engine.held(0, "b", &|_| false), Ok(vec![]));
}

#[test]
fn attempts_outlast_the_worker_that_took_an_entry_up() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.load(1..=1);
    trial.join(&["a", "b"]);
    trial.lease("a", 1);
    let mut park = parked(1, Duration::ZERO);
    (park.attempts, park.deliveries) = (2, 5);
    trial.engine.park(0, "a", 1, &[park]).unwrap();
    assert_eq!(trial.lease("a", 1), [1]);
    trial.pass_with_beats(LEASE * 2, &["b"]);
    let taken = trial.engine.reclaim(0, "b", 10).unwrap().entries;
    assert_eq!((taken[0].attempts, taken[0].deliveries), (2, 6));
}
