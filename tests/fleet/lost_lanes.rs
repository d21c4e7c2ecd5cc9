//! Runs of which the server lost a part, or all.

use test_support::{Answer, Server};

use crate::world::{RUN, World, wait_until};

/// Loads a run with four lanes.
fn with_lanes(server: &Server) -> Option<World> {
    let world = World::start(&[])?;
    let list = world.list(server, 40);
    world.load(&list, &["--lanes", "4"]);
    Some(world)
}

fn remove(world: &World) {
    world.fleet("remove", &[]).done().exits(0).says("removed");
    let keys: Vec<String> = world.ask(&["KEYS", "haul:{r1.*"]);
    assert!(keys.is_empty(), "{keys:?}");
}

#[test]
fn a_lost_lane_is_named_and_ends_a_collector_and_the_run_can_be_removed() {
    let server = Server::always(Answer::text("hello"));
    for key in ["m", "q", "out"] {
        let Some(world) = with_lanes(&server) else {
            return;
        };
        let collector = world.collect("out.jsonl");
        wait_until("a file", || {
            std::path::Path::new(&world.at("out.jsonl")).exists()
        });
        world.ask::<()>(&["DEL", &format!("haul:{{{RUN}.3}}:{key}")]);
        let told = "lane 3 of the run \"r1\" is lost";
        collector.finish().exits(2).says(told);
        world.fleet("status", &[]).done().exits(2).says(told);
        remove(&world);
    }
}

#[test]
fn a_run_with_lost_counters_can_be_removed() {
    let server = Server::always(Answer::text("hello"));
    let Some(world) = with_lanes(&server) else {
        return;
    };
    world.ask::<()>(&["DEL", &format!("haul:{{{RUN}.3}}:n")]);
    world.work(&[]).finish();
    let status = world.fleet("status", &[]).done();
    status.exits(2).says("lane 3 of the run \"r1\" is lost");
    remove(&world);
}

#[test]
fn a_run_that_cannot_be_opened_can_be_removed() {
    let server = Server::always(Answer::text("hello"));
    let facts = format!("haul:{{{RUN}.0}}:m");
    for damage in [
        &["DEL", &facts][..],
        &["HSET", &facts, "lanes", "many"],
        &["HSET", &facts, "args", "?"],
        &["HDEL", &facts, "v"],
    ] {
        let Some(world) = with_lanes(&server) else {
            return;
        };
        world.ask::<()>(damage);
        world.fleet("status", &[]).done().exits(2);
        remove(&world);
        world.fleet("remove", &[]).done().exits(2).says("no run");
    }
}

#[test]
fn keys_of_another_program_are_not_removed() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let facts = format!("haul:{{{RUN}.0}}:m");
    for command in [["HSET", &facts, "other", "1"], ["LPUSH", "x", "y", "z"]] {
        world.ask::<()>(&command);
    }
    let refused = world.fleet("remove", &[]).done();
    refused.exits(2);
    assert!(world.ask::<bool>(&["EXISTS", &facts]));
}

#[test]
fn members_of_a_run_that_is_gone_say_how_to_go_on() {
    let server = Server::always(Answer::text("hello"));
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list(&server, 40);
    world.load(&list, &[]);
    world.fleet("pause", &[]).done().exits(0);
    let (worker, collector) = (world.work(&[]), world.collect("out.jsonl"));
    wait_until("members", || world.status().workers.len() == 1);
    wait_until("a file", || {
        std::path::Path::new(&world.at("out.jsonl")).exists()
    });
    world.ask::<()>(&["FLUSHALL"]);
    let told = "the run \"r1\" was at";
    worker.finish().says(told).says("load r1 INPUT --resume");
    collector.finish().exits(2).says(told);
    // The command that they name works.
    let out = world.at("out.jsonl");
    let loading = world.loading(&list, &["--resume", "--results", &out]);
    loading.done().exits(0);
    assert_eq!(world.finish("rest.jsonl").len(), 40);
}

#[test]
fn a_run_that_is_over_stays_so_when_it_is_cancelled() {
    let server = Server::always(Answer::status(404));
    let Some((world, list)) = World::loaded(&server, 2) else {
        return;
    };
    world.finish("out.jsonl");
    world
        .fleet("cancel", &[])
        .done()
        .exits(0)
        .says("is over, and stays so");
    let results = world.at("out.jsonl");
    let again = world.loading(&list, &["--retry-failed", "--results", &results]);
    again.done().exits(0).says("2 requests loaded");
}

#[test]
fn a_worker_that_is_dead_for_long_is_not_waited_for() {
    let server = Server::always(Answer::text("hello"));
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list(&server, 40);
    world
        .fleet("load", &[&list, "--lease", "1h"])
        .done()
        .exits(0);
    // The last beat was in 1970.
    world.ask::<()>(&["ZADD", &format!("haul:{{{RUN}.0}}:wk"), "1", "dead:1:a"]);
    remove(&world);
}
