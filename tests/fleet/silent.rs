//! Servers that take calls and do not answer, with the shortest lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use test_support::{Answer, Gate, Server};

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{LEASE, RUN, World, most_hits, wait_until};

#[test]
fn starts_do_not_wait_for_a_limiter_that_is_silent() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    // Fewer than a worker hands back of a host that takes long.
    let count = 40;
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, count);
    let load = world.fleet("load", &[&list, "--rate", "1000/s", "--lease", "30s"]);
    load.done().exits(0);
    let questions = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&questions);
    let proxy = RedisProxy::start(world.redis.socket(), move |call| match call.step {
        "permit" => {
            asked.fetch_add(1, Ordering::SeqCst);
            Fate::Silence
        }
        _ => Fate::Pass,
    });
    let worker = world.fleet_at(&proxy.url, "work", &[]).begin();
    worker.finish().exits(0).says("no slots from the server");
    world.collect("out.jsonl").finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!((server.requests(), most_hits(&server)), (count, 1));
    let asked = questions.load(Ordering::SeqCst);
    assert!(asked < count / 4, "{asked} questions for {count} starts");
}

#[test]
fn a_beat_without_a_reply_is_followed_by_others_before_the_lease_is_over() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let gate = Gate::closed();
    let behind = gate.clone();
    let server = Server::start(move |_| Answer::text("hello").behind(&behind));
    let list = world.list(&server, 2);
    world.load(&list, &[]);
    let beats = AtomicUsize::new(0);
    let proxy = RedisProxy::start(world.redis.socket(), move |call| match call.step {
        // The first one joins.
        "beat" if beats.fetch_add(1, Ordering::SeqCst) % 3 == 1 => Fate::Silence,
        _ => Fate::Pass,
    });
    let worker = world.fleet_at(&proxy.url, "work", &["-j", "2"]).begin();
    gate.wait_for(2);
    let other = world.work(&[]);
    thread::sleep(4 * LEASE);
    gate.open();
    for member in [worker, other] {
        member.finish().exits(0);
    }
    let status = world.status();
    assert_eq!((status.reclaimed, status.stale), (0, 0));
    assert_eq!((server.requests(), most_hits(&server)), (2, 1));
}

#[test]
fn a_pause_that_the_server_was_not_told_of_is_told_later() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let limited = Server::always(Answer::status(429).header("Retry-After", "30"));
    // Questions about this host give the limiter an occasion.
    let server = Server::always(Answer::text("hello"));
    let others = (0..40).map(|number| server.url(&format!("/{number}")));
    let list = world.list_of([limited.url("/")].into_iter().chain(others));
    world.load(&list, &["--retry", "0", "--rate-per-host", "20/s"]);
    let told = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&told);
    let proxy = RedisProxy::start(world.redis.socket(), move |call| match call.step {
        "cool" if calls.fetch_add(1, Ordering::SeqCst) == 0 => Fate::LostCall,
        _ => Fate::Pass,
    });
    let worker = world.fleet_at(&proxy.url, "work", &[]).begin();
    worker.wait_until_said("the other workers were not told of a pause");
    wait_until("a second call", || told.load(Ordering::SeqCst) > 1);
    let limit = format!("haul:{{{RUN}:http://{}}}:g", limited.address());
    wait_until("a pause", || {
        let times = world.ask::<String>(&["GET", &limit]);
        let pause = times.split(['|', ':']).nth(1);
        pause.and_then(|end| end.parse().ok()) > Some(0_u64)
    });
    worker.finish().exits(0);
    assert_eq!((server.requests(), limited.requests()), (40, 1));
}
