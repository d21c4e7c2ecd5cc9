use std::any::TypeId;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, FromArgMatches};

use super::*;
use crate::arguments::command;
use crate::shard::settle;

fn arguments(given: &[&str]) -> Arguments {
    let matches = command()
        .try_get_matches_from(["haul"].iter().chain(given))
        .unwrap();
    Arguments::from_arg_matches(&matches).unwrap()
}

/// Form in which an option names a file.
#[derive(Debug, PartialEq)]
enum Naming {
    Path,
    /// `@FILE`
    At,
}

/// Returns the form in which an option names a file, by clap's own description of it. `None`: the option names no file.
fn naming(option: &Arg) -> Option<Naming> {
    let is_path = option.get_value_parser().type_id() == TypeId::of::<PathBuf>();
    let values = option.get_value_names().unwrap_or_default().join(" ");
    let help = option.get_long_help().or(option.get_help());
    let help = help.map(|help| help.to_string()).unwrap_or_default();
    let takes_value = option.get_action().takes_values();
    if !takes_value {
        None
    } else if values.contains("@FILE") || help.contains("@FILE") {
        Some(Naming::At)
    } else if is_path
        || ["FILE", "DIR", "PATH"]
            .iter()
            .any(|word| values.contains(word))
    {
        Some(Naming::Path)
    } else {
        None
    }
}

#[test]
fn every_option_that_takes_a_path_is_in_the_register() {
    let mut known = 0;
    for option in command().get_arguments() {
        let Some(naming) = naming(option) else {
            continue;
        };
        let value = match naming {
            Naming::At if option.get_long() == Some("form") => "name=@some/path",
            Naming::Path => "some/path",
            Naming::At => "@some/path",
        };
        let long = option.get_long().map(|long| format!("--{long}"));
        let mut given: Vec<&str> = long.as_deref().into_iter().collect();
        given.push(value);
        if long.as_deref() == Some("--key") {
            given.extend(["--cert", "other"]);
        }
        if long.as_deref() == Some("--checksums") {
            given.extend(["--output-dir", "saved"]);
        }
        if long.as_deref() == Some("--oauth2-secret") {
            given.extend(["--oauth2-url", "http://h/token", "--oauth2-id", "id"]);
        }
        if long.as_deref() == Some("--allow-files-from") {
            given.push("--public-only");
        }
        let uses = uses(&arguments(&given));
        let found = uses.iter().any(|used| used.path == Path::new("some/path"));
        assert!(found, "{given:?}: the register does not know it");
        known += 1;
    }
    assert!(
        known >= 12,
        "{known} options and arguments that take a path"
    );
}

#[test]
fn every_path_that_is_written_takes_the_number_of_the_shard() {
    let mut written = 0;
    for option in command().get_arguments() {
        let (Some(Naming::Path), Some(long)) = (naming(option), option.get_long()) else {
            continue;
        };
        let long = format!("--{long}");
        let given = match &*long {
            "--key" => vec![&*long, "some/{shard}", "--cert", "other"],
            "--checksums" => vec![&*long, "some/{shard}", "--output-dir", "saved"],
            "--allow-files-from" => vec![&*long, "some/{shard}", "--public-only"],
            _ => vec![&*long, "some/{shard}"],
        };
        let writes = |used: &&Use| used.access != Access::Read;
        let has = |arguments: &Arguments, path: &str| {
            let uses = uses(arguments);
            let mut written = uses.iter().filter(writes);
            written.any(|used| used.path == Path::new(path))
        };
        if !has(&arguments(&given), "some/{shard}") {
            continue;
        }
        let told = settle(&mut arguments(&given)).unwrap_err();
        assert!(told.message().contains("needs --shard"), "{long}");
        let mut sharded = arguments(&[given, vec!["--shard", "3/16"]].concat());
        settle(&mut sharded).unwrap();
        assert!(has(&sharded, "some/03"), "{long}");
        written += 1;
    }
    assert!(written >= 8, "{written} options that write to a path");
}

#[cfg(unix)]
#[test]
fn files_beside_a_database_are_known_through_links() {
    let folder = Folder::new();
    for (link, target, made) in [("a.db", "x.db", true), ("b.db", "y.db", false)] {
        std::os::unix::fs::symlink(target, folder.at(link)).unwrap();
        if made {
            fs::write(folder.at(target), "").unwrap();
        }
        for end in BESIDE {
            let other = folder.at(&format!("{target}{end}"));
            let given = ["--failures", &folder.at(link), "-o", &other, "--overwrite"];
            let failure = enter(&arguments(&given)).err();
            let message = failure.expect(&other).message().to_owned();
            assert!(message.contains("it is to be written twice"), "{message}");
        }
    }
}

