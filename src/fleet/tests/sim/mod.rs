//! Random histories: workers, loaders and collectors with the real cores, on the engine in memory, over a network that
//! loses and delays calls. No thread waits: the clock jumps from one event to the next.
//!
//! The histories of [`times`] have no faults. `HAUL_SEED=n` replays one history, `HAUL_SCALE=n` runs n times as many.

mod check;
mod client;
mod execute;
mod feeding;
mod history;
mod inputs;
mod machine;
mod network;
mod process;
mod seen;
mod times;
mod truth;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use seen::Seen;
use world::SimWorld;

const HISTORIES: u64 = 300;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_history_of_a_fleet_keeps_every_promise() {
    if let Some(seed) = number("HAUL_SEED") {
        SimWorld::new(seed).run();
        return;
    }
    let mut seen = Seen::default();
    for seed in 0..HISTORIES * number("HAUL_SCALE").unwrap_or(1).max(1) {
        match catch_unwind(AssertUnwindSafe(|| SimWorld::new(seed).run())) {
            Ok(of_history) => seen.add(&of_history),
            Err(panic) => {
                eprintln!("history {seed} breaks a promise: HAUL_SEED={seed} replays it");
                resume_unwind(panic);
            }
        }
    }
    seen.cover_everything();
}
