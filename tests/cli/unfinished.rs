//! Files that a kill left unfinished: a resumed run removes its own, saves their bodies again and touches no others.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use serde_json::json;
use test_support::{Answer, Scenario, Server};

use super::command::{Folder, haul};

const HEX: &str = "0123456789abcdef";

/// Starts a server whose bodies never end at first, and are whole from the second time on.
fn server() -> Server {
    let endless = Answer::text("x".repeat(100_000)).dripping(1, Duration::from_millis(20));
    Scenario::new()
        .on("/big", endless.times(1).then(Answer::text("whole")))
        .on("/*", Answer::text("small"))
        .start()
}

fn parts(folder: &Folder, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join(directory)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".part")).collect()
}

#[test]
fn a_resumed_run_removes_unfinished_files() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file(
        "list",
        format!("{}\n{}\n", server.url("/big"), server.url("/b")),
    );
    let arguments = ["--output-dir", "d", "-o", "run.jsonl", &list];
    fs::create_dir(folder.at("d")).unwrap();
    let mut run = haul(arguments).current_dir(&folder).start();
    while !folder.has("d/b") || parts(&folder, "d").is_empty() {
        std::thread::yield_now();
    }
    run.kill();
    run.status();
    let part = parts(&folder, "d").remove(0);
    let journal = folder.records("run.jsonl.journal");
    let line = json!({"v": 1, "file": "d/big", "part": part});
    assert!(journal.contains(&line), "{journal:?}");
    let resumed = arguments.iter().chain(&["--resume"]);
    haul(resumed).current_dir(&folder).done().exits(0);
    assert_eq!(parts(&folder, "d"), [""; 0]);
    assert_eq!(
        (folder.read("d/big"), folder.read("d/b")),
        ("whole".into(), "small".into())
    );
    assert!(!folder.has("run.jsonl.journal") && !folder.has("d/b-2"));
}

/// Writes the results of a run that was killed after it had saved `x` and before it could record so.
fn killed(folder: &Folder, journal: &[serde_json::Value]) {
    let lines: String = journal.iter().map(|line| format!("{line}\n")).collect();
    folder.file("run.jsonl.journal", lines);
    folder.file("run.jsonl", "");
}

