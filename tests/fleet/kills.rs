//! Workers and collectors that are killed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use test_support::{Answer, Gate, Server};

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{Member, World, path_of, scaled, text, wait_until};

/// Number of entries that a worker with few jobs takes at the most.
const WINDOW: usize = 64;

#[test]
fn what_a_killed_worker_had_goes_to_others() {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let (count, kills) = (scaled(600), scaled(4));
    let server = Server::always(Answer::text("hello").after(Duration::from_millis(3)));
    let list = world.list(&server, count);
    world.load(&list, &[]);
    let collector = world.collect("out.jsonl");
    let mut workers = [world.work(&["-j", "4"]), world.work(&["-j", "4"])];
    for kill in 1..=kills {
        server.wait_for_requests(kill * count / (kills + 1));
        let killed = std::mem::replace(&mut workers[kill % 2], world.work(&["-j", "4"]));
        killed.kill();
    }
    for worker in workers {
        worker.finish().exits(0);
    }
    collector.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    let extra = server.requests() - count;
    assert!(extra <= kills * WINDOW, "{extra} requests were sent again");
    assert!(world.status().reclaimed > 0);
}

#[test]
fn outcomes_of_a_settle_without_reply_are_not_sent_for_again() {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let count = 20;
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, count);
    world.load(&list, &[]);
    let lost = Arc::new(AtomicBool::new(false));
    let is_lost = Arc::clone(&lost);
    let proxy = RedisProxy::start(world.redis.socket(), move |call| {
        match call.step == "settle" && !is_lost.swap(true, Ordering::SeqCst) {
            true => Fate::LostReply,
            false => Fate::Pass,
        }
    });
    let worker = world.fleet_at(&proxy.url, "work", &["-j", "4"]).begin();
    wait_until("settled outcomes", || world.length("out") > 0);
    worker.kill();
    assert!(lost.load(Ordering::SeqCst));
    let settled: BTreeSet<String> = outcomes(&world).iter().map(path).collect();
    world.finish("out.jsonl");
    world.assert_exact(&list, &["out.jsonl"]);
    for path in settled {
        assert_eq!(server.requests_to(&path), 1, "{path}");
    }
}

fn path(record: &serde_json::Value) -> String {
    path_of(record).to_owned()
}

/// Records that wait to be collected.
fn outcomes(world: &World) -> Vec<serde_json::Value> {
    let stream = format!("haul:{{{}.0}}:out", crate::world::RUN);
    let entries: Vec<(String, Vec<String>)> = world.ask(&["XRANGE", &stream, "-", "+"]);
    let fields = entries.into_iter().map(|(_, fields)| fields);
    let records = fields.map(|fields| serde_json::from_str(&fields[1]));
    records.map(|record| record.expect("JSON")).collect()
}

/// Kills a collector between the writing of its results and the step that takes them off the server, and goes on with its
/// files. `failures`: number of lines that its failures file had got. `ending`: that of the results file.
fn kill_before_reporting(failures: usize, ending: &str) {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let count = 50;
    let server = Server::start(|seen| match seen.path().ends_with('7') {
        true => Answer::status(404),
        false => Answer::text("hello"),
    });
    let list = world.list(&server, count);
    world.load(&list, &[]);
    world.work(&[]).finish().exits(0);
    let asked = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&asked);
    let proxy = RedisProxy::start(world.redis.socket(), move |call| match call.step {
        "collected" => {
            calls.fetch_add(1, Ordering::SeqCst);
            Fate::Silence
        }
        _ => Fate::Pass,
    });
    let (out, log) = (world.at(&format!("out.jsonl{ending}")), world.at("f.jsonl"));
    let files = ["-o", &out, "--failures", &log];
    let collector = world.fleet_at(&proxy.url, "collect", &files).begin();
    wait_until("results on the disk", || asked.load(Ordering::SeqCst) > 0);
    collector.kill();
    assert_eq!(world.length("out"), count, "nothing was removed");
    let written = std::fs::read_to_string(&log).expect("failures");
    assert_eq!(written.lines().count(), 5, "on the disk first");
    let kept: String = written.split_inclusive('\n').take(failures).collect();
    world.folder.write("f.jsonl", kept);
    let again = world.fleet("collect", &files).and(["--resume"]);
    again.done().exits(0);
    let verified = world.verify(&list, &[&format!("out.jsonl{ending}")]);
    verified.exits(0).never_says("copies");
    let whole = std::fs::read_to_string(&log).expect("failures");
    assert_eq!(whole, written);
    assert_eq!((world.length("out"), server.requests()), (0, count));
}

