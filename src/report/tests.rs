use super::*;
use crate::error::ErrorType;
use crate::outcome::Outcome;
use crate::outcome::sample::{self, attempt, ms, response};
use crate::record::{Record, RecordOptions};
use crate::rejection::Rejection;

mod forms;

fn url(n: u64) -> String {
    format!("https://h{}/{n}", n % 3)
}

/// Some of everything that a results file holds.
fn mixed() -> Vec<Outcome> {
    let answer = |n| response(&url(n), 200, "text/plain", b"x");
    let mut outcomes = Vec::new();
    for n in 0..40 {
        let mut outcome = match n % 5 {
            0 => sample::rejected(n, url(n), answer(n), Rejection::new("no", "no money")),
            1 => {
                let gone = response(&url(n), 404, "text/plain", b"x");
                sample::bad_status(n, url(n), gone)
            }
            2 => sample::connect_timeout(n, url(n)),
            3 => {
                let mut again = sample::success(n, url(n), answer(n));
                again.report.attempts = 2;
                again.report.rare_mut().log = vec![attempt(ErrorType::HttpStatus, Some(503), 5.0)];
                again
            }
            _ => sample::success(n, url(n), answer(n)),
        };
        outcome.report.elapsed = ms(7.0 + n as f64).into();
        outcomes.push(outcome);
    }
    outcomes
}

fn lines(outcomes: &[Outcome]) -> String {
    let options = RecordOptions::new();
    let line = |outcome| Record::new(outcome, &options).to_line() + "\n";
    outcomes.iter().map(line).collect()
}

fn read(text: &str) -> Report {
    let mut reader = ReportReader::new();
    reader.read("run.jsonl", text.as_bytes()).unwrap();
    reader.finish().unwrap()
}

/// Line of a result with a key of its own for each `n`.
fn line(n: u8, outcome: &str, rest: &str) -> String {
    let error = match outcome {
        "failed" => r#","error_type":"timeout""#,
        _ => "",
    };
    format!(
        r#"{{"v":1,"index":{n},"key":"2-{n:032x}","outcome":"{outcome}","url":"http://h/{n}"{error}{rest}}}"#
    ) + "\n"
}

const SUPERSEDES: &str = r#","supersedes":true"#;

/// Numbers of succeeded, rejected and failed requests.
fn counts(text: &str) -> (u64, u64, u64) {
    let report = read(text);
    let summary = report.summary();
    (summary.succeeded(), summary.rejected(), summary.failed())
}

#[test]
fn records_of_a_run_have_the_figures_of_the_run() {
    let outcomes = mixed();
    let mut live = Summary::new();
    outcomes.iter().for_each(|outcome| live.record(outcome));
    let found = Summary::read(lines(&outcomes).as_bytes()).unwrap();
    assert_eq!(found.total(), live.total());
    assert_eq!(found.by_error_type(), live.by_error_type());
    assert_eq!(found.by_status(), live.by_status());
    assert_eq!(found.by_code(), live.by_code());
    assert_eq!(found.hosts(), live.hosts());
    assert_eq!(found.top_errors(), live.top_errors());
    assert!(found.latency() == live.latency());
    assert!(found.queue_wait() == live.queue_wait());
    assert_eq!(found.first_byte(), live.first_byte());
    assert_eq!(found.phases(), live.phases());
    assert_eq!(found.slowest(), live.slowest());
    assert_eq!(found.over_time(), live.over_time());
    let retries = |s: &Summary| (s.attempts(), s.retried_requests(), s.later_successes());
    assert_eq!(retries(&found), retries(&live));
}

#[test]
fn a_line_that_supersedes_takes_the_place_of_an_earlier_one() {
    let failed = line(1, "failed", "");
    let mended = line(1, "success", SUPERSEDES);
    assert_eq!(counts(&format!("{failed}{mended}")), (1, 0, 0));
}

#[test]
fn a_line_that_supersedes_takes_the_place_of_a_success_too() {
    let (fine, again) = (line(1, "success", ""), line(1, "success", SUPERSEDES));
    let failed = line(1, "failed", SUPERSEDES);
    assert_eq!(counts(&format!("{fine}{again}")), (1, 0, 0));
    assert_eq!(counts(&format!("{again}{fine}")), (1, 0, 0));
    assert_eq!(counts(&format!("{fine}{failed}")), (0, 0, 1));
    assert_eq!(counts(&format!("{fine}{fine}{again}")), (2, 0, 0));
}

