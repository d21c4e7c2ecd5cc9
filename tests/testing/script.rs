//! Scripts: what matches, what is answered, and what is recorded of the calls.

use std::io::Cursor;
use std::time::Duration;

use haul::testing::{Call, Script, any, bytes, fail, get, json, post, request, status, text};
use haul::{Client, ErrorType, Layer, Outcome, Phase, Request, RetryPolicy, StopReason};

fn client(script: &Script) -> Client {
    let client = Client::builder().workers(1).retry(RetryPolicy::none());
    client.transport(script.clone()).build().unwrap()
}

fn body(outcome: &Outcome) -> String {
    outcome.success().unwrap().text().into_owned()
}

#[test]
fn the_last_answer_repeats() {
    let script = Script::new()
        .on(get("/a"), text(200, "1"))
        .then(text(200, "2"));
    let client = client(&script);
    let bodies: Vec<_> = (0..4).map(|_| body(&client.get("http://h/a"))).collect();
    assert_eq!(bodies, ["1", "2", "2", "2"]);
}

#[test]
fn a_path_matches_on_any_host_with_any_query() {
    let client = client(&Script::new().on(get("/a b"), status(200)));
    for url in ["http://h/a%20b", "https://other:8443/a b?x=1"] {
        assert!(client.get(url).is_success(), "{url}");
    }
    assert!(client.get("http://h/a/b").is_failed());
}

#[test]
fn an_absolute_url_matches_its_host_alone() {
    let client = client(&Script::new().on(get("https://EXAMPLE.com:443/a"), status(200)));
    assert!(client.get("https://example.com/a").is_success());
    for url in [
        "http://example.com/a",
        "https://example.com:444/a",
        "https://h/a",
    ] {
        assert!(client.get(url).is_failed(), "{url}");
    }
}

#[test]
fn a_query_matches_in_any_order_and_in_any_spelling() {
    let client = client(&Script::new().on(get("/a?x=1&y=a b"), status(200)));
    assert!(client.get("http://h/a?y=a+b&x=1").is_success());
    for url in ["http://h/a", "http://h/a?x=1", "http://h/a?x=1&y=a%20b&z=2"] {
        assert!(client.get(url).is_failed(), "{url}");
    }
}

#[test]
fn the_matcher_with_the_most_conditions_decides() {
    let script = Script::new()
        .on(any(), text(200, "any"))
        .on(get("/a"), text(200, "path"))
        .on(get("/a?page=2"), text(200, "query"))
        .on(get("/a?page=2").header("x-a", "1"), text(200, "header"))
        .on(get("/a"), text(200, "second of its weight"));
    let client = client(&script);
    assert_eq!(body(&client.get("http://h/b")), "any");
    assert_eq!(body(&client.get("http://h/a?page=1")), "path");
    assert_eq!(body(&client.get("http://h/a?page=2")), "query");
    let with_header = Request::get("http://h/a?page=2").header("X-A", "1");
    assert_eq!(body(&client.send(with_header)), "header");
}

#[test]
fn method_body_parameter_and_closure_are_conditions() {
    let script = Script::new()
        .on(request("PUT", "/a"), text(200, "method"))
        .on(post("/a").body("exact"), text(200, "body"))
        .on(
            post("/a").json(serde_json::json!({"x": [1, 2]})),
            text(200, "json"),
        )
        .on(post("/a").query("q", "ä"), text(200, "parameter"))
        .on(
            |call: &Call| call.url().ends_with("/z"),
            text(200, "closure"),
        );
    let client = client(&script);
    let post = |url: &str| Request::post(url);
    assert_eq!(
        body(&client.send(Request::new("PUT", "http://h/a"))),
        "method"
    );
    assert_eq!(body(&client.send(post("http://h/a").body("exact"))), "body");
    let spaced = post("http://h/a").body("{ \"x\" : [1,2] }");
    assert_eq!(body(&client.send(spaced)), "json");
    assert_eq!(
        body(&client.send(post("http://h/a?p=1&q=%C3%A4"))),
        "parameter"
    );
    assert_eq!(body(&client.get("http://h/z")), "closure");
    assert!(client.send(post("http://h/a").body("other")).is_failed());
}

#[test]
fn an_answer_has_its_headers_and_the_type_of_its_body() {
    let script = Script::new()
        .on(
            get("/json"),
            json(201, serde_json::json!({"a": 1}))
                .header("link", "<x>")
                .header("link", "<y>"),
        )
        .on(get("/text"), text(200, "余额"))
        .on(
            get("/bytes"),
            bytes(200, [0, 255]).header("content-type", "image/png"),
        );
    let client = client(&script);
    let outcome = client.get("http://h/json");
    let response = outcome.success().unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.content_type(), Some("application/json"));
    assert_eq!(response.headers().get_all("link").iter().count(), 2);
    assert_eq!(response.value().unwrap()["a"], 1);
    assert_eq!(body(&client.get("http://h/text")), "余额");
    let outcome = client.get("http://h/bytes");
    assert_eq!(outcome.success().unwrap().bytes(), [0, 255]);
    assert_eq!(outcome.success().unwrap().content_type(), Some("image/png"));
}

#[test]
fn a_closure_answers_by_the_call() {
    let script = Script::new().on(any(), |call: &Call| text(200, call.url()));
    assert_eq!(
        body(&client(&script).get("http://h/x?y=1")),
        "http://h/x?y=1"
    );
}

