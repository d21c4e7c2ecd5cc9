//! Files that a run reads and writes: no file is both, none is written twice, and earlier content stays.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Done, Folder, Haul, haul};

/// A server, and a folder with a list of three URLs.
pub(super) struct Setup {
    pub(super) server: Server,
    pub(super) folder: Folder,
    pub(super) list: String,
}

impl Setup {
    pub(super) fn new() -> Setup {
        let server = Server::always(Answer::text("body"));
        let folder = Folder::new();
        let urls: String = (0..3)
            .map(|i| server.url(&format!("/{i}")) + "\n")
            .collect();
        let list = folder.file("list", urls);
        Setup {
            server,
            folder,
            list,
        }
    }

    pub(super) fn haul(&self, arguments: &[&str]) -> Haul {
        haul(arguments).current_dir(&self.folder)
    }

    /// Returns every file and directory below the folder, with its content.
    pub(super) fn files(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        add_files(self.folder.path(), &mut all);
        all
    }

    /// Asserts that the run is refused, changes no file and sends nothing.
    #[track_caller]
    pub(super) fn refuses(&self, status: i32, arguments: &[&str]) -> Done {
        let (before, sent) = (self.files(), self.server.requests());
        let done = self.haul(arguments).done().exits(status);
        assert_eq!(self.files(), before, "{arguments:?}");
        assert_eq!(self.server.requests(), sent, "{arguments:?}");
        done
    }
}

fn add_files(folder: &Path, all: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = path.symlink_metadata().unwrap();
        let content = if about.is_file() {
            String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
        } else {
            format!("{:?}", about.file_type())
        };
        all.insert(path.display().to_string(), content);
        if about.is_dir() {
            add_files(&path, all);
        }
    }
}

#[test]
fn an_input_is_never_an_output_by_whatever_name() {
    let setup = Setup::new();
    fs::hard_link(&setup.list, setup.folder.at("hard")).unwrap();
    symlink("list", setup.folder.at("soft")).unwrap();
    symlink(".", setup.folder.at("here")).unwrap();
    for option in ["-o", "--failures", "--summary-json"] {
        for name in ["list", "./list", "hard", "soft", "here/list", &setup.list] {
            for more in [&["--overwrite"][..], &["--dry-run", "--overwrite"], &[]] {
                let arguments = [&[option, name, "list"], more].concat();
                setup.refuses(2, &arguments).never_says("--overwrite");
            }
        }
    }
    for more in ["--resume", "--retry-failed"] {
        let arguments = [more, "-o", "run.jsonl", "--failures", "hard", "list"];
        setup.refuses(2, &arguments);
    }
}

#[test]
fn an_input_that_links_to_an_output_is_refused() {
    let setup = Setup::new();
    setup
        .haul(&["-o", "run.jsonl", "--failures", "failures.jsonl", "list"])
        .done()
        .exits(0);
    symlink("failures.jsonl", setup.folder.at("soft")).unwrap();
    fs::hard_link(setup.folder.at("failures.jsonl"), setup.folder.at("hard")).unwrap();
    for input in ["failures.jsonl", "soft", "hard"] {
        let outputs = [
            "--resume",
            "-o",
            "run.jsonl",
            "--failures",
            "failures.jsonl",
        ];
        setup.refuses(2, &[&outputs[..], &["list", input]].concat());
    }
}

#[test]
fn standard_streams_are_files_of_the_run_too() {
    let setup = Setup::new();
    let list = || {
        fs::OpenOptions::new()
            .append(true)
            .open(&setup.list)
            .unwrap()
    };
    let before = setup.files();
    for arguments in [
        &["list"][..],
        &["--dry-run", "list"],
        &["-o", "new", "list"],
    ] {
        let done = setup.haul(arguments).stdout(list()).run().exits(2);
        done.says("standard output");
    }
    let results = fs::File::create(setup.folder.at("results")).unwrap();
    let done = setup
        .haul(&["--failures", "results", "--overwrite", "list"])
        .stdout(results)
        .run();
    done.exits(2).says("written twice");
    fs::remove_file(setup.folder.at("results")).unwrap();
    assert_eq!((setup.files(), setup.server.requests()), (before, 0));
}

