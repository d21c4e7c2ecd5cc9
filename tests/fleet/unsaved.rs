//! Workers whose directory for bodies cannot be used.

use std::fs;

use serde_json::json;
use test_support::{Answer, Server};

use crate::command::haul;
use crate::world::{World, text};

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_takes_no_files_ends_a_worker_before_it_leases() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 3);
    world.load(&list, &[]);
    let alone = haul(["--output-dir", "/proc", &server.url("/")]).done();
    let alone = alone.exits(3).says("haul: /proc: ");
    let worker = world.fleet("work", &["--output-dir", "/proc"]).done();
    worker.exits(3).says(&alone.stderr);
    assert_eq!(server.requests(), 0);
    assert_eq!(world.status().queued, 3);
}

#[test]
fn a_directory_that_is_removed_ends_its_worker_and_another_one_goes_on() {
    for (method, failures) in [("GET", 0), ("POST", 1)] {
        let Some(world) = World::start(&[]) else {
            return;
        };
        let folder = world.at("bodies");
        let removed = folder.clone();
        let server = Server::start(move |seen| {
            if seen.number == 20 {
                fs::remove_dir_all(&removed).expect("it is there");
            }
            Answer::text("hello")
        });
        let line = |number: usize| {
            json!({"url": server.url(&format!("/{number}")), "method": method}).to_string()
        };
        let list = world.list_of((0..60).map(line));
        world.load(&list, &[]);
        let options = ["-j", "1", "--output-dir", &folder];
        let ended = world.work(&options).finish().exits(3);
        ended
            .says(&format!("haul: r1: cannot save to {folder}/"))
            .says("goes to other workers");
        assert_eq!(server.requests(), 21, "{method}");
        let other = world.at("others");
        world.work(&["--output-dir", &other]).finish().exits(0);
        world.collect("out.jsonl").finish().exits(0);
        let records = world.assert_exact(&list, &["out.jsonl"]);
        let failed = records
            .iter()
            .filter(|record| record["outcome"] != "success");
        let failed: Vec<_> = failed.map(|record| text(record, "error_type")).collect();
        assert_eq!(failed, vec!["io"; failures], "{method}");
        assert_eq!(server.requests(), 61 - failures, "{method}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_its_worker_and_fails_no_request() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("x".repeat(8_000)));
    let list = world.list(&server, 300);
    world.load(&list, &[]);
    let small = world.at("small");
    fs::create_dir(&small).expect("a directory");
    let url = world.redis.url();
    let options = ["--redis", &url, "--output-dir", &small];
    let Some(worker) = world.fleet("work", &options).on_small_disk(&small) else {
        return;
    };
    worker
        .done()
        .exits(3)
        .says(&format!("haul: r1: cannot save to {small}/"))
        .says("free space on that disk");
    let large = world.at("large");
    world.work(&["--output-dir", &large]).finish().exits(0);
    world.collect("out.jsonl").finish().exits(0);
    let records = world.assert_exact(&list, &["out.jsonl"]);
    assert!(records.iter().all(|record| record["outcome"] == "success"));
}

#[test]
fn a_body_that_is_not_there_fails_its_request_and_ends_no_worker() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    world.folder.write("body", "text");
    let body = world.at("body");
    let sent = json!({"url": server.url("/sent"), "method": "PUT", "body_file": body});
    let list = world.list_of([sent.to_string(), server.url("/other")]);
    world.load(&list, &[]);
    fs::remove_file(&body).expect("it is there");
    let bodies = world.at("bodies");
    world
        .work(&["--output-dir", &bodies])
        .finish()
        .exits(0)
        .never_says("cannot save");
    world.collect("out.jsonl").finish().exits(0);
    let records = world.assert_exact(&list, &["out.jsonl"]);
    let mut outcomes: Vec<_> = records.iter().map(|r| text(r, "outcome")).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["failed", "success"]);
}
