//! Pages of another origin than the first page of their list.

use super::super::command::haul;
use super::asked;
use test_support::{Answer, Scenario};

#[test]
fn a_page_of_another_origin_gets_no_credentials() {
    let scenario = Scenario::new().hosts(2);
    let scenario = scenario.when("*", |request| {
        let next = match asked(request) {
            0 => request.header("x-other").unwrap().to_owned(),
            1 => request.header("x-home").unwrap().to_owned(),
            _ => return Answer::text(""),
        };
        Answer::text("").header("Link", format!("<{next}>; rel=next"))
    });
    let server = scenario.start();
    let headers = [
        format!("x-home: {}", server.url_on(0, "/?page=2")),
        format!("x-other: {}", server.url_on(1, "/?page=1")),
        "x-api-key: k".to_owned(),
    ];
    let mut arguments = vec!["--paginate", "link", "-u", "user:password"];
    arguments.extend(["--url-query", "token=t", "--secret", "token"]);
    for header in &headers {
        arguments.extend(["-H", header]);
    }
    haul(arguments).and([server.url_on(0, "/")]).done().exits(0);
    assert_eq!(server.requests(), 3);
    for (at, seen) in server.seen().iter().enumerate() {
        let has = |name| seen.header(name).is_some();
        let has_token = seen.target.contains("token=t");
        let found = (has("authorization"), has("x-api-key"), has_token);
        assert_eq!(found, (at == 0, at == 0, at == 0), "page {}", at + 1);
    }
}

#[test]
fn a_page_of_another_origin_gets_the_method_and_the_body_as_after_a_redirect() {
    let scenario = Scenario::new().hosts(2);
    let scenario = scenario.when("*", |request| match (request.path(), asked(request)) {
        ("/redirect", _) => Answer::redirect(307, request.header("x-other").unwrap()),
        (_, 0) => {
            let next = request.header("x-other").unwrap();
            Answer::text("").header("Link", format!("<{next}>; rel=next"))
        }
        _ => Answer::text(""),
    });
    let server = scenario.start();
    let header = format!("x-other: {}", server.url_on(1, "/?page=1"));
    let arguments = [
        "--json",
        r#"{"q": 1}"#,
        "-u",
        "user:password",
        "-H",
        &header,
    ];
    for (path, further) in [("/", vec!["--paginate", "link"]), ("/redirect", vec![])] {
        let before = server.requests();
        let run = haul(arguments).and(further);
        run.and([server.url_on(0, path)]).done().exits(0);
        let seen = server.seen().split_off(before);
        assert_eq!(seen.len(), 2, "{path}");
        for (at, seen) in seen.iter().enumerate() {
            assert_eq!((&*seen.method, &*seen.text()), ("POST", r#"{"q": 1}"#));
            assert_eq!(seen.header("content-type"), Some("application/json"));
            assert_eq!(seen.header("authorization").is_some(), at == 0);
        }
    }
}
