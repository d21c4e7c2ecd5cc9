//! Servers that are killed, held up, or fall silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use haul::Client;
use haul::fleet::{Fleet, FleetEnd, Worker};

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{LEASE, RUN, World, is_timed, most_hits, scaled, slow_server};

#[test]
fn a_server_that_is_killed_again_and_again_loses_nothing() {
    let Some(mut world) = World::with_login(&["--appendonly", "yes"]) else {
        return;
    };
    let (count, kills) = (scaled(600), scaled(3));
    let server = slow_server();
    let list = world.list(&server, count);
    let loader = world.loading(&list, &[]).begin();
    world.wait_for_run();
    let collector = world.collect("out.jsonl");
    let workers = [world.work(&["-j", "4"]), world.work(&["-j", "4"])];
    for kill in 1..=kills {
        server.wait_for_requests(kill * count / (kills + 1));
        world.redis.kill();
        thread::sleep(Duration::from_millis(300));
        world.redis.run();
    }
    loader.finish().exits(0);
    for worker in workers {
        worker.finish().exits(0);
    }
    collector.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(world.status().settled(), count as u64);
}

#[test]
fn workers_outlast_a_server_that_is_held_up_and_one_that_is_away() {
    let Some(mut world) = World::on_disk() else {
        return;
    };
    let count = scaled(400);
    let server = slow_server();
    let list = world.list(&server, count);
    let loader = world.loading(&list, &[]).begin();
    world.wait_for_run();
    let collector = world.collect("out.jsonl");
    let workers = [world.work(&["-j", "2"]), world.work(&["-j", "2"])];
    server.wait_for_requests(count / 4);
    world.redis.suspend();
    thread::sleep(2 * LEASE);
    world.redis.resume();
    server.wait_for_requests(count / 2);
    world.redis.kill();
    thread::sleep(3 * LEASE);
    world.redis.run();
    loader.finish().exits(0);
    for worker in workers {
        worker.finish().exits(0);
    }
    collector.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    let status = world.status();
    // A worker that gets no processor for a lease cannot tell that it lives: only then is a request sent again.
    let again = server.requests() - count;
    assert!(again as u64 <= status.reclaimed, "{again}: {status:?}");
    if is_timed() {
        assert_eq!((status.reclaimed, status.stale), (0, 0));
    }
}

#[test]
fn a_server_that_forgets_scripts_pauses_and_sleeps_loses_nothing() {
    let Some(world) = World::start(&["--enable-debug-command", "yes"]) else {
        return;
    };
    let count = scaled(500);
    let server = slow_server();
    let list = world.list(&server, count);
    world.load(&list, &[]);
    let collector = world.collect("out.jsonl");
    let workers = [0, 1, 2].map(|_| world.work(&["-j", "2"]));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                world.ask::<()>(&["SCRIPT", "FLUSH"]);
                thread::sleep(Duration::from_millis(10));
            }
        });
        server.wait_for_requests(count / 4);
        world.ask::<()>(&["CLIENT", "PAUSE", "700", "ALL"]);
        server.wait_for_requests(count / 2);
        world.ask::<()>(&["DEBUG", "SLEEP", "2"]);
        for worker in workers {
            worker.finish().exits(0);
        }
        collector.finish().exits(0);
        is_over.store(true, Ordering::SeqCst);
    });
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!((server.requests(), most_hits(&server)), (count, 1));
    world.assert_over(count);
}

#[test]
fn each_kind_of_step_may_lose_its_call_and_its_reply() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let count = scaled(200);
    let server = slow_server();
    let list = world.list(&server, count);
    let calls = AtomicUsize::new(0);
    let proxy = RedisProxy::start(world.redis.socket(), move |call| {
        let number = calls.fetch_add(1, Ordering::SeqCst);
        // A server that does not answer the first step of a command is told at once.
        match number % 7 {
            _ if call.step == "info" => Fate::Pass,
            2 => Fate::LostCall,
            5 => Fate::LostReply,
            _ => Fate::Pass,
        }
    });
    let at_proxy = |command: &str, options: &[&str]| world.fleet_at(&proxy.url, command, options);
    let loader = at_proxy("load", &[&list, "--lease", "1s", "--max-queued", "50"]).begin();
    world.wait_for_run();
    let collector = at_proxy("collect", &["-o", &world.at("out.jsonl")]).begin();
    let workers = [0, 1].map(|_| at_proxy("work", &["-j", "2"]).begin());
    loader.finish().exits(0);
    for worker in workers {
        worker.finish().exits(0);
    }
    collector.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    let (settled, added) = (world.status().settled(), world.entries_added());
    assert_eq!((settled, added), (count as u64, count as u64));
}

#[test]
fn a_connection_that_falls_silent_is_replaced() {
    let count = scaled(200);
    let server = slow_server();
    let Some((world, list)) = World::loaded(&server, count) else {
        return;
    };
    let silent = Arc::new(AtomicBool::new(false));
    let is_silent = Arc::clone(&silent);
    let proxy = RedisProxy::start(world.redis.socket(), move |_| {
        match is_silent.load(Ordering::SeqCst) {
            true => Fate::Silence,
            false => Fate::Pass,
        }
    });
    let builder =
        Fleet::builder(&proxy.url).timeouts(Duration::from_millis(500), Duration::from_millis(500));
    let run = builder.connect().and_then(|fleet| fleet.run(RUN)).unwrap();
    let client = Client::builder().workers(2).build().unwrap();
    let end = thread::scope(|scope| {
        let worker = scope.spawn(|| Worker::new(&run, client).run());
        server.wait_for_requests(count / 2);
        silent.store(true, Ordering::SeqCst);
        thread::sleep(2 * LEASE);
        silent.store(false, Ordering::SeqCst);
        worker.join().expect("no panic")
    });
    assert_eq!(end.unwrap().end(), FleetEnd::Complete);
    world.collect("out.jsonl").finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!((server.requests(), most_hits(&server)), (count, 1));
    world.assert_over(count);
}
