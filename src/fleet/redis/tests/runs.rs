//! Steps that concern a run as a whole, and runs that are not there.

use std::time::Duration;

use super::{LEASE, Trial, WIDE, entry, new_run};
use crate::fleet::engine::{
    BeatReply, EngineError, FinishReply, FleetEngine, LoadReply, NewRun, PermitCall, PermitReply,
    ResultSource, RunState,
};
use crate::fleet::redis::keys::LaneKey;
use crate::fleet::redis::reply;

#[test]
fn a_run_is_created_once() {
    let Some(mut trial) = Trial::new(3) else {
        return;
    };
    let other = NewRun {
        id: "other".into(),
        settings: "other".into(),
        lanes: 1,
        lease: LEASE * 2,
    };
    assert_eq!(trial.engine.create(&other), Ok(false));
    let facts = trial.engine.facts().unwrap();
    assert_eq!(
        (&*facts.settings, facts.lanes, facts.lease),
        ("settings", 3, LEASE)
    );
    assert_eq!(
        (facts.state, facts.is_input_read, facts.position),
        (RunState::Running, false, 0)
    );
    assert_eq!(trial.engine.figures(2).unwrap().entries, 0);
}

#[test]
fn a_run_that_was_created_in_part_is_completed() {
    let Some(mut trial) = Trial::new(3) else {
        return;
    };
    for key in LaneKey::ALL {
        let name = key.of(&trial.run, 1);
        let () = trial.ask(redis::cmd("DEL").arg(name));
    }
    let lost = trial.engine.figures(1).unwrap_err();
    assert!(lost.to_string().contains("lane 1 of the run"), "{lost}");
    trial.engine.begin_loading("loader").unwrap();
    assert_eq!(
        trial.engine.load(1, "loader", 0, WIDE, &[entry(1)]),
        Ok(LoadReply::Loaded)
    );
}

#[test]
fn an_engine_serves_no_run_that_was_created_again() {
    let Some(mut trial) = Trial::new(2) else {
        return;
    };
    let seen = trial.engine.facts().unwrap();
    trial.engine.remove().unwrap();
    let again = NewRun {
        id: "again".to_owned(),
        ..new_run(2)
    };
    assert_eq!(trial.engine.create(&again), Ok(true));
    let mut new = trial.engine.another();
    trial.engine.id = seen.id.clone();
    let engine = &mut trial.engine;
    let other = EngineError::OtherRun;
    assert_eq!(engine.facts().unwrap_err(), other);
    for (lane, joins) in [(0, true), (0, false), (1, true), (1, false)] {
        assert_eq!(engine.beat(lane, "a", joins).unwrap_err(), other);
    }
    assert_eq!(engine.begin_loading("l").unwrap_err(), other);
    assert_eq!(engine.begin_loading_after("l", &seen).unwrap_err(), other);
    assert_eq!(engine.finish_loading("l").unwrap_err(), other);
    assert_eq!(engine.set_state(RunState::Paused).unwrap_err(), other);
    assert_eq!(engine.remove().unwrap_err(), other);
    new.id = "again".to_owned();
    assert!(matches!(
        new.beat(1, "a", true),
        Ok(BeatReply::Member { .. })
    ));
    let facts = new.facts().unwrap();
    assert_eq!((facts.loaders, facts.state), (0, RunState::Running));
}

#[test]
fn workers_join_all_lanes_of_a_run_that_was_created_by_two_at_once() {
    let Some(mut trial) = Trial::without_run(3) else {
        return;
    };
    let of = |id: &str| NewRun {
        id: id.to_owned(),
        ..new_run(3)
    };
    // The first creation was held up before the first lane, and the second one before the second lane.
    let mut first = trial.engine.another();
    assert_eq!(first.create_lane(2, &of("1"), RunState::Running), Ok(true));
    assert_eq!(first.create_lane(1, &of("1"), RunState::Running), Ok(true));
    assert_eq!(trial.engine.create(&of("2")), Ok(true));
    assert_eq!(first.create_lane(0, &of("1"), RunState::Running), Ok(false));
    let id = trial.engine.facts().unwrap().id;
    assert_eq!(id, "2");
    let joins = |trial: &mut Trial, id: &str| {
        trial.engine.id = id.to_owned();
        let mut beat = |lane| trial.engine.beat(lane, "a", true);
        [0, 1, 2].map(|lane| !matches!(beat(lane), Err(EngineError::OtherRun)))
    };
    assert_eq!(joins(&mut trial, "2"), [true; 3]);
    trial.engine.begin_loading("l").unwrap();
    assert_eq!(joins(&mut trial, "1"), [false; 3]);
    assert_eq!(joins(&mut trial, "2"), [true; 3]);
}

