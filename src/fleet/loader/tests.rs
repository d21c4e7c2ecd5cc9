//! Loads that go on after a crash, and inputs that are not the one that was loaded.

use std::time::Duration;

use crate::fleet::engine::{Entry, FinishReply, FleetEngine, NewRun, QueueBounds, RunState};
use crate::fleet::memory::MemoryEngine;

use super::{LoadEnd, LoadPlan, LoadStep};

const BOUNDS: QueueBounds = QueueBounds {
    entries: 100,
    bytes: 10_000,
};

fn engine() -> MemoryEngine {
    let mut engine = MemoryEngine::default();
    let run = NewRun {
        id: "id".to_owned(),
        settings: String::new(),
        lanes: 3,
        lease: Duration::from_secs(30),
    };
    assert_eq!(engine.create(&run), Ok(true));
    engine
}

fn entry(key: u8, sequence: u64) -> Entry {
    Entry {
        sequence,
        line: vec![key],
        key: [key; 16],
        index: sequence - 1,
        supersedes: false,
        fault: None,
    }
}

/// Loads an input of which each byte is the key of a line. `steps`: number of calls after which the loader dies.
/// `None`: it died.
fn load(engine: &mut MemoryEngine, name: &str, input: &[u8], steps: usize) -> Option<LoadEnd> {
    let mut plan = LoadPlan::new(&engine.facts().unwrap()).with_batch(2);
    for _ in 0..steps {
        take(engine, name, input, &mut plan);
        if let LoadStep::Over(end) = plan.next() {
            return Some(end);
        }
    }
    None
}

fn take(engine: &mut MemoryEngine, name: &str, input: &[u8], plan: &mut LoadPlan) {
    match plan.next() {
        LoadStep::Read => {
            let sequence = plan.next_sequence();
            match input.get(sequence as usize - 1) {
                Some(key) => plan.take_line(entry(*key, sequence)),
                None => plan.take_end(),
            }
        }
        LoadStep::Rewind => plan.rewound(),
        LoadStep::Begin(facts) => plan.begun(engine.begin_loading_after(name, &facts).unwrap()),
        LoadStep::Look => plan.looked(engine.facts().unwrap()),
        LoadStep::Load {
            lane,
            expected_last,
            entries,
        } => {
            let reply = engine.load(lane, name, expected_last, BOUNDS, &entries);
            plan.load_done(lane, entries.len(), &reply.unwrap());
        }
        LoadStep::Weigh => {
            plan.weighed(engine.server_use().unwrap().fullest);
        }
        LoadStep::Wait(_) => plan.waited(engine.facts().unwrap().state),
        LoadStep::Note {
            position,
            digest,
            is_end,
        } => plan.noted(engine.note_loaded(name, position, &digest, is_end).unwrap()),
        LoadStep::NoteLater { position, digest } => {
            plan.noted(engine.note_later(name, position, &digest).unwrap());
        }
        LoadStep::Secure => plan.secured(),
        LoadStep::Check { lane } => plan.checked(engine.figures(lane).unwrap().last),
        LoadStep::Finish => plan.finished(engine.finish_loading(name).unwrap()),
        LoadStep::Over(_) => {}
    }
}

fn loaded(engine: &mut MemoryEngine) -> u64 {
    let lanes = (0..3).map(|lane| engine.figures(lane).unwrap().loaded);
    lanes.sum()
}

#[test]
fn a_load_goes_on_wherever_the_one_before_died() {
    for steps in 0..40 {
        let mut engine = engine();
        load(&mut engine, "a", b"abcdefghij", steps);
        let end = load(&mut engine, "b", b"abcdefghij", 100);
        assert_eq!(end, Some(LoadEnd::Done), "{steps}");
        assert_eq!(loaded(&mut engine), 10, "{steps}");
        assert_eq!(engine.facts().unwrap().state, RunState::Loaded);
    }
}

#[test]
fn another_input_is_refused_once_the_first_is_loaded() {
    let mut engine = engine();
    let end = load(&mut engine, "a", b"abcdefghij", 100);
    assert_eq!(end, Some(LoadEnd::Done));
    let others: [&[u8]; 4] = [b"abcdefghijk", b"abcdefghi", b"abdcefghij", b""];
    for other in others {
        let end = load(&mut engine, "b", other, 100);
        assert_eq!(end, Some(LoadEnd::OtherInput), "{other:?}");
    }
    assert_eq!(loaded(&mut engine), 10);
}

#[test]
fn a_lane_that_lost_entries_gets_them_again() {
    let mut engine = engine();
    load(&mut engine, "a", b"abcde", 100);
    let kept = engine.snapshot();
    let mut other = MemoryEngine::default();
    other.restore(kept);
    // The note of the end is there, and the last entries are not.
    let mut lost = self::engine();
    load(&mut lost, "a", b"abc", 6);
    let facts = other.facts().unwrap();
    lost.begin_loading("b").unwrap();
    lost.note_loaded("b", facts.position, &facts.digest, true)
        .unwrap();
    assert_eq!(load(&mut lost, "c", b"abcde", 100), Some(LoadEnd::Done));
    assert_eq!(loaded(&mut lost), 5);
}

