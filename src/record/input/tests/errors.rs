//! Lines that cannot be read: the error names the place, and what would be right.

use super::*;

#[test]
fn a_value_of_the_wrong_kind_is_named_with_what_is_expected() {
    const TEXTS: &str = "text, a number, true or false";
    for (keys, reason) in [
        (
            r#""method":1"#,
            "method: text is expected, not a number".to_owned(),
        ),
        (
            r#""body":1"#,
            "body: text is expected, not a number".into(),
        ),
        (
            r#""body_file":1"#,
            "body_file: text is expected, not a number".into(),
        ),
        (
            r#""body_base64":"?""#,
            "body_base64: it is no base64".into(),
        ),
        (
            r#""form":"a=1""#,
            "form: an object of names and values is expected, not text".into(),
        ),
        (
            r#""params":[1]"#,
            "params: an object of names and values is expected, not a list".into(),
        ),
        (
            r#""params":{"a":{"b":1}}"#,
            format!("params: {TEXTS}, or a list of these is expected, not an object"),
        ),
        (
            r#""headers":{"A":[[1]]}"#,
            format!(
                "headers: {TEXTS}, or a list of these is expected, not a list with a list in it"
            ),
        ),
        (
            r#""headers":"A: b""#,
            "headers: an object of names and values is expected, not text".into(),
        ),
        (
            r#""id":true"#,
            "id: text or a number is expected, not true or false".into(),
        ),
        (
            r#""custom_id":[]"#,
            "custom_id: text or a number is expected, not a list".into(),
        ),
        (
            r#""id":1,"custom_id":2"#,
            "only one of id and custom_id can be given".into(),
        ),
        (
            r#""retry":"3""#,
            "retry: a whole number from 0 to 4294967295 is expected, not text".into(),
        ),
        (
            r#""retry":-1"#,
            "retry: a whole number from 0 to 4294967295 is expected, not another number".into(),
        ),
        (
            r#""max_time_ms":1.5"#,
            "max_time_ms: a whole number from 0 to 18446744073709551615 is expected, not another number"
                .into(),
        ),
        (
            r#""idempotent":1"#,
            "idempotent: true or false is expected, not a number".into(),
        ),
        (
            r#""expect_json":"true""#,
            "expect_json: true or false is expected, not text".into(),
        ),
        (
            r#""accept":{"a":1}"#,
            "accept: a list of statuses and ranges is expected".into(),
        ),
        (r#""accept":["2xx"]"#, "accept: ".into()),
        (
            r#""require":["/a"]"#,
            "require: an object of names and values is expected, not a list".into(),
        ),
        (
            r#""require":{"/a":1e999}"#,
            "require: no such value can be compared with".into(),
        ),
        (
            r#""output_file":1"#,
            "output_file: text is expected, not a number".into(),
        ),
        (
            r#""url":"http://i/""#,
            "a key is given more than once".into(),
        ),
        (
            r#""body":"\ud800""#,
            "body: it holds an escape that stands for no character".into(),
        ),
        (
            r#""auth":"me""#,
            "auth: an object is expected, not text".into(),
        ),
        (
            r#""auth":{"user":"a","pass":"b"}"#,
            "auth: it has an unknown key".into(),
        ),
        (
            r#""auth":{"user":"a","password":[1]}"#,
            format!("auth: {TEXTS} is expected, not a list"),
        ),
        (
            r#""auth":{"password":"b"}"#,
            "auth: {\"user\", \"password\"} or {\"bearer\"} is expected".into(),
        ),
        (r#""auth":{"user":"a","bearer":"b"}"#, "auth: {".into()),
        (
            r#""auth":{"bearer":"b"},"headers":{"Authorization":"c"}"#,
            "auth: the headers have an authorization too".into(),
        ),
        (r#""redacted":{"a":1}"#, "redacted: ".into()),
    ] {
        let found = refusal(&format!("{{\"url\":\"http://h/\",{keys}}}"));
        assert!(found.starts_with(&reason), "{found}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (line, reason) in [
        ("{\"url\": ", "not JSON: it ends too early"),
        (
            "{\"url\":\"http://h/\",\"metod\":\"PUT\"}",
            "the request has an unknown key",
        ),
        ("{\"method\":\"PUT\"}", "url: it is missing"),
        (
            "{\"url\":\"http://h/\",\"json\":1,\"body\":\"\"}",
            "only one of body and json can be given",
        ),
        ("{\"url\":\"http://h/\",\"auth\":1}", "auth: "),
        (
            "{\"v\":1,\"key\":\"x\",\"outcome\":\"failed\",\"url\":\"http://h/\"}",
            "a results file holds no bodies: only GET and HEAD",
        ),
        (
            "{\"url\":\"http://h/\",\"output_file\":\"a/../../b\"}",
            "output_file: it is no relative path",
        ),
        (
            "{\"url\":\"http://h/\",\"output_file\":\"/etc/passwd\"}",
            "output_file: it is no relative path",
        ),
    ] {
        assert!(refusal(line).starts_with(reason), "{}", refusal(line));
    }
}

#[test]
fn an_error_names_the_wrong_part_of_its_line() {
    for (line, position, text) in [
        (r#"{"url":"u","metod":"sesame"}"#, Some(20), Some("metod")),
        (r#"  {"url":"u","retry":"sesame"}"#, Some(22), None),
        (
            r#"{"url":"u","headers":{"A":"b","X-One":{"a":"sesame"}}}"#,
            Some(22),
            Some("X-One"),
        ),
        (
            r#"{"url":"u","auth":{"user":"a","pass":"sesame"}}"#,
            Some(38),
            Some("pass"),
        ),
        (r#"{"url":"u","url":"sesame"}"#, Some(8), Some("url")),
        (r#"{"url":"u","body":"a","json":"sesame"}"#, Some(30), None),
        (r#"{"url":"u","accept":["sesame"]}"#, Some(21), None),
        (r#"{"url":"u","body_base64":"sesame?"}"#, Some(26), None),
        (r#"{"url":"u","output_file":"../sesame"}"#, Some(26), None),
        (r#"{"url":"u","id":"a",}"#, Some(21), None),
        (r#"{"url":"u" "sesame":1}"#, Some(12), None),
        ("http://h/a sesame", Some(12), None),
        ("  http://h/a  sesame", Some(15), None),
        (r#""http://h/\ud800""#, None, None),
        (
            r#"{"v":1,"request":{"url":"u","colour":"sesame"}}"#,
            Some(38),
            Some("colour"),
        ),
    ] {
        let wrong = Record::parse_input_line(line, &Map::new()).unwrap_err();
        let position = position.or(wrong.position());
        assert_eq!((wrong.position(), wrong.text()), (position, text), "{line}");
        assert!(!wrong.to_string().contains("sesame"), "{wrong}");
    }
}

#[test]
fn an_accept_needs_a_status() {
    let read = |accept: &str| {
        let line = format!(r#"{{"url":"http://h/","accept":{accept}}}"#);
        Record::parse_input_line(&line, &Map::new())
    };
    for accept in ["[]", "[null]", "[ null , null ]"] {
        let wrong = read(accept).unwrap_err();
        assert_eq!(wrong.position(), Some(29));
        let reason = wrong.to_string();
        assert!(
            reason.starts_with("accept: at least one status"),
            "{reason}"
        );
    }
    for accept in ["[200, null]", "[null, \"200..=299\"]", "200", "null"] {
        assert!(read(accept).is_ok(), "{accept}");
    }
    let logged = r#"{"v":1,"request":{"url":"http://h/","accept":[]}}"#;
    assert!(Record::parse_input_line(logged, &Map::new()).is_ok());
}
