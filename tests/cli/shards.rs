//! Runs of the parts of one input (`--shard`).

mod limits;
mod names;
mod numbers;
mod other_options;
mod page;
mod pages;
mod resumed;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Folder, Haul, haul};

/// Starts a server that answers after some milliseconds, so that a kill finds running requests.
fn server() -> Server {
    Server::start(|seen| Answer::text("").after(Duration::from_millis(seen.number as u64 % 3)))
}

/// Builds a list with reads, writes, equal lines, lines of no request and a comment.
fn list(server: &Server, count: usize) -> String {
    let line = |n: usize| {
        let url = server.url(&format!("/{n}"));
        match n % 10 {
            0 => format!("{url}\n{url}"),
            1 => json!({"url": url, "method": "POST", "body": "once"}).to_string(),
            2 => json!({"url": url, "id": format!("i{n}")}).to_string(),
            3 => format!("# a remark\nno request {n}"),
            4 => json!({"url": url, "colour": "red"}).to_string(),
            _ => url,
        }
    };
    (0..count).map(|n| line(n) + "\n").collect()
}

/// Builds the run of a shard of the list, with its results in `r-I.jsonl`.
fn run(folder: &Folder, shard: &str, list: &str) -> Haul {
    let out = folder.at("r-{shard}.jsonl");
    let arguments = ["-q", "--exit-zero", "--retry", "0", "--shard", shard];
    haul(arguments).and(["--resume", "-o", &out, list])
}

/// Names of the results files of a fleet.
fn results(count: usize) -> Vec<String> {
    let digits = (count - 1).to_string().len();
    let name = |number| format!("r-{number:0digits$}.jsonl");
    (0..count).map(name).collect()
}

/// Returns the records of each shard.
fn records(folder: &Folder, count: usize) -> Vec<Vec<Value>> {
    let names = results(count).into_iter();
    names.map(|name| folder.records(&name)).collect()
}

/// Number of records of each key.
fn by_key<'r>(records: impl IntoIterator<Item = &'r Value>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        let key = record["key"].as_str().unwrap().to_owned();
        *counts.entry(key).or_default() += 1;
    }
    counts
}

/// Returns a value of each record, in order.
fn sorted(records: &[Value], name: &str) -> Vec<u64> {
    let mut values: Vec<_> = records.iter().filter_map(|r| r[name].as_u64()).collect();
    values.sort_unstable();
    values
}

/// Records of the whole list, by a run without shards.
fn whole(list: &str) -> Vec<Value> {
    haul(["-q", "--exit-zero", "--retry", "0", list])
        .done()
        .exits(0)
        .results()
}

/// Runs all shards side by side, to their ends.
fn run_all(folder: &Folder, count: usize, list: &str, more: &[&str]) {
    let start = |number| {
        let shard = format!("{number}/{count}");
        run(folder, &shard, list).and(more).start()
    };
    let running: Vec<_> = (0..count).map(start).collect();
    for run in running {
        run.finish().exits(0);
    }
}

#[test]
fn the_shards_together_have_each_line_once() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", list(&server, 120));
    let whole = whole(&list);
    for by in ["key", "host"] {
        for count in [1, 3, 16] {
            let folder = Folder::new();
            run_all(&folder, count, &list, &["--shard-by", by]);
            let shards = records(&folder, count);
            let all = shards.concat();
            assert_eq!(by_key(&all), by_key(&whole), "{by}, {count}");
            for name in ["index", "line"] {
                assert_eq!(sorted(&all, name), sorted(&whole, name), "{by}, {count}");
            }
            let keys = shards.iter().map(|records| by_key(records).len());
            assert_eq!(keys.sum::<usize>(), by_key(&whole).len(), "{by}, {count}");
        }
    }
}

#[test]
fn the_index_is_the_position_in_the_whole_input() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", list(&server, 60));
    let places = |records: &[Value]| -> BTreeSet<(u64, u64)> {
        let place = |r: &Value| (r["line"].as_u64().unwrap(), r["index"].as_u64().unwrap());
        records.iter().map(place).collect()
    };
    run_all(&folder, 3, &list, &[]);
    let all = records(&folder, 3).concat();
    assert_eq!(places(&all), places(&whole(&list)));
}

#[test]
fn killed_shards_that_are_resumed_have_each_line_once() {
    let seed = fastrand::u64(..1 << 48);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for (count, by) in [(1, "key"), (3, "key"), (16, "key"), (3, "host")] {
        let (server, folder) = (server(), Folder::new());
        let list = folder.file("list", list(&server, 150));
        let start = |number: usize| {
            let shard = format!("{number}/{count}");
            let run = run(&folder, &shard, &list);
            run.and(["-j", "2", "--shard-by", by]).start()
        };
        let mut running: Vec<_> = (0..count).map(start).collect();
        for _ in 0..3 {
            let next = server.requests() + random.usize(1..40);
            while server.requests() < next && !running.iter_mut().all(|run| run.is_over()) {
                std::thread::yield_now();
            }
            let number = random.usize(..count);
            running[number].kill();
            // A new run cannot take the files before the killed one has ended.
            running[number].status();
            running[number] = start(number);
        }
        for run in running {
            run.finish().exits(0);
        }
        let expected = by_key(&whole(&list));
        assert_eq!(
            by_key(&records(&folder, count).concat()),
            expected,
            "{count}, {by}"
        );
    }
}

#[test]
fn a_host_is_in_one_shard() {
    let servers: Vec<Server> = (0..8).map(|_| server()).collect();
    let folder = Folder::new();
    let urls = (0..160).map(|n| servers[n % 8].url(&format!("/{n}")) + "\n");
    let list = folder.file("list", urls.collect::<String>());
    run_all(&folder, 3, &list, &["--shard-by", "host"]);
    let host = |record: &Value| {
        let url = record["url"].as_str().unwrap().to_owned();
        url.rsplit_once('/').unwrap().0.to_owned()
    };
    let shards = records(&folder, 3);
    let hosts: Vec<BTreeSet<String>> = shards
        .iter()
        .map(|records| records.iter().map(host).collect())
        .collect();
    assert_eq!(hosts.iter().map(BTreeSet::len).sum::<usize>(), 8);
    assert_eq!(shards.concat().len(), 160);
}

#[test]
fn a_relative_line_belongs_to_the_shard_of_its_absolute_url() {
    let (server, folder) = (server(), Folder::new());
    let base = server.url("/api/");
    let list = folder.file(
        "list",
        (0..40).map(|n| format!("{n}\n")).collect::<String>(),
    );
    for by in ["key", "host"] {
        let folder = Folder::new();
        let more = ["--base-url", &base, "--shard-by", by];
        run_all(&folder, 3, &list, &more);
        run_all(&folder, 3, &list, &more);
        assert_eq!(sorted(&records(&folder, 3).concat(), "index").len(), 40);
    }
}