#[test]
fn an_empty_input_is_loaded() {
    let mut engine = engine();
    assert_eq!(load(&mut engine, "a", b"", 100), Some(LoadEnd::Done));
    assert_eq!(load(&mut engine, "b", b"", 100), Some(LoadEnd::Done));
    let end = load(&mut engine, "c", b"a", 100);
    assert_eq!(end, Some(LoadEnd::OtherInput));
}

/// Loads those lines of an input again that are chosen, as a new load or as one that goes on.
fn load_again(
    engine: &mut MemoryEngine,
    name: &str,
    (input, chosen): (&[u8], &[u8]),
    steps: usize,
) -> Option<LoadEnd> {
    let facts = engine.facts().unwrap();
    let last = (0..3).map(|lane| engine.figures(lane).unwrap().last);
    let (base, earlier) = match facts.later.is_under_way() {
        true => (10, Some((facts.later.position, facts.later.text.clone()))),
        false => (last.max().unwrap(), None),
    };
    let mut plan = LoadPlan::later(&facts, base, earlier).with_batch(2);
    let mut lines = input.iter();
    for _ in 0..steps {
        match plan.next() {
            LoadStep::Over(end) => return Some(end),
            LoadStep::Read => match lines.next() {
                Some(key) if chosen.contains(key) => {
                    plan.take_line(entry(*key, plan.next_sequence()));
                }
                Some(key) => plan.leave_out(&[*key; 16]),
                None => plan.take_end(),
            },
            LoadStep::Rewind => {
                lines = input.iter();
                plan.rewound();
            }
            _ => take(engine, name, b"", &mut plan),
        }
    }
    None
}

#[test]
fn a_later_load_counts_on() {
    let mut engine = engine();
    load(&mut engine, "a", b"abcdefghij", 100);
    let end = load_again(&mut engine, "b", (b"abcdefghij", b"cei"), 100);
    assert_eq!(end, Some(LoadEnd::Done));
    let last = (0..3).map(|lane| engine.figures(lane).unwrap().last).max();
    let position = engine.facts().unwrap().position;
    assert_eq!((loaded(&mut engine), last, position), (13, Some(13), 10));
}

#[test]
fn a_later_load_goes_on_wherever_the_one_before_died() {
    let input: (&[u8], &[u8]) = (b"abcdefghij", b"bcdfghj");
    let mut unfinished = 0;
    for steps in 0..60 {
        let mut engine = engine();
        load(&mut engine, "a", b"abcdefghij", 100);
        load_again(&mut engine, "b", input, steps);
        if engine.facts().unwrap().later.is_under_way() {
            let end = load(&mut engine, "c", b"abcdefghij", 100);
            assert_eq!(end, Some(LoadEnd::LaterUnfinished), "{steps}");
            unfinished += 1;
        } else if loaded(&mut engine) > 10 {
            continue;
        }
        let end = load_again(&mut engine, "d", input, 200);
        assert_eq!(end, Some(LoadEnd::Done), "{steps}");
        assert_eq!(loaded(&mut engine), 17, "{steps}");
        let facts = engine.facts().unwrap();
        assert_eq!(
            (facts.state, facts.later.is_under_way()),
            (RunState::Loaded, false)
        );
    }
    assert!(unfinished > 10, "{unfinished}");
}

#[test]
fn a_later_load_of_another_input_changes_nothing() {
    let others: [&[u8]; 4] = [b"abcdefghix", b"abcdefghi", b"xyz", b""];
    for other in others {
        let mut engine = engine();
        load(&mut engine, "a", b"abcdefghij", 100);
        let before = engine.facts();
        let end = load_again(&mut engine, "b", (other, b"xa"), 100);
        assert_eq!(end, Some(LoadEnd::OtherInput), "{other:?}");
        assert_eq!((loaded(&mut engine), engine.facts()), (10, before));
    }
}

#[test]
fn a_loader_that_was_superseded_does_not_mark_the_run_as_loaded() {
    let mut engine = engine();
    for loader in ["old", "new"] {
        engine.begin_loading(loader).unwrap();
    }
    assert_eq!(engine.finish_loading("old"), Ok(FinishReply::OtherLoader));
    assert_eq!(engine.facts().unwrap().state, RunState::Running);
    assert_eq!(engine.finish_loading("new"), Ok(FinishReply::Finished));
    assert_eq!(engine.facts().unwrap().state, RunState::Loaded);
}

