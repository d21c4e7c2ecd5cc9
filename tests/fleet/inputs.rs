//! Inputs and results that loaders are given: the wrong ones, slow ones, and those of runs that are not over.

use std::fs;
use std::process::Command;

use haul::fleet::RunPhase;
use rustix::process::Signal;
use test_support::{Answer, Server};

use crate::command::haul;
use crate::world::{Member, World, wait_until};

fn server() -> Server {
    Server::always(Answer::text("hello"))
}

/// Writes a list that no run has loaded, and returns its path.
fn other_list(world: &World, server: &Server, count: usize) -> String {
    let lines = (0..count).map(|number| server.url(&format!("/other/{number}\n")));
    world.folder.write("other", lines.collect::<String>());
    world.at("other")
}

/// Starts a loader that reads standard input.
fn reading_stdin(world: &World) -> Member {
    world.loading("-", &[]).begin()
}

#[test]
fn another_list_is_refused_after_a_load_that_was_killed_early() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = server();
    let list = world.list(&server, 300);
    let loader = world.loading(&list, &["--max-queued", "100"]).begin();
    wait_until("a full queue", || world.length("q") == 100);
    loader.kill();
    let other = other_list(&world, &server, 250);
    let refused = world.loading(&other, &["--max-queued", "100"]).done();
    refused.exits(2).says("not the input that r1 has loaded");
    let loader = world.loading(&list, &["--max-queued", "100"]).begin();
    world.finish("out.jsonl");
    let done = loader.finish().exits(0);
    done.says("300 requests loaded, 100 of them were there before");
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_loader_with_another_list_leaves_the_one_at_work_alone() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = server();
    let list = world.list(&server, 300);
    let loader = world.loading(&list, &["--max-queued", "100"]).begin();
    wait_until("a full queue", || world.length("q") == 100);
    let other = other_list(&world, &server, 250);
    let refused = world.loading(&other, &["--max-queued", "100"]).done();
    refused.exits(2).says("not the input that r1 has loaded");
    world.finish("out.jsonl");
    loader.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_loaded_run_stays_loaded_when_its_next_load_is_interrupted() {
    let server = server();
    let Some((world, list)) = World::loaded(&server, 20) else {
        return;
    };
    let mut loader = reading_stdin(&world);
    loader.say(&server.url("/0"));
    wait_until("a loader that asks for figures", || {
        world
            .ask::<String>(&["CLIENT", "LIST"])
            .contains("cmd=eval")
    });
    loader.signal(Signal::INT);
    loader.finish().exits(130);
    world.finish("out.jsonl");
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_line_of_a_slow_input_is_loaded_before_the_next_one_comes() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = server();
    let mut loader = reading_stdin(&world);
    world.wait_for_run();
    for count in 1..=2 {
        loader.say(&server.url(&format!("/{count}")));
        wait_until("a line in the queue", || world.length("q") == count);
    }
    loader.close_input();
    loader.finish().exits(0).says("2 requests loaded");
}

#[test]
fn a_loader_ends_at_the_next_line_when_its_run_is_cancelled() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = server();
    let mut loader = reading_stdin(&world);
    loader.say(&server.url("/0"));
    wait_until("a line in the queue", || {
        world.ask::<bool>(&["EXISTS", "haul:{r1.0}:q"]) && world.length("q") == 1
    });
    world.fleet("cancel", &[]).done().exits(0);
    loader.say(&server.url("/1"));
    loader.finish().exits(4).says("was cancelled");
    assert_eq!(world.entries_added(), 1);
}

#[test]
fn memory_that_is_full_is_told() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list(&server(), 3);
    let info: String = world.ask(&["INFO", "memory"]);
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used
        .and_then(|used| used.trim().parse().ok())
        .expect("a number");
    let most = (used * 5 / 4).to_string();
    world.ask::<()>(&["CONFIG", "SET", "maxmemory", &most]);
    let loader = world.loading(&list, &[]).begin();
    loader.wait_until_said("of the server's memory (maxmemory) are in use; loading waits");
    world.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    loader.finish().exits(0).says("3 requests loaded");
}

#[test]
fn results_are_read_when_the_run_is_known_to_be_over() {
    let server = server();
    let Some((world, list)) = World::loaded(&server, 5) else {
        return;
    };
    // Opening the pipe would wait for a writer, and none comes.
    let pipe = world.at("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let early = world.loading(&list, &["--resume", "--results", &pipe]);
    early.done().exits(2).says("requests are queued");
}

#[test]
fn files_that_are_no_results_are_refused_and_the_run_stays_over() {
    let server = server();
    let Some((world, list)) = World::loaded(&server, 5) else {
        return;
    };
    world.finish("a.jsonl");
    for option in ["--resume", "--retry-failed"] {
        let refused = world.loading(&list, &[option, "--results", &list]).done();
        refused.exits(2).says("list:1: it is no record of haul");
        assert_eq!(world.status().phase, RunPhase::Over);
    }
    world.work(&[]).finish().exits(0);
    assert_eq!(server.requests(), 5);
}

#[test]
fn a_copy_of_a_record_hides_no_missing_outcome() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = server();
    let list = world.list_of([server.url("/a"), server.url("/a")]);
    world.load(&list, &[]);
    world.finish("a.jsonl");
    let text = fs::read_to_string(world.folder.file("a.jsonl")).expect("a file");
    let first = text.lines().next().expect("a line");
    fs::write(world.folder.file("a.jsonl"), format!("{first}\n{first}\n")).expect("a file");
    let results = world.at("a.jsonl");
    let loaded = world.load(&list, &["--resume", "--results", &results]);
    loaded.says("2 requests loaded, 1 of them were there before");
    world.finish("b.jsonl");
    world.assert_exact(&list, &["a.jsonl", "b.jsonl"]);
}

#[test]
fn results_without_an_outcome_of_the_input_are_refused() {
    let server = server();
    let Some((world, list)) = World::loaded(&server, 5) else {
        return;
    };
    world.finish("a.jsonl");
    let other = other_list(&world, &server, 5);
    let (foreign, empty) = (world.at("foreign.jsonl"), world.at("empty.jsonl"));
    haul(["-o", &foreign, &other]).done().exits(0);
    world.folder.write("empty.jsonl", "");
    for option in ["--resume", "--retry-failed"] {
        let files = ["--results", &foreign, "--results", &empty];
        let refused = world.loading(&list, &[option]).and(files).done().exits(2);
        refused.says(&format!("{foreign}, {empty}: no outcome of this input"));
        assert_eq!(world.status().phase, RunPhase::Over);
    }
    world.work(&[]).finish().exits(0);
    assert_eq!(server.requests(), 10);
}

#[test]
fn another_list_is_refused_by_a_later_load() {
    let server = server();
    let Some((world, list)) = World::loaded(&server, 5) else {
        return;
    };
    world.finish("a.jsonl");
    let other = other_list(&world, &server, 5);
    let text = fs::read_to_string(&list).expect("a file");
    let lines: Vec<_> = text.lines().collect();
    world.folder.write("shorter", lines[..4].join("\n"));
    let results = world.at("a.jsonl");
    for option in ["--resume", "--retry-failed"] {
        for input in [&other, &world.at("shorter")] {
            let refused = world.loading(input, &[option, "--results", &results]);
            let refused = refused.done().exits(2);
            refused.says("not the input that r1 has loaded");
            assert_eq!(world.status().phase, RunPhase::Over);
        }
    }
    assert_eq!((world.entries_added(), server.requests()), (5, 5));
}