/// An empty directory, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("haul-uses-{:016x}", fastrand::u64(..)));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn no_option_writes_a_file_that_another_reads() {
    let folder = Folder::new();
    let read = folder.at("read");
    fs::write(&read, "before").unwrap();
    let (at, part) = (format!("@{read}"), format!("n=<{read}"));
    for reads in [
        vec![&*read],
        vec!["-H", &at],
        vec!["-d", &at],
        vec!["--json", &at],
        vec!["--bearer", &at],
        vec!["-F", &part],
        vec!["--netrc-file", &read],
        vec!["--config", &read],
        vec!["--cacert", &read],
        vec!["--cert", &read],
        vec!["--cert", "other", "--key", &read],
    ] {
        for writes in ["-o", "--failures", "--summary-json", "-c"] {
            let given: Vec<&str> = reads
                .iter()
                .copied()
                .chain([writes, &read, "--overwrite"])
                .collect();
            let failure = enter(&arguments(&given)).err().unwrap();
            let message = failure.message();
            assert!(message.contains("it would be written by"), "{message}");
            assert!(!message.contains("--overwrite"), "{message}");
        }
    }
}

#[test]
fn no_two_options_write_one_file() {
    let folder = Folder::new();
    let [out, database] = ["run.jsonl", "failures.db"].map(|name| folder.at(name));
    let ends = |path: &str, ends: &[&str]| -> Vec<String> {
        ends.iter().map(|end| format!("{path}{end}")).collect()
    };
    let journal = ends(&out, &["", ".journal"]);
    let beside = ends(&database, &["-wal", "-shm", "-journal"]);
    for (first, path, second, others) in [
        ("-o", &out, "--failures", &journal),
        ("-o", &out, "--summary-json", &journal),
        ("--failures", &database, "-o", &beside),
        ("--failures", &database, "--summary-json", &beside),
        ("--output-dir", &out, "-o", &vec![out.clone()]),
    ] {
        for other in others {
            let given = [first, path, second, other, "--overwrite"];
            let failure = enter(&arguments(&given)).err();
            let message = failure
                .unwrap_or_else(|| panic!("{given:?}"))
                .message()
                .to_owned();
            assert!(message.contains("it is to be written twice"), "{message}");
        }
    }
}

#[test]
fn a_name_that_promises_another_format_is_refused() {
    for (option, names) in [
        (
            "-o",
            &[
                "x.xlsx",
                "x.parquet.gz",
                "x.gz.gz",
                "x.db.ZST",
                "x.db3",
                "x.xz",
            ][..],
        ),
        ("--failures", &["x.csv", "x.GZ", "x.db.zst", "x.parquet"]),
        ("--summary-json", &["x.csv", "x.json.gz", "x.DB", "x.xlsx"]),
    ] {
        for name in names {
            let failure = enter(&arguments(&[option, name])).err();
            let message = failure
                .unwrap_or_else(|| panic!("{name}"))
                .message()
                .to_owned();
            assert!(
                message.starts_with(&format!("{name}: the name promises ")),
                "{message}"
            );
        }
    }
    for (option, name) in [
        ("-o", "x.jsonl"),
        ("-o", "x.json"),
        ("-o", "x.ndjson"),
        ("-o", "csv"),
        ("-o", "x.csv.jsonl"),
        ("-o", "x.CSV"),
        ("-o", ".tsv"),
        ("-o", "x.jsonl.gz"),
        ("-o", "x.csv.zst"),
        ("-o", "X.ZST"),
        ("-o", ".gz"),
        ("-o", "x.db"),
        ("-o", "x.SQLite"),
        ("-o", ".sqlite3"),
        ("-o", "x"),
        ("--failures", "x.DB"),
        ("--failures", "x.sqlite3"),
        ("--failures", "x.log"),
        ("--summary-json", "x.json"),
    ] {
        assert!(enter(&arguments(&[option, name])).is_ok(), "{name}");
    }
}

#[test]
fn a_summary_is_told_from_other_json() {
    let folder = Folder::new();
    let summary = serde_json::to_string_pretty(&haul::Summary::default()).unwrap();
    for (text, is) in [
        (&*summary, true),
        ("", true),
        ("{}", false),
        ("{\"total\":1}", false),
        ("precious", false),
        ("[1,2]", false),
    ] {
        let path = folder.at("summary.json");
        fs::write(&path, text).unwrap();
        assert_eq!(summary::is_summary(path.as_ref()), is, "{text}");
    }
}
