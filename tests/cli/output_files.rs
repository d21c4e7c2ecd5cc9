//! Files that a run writes: replaced only if asked for, of the format of their name, and found to be writable before
//! anything is sent.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::files::Setup;

#[test]
fn a_file_from_before_is_replaced_only_with_overwrite() {
    let setup = Setup::new();
    setup.folder.file("precious", "before");
    symlink("precious", setup.folder.at("soft")).unwrap();
    symlink("nowhere", setup.folder.at("dangling")).unwrap();
    for name in ["precious", "soft", "dangling"] {
        for option in ["-o", "--failures", "--summary-json"] {
            setup.refuses(2, &[option, name, "list"]).says("it exists");
            setup
                .refuses(2, &["--dry-run", option, name, "list"])
                .says("it exists");
        }
        let line = json!({"url": setup.server.url("/x"), "output_file": name}).to_string();
        let done = setup
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
        let dry = setup
            .haul(&["--dry-run", "--output-dir", ".", "-"])
            .input(line);
        dry.done().exits(1).says("it exists");
    }
    assert_eq!(setup.server.requests(), 0);
    // A file name made from a URL gets a number.
    setup
        .haul(&["--output-dir", ".", &setup.server.url("/soft")])
        .done()
        .exits(0);
    assert_eq!(setup.folder.read("soft-1"), "body");
    assert_eq!(setup.folder.read("precious"), "before");
    let line = json!({"url": setup.server.url("/x"), "output_file": "precious"});
    let run = setup.haul(&[
        "--overwrite",
        "--summary-json",
        "dangling",
        "--output-dir",
        ".",
        "-",
    ]);
    run.input(line.to_string()).done().exits(0);
    assert_eq!(setup.folder.read("precious"), "body");
    assert!(setup.folder.has("nowhere"));
}

#[test]
fn a_resumed_run_replaces_its_own_summary_alone() {
    let setup = Setup::new();
    let arguments = ["--summary-json", "sum.json", "-o", "run.jsonl", "list"];
    setup.haul(&arguments).done().exits(0);
    let resumed = [&arguments[..], &["--resume"]].concat();
    setup.haul(&resumed).done().exits(0);
    assert!(setup.folder.read("sum.json").contains("\"total\": 0"));
    for text in ["precious", "{}", "{\"total\": 3}"] {
        setup.folder.file("sum.json", text);
        setup
            .refuses(2, &resumed)
            .never_says("--overwrite")
            .says("sum.json: it exists");
    }
}

#[test]
fn a_name_of_another_format_is_refused() {
    let setup = Setup::new();
    for name in [
        "x.tsv.xz",
        "x.bz2",
        "x.parquet.zst",
        "x.SQLite.gz",
        "x.xlsx",
        "d/x.ODS",
        ".xls",
        "./.XZ",
        ".lz4",
        ".Db3",
        "x.7z",
        "x.avro",
    ] {
        for more in ["--overwrite", "--dry-run"] {
            setup
                .refuses(2, &["-o", name, more, "list"])
                .says("the name promises");
        }
    }
    for (option, name) in [("--failures", ".csv"), ("--summary-json", "s.json.GZ")] {
        setup
            .refuses(2, &[option, name, "list"])
            .says("the name promises");
    }
    let run = setup.haul(&["list"]).env("HAUL_OUTPUT", "x.xlsx").done();
    run.exits(2).says("HAUL_OUTPUT");
}

#[test]
fn an_output_that_cannot_be_written_is_status_3_before_anything_is_sent() {
    let setup = Setup::new();
    setup.folder.file("file", "before");
    for more in [&[][..], &["--dry-run"]] {
        for option in ["-o", "--failures", "--summary-json"] {
            for path in [".", "no/such/x", "file/x", "new/sub/x"] {
                let arguments = ["--output-dir", "new", option, path, "list"];
                let done = setup.refuses(3, &[&arguments, more].concat());
                done.says(&format!("haul: {path}: "));
            }
        }
        for path in ["file", "file/x"] {
            let done = setup.refuses(3, &[&["--output-dir", path, "list"], more].concat());
            done.says(&format!("haul: {path}: "));
        }
    }
    // The new file is not left behind: it would be in the way of the next run.
    for others in [
        ["--failures", "new.jsonl"],
        ["-o", "new"],
        ["--failures", "new.db"],
    ] {
        setup.refuses(
            3,
            &[&others[..], &["--summary-json", "no/x", "list"]].concat(),
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_found_before_anything_is_sent() {
    let setup = Setup::new();
    for option in ["-o", "--failures", "--summary-json"] {
        setup
            .refuses(3, &[option, "/dev/full", "list"])
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
        setup.haul(arguments).stdout(full()).run().exits(3);
    }
    assert!(!setup.folder.has("new"));
    assert_eq!(setup.server.requests(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_cannot_be_written_is_status_3() {
    let setup = Setup::new();
    let redirecting = |redirected: &str, arguments: &[&str]| {
        let haul = env!("CARGO_BIN_EXE_haul");
        let script = format!("exec {haul} \"$@\" {redirected}");
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", &script, "sh"])
            .args(arguments)
            .arg(&setup.list);
        let output = shell.current_dir(setup.folder.path()).output().unwrap();
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
    assert!(!setup.folder.has("new"));
    assert_eq!(setup.server.requests(), 0);
    // Results that are thrown away on purpose are no error.
    assert_eq!(redirecting(">/dev/null", &[]).0, Some(0));
    assert_eq!(redirecting("1<>/dev/null", &[]).0, Some(0));
    assert_eq!(redirecting(">&-", &["-o", "run.jsonl"]).0, Some(0));
    assert_eq!(setup.folder.records("run.jsonl").len(), 3);
}

#[test]
fn a_dry_run_changes_nothing() {
    let setup = Setup::new();
    let line = json!({"url": setup.server.url("/x"), "output_file": "a/b/c"});
    setup.folder.file("lines", format!("{line}\n"));
    let outputs = [
        "-o",
        "d/run.jsonl",
        "--failures",
        "d/f.db",
        "--summary-json",
        "d/s.json",
    ];
    let done = setup.refuses(
        0,
        &[
            &outputs[..],
            &["--dry-run", "--output-dir", "d", "list", "lines"],
        ]
        .concat(),
    );
    assert_eq!(done.results().len(), 4);
    // A dry run changes no existing file either.
    setup
        .haul(&[
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
        setup.refuses(0, &[&outputs[..], &["--dry-run", more, "list"]].concat());
    }
}
