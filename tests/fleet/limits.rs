//! Limits that hold for all workers together.
//!
//! What depends on time is asserted in the crate, in virtual time. Here are counts, and with `HAUL_SCALE` the times too.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use test_support::{Answer, Scenario, Seen, Server, free_port};

use crate::world::{LEASE, World, is_timed, scaled, text, wait_until};

/// Times at which requests came, in order.
fn times(server: &Server) -> Vec<Instant> {
    let mut times: Vec<_> = server.seen().iter().map(|seen| seen.at).collect();
    times.sort_unstable();
    times
}

#[test]
fn four_workers_keep_a_rate_together_although_redis_is_killed() {
    let Some(mut world) = World::on_disk() else {
        return;
    };
    let count = if is_timed() { 3_000 } else { 120 };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, count);
    let rate = ["--rate", "50/s", "--burst", "5", "--lease", "10s"];
    let load = world.fleet("load", &[&list]).and(rate);
    world.write_no_more();
    load.done().exits(0);
    world.write_to_disk();
    let workers: Vec<_> = (0..4).map(|_| world.work(&[])).collect();
    let collector = world.collect("out.jsonl");
    server.wait_for_requests(count / 2);
    world.redis.kill();
    // The starts that were granted, and then those that each worker gives itself.
    server.wait_for_requests(count / 2 + 10);
    world.redis.run();
    for member in workers.into_iter().chain([collector]) {
        member.finish().exits(0);
    }
    world.assert_exact(&list, &["out.jsonl"]);
    let times = times(&server);
    let whole = times[times.len() - 1] - times[0];
    let shortest = (count - 7) as f64 / 50.0;
    assert!(whole.as_secs_f64() > shortest - 1.0, "{whole:?}");
    if !is_timed() {
        return;
    }
    assert!(whole.as_secs_f64() < shortest / 0.95 + 10.0, "{whole:?}");
    for (first, begin) in times.iter().enumerate() {
        for (number, at) in (1..).zip(&times[first..]) {
            let allowed = (*at - *begin).as_secs_f64() * 50.0 + 7.0;
            assert!(
                f64::from(number) <= allowed,
                "{number} in {:?}",
                *at - *begin
            );
        }
    }
}

#[test]
fn two_workers_keep_rates_for_two_windows_together() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 60);
    world.load(&list, &["--rate-per-host", "40/s,15/m"]);
    let workers = [world.work(&[]), world.work(&[])];
    server.wait_for_requests(15);
    // Time for as many again by the rate of a second alone.
    thread::park_timeout(Duration::from_secs(1));
    assert_eq!(server.requests(), 15);
    world.fleet("cancel", &[]).done().exits(0);
    for worker in workers {
        worker.finish().exits(4);
    }
}

#[test]
fn workers_divide_the_requests_at_once_of_a_host() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello").after(Duration::from_millis(20)));
    let list = world.list(&server, scaled(120));
    world.load(&list, &["--jobs-per-host", "4"]);
    world.fleet("pause", &[]).done().exits(0);
    let workers = [world.work(&["-j", "16"]), world.work(&["-j", "16"])];
    wait_until("two workers", || world.status().workers.len() == 2);
    // Each worker hears of the other one with its next beat.
    thread::park_timeout(LEASE);
    world.fleet("resume", &[]).done().exits(0);
    server.wait_for_requests(scaled(60));
    assert!(server.most_at_once() <= 4, "two of each worker");
    let [first, second] = workers;
    first.signal(Signal::TERM);
    first.finish().exits(143);
    let collector = world.collect("out.jsonl");
    second.finish().exits(0);
    collector.finish().exits(0);
    assert_eq!(server.most_at_once(), 4, "four of the worker that is left");
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn hosts_without_a_limit_do_not_wait_behind_one_with_a_low_rate() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let (limited, hosts) = (scaled(600), 21);
    let server = Scenario::new()
        .on("*", Answer::text("hello"))
        .hosts(hosts)
        .start();
    // The worst order: those of the limited host are first.
    let lines = (0..limited).map(|number| server.url_on(0, &format!("/limited/{number}")));
    let others = (1..hosts).map(|host| server.url_on(host, &format!("/other/{host}")));
    let list = world.list_of(lines.chain(others));
    world.load(&list, &["--rate-per-host", "1/s"]);
    let worker = world.work(&["-j", "4"]);
    let of = |server: &Server, host| {
        server
            .seen()
            .iter()
            .filter(|seen| seen.host == host)
            .count()
    };
    wait_until("the other hosts", || {
        (1..hosts).all(|host| of(&server, host) == 1)
    });
    let of_limited = of(&server, 0);
    assert!(
        of_limited <= 60,
        "{of_limited} of {limited} were sent before"
    );
    world.fleet("cancel", &[]).done().exits(0);
    worker.finish().exits(4);
}

