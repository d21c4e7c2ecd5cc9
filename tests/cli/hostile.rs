//! Lists of hostile lines: they change, create and open only the files that they may, every line has one result, and no
//! secret is shown.

mod lines;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use fastrand::Rng;
use test_support::{Answer, Scenario, Server};

use self::lines::{Lines, SECRET};
use super::command::{Done, Folder, haul, records};

/// Number of lines of one run.
const LINES: usize = 250;

/// Options of runs, by turns. `{root}` is the directory of the test.
const RUNS: [&[&str]; 8] = [
    &["--public-only"],
    &[
        "--public-only",
        "--allow-files-from",
        "allowed",
        "--lenient",
        "-v",
    ],
    &[
        "--output-dir",
        "out",
        "--include-headers",
        "--failures",
        "results/failures.jsonl",
    ],
    &[
        "--public-only",
        "--output-dir",
        "out",
        "--failures",
        "results/failures.db",
    ],
    &[
        "--lenient",
        "-vv",
        "--failures",
        "results/failures.jsonl",
        "--overwrite",
    ],
    &["--public-only", "--dry-run"],
    &[
        "--public-only",
        "--input-format",
        "jsonl",
        "--output-dir",
        "out",
        "--overwrite",
    ],
    &["--output-dir", "out", "--overwrite", "--max-redirs", "2"],
];

/// A directory with markers that no list may touch.
struct Bed {
    folder: Folder,
    server: Server,
}

/// Content of a file, its mode and the time of its last change; or the target of a link.
#[derive(Debug, PartialEq)]
struct Seen(Vec<u8>, u32, i64, Option<PathBuf>);

impl Bed {
    fn new() -> Bed {
        let folder = Folder::new();
        for path in ["outside/sub", "allowed", "results", "out", "lists"] {
            fs::create_dir_all(folder.at(path)).unwrap();
        }
        for path in [
            "outside/marker",
            "outside/sub/marker",
            "outside/.netrc",
            "marker",
        ] {
            folder.file(path, "content of a marker");
        }
        folder.file("allowed/a", "12345");
        for (to, from) in [
            ("outside/marker", "allowed/link"),
            ("outside", "allowed/leads"),
            ("allowed/a", "allowed/own"),
        ] {
            symlink(folder.at(to), folder.at(from)).unwrap();
        }
        let pipe = Command::new("mkfifo")
            .arg(folder.at("allowed/pipe"))
            .status();
        assert!(pipe.unwrap().success());
        let server = Scenario::new()
            .on("/redirect", Answer::redirect(302, "file:///etc/passwd"))
            .on("/*", Answer::json(r#"{"a": 1}"#))
            .start();
        Bed { folder, server }
    }

    /// Returns everything outside the directories that the command may write to.
    fn snapshot(&self) -> BTreeMap<PathBuf, Seen> {
        let mut seen = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let about = path.symlink_metadata().unwrap();
                let name = path.strip_prefix(self.folder.path()).unwrap();
                if ["results", "out", "lists"].map(Path::new).contains(&name) {
                    continue;
                }
                let content = match about.is_file() {
                    true => fs::read(&path).unwrap(),
                    false => Vec::new(),
                };
                if about.is_dir() {
                    folders.push(path.clone());
                }
                let state = (about.mode(), about.mtime_nsec(), fs::read_link(&path).ok());
                seen.insert(name.to_owned(), Seen(content, state.0, state.1, state.2));
            }
        }
        seen
    }

    /// Makes a random list. Its first line is harmless, so that the file is taken for a list.
    fn list(&self, seed: u64) -> (String, usize) {
        let address = self.server.url("");
        let root = self.folder.path().to_string_lossy().into_owned();
        let mut lines = Lines {
            random: Rng::with_seed(seed),
            server: address.trim_start_matches("http://").trim_end_matches('/'),
            root: &root,
        };
        let (mut text, mut requests) = (b"http://127.0.0.1:9/first\n".to_vec(), 1);
        for _ in 0..LINES {
            let line = lines.next();
            let skipped = std::str::from_utf8(&line).is_ok_and(|line| {
                let line = line.trim();
                line.is_empty() || line.starts_with('#')
            });
            requests += usize::from(!skipped);
            text.extend(line);
            text.push(b'\n');
        }
        (self.folder.file(&format!("lists/{seed}"), text), requests)
    }

