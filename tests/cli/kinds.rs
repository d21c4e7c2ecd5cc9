//! Values of lines that are null or of another kind than expected: the request that is sent for them, or the message.

use serde_json::json;

use super::command::haul;
use super::wire::Becomes::{Refused, Sent};
use super::wire::{Wire, sends};

const JSON: &[&str] = &["content-type: application/json"];

#[test]
fn null_stands_for_a_key_that_is_absent() {
    let mut rows = Vec::new();
    let keys = [
        "body",
        "json",
        "form",
        "body_base64",
        "body_file",
        "headers",
        "params",
        "auth",
        "method",
        "id",
        "custom_id",
        "tag",
        "retry",
        "max_time_ms",
        "connect_timeout_ms",
        "idempotent",
        "cost",
        "max_redirs",
        "accept",
        "expect_json",
        "require",
        "output_file",
        "request",
        "no such key",
    ];
    for key in keys {
        rows.push(format!(r#"{{"url":"U/null","{key}":null}}"#));
    }
    let mut rows: Vec<_> = rows
        .iter()
        .map(|line| (line.as_str(), Sent("GET /null", &[], "")))
        .collect();
    rows.extend([
        (
            r#"{"url":"U/","body":null,"json":{"a":null},"form":null}"#,
            Sent("POST /", JSON, r#"{"a":null}"#),
        ),
        (
            r#"{"url":"U/","auth":{"user":"me","password":"p","bearer":null}}"#,
            Sent("GET /", &["authorization: Basic bWU6cA=="], ""),
        ),
        (r#"{"url":null}"#, Refused("url: it is missing")),
    ]);
    sends(&[], &rows);
    // In a response, null is a value that can be required.
    let wire = Wire::start();
    let line = json!({"url": wire.url("/"), "require": {"/a": null}}).to_string();
    let result = &haul(["-"]).input(line).done().exits(1).results()[0];
    assert_eq!(result["error_type"], "decode");
}

#[test]
fn a_value_of_another_kind_is_its_text_or_refused() {
    sends(
        &[],
        &[
            (
                r#"{"url":"U/","auth":{"user":"me","password":123456}}"#,
                Sent("GET /", &["authorization: Basic bWU6MTIzNDU2"], ""),
            ),
            (
                r#"{"url":"U/","auth":{"user":7,"password":true}}"#,
                Sent("GET /", &["authorization: Basic Nzp0cnVl"], ""),
            ),
            (
                r#"{"url":"U/","auth":{"bearer":1.50}}"#,
                Sent("GET /", &["authorization: Bearer 1.50"], ""),
            ),
            (
                r#"{"url":"U/","headers":{"X-N":1.50,"X-B":[false,"a",2],"X-E":""}}"#,
                Sent(
                    "GET /",
                    &["x-n: 1.50", "x-b: false", "x-b: a", "x-b: 2", "x-e: "],
                    "",
                ),
            ),
            (
                r#"{"url":"U/","retry":3.0,"max_redirs":0,"accept":200}"#,
                Sent("GET /", &[], ""),
            ),
            (
                r#"{"url":"U/","auth":{"user":"me","pass":"x"}}"#,
                Refused(
                    r#"auth: it has an unknown key ({"user", "password"} or {"bearer"} is expected, and "digest" only beside a user)"#,
                ),
            ),
            (
                r#"{"url":"U/","auth":{"user":"me","password":["x"]}}"#,
                Refused(r#"auth: text, a number, true or false is expected, not a list"#),
            ),
            (
                r#"{"url":"U/","auth":"me:x"}"#,
                Refused("auth: an object is expected, not text"),
            ),
            (
                r#"{"url":"U/","headers":{"X":{"a":1}}}"#,
                Refused(
                    r#"headers: text, a number, true or false, or a list of these is expected, not an object"#,
                ),
            ),
            (
                r#"{"url":"U/","headers":["X: 1"]}"#,
                Refused("headers: an object of names and values is expected, not a list"),
            ),
            (
                r#"{"url":7}"#,
                Refused("url: text is expected, not a number"),
            ),
            (
                r#"{"url":"U/","body":1}"#,
                Refused("body: text is expected, not a number"),
            ),
            (
                r#"{"url":"U/","retry":"3"}"#,
                Refused("retry: a whole number from 0 to 4294967295 is expected, not text"),
            ),
            (
                r#"{"url":"U/","idempotent":"yes"}"#,
                Refused("idempotent: true or false is expected, not text"),
            ),
            (
                r#"{"url":"U/","accept":{"from":200}}"#,
                Refused("accept: a list of statuses and ranges is expected"),
            ),
            (
                r#"{"v":1,"request":{"url":"http://h/","retry":"x"}}"#,
                Refused("retry: a whole number"),
            ),
            (
                r#"{"v":1,"request":[]}"#,
                Refused("request: an object is expected, not a list"),
            ),
        ],
    );
}

#[test]
fn no_message_and_no_record_of_a_refused_line_holds_its_credentials() {
    let lines = [
        json!({"auth": {"user": "me", "passwort": "sesame"}, "url": "http://h/"}),
        json!({"auth": {"user": "me", "password": {"is": "sesame"}}, "url": "http://h/"}),
        json!({"headers": {"Authorization": ["sesame", {}]}, "url": "http://h/"}),
        json!({"auth": {"bearer": "sesame"}}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let done = haul(["-v", "-"]).input(input).done().exits(1);
    assert_eq!(done.results().len(), 4);
    assert!(!done.stdout.contains("sesame"), "{}", done.stdout);
    done.never_says("sesame");
}

#[test]
fn lenient_reading_concerns_unknown_keys_alone() {
    let json = r#"{"b":19.00,"a":12345678901234567890123,"b":1}"#;
    let line = format!(r#"{{"url":"U/","colour":{json},"json":{json},"weight":1}}"#);
    sends(&["--lenient"], &[(&line, Sent("POST /", JSON, json))]);
    sends(
        &["--lenient"],
        &[(
            r#"{"url":"U/","auth":{"user":"a","pass":"b"}}"#,
            Refused("auth: it has an unknown key"),
        )],
    );
}
