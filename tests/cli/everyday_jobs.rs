//! The jobs of the guide's page `everyday_jobs`, run as they stand there.

mod downloads;
mod lists;
mod reports;
mod results;

use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Folder, Haul, shell};

const PAGE: &str = include_str!("../../src/guide/everyday_jobs.md");

/// Returns the commands of the page, in order. Panics if the jobs are not numbered from 1.
fn commands() -> Vec<&'static str> {
    let rows = PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let number: usize = cells.next()?.parse().ok()?;
        let command = cells.last()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((number, command))
    });
    let numbered = rows.enumerate().map(|(at, (number, command))| {
        assert_eq!(number, at + 1, "{command}");
        command
    });
    numbered.collect()
}

/// Returns the text with a server of the test in place of the hosts of the page.
fn placed(text: &str, server: &Server) -> String {
    let base = server.url("");
    let base = base.trim_end_matches('/');
    text.replace("https://api.example.com", base)
        .replace("https://example.com", base)
}

/// Builds the command of a job, in a folder and against a server.
fn job(number: usize, folder: &Folder, server: &Server) -> Haul {
    let command = placed(commands()[number - 1], server);
    let run = shell(&command).current_dir(folder);
    run.env("HAUL_RETRY_DELAY", "1ms")
}

/// Returns these values of each record.
fn picked(records: &[Value], names: &[&str]) -> Vec<Value> {
    let pick = |record: &Value| names.iter().map(|name| record[name].clone()).collect();
    records.iter().map(pick).collect()
}

/// Writes a list of URLs, one a line.
fn list(folder: &Folder, name: &str, server: &Server, paths: &[&str]) {
    let lines = paths.iter().map(|path| server.url(path) + "\n");
    folder.file(name, lines.collect::<String>());
}

/// Starts a server that tells the path, and knows no `/missing`.
fn pages() -> Server {
    Server::start(|seen| match seen.path() {
        "/missing" => Answer::status(404),
        path => Answer::json(json!({"data": {"name": path}, "n": 1.50})).header("ETag", "\"v1\""),
    })
}

#[test]
fn the_page_has_sixteen_jobs_each_of_one_command() {
    let commands = commands();
    assert_eq!(commands.len(), 16);
    for command in commands {
        assert!(command.starts_with("haul "), "{command}");
        assert!(!command.contains(['|', ';', '&']), "{command}");
    }
}
