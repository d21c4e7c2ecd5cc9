//! Redirects: followed hop by hop, by the rules of RFC 9110 §15.4 and of strict origins.

use haul::{ErrorType, Layer, Phase, Request, StopReason};
use test_support::{Answer, Scenario, builder, client, error};

use super::verdict;

#[test]
fn a_chain_of_redirects_is_one_attempt() {
    let mut scenario = Scenario::new().on("/5", Answer::text("here"));
    for (i, status) in [303, 302, 301, 307, 302].into_iter().enumerate() {
        let next = format!("/{}", i + 1);
        scenario = scenario.on(&format!("/{i}"), Answer::redirect(status, next));
    }
    let server = scenario.start();
    let outcome = client(1).get(server.url("/0"));
    let response = outcome.success().unwrap();
    assert_eq!((response.status(), outcome.attempts()), (200, 1));
    assert_eq!(outcome.final_url(), Some(server.url("/5")));
    let hops: Vec<_> = response
        .history()
        .iter()
        .map(|hop| (hop.status, hop.location.clone()))
        .collect();
    let at = |i: usize| server.url(&format!("/{i}"));
    assert_eq!(
        hops,
        [
            (303, at(1)),
            (302, at(2)),
            (301, at(3)),
            (307, at(4)),
            (302, at(5))
        ]
    );
    assert_eq!(outcome.history(), response.history());
    assert_eq!(server.paths(), ["/0", "/1", "/2", "/3", "/4", "/5"]);
    assert_eq!(server.connections(), 1, "the connection is used again");
}

#[test]
fn a_loop_ends_at_the_limit_as_one_failed_attempt() {
    let server = Scenario::new()
        .on("/a", Answer::redirect(302, "/b"))
        .on("/b", Answer::redirect(302, "/a"))
        .start();
    let outcome = client(1).get(server.url("/a"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::Redirect,
            1,
            Some(StopReason::NotRetryable)
        )
    );
    assert_eq!(error(&outcome).phase(), Some(Phase::Receive));
    assert_eq!(outcome.status(), Some(302));
    assert_eq!(outcome.history().len(), 11);
    assert_eq!(server.requests(), 11);
}

#[test]
fn a_chain_ends_at_the_limit_of_redirects() {
    let server = Scenario::new()
        .on("/a", Answer::redirect(302, "/b"))
        .on("/b", Answer::redirect(302, "/c"))
        .on("/c", Answer::text("here"))
        .start();
    let client = client(1);
    let one = client.send(Request::get(server.url("/a")).max_redirects(1));
    assert_eq!(error(&one).error_type(), ErrorType::Redirect);
    assert!(error(&one).message().contains("more than 1 redirect"));
    assert_eq!(one.history().len(), 2);
    let none = client.send(Request::get(server.url("/a")).max_redirects(0));
    let response = none.success().unwrap();
    assert_eq!(
        (response.status(), response.header("location")),
        (302, Some("/b"))
    );
    assert!(none.history().is_empty());
    let two = client.send(Request::get(server.url("/a")).max_redirects(2));
    assert!(two.is_success());
}