#[test]
fn a_collector_that_is_killed_before_it_reports_writes_nothing_twice() {
    kill_before_reporting(5, "");
    kill_before_reporting(5, ".gz");
}

#[test]
fn a_collector_that_is_killed_between_its_files_completes_the_second_one() {
    kill_before_reporting(2, "");
    kill_before_reporting(0, ".zst");
}

#[test]
fn a_collector_that_cannot_open_all_files_leaves_none() {
    let server = Server::always(Answer::text("hello"));
    let Some((world, _)) = World::loaded(&server, 2) else {
        return;
    };
    world.work(&[]).finish().exits(0);
    let (out, wrong) = (world.at("out.jsonl"), world.at("no/f.jsonl"));
    let files = ["-o", &out, "--failures", &wrong];
    world.fleet("collect", &files).done().says("no/f.jsonl");
    assert!(!std::path::Path::new(&out).exists());
    world.folder.write("out.jsonl", "{}\n");
    let replacing = world.fleet("collect", &files).and(["--overwrite"]);
    replacing.done().says("no/f.jsonl");
    assert_eq!(std::fs::read_to_string(&out).expect("it stays"), "{}\n");
}

#[test]
fn a_collector_takes_what_another_one_left() {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 20);
    world.load(&list, &[]);
    world.work(&[]).finish().exits(0);
    let proxy = RedisProxy::start(world.redis.socket(), |call| match call.step {
        "collected" => Fate::Silence,
        _ => Fate::Pass,
    });
    let lost = world.at("lost.jsonl");
    let collector = world
        .fleet_at(&proxy.url, "collect", &["-o", &lost])
        .begin();
    wait_until("a file", || {
        std::fs::metadata(&lost).is_ok_and(|f| f.len() > 0)
    });
    collector.kill();
    // The machine of that collector is gone, and the file with it.
    world
        .fleet("collect", &["-o", &world.at("out.jsonl")])
        .done()
        .exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}

/// Starts a worker whose outcomes and returned requests do not reach the server of Redis.
fn unheard_worker(world: &World) -> Member {
    let proxy = RedisProxy::start(world.redis.socket(), |call| match call.step {
        "settle" | "park" => Fate::LostCall,
        _ => Fate::Pass,
    });
    let options = ["-j", "4", "--grace", "100ms"];
    world.fleet_at(&proxy.url, "work", &options).begin()
}

/// Kills a worker between the responses and their settling. `hands_back`: the worker that takes the requests over is told
/// to end before it can settle anything.
fn kill_before_settling(hands_back: bool) {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let line = |number: usize| {
        let method = if number.is_multiple_of(2) {
            "POST"
        } else {
            "GET"
        };
        json!({"url": server.url(&format!("/{number}")), "method": method}).to_string()
    };
    let count = 12;
    let list = world.list_of((0..count).map(line));
    world.load(&list, &[]);
    let worker = unheard_worker(&world);
    server.wait_for_requests(count);
    worker.kill();
    let mut most = 2;
    if hands_back {
        most += 1;
        let next = unheard_worker(&world);
        server.wait_for_requests(count + count / 2);
        next.signal(Signal::TERM);
        next.finish().exits(143);
    }
    world.finish("out.jsonl");
    let records = world.assert_exact(&list, &["out.jsonl"]);
    for record in &records {
        let hits = server.requests_to(path_of(record));
        match text(record, "method") {
            "POST" => {
                assert_eq!(hits, 1, "{record}");
                assert_eq!(text(record, "error_type"), "interrupted", "{record}");
            }
            _ => assert!(hits <= most && record["status"] == 200, "{hits}: {record}"),
        }
    }
}

