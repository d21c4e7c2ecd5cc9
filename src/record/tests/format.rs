//! Agreement of the list of fields, the lines and the tables of the format.

use super::*;

/// A line of a failure log that has every field.
const EVERY_FIELD: &str = concat!(
    r#"{"v":1,"id":"a","index":3,"key":"2-2e72d5b19f82dd725d7e67aaa7a33924","source":"urls.txt","line":4,"depth":2,"parent":1,"#,
    r#""seed":"2-2e72d5b19f82dd725d7e67aaa7a33924","page":2,"next":10000000000000000000000,"#,
    r#""outcome":"failed","url":"https://x/1","method":"GET","status":503,"#,
    r#""rejection":{"code":4001,"message":"no"},"attempts":2,"timestamp":"2026-08-22T10:15:30.123Z","#,
    r#""elapsed_ms":142.75,"ttfb_ms":120.001,"queued_ms":0.0,"total_ms":10000000.5,"#,
    r#""final_url":"https://x/1/","redirects":1,"remote_ip":"2001:db8::1","reused":false,"#,
    r#""timings":{"resolve_ms":1.0,"connect_ms":2.0,"tls_ms":3.0,"send_ms":0.1,"wait_ms":120.0,"receive_ms":22.6},"#,
    r#""content_type":"text/plain","content_encoding":"sdch","size_bytes":7,"output_file":"a\"b","#,
    r#""sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","skipped":true,"layer":"http","#,
    r#""error_type":"http_status","phase":"receive","error_msg":"503 \u0001\n\\","error_position":12,"#,
    r#""error_text":"key","stop_reason":"attempts_exhausted","attempt_log":["#,
    r#"{"error_type":"timeout","phase":"connect","status":200,"elapsed_ms":10000.2,"delay_ms":183.0},"#,
    r#"{"error_type":"http_status","elapsed_ms":0.001}],"prior_attempt_ambiguous":true,"hedged":true,"#,
    r#""headers":{"x-a":["1","2"]},"json":{"b":1.50,"a":null},"body":"/w==","body_encoding":"base64","charset":"gbk","#,
    r#""body_truncated":false,"tag":{"b":1.50,"a":null},"credentials_for":"none","supersedes":true,"#,
    r#""request":{"url":"https://x/1"},"response_text":"余额不足"}"#,
);

#[test]
fn a_line_with_every_field_is_written_as_it_was_read() {
    let record = Record::parse(EVERY_FIELD).unwrap();
    assert_eq!(record.to_line(), EVERY_FIELD);
    assert_eq!(serde_json::to_string(&record).unwrap(), EVERY_FIELD);
    let line: super::super::pairs::Pairs<Value> = serde_json::from_str(EVERY_FIELD).unwrap();
    let keys: Vec<_> = line.0.iter().map(|(key, _)| &**key).collect();
    assert_eq!(keys, Record::KEYS);
}

#[test]
fn fields_that_are_absent_stay_absent() {
    let line = concat!(
        r#"{"v":1,"index":0,"key":"2-2e72d5b19f82dd725d7e67aaa7a33924","outcome":"success","#,
        r#""url":"u","method":"GET","attempts":0,"queued_ms":0.0,"total_ms":0.0}"#,
    );
    assert_eq!(Record::parse(line).unwrap().to_line(), line);
    let without_times = line.replace(r#","queued_ms":0.0,"total_ms":0.0"#, "");
    assert_eq!(
        Record::parse(&without_times).unwrap().to_line(),
        without_times
    );
}

/// Returns the rows of the tables under a heading of the specification: the cells with the keys and with their meaning.
fn rows(heading: &str) -> Vec<(&'static str, &'static str)> {
    let specification = include_str!("../mod.rs");
    let (_, part) = specification.split_once(heading).unwrap();
    part.lines()
        .skip(1)
        .take_while(|line| line.starts_with("//!") && !line.starts_with("//! #"))
        .filter_map(|line| line.strip_prefix("//! | `"))
        .filter_map(|row| row.split_once(" | "))
        .collect()
}

/// Returns the names within backticks.
fn names(text: &'static str) -> Vec<&'static str> {
    text.split('`').filter(|part| is_key(part)).collect()
}

fn is_key(text: &str) -> bool {
    let of_keys = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.bytes().all(of_keys)
}

#[test]
fn the_tables_of_the_format_name_every_field_in_its_place() {
    let mut told: Vec<_> = rows("# The outcome record")
        .into_iter()
        .flat_map(|(keys, _)| names(keys))
        .collect();
    let of_failures = rows("# The failure log").into_iter();
    told.extend(of_failures.flat_map(|(keys, _)| names(keys)));
    assert_eq!(told, Record::KEYS);
}

#[test]
fn the_table_of_the_format_names_the_fields_within_a_field() {
    let meaning = |key: &str| {
        let rows = rows("# The outcome record").into_iter();
        let mut meaning = rows.filter(|(keys, _)| names(keys) == [key]);
        meaning.next().unwrap().1
    };
    assert_eq!(names(meaning("timings")), PhaseTimes::KEYS);
    assert_eq!(names(meaning("attempt_log")), AttemptRecord::KEYS);
}
