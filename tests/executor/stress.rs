//! Stress of one client by eight threads at once: every wait ends, every request has one outcome, and nothing stays
//! behind.
//!
//! Each round is a client of its own and eight threads that submit, cancel, wait, iterate, leave and shut down as the
//! round's seed says; the system decides how they interleave. `HAUL_SEED=n` plays one round many times over,
//! `HAUL_SCALE=n` plays n times as many.

mod round;
mod watchdog;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Command;
use std::thread;
use std::time::Duration;

use round::{Round, Totals, eventually};
use test_support::{Answer, Scenario, Server};
use watchdog::Watchdog;

const ROUNDS: u64 = 2_000;
/// Number of times that a round given by its seed is played: the system interleaves it anew each time.
const REPLAYS: u64 = 500;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn server_of_all_kinds() -> Server {
    Scenario::new()
        .on("/fast/*", Answer::text("{}"))
        .on(
            "/slow/*",
            Answer::text("{}").after(Duration::from_millis(1)),
        )
        .on("/busy/*", Answer::status(503))
        .on("/gone/*", Answer::hang_up())
        // This response comes later than an attempt may take.
        .on("/late/*", Answer::text("").after(Duration::from_millis(20)))
        .unlogged()
        .start()
}

/// Runs the rounds in a process of their own, because they count the process's threads and open files.
#[test]
fn no_history_of_eight_threads_breaks_a_promise() {
    let played = Command::new(env::current_exe().unwrap())
        .args(["--exact", "stress::rounds", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&played.stdout) + String::from_utf8_lossy(&played.stderr);
    assert!(
        played.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

#[test]
#[ignore = "runs as the child of another test"]
fn rounds() {
    let server = server_of_all_kinds();
    let seeds = match number("HAUL_SEED") {
        Some(seed) => vec![seed; REPLAYS as usize],
        None => (0..ROUNDS * number("HAUL_SCALE").unwrap_or(1).max(1)).collect(),
    };
    let watchdog = Watchdog::start();
    let mut totals = Totals::default();
    // Files that the process opens once and keeps are open after this round.
    Round::new(&server, 0).play(&mut Totals::default());
    server.wait_for_open_connections(0);
    // The server forgets a connection a moment before it closes it.
    thread::park_timeout(Duration::from_millis(100));
    let files = open_files();
    for seed in &seeds {
        watchdog.begin(*seed);
        let played = catch_unwind(AssertUnwindSafe(|| {
            Round::new(&server, *seed).play(&mut totals);
        }));
        if let Err(panic) = played {
            eprintln!("round {seed} breaks a promise: HAUL_SEED={seed} plays it again");
            resume_unwind(panic);
        }
    }
    drop(watchdog);
    server.wait_for_open_connections(0);
    eventually("files were left open", || open_files() <= files);
    if seeds.len() as u64 >= ROUNDS {
        totals.cover_everything();
    }
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
