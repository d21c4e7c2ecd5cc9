//! Outputs on a disk of 256 KiB, and in files that may grow no further.

use std::process::Command;

use test_support::{Answer, Server};

use super::alike::{check, list, server};
use super::command::{Folder, haul};

const REQUESTS: usize = 600;

/// Runs the command on a disk of 256 KiB at `small` in the folder, and once more with `--resume` after the disk has
/// grown; then the content of the disk is copied to the folder. `None`: this system mounts no such disk.
fn on_small_disk(folder: &Folder, arguments: &str) -> Option<(i32, i32)> {
    let script = format!(
        "mkdir small && mount -t tmpfs -o size=256k none small || exit 99
         \"$HAUL\" -q {arguments}; first=$?
         mount -o remount,size=16m small || exit 99
         \"$HAUL\" -q --resume {arguments}; second=$?
         cp small/* .
         echo $first $second"
    );
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .env("HAUL", env!("CARGO_BIN_EXE_haul"))
        .current_dir(folder.path())
        .output();
    let Ok(output) = output else {
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut statuses = said
        .split_whitespace()
        .map(|status| status.parse().unwrap());
    let Some(first) = statuses.next() else {
        println!("no disk could be mounted: {failed}");
        return None;
    };
    // With both on the disk, either may be the first to find it full.
    let named = ["small/out.", "small/failures"];
    let mut named = named.iter().filter(|name| arguments.contains(*name));
    assert!(named.any(|name| failed.contains(name)), "{failed}");
    Some((first, statuses.next().unwrap()))
}

#[test]
fn both_files_hold_each_outcome_once_after_a_full_disk() {
    for (results, log) in [
        ("out.jsonl", "small/failures.jsonl"),
        ("out.jsonl", "small/failures.db"),
        ("small/out.jsonl", "failures.jsonl"),
        ("small/out.jsonl", "failures.db"),
        ("small/out.jsonl", "small/failures.jsonl"),
        ("small/out.db", "failures.jsonl"),
        ("small/out.db", "failures.db"),
    ] {
        let (server, folder) = (server(), Folder::new());
        folder.file("list", list(&server, REQUESTS));
        let arguments = format!("--retry 0 -j 4 -o {results} --failures {log} list");
        let Some(statuses) = on_small_disk(&folder, &arguments) else {
            return;
        };
        // All requests that were left may have succeeded.
        assert!(matches!(statuses, (3, 0 | 1)), "{arguments}: {statuses:?}");
        let name = |path: &str| path.trim_start_matches("small/").to_owned();
        check(&server, &folder, (&name(results), &name(log)), REQUESTS);
    }
}

#[test]
fn a_run_whose_journal_had_no_room_can_be_resumed() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    folder.file("list", list(&server, 40));
    // The results have room elsewhere; the disk beside their name has none for an intent.
    let script = "mkdir small && mount -t tmpfs -o size=256k none small || exit 99
         ln -s ../real.jsonl small/out.jsonl; cat /dev/zero > small/filler 2>/dev/null
         \"$HAUL\" -q --resume -o small/out.jsonl list; echo $?
         rm small/filler
         \"$HAUL\" -q --resume -o small/out.jsonl list; echo $?";
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", script])
        .env("HAUL", env!("CARGO_BIN_EXE_haul"))
        .current_dir(folder.path())
        .output();
    let Ok(output) = output else { return };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if said.is_empty() {
        return;
    }
    let failed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        failed.contains("out.jsonl.journal: cannot be written"),
        "{failed}"
    );
    assert_eq!(said, "3\n0\n", "{failed}");
    assert_eq!(folder.records("real.jsonl").len(), 40);
    for path in (1..40).step_by(2) {
        assert_eq!(server.requests_to(&format!("/{path}")), 1);
    }
}

/// Starts a server whose responses fill more than a file may hold: 64 blocks are 64 KiB at most.
fn large() -> Server {
    Server::always(Answer::status(404).body("x".repeat(3_000)))
}

#[test]
fn a_file_that_may_grow_no_further_is_status_3() {
    let (server, folder) = (large(), Folder::new());
    let urls: String = (0..200)
        .map(|n| server.url(&format!("/{n}")) + "\n")
        .collect();
    let list = folder.file("list", urls);
    for (option, name) in [
        ("-o", "out.jsonl"),
        ("-o", "out.db"),
        ("--failures", "f.jsonl"),
        ("--failures", "f.db"),
    ] {
        let path = folder.at(name);
        let done = haul(["-q", "--retry", "0", option, &path, &list])
            .file_blocks(64)
            .done();
        done.exits(3).says(&path);
    }
    let out = std::fs::File::create(folder.at("stdout")).unwrap();
    let done = haul(["-q", "--retry", "0", &list])
        .file_blocks(64)
        .stdout(out)
        .run();
    done.exits(3)
        .says("stdout: cannot be written: File too large");
}

#[test]
fn a_saved_body_and_a_summary_that_find_no_room_are_named_too() {
    let (server, folder) = (
        Server::always(Answer::text("x".repeat(100_000))),
        Folder::new(),
    );
    let url = server.url("/big");
    let saved = folder.at("saved");
    let done = haul(["-q", "--output-dir", &saved, &url])
        .file_blocks(64)
        .done();
    done.exits(3).says("saved/big: File too large");
    let summary = folder.at("summary.json");
    let arguments = ["-q", "--body", "none", "--summary-json", &summary, &url];
    let done = haul(arguments)
        .file_blocks(0)
        .stdout(std::process::Stdio::null())
        .run();
    done.exits(3)
        .says("summary.json: cannot be written: File too large");
}

#[test]
fn the_figures_of_a_run_that_could_not_be_written_count_what_is_on_file() {
    let (server, folder) = (Server::always(Answer::text("x".repeat(300))), Folder::new());
    let out = folder.at("out.jsonl");
    for count in [5, 10, 40] {
        let urls: String = (0..count)
            .map(|n| server.url(&format!("/{n}")) + "\n")
            .collect();
        let list = folder.file("list", urls);
        let arguments = ["-o", &out, "--summary-json", "-", "--overwrite", &list];
        let done = haul(arguments).file_blocks(2).done().exits(3);
        let done = done.says("out.jsonl: cannot be written: ");
        let figures: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
        let on_file = folder.records("out.jsonl").len();
        assert!(on_file < count, "{on_file} of {count}");
        assert_eq!(
            (&figures["succeeded"], &figures["failed"]),
            (&on_file.into(), &0.into())
        );
        assert!(figures["not_done"].as_u64().unwrap() >= 1, "{figures}");
    }
}