#[test]
fn another_input_is_refused_wherever_the_load_of_the_first_ended() {
    let mut refused = 0;
    for steps in 0..60 {
        let mut engine = engine();
        load(&mut engine, "a", b"abcdefghij", steps);
        let before = (loaded(&mut engine), engine.facts());
        if before.0 > 0 {
            let end = load(&mut engine, "b", b"klmnopqrs", 100);
            assert_eq!(end, Some(LoadEnd::OtherInput), "{steps}");
            assert_eq!((loaded(&mut engine), engine.facts()), before, "{steps}");
            refused += 1;
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_loader_with_another_input_leaves_the_one_at_work_alone() {
    let mut engine = engine();
    let mut plan = LoadPlan::new(&engine.facts().unwrap()).with_batch(2);
    while loaded(&mut engine) < 4 {
        take(&mut engine, "a", b"abcdefghij", &mut plan);
    }
    let end = load(&mut engine, "b", b"klmnopqrst", 100);
    assert_eq!(end, Some(LoadEnd::OtherInput));
    while !matches!(plan.next(), LoadStep::Over(_)) {
        take(&mut engine, "a", b"abcdefghij", &mut plan);
    }
    assert_eq!(plan.next(), LoadStep::Over(LoadEnd::Done));
    assert_eq!(loaded(&mut engine), 10);
}

#[test]
fn a_run_that_is_loaded_stays_so_while_its_input_is_verified() {
    for steps in 0..40 {
        let mut engine = engine();
        load(&mut engine, "a", b"abcdefghij", 100);
        let before = engine.facts();
        load(&mut engine, "b", b"abcdefghij", steps);
        assert_eq!(engine.facts(), before, "{steps}");
    }
}

#[test]
fn a_loader_verifies_what_another_has_noted_meanwhile() {
    for (input, expected) in [
        (b"abcdefghij", LoadEnd::Done),
        (b"abcdefghix", LoadEnd::OtherInput),
    ] {
        let mut engine = engine();
        load(&mut engine, "a", b"abcdefghij", 12);
        let mut plan = LoadPlan::new(&engine.facts().unwrap()).with_batch(2);
        while !matches!(plan.next(), LoadStep::Begin(_)) {
            take(&mut engine, "b", input, &mut plan);
        }
        load(&mut engine, "c", b"abcdefghij", 100);
        while !matches!(plan.next(), LoadStep::Over(_)) {
            take(&mut engine, "b", input, &mut plan);
        }
        assert_eq!(plan.next(), LoadStep::Over(expected));
        assert_eq!(loaded(&mut engine), 10);
        assert_eq!(engine.facts().unwrap().state, RunState::Loaded);
    }
}

#[test]
fn a_run_that_is_cancelled_takes_nothing_more() {
    let mut engine = engine();
    let mut plan = LoadPlan::new(&engine.facts().unwrap()).with_batch(2);
    while loaded(&mut engine) < 4 {
        take(&mut engine, "a", b"abcdefghij", &mut plan);
    }
    engine.set_state(RunState::Cancelled).unwrap();
    let before = loaded(&mut engine);
    while !matches!(plan.next(), LoadStep::Over(_)) {
        take(&mut engine, "a", b"abcdefghij", &mut plan);
    }
    assert_eq!(plan.next(), LoadStep::Over(LoadEnd::Cancelled));
    assert_eq!(loaded(&mut engine), before);
}

#[test]
fn lines_that_an_earlier_load_had_are_counted() {
    let mut engine = engine();
    load(&mut engine, "a", b"abcdefghij", 14);
    let before = loaded(&mut engine);
    assert!((1..10).contains(&before), "{before}");
    let mut plan = LoadPlan::new(&engine.facts().unwrap()).with_batch(2);
    while !matches!(plan.next(), LoadStep::Over(_)) {
        take(&mut engine, "b", b"abcdefghij", &mut plan);
    }
    assert_eq!(plan.found(), before);
}

#[test]
fn no_first_load_goes_on_behind_a_later_one() {
    let mut engine = engine();
    load(&mut engine, "a", b"abcdefghij", 14);
    let before = loaded(&mut engine);
    let end = load_again(&mut engine, "b", (b"abcdefghij", b"abcdefghij"), 100);
    assert_eq!(end, Some(LoadEnd::Done));
    assert_eq!(loaded(&mut engine), before + 10);
    let end = load(&mut engine, "c", b"abcdefghij", 100);
    assert_eq!(end, Some(LoadEnd::OtherInput));
}

#[test]
fn a_note_that_comes_late_changes_nothing() {
    let mut engine = engine();
    engine.begin_loading("l").unwrap();
    for (position, is_end) in [(5, false), (8, true), (5, false), (8, false)] {
        let noted = engine.note_loaded("l", position, "d", is_end);
        assert_eq!(noted, Ok(true));
    }
    let facts = engine.facts().unwrap();
    assert_eq!((facts.position, facts.is_input_read), (8, true));
    engine.begin_loading("m").unwrap();
    assert_eq!(engine.note_loaded("m", 2, "d", false), Ok(true));
    assert_eq!(engine.facts().unwrap().position, 2);
}

#[test]
fn a_loader_that_knows_an_older_note_does_not_begin() {
    let mut engine = engine();
    engine.begin_loading("l").unwrap();
    let facts = engine.facts().unwrap();
    engine.note_loaded("l", 5, "d", false).unwrap();
    assert_eq!(engine.begin_loading_after("m", &facts), Ok(false));
    let facts = engine.facts().unwrap();
    engine.finish_loading("l").unwrap();
    assert_eq!(engine.begin_loading_after("m", &facts), Ok(false));
    let facts = engine.facts().unwrap();
    assert_eq!(engine.begin_loading_after("m", &facts), Ok(true));
}
