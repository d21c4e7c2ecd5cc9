//! `--demo`: a small server in this process, with the moods of a real one, and a batch against it.

mod server;

use std::fs;
use std::path::PathBuf;

use crate::arguments::Arguments;
use crate::failure::CommandError;
use crate::messages::Messages;

/// Number of requests in the batch.
const REQUESTS: usize = 1_000;

/// The demo: its folder, and the base URL of its server.
pub(crate) struct Demo {
    folder: PathBuf,
    base: String,
}

/// Starts the server, writes the list of URLs, and fills in arguments that were not given.
pub(crate) fn start(arguments: &mut Arguments) -> Result<Demo, CommandError> {
    let base = server::start()
        .map_err(|e| CommandError::usage(format!("--demo: no server on loopback: {e}")))?;
    let folder = std::env::temp_dir().join(format!("haul-demo-{}", std::process::id()));
    let demo = Demo { folder, base };
    let urls: String = (0..REQUESTS)
        .map(|i| format!("{}{}\n", demo.base, path(i)))
        .collect();
    fs::create_dir_all(&demo.folder)
        .and_then(|()| fs::write(demo.file("urls.txt"), urls))
        .map_err(|e| CommandError::usage(format!("--demo: {}: {e}", demo.folder.display())))?;
    arguments.inputs = vec![demo.file("urls.txt").display().to_string()];
    let results = &mut arguments.results;
    results.output.get_or_insert(demo.file("results.jsonl"));
    results.failures.get_or_insert(demo.file("failures.db"));
    let ending = &mut arguments.ending;
    if ending.require.is_empty() && results.saved_files.output_dir.is_none() {
        ending.require.push(("/code".to_owned(), 0.into()));
    }
    // Failures are a part of the demo.
    ending.exit_zero = true;
    Ok(demo)
}

/// Returns the path of request `i`, which chooses the server's mood.
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

    pub(crate) fn announce(&self, arguments: &Arguments, messages: &Messages) {
        if messages.is_quiet() {
            return;
        }
        let jobs = arguments.pace.jobs;
        messages.block(&format!(
            "{REQUESTS} requests, {jobs} at once, to a small server in this process that is healthy,\n\
             slow, gone, flaky or rude by turns: {}\n",
            self.base
        ));
    }

    /// Prints the paths of the files that were written.
    pub(crate) fn explain(&self, arguments: &Arguments, messages: &Messages) {
        if messages.is_quiet() {
            return;
        }
        let list = Some(self.file("urls.txt"));
        let (results, failures) = (&arguments.results.output, &arguments.results.failures);
        messages.block("");
        for (what, path) in [
            ("The list", &list),
            ("Results", results),
            ("Failures", failures),
        ] {
            if let Some(path) = path {
                messages.block(&format!("{what:10}{}", path.display()));
            }
        }
    }
}