#[test]
fn keys_of_others_are_refused() {
    let Some(mut trial) = Trial::without_run(2) else {
        return;
    };
    let facts = trial.key(LaneKey::Facts);
    let () = trial.ask(redis::cmd("SET").arg(&facts).arg("mine"));
    let refused = |reply: Result<(), EngineError>| match reply {
        Err(EngineError::Refused(reason)) => assert!(reason.contains("no run of haul"), "{reason}"),
        other => panic!("{other:?}"),
    };
    refused(trial.engine.facts().map(drop));
    refused(trial.engine.create(&new_run(2)).map(drop));
    refused(trial.engine.beat(0, "a", true).map(drop));
    let () = trial.ask(redis::cmd("DEL").arg(&facts));
    let () = trial.ask(
        redis::cmd("HSET")
            .arg(&facts)
            .arg("name")
            .arg("mine")
            .arg("args")
            .arg("x"),
    );
    refused(trial.engine.facts().map(drop));
    let () = trial.ask(redis::cmd("DEL").arg(&facts));
    let queue = trial.key(LaneKey::Queue);
    let () = trial.ask(redis::cmd("SET").arg(&queue).arg("mine"));
    refused(trial.engine.create(&new_run(2)).map(drop));
    assert_eq!(trial.ask::<String>(redis::cmd("GET").arg(&queue)), "mine");
    assert_eq!(trial.engine.facts(), Err(EngineError::NoRun));
}

#[test]
fn a_run_of_another_version_is_refused() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    let facts = trial.key(LaneKey::Facts);
    let () = trial.ask(redis::cmd("HSET").arg(&facts).arg("v").arg("2"));
    let Err(EngineError::Refused(reason)) = trial.engine.facts() else {
        panic!()
    };
    assert!(reason.contains("version \"2\""), "{reason}");
}

#[test]
fn a_pause_outlasts_the_end_of_the_input() {
    let Some(mut trial) = Trial::new(2) else {
        return;
    };
    let set = |trial: &mut Trial, state| {
        assert_eq!(trial.engine.set_state(state), Ok(true));
        trial.engine.facts().unwrap().state
    };
    let finish = |trial: &mut Trial, loader| {
        let finished = trial.engine.finish_loading(loader);
        assert_eq!(finished, Ok(FinishReply::Finished));
        trial.engine.facts().unwrap().state
    };
    trial.engine.begin_loading("first").unwrap();
    assert_eq!(set(&mut trial, RunState::Paused), RunState::Paused);
    assert_eq!(finish(&mut trial, "first"), RunState::Paused);
    assert_eq!(set(&mut trial, RunState::Running), RunState::Loaded);
    assert_eq!(set(&mut trial, RunState::Paused), RunState::Paused);
    assert_eq!(set(&mut trial, RunState::Running), RunState::Loaded);
    trial.engine.begin_loading("loader").unwrap();
    assert_eq!(trial.engine.facts().unwrap().state, RunState::Running);
    finish(&mut trial, "loader");
    trial.engine.begin_loading("loader").unwrap();
    assert_eq!(
        trial.engine.facts().unwrap().state,
        RunState::Loaded,
        "it is the newest already"
    );
}

#[test]
fn a_cancelled_run_stays_cancelled() {
    let Some(mut trial) = Trial::new(2) else {
        return;
    };
    for (state, is_set) in [
        (RunState::Cancelled, true),
        (RunState::Running, false),
        (RunState::Paused, false),
        (RunState::Cancelled, true),
    ] {
        assert_eq!(trial.engine.set_state(state), Ok(is_set), "{state:?}");
        assert_eq!(trial.engine.facts().unwrap().state, RunState::Cancelled);
    }
    let reply = trial.engine.beat(1, "a", true);
    assert_eq!(
        reply,
        Ok(BeatReply::Member {
            state: RunState::Cancelled,
            workers: 1
        })
    );
}

#[test]
fn a_removed_run_leaves_no_key() {
    let Some(mut trial) = Trial::new(2) else {
        return;
    };
    trial.load(1..=3);
    trial.join(&["a"]);
    trial.lease("a", 2);
    trial.settle("a", &[1]);
    trial.engine.remove().unwrap();
    assert_eq!(trial.dump(), []);
    assert_eq!(trial.engine.remove(), Err(EngineError::NoRun));
    assert_eq!(trial.engine.create(&new_run(2)), Ok(true));
}

