//! Runs that are killed at any moment, and resumed.

use std::env;

use super::alike::{check, list, lose_failures, server};
use super::command::{Folder, haul};

const REQUESTS: usize = 240;

fn scale() -> u64 {
    let scale = env::var("HAUL_SCALE").ok().and_then(|n| n.parse().ok());
    scale.unwrap_or(1)
}

fn seed() -> u64 {
    let seed = env::var("HAUL_SEED").ok().and_then(|n| n.parse().ok());
    seed.unwrap_or_else(|| fastrand::u64(..1 << 48))
}

#[test]
fn a_batch_that_is_killed_and_resumed_has_each_outcome_once_in_both_files() {
    kill_and_resume("out.jsonl", 2 * scale());
}

#[test]
fn a_batch_with_compressed_results_that_is_killed_and_resumed_has_each_outcome_once() {
    kill_and_resume("out.jsonl.zst", scale());
    kill_and_resume("out.jsonl.gz", scale().div_ceil(4));
}

#[test]
fn a_batch_with_a_table_that_is_killed_and_resumed_has_each_outcome_once_in_both_files() {
    kill_and_resume("out.csv", scale());
    kill_and_resume("out.tsv.gz", scale().div_ceil(4));
}

#[test]
fn a_batch_with_results_in_a_database_that_is_killed_and_resumed_has_each_outcome_once() {
    kill_and_resume("out.db", scale());
}

/// Kills and resumes batches that write these results.
fn kill_and_resume(results: &str, batches: u64) {
    let first = seed();
    println!("HAUL_SEED={first}");
    let (mut kills, mut interrupted) = (0, 0);
    for seed in first..first + batches {
        let mut random = fastrand::Rng::with_seed(seed);
        let (server, folder) = (server(), Folder::new());
        let log = ["failures.jsonl", "failures.db"][(seed % 2) as usize];
        let (out, failures) = (folder.at(results), folder.at(log));
        let list = folder.file("list", list(&server, REQUESTS));
        let mut arguments = vec!["-q", "--resume", "--retry", "0", "-j", "4", "-o", &out];
        arguments.extend(["--failures", &failures, &list]);
        if random.bool() {
            arguments.push("--durable");
        }
        for _ in 0..random.usize(1..6) {
            let mut run = haul(arguments.iter()).start();
            let next = server.requests() + random.usize(1..REQUESTS / 3);
            while server.requests() < next && !run.is_over() {
                std::thread::yield_now();
            }
            kills += usize::from(!run.is_over());
            run.kill();
            run.finish();
            if random.bool() && results == "out.jsonl" {
                lose_failures(&folder, (results, log), random.usize(1..20));
            }
        }
        // All requests that were left may have succeeded.
        let status = haul(arguments.iter()).done().status;
        assert!(matches!(status, Some(0 | 1)), "seed {seed}: {status:?}");
        println!("seed {seed}");
        interrupted += check(&server, &folder, (results, log), REQUESTS);
    }
    println!("{results}: {kills} kills, {interrupted} writes were interrupted");
}
