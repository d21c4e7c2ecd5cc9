mod errors;

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
fn credentials_become_headers_that_are_not_shown() {
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
fn a_line_that_could_not_be_read_comes_back_from_the_log() {
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
