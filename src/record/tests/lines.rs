//! Contents of a line.

use super::*;
use crate::outcome::Lineage;

#[test]
fn a_success_is_written_as_the_format_says() {
    let request = Request::get("https://x/1").id("a1").tag(json!({"k": 1}));
    let answer = response("https://x/1/", 200, "application/json", b"{\"n\":1}");
    let mut outcome = sample::success(0, request, answer);
    outcome.report.rare_mut().history = vec![Hop {
        status: 301,
        url: "https://x/1".into(),
        location: "https://x/1/".into(),
    }];
    assert_eq!(
        line(&outcome),
        concat!(
            r#"{"v":1,"id":"a1","index":0,"key":"2-2e72d5b19f82dd725d7e67aaa7a33924","outcome":"success","#,
            r#""url":"https://x/1","method":"GET","status":200,"attempts":1,"#,
            r#""timestamp":"2026-08-22T10:15:30.123Z","elapsed_ms":142.7,"ttfb_ms":120.1,"#,
            r#""queued_ms":3.0,"total_ms":145.7,"final_url":"https://x/1/","redirects":1,"#,
            r#""remote_ip":"192.0.2.7","reused":true,"timings":{"resolve_ms":0.0,"connect_ms":0.0,"#,
            r#""tls_ms":0.0,"send_ms":0.1,"wait_ms":120.0,"receive_ms":22.6},"#,
            r#""content_type":"application/json","size_bytes":7,"body":"{\"n\":1}","#,
            r#""body_encoding":"utf8","body_truncated":false,"tag":{"k":1}}"#,
        )
    );
}