#[test]
fn an_unexpected_request_fails_and_is_not_retried() {
    let script = Script::new()
        .on(get("/items?page=2").header("x-a", "1"), status(200))
        .on(post("http://h/orders"), status(200));
    let client = Client::builder().transport(script.clone()).build().unwrap();
    let outcome = client.get("http://h/other?access_token=sesame");
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::InvalidRequest);
    assert_eq!(error.layer(), Layer::Local);
    assert_eq!(error.stop_reason(), Some(StopReason::NotRetryable));
    assert_eq!(
        error.message(),
        "the script does not answer GET http://h/other?access_token=***: it answers GET /items?page=2 with a header \
         x-a; POST http://h/orders"
    );
    assert_eq!(script.calls().len(), 1);
}

#[test]
fn calls_are_recorded_in_their_order_with_what_was_sent() {
    let script = Script::new()
        .on(post("/a"), status(307).header("location", "/b"))
        .on(post("/b"), status(200));
    let client = Client::builder()
        .bearer("t")
        .transport(script.clone())
        .build()
        .unwrap();
    let streamed = Request::post("http://h/a").header("x-a", "1").body("hello");
    assert!(client.send(streamed).is_success());
    let calls = script.calls();
    let urls: Vec<_> = calls.iter().map(Call::url).collect();
    assert_eq!(urls, ["http://h/a", "http://h/b"]);
    assert_eq!(calls[1].method(), "POST");
    assert_eq!(calls[1].header("X-A"), Some("1"));
    assert_eq!(calls[1].header("authorization"), Some("Bearer t"));
    assert_eq!(calls[1].body(), b"hello");
    assert!(!format!("{calls:?}").contains("Bearer t"));
}

#[test]
fn the_body_of_a_reader_is_recorded() {
    let script = Script::new().on(post("/a"), status(200));
    let reader = Cursor::new(vec![b'x'; 100_000]);
    let outcome = client(&script).send(Request::post("http://h/a").body_reader(reader));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(script.calls()[0].body().len(), 100_000);
}

#[test]
fn an_answer_that_was_not_given_is_listed_as_unused() {
    let script = Script::new()
        .on(get("/a"), status(200))
        .then(status(503))
        .on(get("/b"), status(200));
    client(&script).get("http://h/a");
    assert_eq!(
        script.unused(),
        [
            "GET /a: Answer(503), number 2 of 2",
            "GET /b: Answer(200), number 1 of 1"
        ]
    );
}

#[test]
fn every_class_that_a_transport_causes_comes_out_as_scripted() {
    use ErrorType::*;
    let classes = [
        (Dns, Phase::Resolve, 2),
        (AddressDenied, Phase::Resolve, 1),
        (Connect, Phase::Connect, 2),
        (Proxy, Phase::Connect, 2),
        (Io, Phase::Connect, 2),
        (Tls, Phase::Tls, 1),
        (InvalidRequest, Phase::Send, 1),
        (Timeout, Phase::Wait, 2),
        (Connection, Phase::Wait, 2),
        (Protocol, Phase::Wait, 1),
        (IncompleteBody, Phase::Receive, 2),
        (BodyTooLarge, Phase::Receive, 1),
        (Decode, Phase::Receive, 1),
    ];
    for (class, phase, calls) in classes {
        let script = Script::new().on(get("/"), fail(class)).virtual_clock();
        let policy = RetryPolicy::default().max_attempts(2);
        let client = Client::builder().retry(policy).transport(script.clone());
        let outcome = client.build().unwrap().get("http://h/");
        let error = outcome.error().unwrap();
        assert_eq!((error.error_type(), error.phase()), (class, Some(phase)));
        assert_eq!(script.calls().len(), calls, "{class}: {outcome:?}");
    }
}

#[test]
fn a_post_that_failed_after_it_was_sent_is_not_repeated() {
    for (class, attempts) in [(ErrorType::Connect, 2), (ErrorType::Connection, 1)] {
        let script = Script::new()
            .on(post("/"), fail(class))
            .then(status(200))
            .virtual_clock();
        let client = Client::builder().transport(script).build().unwrap();
        assert_eq!(
            client.send(Request::post("http://h/")).attempts(),
            attempts,
            "{class}"
        );
    }
}

#[test]
#[should_panic(expected = "no transport fails with class http_status")]
fn a_class_that_no_transport_causes_is_refused() {
    let _ = fail(ErrorType::HttpStatus);
}

#[test]
#[should_panic(expected = "call `on` first")]
fn an_answer_without_a_matcher_is_refused() {
    let _ = Script::new().then(status(200));
}

#[test]
fn a_body_is_saved_to_its_file() {
    let folder = std::env::temp_dir().join(format!("haul-testing-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.bin");
    let script = Script::new().on(get("/a"), bytes(200, vec![7; 300_000]));
    let outcome = client(&script).send(Request::get("http://h/a").save_to(&path));
    assert_eq!(outcome.saved().unwrap().size, 300_000);
    assert_eq!(std::fs::read(&path).unwrap().len(), 300_000);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_delay_passes_in_real_time_without_a_virtual_clock() {
    let script = Script::new()
        .on(get("/"), status(200))
        .delay(Duration::from_millis(20));
    let outcome = client(&script).get("http://h/");
    assert!(outcome.elapsed() >= Duration::from_millis(20));
    assert_eq!(script.elapsed(), Duration::ZERO);
}
