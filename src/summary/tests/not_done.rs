//! Requests of a stopped batch: counted apart, and in no rate.

use super::*;

fn not_done(index: u64) -> Outcome {
    let mut outcome = cancelled(index);
    outcome.report.cut_short = true;
    outcome
}

/// Makes an outcome that was tried once, got a 503, and was stopped before its second attempt.
fn stopped_between_attempts(index: u64) -> Outcome {
    let answer = response(&url(index), 503, "text/plain", b"x");
    let mut outcome = sample::bad_status(index, url(index), answer);
    outcome.report.cut_short = true;
    outcome
}

#[test]
fn the_total_is_the_four_counts_and_those_not_done() {
    let outcomes = [
        success(0, 1.0),
        rejected(1),
        timeout(2),
        cancelled(3),
        not_done(4),
        not_done(5),
    ];
    let summary = of(&outcomes);
    assert_eq!(
        (
            summary.succeeded(),
            summary.rejected(),
            summary.failed(),
            summary.cancelled(),
            summary.not_done()
        ),
        (1, 1, 1, 1, 2)
    );
    assert_eq!((summary.total(), summary.finished()), (6, 3));
}

#[test]
fn the_rate_counts_finished_requests_only() {
    let mut summary = of(&[success(0, 1.0), cancelled(1), not_done(2), timeout(3)]);
    summary.set_wall(Duration::from_secs(4));
    assert_eq!(summary.rate(), Some(0.5));
    let value = serde_json::to_value(&summary).unwrap();
    assert_eq!(value["requests_per_s"], 0.5);
}

#[test]
fn a_request_stopped_between_attempts_is_no_failure_of_its_host() {
    let summary = of(&[stopped_between_attempts(0), success(1, 1.0)]);
    assert_eq!((summary.failed(), summary.not_done()), (0, 1));
    assert!(summary.by_error_type().is_empty() && summary.top_errors().is_empty());
    assert_eq!(summary.by_status().get(&503), None);
    let host = &summary.hosts()[0];
    assert_eq!((host.requests, host.failed), (1, 0));
}

#[test]
fn a_request_stopped_between_attempts_counts_its_attempts() {
    let summary = of(&[stopped_between_attempts(0)]);
    assert_eq!(summary.attempts(), 1);
    assert_eq!(summary.latency().count_of(), 1);
    assert_eq!(summary.bytes_received(), 1000);
}

#[test]
fn requests_not_done_add_up_through_json() {
    let mut summary = of(&[not_done(0), success(1, 1.0)]);
    summary += &of(&[not_done(0)]);
    assert_eq!((summary.not_done(), summary.total()), (2, 3));
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&value["not_done"], &value["total"]),
        (&2.into(), &3.into())
    );
}

#[test]
fn a_summary_written_before_they_were_counted_has_none() {
    let text = r#"{"total":5,"succeeded":1,"rejected":0,"failed":1,"cancelled":3}"#;
    let read: Summary = serde_json::from_str(text).unwrap();
    assert_eq!((read.not_done(), read.cancelled(), read.total()), (0, 3, 5));
}

#[test]
fn the_closing_block_has_a_row_for_them_where_there_are_any() {
    let text = of(&[success(0, 1.0), not_done(1), not_done(2), not_done(3)]).to_string();
    assert!(text.contains("\n  not done       3   75.0 %\n"), "{text}");
    assert!(!of(&mixed()).to_string().contains("not done"));
}
