//! Settings that a client adds to its requests, and ways in which a request overrides them.

use std::time::Duration;

use haul::{ErrorType, Layer, Request, Timeouts};
use serde_json::json;
use test_support::{Answer, Scenario, Server, builder, client, error, quick_retries};

#[test]
fn headers_of_the_client_are_replaced_or_left_out_by_a_request() {
    let server = Server::always(Answer::text(""));
    let client = builder(1)
        .header("X-Team", "a")
        .header("X-Trace", "b")
        .header("Accept", "application/json")
        .build()
        .unwrap();
    client.get(server.url("/plain"));
    let plain = server.last("/plain");
    assert_eq!(plain.header("x-team"), Some("a"));
    assert_eq!(plain.header("accept"), Some("application/json"));
    let own = Request::get(server.url("/own"))
        .header("x-team", "c")
        .header("x-team", "d")
        .without_header("x-trace");
    client.send(own);
    let own = server.last("/own");
    assert_eq!(own.all_headers("x-team").collect::<Vec<_>>(), ["c", "d"]);
    assert_eq!(own.header("x-trace"), None);
}

#[test]
fn the_user_agent_can_be_changed() {
    let server = Server::always(Answer::text(""));
    client(1).get(server.url("/default"));
    let named = builder(1).user_agent("mine/1").build().unwrap();
    named.get(server.url("/mine"));
    named.send(Request::get(server.url("/own")).header("User-Agent", "own/2"));
    for (path, expected) in [
        ("/default", concat!("haul/", env!("CARGO_PKG_VERSION"))),
        ("/mine", "mine/1"),
        ("/own", "own/2"),
    ] {
        let seen = server.last(path);
        assert_eq!(
            seen.all_headers("user-agent").collect::<Vec<_>>(),
            [expected]
        );
    }
}

#[test]
fn credentials_of_the_client_stand_back_behind_those_of_a_request() {
    let server = Server::always(Answer::text(""));
    let client = builder(1).basic_auth("user", "pass").build().unwrap();
    client.get(server.url("/client"));
    client.send(Request::get(server.url("/bearer")).bearer("t"));
    client.send(Request::get(server.url("/basic")).basic_auth("a", "b"));
    client.send(Request::get(server.url("/none")).without_header("Authorization"));
    for (path, expected) in [
        ("/client", Some("Basic dXNlcjpwYXNz")),
        ("/bearer", Some("Bearer t")),
        ("/basic", Some("Basic YTpi")),
        ("/none", None),
    ] {
        let seen = server.last(path);
        assert_eq!(seen.all_headers("authorization").next(), expected, "{path}");
    }
}

#[test]
fn userinfo_in_a_url_becomes_basic_authentication() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/x").replace("http://", "http://user:p%40ss@");
    let outcome = client(1).get(url);
    let seen = server.last("/x");
    assert_eq!(seen.header("authorization"), Some("Basic dXNlcjpwQHNz"));
    assert_eq!(
        seen.header("host"),
        Some(server.address().to_string().as_str())
    );
    assert_eq!(
        outcome.url(),
        server.url("/x").replace("http://", "http://***@")
    );
}

#[test]
fn a_base_url_and_query_parameters_make_the_target() {
    let server = Server::always(Answer::text(""));
    let client = builder(1)
        .base_url(server.url("/api/v1/"))
        .query("key", "k")
        .query("page", "1")
        .build()
        .unwrap();
    let outcome = client.send(
        Request::get("items?x=1")
            .query("page", "2")
            .query("q", "a b&c"),
    );
    assert_eq!(
        server.seen()[0].target,
        "/api/v1/items?x=1&key=k&page=2&q=a%20b%26c"
    );
    assert_eq!(
        outcome.url(),
        server.url("/api/v1/items?x=1&key=k&page=2&q=a%20b%26c")
    );
    client.get("/root");
    assert_eq!(server.seen()[1].path(), "/root");
    client.get(server.url("/absolute"));
    assert_eq!(server.seen()[2].path(), "/absolute");
    let outcome = client.get("go?to=http://elsewhere/");
    assert_eq!(
        outcome.url(),
        server.url("/api/v1/go?to=http://elsewhere/&key=k&page=1")
    );
}

