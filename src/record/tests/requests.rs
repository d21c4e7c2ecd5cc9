//! Requests written to a failure log and read back.

use super::*;

fn again(request: Request) -> Request {
    let line = failure(&sample::connect_timeout(0, request));
    Record::parse_request(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

#[test]
fn every_setting_the_line_can_hold_comes_back() {
    let request = Request::put("http://h/p?x=1")
        .header("x-many", "1")
        .header("x-many", "2")
        .header("x-utf8", "é")
        .without_header("accept")
        .query("q", "a b")
        .query("q", "c")
        .query("r", "")
        .json(&json!([1]))
        .timeouts(Timeouts::new().attempt(ms(1.5)).connect(ms(250.0)))
        .no_retry()
        .accept(
            "200..=299,404"
                .parse::<crate::settings::StatusSet>()
                .unwrap(),
        )
        .expect_json(false)
        .keep_encoding(true)
        .idempotent(true)
        .cost(12)
        .max_redirects(0)
        .require("/code", 0)
        .require("/a~1b", json!({"x": null}))
        .id("17")
        .tag(json!(["t"]));
    let read = again(request.clone());
    assert_eq!(read.method(), request.method());
    assert_eq!(read.url(), request.url());
    assert_eq!(read.header_edits(), request.header_edits());
    assert_eq!(read.body_bytes(), b"[1]");
    let (read, given) = (read.options().unwrap(), request.options().unwrap());
    assert_eq!(read.query, given.query);
    assert_eq!(
        read.timeouts,
        Timeouts::new().attempt(ms(2.0)).connect(ms(250.0))
    );
    assert_eq!(read.retry.as_ref().unwrap().max_attempts, 1);
    assert_eq!(read.accept, given.accept);
    assert_eq!(read.expect_json, Some(false));
    assert_eq!(read.keep_encoding, Some(true));
    assert!(read.idempotent);
    assert_eq!(read.cost, Some(12));
    assert_eq!(read.max_redirects, Some(0));
    assert_eq!((&read.id, &read.tag), (&given.id, &given.tag));
    let rules: Vec<_> = read
        .rules
        .iter()
        .map(|rule| match rule {
            RejectionRule::Require(pointer, value) => (pointer.as_str(), value.clone()),
            RejectionRule::RejectIf(_) => panic!("a predicate cannot be written down"),
        })
        .collect();
    assert_eq!(rules, [("/code", json!(0)), ("/a~1b", json!({"x": null}))]);
}

#[test]
fn a_request_comes_back_as_it_was_written() {
    let tag = crate::request::Tag::parse(r#"{"b":1.50,"a":12345678901234567890123}"#).unwrap();
    let request = Request::get("http://h/")
        .query("b", "1")
        .query("a", "2")
        .query("a", "3")
        .query("b", "4")
        .tagged(tag.clone());
    let read = again(request.clone());
    let (read, given) = (read.options().unwrap(), request.options().unwrap());
    assert_eq!(read.query, given.query);
    assert_eq!(read.tag, Some(tag));
}

#[test]
fn a_plain_request_comes_back_plain() {
    let read = again("http://h/".into());
    assert!(read.options().is_none() && read.header_edits().is_empty());
}

#[test]
fn bytes_come_back_as_they_were() {
    for body in [&b"\0\xff"[..], b"\0", b"", "余".as_bytes()] {
        assert_eq!(
            again(Request::post("http://h/").body(body)).body_bytes(),
            body
        );
    }
}

#[test]
fn a_time_limit_comes_back_as_it_was() {
    let limit = |time| {
        let request = Request::get("http://h/").timeouts(Timeouts::new().attempt(time));
        again(request).options().unwrap().timeouts.attempt
    };
    assert_eq!(
        limit(std::time::Duration::ZERO),
        Some(std::time::Duration::ZERO)
    );
    assert_eq!(limit(std::time::Duration::from_nanos(1)), Some(ms(1.0)));
}

#[test]
fn sets_of_statuses_that_are_none_lose_only_those() {
    let accept = |set: crate::settings::StatusSet| {
        let read = again(Request::get("http://h/").accept(set));
        read.options().unwrap().accept.as_ref().unwrap().to_string()
    };
    assert_eq!(accept((0..=999).into()), "100..=599");
    assert_eq!(accept([1, 404, 700].into()), "404");
    assert_eq!(accept(crate::settings::StatusSet::default()), "");
}

#[test]
fn an_invalid_request_comes_back_invalid() {
    let read = again(Request::new("BAD METHOD", "http://h/"));
    assert_eq!(read.invalid().unwrap().reason, "the method is not valid");
    let read = again(Request::get("http://h/").header("bad name", "sesame"));
    let mistake = read.invalid().unwrap();
    assert_eq!(mistake.reason, "the header name is not valid");
    assert_eq!(mistake.shown.as_deref(), Some("bad name"));
}

#[test]
fn a_line_that_is_not_understood_is_refused() {
    for (request, part) in [
        (json!({"url": "http://h/", "files": "x"}), "unknown key"),
        (json!({"method": "GET"}), "url: it is missing"),
        (
            json!({"url": "http://h/", "body": "a", "body_base64": "YQ=="}),
            "only one of body and body_base64",
        ),
        (json!({"url": "http://h/", "body_base64": "?"}), "no base64"),
        (
            json!({"url": "http://h/", "accept": ["2xx"]}),
            "accept: a list",
        ),
        (
            json!({"url": "http://h/", "redacted": ["a b"]}),
            "redacted: a name",
        ),
    ] {
        let line = json!({"v": 1, "request": request}).to_string();
        let error = Record::parse_request(&line).unwrap_err().to_string();
        assert!(error.contains(part), "{line}: {error}");
    }
    let line_of = |request: &str| format!("{{\"v\":1,\"request\":{request}}}");
    for (line, reason) in [
        (
            "{\"request\":{\"url\":\"u\"}}".to_owned(),
            "v: it is missing",
        ),
        (line_of("5"), "request: an object is expected, not a number"),
        (line_of("{\"url\":[]}"), "url: text is expected, not a list"),
        (
            line_of("{\"url\":\"u\",\"body_pieces\":[1]}"),
            "body_pieces: a list of texts",
        ),
    ] {
        let error = Record::parse_request(&line).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{line}: {error}");
    }
    let result = line(&ok("http://h/", "text/plain", b"x"));
    let error = Record::parse_request(&result).unwrap_err().to_string();
    assert!(error.contains("no request"), "{error}");
}
