//! Results of another shard, which a run refuses to continue.

use std::fs;

use super::super::command::{Folder, haul};
use super::{list, server};

#[test]
fn results_of_another_shard_are_refused_and_stay_as_they_are() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", list(&server, 60));
    for by in ["key", "host"] {
        for (name, line) in [
            ("r.jsonl", 1),
            ("r.jsonl.gz", 1),
            ("r.jsonl.zst", 1),
            ("r.csv", 2),
            ("r.tsv", 2),
            ("r.csv.gz", 2),
            ("r.db", 1),
        ] {
            let folder = Folder::new();
            let out = folder.at(name);
            let run = |shard: &str, more: &str| {
                let arguments = ["-q", "--exit-zero", "--retry", "0", "--shard-by", by];
                let run = haul(arguments).and(["--shard", shard, "-o", &out, &list]);
                if more.is_empty() {
                    run
                } else {
                    run.and([more])
                }
            };
            // By host all URLs of the server are in one shard, and lines of no request in that of their keys.
            let own = (0..4).max_by_key(|number| {
                let done = haul(["--dry-run", "--shard-by", by, "--shard"]);
                done.and([&format!("{number}/4"), &list])
                    .done()
                    .stdout
                    .len()
            });
            let own = own.unwrap();
            let (own, other) = (format!("{own}/4"), format!("{}/4", (own + 1) % 4));
            run(&own, "").done().exits(0);
            let before = fs::read(&out).unwrap();
            for option in ["--resume", "--retry-failed"] {
                let told = format!(
                    "haul: {out}:{line}: belongs to shard {own} (--shard {other} was given)\n"
                );
                let done = run(&other, option).done().exits(2);
                assert_eq!(done.stderr, told, "{name}, {by}");
                assert!(fs::read(&out).unwrap() == before, "{name}, {by}");
            }
            run(&own, "--resume").done().exits(0);
        }
    }
}

#[test]
fn the_line_that_belongs_to_another_shard_is_named() {
    let folder = Folder::new();
    let line = |key: &str| {
        format!(
            "{{\"v\":1,\"index\":0,\"key\":\"{key}\",\"outcome\":\"success\",\"url\":\"http://h/\",\"method\":\"GET\",\"attempts\":1}}\n"
        )
    };
    let (own, other) = (
        format!("2-{:032x}", 3_u128 << 64),
        format!("2-{:032x}", 11_u128 << 64),
    );
    let text = line(&own).repeat(16) + &line(&other) + &line(&own);
    let out = folder.file("r-03.jsonl", &text);
    let run = haul(["--shard", "3/16", "--resume", "-o", &out, "-"]);
    let told = format!("haul: {out}:17: belongs to shard 11/16 (--shard 3/16 was given)\n");
    assert_eq!(run.done().exits(2).stderr, told);
    assert_eq!(folder.read("r-03.jsonl"), text);
}

#[test]
fn results_with_keys_of_version_1_are_refused() {
    let folder = Folder::new();
    let text = "{\"v\":1,\"index\":0,\"key\":\"00000000000000000000000000000000\",\"outcome\":\"success\",\"url\":\"http://h/\",\"method\":\"GET\",\"attempts\":1}\n";
    let out = folder.file("r.jsonl", text);
    let run = haul(["--shard", "0/1", "--resume", "-o", &out, "-"]);
    run.done()
        .exits(2)
        .says(":1: its key is of version 1, which no shard writes");
}
