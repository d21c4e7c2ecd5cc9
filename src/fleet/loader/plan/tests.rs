//! Loading that waits for memory.

use std::time::Duration;

use super::answers::UNBOUNDED_BATCHES;
use super::*;
use crate::fleet::engine::{LaterNote, LoadReply, MemoryUse};

fn facts() -> RunFacts {
    RunFacts {
        id: "id".to_owned(),
        settings: String::new(),
        lanes: 1,
        lease: Duration::from_secs(30),
        state: RunState::Running,
        is_loaded: false,
        is_input_read: false,
        position: 0,
        digest: String::new(),
        later: LaterNote::default(),
        loaders: 1,
    }
}

fn plan() -> LoadPlan {
    let mut plan = LoadPlan::new(&facts());
    plan.checked(0);
    plan.begun(true);
    plan.checked(0);
    plan
}

/// Reads until a batch waits, and notes it.
fn read_batch(plan: &mut LoadPlan) {
    loop {
        match plan.next() {
            LoadStep::Read => {}
            LoadStep::Note { .. } => {
                plan.noted(true);
                continue;
            }
            _ => return,
        }
        read_line(plan);
    }
}

fn read_line(plan: &mut LoadPlan) {
    let sequence = plan.next_sequence();
    plan.take_line(Entry {
        sequence,
        line: b"http://h/".to_vec(),
        key: [0; 16],
        index: sequence - 1,
        supersedes: false,
        fault: None,
    });
}

fn memory(used: u64, most: u64) -> MemoryUse {
    MemoryUse { used, most }
}

#[test]
fn nothing_is_loaded_while_seventy_percent_of_the_memory_is_in_use() {
    let mut plan = plan();
    read_batch(&mut plan);
    for pause in [20, 40, 80, 160, 320, 500, 500] {
        assert_eq!(plan.next(), LoadStep::Weigh);
        plan.weighed(memory(700, 1_000));
        let pause = Duration::from_millis(pause);
        assert_eq!(plan.next(), LoadStep::Wait(pause));
        plan.waited(RunState::Running);
    }
    plan.weighed(memory(699, 1_000));
    assert!(matches!(plan.next(), LoadStep::Load { .. }));
}

#[test]
fn memory_that_is_full_is_told_once_in_a_series_of_waits() {
    let mut plan = plan();
    for _ in 0..2 {
        read_batch(&mut plan);
        let told = [(); 3].map(|()| {
            let told = plan.weighed(memory(700, 1_000));
            plan.waited(RunState::Running);
            told
        });
        assert_eq!(told, [true, false, false]);
        assert!(!plan.weighed(memory(10, 1_000)));
        plan.load_done(0, BATCH.0, &LoadReply::Loaded);
    }
}

#[test]
fn a_line_is_loaded_without_others_after_a_flush() {
    let mut plan = plan();
    plan.flush();
    assert_eq!(plan.next(), LoadStep::Read);
    read_line(&mut plan);
    assert_eq!(plan.next(), LoadStep::Read);
    plan.flush();
    read_batch(&mut plan);
    plan.weighed(memory(1, 0));
    assert!(matches!(plan.next(), LoadStep::Load { entries, .. } if entries.len() == 1));
    plan.load_done(0, 1, &LoadReply::Loaded);
    assert_eq!(plan.next(), LoadStep::Read);
    assert!(!plan.holds_lines());
}

#[test]
fn a_loader_that_waits_for_memory_sees_that_the_run_was_cancelled() {
    let mut plan = plan();
    read_batch(&mut plan);
    plan.weighed(memory(1_000, 1_000));
    plan.waited(RunState::Cancelled);
    assert_eq!(plan.next(), LoadStep::Over(LoadEnd::Cancelled));
}

#[test]
fn memory_with_a_bound_is_looked_at_before_each_batch() {
    let mut plan = plan();
    for _ in 0..3 {
        read_batch(&mut plan);
        assert_eq!(plan.next(), LoadStep::Weigh);
        plan.weighed(memory(10, 1_000));
        assert!(matches!(plan.next(), LoadStep::Load { .. }));
        plan.load_done(0, BATCH.0, &LoadReply::Loaded);
    }
}

#[test]
fn memory_without_a_bound_is_looked_at_now_and_then() {
    let mut plan = plan();
    let mut looks = 0;
    for _ in 0..UNBOUNDED_BATCHES * 2 {
        read_batch(&mut plan);
        if plan.next() == LoadStep::Weigh {
            plan.weighed(memory(1 << 40, 0));
            looks += 1;
        }
        assert!(
            matches!(plan.next(), LoadStep::Load { .. }),
            "{:?}",
            plan.next()
        );
        plan.load_done(0, BATCH.0, &LoadReply::Loaded);
    }
    assert_eq!(looks, 2);
}

#[test]
fn a_later_load_of_more_lines_than_are_held_reads_its_input_twice() {
    let count = HELD.0 as u64 + 1;
    let mut digest = InputDigest::default();
    (0..count).for_each(|_| digest.add(&[0; 16]));
    let facts = RunFacts {
        position: count,
        digest: digest.text(),
        is_input_read: true,
        ..facts()
    };
    let mut plan = LoadPlan::later(&facts, 0, None);
    plan.checked(0);
    while plan.next() == LoadStep::Read {
        read_line(&mut plan);
    }
    assert_eq!(plan.next(), LoadStep::Begin(facts));
    plan.begun(true);
    plan.checked(0);
    assert_eq!(
        (plan.next(), plan.has_passed_over()),
        (LoadStep::Rewind, true)
    );
    plan.rewound();
    read_batch(&mut plan);
    assert!(matches!(
        plan.next(),
        LoadStep::NoteLater { position: 500, .. }
    ));
}

#[test]
fn a_later_load_begins_when_a_line_has_an_outcome() {
    let mut plan = LoadPlan::later(&facts(), 0, None).awaiting_match(true);
    plan.checked(0);
    for _ in 0..3 {
        assert_eq!(plan.next(), LoadStep::Read);
        read_line(&mut plan);
    }
    plan.matched();
    plan.leave_out(&[0; 16]);
    assert!(matches!(plan.next(), LoadStep::Begin(_)));
}
