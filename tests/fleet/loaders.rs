//! Loaders: killed, replaced by others, and held up by a full queue or server.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use test_support::{Answer, Server};

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{Member, RUN, World, is_timed, scaled, wait_until};

fn server() -> Server {
    Server::always(Answer::text("hello"))
}

/// Waits until a loader has filled the queue.
fn wait_until_full(world: &World, most: usize) {
    let queue = format!("haul:{{{RUN}.0}}:q");
    wait_until("a full queue", || {
        world.ask::<usize>(&["XLEN", &queue]) == most
    });
}

#[test]
fn a_loader_that_was_killed_goes_on_where_it_ended() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let count = scaled(300);
    let server = server();
    let list = world.list(&server, count);
    let options = ["--max-queued", "100"];
    let loader = world.loading(&list, &options).begin();
    wait_until_full(&world, 100);
    loader.kill();
    // A worker that finds an empty queue waits for the rest.
    let worker = world.work(&[]);
    server.wait_for_requests(100);
    world.load(&list, &options).says("300 requests loaded");
    worker.finish().exits(0);
    assert_eq!(world.entries_added(), count as u64);
    world.collect("out.jsonl").finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(server.requests(), count);
}

#[test]
fn a_newer_loader_takes_the_place_of_an_older_one() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let count = 300;
    let server = server();
    let list = world.list(&server, count);
    let options = ["--max-queued", "100"];
    let older = world.loading(&list, &options).begin();
    wait_until_full(&world, 100);
    let newer = world.loading(&list, &options).begin();
    older.finish().exits(2).says("a newer loader is at work");
    world.finish("out.jsonl");
    newer.finish().exits(0);
    assert_eq!(world.entries_added(), count as u64);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn another_input_is_refused_whether_shorter_longer_or_changed() {
    let server = server();
    let Some((world, list)) = World::loaded(&server, 20) else {
        return;
    };
    world.load(&list, &[]).says("20 of them were there before");
    let lines: Vec<String> = (0..20).map(|n| server.url(&format!("/{n}"))).collect();
    let longer = [lines.as_slice(), &[server.url("/20")]].concat();
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    for other in [&lines[..19], &longer, &swapped] {
        let list = world.list_of(other.iter().cloned());
        let refused = world.loading(&list, &[]).done().exits(2);
        refused.says("not the input that r1 has loaded (use a new name)");
    }
    assert_eq!(world.entries_added(), 20);
}

#[test]
fn a_run_with_other_options_is_refused() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list(&server(), 3);
    world.load(&list, &["--retry", "1"]);
    let refused = world.loading(&list, &["--retry", "2"]).done().exits(2);
    refused
        .says("was created with other options: --retry: 2 (the run has 1) (use the same ones, or a new name)");
    let lanes = ["--retry", "1", "--lanes", "2"];
    let refused = world.loading(&list, &lanes).done().exits(2);
    refused.says("was created with other options: --lanes: 2 (the run has 1)");
}

#[test]
fn the_options_of_a_run_may_be_written_in_another_way() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list(&server(), 3);
    let typed = ["--max-time=10s", "--rate=60/m", "-H", "A: 1", "-H", "B: 2"];
    world.load(&list, &typed);
    let other = [
        "--max-time=10000ms",
        "--rate=1/s",
        "-H",
        "B: 2",
        "-H",
        "A: 1",
        "--retry=2",
    ];
    world
        .load(&list, &other)
        .says("3 of them were there before");
    let variables = world
        .loading(&list, &[])
        .env("HAUL_MAX_TIME", "10")
        .env("HAUL_RATE", "1")
        .env("HAUL_HEADER", "A: 1\nB: 2");
    variables.done().exits(0);
    let file = "max-time = \"10s\"\nrate = \"1\"\nheader = [\"A: 1\", \"B: 2\"]\njobs = 3\n";
    world.folder.write("haul.toml", file);
    let file = world.at("haul.toml");
    world.load(&list, &["--config", &file]);
    world.work(&["--config", &file]).finish().exits(0);
}

#[test]
fn a_table_of_a_host_with_options_of_the_run_is_refused_by_a_worker() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let text = "[host.\"localhost\"]\nuser = \"a:b\"\nrate-per-host = \"5\"\n";
    world.folder.write("haul.toml", text);
    let file = world.at("haul.toml");
    let list = world.list(&server(), 1);
    let loading = world.loading(&list, &["--config", &file]).done().exits(2);
    loading.says("tables of hosts: the options of a run hold for all hosts alike");
    world.load(&list, &[]);
    let work = world.fleet("work", &["--config", &file]).done().exits(2);
    work.says(&format!(
        "haul: {file}:1: host \"localhost\": rate-per-host: it is one of the run"
    ));
    world
        .folder
        .write("haul.toml", "[host.\"localhost\"]\nuser = \"a:b\"\n");
    world.fleet("work", &["--config", &file]).done().exits(0);
}

