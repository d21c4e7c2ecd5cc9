//! Runs in which nothing goes wrong.

use test_support::{Answer, Server};

use crate::world::{World, most_hits, scaled};

#[test]
fn three_workers_give_each_request_one_outcome() {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let count = scaled(1500);
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, count);
    world.load(&list, &[]);
    let workers: Vec<_> = (0..3).map(|_| world.work(&["-j", "8"])).collect();
    let collector = world.collect("out.jsonl");
    for worker in workers {
        worker.finish().exits(0);
    }
    collector.finish().exits(0);
    assert_eq!(world.assert_exact(&list, &["out.jsonl"]).len(), count);
    assert_eq!((server.requests(), most_hits(&server)), (count, 1));
    world.assert_over(count);
    let status = world.status();
    assert_eq!((status.rejected, status.failed, status.stale), (0, 0, 0));
}

#[test]
fn several_lanes_and_collectors_share_a_run() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let count = scaled(300);
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, count);
    let collectors = [world_collects(&world, &list), world.collect("b.jsonl")];
    let workers = [world.work(&[]), world.work(&[])];
    for member in workers.into_iter().chain(collectors) {
        member.finish().exits(0);
    }
    let records = world.assert_exact(&list, &["a.jsonl", "b.jsonl"]);
    assert_eq!((records.len(), server.requests()), (count, count));
}

/// Loads a list into several lanes, and starts a collector.
fn world_collects(world: &World, list: &str) -> crate::world::Member {
    world.load(list, &["--lanes", "4"]);
    world.collect("a.jsonl")
}

#[test]
fn failures_have_a_log_of_their_own_that_a_run_reads() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::start(|seen| match seen.last_number() {
        Some(number) if number % 2 == 0 => Answer::reset(),
        _ => Answer::text("hello"),
    });
    let list = world.list(&server, 10);
    world.load(&list, &["--retry", "0"]);
    let (out, log) = (world.at("out.jsonl"), world.at("failures.jsonl"));
    let collector = world.fleet("collect", &["-o", &out, "--failures", &log]);
    let collector = collector.begin();
    world.work(&[]).finish().exits(0);
    collector.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(world.records("failures.jsonl").len(), 5);
    crate::command::haul(["--dry-run", &log]).done().exits(0);
}
