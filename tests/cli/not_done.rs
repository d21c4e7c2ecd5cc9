//! Requests that a stopped run did not do: counted apart from failures, in the summary, its JSON, the progress and the
//! database.

use rustix::process::Signal;
use serde_json::Value;
use test_support::{Answer, Gate, Scenario, Server};

use super::command::{Done, Folder, haul};

const COUNT: i64 = 40;

/// Two requests that succeed, one that fails, and many that hang.
struct Bed {
    server: Server,
    gate: Gate,
    folder: Folder,
}

impl Bed {
    fn new() -> Bed {
        let gate = Gate::closed();
        let server = Scenario::new()
            .on("/ok/*", Answer::text("x"))
            .on("/gone/*", Answer::status(404))
            .on("/*", Answer::text("x").behind(&gate))
            .start();
        let folder = Folder::new();
        let paths = ["/ok/0", "/ok/1", "/gone/2"].map(str::to_owned);
        let held = (3..COUNT).map(|i| format!("/held/{i}"));
        let urls = paths.into_iter().chain(held);
        let urls: String = urls.map(|path| server.url(&path) + "\n").collect();
        folder.file("urls.txt", urls);
        Bed {
            server,
            gate,
            folder,
        }
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let mut arguments: Vec<String> = more.iter().map(|&a| a.to_owned()).collect();
        let (summary, failures) = (self.folder.at("sum.json"), self.folder.at("failures.db"));
        let urls = self.folder.at("urls.txt");
        arguments.extend(
            [
                "-j",
                "2",
                "--summary-json",
                &summary,
                "--failures",
                &failures,
            ]
            .map(str::to_owned),
        );
        arguments.push(urls);
        arguments
    }

    fn summary(&self) -> Value {
        serde_json::from_str(&self.folder.read("sum.json")).unwrap()
    }

    /// Asserts that the five counts add up, that every unfinished request counts as not done, and that only the 404
    /// failed.
    #[track_caller]
    fn is_told_apart(&self, done: Done) {
        let summary = self.summary();
        let count = |name: &str| summary[name].as_i64().unwrap();
        let not_done = count("not_done");
        assert!(not_done > 0 && count("failed") <= 1, "{summary}");
        let finished = count("succeeded") + count("rejected") + count("failed");
        assert_eq!(count("total"), finished + not_done, "{summary}");
        assert_eq!(count("cancelled"), 0);
        let counted = summary["requests_per_s"].as_f64().unwrap()
            * summary["wall_ms"].as_f64().unwrap()
            / 1e3;
        assert!((counted - finished as f64).abs() < 1.0, "{summary}");
        let done = done.says(&format!("  not done   {not_done:>5}"));
        let database = rusqlite::Connection::open(self.folder.at("failures.db")).unwrap();
        let row = "SELECT total = succeeded + rejected + failed + cancelled + not_done AND not_done = ?1 FROM runs";
        let right: bool = database
            .query_row(row, [not_done], |row| row.get(0))
            .unwrap();
        assert!(right);
        let rows: i64 = database
            .query_row("SELECT count(*) FROM failures", [], |row| row.get(0))
            .unwrap();
        // A failure that comes after the results could not be written is counted, but has no row.
        let written = done.status != Some(3);
        assert!(rows == count("failed") || !written, "{rows}, {summary}");
    }
}

#[test]
fn after_a_signal() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let bed = Bed::new();
        let run = haul(bed.arguments(&["-o", &bed.folder.at("out.jsonl")])).start();
        bed.gate.wait_for(2);
        run.signal(signal);
        run.wait_until_said("interrupted: ");
        bed.gate.open();
        let done = run.finish().exits(status);
        bed.is_told_apart(done);
        let summary = bed.summary();
        assert_eq!(bed.folder.records("out.jsonl").len(), bed.server.requests());
        assert_eq!(summary["failed"], 1, "{summary}");
    }
}

#[test]
fn after_a_second_signal() {
    let bed = Bed::new();
    let run = haul(bed.arguments(&["--grace", "1h"])).start();
    bed.gate.wait_for(2);
    run.signal(Signal::INT);
    run.wait_until_said("interrupted: ");
    run.signal(Signal::INT);
    bed.is_told_apart(run.finish().exits(130));
}

#[test]
fn after_a_failure_too_many() {
    for option in [&["--fail-early"][..], &["--max-failures", "1"]] {
        let bed = Bed::new();
        let done = haul(bed.arguments(option)).done().exits(4);
        bed.is_told_apart(done);
        assert_eq!(bed.summary()["failed"], 1);
    }
}

#[test]
fn after_the_time_of_the_run() {
    let bed = Bed::new();
    let arguments = bed.arguments(&["--max-run-time", "300ms", "--max-failures", "2"]);
    let done = haul(arguments).done().exits(4);
    let done = done.says("the run took too long (--max-run-time)");
    bed.is_told_apart(done);
}

#[test]
fn after_results_that_could_not_be_written() {
    let bed = Bed::new();
    let pipe = bed.folder.at("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let run = haul(bed.arguments(&["-o", &pipe])).start();
    // The pipe is opened once the run opens it, and closed at once.
    drop(std::fs::File::open(&pipe).unwrap());
    bed.is_told_apart(run.finish().exits(3));
}

#[test]
fn in_progress_and_with_a_line_for_each_request() {
    let bed = Bed::new();
    let done = haul(bed.arguments(&["--progress", "plain", "-v", "--fail-early"]))
        .done()
        .exits(4);
    let not_done = bed.summary()["not_done"].as_i64().unwrap();
    let done = done.says(&format!(", {not_done} not done"));
    let lines = done.stderr.lines().filter(|l| l.ends_with(": not done"));
    assert_eq!(lines.count() as i64, not_done);
}

#[test]
fn and_a_share_of_failures_is_of_finished_requests() {
    let bed = Bed::new();
    // 100 finished, half of them failed; the rest hangs.
    let ok = (0..51).map(|i| format!("/ok/{i}"));
    let gone = (0..60).map(|i| format!("/gone/{i}"));
    let held = (0..100).map(|i| format!("/held/{i}"));
    let urls = ok.chain(gone).chain(held);
    let urls: String = urls.map(|path| bed.server.url(&path) + "\n").collect();
    bed.folder.file("urls.txt", urls);
    let arguments = bed.arguments(&["--max-failures", "50%", "--max-run-time", "60s"]);
    haul(arguments).done().exits(4).says("(--max-failures)");
    let summary = bed.summary();
    let failed = summary["failed"].as_i64().unwrap();
    assert!((50..=60).contains(&failed), "{summary}");
    assert!(summary["not_done"].as_i64().unwrap() > 0, "{summary}");
}