#[test]
fn every_step_on_a_run_that_is_not_there_says_so() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let engine = &mut trial.engine;
    let no_run = EngineError::NoRun;
    assert_eq!(engine.facts().unwrap_err(), no_run);
    assert_eq!(engine.set_state(RunState::Paused).unwrap_err(), no_run);
    assert_eq!(engine.begin_loading("l").unwrap_err(), no_run);
    assert_eq!(engine.note_loaded("l", 1, "", false).unwrap_err(), no_run);
    assert_eq!(
        engine.load(0, "l", 0, WIDE, &[entry(1)]).unwrap_err(),
        no_run
    );
    assert_eq!(engine.beat(0, "a", true).unwrap_err(), no_run);
    assert_eq!(engine.leave(0, "a").unwrap_err(), no_run);
    assert_eq!(engine.lease(0, "a", 1, 0).unwrap_err(), no_run);
    assert_eq!(engine.begin(0, "a", &[]).unwrap_err(), no_run);
    assert_eq!(
        engine.settle(0, "a", 1, &[super::settled(1)]).unwrap_err(),
        no_run
    );
    assert_eq!(engine.park(0, "a", 1, &[]).unwrap_err(), no_run);
    assert_eq!(engine.reclaim(0, "a", 1).unwrap_err(), no_run);
    assert_eq!(engine.held(0, "a", &|_| false).unwrap_err(), no_run);
    for from in [
        ResultSource::Own,
        ResultSource::New,
        ResultSource::Abandoned(LEASE),
    ] {
        assert_eq!(engine.results(0, "c", from, 1).unwrap_err(), no_run);
    }
    assert_eq!(engine.collected(0, &[]).unwrap_err(), no_run);
    assert_eq!(engine.figures(0).unwrap_err(), no_run);
    assert_eq!(engine.remove().unwrap_err(), no_run);
    assert_eq!(trial.dump(), []);
}

#[test]
fn limits_need_no_run() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let call = PermitCall {
        interval: Duration::ZERO,
        tolerance: Duration::ZERO,
        count: 1,
        longest_wait: Duration::ZERO,
        windows: Vec::new(),
    };
    assert_eq!(
        trial.engine.permit(None, &call),
        Ok(PermitReply::Granted(Duration::ZERO))
    );
}

/// States of the lanes, as their facts have them.
fn states(trial: &mut Trial, lanes: u32) -> Vec<String> {
    let state = |lane| {
        let facts = LaneKey::Facts.of(&trial.run, lane);
        trial.ask(redis::cmd("HGET").arg(facts).arg("state"))
    };
    (0..lanes).map(state).collect()
}

/// Sets the state of one lane by hand.
fn set_by_hand(trial: &mut Trial, lane: u32, state: &str) {
    let facts = LaneKey::Facts.of(&trial.run, lane);
    let () = trial.ask(redis::cmd("HSET").arg(facts).arg("state").arg(state));
}

#[test]
fn lanes_follow_the_first_one() {
    let Some(mut trial) = Trial::new(3) else {
        return;
    };
    for (odd, first) in [("pause", "run"), ("run", "pause"), ("run", "cancel")] {
        set_by_hand(&mut trial, 0, first);
        set_by_hand(&mut trial, 2, odd);
        let figures = trial.engine.figures(2).unwrap();
        assert_eq!(reply::state_name(figures.state), odd);
        trial.engine.align_lanes().unwrap();
        assert_eq!(states(&mut trial, 3), [first; 3]);
    }
}

#[test]
fn a_loader_that_ends_leaves_no_lane_paused() {
    let Some(mut trial) = Trial::new(3) else {
        return;
    };
    trial.engine.begin_loading("loader").unwrap();
    set_by_hand(&mut trial, 2, "pause");
    let finished = trial.engine.finish_loading("loader");
    assert_eq!(finished, Ok(FinishReply::Finished));
    assert_eq!(states(&mut trial, 3), ["done"; 3]);
}

#[test]
fn a_pause_and_a_resume_at_once_leave_all_lanes_in_one_state() {
    let Some(mut trial) = Trial::new(3) else {
        return;
    };
    for _ in 0..50 {
        let callers = [RunState::Paused, RunState::Running].map(|state| {
            let mut engine = trial.engine.another();
            std::thread::spawn(move || engine.set_state(state))
        });
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Ok(true));
        }
        let states = states(&mut trial, 3);
        assert!(states.iter().all(|state| *state == states[0]), "{states:?}");
    }
}