#[test]
fn a_pause_that_one_worker_was_asked_for_reaches_all() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    // Seconds of the pause, and the time in which other workers hear of it.
    let (pause, heard) = if is_timed() { (5, 0.5) } else { (3, 1.5) };
    let asked: Arc<OnceLock<Instant>> = Arc::default();
    let asks = Arc::clone(&asked);
    let server = Scenario::new()
        .when("*", move |seen: &Seen| {
            let answer = Answer::text("hello").after(Duration::from_millis(20));
            if seen.host == 0 && seen.last_number() == Some(10) && asks.set(seen.at).is_ok() {
                return Answer::status(429).header("Retry-After", pause.to_string());
            }
            answer
        })
        .hosts(2)
        .start();
    let lines = (0..scaled(400)).map(|number| server.url_on(number % 2, &format!("/{number}")));
    let list = world.list_of(lines);
    world.load(&list, &[]);
    let workers: Vec<_> = (0..3).map(|_| world.work(&["-j", "2"])).collect();
    let collector = world.collect("out.jsonl");
    wait_until("a 429", || asked.get().is_some());
    wait_until("a host that waits", || {
        !world.status().waiting_hosts.is_empty()
    });
    for member in workers.into_iter().chain([collector]) {
        member.finish().exits(0);
    }
    let records = world.assert_exact(&list, &["out.jsonl"]);
    assert!(
        records
            .iter()
            .all(|record| text(record, "outcome") == "success")
    );
    let begin = *asked.get().expect("it was asked");
    let after = |host: usize| {
        let seen = server
            .seen()
            .into_iter()
            .filter(move |seen| seen.host == host);
        let after =
            seen.filter_map(move |seen| Some(seen.at.checked_duration_since(begin)?.as_secs_f64()));
        after.collect::<Vec<f64>>()
    };
    let early = after(0)
        .into_iter()
        .filter(|at| *at > heard && *at < f64::from(pause));
    assert_eq!(early.count(), 0, "{:?}", after(0));
    let others = after(1).into_iter().filter(|at| *at < f64::from(pause));
    assert!(others.count() > 100, "{:?}", after(1));
    assert_eq!(world.status().waiting_hosts, []);
}

#[test]
fn a_broken_route_of_one_worker_does_not_stop_the_fleet() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello").after(Duration::from_millis(5)));
    let count = scaled(600);
    let name = format!("haul.test:{}", server.address().port());
    let list = world.list_of((0..count).map(|number| format!("http://{name}/{number}")));
    world.load(
        &list,
        &["--breaker", "--retry", "30", "--retry-delay", "100ms"],
    );
    let good = format!("haul.test:{}:127.0.0.1", server.address().port());
    // No server listens there.
    let broken = format!("haul.test:{}:127.0.0.99", server.address().port());
    let mut workers = vec![world.work(&["-j", "8", "--resolve", &broken])];
    wait_until("the worker with the broken route", || {
        !world.status().workers.is_empty()
    });
    workers.extend((0..3).map(|_| world.work(&["-j", "4", "--resolve", &good])));
    let collector = world.collect("out.jsonl");
    for member in workers.into_iter().chain([collector]) {
        member.finish().exits(0);
    }
    let records = world.assert_exact(&list, &["out.jsonl"]);
    let mut outcomes = BTreeMap::<&str, usize>::new();
    for record in &records {
        *outcomes.entry(text(record, "outcome")).or_default() += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([("success", count)]));
    assert_eq!(server.requests(), count);
}

#[test]
fn a_target_that_is_down_is_left_alone_and_its_requests_wait() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let nobody = free_port();
    let lines = (0..scaled(300)).map(|number| format!("http://127.0.0.1:{nobody}/{number}"));
    let list = world.list_of(lines);
    world.load(&list, &["--breaker", "--retry", "0"]);
    let workers: Vec<_> = (0..3).map(|_| world.work(&["-j", "4"])).collect();
    wait_until("a host that rests", || {
        !world.status().waiting_hosts.is_empty()
    });
    let failed = world.status().failed;
    assert!(
        failed <= 60,
        "{failed} requests failed before the host rested"
    );
    world.fleet("cancel", &[]).done().exits(0);
    for worker in workers {
        worker.finish().exits(4);
    }
    let status = world.status();
    assert!(status.remaining() > 200, "{status:?}");
}

#[test]
fn loading_waits_while_the_memory_of_redis_is_seventy_percent_full() {
    let Some(world) = World::start(&["--maxmemory", "100mb"]) else {
        return;
    };
    let filler = "x".repeat(1 << 20);
    for number in 0..75 {
        let _: () = world.ask(&["SET", &format!("filler:{number}"), &filler]);
    }
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 10);
    let loader = world.loading(&list, &[]).begin();
    wait_until("a run", || {
        world.ask::<u64>(&["EXISTS", "haul:{r1.0}:m"]) == 1
    });
    thread::park_timeout(Duration::from_millis(200));
    assert_eq!(world.entries_added(), 0);
    for number in 0..75 {
        let _: () = world.ask(&["DEL", &format!("filler:{number}")]);
    }
    loader.finish().exits(0);
    assert_eq!(world.entries_added(), 10);
}
