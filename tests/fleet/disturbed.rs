//! Servers whose owner changes something during a run: connections that are ended, rights that are taken away, memory
//! that is short.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::world::{LOGIN, World, most_hits, slow_server};

#[test]
fn connections_that_are_ended_again_and_again_lose_nothing() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let (count, server) = (400, slow_server());
    let list = world.list(&server, count);
    let loader = world.loading(&list, &["--max-queued", "50"]).begin();
    world.wait_for_run();
    let collector = world.collect("out.jsonl");
    let workers = [0, 1].map(|_| world.work(&["-j", "2"]));
    server.wait_for_requests(20);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                world.ask::<u64>(&["CLIENT", "KILL", "TYPE", "normal"]);
                thread::sleep(Duration::from_millis(20));
            }
        });
        let ended = [loader].into_iter().chain(workers).chain([collector]);
        let ended = ended.map(|member| member.finish());
        let ended: Vec<_> = ended.collect();
        is_over.store(true, Ordering::SeqCst);
        for done in ended {
            done.exits(0);
        }
    });
    world.assert_exact(&list, &["out.jsonl"]);
    world.assert_over(count);
    assert!(most_hits(&server) <= 2);
}

/// Takes a right away during a run, and asserts that its commands end with a message that names it, and that nothing is
/// lost when others go on later.
fn runs_without(right: &str, members: &[&str]) {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let server = slow_server();
    let list = world.list(&server, 300);
    world.load(&list, &[]);
    let worker = world.work(&["-j", "2"]);
    let collector = world.collect("out.jsonl");
    server.wait_for_requests(60);
    let (user, rule) = (LOGIN.0, format!("-{right}"));
    world.ask::<()>(&["ACL", "SETUSER", user, &rule]);
    let message = format!("the user may not run {} ", right.to_ascii_uppercase());
    for (name, member) in [("work", worker), ("collect", collector)] {
        if members.contains(&name) {
            let done = member.finish().exits(2);
            done.says(&message).says(&world.redis.url());
        }
    }
    world.ask::<()>(&["ACL", "SETUSER", user, &format!("+{right}")]);
    world.finish("rest.jsonl");
    world.assert_exact(&list, &["out.jsonl", "rest.jsonl"]);
    assert!(most_hits(&server) <= 2);
}

#[test]
fn a_worker_that_may_not_run_evalsha_any_more_says_so() {
    runs_without("evalsha", &["work", "collect"]);
}

#[test]
fn a_worker_that_may_not_run_xack_any_more_says_so() {
    runs_without("xack", &["work"]);
}

#[test]
fn a_worker_that_may_not_run_xreadgroup_any_more_says_so() {
    runs_without("xreadgroup", &["work", "collect"]);
}

#[test]
fn a_worker_that_may_not_run_xadd_any_more_says_so() {
    runs_without("xadd", &["work"]);
}

#[test]
fn a_worker_that_may_not_run_zadd_any_more_says_so() {
    runs_without("zadd", &["work"]);
}

#[test]
fn a_database_that_the_server_does_not_have_is_named() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    let url = format!("{}?db=99", world.redis.url());
    for (command, options) in [
        ("load", vec![list.as_str()]),
        ("work", vec![]),
        ("status", vec![]),
        ("remove", vec![]),
    ] {
        let done = world.fleet_at(&url, command, &options).done().exits(2);
        done.says(&url).says("DB index is out of range");
    }
}

#[test]
fn outcomes_are_settled_and_collected_while_the_memory_is_used_up() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let (count, server) = (300, slow_server());
    let list = world.list(&server, count);
    let loader = world.loading(&list, &["--max-queued", "100"]).begin();
    world.wait_for_run();
    let worker = world.work(&["-j", "2"]);
    server.wait_for_requests(20);
    world.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    let collector = world.collect("out.jsonl");
    // All that the queue holds is sent and settled; the loader waits.
    let before = world.status();
    server.wait_for_requests(before.settled() as usize + before.leased as usize);
    crate::world::wait_until("an empty queue", || world.status().remaining() == 0);
    let status = world.status();
    assert!(status.loaded < count as u64 && status.settled() == status.loaded);
    world.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    for member in [loader, worker, collector] {
        member.finish().exits(0);
    }
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!((server.requests(), most_hits(&server)), (count, 1));
}
