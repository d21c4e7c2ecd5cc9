//! Loaders of a run that begin, note and end beside others.

use super::{Trial, WIDE, entry};
use crate::fleet::engine::{EngineError, FinishReply, FleetEngine, LoadReply, RunState};
use crate::fleet::redis::keys::LaneKey;

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
            command.arg(0).arg("").arg(0).arg("id");
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
