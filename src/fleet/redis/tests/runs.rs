//! Steps that concern a run as a whole, and runs that are not there.

use std::time::Duration;

use super::{LEASE, Trial, WIDE, entry, new_run};
use crate::fleet::engine::{
    BeatReply, EngineError, FinishReply, FleetEngine, LoadReply, NewRun, PermitCall, PermitReply,
    ResultSource, RunState,
};
use crate::fleet::redis::keys::LaneKey;

#[test]
fn a_run_is_created_once() {
    let Some(mut trial) = Trial::new(3) else {
        return;
    };
    let other = NewRun {
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
    assert_eq!(trial.engine.figures(1), Err(EngineError::NoRun));
    trial.engine.begin_loading("loader").unwrap();
    assert_eq!(
        trial.engine.load(1, "loader", 0, WIDE, &[entry(1)]),
        Ok(LoadReply::Loaded)
    );
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
fn only_the_newest_loader_marks_a_run_as_loaded() {
    let Some(mut trial) = Trial::new(2) else {
        return;
    };
    for loader in ["old", "new"] {
        trial.engine.begin_loading(loader).unwrap();
    }
    let finished = trial.engine.finish_loading("old");
    assert_eq!(finished, Ok(FinishReply::OtherLoader));
    let refused = trial.engine.set_state(RunState::Loaded);
    assert!(
        matches!(refused, Err(EngineError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(trial.engine.facts().unwrap().state, RunState::Running);
    let finished = trial.engine.finish_loading("new");
    assert_eq!(finished, Ok(FinishReply::Finished));
    assert_eq!(trial.engine.facts().unwrap().state, RunState::Loaded);
    trial.engine.set_state(RunState::Cancelled).unwrap();
    let finished = trial.engine.finish_loading("new");
    assert_eq!(finished, Ok(FinishReply::Cancelled));
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
fn only_the_newest_loader_notes_its_position() {
    let Some(mut trial) = Trial::new(1) else {
        return;
    };
    trial.engine.begin_loading("old").unwrap();
    trial.engine.begin_loading("new").unwrap();
    assert_eq!(trial.engine.note_loaded("old", 7, "x", false), Ok(false));
    assert_eq!(trial.engine.note_loaded("new", 8, "y", true), Ok(true));
    let facts = trial.engine.facts().unwrap();
    assert_eq!(
        (facts.position, &*facts.digest, facts.is_input_read),
        (8, "y", true)
    );
    assert_eq!(trial.engine.note_later("old", 7, "x"), Ok(false));
    assert_eq!(trial.engine.note_later("new", 8, "y"), Ok(true));
    assert!(trial.engine.facts().unwrap().later.is_under_way());
    trial.engine.finish_loading("new").unwrap();
    assert!(!trial.engine.facts().unwrap().later.is_under_way());
    assert_eq!(trial.engine.note_later("new", 8, "late"), Ok(true));
    let later = trial.engine.facts().unwrap().later;
    assert_eq!((&*later.text, later.is_under_way()), ("y", false));
}

#[test]
fn a_loader_that_begins_late_does_not_take_the_place_of_a_newer_one() {
    let Some(mut trial) = Trial::new(2) else {
        return;
    };
    let seen = trial.engine.facts().unwrap();
    trial.engine.begin_loading("newer").unwrap();
    trial.engine.finish_loading("newer").unwrap();
    assert_eq!(trial.engine.begin_loading_after("older", &seen), Ok(false));
    let again = trial.engine.begin_loading_after("newer", &seen);
    assert_eq!(again, Ok(true), "its first call had no answer");
    let facts = trial.engine.facts().unwrap();
    assert_eq!(
        (facts.state, facts.loaders),
        (RunState::Loaded, seen.loaders + 1)
    );
    let after = trial.engine.begin_loading_after("third", &facts);
    assert_eq!(after, Ok(true));
    assert_eq!(trial.engine.facts().unwrap().state, RunState::Running);
}

#[test]
fn two_loaders_that_begin_at_once_end_up_in_one_order() {
    let Some(mut trial) = Trial::new(2) else {
        return;
    };
    trial.engine.begin_loading("first").unwrap();
    trial.engine.begin_loading("second").unwrap();
    // The first one's step for lane 1 comes late.
    let keys = trial.engine.lane_keys(1, &[LaneKey::Facts]);
    let late = trial.engine.run(
        crate::fleet::redis::StepScript::BeginLoading,
        &keys,
        |command| {
            command.arg("first").arg(1000).arg(1).arg(0);
            command.arg(0).arg("").arg(0).arg(0);
            command.arg(0).arg("").arg(0);
        },
    );
    late.unwrap();
    for lane in 0..2 {
        assert_eq!(
            trial.engine.load(lane, "second", 0, WIDE, &[entry(1)]),
            Ok(LoadReply::Loaded)
        );
        assert_eq!(
            trial.engine.load(lane, "first", 1, WIDE, &[entry(2)]),
            Ok(LoadReply::OtherLoader)
        );
    }
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

#[test]
fn a_name_that_no_run_may_have_is_refused() {
    use crate::fleet::redis::is_run_name;
    for name in ["a", "A-z_09", &"x".repeat(64)] {
        assert!(is_run_name(name), "{name}");
    }
    for name in ["", "a b", "a.b", "a{b}", "ä", "a:b", &"x".repeat(65)] {
        assert!(!is_run_name(name), "{name}");
    }
}