    fn arguments<'a>(&self, options: &[&'a str], list: &'a str) -> Vec<&'a str> {
        let all = [
            "--retry",
            "0",
            "-m",
            "2s",
            "--connect-timeout",
            "1s",
            "-j",
            "16",
            "--body-limit",
            "4K",
        ];
        let results = [
            "-o",
            "results/run.jsonl",
            "--summary-json",
            "results/summary.json",
        ];
        let dry = options.contains(&"--dry-run");
        let results = if dry { &[][..] } else { &results[..] };
        [options, &all, results, &[list]].concat()
    }

    /// Removes the files that the run before has written. For lists from other people a link leads out of the directory
    /// of saved files.
    fn clear(&self, options: &[&str]) {
        for folder in ["results", "out"] {
            fs::remove_dir_all(self.folder.at(folder)).unwrap();
            fs::create_dir(self.folder.at(folder)).unwrap();
        }
        if options.contains(&"--public-only") {
            symlink(self.folder.at("outside"), self.folder.at("out/leads")).unwrap();
        }
    }

    /// Returns everything that a run has said and written, except the bodies that it saved.
    fn told(&self, done: &Done) -> Vec<u8> {
        let mut told = [done.stdout.as_bytes(), done.stderr.as_bytes()].concat();
        for entry in fs::read_dir(self.folder.at("results")).unwrap() {
            told.extend(fs::read(entry.unwrap().path()).unwrap());
        }
        told
    }
}

fn scale() -> usize {
    let given = env::var("HAUL_SCALE").ok().and_then(|n| n.parse().ok());
    given.unwrap_or(1)
}

fn holds(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|part| part == word.as_bytes())
}

#[test]
fn hostile_lists_do_no_harm() {
    let bed = Bed::new();
    let before = bed.snapshot();
    for seed in 0..RUNS.len() * scale() {
        let options = RUNS[seed % RUNS.len()];
        bed.clear(options);
        let (list, requests) = bed.list(seed as u64);
        let run = haul(bed.arguments(options, &list)).current_dir(&bed.folder);
        let done = run.done();
        let context = || format!("seed {seed}, {options:?}\n{}", done.stderr);
        assert!(
            matches!(done.status, Some(0 | 1)),
            "{:?}: {}",
            done.status,
            context()
        );
        assert_eq!(bed.snapshot(), before, "{}", context());
        let told = bed.told(&done);
        let at = told
            .windows(SECRET.len())
            .position(|part| part == SECRET.as_bytes());
        if let Some(at) = at {
            let near =
                String::from_utf8_lossy(&told[at.saturating_sub(600)..told.len().min(at + 100)]);
            panic!("a secret is shown: {near}\n{}", context());
        }
        assert!(!holds(&told, "content of a marker"), "{}", context());
        if !options.contains(&"--dry-run") {
            let results = records(&bed.folder.read("results/run.jsonl"));
            assert_eq!(results.len(), requests, "{}", context());
        }
    }
}

/// System calls with a path, as `strace` reports them. `None`: `strace` cannot run here.
fn calls(bed: &Bed, options: &[&str], seed: u64) -> Option<String> {
    let (list, _) = bed.list(seed);
    let trace = bed.folder.at("lists/trace");
    let run = Command::new("strace")
        .args(["-f", "-qq", "-s", "400", "-e", "trace=file", "-o", &trace])
        .arg(env!("CARGO_BIN_EXE_haul"))
        .args(bed.arguments(options, &list))
        .current_dir(bed.folder.path())
        .output();
    let done = run.ok()?;
    // strace runs nothing if a process may not be traced.
    matches!(done.status.code(), Some(0 | 1))
        .then(|| fs::read_to_string(&trace).unwrap_or_default())
        .filter(|trace| !trace.is_empty())
}

#[test]
fn lists_of_others_open_no_file_that_they_may_not() {
    let bed = Bed::new();
    let opens = ["open(", "openat(", "openat2(", "creat("];
    for (number, options) in RUNS.iter().enumerate() {
        if !options.contains(&"--public-only") {
            continue;
        }
        bed.clear(options);
        let Some(trace) = calls(&bed, options, 1_000_000 + number as u64) else {
            eprintln!("skipped: strace is not there, or may not trace");
            return;
        };
        assert!(trace.contains("lists/"), "it is seen what is opened");
        let opened = trace
            .lines()
            .filter(|line| opens.iter().any(|call| line.contains(call)));
        let forbidden = [
            "marker",
            "/dev/zero",
            "/dev/stdin",
            "environ",
            "allowed/pipe",
            "/etc/passwd",
            ".netrc",
        ];
        for line in opened {
            assert!(
                !forbidden.iter().any(|path| line.contains(path)),
                "{options:?}: {line}"
            );
        }
        // Without an allowed directory, the command does not even look at a file.
        if !options.contains(&"--allow-files-from") {
            let is_outside =
                |line: &&str| line.contains("outside/") && !line.contains("\"out/outside/");
            let touched = trace.lines().find(is_outside);
            assert_eq!(touched, None, "{options:?}");
        }
    }
}