#[test]
fn files_beside_an_output_are_outputs_too() {
    let setup = Setup::new();
    for name in [
        "list.db-wal",
        "list.db-shm",
        "list.db-journal",
        "list.journal",
    ] {
        fs::copy(&setup.list, setup.folder.at(name)).unwrap();
    }
    for (option, output, input) in [
        ("-o", "list", "list.journal"),
        ("--failures", "list.db", "list.db-wal"),
        ("--failures", "list.db", "./list.db-shm"),
        ("--failures", "./list.db", "list.db-journal"),
    ] {
        setup.refuses(2, &["--overwrite", option, output, input]);
        setup.refuses(2, &[option, output, input]);
    }
    // An input that is a database has these side files too.
    fs::copy(&setup.list, setup.folder.at("list.db")).unwrap();
    for name in ["list.db-wal", "list.db-shm", "./list.db-journal"] {
        setup.refuses(2, &["--overwrite", "-o", name, "list.db"]);
    }
    // The side files are not replaced by accident either.
    let url = setup.server.url("/");
    fs::remove_file(setup.folder.at("list.db")).unwrap();
    setup
        .refuses(2, &["--failures", "list.db", &url])
        .says("list.db-wal: it exists");
    fs::rename(&setup.list, setup.folder.at("away")).unwrap();
    let done = setup.refuses(2, &["-o", "list", &url]);
    done.says("list.journal: it exists").says("--overwrite");
}

#[test]
fn no_line_can_touch_a_file_of_the_run() {
    let setup = Setup::new();
    let url = setup.server.url("/x");
    setup.folder.file("body", "sent");
    fs::hard_link(setup.folder.at("body"), setup.folder.at("hard")).unwrap();
    symlink("body", setup.folder.at("soft")).unwrap();
    symlink(".", setup.folder.at("here")).unwrap();
    let lines = [
        json!({"url": url, "body_file": "body"}),
        json!({"url": url, "output_file": "body"}),
        json!({"url": url, "output_file": "hard"}),
        json!({"url": url, "output_file": "soft"}),
        json!({"url": url, "output_file": "here/body"}),
        json!({"url": url, "output_file": "lines"}),
        json!({"url": url, "output_file": "run.jsonl"}),
        json!({"url": url, "output_file": "run.jsonl.journal"}),
        json!({"url": url, "output_file": "failures.db-wal"}),
        json!({"url": url, "output_file": "summary.json"}),
        json!({"url": url, "output_file": "run.jsonl/a"}),
        json!({"url": url, "body_file": "run.jsonl"}),
        json!({"url": url, "output_file": "saved"}),
        json!({"url": url, "body_file": "saved"}),
        json!({"url": url, "output_file": "./saved"}),
        json!({"url": url, "output_file": "saved/below"}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    setup.folder.file("lines", &lines);
    let outputs = [
        "-o",
        "run.jsonl",
        "--failures",
        "failures.db",
        "--summary-json",
        "summary.json",
    ];
    let more = ["--overwrite", "--output-dir", ".", "lines"];
    setup.haul(&[&outputs[..], &more].concat()).done().exits(1);
    for record in setup.folder.records("run.jsonl") {
        let line = record["line"].as_u64().unwrap();
        match line {
            1 | 13 => assert_eq!(record["outcome"], "success", "{record}"),
            _ => {
                assert_eq!(record["error_type"], "invalid_request", "{record}");
                let message = record["error_msg"].as_str().unwrap();
                assert!(!message.contains("--overwrite"), "{message}");
            }
        }
    }
    assert_eq!(setup.server.requests(), 2);
    assert_eq!(
        (setup.folder.read("body"), setup.folder.read("lines")),
        ("sent".into(), lines)
    );
}

#[test]
fn a_name_made_from_a_url_is_no_file_of_the_run() {
    let setup = Setup::new();
    let urls: String = ["list", "run.jsonl", "run.jsonl.journal", "failures.jsonl"]
        .map(|name| setup.server.url(&format!("/{name}")) + "\n")
        .concat();
    setup.folder.file("list", &urls);
    let outputs = ["-o", "run.jsonl", "--failures", "failures.jsonl"];
    let more = ["--overwrite", "--output-dir", ".", "list"];
    setup.haul(&[&outputs[..], &more].concat()).done().exits(0);
    assert_eq!(setup.folder.read("list"), urls);
    for name in [
        "list-1",
        "run-2.jsonl",
        "run.jsonl-3.journal",
        "failures-4.jsonl",
    ] {
        let made = setup.files().into_keys().any(|path| path.ends_with(name));
        assert!(made || name.contains("jsonl-3"), "{name}");
    }
    assert_eq!(setup.folder.records("run.jsonl").len(), 4);
}
