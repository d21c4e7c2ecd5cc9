//! `--overwrite`: no file is emptied before every lock is held and every refusal is past.

use std::fs;

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

const OLD: &str = "something of before\n";

/// Lists whose lines cannot be read, and the logs of their run.
struct Logged {
    server: Server,
    folder: Folder,
    list: String,
}

impl Logged {
    fn new(log: &str) -> Logged {
        let (server, folder) = (Server::always(Answer::text("fine")), Folder::new());
        let text = format!("{}\nno url\n", server.url("/1"));
        let list = folder.file("LIST", &text);
        haul(["-q", "--failures", log, &list])
            .current_dir(&folder)
            .done()
            .exits(1);
        Logged {
            server,
            folder,
            list: text,
        }
    }
}

#[test]
fn a_run_that_another_one_keeps_out_empties_none_of_its_files() {
    let (server, folder) = (Server::always(Answer::status(500)), Folder::new());
    let url = server.url("/1");
    for (results, log) in [("o", "f.jsonl"), ("p", "f.db")] {
        let summary = folder.file("summary.json", "{}");
        let (out, failures) = (folder.at(results), folder.at(log));
        let arguments = ["-q", "--retry", "0", "-o", &out, "--failures", &failures];
        let mut first = haul(arguments.iter().chain(&["-"])).start();
        first.say(&json!({"url": url, "method": "POST"}).to_string());
        while !folder.has(results) || folder.read(results).lines().count() == 0 {
            std::thread::yield_now();
        }
        let read = |name: &str| fs::read(folder.at(name)).unwrap();
        while !folder.has(log) || (log == "f.jsonl" && folder.read(log).is_empty()) {
            std::thread::yield_now();
        }
        let others = [log, results, "summary.json"];
        let is_settled = |name: &&&str| **name != "f.db";
        let before: Vec<_> = others
            .iter()
            .filter(is_settled)
            .map(|name| read(name))
            .collect();
        for more in ["--overwrite", "--resume"] {
            let summed = ["--summary-json", &summary, more, &url];
            let done = haul(arguments.iter().chain(&summed)).done();
            assert_ne!(done.status, Some(0));
        }
        let after: Vec<_> = others
            .iter()
            .filter(is_settled)
            .map(|name| read(name))
            .collect();
        assert!(before == after, "{log}");
        first.close_input();
        first.finish().exits(1);
        assert_eq!(folder.records(results).len(), 1);
    }
    assert_eq!(folder.records("f.jsonl").len(), 1);
    let database = rusqlite::Connection::open(folder.at("f.db")).unwrap();
    let rows = database.query_row("SELECT count(*) FROM failures", [], |row| row.get(0));
    assert_eq!(rows, Ok(1));
}

#[test]
fn an_output_that_cannot_be_used_leaves_the_others_as_they_were() {
    let (server, folder) = (Server::always(Answer::text("fine")), Folder::new());
    let (url, out) = (server.url("/1"), folder.file("o", OLD));
    folder.file("o.journal", OLD);
    let foreign = folder.file(
        "foreign.db",
        "no database, and long enough to be seen".repeat(20),
    );
    let log = folder.file("f.jsonl", OLD);
    for refused in [
        &["--failures", &foreign][..],
        &["--failures", &log, "--summary-json", "/proc/self/no"],
        &["--failures", "/proc/self/no.jsonl"],
    ] {
        let arguments = ["-q", "--overwrite", "-o", &out, &url];
        let done = haul(arguments.iter().chain(refused)).done();
        assert!(matches!(done.status, Some(2 | 3)), "{refused:?}");
        for name in ["o", "o.journal", "f.jsonl"] {
            assert_eq!(folder.read(name), OLD, "{refused:?} {name}");
        }
    }
    assert_eq!(server.requests(), 0);
    let arguments = ["-q", "--overwrite", "-o", &out, "--failures", &log, &url];
    haul(arguments).done().exits(0);
    assert_eq!(
        (folder.records("o").len(), folder.read("f.jsonl")),
        (1, String::new())
    );
    assert!(!folder.has("o.journal"));
}

