//! `haul report`: figures of finished runs, comparisons, and thresholds.

use std::fs;
use std::io::Write as _;

use serde_json::Value;

use super::command::{Folder, haul};
use test_support::{Answer, Server};

/// Line of a result with a key of its own for each `n`.
fn line(n: u32, outcome: &str, rest: &str) -> String {
    let error = match outcome {
        "failed" => r#","error_type":"timeout","error_msg":"too slow""#,
        _ => "",
    };
    format!(
        r#"{{"v":1,"index":{n},"key":"2-{n:032x}","outcome":"{outcome}","url":"http://h/{n}","method":"GET","attempts":1{error}{rest}}}"#
    ) + "\n"
}

fn success(n: u32, ms: u32) -> String {
    let rest = format!(
        r#","status":200,"elapsed_ms":{ms},"ttfb_ms":1,"timestamp":"2026-08-22T10:15:{:02}.000Z""#,
        n % 60
    );
    line(n, "success", &rest)
}

/// Results of a run: 8 successes and 2 failures.
fn ten() -> String {
    let successes = (0..8).map(|n| success(n, 100));
    let failures = (8..10).map(|n| line(n, "failed", ""));
    successes.chain(failures).collect()
}

#[test]
fn a_report_has_the_figures_of_the_run() {
    let server = Server::always(Answer::text("x"));
    let folder = Folder::new();
    let urls: String = (0..20)
        .map(|n| server.url(&format!("/{n}")) + "\n")
        .collect();
    let (run, before) = (folder.at("run.jsonl"), folder.at("before.json"));
    haul(["-o", &run, "--summary-json", &before, "-"])
        .input(urls + "ftp://no/\n")
        .done()
        .exits(1);
    let after = folder.at("after.json");
    let done = haul(["report", &run, "--summary-json", &after])
        .done()
        .exits(0);
    assert!(done.stdout.contains("21 requests"), "{}", done.stdout);
    let read =
        |path: &str| -> Value { serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap() };
    let (before, after) = (read(&before), read(&after));
    for key in [
        "total",
        "succeeded",
        "failed",
        "statuses",
        "error_types",
        "latency",
        "first_byte",
        "phases",
        "hosts",
        "top_errors",
        "slowest",
        "over_time",
    ] {
        assert_eq!(after[key], before[key], "{key}");
    }
}

#[test]
fn results_are_read_from_standard_input_and_compressed_files() {
    let folder = Folder::new();
    let gz = folder.at("run.jsonl.gz");
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    coder.write_all(ten().as_bytes()).unwrap();
    fs::write(&gz, coder.finish().unwrap()).unwrap();
    let done = haul(["report", "-", &gz]).input(ten()).done().exits(0);
    assert!(done.stdout.contains("20 requests"), "{}", done.stdout);
    let done = haul(["report"]).input(ten()).done().exits(0);
    assert!(done.stdout.contains("10 requests"), "{}", done.stdout);
}

#[test]
fn a_torn_line_is_told_and_the_rest_counts() {
    let torn = ten() + "no result\n" + "{\"v\":1,\"outc";
    let done = haul(["report"]).input(torn).done().exits(0);
    assert!(done.stdout.contains("10 requests"), "{}", done.stdout);
    for told in [
        "haul: warning: stdin:11: it is no JSON object",
        "haul: warning: stdin:12: it is torn: the file ends within it",
    ] {
        assert!(done.stderr.contains(told), "{}", done.stderr);
    }
}

#[test]
fn a_compressed_file_that_a_kill_cut_off_is_told_and_the_rest_counts() {
    let folder = Folder::new();
    let gz = folder.at("run.jsonl.gz");
    let member = |text: String| {
        let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        coder.write_all(text.as_bytes()).unwrap();
        coder.finish().unwrap()
    };
    let (whole, next) = (member(ten()), member(success(20, 1)));
    let zeros = vec![0; 100];
    for torn in [&next[..next.len() / 2], &next[..next.len() - 1], &zeros] {
        fs::write(&gz, [&*whole, torn].concat()).unwrap();
        let done = haul(["report", &gz]).done().exits(0);
        let place = format!(
            "the compressed part from byte {} on has no end",
            whole.len()
        );
        assert!(done.stderr.contains(&place), "{}", done.stderr);
        assert!(done.stdout.contains(" requests"), "{}", done.stdout);
    }
}

