//! `haul fleet status` while workers die, and `--watch` until the end of a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use test_support::{Answer, Server};

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{RUN, World, wait_until};

/// Run with leases of this length and a worker that was killed with its requests.
fn with_a_dead_worker(lease: &str) -> Option<World> {
    let world = World::start(&[])?;
    let server = Server::start(|_| Answer::never());
    let list = world.list(&server, 3);
    let options = [&*list, "--lease", lease];
    world.fleet("load", &options).done().exits(0);
    let worker = world.work(&[]);
    server.wait_for_requests(3);
    worker.kill();
    Some(world)
}

#[test]
fn a_worker_is_shown_as_silent_before_its_requests_go_to_others() {
    let Some(world) = with_a_dead_worker("6s") else {
        return;
    };
    wait_until("a silent worker", || world.status().workers[0].is_silent);
    let status = world.status();
    assert_eq!((status.leased, status.reclaimed), (3, 0));
    let shown = world.fleet("status", &[]).done().exits(0).stdout;
    let mut lines = shown
        .lines()
        .skip_while(|line| !line.starts_with("workers"));
    assert_eq!(lines.next(), Some("workers   1, 1 of them silent"));
    let worker = lines.next().unwrap_or_default();
    assert!(worker.ends_with(" s ago: silent"), "{worker}");
    let json = world.fleet("status", &["--json"]).done().exits(0).stdout;
    assert!(json.contains("\"silent\":true"), "{json}");
    let metrics = world.fleet("status", &["--prom"]).done().exits(0).stdout;
    let metric = format!("haul_fleet_workers_silent{{run=\"{RUN}\"}} 1\n");
    assert!(metrics.contains(&metric), "{metrics}");
}

#[test]
fn a_watch_ends_after_a_cancel_though_a_worker_died_with_requests() {
    let Some(world) = with_a_dead_worker("1s") else {
        return;
    };
    // The time between two screens is longer than a lease.
    let watches = ["100ms", "3s"].map(|every| {
        let options = ["--watch", every, "--json"];
        world.fleet("status", &options).begin()
    });
    world.fleet("cancel", &[]).done().exits(0);
    for watch in watches {
        let shown = watch.finish().exits(0).stdout;
        let last = shown.lines().last().unwrap_or_default();
        assert!(last.contains("\"leased\":3,"), "{last}");
    }
}

#[test]
fn a_collector_ends_as_cancelled_when_a_run_that_is_over_is_removed() {
    let server = Server::always(Answer::text("hello"));
    let Some((world, _)) = World::loaded(&server, 3) else {
        return;
    };
    world.work(&[]).finish().exits(0);
    let (asks, goes_on) = (Arc::default(), Arc::default());
    let flags: (Arc<AtomicBool>, Arc<AtomicBool>) = (Arc::clone(&asks), Arc::clone(&goes_on));
    let proxy = RedisProxy::start(world.redis.socket(), move |call| {
        if call.step == "xreadgroup" {
            flags.0.store(true, Ordering::SeqCst);
            while !flags.1.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
        }
        Fate::Pass
    });
    let options = ["-o", &world.at("out.jsonl")];
    let collector = world.fleet_at(&proxy.url, "collect", &options).begin();
    wait_until("a collector", || asks.load(Ordering::SeqCst));
    let remove = world.fleet("remove", &[]).begin();
    let facts = format!("haul:{{{RUN}.0}}:m");
    wait_until("a cancel", || {
        let state: Option<String> = world.ask(&["HGET", &facts, "state"]);
        state.is_none_or(|state| state == "cancel")
    });
    goes_on.store(true, Ordering::SeqCst);
    remove.finish().exits(0);
    collector
        .finish()
        .exits(4)
        .says("haul: r1: the run was cancelled");
    assert_eq!(world.records("out.jsonl").len(), 3);
}
