//! Steps of the engine in memory that the simulation cannot tell from others.

use std::time::Duration;

use crate::fleet::engine::{
    BegunEntry, EngineError, Entry, FinishReply, FleetEngine, LaneFigures, LoadReply, NewRun,
    ParkedEntry, PermitCall, PermitReply, QueueBounds, ResultClass, ResultSource, RunState,
    SettleReply, SettledEntry,
};
use crate::host::Host;

use super::MemoryEngine;

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);
const NONE: [u64; 0] = [];
const ROOMY: QueueBounds = QueueBounds {
    entries: 1_000,
    bytes: 1 << 20,
};

/// Engine with a run of one lane, and these entries in it.
fn engine(entries: u64) -> MemoryEngine {
    let mut engine = MemoryEngine::default();
    engine.set_now(SECOND * 1_000);
    let run = NewRun {
        id: "id".to_owned(),
        settings: "settings".to_owned(),
        lanes: 1,
        lease: LEASE,
    };
    assert_eq!(engine.create(&run), Ok(true));
    assert_eq!(engine.create(&run), Ok(false));
    engine.begin_loading("l").unwrap();
    let entries: Vec<_> = (1..=entries).map(entry).collect();
    let loaded = engine.load(0, "l", 0, ROOMY, &entries);
    assert_eq!(loaded, Ok(LoadReply::Loaded));
    engine
}

fn entry(sequence: u64) -> Entry {
    Entry {
        sequence,
        line: b"line".to_vec(),
        key: [0; 16],
        index: sequence - 1,
        supersedes: false,
        fault: None,
    }
}

fn join(engine: &mut MemoryEngine, workers: &[&str]) {
    for worker in workers {
        engine.beat(0, worker, true).unwrap();
    }
}

/// Lets time pass in which these workers beat without a gap.
fn pass(engine: &mut MemoryEngine, seconds: u32, workers: &[&str]) {
    for _ in 0..seconds {
        engine.set_now(engine.now() + SECOND);
        for worker in workers {
            engine.beat(0, worker, false).unwrap();
        }
    }
}

fn lease(engine: &mut MemoryEngine, worker: &str, most: usize) -> Vec<u64> {
    let reply = engine.lease(0, worker, most, 0).unwrap();
    let entries = reply.entries.iter();
    entries.map(|leased| leased.entry.sequence).collect()
}

fn reclaim(engine: &mut MemoryEngine, worker: &str) -> Vec<u64> {
    let reply = engine.reclaim(0, worker, 100).unwrap();
    let entries = reply.entries.iter();
    entries.map(|leased| leased.entry.sequence).collect()
}

fn begun(sequence: u64) -> BegunEntry {
    BegunEntry {
        sequence,
        once: true,
        again: true,
    }
}

fn parked(sequence: u64, seconds: u32) -> ParkedEntry {
    ParkedEntry {
        sequence,
        delay: SECOND * seconds,
        attempts: 2,
        deliveries: 2,
        begun_again: true,
        is_aside: false,
    }
}

fn settled(sequence: u64, class: ResultClass) -> SettledEntry {
    SettledEntry {
        sequence,
        class,
        size: 4,
        record: b"record".to_vec(),
    }
}

fn figures(engine: &mut MemoryEngine) -> LaneFigures {
    engine.figures(0).unwrap()
}

#[test]
fn a_pause_outlives_the_end_of_the_input() {
    let mut engine = engine(1);
    assert_eq!(engine.set_state(RunState::Paused), Ok(true));
    engine.begin_loading("l").unwrap();
    assert_eq!(engine.finish_loading("l"), Ok(FinishReply::Finished));
    assert_eq!(engine.facts().unwrap().state, RunState::Paused);
    join(&mut engine, &["a"]);
    assert_eq!(lease(&mut engine, "a", 5), NONE);
    engine.set_state(RunState::Running).unwrap();
    assert_eq!(engine.facts().unwrap().state, RunState::Loaded);
    engine.begin_loading("l").unwrap();
    assert_eq!(engine.facts().unwrap().state, RunState::Loaded);
    engine.begin_loading("m").unwrap();
    assert_eq!(engine.facts().unwrap().state, RunState::Running);
}

