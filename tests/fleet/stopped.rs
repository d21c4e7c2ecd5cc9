//! Workers that are stopped for a while, take long, or are told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use test_support::{Answer, Gate, Server};

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{LEASE, World, is_timed, path_of, text, wait_until};

/// Answers the first requests when the gate opens, and all further ones at once.
fn holding(gate: &Gate, first: usize) -> Server {
    let gate = gate.clone();
    Server::start(move |seen| match seen.number < first {
        true => Answer::text("late").behind(&gate),
        false => Answer::text("hello"),
    })
}

#[test]
fn a_worker_that_was_stopped_for_long_starts_nothing_and_settles_nothing() {
    let count = 60;
    let gate = Gate::closed();
    let server = holding(&gate, 4);
    let Some((world, list)) = World::loaded(&server, count) else {
        return;
    };
    let stopped = world.work(&["-j", "4"]);
    gate.wait_for(4);
    stopped.signal(Signal::STOP);
    let other = world.work(&["-j", "4"]);
    other.finish().exits(0);
    assert_eq!(server.requests(), count + 4);
    thread::sleep(LEASE);
    gate.open();
    stopped.signal(Signal::CONT);
    stopped.finish().exits(0);
    assert_eq!(server.requests(), count + 4, "nothing old was started");
    let status = world.status();
    assert_eq!((status.settled(), status.stale), (count as u64, 4));
    assert_eq!(status.reclaimed, count as u64);
    world.collect("out.jsonl").finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_request_may_outlast_leases_as_long_as_its_worker_lives() {
    let gate = Gate::closed();
    let server = holding(&gate, 1);
    let Some((world, _)) = World::loaded(&server, 1) else {
        return;
    };
    let workers = [world.work(&[]), world.work(&[])];
    gate.wait_for(1);
    thread::sleep(5 * LEASE);
    gate.open();
    for worker in workers {
        worker.finish().exits(0);
    }
    let status = world.status();
    assert_eq!((server.requests(), status.reclaimed), (1, 0));
}

#[test]
fn a_worker_without_beats_loses_its_requests_once() {
    let gate = Gate::closed();
    let server = holding(&gate, 1);
    let Some((world, list)) = World::loaded(&server, 1) else {
        return;
    };
    let is_cut = Arc::new(AtomicBool::new(false));
    let cut = Arc::clone(&is_cut);
    let proxy = RedisProxy::start(world.redis.socket(), move |call| {
        match call.step == "beat" && cut.load(Ordering::SeqCst) {
            true => Fate::LostCall,
            false => Fate::Pass,
        }
    });
    let worker = world.fleet_at(&proxy.url, "work", &[]).begin();
    gate.wait_for(1);
    is_cut.store(true, Ordering::SeqCst);
    world.work(&[]).finish().exits(0);
    gate.open();
    is_cut.store(false, Ordering::SeqCst);
    worker.finish().exits(0);
    let status = world.status();
    assert_eq!((server.requests(), status.reclaimed), (2, 1));
    assert_eq!((status.settled(), status.stale), (1, 1));
    world.collect("out.jsonl").finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_worker_that_is_told_to_end_hands_back_what_it_has_not_sent() {
    let count = 40;
    let gate = Gate::closed();
    let server = holding(&gate, 2);
    let Some((world, list)) = World::loaded(&server, count) else {
        return;
    };
    let mut ending = world.work(&["-j", "2", "--grace", "1h"]);
    gate.wait_for(2);
    ending.signal(Signal::TERM);
    // The others are sent while it waits for its last two.
    let other = world.work(&["-j", "2"]);
    let told = Instant::now();
    server.wait_for_requests(3);
    assert!(!is_timed() || told.elapsed() < Duration::from_secs(1));
    server.wait_for_requests(count);
    assert!(!ending.is_over());
    assert!(world.consumers() <= 3, "{}", world.consumers());
    gate.open();
    ending.finish().exits(143);
    other.finish().exits(0);
    assert_eq!(server.requests(), count, "none was sent twice");
    assert!(world.consumers() <= 1);
    let status = world.status();
    assert_eq!((status.reclaimed, status.stale), (0, 0));
    assert!(status.workers.is_empty(), "{status:?}");
    world.collect("out.jsonl").finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn what_outlasts_the_grace_is_cut_off_and_sent_elsewhere_if_it_may() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let gate = Gate::closed();
    let server = holding(&gate, 2);
    let line = |method: &str| json!({"url": server.url("/a"), "method": method}).to_string();
    let list = world.list_of(["GET", "POST"].map(line));
    world.load(&list, &[]);
    let ending = world.work(&["-j", "2", "--grace", "300ms"]);
    gate.wait_for(2);
    ending.signal(Signal::INT);
    let told = Instant::now();
    ending.finish().exits(130);
    assert!(!is_timed() || told.elapsed() < Duration::from_secs(1));
    let records = world.finish("out.jsonl");
    for record in &records {
        match text(record, "method") {
            "POST" => assert_eq!(text(record, "error_type"), "interrupted", "{record}"),
            _ => assert_eq!(record["status"], 200, "{record}"),
        }
    }
    assert_eq!(server.requests(), 3);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_worker_that_ends_without_its_server_tells_how_many_outcomes_were_not_settled() {
    let server = Server::always(Answer::text("hello"));
    let Some((world, list)) = World::loaded(&server, 3) else {
        return;
    };
    let proxy = RedisProxy::start(world.redis.socket(), |call| match call.step {
        "settle" => Fate::LostCall,
        _ => Fate::Pass,
    });
    let ending = world
        .fleet_at(&proxy.url, "work", &["--grace", "100ms"])
        .begin();
    server.wait_for_requests(3);
    thread::sleep(LEASE / 2);
    ending.signal(Signal::TERM);
    let ended = ending.finish().exits(143);
    ended.says("r1: outcomes that the server did not take before the worker ended: 3 (their requests are sent again");
    world.finish("out.jsonl");
    assert_eq!(server.requests(), 6);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_paused_run_sends_nothing_until_it_is_resumed() {
    let server = Server::always(Answer::text("hello"));
    let Some((world, list)) = World::loaded(&server, 20) else {
        return;
    };
    world.fleet("pause", &[]).done().exits(0).says("paused");
    let mut worker = world.work(&[]);
    wait_until("a worker", || !world.status().workers.is_empty());
    thread::sleep(Duration::from_millis(700));
    assert!(server.requests() == 0 && !worker.is_over());
    world.fleet("resume", &[]).done().exits(0);
    worker.finish().exits(0);
    world.collect("out.jsonl").finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_run_that_was_loaded_during_a_pause_ends_after_it() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 100);
    let proxy = RedisProxy::start(world.redis.socket(), |call| match call.step {
        "load" => Fate::LostCall,
        _ => Fate::Pass,
    });
    let killed = world
        .fleet_at(&proxy.url, "load", &[&list, "--lease", "1s"])
        .begin();
    world.wait_for_run();
    killed.kill();
    world.fleet("pause", &[]).done().exits(0);
    world.load(&list, &[]);
    let worker = world.work(&[]);
    world.fleet("resume", &[]).done().exits(0);
    worker.finish().exits(0);
    assert_eq!(
        (world.status().phase.as_str(), server.requests()),
        ("over", 100)
    );
}

#[test]
fn another_input_that_is_refused_during_a_pause_leaves_the_run_as_it_was() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 20);
    world.load(&list, &[]);
    world.fleet("pause", &[]).done().exits(0);
    let other = world.list_of([server.url("/other")]);
    let refused = world.fleet("load", &[&other, "--lease", "1s"]);
    let refused = refused.done().exits(2);
    refused.says("not the input that r1 has loaded");
    world.fleet("resume", &[]).done().exits(0);
    world.work(&[]).finish().exits(0);
    assert_eq!(
        (world.status().phase.as_str(), server.requests()),
        ("over", 20)
    );
}

#[test]
fn a_cancelled_run_ends_for_all_and_keeps_what_was_sent() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let gate = Gate::closed();
    let server = holding(&gate, 2);
    let list = world.list(&server, 300);
    let loader = world.loading(&list, &["--max-queued", "100"]).begin();
    world.wait_for_run();
    let worker = world.work(&["-j", "2"]);
    let collector = world.collect("out.jsonl");
    gate.wait_for(2);
    world.fleet("cancel", &[]).done().exits(0).says("cancelled");
    gate.open();
    worker.finish().exits(4).says("the run was cancelled");
    collector.finish().exits(4).says("the run was cancelled");
    loader.finish().exits(4).says("was cancelled");
    let sent: Vec<String> = server.paths();
    let mut recorded = world.records("out.jsonl");
    recorded.retain(|record| record["outcome"] == "success");
    assert_eq!(recorded.len(), sent.len());
    assert!(
        recorded
            .iter()
            .all(|r| sent.iter().any(|p| p == path_of(r)))
    );
    let refused = world.fleet("resume", &[]).done().exits(4);
    refused.says("was cancelled");
    world.fleet("remove", &[]).done().exits(0).says("removed");
    let keys: Vec<String> = world.ask(&["KEYS", "haul:{r1.*"]);
    assert!(keys.is_empty(), "{keys:?}");
}
