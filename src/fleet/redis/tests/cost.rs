//! Measurement of the time that a server spends on each script. It is no test: run it alone, with
//! `cargo test --release --all-features --lib fleet::redis::tests::cost -- --ignored --nocapture`.

use std::time::Duration;

use redis::Connection;
use test_support::RedisServer;

use super::{WIDE, connection, new_run};
use crate::fleet::engine::{
    BegunEntry, Entry, FleetEngine, PermitCall, ResultClass, ResultSource, Sequence, SettledEntry,
};

const REQUESTS: u64 = 20_000;
const RECORD: usize = 492;
const BATCH: u64 = 200;

/// Returns the time in µs for which the server ran scripts and other commands since the last call.
fn spent(connection: &mut Connection) -> f64 {
    let stats: String = redis::cmd("INFO")
        .arg("commandstats")
        .query(connection)
        .unwrap();
    let () = redis::cmd("CONFIG")
        .arg("RESETSTAT")
        .query(connection)
        .unwrap();
    let of = |line: &str| -> Option<f64> {
        let (name, stats) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let is_ours = ["evalsha", "eval", "xreadgroup", "xclaim", "xpending"].contains(&name);
        let spent = stats
            .split(',')
            .find_map(|fact| fact.strip_prefix("usec="))?;
        is_ours.then(|| spent.parse().unwrap())
    };
    // Commands in a script are counted beside the script.
    let calls: Vec<&str> = stats.lines().collect();
    let scripts = calls.iter().filter(|line| line.starts_with("cmdstat_eval"));
    let scripts: f64 = scripts.filter_map(|line| of(line)).sum();
    if scripts > 0.0 {
        scripts
    } else {
        calls.iter().filter_map(|line| of(line)).sum()
    }
}

#[test]
#[ignore = "a measurement"]
fn time_per_script() {
    let options = ["--appendonly", "yes", "--appendfsync", "everysec"];
    let Some(server) = RedisServer::start(&options) else {
        return;
    };
    let mut look = connection(&server);
    let address = super::ServerAddress::parse(&server.url(), false).unwrap();
    let (mut engine, _) = super::RedisEngine::connect(address, "r1", false).unwrap();
    engine.create(&new_run(1)).unwrap();
    engine.begin_loading("l").unwrap();
    engine.beat(0, "a", true).unwrap();
    let mut report = |name: &str, count: u64| {
        let spent = spent(&mut look);
        println!("{name:<10} {:6.1} µs each", spent / count as f64);
    };
    report("before", 1);
    let line = vec![b'x'; RECORD - 100];
    let entry = |sequence: Sequence| Entry {
        sequence,
        line: line.clone(),
        key: [7; 16],
        index: sequence - 1,
        supersedes: false,
        fault: None,
    };
    for first in (1..=REQUESTS).step_by(BATCH as usize) {
        let entries: Vec<_> = (first..first + BATCH).map(entry).collect();
        engine.load(0, "l", first - 1, WIDE, &entries).unwrap();
    }
    report("load", REQUESTS);
    for _ in 0..REQUESTS / BATCH {
        assert_eq!(
            engine
                .lease(0, "a", BATCH as usize, 0)
                .unwrap()
                .entries
                .len(),
            BATCH as usize
        );
    }
    report("lease", REQUESTS);
    for first in (1..=REQUESTS).step_by(BATCH as usize) {
        let begun: Vec<_> = (first..first + BATCH)
            .map(|sequence| BegunEntry {
                sequence,
                once: true,
                again: false,
            })
            .collect();
        engine.begin(0, "a", &begun).unwrap();
    }
    report("begin", REQUESTS);
    for first in (1..=REQUESTS).step_by(BATCH as usize) {
        let settled: Vec<_> = (first..first + BATCH)
            .map(|sequence| SettledEntry {
                sequence,
                class: ResultClass::Success,
                size: line.len() as u64,
                record: vec![b'r'; RECORD],
            })
            .collect();
        engine.settle(0, "a", 1 << 40, &settled).unwrap();
    }
    report("settle", REQUESTS);
    let mut names = Vec::new();
    for _ in 0..REQUESTS / BATCH {
        let results = engine
            .results(0, "file", ResultSource::New, BATCH as usize)
            .unwrap();
        names.push(
            results
                .into_iter()
                .map(|r| (r.name, RECORD as u64))
                .collect::<Vec<_>>(),
        );
    }
    report("results", REQUESTS);
    for names in names {
        engine.collected(0, &names).unwrap();
    }
    report("collected", REQUESTS);
    let host = super::limits_agree::host("a");
    for count in [1, 10] {
        let call = PermitCall {
            interval: Duration::from_micros(1),
            tolerance: Duration::from_secs(1),
            count,
            longest_wait: Duration::from_secs(1),
            windows: Vec::new(),
        };
        for _ in 0..REQUESTS {
            engine.permit(Some(&host), &call).unwrap();
        }
        report(&format!("permit {count}"), REQUESTS * u64::from(count));
    }
    for _ in 0..1000 {
        engine.beat(0, "a", true).unwrap();
    }
    report("beat", 1000);
    for _ in 0..1000 {
        engine.figures(0).unwrap();
    }
    report("figures", 1000);
}