#[test]
fn bodies_are_sent_as_what_they_are() {
    let server = Server::always(Answer::text(""));
    let client = client(1);
    let post = |path: &str| Request::post(server.url(path));
    client.send(post("/bytes").body(vec![0, 255, 10]));
    client.send(post("/text").text("余额"));
    client.send(post("/json").json(&json!({"a": [1, 2]})));
    client.send(post("/form").form([("a", "1"), ("b", "x y&z")]));
    client.send(
        post("/typed")
            .header("Content-Type", "application/vnd.a+json")
            .json(&1),
    );
    client.send(post("/empty"));
    for (path, kind, body) in [
        ("/bytes", None, &[0, 255, 10][..]),
        (
            "/text",
            Some("text/plain; charset=utf-8"),
            "余额".as_bytes(),
        ),
        ("/json", Some("application/json"), br#"{"a":[1,2]}"#),
        (
            "/form",
            Some("application/x-www-form-urlencoded"),
            b"a=1&b=x%20y%26z",
        ),
        ("/typed", Some("application/vnd.a+json"), b"1"),
        ("/empty", None, b""),
    ] {
        let seen = server.last(path);
        assert_eq!(seen.all_headers("content-type").next(), kind, "{path}");
        assert_eq!(seen.body, body, "{path}");
        assert_eq!(
            seen.header("content-length"),
            Some(body.len().to_string().as_str()),
            "{path}"
        );
    }
}

#[test]
fn every_method_reaches_the_server_as_given() {
    let server = Server::always(Answer::text(""));
    let client = client(1);
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE",
    ] {
        let outcome = client.send(Request::new(method, server.url("/")));
        assert!(outcome.is_success(), "{method}: {outcome:?}");
        assert_eq!(server.last("/").method, method);
    }
}

#[test]
fn a_request_overrides_settings_of_its_client() {
    let server = Scenario::new()
        .on("/404", Answer::status(404).typed("application/json", "{}"))
        .on("/html", Answer::html("<p>"))
        .on("/never", Answer::never())
        .on("/500", Answer::status(500))
        .start();
    let client = builder(1)
        .accept(
            "200..=299,404"
                .parse::<haul::settings::StatusSet>()
                .unwrap(),
        )
        .expect_json(true)
        .timeouts(Timeouts::new().attempt(Duration::from_millis(50)))
        .retry(quick_retries().max_attempts(2))
        .build()
        .unwrap();
    assert!(client.get(server.url("/404")).is_success());
    assert!(
        client
            .send(Request::get(server.url("/404")).accept(200..=299))
            .is_failed()
    );
    assert_eq!(
        error(&client.get(server.url("/html"))).layer(),
        Layer::Parse
    );
    assert!(
        client
            .send(Request::get(server.url("/html")).expect_json(false))
            .is_success()
    );
    let never = client.get(server.url("/never"));
    assert_eq!(
        (error(&never).error_type(), never.attempts()),
        (ErrorType::Timeout, 2)
    );
    assert_eq!(client.get(server.url("/500")).attempts(), 2);
    let five = Request::get(server.url("/500")).retry(quick_retries().max_attempts(5));
    assert_eq!(client.send(five).attempts(), 5);
    assert_eq!(
        client
            .send(Request::get(server.url("/500")).no_retry())
            .attempts(),
        1
    );
}

#[test]
fn one_policy_serves_many_requests() {
    let server = Server::start(|seen| match seen.nth {
        1 => Answer::status(503),
        _ => Answer::text("ok"),
    });
    let policy = std::sync::Arc::new(quick_retries().max_attempts(2));
    let requests = (0..20)
        .map(|i| Request::get(server.url(&format!("/{i}"))).retry(std::sync::Arc::clone(&policy)));
    let client = client(2);
    let outcomes: Vec<_> = client.as_completed(requests).collect();
    assert_eq!(outcomes.len(), 20);
    assert!(outcomes.iter().all(|o| o.is_success() && o.attempts() == 2));
}

#[test]
fn id_and_tag_come_back_with_the_outcome() {
    let server = Server::always(Answer::status(404));
    let request = Request::get(server.url("/"))
        .id("item-7")
        .tag(json!({"row": 7}));
    let outcome = client(1).send(request);
    assert_eq!(outcome.id(), Some("item-7"));
    assert_eq!(outcome.request().tag_value(), Some(&json!({"row": 7})));
}

#[test]
#[cfg(feature = "gzip")]
fn a_compressed_body_comes_as_what_was_compressed() {
    let server = Server::always(Answer::json(r#"{"n": 1}"#).gzip());
    let outcome = client(1).get(server.url("/"));
    let response = outcome.success().unwrap();
    assert_eq!(response.value().unwrap(), json!({"n": 1}));
    assert_eq!(response.header("content-encoding"), None);
    assert!(
        server
            .last("/")
            .header("accept-encoding")
            .unwrap()
            .contains("gzip")
    );
}

#[test]
#[cfg(feature = "charset")]
fn text_is_read_in_the_charset_the_server_names() {
    let page = Answer::status(200)
        .header("Content-Type", "text/html; charset=gbk")
        .body(b"\xd3\xe0\xb6\xee\xb2\xbb\xd7\xe3".to_vec());
    let server = Server::always(page);
    assert_eq!(
        client(1).get(server.url("/")).success().unwrap().text(),
        "余额不足"
    );
}
