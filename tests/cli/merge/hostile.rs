//! `haul merge` with files that are none, are in the way, or cannot be read or written.

use std::fs;

use super::{run_in_parts, server, verify};
use crate::command::{Folder, haul};

#[test]
fn outputs_that_are_in_the_way_are_refused() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = run_in_parts(&server, &folder, 1);
    let result = results[0].as_str();
    let merge = |output: &str| haul(["merge", "-o", output, "--verify", &list, result]);
    let all = folder.at("all.jsonl");
    fs::write(&all, "x").unwrap();
    merge(&all)
        .done()
        .exits(2)
        .says("it exists (--overwrite replaces it)");
    for output in [result, list.as_str()] {
        let done = merge(output).and(["--overwrite"]).done().exits(2);
        done.says("it would be written by -o/--output, and is read");
    }
    let missing = merge(&folder.at("new.jsonl")).and(["--missing", result]);
    missing
        .done()
        .exits(2)
        .says("it would be written by --missing, and is read: results");
    for name in ["all.csv", "all.tsv.gz", "all.db", "all.xlsx"] {
        merge(&folder.at(name)).done().exits(2);
    }
    merge("-")
        .done()
        .exits(2)
        .says("a file is expected, which appears when it is whole");
    assert_eq!(fs::read_to_string(&all).unwrap(), "x");
    merge(&folder.at("no/all.jsonl")).done().exits(3);
}

#[test]
fn inputs_that_cannot_be_merged_are_refused() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = run_in_parts(&server, &folder, 1);
    let all = folder.at("all.jsonl");
    let database = folder.at("run.db");
    haul(["-q", "-o", &database, &list]).done().exits(0);
    let table = folder.at("run.csv");
    haul(["-q", "-o", &table, &list]).done().exits(0);
    let none = folder.at("none.jsonl");
    for (arguments, told) in [
        (vec!["-"], "standard input cannot be read twice"),
        (
            vec!["http://h/r.jsonl"],
            "a file of results is expected, not a URL",
        ),
        (
            vec![&database],
            "it is a database, and merge reads JSON Lines",
        ),
        (vec![&table], "it is a table, and merge reads JSON Lines"),
        (vec![&none], "none.jsonl: cannot be read: No such file"),
        (vec![&list], "no record is in the results"),
        (
            vec!["--verify", "-", &results[0]],
            "--verify: -: it is read twice",
        ),
        (
            vec!["--verify", &none, &results[0]],
            "none.jsonl: cannot be read",
        ),
        (
            vec!["--verify", &list, "--follow-sitemaps", &results[0]],
            "merge sends nothing",
        ),
        (
            vec!["--verify", &list, "-d", "@-", &results[0]],
            "standard input cannot be read twice",
        ),
        (vec!["--missing", "m.txt", &results[0]], "--verify <INPUT>"),
        (vec![], "<RESULTS>..."),
    ] {
        let merge = haul(["merge", "-o", &all]).and(&arguments);
        merge.done().exits(2).says(told);
    }
    assert!(!folder.path().join("all.jsonl").exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = run_in_parts(&server, &folder, 8);
    let all = folder.at("all.jsonl");
    // The file grows beyond one block of 512 bytes.
    haul(["merge", "-o", &all, "--verify", &list, &results[0]])
        .file_blocks(1)
        .done()
        .exits(3)
        .says("all.jsonl: cannot be written: ");
    assert!(!folder.path().join("all.jsonl").exists());
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1 + results.len(), "the list and the results");
    haul(["merge", "-o", "/dev/full", &results[0]])
        .done()
        .exits(3);
}

#[test]
fn results_of_a_run_under_way_are_refused() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = run_in_parts(&server, &folder, 1);
    let mut run = haul(["-q", "--resume", "-o", &results[0], "-"]).start();
    run.say(&server.url("/1"));
    let is_there = || fs::read_to_string(&results[0]).unwrap().lines().count() == 2;
    while !is_there() {
        std::thread::yield_now();
    }
    if cfg!(unix) {
        let done = verify(&folder, &list, &results, &[]).exits(2);
        done.says("a run is still writing it (it can be merged when the run has ended)");
    }
    run.close_input();
    run.finish().exits(0);
}

#[cfg(unix)]
#[test]
fn pipes_are_refused_without_waiting_for_them() {
    let (server, folder) = (server(), Folder::new());
    let (_, results) = run_in_parts(&server, &folder, 1);
    let pipe = folder.at("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let all = folder.at("all.jsonl");
    let merge = haul(["merge", "-o", &all, &results[0]]);
    let done = merge.and([&pipe]).done().exits(2);
    done.says("it is no regular file, and results are read twice");
    let merge = haul(["merge", "-o", &all, "--verify", &pipe, &results[0]]);
    merge.done().exits(2).says("it is read twice");
}

#[cfg(unix)]
#[test]
fn files_are_opened_one_at_a_time() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = run_in_parts(&server, &folder, 8);
    let copies: Vec<String> = (0..200).map(|n| folder.at(&format!("c-{n}"))).collect();
    for copy in &copies {
        fs::copy(&results[0], copy).unwrap();
    }
    let all = folder.at("all.jsonl");
    let merge = haul(["merge", "-o", &all, "--verify", &list]).and(&copies);
    let done = merge.open_files(40).done().exits(0);
    assert!(
        done.stdout
            .starts_with("8 records kept, of 1600 in 200 files")
    );
    let done = haul(["report"]).and(&copies).open_files(40).done().exits(0);
    assert!(done.stdout.contains("1600 requests"), "{}", done.stdout);
}