#[test]
fn a_list_that_a_log_leads_back_to_is_not_emptied() {
    for log in ["log.jsonl", "log.db"] {
        let logged = Logged::new(log);
        let folder = &logged.folder;
        fs::hard_link(folder.at("LIST"), folder.at("hard")).unwrap();
        for output in ["-o", "--failures", "--summary-json"] {
            for name in ["LIST", "./hard"] {
                for more in ["-q", "--dry-run"] {
                    let sent = logged.server.requests();
                    haul([more, "--overwrite", output, name, log])
                        .current_dir(folder)
                        .done()
                        .exits(2)
                        .says(": it would be emptied by ")
                        .says("line 2 of it is to be sent")
                        .never_says("--overwrite");
                    assert_eq!(folder.read("LIST"), logged.list);
                    assert_eq!(logged.server.requests(), sent);
                }
            }
        }
        // Other files may be replaced.
        folder.file("other", OLD);
        haul(["-q", "--overwrite", "-o", "other", log])
            .current_dir(folder)
            .done()
            .exits(1);
        assert_eq!(folder.records("other").len(), 1);
    }
}

#[test]
fn a_log_on_standard_input_leads_back_too() {
    let logged = Logged::new("log.jsonl");
    let haul_at = env!("CARGO_BIN_EXE_haul");
    for inputs in ["", "-"] {
        let status = std::process::Command::new("sh")
            .args([
                "-c",
                &format!("\"{haul_at}\" -q --overwrite -o LIST {inputs} <log.jsonl"),
            ])
            .current_dir(logged.folder.path())
            .status();
        assert_eq!(status.unwrap().code(), Some(2));
        assert_eq!(logged.folder.read("LIST"), logged.list);
    }
}

#[test]
fn a_body_that_a_line_sends_is_not_emptied() {
    let (server, folder) = (Server::always(Answer::text("fine")), Folder::new());
    folder.file("body", OLD);
    for line in [
        json!({"url": server.url("/1"), "body_file": "body"}),
        json!({"url": server.url("/1"), "body_file": "./body", "output_file": "x"}),
        json!({"url": server.url("/1"), "body_file": "body", "colour": 1}),
        json!({"v": 1, "request": {"url": server.url("/1"), "method": "PUT", "body_file": "body"}}),
    ] {
        folder.file("list", format!("{}\n{line}\n", server.url("/0")));
        haul(["-q", "--lenient", "--overwrite", "-o", "body", "list"])
            .current_dir(&folder)
            .done()
            .exits(2)
            .says(
                "body: it would be emptied by -o/--output, and its content is to be sent: list:2 ",
            );
        assert_eq!(folder.read("body"), OLD);
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_pipe_that_is_no_list_empties_nothing() {
    let folder = Folder::new();
    let (out, log) = (folder.file("o", OLD), folder.file("f.jsonl", OLD));
    let arguments = ["-q", "--overwrite", "-o", &out, "--failures", &log, "-"];
    for input in [
        b"<html>\n".as_slice(),
        b"\x1f\x8b\x08\0\0",
        b"SQLite format 3\0",
    ] {
        haul(arguments).input(input).done().exits(2);
        assert_eq!(
            (folder.read("o"), folder.read("f.jsonl")),
            (OLD.into(), OLD.into())
        );
    }
    haul(arguments).input("").done().exits(0);
    assert_eq!(
        (folder.read("o"), folder.read("f.jsonl")),
        (String::new(), String::new())
    );
}

#[test]
#[cfg(unix)]
fn results_that_another_process_writes_are_replaced_by_no_option() {
    let (server, folder) = (Server::always(Answer::text("fine")), Folder::new());
    let url = server.url("/1");
    let live = folder.file("r", OLD);
    let writer = fs::File::options().append(true).open(&live).unwrap();
    writer.lock().unwrap();
    for option in ["--failures", "--summary-json"] {
        haul(["-q", "--overwrite", option, "r", "-o", "x", &url])
            .current_dir(&folder)
            .done()
            .exits(3)
            .says("another process is writing it");
        assert_eq!(fs::read_to_string(&live).unwrap(), OLD, "{option}");
    }
    assert_eq!(server.requests(), 0);
}
