//! Bodies in records.

use super::*;

fn body(bytes: &[u8], options: &RecordOptions) -> (Value, Value, Value) {
    let outcome = ok("http://h/", "x/y", bytes);
    let mut record = value(&Record::new(&outcome, options).to_line());
    let mut take = |key: &str| record[key].take();
    (take("body"), take("body_encoding"), take("body_truncated"))
}

#[test]
fn bytes_that_are_no_text_become_base64() {
    let all = RecordOptions::new();
    let (utf8, base64) = (json!("utf8"), json!("base64"));
    for (bytes, text, encoding) in [
        (&b"a\0b"[..], "a\0b", &utf8),
        ("余额".as_bytes(), "余额", &utf8),
        (b"", "", &utf8),
        (b"\xff\0", "/wA=", &base64),
        (b"cut \xe4\xbd", "Y3V0IOS9", &base64),
    ] {
        let expected = (json!(text), encoding.clone(), json!(false));
        assert_eq!(body(bytes, &all), expected);
    }
}

#[test]
fn a_long_body_is_cut_between_characters() {
    let four = RecordOptions::new().body_limit(4);
    let utf8 = json!("utf8");
    assert_eq!(
        body("余额".as_bytes(), &four),
        (json!("余"), utf8.clone(), json!(true))
    );
    assert_eq!(body(b"abcd", &four), (json!("abcd"), utf8, json!(false)));
    assert_eq!(
        body(b"\xff\xff\xff\xff\xff", &four),
        (json!("/////w=="), json!("base64"), json!(true))
    );
}

#[test]
fn options_decide_which_parts_a_record_has() {
    let outcome = ok("http://h/", "text/plain", b"x");
    let options = RecordOptions::new().body(false).headers(true);
    let record = value(&Record::new(&outcome, &options).to_line());
    assert_eq!(record.get("body"), None);
    assert_eq!(record["headers"], json!({"content-type": ["text/plain"]}));
}

#[test]
fn bytes_that_the_text_of_a_failure_does_not_tell_are_kept_beside_it() {
    let answer = response("http://h/", 500, "text/plain", b"a\xffb");
    let line = value(&failure(&sample::bad_status(0, "http://h/", answer)));
    assert_eq!(line["response_text"], "a\u{fffd}b");
    assert_eq!(line["body"], "Yf9i");
}

#[test]
fn the_text_of_a_failure_is_cut_at_the_limit_too() {
    let answer = response("http://h/", 500, "text/plain", "余额".as_bytes());
    let outcome = sample::bad_status(0, "http://h/", answer);
    let options = RecordOptions::new().body_limit(4);
    let record = Record::of_failure(&outcome, &options);
    assert_eq!(record.response_text.as_deref(), Some("余"));
    assert_eq!((record.body_truncated, record.body), (Some(true), None));
}

#[cfg(feature = "charset")]
#[test]
fn text_in_a_charset_that_the_header_names_is_text_with_its_charset() {
    let record = |kind: &str, bytes: &[u8], options: &RecordOptions| {
        let line = Record::new(&ok("http://h/", kind, bytes), options).to_line();
        let read = Record::parse(&line).unwrap();
        let keys = ["body", "body_encoding", "charset", "body_truncated"];
        let value = value(&line);
        let again = read.charset.map(|charset| charset.into_owned());
        assert_eq!(again.as_deref(), value["charset"].as_str());
        keys.map(|key| value[key].clone())
    };
    let all = RecordOptions::new();
    for (kind, bytes, text, charset) in [
        (
            "text/html; charset=gbk",
            &b"\xd3\xe0\xb6\xee"[..],
            "余额",
            "gbk",
        ),
        (
            "text/plain;charset=\"ISO-8859-1\"",
            b"caf\xe9",
            "café",
            "iso-8859-1",
        ),
        (
            "application/json; charset=Shift_JIS",
            b"[\"\x8e\x9a\"]",
            "[\"字\"]",
            "shift_jis",
        ),
        ("text/plain; charset=utf-16be", b"\0a\0b", "ab", "utf-16be"),
    ] {
        let expected = [json!(text), json!("utf8"), json!(charset), json!(false)];
        assert_eq!(record(kind, bytes, &all), expected, "{kind}");
    }
    // A body that is no text of its charset, or no text by its type, is kept to the byte.
    for (kind, bytes, base64) in [
        ("text/html; charset=gbk", &b"\xff"[..], "/w=="),
        ("text/html; charset=nonsense", b"\xff", "/w=="),
        ("text/html; charset=utf-8", b"\xff", "/w=="),
        ("image/png; charset=iso-8859-1", b"\xff", "/w=="),
    ] {
        let expected = [json!(base64), json!("base64"), Value::Null, json!(false)];
        assert_eq!(record(kind, bytes, &all), expected, "{kind}");
    }
    // The body is cut within a character, and after text that is longer in UTF-8.
    let (gbk, bytes) = ("text/html; charset=gbk", b"\xd3\xe0\xb6\xee");
    for (limit, text) in [(3, "余"), (4, "余"), (5, "余"), (1, "")] {
        let options = RecordOptions::new().body_limit(limit);
        let expected = [json!(text), json!("utf8"), json!("gbk"), json!(true)];
        assert_eq!(record(gbk, bytes, &options), expected, "{limit}");
    }
    assert_eq!(
        record(gbk, bytes, &RecordOptions::new().body_limit(6))[0],
        "余额"
    );
}