#[test]
fn a_redirect_without_a_location_is_the_response() {
    let server = Scenario::new()
        .on("/nowhere", Answer::status(302).body("stay"))
        .on("/unchanged", Answer::status(304))
        .start();
    let client = client(1);
    let nowhere = client.get(server.url("/nowhere"));
    assert_eq!(nowhere.success().unwrap().text(), "stay");
    assert!(client.get(server.url("/unchanged")).is_success());
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_redirect_to_another_scheme_fails() {
    let server = Scenario::new()
        .on(
            "/ftp",
            Answer::redirect(301, "ftp://user:secret@127.0.0.1/"),
        )
        .start();
    let ftp = client(1).get(server.url("/ftp"));
    assert_eq!(error(&ftp).error_type(), ErrorType::Redirect);
    assert!(error(&ftp).message().contains("ftp"));
    let shown = format!("{} {:?}", error(&ftp), ftp.history());
    assert!(!shown.contains("secret"), "{shown}");
    assert_eq!(server.requests(), 1);
}

#[test]
fn method_and_status_decide_if_a_redirect_becomes_a_get() {
    let server = Scenario::new()
        .on("/301", Answer::redirect(301, "/to"))
        .on("/302", Answer::redirect(302, "/to"))
        .on("/303", Answer::redirect(303, "/to"))
        .on("/to", Answer::text("here"))
        .start();
    let client = client(1);
    for (method, path, then) in [
        ("POST", "/301", "GET"),
        ("POST", "/302", "GET"),
        ("POST", "/303", "GET"),
        ("PUT", "/303", "GET"),
        ("HEAD", "/303", "HEAD"),
        ("PUT", "/302", "PUT"),
    ] {
        let request = Request::new(method, server.url(path)).header("X-Custom", "kept");
        let request = match method {
            "HEAD" => request,
            _ => request.json(&[1, 2, 3]),
        };
        assert!(client.send(request).is_success());
        let seen = server.last("/to");
        assert_eq!(seen.method, then, "{method} {path}");
        assert_eq!(seen.header("x-custom"), Some("kept"));
        let with_body = then == "PUT";
        assert_eq!(!seen.body.is_empty(), with_body, "{method} {path}");
        assert_eq!(
            seen.header("content-type").is_some(),
            with_body,
            "{method} {path}"
        );
    }
}

#[test]
fn a_307_and_a_308_send_method_and_body_again() {
    let server = Scenario::new()
        .on("/307", Answer::redirect(307, "/to"))
        .on("/308", Answer::redirect(308, "/to"))
        .on("/to", Answer::text("here"))
        .start();
    let client = client(1);
    for path in ["/307", "/308"] {
        let body = vec![b'x'; 64 << 10];
        let outcome = client.send(Request::post(server.url(path)).body(body.clone()));
        assert!(outcome.is_success(), "{outcome:?}");
        let seen = server.last("/to");
        assert_eq!((seen.method.as_str(), seen.body == body), ("POST", true));
    }
}

#[test]
fn credentials_that_another_host_did_not_get_do_not_come_back() {
    let server = Scenario::new()
        .hosts(2)
        .when("/away", |seen| {
            let port = seen
                .header("host")
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned();
            Answer::redirect(307, format!("http://127.0.0.2:{port}/back"))
        })
        .when("/back", |seen| {
            let port = seen
                .header("host")
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned();
            Answer::redirect(307, format!("http://127.0.0.1:{port}/home"))
        })
        .on("/same", Answer::redirect(307, "/home"))
        .on("/home", Answer::text("here"))
        .start();
    let client = builder(1).sensitive_header("X-Signed").build().unwrap();
    let secrets = ["authorization", "cookie", "idempotency-key", "x-signed"];
    let request = |path: &str| {
        Request::get(server.url(path))
            .bearer("t0ken")
            .header("Cookie", "sid=1")
            .header("Idempotency-Key", "k")
            .header("X-Signed", "s")
            .header("X-Custom", "kept")
    };
    assert!(client.send(request("/same")).is_success());
    let home = server.last("/home");
    assert!(secrets.iter().all(|name| home.header(name).is_some()));

    assert!(client.send(request("/away")).is_success());
    for path in ["/back", "/home"] {
        let seen = server.last(path);
        for name in secrets {
            assert_eq!(seen.header(name), None, "{path} {name}");
        }
        assert_eq!(seen.header("x-custom"), Some("kept"));
    }
    assert_eq!(server.last("/back").host, 1);
}

#[test]
fn userinfo_of_the_first_url_does_not_travel_to_another_port() {
    let other = Scenario::new().on("/", Answer::text("here")).start();
    let to = other.url("/");
    let server = Scenario::new().on("/", Answer::redirect(302, to)).start();
    let url = server.url("/").replace("http://", "http://user:pass@");
    assert!(client(1).get(url).is_success());
    assert!(server.last("/").header("authorization").is_some());
    assert_eq!(other.last("/").header("authorization"), None);
}

#[test]
fn a_redirect_target_that_fails_is_tried_again_there() {
    let server = Scenario::new()
        .on("/a", Answer::redirect(302, "/b"))
        .on(
            "/b",
            Answer::status(503).times(1).then(Answer::text("here")),
        )
        .start();
    let outcome = client(1).get(server.url("/a"));
    assert!(outcome.is_success());
    assert_eq!((outcome.attempts(), outcome.history().len()), (2, 1));
    assert_eq!(server.paths(), ["/a", "/b", "/b"]);
}

#[test]
fn a_hook_does_not_bring_credentials_back_when_the_other_origin_is_asked_again() {
    let other = Scenario::new()
        .on("/", Answer::status(503).times(1).then(Answer::text("here")))
        .start();
    let server = Scenario::new()
        .on("/", Answer::redirect(302, other.url("/")))
        .start();
    let client = builder(1)
        .before_attempt(|outgoing: &mut haul::settings::Outgoing<'_>| {
            let headers = &mut outgoing.headers;
            headers.insert("authorization", "t0ken".parse().unwrap());
            headers.insert("x-trace", "7".parse().unwrap());
        })
        .build()
        .unwrap();
    let outcome = client.get(server.url("/"));
    assert_eq!((outcome.is_success(), outcome.attempts()), (true, 2));
    assert_eq!(server.last("/").header("authorization"), Some("t0ken"));
    for seen in other.seen() {
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("x-trace"), Some("7"));
    }
    assert_eq!(other.requests(), 2);
}
