//! Random histories in virtual time. No thread waits: the clock jumps from one event to the next. A model keeps the
//! invariants of limits, windows and outcomes in its own simple way, and every step of the schedule is compared with
//! it.
//!
//! `HAUL_SEED=n` replays one history, `HAUL_SCALE=n` runs n times as many.

mod capacity;
mod check;
mod events;
mod finish;
mod hedges;
mod makespan;
mod shares;
mod sharing;
mod time;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use world::World;

const HISTORIES: u64 = 2_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

pub(super) fn scale() -> u64 {
    number("HAUL_SCALE").unwrap_or(1).max(1)
}

#[test]
fn every_history_keeps_every_promise() {
    if let Some(seed) = number("HAUL_SEED") {
        World::new(seed).run();
        return;
    }
    let mut totals = events::Totals::default();
    for seed in 0..HISTORIES * scale() {
        match catch_unwind(AssertUnwindSafe(|| World::new(seed).run())) {
            Ok(seen) => totals.add(&seen),
            Err(panic) => {
                eprintln!("history {seed} breaks a promise: HAUL_SEED={seed} replays it");
                resume_unwind(panic);
            }
        }
    }
    totals.cover_everything();
}
