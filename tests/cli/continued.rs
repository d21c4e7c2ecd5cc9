//! Downloads that go on: after a kill, in the next run, and beside other files.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use test_support::{Answer, Scenario, ServedFile, Server};

use super::command::{Folder, haul};

fn scale() -> u64 {
    let scale = env::var("HAUL_SCALE").ok().and_then(|n| n.parse().ok());
    scale.unwrap_or(1)
}

fn seed() -> u64 {
    let seed = env::var("HAUL_SEED").ok().and_then(|n| n.parse().ok());
    seed.unwrap_or_else(|| fastrand::u64(..1 << 48))
}

/// Returns the lower-case digest of a file's bytes.
fn digest(body: &[u8]) -> String {
    let digest = hmac_sha256::Hash::hash(body);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the names in a directory, in order.
fn names(folder: &Folder, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join(directory));
    let entries = entries.into_iter().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Returns the number of bytes of all files in a directory.
fn size(folder: &Folder, directory: &str) -> u64 {
    let names = names(folder, directory).into_iter();
    let path = |name: String| folder.path().join(directory).join(name);
    let sizes = names.filter_map(|name| fs::metadata(path(name)).ok());
    sizes.map(|about| about.len()).sum()
}

/// Starts a server whose files come slowly, so that a kill finds them in the middle, and are cut now and then.
fn slow_server(files: &Arc<HashMap<String, ServedFile>>) -> Server {
    let files = Arc::clone(files);
    Scenario::new()
        .when("/*", move |seen| {
            let answer = files[seen.path()].answer(seen);
            let answer = answer.dripping(20_000, Duration::from_micros(500));
            match seen.number % 7 {
                3 => answer.cut_after(70_000),
                5 => answer.reset_after(1000),
                _ => answer,
            }
        })
        .start()
}

#[test]
fn a_run_that_is_killed_at_any_moment_goes_on_to_whole_files() {
    let first = seed();
    println!("HAUL_SEED={first}");
    let (mut kills, mut continued) = (0, 0);
    for seed in first..first + 2 * scale() {
        let mut random = fastrand::Rng::with_seed(seed);
        let files = (0..6).map(|i| {
            let size = random.usize(1..400_000);
            let file = ServedFile::new(size);
            let file = match i % 3 {
                0 => file.validator("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
                // Without a validator each attempt starts over.
                1 if i == 1 => file.validator("X-Nothing", "1"),
                _ => file,
            };
            (format!("/{i}.bin"), file)
        });
        let files: Arc<HashMap<_, _>> = Arc::new(files.collect());
        let (server, folder) = (slow_server(&files), Folder::new());
        let lines = (0..6).map(|i| json!({"url": server.url(&format!("/{i}.bin"))}));
        let lines: String = lines.map(|line| format!("{line}\n")).collect();
        let list = folder.file("list", lines);
        let (dir, out) = (folder.at("d"), folder.at("run.jsonl"));
        let mut arguments = vec!["-q", "--continue", "--output-dir", &dir, "-j", "3"];
        arguments.extend([
            "--retry",
            "9",
            "--retry-delay",
            "1ms",
            "-o",
            &out,
            "--resume",
        ]);
        arguments.push(&list);
        if random.bool() {
            arguments.push("--durable");
        }
        let check = |whole: bool| {
            for (path, file) in files.iter() {
                match fs::read(format!("{dir}{path}")) {
                    Ok(bytes) => assert!(bytes == file.body, "seed {seed}: {path} is not whole"),
                    Err(e) => assert!(!whole, "seed {seed}: {path}: {e}"),
                }
            }
        };
        for _ in 0..random.usize(2..8) {
            let mut run = haul(arguments.iter()).start();
            // A kill at some number of bytes, and now and then at once or shortly after a file got its name.
            let next = size(&folder, "d") + random.u64(..150_000);
            while size(&folder, "d") < next && !run.is_over() {
                std::thread::yield_now();
            }
            kills += usize::from(!run.is_over());
            run.kill();
            run.finish();
            check(false);
        }
        haul(arguments.iter()).done().exits(0);
        check(true);
        let mut expected: Vec<_> = files.keys().map(|path| path[1..].to_owned()).collect();
        expected.sort();
        assert_eq!(names(&folder, "d"), expected, "seed {seed}");
        let records = folder.records("run.jsonl");
        assert_eq!(records.len(), 6, "seed {seed}");
        for record in &records {
            let url = record["url"].as_str().unwrap();
            let file = &files[&url[url.rfind('/').unwrap()..]];
            assert_eq!(record["outcome"], "success", "seed {seed}: {record}");
            assert_eq!(record["sha256"], digest(&file.body), "seed {seed}");
            assert_eq!(record["size_bytes"], file.body.len(), "seed {seed}");
        }
        let ranges = server.seen();
        continued += ranges
            .iter()
            .filter(|seen| seen.header("range").is_some())
            .count();
    }
    println!("{kills} kills, {continued} requests for the rest of a file");
    assert!(continued > 0);
}

/// Leaves `d/a.part` and its description behind, from a run whose results are in `run.jsonl`.
fn cut(file: &ServedFile, folder: &Folder) -> Server {
    let server = file.clone().cut(&[1000]).start();
    let url = server.url("/a");
    let arguments = ["--continue", "--output-dir", "d", "--retry", "0", &url];
    haul(arguments).current_dir(folder).done().exits(1);
    assert_eq!(names(folder, "d"), ["a.part", "a.part.json"]);
    server
}

#[test]
fn the_same_command_goes_on_and_so_does_curls_letter() {
    for option in [
        &["--continue"][..],
        &["-C", "-"],
        &["-C-"],
        &["--continue-at=-"],
    ] {
        let (file, folder) = (ServedFile::new(10_000), Folder::new());
        let server = cut(&file, &folder);
        let url = server.url("/a");
        let others = ["--output-dir", "d", &url];
        haul(option.iter().chain(&others))
            .current_dir(&folder)
            .done()
            .exits(0);
        assert_eq!(names(&folder, "d"), ["a"]);
        assert_eq!(server.last("/a").header("range"), Some("bytes=1000-"));
    }
}

#[test]
fn an_offset_is_refused_with_the_right_option() {
    for offset in ["100", "0", "-5", "x", ""] {
        let arguments = ["--output-dir", "d", "-C", offset, "http://127.0.0.1:1/"];
        let done = haul(arguments).done().exits(2);
        done.says("by itself").says("--continue");
    }
    haul(["--continue", "http://127.0.0.1:1/"])
        .done()
        .exits(2)
        .says("--output-dir");
}

#[test]
fn resume_keeps_parts_only_with_continue() {
    for keeps in [true, false] {
        let (file, folder) = (ServedFile::new(200_000), Folder::new());
        let slow = file.clone();
        let server = Scenario::new()
            .when("/a", move |seen| match seen.number {
                0 => slow
                    .answer(seen)
                    .dripping(10_000, Duration::from_millis(50)),
                _ => slow.answer(seen),
            })
            .start();
        let url = server.url("/a");
        let mut arguments = vec!["--output-dir", "d", "-o", "run.jsonl", "--resume", &url];
        let mut run = haul(arguments.iter().chain(&["--continue"]))
            .current_dir(&folder)
            .start();
        let part = folder.path().join("d/a.part");
        while !fs::metadata(&part).is_ok_and(|about| about.len() > 0) {
            std::thread::yield_now();
        }
        run.kill();
        run.finish();
        if keeps {
            arguments.push("--continue");
        }
        haul(arguments).current_dir(&folder).done().exits(0);
        assert_eq!(names(&folder, "d"), ["a"]);
        assert_eq!(fs::read(folder.path().join("d/a")).unwrap(), file.body);
        assert_eq!(server.last("/a").header("range").is_some(), keeps);
    }
}

#[test]
fn no_line_gets_the_name_of_another_lines_part() {
    let (file, folder) = (ServedFile::new(10), Folder::new());
    let server = file.start();
    let paths = ["/a", "/a.part", "/x/a.part.json", "/b.part", "/b"];
    let list: String = paths.map(|path| format!("{}\n", server.url(path))).concat();
    let arguments = ["--continue", "--output-dir", "d", "-"];
    let run = haul(arguments).current_dir(&folder).input(list.clone());
    run.done().exits(0);
    let expected = ["a", "a-2.part", "a.part-3.json", "b-5", "b.part"];
    assert_eq!(names(&folder, "d"), expected);
    // The next run finds the same names, and replaces these files.
    let run = haul(arguments).current_dir(&folder).input(list);
    run.done().exits(0);
    assert_eq!(names(&folder, "d"), expected);
}

#[test]
fn an_error_of_the_server_leaves_the_part_for_the_next_run() {
    let (file, folder) = (ServedFile::new(10_000), Folder::new());
    let served = file.clone();
    let server = Server::start(move |seen| match seen.number {
        0 => served.clone().cut(&[1000]).answer(seen),
        1 => Answer::status(404),
        _ => served.answer(seen),
    });
    let url = server.url("/a");
    let arguments = ["--continue", "--output-dir", "d", "--retry", "0", &url];
    for status in [1, 1, 0] {
        haul(arguments).current_dir(&folder).done().exits(status);
    }
    assert_eq!(server.last("/a").header("range"), Some("bytes=1000-"));
    assert_eq!(fs::read(folder.path().join("d/a")).unwrap(), file.body);
}