#[test]
fn a_broken_file_is_told_and_the_results_before_count() {
    let folder = Folder::new();
    let gz = folder.at("run.jsonl.gz");
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    coder.write_all(ten().repeat(2_000).as_bytes()).unwrap();
    let mut bytes = coder.finish().unwrap();
    // The checksum of the content.
    let at = bytes.len() - 8;
    bytes[at] ^= 1;
    fs::write(&gz, bytes).unwrap();
    let done = haul(["report", &gz]).done().exits(2);
    assert!(
        done.stderr
            .contains("run.jsonl.gz: cannot be read to its end"),
        "{}",
        done.stderr
    );
    assert!(done.stdout.contains("requests"), "{}", done.stdout);
}

#[test]
fn an_input_that_is_no_results_is_refused() {
    let folder = Folder::new();
    let urls = folder.file("urls.txt", "https://x/1\nhttps://x/2\n");
    let done = haul(["report", &urls]).done().exits(2);
    assert!(
        done.stderr.contains("no line is a result"),
        "{}",
        done.stderr
    );
    let missing = folder.at("missing.jsonl");
    let done = haul(["report", &missing]).done().exits(2);
    assert!(
        done.stderr.contains("missing.jsonl: cannot be opened"),
        "{}",
        done.stderr
    );
    haul(["report", "https://x/"]).done().exits(2);
    haul(["report", "--by", "colour"]).done().exits(2);
}

#[test]
fn a_file_named_like_the_command_is_given_with_its_folder() {
    let server = Server::always(Answer::text("x"));
    let folder = Folder::new();
    folder.file("report", server.url("/1"));
    let done = haul(["./report"]).current_dir(&folder).done().exits(0);
    assert_eq!(done.results().len(), 1);
}

#[test]
fn requests_are_grouped() {
    let done = haul(["report", "--by", "status"])
        .input(ten())
        .done()
        .exits(0);
    let rows: Vec<Vec<&str>> = done
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("By status"))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[1][..5], ["(none)", "2", "0", "0", "2"]);
    assert_eq!(rows[2][..5], ["200", "8", "8", "0", "0"]);
}

#[test]
fn an_output_is_not_replaced_and_is_no_input() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", ten());
    let there = folder.file("there.json", "{}");
    let done = haul(["report", &run, "--summary-json", &there])
        .done()
        .exits(2);
    assert!(
        done.stderr.contains("--overwrite replaces it"),
        "{}",
        done.stderr
    );
    haul(["report", &run, "--summary-json", &there, "--overwrite"])
        .done()
        .exits(0);
    let arguments = ["report", &run, "--summary-json", &run, "--overwrite"];
    haul(arguments).done().exits(2);
    assert_eq!(fs::read_to_string(&run).unwrap(), ten());
}

#[test]
fn a_threshold_decides_the_exit_status_of_a_report() {
    for (condition, status) in [
        ("failed>1%", 1),
        ("failed>20%", 0),
        ("p95>=100ms", 1),
        ("p95>1s", 0),
        ("error:timeout>1", 1),
        ("status:5xx>0", 0),
        ("failed>x", 2),
    ] {
        haul(["report", "--fail-if", condition])
            .input(ten())
            .done()
            .exits(status);
    }
    let done = haul(["report", "--fail-if", "failed>1%"])
        .input(ten())
        .done();
    let told = "threshold exceeded: failed>1% (it is 20.0 % (2 of 10))";
    assert!(done.stderr.contains(told), "{}", done.stderr);
}

#[test]
fn a_figure_without_data_is_told() {
    let failures: String = (0..3).map(|n| line(n, "failed", "")).collect();
    let done = haul(["report", "--fail-if", "p95>1ms"])
        .input(failures)
        .done()
        .exits(0);
    assert!(
        done.stderr
            .contains("threshold p95>1ms: there is no such figure"),
        "{}",
        done.stderr
    );
}

