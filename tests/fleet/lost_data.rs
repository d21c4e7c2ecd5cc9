//! Servers that lost the end of what they wrote, and results that their users lost.

use std::fs;
use std::path::Path;
use std::thread;

use test_support::{Answer, Folder, RedisServer, Server};

use crate::world::{RUN, World, scaled, slow_server, wait_until};

/// File to which a server appends its changes.
const LOG: &str = "appendonlydir/appendonly.aof.1.incr.aof";

/// Number of places at which the file of one run is cut.
const CUTS: u64 = 10;

/// Copies the files of a server that was killed, but for the end of its log.
fn copy_cut(from: &Folder, length: u64) -> Folder {
    let to = Folder::new();
    let name = Path::new(LOG).parent().expect("a folder");
    fs::create_dir(to.path().join(name)).expect("a folder");
    for file in fs::read_dir(from.path().join(name)).expect("a folder") {
        let file = file.expect("a file");
        let copy = to.path().join(name).join(file.file_name());
        fs::copy(file.path(), copy).expect("a copy");
    }
    let log = fs::OpenOptions::new().write(true).open(to.file(LOG));
    log.and_then(|log| log.set_len(length)).expect("a cut");
    to
}

/// Loads and runs what a server has lost, and then what its results lack. `begun`: results from before.
fn run_again(redis: RedisServer, list: &str, begun: &str) {
    let world = World::on(redis);
    world.write_no_more();
    let load = world.fleet("load", &[list, "--lease", "1s"]);
    let loader = load.begin();
    world.wait_for_run();
    world.folder.write("begun.jsonl", begun);
    world.finish("out.jsonl");
    loader.finish().exits(0);
    let verified = world.verify(list, &["begun.jsonl", "out.jsonl"]);
    // Requests whose results were collected before the cut are sent again.
    assert!(matches!(verified.status, Some(0 | 1)), "{verified:?}");
    let facts = verified.stdout.split_whitespace().collect::<Vec<_>>();
    for fact in ["missing", "foreign"] {
        let at = facts
            .iter()
            .position(|word| *word == fact)
            .expect("it is told");
        assert_eq!(facts[at + 1], "0", "{}", verified.stdout);
    }
    assert_eq!(world.status().remaining(), 0);
}

#[test]
fn a_server_that_lost_the_end_of_its_log_is_loaded_and_run_again() {
    let Some(mut world) = World::on_disk() else {
        return;
    };
    let count = scaled(120);
    let server = slow_server();
    let list = world.list(&server, count);
    let loader = world.loading(&list, &[]).begin();
    world.wait_for_run();
    let worker = world.work(&["-j", "2"]);
    let collector = world.collect("begun.jsonl");
    server.wait_for_requests(count / 2);
    wait_until("results", || world.length("out") > 0);
    for member in [worker, collector, loader] {
        member.kill();
    }
    world.redis.kill();
    let begun = fs::read_to_string(world.at("begun.jsonl")).expect("results");
    let whole = begun.rfind('\n').map_or(0, |end| end + 1);
    let log = world.redis.folder().file(LOG);
    let length = fs::metadata(log).expect("a file").len();
    thread::scope(|scope| {
        for cut in 0..CUTS {
            let folder = copy_cut(world.redis.folder(), length * (2 * cut + 1) / (2 * CUTS));
            let (list, begun) = (list.as_str(), &begun[..whole]);
            scope.spawn(move || {
                let redis = RedisServer::start_in(folder, &["--appendonly", "yes"]);
                run_again(redis.expect("it was there before"), list, begun);
            });
        }
    });
}

#[test]
fn requests_whose_results_were_lost_are_loaded_again() {
    let server = slow_server();
    let Some((world, list)) = World::loaded(&server, 60) else {
        return;
    };
    let records = world.finish("out.jsonl");
    let kept: String = records[..40]
        .iter()
        .map(|record| format!("{record}\n"))
        .collect();
    world.folder.write("kept.jsonl", kept);
    let verified = world.verify(&list, &["kept.jsonl"]);
    assert_eq!(verified.status, Some(1));
    assert!(
        verified.stdout.contains("missing          20"),
        "{verified:?}"
    );
    let kept = world.at("kept.jsonl");
    let load = world.loading(&list, &["--resume", "--results", &kept]);
    load.done().exits(0);
    world.finish("rest.jsonl");
    world.assert_exact(&list, &["kept.jsonl", "rest.jsonl"]);
    assert_eq!(server.requests(), 80);
}

#[test]
fn a_server_that_lost_requests_while_a_loader_waits_is_loaded_again() {
    let Some(mut world) = World::on_disk() else {
        return;
    };
    let count = 100;
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, count);
    let loader = world.loading(&list, &["--max-queued", "20"]).begin();
    wait_until("a full queue", || {
        let facts = format!("haul:{{{RUN}.0}}:m");
        world.ask::<bool>(&["EXISTS", &facts]) && world.length("q") > 0
    });
    world.redis.kill();
    let log = world.redis.folder().file(LOG);
    // The first commands create the run; what follows loads it.
    let text = fs::read(&log).expect("a file");
    let at = find(&text, b"XADD").expect("an entry");
    fs::write(&log, &text[..at]).expect("a cut");
    world.redis.run();
    world.write_no_more();
    let worker = world.work(&[]);
    let loaded = loader.finish();
    if loaded.status != Some(0) {
        loaded.exits(2).says("the server lost requests");
        world.load(&list, &["--max-queued", "20"]);
    }
    worker.finish().exits(0);
    world.finish("out.jsonl");
    world.assert_exact(&list, &["out.jsonl"]);
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
