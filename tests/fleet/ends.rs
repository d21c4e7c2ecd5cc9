//! Exit status of each command, and the guards of the files that a collector writes.

use std::fs;

use test_support::{Answer, Server};

use crate::command::haul;
use crate::world::{RUN, World, wait_until};

#[test]
fn a_run_that_is_removed_ends_its_workers_and_collectors_as_cancelled() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::start(|_| Answer::never());
    let list = world.list(&server, 3);
    world.load(&list, &[]);
    let worker = world.work(&["--grace", "0"]);
    let collector = world.collect("out.jsonl");
    server.wait_for_requests(3);
    wait_until("a collector", || {
        world.folder.names().contains(&"out.jsonl".to_owned())
    });
    let watch = world
        .fleet("status", &["--watch", "100ms", "--json"])
        .begin();
    world.fleet("remove", &[]).done().exits(0).says("removed");
    collector
        .finish()
        .exits(4)
        .says("haul: r1: the run was cancelled");
    watch.finish().exits(0);
    worker.finish().exits(4);
    assert_eq!(world.ask::<usize>(&["DBSIZE"]), 0);
    world.fleet("remove", &[]).done().exits(2).says("no run");
}

#[test]
fn a_collector_of_a_removed_run_ends_as_cancelled_if_there_is_no_worker() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.load(&list, &[]);
    let collector = world.collect("out.jsonl");
    wait_until("a collector", || {
        world.folder.names().contains(&"out.jsonl".to_owned())
    });
    world.fleet("remove", &[]).done().exits(0);
    collector
        .finish()
        .exits(4)
        .says("haul: r1: the run was cancelled");
}

#[test]
fn a_worker_ends_with_4_at_its_time_and_others_go_on() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::start(|seen| match seen.number {
        0 => Answer::never(),
        _ => Answer::text("hello"),
    });
    let list = world.list(&server, 1);
    world.load(&list, &[]);
    let late = world.work(&["--max-run-time", "1s", "--grace", "100ms"]);
    late.finish()
        .exits(4)
        .says("--max-run-time is over; other workers go on");
    world.finish("out.jsonl");
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_collector_goes_on_only_with_records_and_spares_the_files_that_it_reads() {
    let Some(world) = World::start(&["--requirepass", "sesame"]) else {
        return;
    };
    let password = world.folder.write("password", "sesame\n");
    let password = password.to_str().expect("a text");
    let with = |command: &str, options: &[&str]| {
        let command = world.fleet(command, options);
        command.and(["--redis-password-file", password])
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 5);
    with("load", &[&list]).done().exits(0);
    with("work", &[]).done().exits(0);
    for (name, text) in [
        ("notes", "first\nsecond\n"),
        ("torn", "notes without an end"),
    ] {
        let path = world.at(name);
        fs::write(&path, text).expect("a file");
        for option in ["-o", "--failures"] {
            let out = world.at("new.jsonl");
            let outputs: &[&str] = match option {
                "-o" => &["-o", &path],
                _ => &["-o", &out, "--failures", &path],
            };
            let done = with("collect", outputs).and(["--resume"]).done().exits(2);
            done.says(&path).says("its first line is no record of haul");
        }
        assert_eq!(fs::read_to_string(&path).expect("a file"), text);
    }
    let done = with("collect", &["-o", password, "--overwrite"])
        .done()
        .exits(2);
    done.says(password).says("--redis-password-file");
    assert_eq!(fs::read_to_string(password).expect("a file"), "sesame\n");
    let text = fs::read_to_string(&list).expect("a file");
    for option in ["--overwrite", "--resume"] {
        let done = with("collect", &["-o", &list, option]).done().exits(2);
        done.says(&list).says("is read: an input");
    }
    assert_eq!(fs::read_to_string(&list).expect("a file"), text);
    let out = world.at("out.jsonl");
    with("collect", &["-o", &out]).done().exits(0);
    with("collect", &["-o", &out, "--resume"]).done().exits(0);
    assert_eq!(world.records("out.jsonl").len(), 5);
}

#[test]
fn figures_are_not_shown_more_often_than_is_of_use() {
    for time in ["0", "0s", "99ms"] {
        let done = haul(["fleet", "status", RUN, "--watch", time]).done();
        done.exits(2)
            .says("--watch")
            .says("at least 100ms is expected");
    }
}
