//! Requests as they are sent: the options that every request begins with, and the keys of lines.

use serde_json::json;
use test_support::{Answer, Scenario, Server};

use super::command::{Folder, haul};

fn server() -> Server {
    Server::always(Answer::json(r#"{"code": 0}"#))
}

#[test]
fn a_url_alone_is_a_get() {
    let server = server();
    let done = haul([server.url("/a")]).done().exits(0);
    let results = done.results();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["outcome"], "success");
    assert_eq!(results[0]["url"], server.url("/a"));
    assert_eq!(results[0]["body"], r#"{"code": 0}"#);
    assert_eq!(server.last("/a").method, "GET");
    let name = concat!("haul/", env!("CARGO_PKG_VERSION"));
    assert_eq!(server.last("/a").header("user-agent"), Some(name));
}

#[test]
fn method_and_body_are_those_given() {
    let (server, folder) = (server(), Folder::new());
    let file = folder.file("body", b"raw \xff bytes");
    haul(["-X", "PURGE", &server.url("/method")])
        .done()
        .exits(0);
    assert_eq!(server.last("/method").method, "PURGE");
    haul(["-d", "a=1 &", &server.url("/body")]).done().exits(0);
    let seen = server.last("/body");
    assert_eq!(
        (seen.method.as_str(), seen.text().as_str()),
        ("POST", "a=1 &")
    );
    haul(["-d", &format!("@{file}"), &server.url("/file")])
        .done()
        .exits(0);
    assert_eq!(server.last("/file").body, b"raw \xff bytes");
    haul(["-X", "PUT", "--json", r#"{"n": 1}"#, &server.url("/json")])
        .done()
        .exits(0);
    let seen = server.last("/json");
    assert_eq!(
        (seen.method.as_str(), seen.text().as_str()),
        ("PUT", r#"{"n": 1}"#)
    );
    assert_eq!(seen.header("content-type"), Some("application/json"));
    haul(["-d", "@-", &server.url("/stdin")])
        .input("from standard input")
        .done()
        .exits(0);
    assert_eq!(server.last("/stdin").text(), "from standard input");
}

#[test]
fn headers_are_added_left_out_and_read_from_a_file() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("headers", "X-One: 1\n\nX-Two:  two words \n");
    let arguments = [
        "-H",
        "X-Zero: 0",
        "-H",
        &format!("@{list}"),
        "-H",
        "User-Agent:",
    ];
    haul(arguments.iter().copied().chain([&*server.url("/")]))
        .done()
        .exits(0);
    let seen = server.last("/");
    let shown = ["x-zero", "x-one", "x-two", "user-agent"].map(|name| seen.header(name));
    assert_eq!(shown, [Some("0"), Some("1"), Some("two words"), None]);
}

#[test]
fn credentials_name_and_cookies_are_headers() {
    let (server, folder) = (server(), Folder::new());
    let token = folder.file("token", "from-a-file\n");
    let url = server.url("/");
    let header = |arguments: &[&str], name: &str| {
        haul(arguments.iter().copied().chain([&*url]))
            .done()
            .exits(0);
        server.last("/").header(name).map(str::to_owned)
    };
    let shown = [
        header(&["-u", "user:pass"], "authorization"),
        header(&["--bearer", "secret"], "authorization"),
        header(&["--bearer", &format!("@{token}")], "authorization"),
        header(&["-A", "me/1"], "user-agent"),
        header(&["-b", "a=1; b=2"], "cookie"),
    ];
    let expected = [
        "Basic dXNlcjpwYXNz",
        "Bearer secret",
        "Bearer from-a-file",
        "me/1",
        "a=1; b=2",
    ];
    assert_eq!(shown, expected.map(|value| Some(value.to_owned())));
}

#[test]
fn digest_answers_the_challenge_of_a_401_for_an_option_and_for_a_line() {
    let server = Scenario::new()
        .when("*", |seen| match seen.header("authorization") {
            Some(_) => Answer::text("ok"),
            None => Answer::status(401).header(
                "WWW-Authenticate",
                "Digest realm=\"r\", nonce=\"n\", qop=auth",
            ),
        })
        .start();
    let answered = || {
        server
            .seen()
            .pop()
            .unwrap()
            .header("authorization")
            .map(str::to_owned)
    };
    let url = server.url("/option");
    let done = haul(["-u", "Mufasa:sesame", "--digest", "-v", &url])
        .done()
        .exits(0);
    assert_eq!(done.results()[0]["attempts"], 1);
    assert!(
        answered()
            .unwrap()
            .starts_with("Digest username=\"Mufasa\", realm=\"r\"")
    );
    done.never_says("sesame");
    let line = serde_json::json!({
        "url": server.url("/line"),
        "auth": {"user": "line", "password": "sesame", "digest": true},
    });
    let done = haul(["-"]).input(line.to_string()).done().exits(0);
    assert!(answered().unwrap().starts_with("Digest username=\"line\""));
    assert!(!done.stdout.contains("sesame"));
}

#[test]
fn base_and_parameters_of_the_options_complete_each_url() {
    let server = server();
    let base = server.url("/api/v1/");
    let arguments = [
        "--base-url",
        &base,
        "--url-query",
        "key=a b",
        "--url-query",
        "n=1",
        "-",
    ];
    haul(arguments).input("items/7?x=1\n/top\n").done().exits(0);
    assert_eq!(
        server.last("/api/v1/items/7").query(),
        Some("x=1&key=a%20b&n=1")
    );
    assert_eq!(server.last("/top").query(), Some("key=a%20b&n=1"));
}

#[test]
fn redirects_are_followed_as_far_as_allowed() {
    let server = Scenario::new()
        .on("/from", Answer::redirect(302, "/to"))
        .on("/to", Answer::text("there"))
        .start();
    let done = haul([server.url("/from")]).done().exits(0);
    let result = &done.results()[0];
    assert_eq!(
        (&result["status"], &result["redirects"]),
        (&json!(200), &json!(1))
    );
    assert_eq!(result["final_url"], server.url("/to"));
    let done = haul(["--max-redirs", "0", &server.url("/from")])
        .done()
        .exits(0);
    assert_eq!(done.results()[0]["status"], 302);
}

#[test]
fn a_line_says_what_differs_for_its_request() {
    let (server, folder) = (server(), Folder::new());
    let upload = folder.file("upload", "from a file");
    let lines = [
        json!({"url": server.url("/1"), "custom_id": 7, "method": "DELETE", "tag": {"k": [1.25]}}),
        json!({"url": server.url("/2"), "headers": {"x-one": ["a", "b"], "x-default": null, "X-Two": "c"}}),
        json!({"url": server.url("/3"), "params": {"q": "a b", "n": [1, 2]}}),
        json!({"url": server.url("/4"), "body": "text"}),
        json!({"url": server.url("/5"), "json": {"b": [1]}}),
        json!({"url": server.url("/6"), "form": {"a": "x y", "n": [1, 2]}}),
        json!({"url": server.url("/7"), "body_base64": "/wA="}),
        json!({"url": server.url("/8"), "body_file": upload, "method": "PUT"}),
        json!({"url": server.url("/9"), "auth": {"user": "u", "password": "p"}}),
        json!({"url": server.url("/10"), "auth": {"bearer": "t"}}),
        json!(server.url("/11")),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let done = haul(["-H", "X-Default: d", "-"])
        .input(input)
        .done()
        .exits(0);
    let mut results = done.results();
    results.sort_by_key(|result| result["index"].as_u64());
    assert_eq!(results[0]["id"], "7");
    assert_eq!(results[0]["tag"], json!({"k": [1.25]}));
    assert_eq!(server.last("/1").method, "DELETE");
    let seen = server.last("/2");
    assert_eq!(seen.all_headers("x-one").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(
        (seen.header("x-default"), seen.header("x-two")),
        (None, Some("c"))
    );
    assert_eq!(server.last("/3").query(), Some("n=1&n=2&q=a%20b"));
    assert_eq!(server.last("/3").header("x-default"), Some("d"));
    let body = |path| (server.last(path).method, server.last(path).text());
    assert_eq!(body("/4"), ("POST".to_owned(), "text".to_owned()));
    assert_eq!(body("/5"), ("POST".to_owned(), r#"{"b":[1]}"#.to_owned()));
    assert_eq!(
        body("/6"),
        ("POST".to_owned(), "a=x%20y&n=1&n=2".to_owned())
    );
    assert_eq!(server.last("/7").body, b"\xff\0");
    assert_eq!(body("/8"), ("PUT".to_owned(), "from a file".to_owned()));
    assert_eq!(
        server.last("/9").header("authorization"),
        Some("Basic dTpw")
    );
    assert_eq!(server.last("/10").header("authorization"), Some("Bearer t"));
    assert_eq!(server.last("/11").method, "GET");
}

#[test]
fn a_line_says_how_its_request_is_judged_and_repeated() {
    let server = Scenario::new()
        .on("/gone", Answer::status(404))
        .on("/busy/*", Answer::status(503))
        .on("/moved", Answer::redirect(302, "/html"))
        .on("/html", Answer::html("<p>"))
        .on("/no", Answer::json(r#"{"code": 4001, "msg": "no money"}"#))
        .on("/slow", Answer::never())
        .start();
    let lines = [
        json!({"id": "accepted", "url": server.url("/gone"), "accept": [404, "200..=299"]}),
        json!({"id": "again", "url": server.url("/busy/again"), "retry": 3}),
        json!({"id": "once", "url": server.url("/busy/once"), "retry": 0}),
        json!({"id": "write", "url": server.url("/busy/write"), "method": "POST"}),
        json!({"id": "harmless", "url": server.url("/busy/harmless"), "method": "POST", "idempotent": true}),
        json!({"id": "stays", "url": server.url("/moved"), "max_redirs": 0}),
        json!({"id": "no json", "url": server.url("/html"), "expect_json": true}),
        json!({"id": "rejected", "url": server.url("/no"), "require": {"/code": 0}}),
        json!({"id": "slow", "url": server.url("/slow"), "max_time_ms": 100, "connect_timeout_ms": 90, "retry": 0}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let done = haul(["--retry-delay", "1ms", "-"])
        .input(input)
        .done()
        .exits(1);
    let results = done.results();
    let of = |id: &str| results.iter().find(|result| result["id"] == id).unwrap();
    assert_eq!(of("accepted")["outcome"], "success");
    assert_eq!(
        (&of("again")["attempts"], &of("once")["attempts"]),
        (&json!(4), &json!(1))
    );
    assert_eq!(of("write")["stop_reason"], "method_not_idempotent");
    assert_eq!(of("harmless")["attempts"], 3);
    assert_eq!(of("stays")["status"], 302);
    assert_eq!(of("no json")["error_type"], "decode");
    assert_eq!(
        of("rejected")["rejection"],
        json!({"code": 4001, "message": "no money"})
    );
    assert_eq!(of("slow")["error_type"], "timeout");
}

#[test]
fn every_option_has_an_environment_variable_behind_it() {
    let server = server();
    let url = server.url("/");
    haul([&url])
        .env("HAUL_HEADER", "X-One: 1\nX-Two: 2")
        .env("HAUL_USER_AGENT", "env")
        .done()
        .exits(0);
    let seen = server.last("/");
    let shown = ["x-one", "x-two", "user-agent"].map(|name| seen.header(name));
    assert_eq!(shown, [Some("1"), Some("2"), Some("env")]);
    haul(["-A", "typed", &url])
        .env("HAUL_USER_AGENT", "env")
        .done()
        .exits(0);
    assert_eq!(server.last("/").header("user-agent"), Some("typed"));
    // The environment sets flags, counts, lists and values alike.
    haul([&url]).env("HAUL_DRY_RUN", "true").done().exits(0);
    assert_eq!(server.requests(), 2);
    haul([&url])
        .env("HAUL_DRY_RUN", "no")
        .env("HAUL_QUIET", "1")
        .done()
        .exits(0)
        .never_says("Done");
    assert_eq!(server.requests(), 3);
    haul([&url])
        .env("HAUL_JOBS", "none")
        .done()
        .exits(2)
        .says("invalid value 'none'");
    haul([&url]).env("HAUL_URL_QUERY", "a=1").done().exits(0);
    assert_eq!(server.last("/").query(), Some("a=1"));
}

#[test]
fn a_cookie_without_a_value_is_refused_unseen() {
    for given in [["-b", "s3cret"], ["--cookie", "s3cret"]] {
        haul(given.into_iter().chain(["http://h/"]))
            .done()
            .exits(2)
            .says("-b/--cookie: NAME=VALUE is expected")
            .never_says("s3cret");
    }
    let done = haul(["http://h/"]).env("HAUL_COOKIE", "s3cret").done();
    done.exits(2).says("HAUL_COOKIE").never_says("s3cret");
}
