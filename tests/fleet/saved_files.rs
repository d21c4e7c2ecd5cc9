//! Lines that name the files of their bodies, in the directories of workers.

use std::fs;
use std::time::Duration;

use serde_json::json;
use test_support::{Answer, Server};

use crate::world::{World, path_of, text, wait_until};

/// Writes a list whose lines are saved as `0.txt`, `sub/1.txt`, `2.txt`, .. and returns its path.
fn list(world: &World, server: &Server, count: usize) -> String {
    let name = |number: usize| match number % 2 {
        0 => format!("{number}.txt"),
        _ => format!("sub/{number}.txt"),
    };
    let line = |number: usize| {
        let url = server.url(&format!("/{number}"));
        json!({"url": url, "output_file": name(number)}).to_string()
    };
    world.list_of((0..count).map(line))
}

#[test]
fn a_body_is_saved_under_the_name_of_its_line_in_the_directory_of_its_worker() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::start(|seen| Answer::text(seen.path()));
    let list = list(&world, &server, 6);
    world
        .load(&list, &["--output-files"])
        .never_says("warning: list");
    let folder = world.at("bodies");
    let without = world.fleet("work", &[]).done().exits(2);
    without
        .says("haul: r1: its lines name the files of their bodies")
        .says("--output-dir");
    let worker = world.work(&["--output-dir", &folder]);
    worker.finish().exits(0);
    world.collect("out.jsonl").finish().exits(0);
    let records = world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(records.len(), 6);
    for record in &records {
        let saved = text(record, "output_file");
        assert!(saved.starts_with(&folder), "{record}");
        assert_eq!(fs::read_to_string(saved).expect("a file"), path_of(record));
    }
}

#[test]
fn workers_may_share_a_directory() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    // Each worker takes a part of the list while the other one is at work.
    let server = Server::start(|seen| Answer::text(seen.path()).after(Duration::from_millis(5)));
    let count = 300;
    let list = world.list_of((0..count).map(|n| server.url(&format!("/{n}/index.html"))));
    world.load(&list, &[]);
    let folder = world.at("bodies");
    let options = ["--output-dir", &folder, "-j", "4"];
    let workers = [world.work(&options), world.work(&options)];
    for worker in workers {
        worker.finish().exits(0).never_says("number");
    }
    world.collect("out.jsonl").finish().exits(0);
    for record in world.assert_exact(&list, &["out.jsonl"]) {
        let number = record["index"].as_u64().expect("a number") + 1;
        let saved = format!("{folder}/index-{number}.html");
        assert_eq!(text(&record, "output_file"), saved, "{record}");
        assert_eq!(fs::read_to_string(saved).expect("a file"), path_of(&record));
    }
}

#[test]
fn a_line_with_a_file_is_refused_by_name_in_a_run_without_files() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let plain = server.url("/plain");
    let named = json!({"url": server.url("/named"), "output_file": "a.txt"}).to_string();
    let list = world.list_of([plain, named]);
    let loaded = world.load(&list, &[]);
    loaded
        .says(&format!(
            "{list}:2: this line will fail: output_file: the run saves no files"
        ))
        .says("--output-files");
    let records = world.finish("out.jsonl");
    let wrong = records
        .iter()
        .find(|r| path_of(r) == "/named")
        .expect("one");
    assert_eq!(wrong["error_type"], "invalid_request", "{wrong}");
    assert!(
        text(wrong, "error_msg").contains("--output-files"),
        "{wrong}"
    );
    assert_eq!((records.len(), server.requests()), (2, 1));
}

#[test]
fn names_that_lead_upwards_or_come_twice_are_told_by_the_loader() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let line = |(number, name): (usize, &str)| {
        json!({"url": server.url(&format!("/{number}")), "output_file": name}).to_string()
    };
    let names = ["a.txt", "../b.txt", "a.txt", "/etc/c.txt"];
    let list = world.list_of(names.into_iter().enumerate().map(line));
    let loaded = world.load(&list, &["--output-files"]);
    for (number, part) in [
        (2, "leads upwards"),
        (3, "an earlier line has the same"),
        (4, "no relative path"),
    ] {
        let place = format!("haul: {list}:{number}: output_file: ");
        let told = loaded.stderr.lines().find(|said| said.starts_with(&place));
        assert!(
            told.is_some_and(|said| said.contains(part)),
            "{}",
            loaded.stderr
        );
    }
    world
        .work(&["--output-dir", &world.at("bodies")])
        .finish()
        .exits(0);
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_request_that_was_parked_keeps_its_file() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    // The wait is longer than a lease, so that the request is parked and read again by the same worker.
    let server = Server::start(|seen| match seen.nth {
        1 => Answer::status(503).header("Retry-After", "2"),
        _ => Answer::text("hello"),
    });
    let list = list(&world, &server, 1);
    world.load(&list, &["--output-files"]);
    let folder = world.at("bodies");
    world.work(&["--output-dir", &folder]).finish().exits(0);
    assert_eq!(server.requests(), 2);
    wait_until("a file", || {
        fs::read_to_string(format!("{folder}/0.txt")).is_ok()
    });
    world.collect("out.jsonl").finish().exits(0);
    let records = world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(records[0]["outcome"], "success", "{}", records[0]);
}
