//! Later loads of a run that is over: of what has no outcome, and of what has no success.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use test_support::{Answer, Server};

use crate::command::Haul;
use crate::world::{Member, World, path_of, wait_until};

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

/// Number of lines of a run, of which the queue takes a third.
const COUNT: usize = 300;

/// Run whose requests, which must not be repeated, have all failed, and a later load of all of them.
struct Retried {
    world: World,
    server: Server,
    list: String,
}

impl Retried {
    /// Sends all requests once, and fills the queue with the first of those that are sent again.
    fn begin() -> Option<(Retried, Member)> {
        let world = World::start(&[])?;
        let is_mended = Arc::new(AtomicBool::new(false));
        let mended = Arc::clone(&is_mended);
        let server = Server::start(move |_| match mended.load(Ordering::Acquire) {
            true => Answer::text("hello"),
            false => Answer::status(500),
        });
        let line = |number| {
            let url = server.url(&format!("/{number}"));
            format!(r#"{{"url":"{url}","method":"POST","body":"b"}}"#)
        };
        let list = world.list_of((0..COUNT).map(line));
        let retried = Retried {
            world,
            server,
            list,
        };
        let world = &retried.world;
        let loader = retried.loading(&[]).begin();
        world.wait_for_run();
        assert_eq!(world.finish("a.jsonl").len(), COUNT);
        loader.finish().exits(0);
        is_mended.store(true, Ordering::Release);
        let loader = retried.again(&["a.jsonl"]).begin();
        wait_until("a full queue", || world.length("q") == 100);
        Some((retried, loader))
    }

    fn loading(&self, options: &[&str]) -> Haul {
        let bound = ["--max-queued", "100", "--retry", "0"];
        self.world.loading(&self.list, &bound).and(options)
    }

    /// Builds the command that loads what has no success in these files.
    fn again(&self, results: &[&str]) -> Haul {
        let load = self.loading(&["--retry-failed"]);
        results.iter().fold(load, |load, name| {
            load.and(["--results", &self.world.at(name)])
        })
    }

    /// Asserts that each request was sent twice, and succeeded.
    fn assert_sent_once_more(&self, results: &[&str]) {
        let all = self.world.assert_exact(&self.list, results);
        let successes = all.iter().filter(|record| record["outcome"] == "success");
        assert_eq!(
            (successes.count(), self.server.requests()),
            (COUNT, 2 * COUNT)
        );
    }
}

#[test]
fn an_interrupted_later_load_goes_on_while_its_requests_are_queued() {
    let Some((run, loader)) = Retried::begin() else {
        return;
    };
    loader.signal(Signal::INT);
    let goes_on = "the same command, with --results as they are now, goes on from there";
    loader.finish().exits(130).says(goes_on);
    let unfinished = "r1: a load with --retry-failed is not finished";
    run.loading(&[]).done().exits(2).says(unfinished);
    let other = run.loading(&["--resume", "--results", &run.world.at("a.jsonl")]);
    other.done().exits(2).says(unfinished);
    let loader = run.again(&["a.jsonl"]).begin();
    run.world.finish("b.jsonl");
    loader
        .finish()
        .exits(0)
        .says("300 requests loaded, 100 of them were there before");
    run.assert_sent_once_more(&["a.jsonl", "b.jsonl"]);
    run.loading(&[])
        .done()
        .exits(0)
        .says("300 of them were there before");
}

#[test]
fn a_later_load_that_was_killed_goes_on_when_its_requests_have_ended() {
    let Some((run, loader)) = Retried::begin() else {
        return;
    };
    let world = &run.world;
    loader.kill();
    let (worker, collector) = (world.work(&[]), world.collect("b.jsonl"));
    wait_until("results", || world.status().collected == COUNT as u64 + 100);
    run.loading(&[]).done().exits(2).says("is not finished");
    run.again(&["a.jsonl"]).done().exits(0);
    worker.finish().exits(0);
    collector.finish().exits(0);
    run.assert_sent_once_more(&["a.jsonl", "b.jsonl"]);
}

#[test]
fn a_later_load_with_other_files_needs_the_outcomes_of_the_one_before() {
    let Some((run, loader)) = Retried::begin() else {
        return;
    };
    let world = &run.world;
    loader.kill();
    let (worker, collector) = (world.work(&[]), world.collect("b.jsonl"));
    wait_until("results", || world.status().collected == COUNT as u64 + 100);
    let text = fs::read_to_string(world.folder.file("b.jsonl")).expect("a file");
    let (first, rest) = text.split_once('\n').expect("lines");
    // A copy stands for no other record.
    world.folder.write(
        "lost.jsonl",
        format!("{rest}{}", rest.lines().next().expect("a line")),
    );
    world.folder.write("found.jsonl", first);
    let lacking = run.again(&["a.jsonl", "lost.jsonl"]).done();
    lacking
        .exits(2)
        .says("the files of --results lack outcomes");
    run.again(&["a.jsonl", "lost.jsonl", "found.jsonl"])
        .done()
        .exits(0)
        .says("100 of them were there before");
    worker.finish().exits(0);
    collector.finish().exits(0);
    run.assert_sent_once_more(&["a.jsonl", "b.jsonl"]);
}
