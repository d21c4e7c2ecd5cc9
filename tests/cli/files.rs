//! Files that a run reads and writes: no file is both, none is written twice, and earlier content stays.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use super::command::{Done, Folder, Haul, haul};
use super::support::{Answer, Server};

/// A server, and a folder with a list of three URLs.
struct Bed {
    server: Server,
    folder: Folder,
    list: String,
}

impl Bed {
    fn new() -> Bed {
        let server = Server::always(Answer::text("body"));
        let folder = Folder::new();
        let urls: String = (0..3)
            .map(|i| server.url(&format!("/{i}")) + "\n")
            .collect();
        let list = folder.file("list", urls);
        Bed {
            server,
            folder,
            list,
        }
    }

    fn haul(&self, arguments: &[&str]) -> Haul {
        haul(arguments).current_dir(&self.folder)
    }

    /// Returns every file and directory below the folder, with its content.
    fn files(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        add_files(self.folder.path(), &mut all);
        all
    }

    /// Asserts that the run is refused, changes no file and sends nothing.
    #[track_caller]
    fn refuses(&self, status: i32, arguments: &[&str]) -> Done {
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
    let bed = Bed::new();
    fs::hard_link(&bed.list, bed.folder.at("hard")).unwrap();
    symlink("list", bed.folder.at("soft")).unwrap();
    symlink(".", bed.folder.at("here")).unwrap();
    for option in ["-o", "--failures", "--summary-json"] {
        for name in ["list", "./list", "hard", "soft", "here/list", &bed.list] {
            for more in [&["--overwrite"][..], &["--dry-run", "--overwrite"], &[]] {
                let arguments = [&[option, name, "list"], more].concat();
                bed.refuses(2, &arguments).never_says("--overwrite");
            }
        }
    }
    for more in ["--resume", "--retry-failed"] {
        let arguments = [more, "-o", "run.jsonl", "--failures", "hard", "list"];
        bed.refuses(2, &arguments);
    }
}

#[test]
fn an_input_that_links_to_an_output_is_refused() {
    let bed = Bed::new();
    bed.haul(&["-o", "run.jsonl", "--failures", "failures.jsonl", "list"])
        .done()
        .exits(0);
    symlink("failures.jsonl", bed.folder.at("soft")).unwrap();
    fs::hard_link(bed.folder.at("failures.jsonl"), bed.folder.at("hard")).unwrap();
    for input in ["failures.jsonl", "soft", "hard"] {
        let outputs = [
            "--resume",
            "-o",
            "run.jsonl",
            "--failures",
            "failures.jsonl",
        ];
        bed.refuses(2, &[&outputs[..], &["list", input]].concat());
    }
}

#[test]
fn standard_streams_are_files_of_the_run_too() {
    let bed = Bed::new();
    let list = || fs::OpenOptions::new().append(true).open(&bed.list).unwrap();
    let before = bed.files();
    for arguments in [
        &["list"][..],
        &["--dry-run", "list"],
        &["-o", "new", "list"],
    ] {
        let done = bed.haul(arguments).stdout(list()).run().exits(2);
        done.says("standard output");
    }
    let results = fs::File::create(bed.folder.at("results")).unwrap();
    let done = bed
        .haul(&["--failures", "results", "--overwrite", "list"])
        .stdout(results)
        .run();
    done.exits(2).says("written twice");
    fs::remove_file(bed.folder.at("results")).unwrap();
    assert_eq!((bed.files(), bed.server.requests()), (before, 0));
}

#[test]
fn files_beside_an_output_are_outputs_too() {
    let bed = Bed::new();
    for name in [
        "list.db-wal",
        "list.db-shm",
        "list.db-journal",
        "list.journal",
    ] {
        fs::copy(&bed.list, bed.folder.at(name)).unwrap();
    }
    for (option, output, input) in [
        ("-o", "list", "list.journal"),
        ("--failures", "list.db", "list.db-wal"),
        ("--failures", "list.db", "./list.db-shm"),
        ("--failures", "./list.db", "list.db-journal"),
    ] {
        bed.refuses(2, &["--overwrite", option, output, input]);
        bed.refuses(2, &[option, output, input]);
    }
    // An input that is a database has these side files too.
    fs::copy(&bed.list, bed.folder.at("list.db")).unwrap();
    for name in ["list.db-wal", "list.db-shm", "./list.db-journal"] {
        bed.refuses(2, &["--overwrite", "-o", name, "list.db"]);
    }
    // The side files are not replaced by accident either.
    let url = bed.server.url("/");
    fs::remove_file(bed.folder.at("list.db")).unwrap();
    bed.refuses(2, &["--failures", "list.db", &url])
        .says("list.db-wal: it exists");
    fs::rename(&bed.list, bed.folder.at("away")).unwrap();
    let done = bed.refuses(2, &["-o", "list", &url]);
    done.says("list.journal: it exists").says("--overwrite");
}

#[test]
fn no_line_can_touch_a_file_of_the_run() {
    let bed = Bed::new();
    let url = bed.server.url("/x");
    bed.folder.file("body", "sent");
    fs::hard_link(bed.folder.at("body"), bed.folder.at("hard")).unwrap();
    symlink("body", bed.folder.at("soft")).unwrap();
    symlink(".", bed.folder.at("here")).unwrap();
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
    bed.folder.file("lines", &lines);
    let outputs = [
        "-o",
        "run.jsonl",
        "--failures",
        "failures.db",
        "--summary-json",
        "summary.json",
    ];
    let more = ["--overwrite", "--output-dir", ".", "lines"];
    bed.haul(&[&outputs[..], &more].concat()).done().exits(1);
    for record in bed.folder.records("run.jsonl") {
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
    assert_eq!(bed.server.requests(), 2);
    assert_eq!(
        (bed.folder.read("body"), bed.folder.read("lines")),
        ("sent".into(), lines)
    );
}

#[test]
fn a_name_made_from_a_url_is_no_file_of_the_run() {
    let bed = Bed::new();
    let urls: String = ["list", "run.jsonl", "run.jsonl.journal", "failures.jsonl"]
        .map(|name| bed.server.url(&format!("/{name}")) + "\n")
        .concat();
    bed.folder.file("list", &urls);
    let outputs = ["-o", "run.jsonl", "--failures", "failures.jsonl"];
    let more = ["--overwrite", "--output-dir", ".", "list"];
    bed.haul(&[&outputs[..], &more].concat()).done().exits(0);
    assert_eq!(bed.folder.read("list"), urls);
    for name in [
        "list-1",
        "run-2.jsonl",
        "run.jsonl-3.journal",
        "failures-4.jsonl",
    ] {
        let made = bed.files().into_keys().any(|path| path.ends_with(name));
        assert!(made || name.contains("jsonl-3"), "{name}");
    }
    assert_eq!(bed.folder.records("run.jsonl").len(), 4);
}

#[test]
fn a_file_from_before_is_replaced_only_with_overwrite() {
    let bed = Bed::new();
    bed.folder.file("precious", "before");
    symlink("precious", bed.folder.at("soft")).unwrap();
    symlink("nowhere", bed.folder.at("dangling")).unwrap();
    for name in ["precious", "soft", "dangling"] {
        for option in ["-o", "--failures", "--summary-json"] {
            bed.refuses(2, &[option, name, "list"]).says("it exists");
            bed.refuses(2, &["--dry-run", option, name, "list"])
                .says("it exists");
        }
        let line = json!({"url": bed.server.url("/x"), "output_file": name}).to_string();
        let done = bed
            .haul(&["--output-dir", ".", "-"])
            .input(&*line)
            .done()
            .exits(1);
        let record = &done.results()[0];
        assert_eq!(record["error_type"], "invalid_request", "{record}");
        assert_eq!(
            record["error_msg"],
            "output_file: it exists (--overwrite replaces it)"
        );
        let dry = bed
            .haul(&["--dry-run", "--output-dir", ".", "-"])
            .input(line);
        dry.done().exits(1).says("it exists");
    }
    assert_eq!(bed.server.requests(), 0);
    // A file name made from a URL gets a number.
    bed.haul(&["--output-dir", ".", &bed.server.url("/soft")])
        .done()
        .exits(0);
    assert_eq!(bed.folder.read("soft-1"), "body");
    assert_eq!(bed.folder.read("precious"), "before");
    let line = json!({"url": bed.server.url("/x"), "output_file": "precious"});
    let run = bed.haul(&[
        "--overwrite",
        "--summary-json",
        "dangling",
        "--output-dir",
        ".",
        "-",
    ]);
    run.input(line.to_string()).done().exits(0);
    assert_eq!(bed.folder.read("precious"), "body");
    assert!(bed.folder.has("nowhere"));
}

#[test]
fn a_resumed_run_replaces_its_own_summary_alone() {
    let bed = Bed::new();
    let arguments = ["--summary-json", "sum.json", "-o", "run.jsonl", "list"];
    bed.haul(&arguments).done().exits(0);
    let resumed = [&arguments[..], &["--resume"]].concat();
    bed.haul(&resumed).done().exits(0);
    assert!(bed.folder.read("sum.json").contains("\"total\": 0"));
    for text in ["precious", "{}", "{\"total\": 3}"] {
        bed.folder.file("sum.json", text);
        bed.refuses(2, &resumed)
            .never_says("--overwrite")
            .says("sum.json: it exists");
    }
}

#[test]
fn a_name_of_another_format_is_refused() {
    let bed = Bed::new();
    for name in [
        "x.tsv",
        "x.Gz",
        "x.jsonl.zst",
        "x.SQLite",
        "x.xlsx",
        "d/x.CSV",
        ".csv",
        "./.GZ",
        ".zst",
        ".Db",
        "x.7z",
        "x.avro",
    ] {
        for more in ["--overwrite", "--dry-run"] {
            bed.refuses(2, &["-o", name, more, "list"])
                .says("the name promises");
        }
    }
    for (option, name) in [("--failures", ".csv"), ("--summary-json", "s.json.GZ")] {
        bed.refuses(2, &[option, name, "list"])
            .says("the name promises");
    }
    let run = bed.haul(&["list"]).env("HAUL_OUTPUT", "x.db").done();
    run.exits(2).says("HAUL_OUTPUT");
}

#[test]
fn an_output_that_cannot_be_written_is_status_3_before_anything_is_sent() {
    let bed = Bed::new();
    bed.folder.file("file", "before");
    for more in [&[][..], &["--dry-run"]] {
        for option in ["-o", "--failures", "--summary-json"] {
            for path in [".", "no/such/x", "file/x", "new/sub/x"] {
                let arguments = ["--output-dir", "new", option, path, "list"];
                let done = bed.refuses(3, &[&arguments, more].concat());
                done.says(&format!("haul: {path}: "));
            }
        }
        for path in ["file", "file/x"] {
            let done = bed.refuses(3, &[&["--output-dir", path, "list"], more].concat());
            done.says(&format!("haul: {path}: "));
        }
    }
    // The new file is not left behind: it would be in the way of the next run.
    for others in [
        ["--failures", "new.jsonl"],
        ["-o", "new"],
        ["--failures", "new.db"],
    ] {
        bed.refuses(
            3,
            &[&others[..], &["--summary-json", "no/x", "list"]].concat(),
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_found_before_anything_is_sent() {
    let bed = Bed::new();
    for option in ["-o", "--failures", "--summary-json"] {
        bed.refuses(3, &[option, "/dev/full", "list"])
            .says("No space left");
    }
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    for arguments in [
        &["list"][..],
        &["--dry-run", "list"],
        &["-o", "new", "--summary-json", "-", "list"],
        &["--generate", "complete-bash"],
        &["--help"],
        &["--version"],
    ] {
        bed.haul(arguments).stdout(full()).run().exits(3);
    }
    assert!(!bed.folder.has("new"));
    assert_eq!(bed.server.requests(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_cannot_be_written_is_status_3() {
    let bed = Bed::new();
    let redirecting = |redirected: &str, arguments: &[&str]| {
        let haul = env!("CARGO_BIN_EXE_haul");
        let script = format!("exec {haul} \"$@\" {redirected}");
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", &script, "sh"])
            .args(arguments)
            .arg(&bed.list);
        let output = shell.current_dir(bed.folder.path()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    for (redirected, arguments) in [
        ("1</dev/null", &[][..]),
        ("1</dev/null", &["--dry-run"]),
        ("1</dev/null", &["-o", "-", "--ordered"]),
        ("1</dev/null", &["-o", "new", "--summary-json", "-"]),
    ] {
        let (status, said) = redirecting(redirected, arguments);
        assert_eq!(status, Some(3), "{redirected} {said}");
        assert!(said.starts_with("haul: stdout: "), "{said}");
    }
    assert!(!bed.folder.has("new"));
    assert_eq!(bed.server.requests(), 0);
    // Results that are thrown away on purpose are no error.
    assert_eq!(redirecting(">/dev/null", &[]).0, Some(0));
    assert_eq!(redirecting("1<>/dev/null", &[]).0, Some(0));
    assert_eq!(redirecting(">&-", &["-o", "run.jsonl"]).0, Some(0));
    assert_eq!(bed.folder.records("run.jsonl").len(), 3);
}

#[test]
fn a_dry_run_changes_nothing() {
    let bed = Bed::new();
    let line = json!({"url": bed.server.url("/x"), "output_file": "a/b/c"});
    bed.folder.file("lines", format!("{line}\n"));
    let outputs = [
        "-o",
        "d/run.jsonl",
        "--failures",
        "d/f.db",
        "--summary-json",
        "d/s.json",
    ];
    let done = bed.refuses(
        0,
        &[
            &outputs[..],
            &["--dry-run", "--output-dir", "d", "list", "lines"],
        ]
        .concat(),
    );
    assert_eq!(done.results().len(), 4);
    // A dry run changes no existing file either.
    bed.haul(&[
        "-o",
        "run.jsonl",
        "--failures",
        "f.db",
        "--output-dir",
        "d",
        "list",
    ])
    .done()
    .exits(0);
    for more in ["--resume", "--overwrite", "--retry-failed"] {
        let outputs = ["-o", "run.jsonl", "--failures", "f.db", "--output-dir", "d"];
        bed.refuses(0, &[&outputs[..], &["--dry-run", more, "list"]].concat());
    }
}
