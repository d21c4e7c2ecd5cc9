//! Tests of the parts that need no answer.

use super::member::set;

fn with(json: &str, pointer: &str, value: &str) -> Result<String, String> {
    set(json.as_bytes(), pointer, value).map(|body| String::from_utf8(body).unwrap())
}

#[test]
fn a_member_is_replaced_and_the_rest_stays_as_written() {
    let body = r#"{"n": 1.50, "page": {"after": "a", "b": 12345678901234567890123}}"#;
    let replaced = body.replace("\"a\"", "\"z\"");
    assert_eq!(with(body, "/page/after", "\"z\""), Ok(replaced));
}

#[test]
fn a_member_that_is_not_there_is_added_with_the_objects_around_it() {
    assert_eq!(
        with("{\"a\":1}", "/b/c", "2").as_deref(),
        Ok(r#"{"a":1,"b":{"c":2}}"#)
    );
    assert_eq!(with("", "/b", "\"x\"").as_deref(), Ok(r#"{"b":"x"}"#));
}

#[test]
fn a_body_that_cannot_hold_the_cursor_is_refused() {
    assert!(with("no json", "/a", "1").is_err());
    assert!(with("[1]", "/a", "1").is_err());
    assert!(with("{\"a\":1}", "/a/b", "1").is_err());
}