#[cfg(feature = "charset")]
#[test]
fn a_failure_in_another_charset_has_its_text_once() {
    let answer = response(
        "http://h/",
        500,
        "text/plain; charset=gbk",
        b"\xd3\xe0\xb6\xee",
    );
    let line = value(&failure(&sample::bad_status(0, "http://h/", answer)));
    assert_eq!(
        (&line["response_text"], &line["charset"]),
        (&json!("余额"), &json!("gbk"))
    );
    assert_eq!((line.get("body"), line.get("body_encoding")), (None, None));
}

fn json_record(content_type: &str, body: &[u8]) -> String {
    let outcome = ok("http://h/", content_type, body);
    let options = RecordOptions::new().body_mode(BodyMode::Json);
    Record::new(&outcome, &options).to_line()
}

#[test]
fn json_stands_in_the_record_on_one_line_as_it_was_written() {
    let body = "\u{feff}{\n \"b\" : 1.50 ,\r\n\t\"a b\\\" \": [ 12345678901234567890123, \"\\u00e9 \\n\" ] }\n";
    let expected = r#""json":{"b":1.50,"a b\" ":[12345678901234567890123,"\u00e9 \n"]}"#;
    for content_type in [
        "application/json",
        "Text/JSON; charset=utf-8",
        "application/problem+json",
    ] {
        let line = json_record(content_type, body.as_bytes());
        assert!(line.contains(expected), "{line}");
        let read = Record::parse(&line).unwrap();
        assert_eq!((read.to_line(), read.body), (line, None));
    }
    assert!(json_record("application/json", b"null").contains("\"json\":null"));
}

#[test]
fn json_that_no_value_can_hold_is_embedded_as_it_is_written() {
    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    for body in ["1e999", r#"{"\ud800":"\ud800"}"#, "-0.10", &deep] {
        let line = json_record("application/json", body.as_bytes());
        assert!(line.contains(&format!("\"json\":{body}")), "{body}");
        let read = Record::parse(&line).unwrap();
        assert_eq!(read.json.unwrap().as_json(), body);
    }
}

#[test]
fn a_body_that_is_no_whole_json_is_text() {
    for (content_type, body) in [
        ("application/json", "{\"a\":"),
        ("application/json", ""),
        ("application/json", "{} {}"),
        ("application/x-ndjson", "{}"),
        ("application/jsonl", "{}"),
        ("text/plain", "{}"),
    ] {
        let line = json_record(content_type, body.as_bytes());
        assert!(!line.contains("\"json\""), "{line}");
        assert_eq!(value(&line)["body"], body);
    }
}

#[test]
fn a_failure_log_made_from_json_has_its_text() {
    let answer = response("http://h/", 500, "application/json", b"{\"a\": 1.50}");
    let outcome = sample::bad_status(0, "http://h/", answer);
    let options = RecordOptions::new().body_mode(BodyMode::Json);
    let line = Record::new(&outcome, &options).to_line();
    let record = Record::parse(&line).unwrap();
    assert_eq!(record.body_bytes().unwrap(), &b"{\"a\":1.50}"[..]);
    let rebuilt = record.into_failure(outcome.request(), false);
    assert_eq!(rebuilt.response_text.as_deref(), Some("{\"a\":1.50}"));
    assert_eq!((rebuilt.json, rebuilt.body_truncated), (None, Some(false)));
    let logged = value(&Record::of_failure(&outcome, &options).to_line());
    assert_eq!(logged["response_text"], "{\"a\": 1.50}");
    assert_eq!(logged.get("json"), None);
}

#[test]
fn a_coded_body_is_in_base64_although_it_looks_like_text() {
    let answer = response("http://h/", 200, "text/plain", b"abc").with_coding("x");
    let outcome = sample::success(0, "http://h/", answer);
    for mode in [BodyMode::Auto, BodyMode::Text, BodyMode::Json] {
        let options = RecordOptions::new().body_mode(mode);
        let line = value(&Record::new(&outcome, &options).to_line());
        assert_eq!(
            (&line["body"], &line["body_encoding"]),
            (&json!("YWJj"), &json!("base64"))
        );
    }
}
