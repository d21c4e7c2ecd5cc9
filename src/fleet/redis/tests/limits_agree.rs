//! Random histories of limits on the engine in Redis and on the one in memory, with equal replies.
//!
//! `HAUL_SEED=n` plays one history again, `HAUL_SCALE=n` plays n times as many.

use std::time::Duration;

use fastrand::Rng;

use super::{Trial, number};
use crate::fleet::engine::{FleetEngine, PermitCall, SlotWindow};
use crate::fleet::memory::MemoryEngine;
use crate::host::Host;

const HISTORIES: u64 = 50;
const STEPS: usize = 80;

/// End of the trace of a step.
const SET_BACK: &str = "the clock is set back";

pub(super) fn host(name: &str) -> Host {
    Host::of(&format!("http://{name}/").parse().unwrap()).unwrap()
}

#[test]
fn both_engines_grant_the_same_slots() {
    let seeds = match number("HAUL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..HISTORIES * number("HAUL_SCALE").unwrap_or(1),
    };
    for seed in seeds {
        let Some(mut trial) = Trial::without_run(1) else {
            return;
        };
        let mut memory = MemoryEngine::default();
        // Windows begin at multiples of their parts, so that the times of day must be the same.
        memory.set_now(trial.now());
        let mut random = Rng::with_seed(seed);
        let mut trace = vec![format!("HAUL_SEED={seed}")];
        for _ in 0..STEPS {
            let (ours, theirs) = step(&mut random, &mut trial, &mut memory, &mut trace);
            assert_eq!(ours, theirs, "redis, memory\n{}", trace.join("\n"));
            // A list forgets ended waits some time, and a clock that is set back brings them back.
            if !trace.iter().any(|step| step.ends_with(SET_BACK)) {
                let (ours, theirs) = (trial.engine.waiting_hosts(), memory.waiting_hosts());
                assert_eq!(ours, theirs, "redis, memory\n{}", trace.join("\n"));
            }
        }
    }
}

/// Some windows, whose lengths come again in later calls.
fn windows(random: &mut Rng) -> Vec<SlotWindow> {
    let lengths = [3_000_001, 10_000_000, 400_000_000].map(Duration::from_micros);
    let window = |length| SlotWindow {
        length,
        most: [1, 3, 8, 50][random.usize(0..4)],
    };
    let windows = lengths.into_iter().map(window).collect::<Vec<_>>();
    let kept = random.usize(0..8);
    windows.into_iter().take(kept.saturating_sub(3)).collect()
}

/// Carries out one step on both engines and returns their replies.
fn step(
    random: &mut Rng,
    trial: &mut Trial,
    memory: &mut MemoryEngine,
    trace: &mut Vec<String>,
) -> (String, String) {
    let host = host(["a", "[::1]:8080"][random.usize(0..2)]);
    let worker = format!("node:{}", random.u8(0..7));
    let is_bad = random.u8(0..3) > 0;
    let time = Duration::from_micros(random.u64(0..4_000_000));
    match random.u8(0..40) / 4 {
        9 if random.u8(0..4) == 0 => {
            let time = time * [1, 10, 1000][random.usize(0..3)];
            trace.push(format!("{time:?} {SET_BACK}"));
            trial.set_back(time);
            memory.set_now(memory.now() - time);
            (String::new(), String::new())
        }
        0..4 => {
            let call = PermitCall {
                interval: [0, 100_000, 333_334, 1_000_000].map(Duration::from_micros)
                    [random.usize(0..4)],
                tolerance: [0, 300, 2000].map(Duration::from_millis)[random.usize(0..3)],
                count: random.u32(1..5),
                longest_wait: [0, 1, 10].map(Duration::from_secs)[random.usize(0..3)],
                windows: windows(random),
            };
            let host = random.bool().then_some(&host);
            trace.push(format!("permit {host:?} {call:?}"));
            let ours = format!("{:?}", trial.engine.permit(host, &call));
            (ours, format!("{:?}", memory.permit(host, &call)))
        }
        4 => {
            trace.push(format!("cool {host:?} {time:?}"));
            let ours = format!("{:?}", trial.engine.cool(&host, time));
            (ours, format!("{:?}", memory.cool(&host, time)))
        }
        5..7 => {
            let rest = time * [1, 100][random.usize(0..2)];
            trace.push(format!("vote {host:?} {worker} {is_bad} {rest:?}"));
            let ours = format!("{:?}", trial.engine.vote(&host, &worker, is_bad, rest));
            (
                ours,
                format!("{:?}", memory.vote(&host, &worker, is_bad, rest)),
            )
        }
        7 => {
            trace.push(format!("probe {host:?} {is_bad}"));
            let ours = format!("{:?}", trial.engine.probe(&host, !is_bad));
            (ours, format!("{:?}", memory.probe(&host, !is_bad)))
        }
        _ => {
            let time = time * [1, 1, 50][random.usize(0..3)];
            trace.push(format!("{time:?} pass"));
            trial.pass(time);
            memory.set_now(memory.now() + time);
            (String::new(), String::new())
        }
    }
}
