use crate::record::{InputLines, InvalidLine, RequestTemplate};
use crate::request::Request;

fn read(template: &str, line: &str) -> Result<Request, InvalidLine> {
    let template = RequestTemplate::parse(template).unwrap();
    let mut lines = InputLines::new().template(template);
    lines.read(line).map(|line| line.request)
}

fn body(template: &str, line: &str) -> String {
    let request = read(template, line).unwrap();
    String::from_utf8(request.body_bytes().to_vec()).unwrap()
}

#[test]
fn other_braces_than_those_in_strings_need_no_doubling() {
    let template = r#"{"url":"http://h/", "json": {"a": {"b": ["{x}", 1.00, {}]}, "c": "{{x}"}}"#;
    assert_eq!(
        body(template, r#"{"x":"q\"\\"}"#),
        r#"{"a": {"b": ["q\"\\", 1.00, {}]}, "c": "{x}"}"#
    );
}

#[test]
fn a_string_that_is_only_json_becomes_the_value() {
    let template = r#"{"url":"http://h/","json":{"n":"{n:json}","t":"is {n:json}"}}"#;
    for (value, text) in [
        ("12345678901234567890.10", "is 12345678901234567890.10"),
        ("true", "is true"),
        ("[1, {\"a\":2}]", "is [1, {\\\"a\\\":2}]"),
        ("\"x\"", "is \\\"x\\\""),
    ] {
        let line = format!("{{\"n\": {value}}}");
        assert_eq!(
            body(template, &line),
            format!(r#"{{"n":{value},"t":"{text}"}}"#)
        );
    }
}

#[test]
fn a_plain_line_has_one_value() {
    let template = r#"{"url":"http://h/{line}","json":"{line}"}"#;
    let request = read(template, " a b/c \r").unwrap();
    assert_eq!(request.url(), "http://h/a%20b%2Fc");
    assert_eq!(request.body_bytes(), b"\"a b/c\"");
    let request = read(template, "\"x\\\"y\"").unwrap();
    assert_eq!(request.url(), "http://h/x%22y");
    let wrong = read(r#"{"url":"http://h/{sku}"}"#, "a").unwrap_err();
    assert_eq!(wrong.text(), Some("sku"));
    let parsed = r#"{"url":"http://h/","json":"{line:json}"}"#;
    assert_eq!(body(parsed, "[1,2]"), "[1,2]");
    assert_eq!(body(parsed, r#"{"a":1.0}"#), r#"{"a":1.0}"#);
    assert!(read(parsed, "no json").is_err());
}

#[test]
fn a_key_at_a_pointer_or_of_its_name_is_found() {
    let template = r#"{"url":"http://h/{/a/0/b}/{/c}/{c}"}"#;
    let request = read(template, r#"{"a":[{"b":7.0}],"c":"x","/c":"own"}"#).unwrap();
    assert_eq!(request.url(), "http://h/7.0/own/x");
    for line in [r#"{"a":[]}"#, r#"{"a":[{"b":null}],"c":1}"#] {
        assert_eq!(read(template, line).unwrap_err().text(), Some("/a/0/b"));
    }
}

#[test]
fn a_missing_key_and_null_are_mistakes_of_the_line() {
    for line in ["{}", r#"{"sku":null}"#, r#"{"SKU":1}"#] {
        let wrong = read(r#"{"url":"http://h/{sku}"}"#, line).unwrap_err();
        assert_eq!(
            (wrong.text(), wrong.position()),
            (Some("sku"), None),
            "{line}"
        );
    }
    let twice = read(r#"{"url":"http://h/{a}"}"#, r#"{"a":1,"a":2}"#).unwrap_err();
    assert_eq!(twice.text(), Some("a"));
}

#[test]
fn id_and_tag_of_a_row_are_kept_unless_the_template_has_others() {
    let row = r#"{"custom_id":"r7","tag":{"k":1.0},"n":1}"#;
    let own = read(r#"{"url":"http://h/{n}"}"#, row).unwrap();
    assert_eq!(own.request_id(), Some("r7"));
    assert_eq!(own.written_tag().unwrap().as_json(), r#"{"k":1.0}"#);
    let other = read(r#"{"url":"http://h/","id":"t{n}","tag":"{n:json}"}"#, row).unwrap();
    assert_eq!(other.request_id(), Some("t1"));
    assert_eq!(other.written_tag().unwrap().as_json(), "1");
}

#[test]
fn a_mistake_in_a_template_is_told_with_line_and_column() {
    for (json, place, shown) in [
        (
            "{\"url\": \"http://h/\",\n  \"json\": \"余{a\"}",
            "line 2, column 13: ",
            "{a",
        ),
        (
            "{\"url\": \"http://h/\",\n \"json\": [\"\\n\\u4f59\\ud83e\\udd80{}\"]}",
            "line 2, column 32: ",
            "{}",
        ),
        (
            "{\"url\": \"http://h/\", \"colour\": 1}",
            "line 1, column 22: ",
            "colour",
        ),
        ("{\"method\": \"GET\"}", "line 1, column 1: ", "url"),
        ("[1]", "line 1, column 1: ", ""),
        ("\n {\"url\": x}", "line 2, column 10: ", ""),
        ("", "line 1, column 1: ", ""),
    ] {
        let wrong = RequestTemplate::parse(json).unwrap_err();
        let told = wrong.to_string();
        assert!(told.starts_with(place), "{json}: {told}");
        assert_eq!(wrong.placeholder(), shown, "{json}");
    }
}

#[test]
fn the_names_of_a_template_are_listed() {
    let json = r#"{"url":"http://h/{a}","headers":{"x-{b}":"{c}"},"json":["{d:json}"]}"#;
    let template = RequestTemplate::parse(json).unwrap();
    assert_eq!(template.names().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
}

#[test]
fn cells_are_text_and_their_columns_give_what_the_template_does_not() {
    let row = |template: &str, cells: &str, own: &str| {
        let template = RequestTemplate::parse(template).unwrap();
        let mut lines = InputLines::new().template(template);
        lines.read_row(cells, own).map(|line| line.request)
    };
    let template =
        r#"{"url":"http://h/{Sku}/{line}","headers":{"a":"t"},"json":{"n":"{n:json}","t":"{n}"}}"#;
    let cells = r#"{"sku":"a/b","n":"1.00","line":"7"}"#;
    let own = r#"{"id":"i","method":"PUT","headers":{"b":"c"},"body":"x","tag":{"k":"v"}}"#;
    let request = row(template, cells, own).unwrap();
    assert_eq!(request.url(), "http://h/a%2Fb/7");
    assert_eq!(request.body_bytes(), br#"{"n":1.00,"t":"1.00"}"#);
    assert_eq!(
        (request.method().as_str(), request.request_id()),
        ("PUT", Some("i"))
    );
    assert_eq!(request.written_tag().unwrap().as_json(), r#"{"k":"v"}"#);
    let wrong = row(template, r#"{"sku":"a","n":"no json","line":"7"}"#, "{}").unwrap_err();
    assert_eq!(wrong.text(), Some("n"));
    let parsed = RequestTemplate::parse(template).unwrap();
    assert_eq!(parsed.unknown_name(&["SKU", "N", "line"]), None);
    assert_eq!(parsed.unknown_name(&["SKU", "line"]), Some("n"));
}

#[test]
fn a_line_of_a_failure_log_is_sent_as_it_is() {
    let line = r#"{"v":1,"key":"2-00","outcome":"failed","request":{"url":"http://h/old"}}"#;
    let request = read(r#"{"url":"http://h/{sku}"}"#, line).unwrap();
    assert_eq!(request.url(), "http://h/old");
}

#[test]
fn the_stand_in_of_a_row_shows_the_url_that_the_template_made() {
    let template = RequestTemplate::parse(r#"{"url":"http://h/{a}","json":"{b:json}"}"#).unwrap();
    let mut lines = InputLines::new().template(template);
    for (line, url) in [
        (r#"{"a":"x","id":"7"}"#, "http://h/x"),
        (r#"{"b":"sesame","id":"7"}"#, "***"),
    ] {
        let wrong = lines.read(line).unwrap_err();
        let request = lines.stand_in(line, wrong);
        assert_eq!((request.url(), request.request_id()), (url, Some("7")));
    }
}

/// Random rows come back from the JSON that was made of them.
#[test]
fn random_rows_are_read_back_from_their_requests() {
    let mut random = fastrand::Rng::with_seed(34);
    let template = r#"{"url":"http://h/?q={a}","json":{"{a}":"<{a}>","v":"{a:json}"}}"#;
    for _ in 0..2_000 {
        let value: String = (0..random.usize(..6)).map(|_| random.char(..)).collect();
        let line = serde_json::json!({ "a": value }).to_string();
        let request = read(template, &line).unwrap();
        let url = url::Url::parse(request.url()).unwrap();
        assert_eq!(url.query_pairs().next().unwrap().1, value);
        let body: serde_json::Value = serde_json::from_slice(request.body_bytes()).unwrap();
        assert_eq!(body["v"], value);
        if value != "v" {
            assert_eq!(body[&value], format!("<{value}>"));
        }
    }
}
