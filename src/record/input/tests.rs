use super::*;

fn read(line: &str) -> Request {
    Record::parse_input_line(line, &Map::new()).unwrap()
}

fn refusal(line: &str) -> String {
    Record::parse_input_line(line, &Map::new())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_line_is_a_url_as_it_is_or_in_quotes() {
    for line in ["http://h/1", "  http://h/1 ", "\"http://h/1\""] {
        assert_eq!(read(line).url(), "http://h/1");
        assert_eq!(read(line).method(), "GET");
    }
}

#[test]
fn json_and_forms_are_bodies_of_their_kind() {
    let request = read(r#"{"url":"http://h/","json":{"b":[1]}}"#);
    assert_eq!(
        (request.method().as_str(), request.body_bytes()),
        ("POST", &br#"{"b":[1]}"#[..])
    );
    assert_eq!(
        request.header_edits()[0].1.as_ref().unwrap(),
        "application/json"
    );
    let request = read(r#"{"url":"http://h/","method":"PUT","form":{"a":"x y","n":[1,2]}}"#);
    assert_eq!(
        (request.method().as_str(), request.body_bytes()),
        ("PUT", &b"a=x%20y&n=1&n=2"[..])
    );
}

#[test]
fn a_body_goes_to_the_file_that_is_named() {
    let request = read(r#"{"url":"http://h/","output_file":"a/b.html"}"#);
    assert_eq!(request.saves_to(), Some(Path::new("a/b.html")));
    assert_eq!(read("http://h/").saves_to(), None);
}

#[test]
fn a_body_of_a_file_is_its_path() {
    let line = r#"{"url":"http://h/","body_file":"uploads/1.tar"}"#;
    let request = read(line);
    assert_eq!(request.method(), "POST");
    assert!(request.body_bytes().is_empty());
    let again = request.to_line();
    assert!(again.contains(r#""body_file":"uploads/1.tar""#), "{again}");
    let both = r#"{"url":"http://h/","body_file":"a","body":"b"}"#;
    assert!(refusal(both).starts_with("only one of body"));
}

#[test]
fn credentials_are_headers_and_no_text_of_them_is_shown() {
    let request = read(r#"{"url":"http://h/","auth":{"user":"u","password":"p"}}"#);
    let value = request.header_edits()[0].1.clone().unwrap();
    assert!(value.is_sensitive());
    assert_eq!(value, "Basic dTpw");
}

#[test]
fn a_line_is_sent_as_it_is_written() {
    let json = r#"{"b":1.50,"a":12345678901234567890123,"b":"\u00e9\/", "n":null}"#;
    let line = format!(
        r#"{{"url":"http://h/","id":12345678901234567890,"json": {json} ,"tag":{json},"params":{{"b":1,"a":[true,null],"b":2.0}}}}"#
    );
    let request = read(&line);
    assert_eq!(request.body_bytes(), json.as_bytes());
    assert_eq!(request.request_id(), Some("12345678901234567890"));
    let options = request.options().unwrap();
    assert_eq!(options.tag.as_ref().unwrap().as_json(), json);
    let pairs = [("b", "1"), ("a", "true"), ("b", "2.0")];
    assert_eq!(
        options.query,
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn a_key_of_null_is_absent() {
    let keys = BODIES.into_iter().chain([
        "id",
        "custom_id",
        "method",
        "headers",
        "params",
        "auth",
        "max_time_ms",
        "connect_timeout_ms",
        "retry",
        "idempotent",
        "cost",
        "max_redirs",
        "accept",
        "expect_json",
        "require",
        "output_file",
        "tag",
        "request",
        "redacted",
        "invalid",
        "anything else",
    ]);
    for key in keys {
        let request = read(&format!("{{\"url\":\"http://h/\",{key:?}:null}}"));
        assert!(request.is_simple(), "{key}");
    }
}

#[test]
fn defaults_hold_where_the_line_says_nothing() {
    let mut defaults = Map::new();
    defaults.insert("method".into(), "PUT".into());
    defaults.insert("body".into(), "x".into());
    let request = Record::parse_input_line("http://h/", &defaults).unwrap();
    assert_eq!(
        (request.method().as_str(), request.body_bytes()),
        ("PUT", &b"x"[..])
    );
    let request = Record::parse_input_line(r#"{"url":"http://h/","json":1}"#, &defaults).unwrap();
    assert_eq!(
        (request.method().as_str(), request.body_bytes()),
        ("PUT", &b"1"[..])
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_what_is_expected() {
    const TEXTS: &str = "text, a number, true or false";
    for (keys, reason) in [
        (
            r#""method":1"#,
            "method: text is expected, not a number".to_owned(),
        ),
        (
            r#""body":{"a":1}"#,
            "body: text is expected, not an object".into(),
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
fn numbers_stand_for_their_text_in_credentials_and_headers() {
    let request = read(r#"{"url":"http://h/","auth":{"user":7,"password":123456}}"#);
    assert_eq!(
        request.header_edits()[0].1.as_ref().unwrap(),
        "Basic NzoxMjM0NTY="
    );
    let request = read(r#"{"url":"http://h/","headers":{"A":[1.50,false]}}"#);
    let values = request.header_edits().iter();
    let values: Vec<_> = values.map(|(_, value)| value.as_ref().unwrap()).collect();
    assert_eq!(values, ["1.50", "false"]);
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
            "a record of a results file holds no request",
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
fn a_request_that_could_not_be_read_stays_so_and_its_line_is_read_again() {
    let log = r#"{"url":"http://h/","invalid":"a reason","invalid_at":7,"invalid_text":"colour""#;
    let lenient = || super::super::InputLines::new().lenient(true);
    let read = lenient().read(&format!("{log}}}")).unwrap().request;
    let mistake = read.invalid().unwrap();
    assert_eq!(mistake.reason, "a reason");
    assert_eq!(
        (mistake.position, mistake.shown.as_deref()),
        (Some(7), Some("colour"))
    );
    for raw in [
        r#""raw_line":"http://i/1""#,
        r#""raw_line_base64":"aHR0cDovL2kvMQ==""#,
    ] {
        for line in [
            format!("{log},{raw}}}"),
            format!("{{\"v\":1,\"request\":{log},{raw}}}}}"),
        ] {
            assert_eq!(read_url(&line), ("http://i/1".to_owned(), None), "{line}");
        }
    }
    let bad = format!(r#"{log},"raw_line":"http://i/ sesame"}}"#);
    let again = Record::parse_input_line(&bad, &Map::new()).unwrap();
    assert!(
        again
            .invalid()
            .unwrap()
            .reason
            .starts_with("text after the URL")
    );
    assert_eq!(again.raw_line(), Some(&b"http://i/ sesame"[..]));
}

fn read_url(line: &str) -> (String, Option<String>) {
    let request = read(line);
    let reason = request.invalid().map(|mistake| mistake.to_string());
    (request.url().to_owned(), reason)
}

#[test]
fn what_is_wrong_is_found_in_the_line_and_named_apart_from_the_reason() {
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
fn an_accept_without_a_status_is_refused_and_null_in_it_is_absent() {
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
