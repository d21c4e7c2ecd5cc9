//! Loading that waits for memory.

use super::*;

fn plan() -> LoadPlan {
    let facts = RunFacts {
        id: "id".to_owned(),
        settings: String::new(),
        lanes: 1,
        lease: Duration::from_secs(30),
        state: RunState::Running,
        is_loaded: false,
        is_input_read: false,
        position: 0,
        digest: String::new(),
        loaders: 1,
    };
    LoadPlan::new(&facts)
}

fn read_batch(plan: &mut LoadPlan) {
    while plan.next() == LoadStep::Read {
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
        if let LoadStep::Note { .. } = plan.next() {
            plan.noted(true);
            read_batch(&mut plan);
        }
        assert!(
            matches!(plan.next(), LoadStep::Load { .. }),
            "{:?}",
            plan.next()
        );
        plan.load_done(0, BATCH.0, &LoadReply::Loaded);
        if let LoadStep::Note { .. } = plan.next() {
            plan.noted(true);
        }
    }
    assert_eq!(looks, 2);
}