#[test]
fn a_cancelled_run_stays_cancelled() {
    let mut engine = engine(1);
    assert_eq!(engine.set_state(RunState::Cancelled), Ok(true));
    assert_eq!(engine.set_state(RunState::Running), Ok(false));
    assert_eq!(engine.set_state(RunState::Cancelled), Ok(true));
    assert_eq!(engine.facts().unwrap().state, RunState::Cancelled);
}

#[test]
fn a_run_that_was_removed_is_not_there() {
    let mut engine = engine(1);
    engine.remove().unwrap();
    assert_eq!(engine.facts(), Err(EngineError::NoRun));
    assert_eq!(engine.beat(0, "a", true), Err(EngineError::NoRun));
    assert_eq!(engine.remove(), Err(EngineError::NoRun));
}

#[test]
fn a_loader_hears_of_a_newer_one_before_it_hears_of_a_conflict() {
    let mut engine = engine(3);
    let conflict = engine.load(0, "l", 2, ROOMY, &[entry(4)]);
    assert_eq!(conflict, Ok(LoadReply::Conflict { last: 3 }));
    engine.begin_loading("m").unwrap();
    let older = engine.load(0, "l", 2, ROOMY, &[entry(4)]);
    assert_eq!(older, Ok(LoadReply::OtherLoader));
    assert_eq!(engine.note_loaded("l", 3, "d", true), Ok(false));
    assert_eq!(engine.note_loaded("m", 3, "d", true), Ok(true));
    let facts = engine.facts().unwrap();
    assert_eq!((facts.position, facts.is_input_read), (3, true));
}

#[test]
fn an_empty_lane_takes_entries_beyond_its_bounds() {
    let bounds = QueueBounds {
        entries: 1,
        bytes: 5,
    };
    let mut engine = engine(0);
    let both = [entry(1), entry(2)];
    assert_eq!(engine.load(0, "l", 0, bounds, &both), Ok(LoadReply::Loaded));
    let more = engine.load(0, "l", 2, bounds, &[entry(3)]);
    assert_eq!(more, Ok(LoadReply::Full));
    let unordered = engine.load(0, "l", 2, ROOMY, &[entry(2)]);
    assert!(matches!(unordered, Err(EngineError::Refused(_))));
}

#[test]
fn parked_entries_are_leased_by_their_time_and_before_queued_ones() {
    let mut engine = engine(5);
    join(&mut engine, &["a"]);
    assert_eq!(lease(&mut engine, "a", 3), [1, 2, 3]);
    let parks = [parked(1, 9), parked(2, 3), parked(3, 3), parked(4, 0)];
    let held = engine.park(0, "a", 1, &parks);
    assert_eq!(held, Ok(vec![true, true, true, false]));
    pass(&mut engine, 2, &["a"]);
    assert_eq!(lease(&mut engine, "a", 1), [4]);
    pass(&mut engine, 1, &["a"]);
    let reply = engine.lease(0, "a", 2, 0).unwrap();
    let first = &reply.entries[0];
    let counts = (first.entry.sequence, first.attempts, first.deliveries);
    assert_eq!(counts, (2, 2, 2));
    assert_eq!(reply.entries[1].entry.sequence, 3);
    let figures = figures(&mut engine);
    assert_eq!((figures.entries, figures.leased, figures.parked), (5, 3, 1));
}

#[test]
fn a_parked_entry_keeps_the_intent_of_a_worker_that_died() {
    let mut engine = engine(2);
    join(&mut engine, &["a", "b", "c"]);
    assert_eq!(lease(&mut engine, "a", 2), [1, 2]);
    let first = BegunEntry {
        again: false,
        ..begun(1)
    };
    assert_eq!(engine.begin(0, "a", &[first]), Ok(vec![true]));
    assert_eq!(engine.begin(0, "b", &[first]), Ok(vec![false]));
    pass(&mut engine, 31, &["b", "c"]);
    assert_eq!(reclaim(&mut engine, "b"), [1, 2]);
    let both = [parked(1, 0), parked(2, 0)];
    engine.park(0, "b", 1, &both).unwrap();
    let reply = engine.lease(0, "c", 2, 0).unwrap();
    assert_eq!(reply.entries[0].intent.as_deref(), Some("a"));
    assert_eq!(reply.entries[1].intent, None);
    // The next worker overrules it, and takes only its own intent back.
    engine.begin(0, "c", &[begun(1), begun(2)]).unwrap();
    engine.park(0, "c", 1, &both).unwrap();
    let reply = engine.lease(0, "c", 2, 0).unwrap();
    assert_eq!(reply.entries[1].intent, None);
}

