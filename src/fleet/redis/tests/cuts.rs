//! Files of a server whose ends were lost: each entry is in the queue, or its result waits, or it was collected.
//!
//! `HAUL_SEED=n` plays one history again, `HAUL_SCALE=n` cuts n times as many files.

use std::collections::BTreeSet;
use std::fs;

use fastrand::Rng;
use redis::Value;
use test_support::{Folder, RedisServer};

use super::{Trial, entry, new_run, number, parked};
use crate::fleet::engine::{BegunEntry, FleetEngine, ResultSource, Sequence};
use crate::fleet::redis::keys::LaneKey;
use crate::fleet::redis::reply;

const OPTIONS: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];
const LOG: &str = "appendonlydir/appendonly.aof.1.incr.aof";
const ENTRIES: Sequence = 60;

#[test]
fn an_entry_is_in_one_place_wherever_the_log_is_cut() {
    let Some(mut server) = RedisServer::start(&OPTIONS) else {
        return;
    };
    let mut random = Rng::with_seed(number("HAUL_SEED").unwrap_or(1));
    let mut trial = Trial::on(&server, 1);
    trial.engine.create(&new_run(1)).unwrap();
    work(&mut trial, &mut random);
    server.kill();
    let log = fs::read(server.folder().file(LOG)).unwrap();
    for _ in 0..10 * number("HAUL_SCALE").unwrap_or(1) {
        let length = random.usize(log.len() / 10..log.len());
        let folder = copy(server.folder());
        fs::write(folder.file(LOG), &log[..length]).unwrap();
        let cut = RedisServer::start_in(folder, &OPTIONS).unwrap();
        look(&cut, &trial.run, length);
    }
}

/// Loads entries, and takes them through all places in which an entry can be.
fn work(trial: &mut Trial, random: &mut Rng) {
    trial.engine.begin_loading("loader").unwrap();
    trial.join(&["a", "b"]);
    for first in (1..=ENTRIES).step_by(3) {
        let entries: Vec<_> = (first..first + 3).map(entry).collect();
        trial
            .engine
            .load(0, "loader", first - 1, super::WIDE, &entries)
            .unwrap();
        let worker = ["a", "b"][random.usize(0..2)];
        let leased = trial.lease(worker, 4);
        let begun = leased.iter().map(|&sequence| BegunEntry {
            sequence,
            once: true,
            again: true,
        });
        trial
            .engine
            .begin(0, worker, &begun.collect::<Vec<_>>())
            .unwrap();
        let (done, later): (Vec<_>, Vec<_>) = leased.into_iter().partition(|_| random.u8(0..4) > 0);
        trial.settle(worker, &done);
        let park: Vec<_> = later
            .into_iter()
            .map(|number| parked(number, super::LEASE))
            .collect();
        trial.engine.park(0, worker, first, &park).unwrap();
        let results = trial
            .engine
            .results(0, "file", ResultSource::New, 2)
            .unwrap();
        let names: Vec<_> = results
            .into_iter()
            .map(|r| (r.name, r.record.len() as u64))
            .collect();
        trial.engine.collected(0, &names).unwrap();
        trial.pass(super::LEASE / 4);
        trial.join(&["a", "b"]);
    }
}

fn copy(from: &Folder) -> Folder {
    let folder = Folder::new();
    fs::create_dir(folder.file("appendonlydir")).unwrap();
    for file in fs::read_dir(from.file("appendonlydir")).unwrap() {
        let file = file.unwrap();
        fs::copy(
            file.path(),
            folder.file("appendonlydir").join(file.file_name()),
        )
        .unwrap();
    }
    folder
}

/// Checks a server that lost the end of its log.
fn look(server: &RedisServer, run: &str, length: usize) {
    let place = format!("cut at {length}");
    let mut trial = Trial::on(server, 1);
    let key = |key: LaneKey| key.of(run, 0);
    if trial.ask::<u64>(redis::cmd("EXISTS").arg(key(LaneKey::Facts))) == 0 {
        return;
    }
    let numbers = |stream: Value| -> Vec<Sequence> {
        let ids = reply::list(stream).unwrap().into_iter();
        ids.map(|entry| {
            let [id, _] = reply::exactly(entry).unwrap();
            reply::text(id)
                .unwrap()
                .strip_suffix("-0")
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect()
    };
    let queued: Value = trial.ask(
        redis::cmd("XRANGE")
            .arg(key(LaneKey::Queue))
            .arg("-")
            .arg("+"),
    );
    let queued: BTreeSet<Sequence> = numbers(queued).into_iter().collect();
    let results: Value = trial.ask(
        redis::cmd("XRANGE")
            .arg(key(LaneKey::Results))
            .arg("-")
            .arg("+"),
    );
    let results = reply::results(results).unwrap();
    let done: BTreeSet<Sequence> = results
        .iter()
        .map(|r| {
            String::from_utf8_lossy(&r.record)
                .strip_prefix("record of ")
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!(
        done.len(),
        results.len(),
        "{place}: two results of one entry"
    );
    assert!(
        queued.is_disjoint(&done),
        "{place}: {:?}",
        queued.intersection(&done)
    );
    let mut engine = trial.engine;
    engine.run = run.to_owned();
    let figures = engine.figures(0).unwrap();
    let accounted = queued.len() + done.len() + figures.collected as usize;
    assert_eq!(accounted as u64, figures.loaded, "{place}: {figures:?}");
    assert_eq!(
        figures.success,
        done.len() as u64 + figures.collected,
        "{place}"
    );
    let bytes: u64 = queued.iter().map(|&number| entry(number).size()).sum();
    assert_eq!(figures.queued_bytes, bytes, "{place}");
    let bytes: usize = results.iter().map(|result| result.record.len()).sum();
    assert_eq!(figures.result_bytes, bytes as u64, "{place}");
}