#[test]
fn thresholds_alone_decide_the_exit_status_of_a_run() {
    let server = Server::always(Answer::status(404));
    let url = server.url("/");
    haul(["--fail-if", "status:5xx>0", &url]).done().exits(0);
    let done = haul(["--fail-if", "failed>0", &url]).done().exits(1);
    assert!(
        done.stderr
            .contains("threshold exceeded: failed>0 (it is 1)"),
        "{}",
        done.stderr
    );
    let done = haul(["--fail-if", "failed>0", "--exit-zero", &url])
        .done()
        .exits(2);
    assert!(
        done.stderr.contains("cannot be used with"),
        "{}",
        done.stderr
    );
}

#[test]
fn two_runs_are_compared() {
    let folder = Folder::new();
    let body = |n, body: &str| {
        line(
            n,
            "success",
            &format!(r#","status":200,"body":"{body}","body_encoding":"utf8""#),
        )
    };
    let old = [
        body(1, "a"),
        body(2, "a"),
        line(3, "failed", ""),
        line(4, "failed", ""),
        body(5, "a"),
    ];
    let new = [
        body(1, "b"),
        line(2, "failed", ""),
        body(3, "a"),
        line(4, "failed", ""),
        body(5, "a"),
    ];
    let old = folder.file("old.jsonl", old.concat());
    let new = folder.file("new.jsonl", new.concat());
    let json = folder.at("comparison.json");
    let done = haul(["report", "--against", &old, &new, "--summary-json", &json])
        .done()
        .exits(0);
    for said in [
        "5 requests in both runs",
        "newly failed            1",
        "mended                  1",
        "still failing           1",
        "body changed            1 of 2 compared",
        "line 3 http://h/2  timeout too slow, was 200",
    ] {
        assert!(done.stdout.contains(said), "{said}\n{}", done.stdout);
    }
    let json: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(json["newly_failed"]["count"], 1);
    assert_eq!(json["changed_bodies"]["examples"][0]["url"], "http://h/1");
    let arguments = [
        "report",
        "--against",
        &old,
        &new,
        "--fail-on",
        "newly-failed",
    ];
    let done = haul(arguments).done().exits(1);
    assert!(
        done.stderr.contains("newly failed: 1 request (--fail-on)"),
        "{}",
        done.stderr
    );
    let arguments = [
        "report",
        "--against",
        &old,
        &old,
        "--fail-on",
        "newly-failed",
    ];
    haul(arguments).done().exits(0);
    haul(["report", &old, "--fail-on", "newly-failed"])
        .done()
        .exits(2);
}

#[test]
fn a_slower_host_is_told_with_its_numbers() {
    let folder = Folder::new();
    let run = |ms: u32| -> String { (0..400).map(|n| success(n, ms + n % 20)).collect() };
    let old = folder.file("old.jsonl", run(100));
    let new = folder.file("new.jsonl", run(200));
    let done = haul(["report", "--against", &old, &new]).done().exits(0);
    let slower = "Slower        http://h:80  p50 ";
    assert!(done.stdout.contains(slower), "{}", done.stdout);
    assert!(done.stdout.contains("(of 400)"), "{}", done.stdout);
    let few = |ms| -> String { (0..5).map(|n| success(n, ms)).collect() };
    let old = folder.file("few.jsonl", few(100));
    let new = folder.file("fewer.jsonl", few(900));
    let done = haul(["report", "--against", &old, &new]).done().exits(0);
    assert!(!done.stdout.contains("Slower"), "{}", done.stdout);
    assert!(
        done.stdout.contains("1 host has too few responses"),
        "{}",
        done.stdout
    );
}

#[test]
fn the_plot_of_throughput_needs_a_locale_with_utf8() {
    let plot = |locale| {
        let run = haul(["report"]).env("LC_ALL", locale).input(ten());
        run.done().exits(0).stdout.contains("Throughput")
    };
    assert!(plot("C.UTF-8") && !plot("C"));
}