#[test]
fn each_worker_begins_an_entry_again_once() {
    let mut engine = engine(1);
    join(&mut engine, &["a"]);
    lease(&mut engine, "a", 1);
    engine.begin(0, "a", &[begun(1)]).unwrap();
    engine.begin(0, "a", &[begun(1)]).unwrap();
    let held = engine.held(0, "a", &|_| false).unwrap();
    assert_eq!(held[0].begun_again, 1);
    assert_eq!(engine.held(0, "a", &|number| number == 1), Ok(Vec::new()));
    engine.park(0, "a", 1, &[parked(1, 0)]).unwrap();
    let reply = engine.lease(0, "a", 1, 0).unwrap();
    assert_eq!(reply.entries[0].begun_again, 0);
}

#[test]
fn entries_are_taken_only_by_a_worker_whose_beats_are_unbroken_for_a_lease() {
    let mut engine = engine(2);
    join(&mut engine, &["a", "b"]);
    lease(&mut engine, "a", 1);
    pass(&mut engine, 30, &["b"]);
    assert_eq!(
        reclaim(&mut engine, "b"),
        NONE,
        "a is silent for a lease, not longer"
    );
    engine.set_now(engine.now() + SECOND * 21);
    assert_eq!(
        reclaim(&mut engine, "b"),
        NONE,
        "b did not beat for too long"
    );
    engine.beat(0, "b", false).unwrap();
    pass(&mut engine, 29, &["b"]);
    assert_eq!(reclaim(&mut engine, "b"), NONE, "the beats of b began anew");
    pass(&mut engine, 1, &["b"]);
    assert_eq!(reclaim(&mut engine, "b"), [1]);
    assert_eq!(figures(&mut engine).workers.len(), 1);
    assert_eq!(engine.beat(0, "a", false), Ok(super::BeatReply::Dead));
    assert!(!engine.lease(0, "a", 1, 0).unwrap().is_member);
    // Entries of a worker that left are taken after a lease, too.
    engine.leave(0, "b").unwrap();
    join(&mut engine, &["c"]);
    pass(&mut engine, 31, &["c"]);
    assert_eq!(reclaim(&mut engine, "c"), [1]);
}

#[test]
fn one_worker_reclaims_until_a_lease_has_passed_since_its_last_call() {
    let mut engine = engine(2);
    join(&mut engine, &["a", "b", "c"]);
    pass(&mut engine, 20, &["a", "b", "c"]);
    lease(&mut engine, "a", 1);
    pass(&mut engine, 10, &["b", "c"]);
    assert_eq!(reclaim(&mut engine, "b"), NONE);
    pass(&mut engine, 29, &["b", "c"]);
    assert_eq!(reclaim(&mut engine, "c"), NONE);
    pass(&mut engine, 1, &["b", "c"]);
    assert_eq!(reclaim(&mut engine, "c"), [1]);
}

#[test]
fn results_are_counted_and_collected() {
    let mut engine = engine(4);
    join(&mut engine, &["a"]);
    lease(&mut engine, "a", 3);
    let outcomes = [
        settled(1, ResultClass::Success),
        settled(2, ResultClass::GivenUp),
        settled(2, ResultClass::GivenUp),
        settled(4, ResultClass::Rejected),
    ];
    let reply = engine.settle(0, "a", 12, &outcomes);
    let held = vec![true, true, false, false];
    assert_eq!(reply, Ok(SettleReply::Settled(held)));
    let third = [settled(3, ResultClass::Rejected)];
    assert_eq!(engine.settle(0, "a", 12, &third), Ok(SettleReply::Full));
    let before = figures(&mut engine);
    let counts = (before.success, before.failed, before.given_up, before.stale);
    assert_eq!(counts, (1, 1, 1, 2));
    assert_eq!((before.queued_bytes, before.result_bytes), (8, 12));
    let new = engine.results(0, "c", ResultSource::New, 1).unwrap();
    assert_eq!(
        engine.results(0, "c", ResultSource::Own, 9),
        Ok(new.clone())
    );
    engine.set_now(engine.now() + LEASE);
    let abandoned = ResultSource::Abandoned(LEASE);
    assert_eq!(engine.results(0, "c", abandoned, 9), Ok(Vec::new()));
    assert_eq!(engine.results(0, "d", abandoned, 9), Ok(new.clone()));
    let names = [(new[0].name.clone(), 6)];
    assert_eq!(engine.collected(0, &names), Ok(1));
    assert_eq!(engine.collected(0, &names), Ok(0));
    let after = figures(&mut engine);
    assert_eq!(
        (after.results, after.result_bytes, after.collected),
        (1, 6, 1)
    );
}

