//! Random histories of a roster in virtual time. A model of the workers performs each answer, and after each event it is
//! checked that some worker comes for the work there is.
//!
//! `HAUL_SEED=n` replays one history, `HAUL_SCALE=n` runs n times as many.

mod check;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::{number, scale};
use world::{Seen, World};

const HISTORIES: u64 = 10_000;

#[test]
fn in_every_history_some_worker_comes_for_the_work() {
    if let Some(seed) = number("HAUL_SEED") {
        World::new(seed).run();
        return;
    }
    let mut seen = Seen::default();
    for seed in 0..HISTORIES * scale() {
        match catch_unwind(AssertUnwindSafe(|| World::new(seed).run())) {
            Ok(more) => seen.extend(more),
            Err(panic) => {
                eprintln!("history {seed} leaves work alone: HAUL_SEED={seed} replays it");
                resume_unwind(panic);
            }
        }
    }
    let events = [
        "leader called",
        "follower called",
        "leader called by a follower",
        "worker started",
        "all woken",
        "woken without a call",
        "refused, others work",
        "refused, asked again",
        "refused, given up",
        "surplus left",
        "blocked while returning",
    ];
    for event in events {
        assert!(seen.contains(event), "no history had: {event}");
    }
}
