//! Absence of secrets in lines.

use super::*;

fn full_of_secrets() -> Request {
    Request::post(format!("http://user:{SECRET}@h/path"))
        .bearer(SECRET)
        .header("cookie", SECRET)
        .header("X-Api-Key", SECRET)
        .header("x-api-key", SECRET)
        .header("x-plain", "shown")
}

#[test]
fn no_line_holds_one() {
    let url = format!("http://user:{SECRET}@h/path");
    let mut answer = response(&url, 500, "text/plain", b"no");
    let mut head = (**answer.head()).clone();
    for name in ["set-cookie", "x-auth-token"] {
        head.headers
            .change(|map| map.insert(name, SECRET.parse().unwrap()));
    }
    answer = crate::response::Response::new(head.into(), answer.into_bytes(), false);
    let options = RecordOptions::new().headers(true);
    for outcome in [
        sample::success(0, full_of_secrets(), answer.clone()),
        sample::rejected(
            0,
            full_of_secrets(),
            answer.clone(),
            Rejection::new(1, "no"),
        ),
        sample::bad_status(0, full_of_secrets(), answer),
        sample::connect_timeout(0, full_of_secrets()),
        sample::unsent(0, full_of_secrets(), ErrorType::InvalidRequest),
    ] {
        for line in [
            Record::new(&outcome, &options).to_line(),
            Record::of_failure(&outcome, &options).to_line(),
        ] {
            assert!(!line.contains(SECRET), "{line}");
            assert!(line.contains("http://***@h/path"), "{line}");
        }
    }
}

#[test]
fn headers_left_out_must_come_from_elsewhere() {
    let line = failure(&sample::connect_timeout(0, full_of_secrets()));
    let request = &value(&line)["request"];
    assert_eq!(request["url"], "http://h/path");
    assert_eq!(request["headers"], json!({"x-plain": "shown"}));
    assert_eq!(
        request["redacted"],
        json!(["authorization", "cookie", "x-api-key"])
    );
    let again = Record::parse_request(&line).unwrap();
    assert_eq!(again.invalid(), None);
    assert_eq!(
        again.lacking(|name| name == "cookie", |_| false).as_deref(),
        Some(
            "secrets are not kept with requests and must be given again: \
             authorization, x-api-key"
        )
    );
    assert_eq!(again.lacking(|_| true, |_| false), None);
}

#[test]
fn digest_credentials_are_left_out_unless_secrets_are_asked_for() {
    let request = || crate::Request::get("http://h/").digest_auth("u", SECRET);
    let outcome = || sample::connect_timeout(0, request());
    let line = failure(&outcome());
    assert!(!line.contains(SECRET), "{line}");
    let again = Record::parse_request(&line).unwrap();
    assert!(again.lacking(|_| false, |_| true).is_some());
    let given = again.digest_auth("u", "new");
    assert_eq!(given.digest().unwrap().password, "new");
    let whole = Record::of_failure(&outcome(), &RecordOptions::new().secrets(true)).to_line();
    let again = Record::parse_request(&whole).unwrap();
    assert_eq!(again.digest(), request().digest());
    assert_eq!(again.lacking(|_| false, |_| true), None);
}

#[test]
fn secrets_left_out_are_named_again_after_a_second_failure() {
    let first = failure(&sample::connect_timeout(0, full_of_secrets()));
    let second = failure(&sample::connect_timeout(
        0,
        Record::parse_request(&first).unwrap(),
    ));
    assert_eq!(value(&first)["request"], value(&second)["request"]);
}

#[test]
fn a_secret_may_be_written_back_into_the_line() {
    let line = failure(&sample::connect_timeout(
        0,
        Request::get("http://h/").bearer("a"),
    ));
    let mut edited = value(&line);
    edited["request"]["headers"] = json!({"Authorization": "Bearer b"});
    let request = Record::parse_request(&edited.to_string()).unwrap();
    assert_eq!(request.lacking(|_| false, |_| false), None);
    assert_eq!(request.header_edits().len(), 1);
}