#[test]
fn a_request_that_another_one_led_to_has_its_depth_and_parent() {
    let mut outcome = sample::success(
        9,
        Request::get("https://x/1"),
        response("https://x/1", 200, "", b""),
    );
    assert!(!line(&outcome).contains("depth") && !line(&outcome).contains("parent"));
    outcome.set_lineage(Some(Lineage {
        depth: 2,
        parent: 0,
    }));
    let line = line(&outcome);
    assert!(
        line.contains(r#","depth":2,"parent":0,"outcome":"#),
        "{line}"
    );
    let read = Record::parse(&line).unwrap();
    assert_eq!((read.depth, read.parent), (2, Some(0)));
}

#[test]
fn a_body_that_is_still_coded_is_said_to_be() {
    let mut answer = response("https://x/1", 200, "text/plain", b"\x1f");
    let mut outcome = sample::success(0, Request::get("https://x/1"), answer.clone());
    assert!(!line(&outcome).contains("content_encoding"));
    for value in ["sdch", "caf\u{e9}"] {
        answer = answer.with_coding(value);
        outcome = sample::success(0, Request::get("https://x/1"), answer.clone());
        assert_eq!(outcome.content_encoding(), answer.content_encoding());
    }
    let line = line(&outcome);
    let part = r#""content_type":"text/plain","content_encoding":"sdch, café","size_bytes":1"#;
    assert!(line.contains(part), "{line}");
    let read = Record::parse(&line).unwrap();
    assert_eq!(read.content_encoding.as_deref(), Some("sdch, café"));
}

#[test]
fn a_failure_has_a_log_of_its_attempts() {
    assert_eq!(
        line(&sample::connect_timeout(1, "https://x/2")),
        concat!(
            r#"{"v":1,"index":1,"key":"2-6a1cd447936cab0559e278309b63d093","outcome":"failed","#,
            r#""url":"https://x/2","method":"GET","attempts":3,"#,
            r#""timestamp":"2026-08-22T10:15:30.123Z","elapsed_ms":10000.4,"#,
            r#""queued_ms":3.0,"total_ms":31702.0,"layer":"network","error_type":"timeout","#,
            r#""phase":"connect","error_msg":"connect to x:443 took longer than 10s","#,
            r#""stop_reason":"attempts_exhausted","attempt_log":["#,
            r#"{"error_type":"timeout","phase":"connect","elapsed_ms":10000.2,"delay_ms":183.0},"#,
            r#"{"error_type":"timeout","phase":"connect","elapsed_ms":10000.3,"delay_ms":401.5},"#,
            r#"{"error_type":"timeout","phase":"connect","elapsed_ms":10000.4}]}"#,
        )
    );
}

#[test]
fn a_rejection_stands_behind_the_status() {
    let answer = response("http://h/", 200, "application/json", b"{}");
    let rejection = Rejection::new(4001, "余额不足");
    let outcome = sample::rejected(2, Request::get("http://h/").id("a3"), answer, rejection);
    let line = line(&outcome);
    let part = r#""status":200,"rejection":{"code":4001,"message":"余额不足"},"attempts":1,"#;
    assert!(line.contains(part), "{line}");
    assert!(line.contains(r#""outcome":"rejected""#) && line.contains(r#""body":"{}""#));
}

#[test]
fn a_request_that_was_never_sent_has_no_times_of_an_attempt() {
    let line = line(&sample::unsent(3, "ftp://h/", ErrorType::InvalidRequest));
    assert_eq!(
        line,
        concat!(
            r#"{"v":1,"index":3,"key":"2-809e90c55c77cd362fc150481b65ed33","outcome":"failed","#,
            r#""url":"ftp://h/","method":"GET","attempts":0,"queued_ms":0.0,"total_ms":0.0,"#,
            r#""layer":"local","error_type":"invalid_request","error_msg":"never sent: invalid_request"}"#,
        )
    );
}

#[test]
fn a_record_and_a_failure_log_name_the_line_that_the_request_was_read_from() {
    let request = Request::get("ftp://h/").read_at("a \"list\"", 17);
    let outcome = sample::unsent(3, request, ErrorType::InvalidRequest);
    for line in [line(&outcome), failure(&outcome)] {
        let part = r#"","source":"a \"list\"","line":17,"outcome":"#;
        assert!(line.contains(part), "{line}");
        let read = Record::parse(&line).unwrap();
        assert_eq!(
            (read.source.as_deref(), read.line),
            (Some("a \"list\""), Some(17))
        );
        assert_eq!(
            read.error_msg.as_deref(),
            outcome.error().map(|e| e.message())
        );
    }
}

#[test]
fn the_key_covers_the_base_url_where_it_is_known() {
    let options = RecordOptions::new().base_url("https://x/");
    let relative = sample::unsent(0, "1", ErrorType::InvalidRequest);
    let key = Record::new(&relative, &options).key;
    assert_eq!(key, Key::of(&"https://x/1".into()));
    assert_ne!(key, Record::new(&relative, &RecordOptions::new()).key);
}

#[test]
fn a_failure_log_holds_the_answer_and_the_request() {
    let answer = response("http://h/", 404, "text/html", b"<p>no</p>");
    let request = Request::post("http://h/").header("x-a", "1").text("body");
    let line = failure(&sample::bad_status(0, request, answer));
    let end = concat!(
        r#""attempt_log":[{"error_type":"http_status","status":404,"elapsed_ms":142.7}],"body_truncated":false,"#,
        r#""request":{"url":"http://h/","method":"POST","headers":{"x-a":"1","#,
        r#""content-type":"text/plain; charset=utf-8"},"body":"body"},"response_text":"<p>no</p>"}"#,
    );
    assert!(line.ends_with(end), "{line}");
}

#[test]
fn without_a_response_there_is_no_response_text() {
    let line = value(&failure(&sample::connect_timeout(0, "http://h/")));
    assert_eq!(line.get("response_text"), None);
    let answer = response("http://h/", 500, "text/plain", b"");
    let line = value(&failure(&sample::bad_status(0, "http://h/", answer)));
    assert_eq!(line["response_text"], "");
}

#[test]
fn an_outcome_that_carries_something_else_is_written_without_a_body() {
    let full = ok("http://h/", "text/plain", b"seven");
    let processed = Outcome {
        index: full.index,
        request: full.request.clone(),
        report: full.report.clone(),
        state: State::Success(7_u32),
    };
    let with = value(&line(&full));
    let mut without = value(&Record::new(&processed, &RecordOptions::new()).to_line());
    assert_eq!(without.get("body"), None);
    for key in ["body", "body_encoding", "body_truncated"] {
        without[key] = with[key].clone();
    }
    assert_eq!(with, without);
}

#[test]
fn an_ambiguous_attempt_is_told() {
    let mut outcome = sample::connect_timeout(0, "http://h/");
    outcome.report.ambiguous = true;
    assert!(line(&outcome).contains(r#""prior_attempt_ambiguous":true"#));
}

#[test]
fn a_second_request_is_told() {
    let mut outcome = sample::connect_timeout(0, "http://h/");
    assert!(!line(&outcome).contains("hedged"));
    outcome.report.hedged = true;
    assert!(line(&outcome).contains(r#""hedged":true"#));
}