fn host() -> Host {
    Host::of(&"http://h/".parse().unwrap()).unwrap()
}

fn ask(engine: &mut MemoryEngine, count: u32) -> PermitReply {
    let call = PermitCall {
        interval: SECOND,
        tolerance: SECOND * 2,
        count,
        longest_wait: SECOND * 5,
        windows: Vec::new(),
    };
    engine.permit(Some(&host()), &call).unwrap()
}

#[test]
fn slots_follow_each_other_by_the_interval_after_a_burst() {
    let mut engine = engine(0);
    let waits: Vec<_> = (0..8).map(|_| ask(&mut engine, 1)).collect();
    let granted = |seconds| PermitReply::Granted(SECOND * seconds);
    assert_eq!(waits[..6], [0, 0, 0, 1, 2, 3].map(granted));
    assert_eq!(waits[6..], [4, 5].map(granted));
    assert_eq!(ask(&mut engine, 3), PermitReply::Later(SECOND));
    engine.set_now(engine.now() + SECOND);
    assert_eq!(ask(&mut engine, 3), granted(5));
    assert_eq!(ask(&mut engine, 1), PermitReply::Later(SECOND * 3));
}

#[test]
fn a_pause_keeps_a_host_from_all_slots() {
    let mut engine = engine(0);
    engine.cool(&host(), SECOND * 4).unwrap();
    engine.cool(&host(), SECOND).unwrap();
    assert_eq!(ask(&mut engine, 1), PermitReply::Granted(SECOND * 4));
    engine.cool(&host(), SECOND * 7).unwrap();
    assert_eq!(ask(&mut engine, 1), PermitReply::Later(SECOND * 2));
}

#[test]
fn a_host_rests_by_votes_and_lets_one_request_through() {
    let mut engine = engine(0);
    let rest = SECOND * 10;
    for worker in ["c", "d", "e", "f", "g"] {
        assert_eq!(engine.vote(&host(), worker, false, rest), Ok(false));
    }
    assert_eq!(engine.vote(&host(), "a", true, rest), Ok(false));
    assert_eq!(
        engine.vote(&host(), "a", true, rest),
        Ok(false),
        "one vote each"
    );
    assert_eq!(
        engine.vote(&host(), "b", true, rest),
        Ok(false),
        "2 of 7 are 29 %"
    );
    assert_eq!(engine.vote(&host(), "c", true, rest), Ok(true));
    assert_eq!(ask(&mut engine, 1), PermitReply::Rests(rest));
    engine.probe(&host(), true).unwrap();
    assert_eq!(
        ask(&mut engine, 1),
        PermitReply::Rests(rest),
        "none was let through"
    );
    engine.set_now(engine.now() + rest);
    assert_eq!(ask(&mut engine, 1), PermitReply::Probe);
    assert_eq!(ask(&mut engine, 1), PermitReply::Rests(rest));
    engine.probe(&host(), false).unwrap();
    assert_eq!(ask(&mut engine, 1), PermitReply::Rests(rest * 2));
    engine.set_now(engine.now() + rest * 2);
    assert_eq!(ask(&mut engine, 1), PermitReply::Probe);
    engine.set_now(engine.now() + rest * 2);
    assert_eq!(
        ask(&mut engine, 1),
        PermitReply::Probe,
        "the first was lost"
    );
    engine.probe(&host(), true).unwrap();
    assert_eq!(ask(&mut engine, 1), PermitReply::Granted(Duration::ZERO));
}
