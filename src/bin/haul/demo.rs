//! `--demo`: a small server in this process, with the moods of a real one, and a batch against it.

#[path = "../../../examples/quickstart/server.rs"]
mod server;

use std::fs;
use std::path::PathBuf;

use crate::arguments::Arguments;
use crate::failure::Failure;

/// How many requests the batch has.
const REQUESTS: usize = 1_000;

/// Where the demo's files are.
pub(crate) struct Demo {
    folder: PathBuf,
}

/// Starts the server and writes the list of URLs.
pub(crate) fn start() -> Result<Demo, Failure> {
    let base = server::start()
        .map_err(|e| Failure::usage(format!("--demo: no server on loopback: {e}")))?;
    let folder = std::env::temp_dir().join(format!("haul-demo-{}", std::process::id()));
    let demo = Demo { folder };
    let urls: String = (0..REQUESTS)
        .map(|i| format!("{base}{}\n", path(i)))
        .collect();
    fs::create_dir_all(&demo.folder)
        .and_then(|()| fs::write(demo.file("urls.txt"), urls))
        .map_err(|e| Failure::usage(format!("--demo: {}: {e}", demo.folder.display())))?;
    Ok(demo)
}

/// Which of the server's moods request `i` meets.
fn path(i: usize) -> String {
    let kind = match i {
        13 => "html",
        42 => "pay",
        77 => "reset",
        101 => "moved",
        _ if i % 20 == 5 => "slow",
        _ if i % 25 == 7 => "missing",
        _ if i % 40 == 9 => "flaky",
        _ => "items",
    };
    format!("/{kind}/{i}")
}

impl Demo {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Fills in what was not given.
    pub(crate) fn fill(&self, arguments: &mut Arguments) {
        arguments.inputs = vec![self.file("urls.txt").display().to_string()];
        arguments.output.get_or_insert(self.file("results.jsonl"));
        arguments.failures.get_or_insert(self.file("failures.db"));
        arguments.expect_json = true;
        if arguments.require.is_empty() {
            arguments.require.push(("/code".to_owned(), 0.into()));
        }
        // That some of it fails is what it is there to show.
        arguments.exit_zero = true;
    }

    /// Says what was written where.
    pub(crate) fn explain(&self) {
        for (what, name) in [
            ("The list", "urls.txt"),
            ("Results", "results.jsonl"),
            ("Failures", "failures.db"),
        ] {
            eprintln!("{what:9} {}", self.file(name).display());
        }
    }
}