#[test]
fn a_queue_holds_no_more_than_its_bound_while_its_loader_stays_small() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let (count, most) = (scaled(1500), 200);
    let server = Server::always(Answer::text("hello").after(Duration::from_millis(1)));
    let list = world.list(&server, count);
    let mut loader = world.loading(&list, &["--max-queued", "200"]).begin();
    wait_until_full(&world, most);
    let early = resident(&loader);
    let (begun, spent) = (Instant::now(), processor_time(&loader));
    let worker = world.work(&["-j", "4"]);
    let (mut longest, mut late, mut busy) = (0, early, spent);
    wait_until("a loader that ends", || {
        longest = longest.max(world.length("q"));
        late = late.max(resident(&loader));
        busy = busy.max(processor_time(&loader));
        loader.is_over()
    });
    let share = (busy - spent).as_secs_f64() / begun.elapsed().as_secs_f64();
    assert!(!is_timed() || share < 0.05, "{share} of a processor");
    loader.finish().exits(0);
    worker.finish().exits(0);
    assert!(longest <= most, "{longest} entries at once");
    assert!(late < early + (8 << 20), "{early} bytes, then {late}");
    assert_eq!(server.requests(), count);
}

/// Memory of a process, in bytes. 0: it has ended.
fn resident(process: &Member) -> u64 {
    let pages = fs::read_to_string(format!("/proc/{}/statm", process.id()));
    let pages = pages.unwrap_or_default();
    let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    resident.unwrap_or(0) * 4096
}

/// Time that a process had a processor. Zero: it has ended.
fn processor_time(process: &Member) -> Duration {
    let facts = fs::read_to_string(format!("/proc/{}/stat", process.id()));
    let facts = facts.unwrap_or_default();
    let (_, after_name) = facts.rsplit_once(')').unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    // A hundred ticks are a second.
    Duration::from_millis(ticks * 10)
}

#[test]
fn a_loader_asks_a_full_queue_less_and_less_often() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list(&server(), 30);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls);
    let proxy = RedisProxy::start(world.redis.socket(), move |call| {
        if call.step == "load" {
            noted.lock().unwrap().push(Instant::now());
        }
        Fate::Pass
    });
    let load = world.fleet_at(&proxy.url, "load", &[&list, "--max-queued", "10"]);
    let loader = load.begin();
    // The pauses are 20, 40, 80, 160, 320 and then 500 ms long.
    let is_long = |calls: &[Instant]| calls[1] - calls[0] >= Duration::from_millis(450);
    wait_until("a long pause", || {
        calls.lock().unwrap().windows(2).any(is_long)
    });
    loader.kill();
    let calls = calls.lock().unwrap().len();
    assert!(calls <= 20, "{calls} calls");
}

#[test]
fn a_server_without_memory_takes_outcomes_and_no_requests() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let count = 300;
    let server = server();
    let list = world.list(&server, count);
    let loader = world.loading(&list, &["--max-queued", "100"]).begin();
    wait_until_full(&world, 100);
    world.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    let worker = world.work(&[]);
    wait_until("100 outcomes", || world.length("out") == 100);
    loader.wait_until_said("command not allowed when used memory > 'maxmemory'");
    assert_eq!((world.length("q"), server.requests()), (0, 100));
    world.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    loader.finish().exits(0);
    worker.finish().exits(0);
    world.collect("out.jsonl").finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn lines_that_cannot_be_sent_have_an_outcome_each() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = server();
    let long = format!("{}?{}", server.url("/long"), "x".repeat(70_000));
    let lines = [
        server.url("/0"),
        "{\"url\": 17}".to_owned(),
        "http://[bad".to_owned(),
        "{\"url\": ".to_owned(),
        long,
        server.url("/1"),
    ];
    let list = world.list_of(lines);
    world.load(&list, &[]).says("6 requests loaded");
    let records = world.finish("out.jsonl");
    let invalid = records
        .iter()
        .filter(|r| r["error_type"] == "invalid_request");
    let invalid: Vec<_> = invalid.collect();
    assert_eq!((records.len(), invalid.len()), (6, 4), "{records:#?}");
    let is_long = |record: &&&serde_json::Value| record["error_msg"].to_string().contains("65536");
    assert_eq!(invalid.iter().filter(is_long).count(), 1, "{invalid:#?}");
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(server.requests(), 2);
}

#[test]
fn an_empty_list_is_a_run_that_is_over() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of([]);
    world.load(&list, &[]).says("0 requests loaded");
    assert!(world.finish("out.jsonl").is_empty());
}