#[test]
fn a_request_that_must_not_be_repeated_is_sent_once_although_its_worker_dies() {
    kill_before_settling(false);
}

#[test]
fn a_request_that_must_not_be_repeated_is_sent_once_although_the_next_worker_ends_too() {
    kill_before_settling(true);
}

#[test]
fn requests_that_waited_in_the_windows_of_workers_that_died_are_not_given_up() {
    let gate = Gate::closed();
    let held = gate.clone();
    let server = Server::always(Answer::text("hello").behind(&held));
    let Some((world, list)) = World::loaded(&server, WINDOW) else {
        return;
    };
    for death in 1..=4 {
        let worker = world.work(&["-j", "1"]);
        // The request of the worker before is still among those that wait.
        gate.wait_for(death);
        assert_eq!(world.status().leased, WINDOW as u64);
        worker.kill();
    }
    gate.open();
    world.finish("out.jsonl");
    let records = world.assert_exact(&list, &["out.jsonl"]);
    let given_up = records.iter().filter(|record| record["status"] != 200);
    let given_up: Vec<&str> = given_up.map(path_of).collect();
    let hits = |path: &&str| server.requests_to(path);
    assert!(given_up.iter().all(|path| hits(path) == 3), "{given_up:?}");
    assert!(given_up.len() <= 1, "{given_up:?}");
    assert_eq!(world.status().given_up, given_up.len() as u64);
}

#[test]
fn a_post_that_a_worker_parked_at_its_end_is_sent_by_another() {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let gate = Gate::closed();
    let held = gate.clone();
    let server = Server::start(move |seen| match seen.last_number() {
        Some(0) => Answer::text("hello").behind(&held),
        _ => Answer::text("hello"),
    });
    let line = |number: usize| {
        json!({"url": server.url(&format!("/{number}")), "method": "POST"}).to_string()
    };
    let list = world.list_of((0..20).map(line));
    world.load(&list, &[]);
    let worker = world.work(&["-j", "1", "--grace", "200ms"]);
    gate.wait_for(1);
    worker.signal(Signal::TERM);
    worker.finish().exits(143);
    gate.open();
    world.finish("out.jsonl");
    let records = world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(server.requests(), 20);
    for record in records {
        let is_cut_off = path_of(&record) == "/0";
        let is_interrupted = text(&record, "error_type") == "interrupted";
        assert_eq!(is_cut_off, is_interrupted, "{record}");
    }
}

#[test]
fn a_line_that_kills_its_workers_is_given_up_and_no_other_is() {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let victim = Arc::new(AtomicUsize::new(0));
    let killed = Arc::clone(&victim);
    let server = Server::start(move |seen| {
        if seen.path() == "/poison" {
            let process = Pid::from_raw(killed.load(Ordering::SeqCst) as i32);
            let _ = kill_process(process.expect("a worker"), Signal::KILL);
        }
        Answer::text("hello")
    });
    let paths = (0..40).map(|number| server.url(&format!("/{number}")));
    let poison = server.url("/poison");
    let list = world.list_of(std::iter::once(poison).chain(paths));
    world.load(&list, &[]);
    for death in 1..=3 {
        let mut worker = world.work(&["-j", "1"]);
        victim.store(worker.id() as usize, Ordering::SeqCst);
        assert_eq!(worker.status(), None, "it was killed");
        assert_eq!(server.requests_to("/poison"), death);
    }
    world.finish("out.jsonl");
    let records = world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!(server.requests_to("/poison"), 3);
    for record in records {
        match path_of(&record) {
            "/poison" => {
                assert_eq!(text(&record, "error_type"), "interrupted", "{record}");
                assert_eq!(text(&record, "stop_reason"), "attempts_exhausted");
            }
            _ => assert_eq!(record["status"], 200, "{record}"),
        }
    }
    let status = world.status();
    assert_eq!((status.given_up, status.failed, status.success), (1, 1, 40));
}
