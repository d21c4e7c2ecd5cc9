use std::time::Duration;

use super::*;
use crate::settings::Jitter;

#[test]
fn an_unknown_key_is_skipped_only_by_lenient_reading() {
    let line = r#"{"url":"http://h/","colour":"red","method":"PUT","weight":1}"#;
    let refused = InputLines::new().read(line).unwrap_err();
    assert_eq!(refused.unknown_key(), Some("colour"));
    let read = InputLines::new().lenient(true).read(line).unwrap();
    assert_eq!(read.unknown, ["colour", "weight"]);
    assert_eq!(read.request.method(), "PUT");
    let of_log = r#"{"v":1,"request":{"url":"http://h/","colour":1},"more":2}"#;
    let read = InputLines::new().lenient(true).read(of_log).unwrap();
    assert_eq!(
        (read.request.url(), &*read.unknown[0]),
        ("http://h/", "colour")
    );
}

#[test]
fn text_after_a_url_is_an_error_unless_the_whole_line_is_the_url() {
    for line in [
        "http://h/b the second page",
        "http://h/b\tsecond",
        "http://h/b　第二页",
        "items/7 # a remark",
        "http://h/?q=a b",
    ] {
        let error = InputLines::new().read(line).unwrap_err().to_string();
        assert!(
            error.contains("%20") && error.contains("--input-format urls"),
            "{error}"
        );
        let mut whole = InputLines::new().whole_lines(true);
        assert_eq!(whole.read(line).unwrap().request.url(), line);
        let read = InputLines::new().read_whole(line).unwrap();
        assert_eq!(read.request.url(), line);
        let json = Value::from(line).to_string();
        assert_eq!(InputLines::new().read(&json).unwrap().request.url(), line);
    }
    let read = InputLines::new().read(" \thttp://h/b \r\n").unwrap();
    assert_eq!(read.request.url(), "http://h/b");
}

#[test]
fn lenient_reading_forgives_only_unknown_keys() {
    for line in [r#"{"colour":1}"#, r#"{"url":"u","colour":1,"retry":-1}"#] {
        assert!(
            InputLines::new().lenient(true).read(line).is_err(),
            "{line}"
        );
    }
}

#[test]
fn a_lines_retry_changes_the_number_of_attempts_alone() {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(7), Duration::from_millis(9))
        .jitter(Jitter::None)
        .retry_all_methods();
    let mut lines = InputLines::new().retry(policy.clone());
    let read = lines.read(r#"{"url":"http://h/","retry":4}"#).unwrap();
    let own = read.request.options().unwrap().retry.as_ref().unwrap();
    assert_eq!(format!("{own:?}"), format!("{:?}", policy.max_attempts(5)));
}