#[test]
fn only_a_file_without_an_outcome_is_replaced() {
    let (server, folder) = (server(), Folder::new());
    fs::create_dir(folder.at("d")).unwrap();
    for name in ["d/x", "d/y", "d/given", "d/foreign"] {
        folder.file(name, "before");
    }
    let began = |name: &str| json!({"v": 1, "file": format!("d/{name}"), "part": format!(".{name}.{HEX}.part")});
    killed(&folder, &[began("x"), began("given")]);
    let lines = [
        json!({"url": server.url("/x")}),
        json!({"url": server.url("/y")}),
        json!({"url": server.url("/1"), "output_file": "given"}),
        json!({"url": server.url("/2"), "output_file": "foreign"}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let arguments = ["--resume", "-o", "run.jsonl", "--output-dir", "d", "-"];
    haul(arguments)
        .current_dir(&folder)
        .input(&*lines)
        .done()
        .exits(1);
    for (name, content) in [
        ("d/x", "small"),
        ("d/y", "before"),
        ("d/y-2", "small"),
        ("d/given", "small"),
        ("d/foreign", "before"),
    ] {
        assert_eq!(folder.read(name), content, "{name}");
    }
    // The run touches files that have their outcome no more than any other file.
    haul(arguments)
        .current_dir(&folder)
        .input(lines)
        .done()
        .exits(0);
    assert_eq!(server.requests(), 3);
    assert!(!folder.has("d/x-1") && !folder.has("run.jsonl.journal"));
}

#[test]
fn a_file_that_has_its_outcome_is_not_replaced() {
    let (server, folder) = (server(), Folder::new());
    // The first path stands in its record as it is, the second one escaped.
    for name in ["x", "a\"b"] {
        let line = json!({"url": server.url("/1"), "id": name, "output_file": name}).to_string();
        let arguments = ["-o", "run.jsonl", "--output-dir", "d", "-"];
        let run = haul(arguments).current_dir(&folder).input(line);
        run.done().exits(0);
        let file = format!("d/{name}");
        folder.file(&file, "before");
        let began = json!({"v": 1, "file": file, "part": format!(".{name}.{HEX}.part")});
        folder.file("run.jsonl.journal", format!("{began}\n"));
        let other = json!({"url": server.url("/2"), "output_file": name}).to_string();
        let resumed = haul(arguments.iter().chain(&["--resume"]));
        resumed.current_dir(&folder).input(other).done().exits(1);
        assert_eq!(folder.read(&file), "before");
        fs::remove_file(folder.at("run.jsonl")).unwrap();
    }
}

#[test]
fn a_file_that_was_given_up_is_not_the_runs_own() {
    let (server, folder) = (server(), Folder::new());
    fs::create_dir(folder.at("d")).unwrap();
    folder.file("d/x", "before");
    let began = json!({"v": 1, "file": "d/x", "part": format!(".x.{HEX}.part")});
    let mut given_up = began.clone();
    given_up["withdrawn"] = true.into();
    killed(&folder, &[began, given_up]);
    let arguments = ["--resume", "-o", "run.jsonl", "--output-dir", "d"];
    haul(arguments.iter().copied().chain([&*server.url("/x")]))
        .current_dir(&folder)
        .done()
        .exits(0);
    assert_eq!(
        (folder.read("d/x"), folder.read("d/x-1")),
        ("before".into(), "small".into())
    );
}

#[test]
fn only_an_unfinished_file_of_the_journal_is_removed() {
    let (server, folder) = (server(), Folder::new());
    for name in ["d", "d/sub", "other"] {
        fs::create_dir(folder.at(name)).unwrap();
    }
    symlink("../other", folder.at("d/out")).unwrap();
    symlink(".", folder.at("d/here")).unwrap();
    let part = |name: &str| format!(".{name}.{HEX}.part");
    let all = [
        ("d/a", part("a"), false),
        ("d/sub/b", part("b"), false),
        ("d/here/c", part("c"), false),
        // Paths outside the directory, directly or by a link.
        ("other/d", part("d"), true),
        ("d/../other/e", part("e"), true),
        ("d/out/f", part("f"), true),
        // Names that are not those of an unfinished file of this file.
        ("d/g", "g".to_owned(), true),
        ("d/h", ".h.part".to_owned(), true),
        ("d/i", part("other"), true),
        ("d/j", format!(".j.{}.part", HEX.to_uppercase()), true),
        ("d/k", format!("../other/{}", part("k")), true),
    ];
    let path = |file: &str, part: &str| folder.path().join(file).parent().unwrap().join(part);
    let mut lines = Vec::new();
    for (file, part, _) in &all {
        fs::write(path(file, part), "before").unwrap();
        lines.push(json!({"v": 1, "file": file, "part": part}));
    }
    // Entries that are no regular files.
    symlink("../list", path("d/l", &part("l"))).unwrap();
    fs::create_dir(path("d/m", &part("m"))).unwrap();
    for name in ["l", "m"] {
        lines.push(json!({"v": 1, "file": format!("d/{name}"), "part": part(name)}));
    }
    // This file is not in the journal.
    folder.file(&format!("d/{}", part("n")), "before");
    killed(&folder, &lines);
    let list = folder.file("list", server.url("/new") + "\n");
    haul(["--resume", "-o", "run.jsonl", "--output-dir", "d", &list])
        .current_dir(&folder)
        .done()
        .exits(0);
    for (file, part, stays) in &all {
        assert_eq!(path(file, part).exists(), *stays, "{file} {part}");
    }
    for name in ["l", "m", "n"] {
        assert!(
            path("d/x", &part(name)).symlink_metadata().is_ok(),
            "{name}"
        );
    }
    assert_eq!(folder.read("list"), server.url("/new") + "\n");
}

#[test]
fn without_the_directory_nothing_is_removed() {
    let (server, folder) = (server(), Folder::new());
    fs::create_dir(folder.at("d")).unwrap();
    let part = format!(".a.{HEX}.part");
    folder.file(&format!("d/{part}"), "before");
    killed(&folder, &[json!({"v": 1, "file": "d/a", "part": part})]);
    for more in [
        &[][..],
        &["--output-dir", "elsewhere"],
        &["--dry-run", "--output-dir", "d"],
    ] {
        let url = server.url("/new");
        let arguments = [&["--resume", "-o", "run.jsonl", &url], more].concat();
        haul(arguments).current_dir(&folder).done().exits(0);
        assert!(folder.has(&format!("d/{part}")), "{more:?}");
    }
}
