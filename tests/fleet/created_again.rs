//! Workers, collectors and loaders that are stopped while their run is removed and created again under its name.

use haul::fleet::{Fleet, FleetErrorKind};
use rustix::process::Signal;
use test_support::{Answer, Server};

use crate::world::{RUN, World, wait_until};

const AGAIN: &str = "the run \"r1\" was removed and created again";

/// Removes the run, and creates it again with this list.
fn create_again(world: &World, list: &str) {
    world.fleet("remove", &[]).done().exits(0);
    world.load(list, &[]);
}

#[test]
fn a_worker_sends_nothing_of_a_run_that_was_created_again() {
    let first = Server::start(|_| Answer::never());
    let Some((world, _)) = World::loaded(&first, 3) else {
        return;
    };
    let worker = world.work(&["--grace", "0"]);
    first.wait_for_requests(3);
    worker.signal(Signal::STOP);
    let second = Server::always(Answer::text("hello"));
    let list = world.list(&second, 20);
    create_again(&world, &list);
    worker.signal(Signal::CONT);
    worker.finish().exits(4).says(AGAIN);
    assert_eq!(second.requests(), 0);
    world.finish("out.jsonl");
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_collector_takes_no_results_of_a_run_that_was_created_again() {
    let server = Server::always(Answer::text("hello"));
    let Some((world, _)) = World::loaded(&server, 3) else {
        return;
    };
    let collector = world.collect("old.jsonl");
    wait_until("a collector", || {
        world.folder.names().contains(&"old.jsonl".to_owned())
    });
    collector.signal(Signal::STOP);
    let list = world.list(&server, 20);
    create_again(&world, &list);
    world.work(&[]).finish().exits(0);
    collector.signal(Signal::CONT);
    collector.finish().exits(4).says(AGAIN);
    assert_eq!(world.records("old.jsonl").len(), 0);
    world.collect("new.jsonl").finish().exits(0);
    world.assert_exact(&list, &["new.jsonl"]);
}

#[test]
fn a_loader_adds_nothing_to_a_run_that_was_created_again() {
    let server = Server::always(Answer::text("hello"));
    let Some((world, list)) = World::loaded(&server, 3) else {
        return;
    };
    let run = Fleet::connect(world.redis.url()).and_then(|fleet| fleet.run(RUN));
    let run = run.expect("a run");
    create_again(&world, &list);
    let ends = [
        run.load([server.url("/other")]).map(drop),
        run.status().map(drop),
        run.pause(),
        run.remove(),
    ];
    for end in ends {
        let error = end.expect_err("another run");
        let told = (error.kind(), error.to_string());
        assert_eq!(told, (FleetErrorKind::Cancelled, AGAIN.to_owned()));
    }
    assert_eq!(world.status().loaded, 3);
}
