//! Later loads of a run that is over: of what has no outcome, and of what has no success.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use test_support::{Answer, Server};

use crate::world::{World, path_of, wait_until};

/// Takes the records of some paths out of a file of results.
fn lose(world: &World, name: &str, is_lost: impl Fn(&str) -> bool) {
    let kept = world.records(name).into_iter();
    let kept = kept.filter(|record| !is_lost(path_of(record)));
    let lines: String = kept.map(|record| format!("{record}\n")).collect();
    fs::write(world.folder.file(name), lines).expect("a file");
}

#[test]
fn resume_loads_the_lines_without_an_outcome() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 20);
    world.load(&list, &[]);
    world.finish("a.jsonl");
    lose(&world, "a.jsonl", |path| path.ends_with('3'));
    let results = world.at("a.jsonl");
    let loaded = world.load(&list, &["--resume", "--results", &results]);
    loaded.says("20 requests loaded, 18 of them were there before");
    world.finish("b.jsonl");
    let paths: Vec<_> = world
        .records("b.jsonl")
        .iter()
        .map(|r| path_of(r).to_owned())
        .collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    world.assert_exact(&list, &["a.jsonl", "b.jsonl"]);
    assert_eq!(server.requests(), 22);
    let again = world.load(
        &list,
        &[
            "--resume",
            "--results",
            &results,
            "--results",
            &world.at("b.jsonl"),
        ],
    );
    again.says("20 requests loaded, 20 of them were there before");
    world.work(&[]).finish().exits(0);
    assert_eq!(server.requests(), 22);
}

#[test]
fn retry_failed_loads_the_lines_without_success_and_their_outcomes_take_the_place_of_the_old_ones()
{
    let Some(world) = World::start(&[]) else {
        return;
    };
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let server = Server::start(move |seen| match seen.last_number() {
        Some(number) if number % 2 == 0 && !mended.load(Ordering::Acquire) => Answer::status(500),
        _ => Answer::text("hello"),
    });
    let list = world.list(&server, 10);
    world.load(&list, &["--retry", "0"]);
    world.finish("a.jsonl");
    is_mended.store(true, Ordering::Release);
    let results = world.at("a.jsonl");
    let options = ["--retry", "0", "--retry-failed", "--results", &results];
    world
        .load(&list, &options)
        .says("5 of them were there before");
    let records = world.finish("b.jsonl");
    assert!(
        records.iter().all(|record| record["supersedes"] == true),
        "{records:#?}"
    );
    let all = world.assert_exact(&list, &["a.jsonl", "b.jsonl"]);
    assert!(
        all.iter().all(|record| record["outcome"] == "success"),
        "{all:#?}"
    );
    assert_eq!((all.len(), server.requests()), (10, 15));
}

#[test]
fn a_later_load_waits_for_the_end_of_the_run() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 5);
    world.load(&list, &[]);
    let results = world.at("none.jsonl");
    fs::write(&results, "").expect("a file");
    for option in ["--resume", "--retry-failed"] {
        let early = world
            .loading(&list, &[option, "--results", &results])
            .done();
        early
            .exits(2)
            .says("requests are queued, or results wait to be collected");
    }
    let alone = world
        .loading(&list, &["--results", &results])
        .done()
        .exits(2);
    alone.says("--results: it needs --resume or --retry-failed");
    let missing = world.at("missing.jsonl");
    world.finish("a.jsonl");
    let unread = world
        .loading(&list, &["--resume", "--results", &missing])
        .done();
    unread.exits(2).says(&missing);
    world.assert_exact(&list, &["a.jsonl"]);
}

#[test]
fn a_later_load_that_was_killed_is_run_again_when_the_rest_of_it_has_ended() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let count = 300;
    let list = world.list(&server, count);
    let bound = ["--max-queued", "100"];
    let loader = world.loading(&list, &bound).begin();
    world.wait_for_run();
    let first = world.finish("a.jsonl");
    loader.finish().exits(0);
    assert_eq!(first.len(), count);
    lose(&world, "a.jsonl", |path| path.len() > 2);
    let a = world.at("a.jsonl");
    let loader = world
        .loading(&list, &bound)
        .and(["--resume", "--results", &a])
        .begin();
    wait_until("a full queue", || world.length("q") == 100);
    loader.kill();
    // Workers send what was loaded, and wait for the rest.
    let worker = world.work(&[]);
    let collector = world.collect("b.jsonl");
    wait_until("results", || world.length("q") + world.length("out") == 0);
    let b = world.at("b.jsonl");
    world
        .load(
            &list,
            &[
                "--max-queued",
                "100",
                "--resume",
                "--results",
                &a,
                "--results",
                &b,
            ],
        )
        .says("300 requests loaded");
    worker.finish().exits(0);
    collector.finish().exits(0);
    world.assert_exact(&list, &["a.jsonl", "b.jsonl"]);
    assert_eq!(server.requests(), count + count - 10);
}