#[test]
fn a_page_that_supersedes_takes_the_place_of_the_page_whatever_its_link() {
    let page = |n, number: u32, rest: &str| {
        let page = format!(r#","seed":"2-{:032x}","page":{number}{rest}"#, 0);
        line(n, "success", &page)
    };
    let run = [page(0, 1, ""), page(1, 2, ""), page(2, 3, "")];
    let again = [
        page(7, 2, SUPERSEDES),
        page(8, 3, SUPERSEDES),
        page(9, 4, ""),
    ];
    assert_eq!(counts(&(run.concat() + &again.concat())), (4, 0, 0));
    assert_eq!(counts(&(again.concat() + &run.concat())), (4, 0, 0));
}

#[test]
fn a_line_with_a_key_that_is_none_counts() {
    let line = line(1, "success", "").replace(&format!("2-{:032x}", 1), "");
    assert_eq!(counts(&line.repeat(2)), (2, 0, 0));
    let read = || {
        let mut reader = ReportReader::new().comparable();
        reader.read("run.jsonl", line.as_bytes()).unwrap();
        reader
    };
    assert_eq!(Comparison::of(read(), read()).unwrap().without_key(), 2);
}

#[test]
fn a_time_that_is_none_is_told_in_few_words() {
    let mut reader = ReportReader::new();
    let line = line(1, "success", r#","elapsed_ms":1e308"#);
    reader.read("run.jsonl", line.as_bytes()).unwrap();
    let reason = &reader.unread().0[0].reason;
    assert!(
        reason.contains("1e308 is no number of milliseconds"),
        "{reason}"
    );
}

#[test]
fn a_long_value_of_a_tag_is_cut_to_a_name() {
    let long = format!(r#","tag":"{}""#, "é".repeat(100_000));
    let mut reader = ReportReader::new().by(Grouping::Tag(String::new()));
    let text = line(1, "success", &long);
    reader.read("run.jsonl", text.as_bytes()).unwrap();
    let report = reader.finish().unwrap();
    let shown = serde_json::to_string(&report).unwrap();
    assert!(shown.contains(&format!("\"{}…\"", "é".repeat(128))));
    assert!(shown.len() < 10_000, "{}", shown.len());
}

#[test]
fn a_file_with_the_later_lines_may_come_first() {
    let failed = line(1, "failed", "");
    let mended = line(1, "success", SUPERSEDES);
    assert_eq!(counts(&format!("{mended}{failed}")), (1, 0, 0));
}

#[test]
fn a_line_that_superseded_another_can_be_superseded_too() {
    let failed = line(1, "failed", "");
    let again = line(1, "failed", SUPERSEDES);
    let mended = line(1, "success", SUPERSEDES);
    assert_eq!(counts(&format!("{failed}{again}")), (0, 0, 1));
    assert_eq!(counts(&format!("{failed}{again}{mended}")), (1, 0, 0));
}

#[test]
fn equal_requests_that_were_sent_twice_count_twice() {
    let (fine, failed) = (line(1, "success", ""), line(1, "failed", ""));
    let mended = line(1, "success", SUPERSEDES);
    assert_eq!(counts(&format!("{fine}{failed}")), (1, 0, 1));
    assert_eq!(counts(&format!("{failed}{failed}{mended}")), (1, 0, 1));
}

#[test]
fn a_line_that_is_no_result_is_told_and_the_rest_counts() {
    let text = format!(
        "{}\nhttps://x/\n{{\"url\":\"http://h/\"}}\n{}{{\"v\":1,\"outc",
        line(1, "success", ""),
        line(2, "success", "")
    );
    let mut reader = ReportReader::new();
    reader.read("run.jsonl", text.as_bytes()).unwrap();
    let (told, unread) = reader.unread();
    let told: Vec<_> = told.iter().map(|t| (t.line, t.reason.as_str())).collect();
    let expected = [
        (3, "it is no JSON object (a line of results is expected)"),
        (
            4,
            "it is no result: the key \"outcome\" is missing (column 19)",
        ),
        (6, "it is torn: the file ends within it"),
    ];
    assert_eq!((told.as_slice(), unread), (&expected[..], 3));
    assert_eq!(reader.finish().unwrap().summary().succeeded(), 2);
}

#[test]
fn requests_are_grouped_by_a_value_in_their_tags() {
    let tagged = |n, tag: &str| line(n, "success", &format!(r#","tag":{tag}"#));
    let text = [
        tagged(1, r#"{"c":"a"}"#),
        tagged(2, r#"{"c":"a"}"#),
        tagged(3, r#"{"c":7}"#),
        tagged(4, r#"{}"#),
        line(5, "failed", r#","tag":{"c":7}"#),
    ];
    let mut reader = ReportReader::new().by("tag:/c".parse().unwrap());
    reader.read("run.jsonl", text.concat().as_bytes()).unwrap();
    let report = reader.finish().unwrap();
    let rows = report.groups().unwrap().rows();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row.name.as_deref(), row.requests, row.failed))
        .collect();
    let expected = [(Some("7"), 2, 1), (Some("a"), 2, 0), (None, 1, 0)];
    assert_eq!(rows, expected);
}

#[test]
fn reports_of_parts_add_up_to_the_report_of_the_whole() {
    let outcomes = mixed();
    let of = |outcomes: &[Outcome]| {
        let mut reader = ReportReader::new().by(Grouping::Host);
        let lines = lines(outcomes);
        reader.read("run.jsonl", lines.as_bytes()).unwrap();
        reader.finish().unwrap()
    };
    let (early, late) = outcomes.split_at(15);
    let mut sum = of(early);
    sum += &of(late);
    let mut whole = of(&outcomes);
    for report in [&mut sum, &mut whole] {
        report.summary.set_wall(std::time::Duration::ZERO);
    }
    assert!(sum == whole, "the figures differ");
    let text = serde_json::to_string(&sum).unwrap();
    assert!(serde_json::from_str::<Report>(&text).unwrap() == sum);
    assert!(serde_json::from_str::<Summary>(&text).unwrap() == sum.summary);
}
