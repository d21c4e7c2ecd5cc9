//! Servers that turn bad while a run is under way: each command says why it waits or ends, and no outcome is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{Member, World, slow_server, wait_until};

/// Asserts that what is left of a run is sent, and that each request then has one outcome.
fn assert_recovers(world: &World, list: &str) {
    world.finish("rest.jsonl");
    let files = ["out.jsonl", "rest.jsonl"];
    let files = files
        .into_iter()
        .filter(|name| world.folder.file(name).exists());
    let files: Vec<_> = files.collect();
    world.assert_exact(list, &files);
}

#[test]
fn a_slow_server_makes_a_run_slow_and_nothing_else() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = slow_server();
    let list = world.list(&server, 100);
    let proxy = RedisProxy::start(world.redis.socket(), |_| {
        Fate::Late(Duration::from_millis(60))
    });
    let load = world.fleet_at(&proxy.url, "load", &[&list, "--lease", "1s"]);
    load.done().exits(0);
    let worker = world.fleet_at(&proxy.url, "work", &[]).begin();
    let out = world.at("out.jsonl");
    let collector = world.fleet_at(&proxy.url, "collect", &["-o", &out]);
    let collector = collector.begin();
    worker.finish().exits(0);
    collector.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(server.requests(), 100);
}

/// Starts a worker whose server answers the step in this way, after some calls that it carries out.
fn worker_refused(world: &World, step: &'static str, reply: &'static str) -> Member {
    let calls = Arc::new(AtomicUsize::new(0));
    let proxy = RedisProxy::start(world.redis.socket(), move |call| {
        match call.step == step && calls.fetch_add(1, Ordering::SeqCst) > 0 {
            true => Fate::Reply(reply),
            false => Fate::Pass,
        }
    });
    world.fleet_at(&proxy.url, "work", &["-j", "2"]).begin()
}

#[test]
fn an_error_that_will_not_go_away_ends_the_worker_with_its_text() {
    let refuse = |step| {
        let server = slow_server();
        let Some((world, list)) = World::loaded(&server, 100) else {
            return;
        };
        let worker = worker_refused(&world, step, "-ERR the moon is full\r\n");
        let done = worker.finish().exits(2);
        done.says("the moon is full").says("redis://127.0.0.1:");
        assert_recovers(&world, &list);
    };
    thread::scope(|scope| {
        for step in ["settle", "beat", "lease"] {
            scope.spawn(move || refuse(step));
        }
    });
}

#[test]
fn an_error_that_goes_away_is_told_and_waited_for() {
    let server = slow_server();
    let Some((world, list)) = World::loaded(&server, 100) else {
        return;
    };
    let (settles, collects) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let proxy = RedisProxy::start(world.redis.socket(), move |call| {
        let calls = match call.step {
            "settle" => &settles,
            "collected" => &collects,
            _ => return Fate::Pass,
        };
        match calls.fetch_add(1, Ordering::SeqCst) {
            0..3 => Fate::Reply("-MISCONF errors writing to the AOF file\r\n"),
            _ => Fate::Pass,
        }
    });
    let worker = world.fleet_at(&proxy.url, "work", &[]).begin();
    let out = world.at("out.jsonl");
    let collector = world.fleet_at(&proxy.url, "collect", &["-o", &out]);
    let collector = collector.begin();
    let message = "haul: warning: ";
    for member in [worker, collector] {
        let done = member.finish().exits(0);
        done.says(message)
            .says("MISCONF errors writing to the AOF file");
    }
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(server.requests(), 100);
}

#[test]
fn a_server_that_becomes_a_replica_for_a_while_is_waited_for() {
    let server = slow_server();
    let Some((world, list)) = World::loaded(&server, 300) else {
        return;
    };
    let worker = world.work(&["-j", "2"]);
    let collector = world.collect("out.jsonl");
    server.wait_for_requests(60);
    world.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]);
    worker.wait_until_said("READONLY");
    world.ask::<()>(&["REPLICAOF", "NO", "ONE"]);
    worker.finish().exits(0);
    collector.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(server.requests(), 300);
}

#[test]
fn a_password_that_is_set_meanwhile_ends_the_worker_which_can_be_started_again() {
    let server = slow_server();
    let Some((world, list)) = World::loaded(&server, 300) else {
        return;
    };
    let worker = world.work(&["-j", "2"]);
    let collector = world.collect("out.jsonl");
    server.wait_for_requests(60);
    world.ask::<()>(&["CONFIG", "SET", "requirepass", "sesame"]);
    let authorized = |words: &[&str]| {
        let client = redis::Client::open(world.redis.url()).expect("a URL");
        let mut connection = client.get_connection().expect("a connection");
        for words in [&["AUTH", "sesame"], words] {
            let mut command = redis::cmd(words[0]);
            command.arg(&words[1..]);
            command.exec(&mut connection).expect("a reply");
        }
    };
    authorized(&["CLIENT", "KILL", "TYPE", "normal"]);
    for member in [worker, collector] {
        member
            .finish()
            .exits(2)
            .says("the server asks for a password");
    }
    authorized(&["CONFIG", "SET", "requirepass", ""]);
    assert_recovers(&world, &list);
}

#[test]
fn a_run_that_disappears_ends_all_its_commands() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = slow_server();
    let list = world.list(&server, 300);
    let loader = world.loading(&list, &["--max-queued", "100"]).begin();
    world.wait_for_run();
    let worker = world.work(&["-j", "2"]);
    let collector = world.collect("out.jsonl");
    wait_until("outcomes in a file", || {
        std::fs::metadata(world.folder.file("out.jsonl")).is_ok_and(|f| f.len() > 0)
    });
    world.ask::<()>(&["FLUSHALL"]);
    for member in [worker, collector, loader] {
        member
            .finish()
            .exits(2)
            .says("haul: the run \"r1\" was at ");
    }
}

#[test]
fn keys_that_another_program_overwrites_end_the_worker() {
    let server = slow_server();
    let Some((world, _)) = World::loaded(&server, 300) else {
        return;
    };
    let worker = world.work(&["-j", "2"]);
    server.wait_for_requests(60);
    world.ask::<()>(&["SET", "haul:{r1.0}:n", "x"]);
    let done = worker.finish().exits(2);
    done.says("that are no run of haul (use a new name)");
}
