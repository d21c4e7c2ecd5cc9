//! Ways in which a request can end: its class, its number of attempts, and the parts that its outcome keeps.

use std::error::Error as _;
use std::time::Duration;

use haul::{Client, ErrorType, Layer, Phase, Request, StopReason};
use test_support::{Answer, Scenario, Server, builder, client, error, quick_retries, refused};

use super::verdict;

#[test]
fn a_success_carries_the_response_and_how_it_came() {
    let server = Server::always(Answer::json(r#"{"name": "pen"}"#).header("X-Shelf", "7"));
    let outcome = client(1).get(server.url("/items/1"));
    let response = outcome.success().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.header("x-shelf"), Some("7"));
    assert_eq!(response.content_type(), Some("application/json"));
    assert_eq!(response.value().unwrap()["name"], "pen");
    assert_eq!(response.remote_addr(), Some(server.address()));
    assert_eq!(
        response.final_url().to_string(),
        outcome.final_url().unwrap()
    );
    assert_eq!(
        (outcome.attempts(), outcome.attempt_log().len()),
        (1, 0),
        "{outcome:?}"
    );
    assert!(outcome.elapsed() > Duration::ZERO && outcome.total() >= outcome.elapsed());
    assert!(outcome.started().is_some());
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_connection_lost_before_the_answer_is_repeated_only_where_that_is_safe() {
    let server = Scenario::new()
        .on("/reset", Answer::reset())
        .on("/hang-up", Answer::hang_up())
        .start();
    let client = client(1);
    for path in ["/reset", "/hang-up"] {
        let got = client.get(server.url(path));
        assert_eq!(
            verdict(&got),
            (
                Layer::Network,
                ErrorType::Connection,
                3,
                Some(StopReason::AttemptsExhausted)
            ),
            "{path}"
        );
        assert_eq!(error(&got).phase(), Some(Phase::Wait), "{path}");
        assert_eq!(error(&got).response_text(), None);
        let posted = client.send(Request::post(server.url(path)).text("x"));
        assert_eq!(
            verdict(&posted),
            (
                Layer::Network,
                ErrorType::Connection,
                1,
                Some(StopReason::MethodNotIdempotent)
            ),
            "{path}"
        );
        assert_eq!(server.requests_to(path), 4, "{path}");
    }
}

#[test]
fn a_refused_connection_is_tried_again_for_any_method_since_nothing_was_sent() {
    let client = client(2);
    let url = format!("http://{}/", refused());
    for request in [Request::get(&url), Request::post(&url).text("x")] {
        let outcome = client.send(request);
        assert_eq!(
            verdict(&outcome),
            (
                Layer::Network,
                ErrorType::Connect,
                3,
                Some(StopReason::AttemptsExhausted)
            )
        );
        assert_eq!(error(&outcome).phase(), Some(Phase::Connect));
        assert!(error(&outcome).message().contains("127.77.0.1"));
        assert!(error(&outcome).source().is_some());
        assert_eq!(outcome.status(), None);
    }
}

#[test]
fn a_response_that_is_not_http_fails_once() {
    let server = Server::always(Answer::raw("220 mail.example.com ESMTP\r\n\r\n"));
    let outcome = client(1).get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::Protocol,
            1,
            Some(StopReason::NotRetryable)
        )
    );
    assert_eq!(server.requests(), 1);
}

#[test]
fn the_error_of_a_result_begins_with_method_and_url() {
    let server = Server::always(Answer::status(404));
    let client = builder(1)
        .base_url(server.url("/"))
        .sensitive_query("key")
        .build()
        .unwrap();
    let of = |request: Request| client.send(request).into_result().unwrap_err();
    let posted = of(Request::post("a?key=secret").text("x"));
    let shown = format!("POST {}", server.url("/a?key=***"));
    assert_eq!(posted.to_string(), format!("{shown}: 404 Not Found"));
    let userinfo = server.url("/b").replace("http://", "http://ada:secret@");
    let masked = of(Request::get(userinfo)).to_string();
    assert!(masked.starts_with("GET http://***@"), "{masked}");
    let refused = of(Request::get("http://127.0.0.1:1/"));
    assert!(
        refused
            .to_string()
            .starts_with("GET http://127.0.0.1:1/: connect to")
    );
    let cause = std::error::Error::source(&refused).unwrap();
    assert!(
        cause.is::<std::io::Error>(),
        "the text has the failure already"
    );
    let unfit = of(Request::get("not a url")).to_string();
    assert!(unfit.starts_with("GET "), "{unfit}");
}

#[test]
fn a_hook_may_repeat_or_stop_or_accept() {
    let server = Scenario::new()
        .on(
            "/soon",
            Answer::status(400)
                .body("temporarily unavailable")
                .times(1)
                .then(Answer::text("ok")),
        )
        .on("/never", Answer::status(500))
        .on("/fine", Answer::status(404))
        .start();
    let policy = quick_retries().classify(|finding| match finding.status {
        Some(400) => Some(haul::settings::Judgement::Retry),
        Some(500) if finding.attempt == 2 => Some(haul::settings::Judgement::Stop(
            "twice is enough".to_owned(),
        )),
        Some(404) => Some(haul::settings::Judgement::Accept),
        _ => None,
    });
    let client = Client::builder().workers(1).retry(policy).build().unwrap();
    let soon = client.get(server.url("/soon"));
    assert_eq!((soon.is_success(), soon.attempts()), (true, 2));
    let never = client.get(server.url("/never"));
    assert_eq!(
        (error(&never).message(), never.attempts()),
        ("twice is enough", 2)
    );
    let fine = client.get(server.url("/fine"));
    assert_eq!(fine.success().unwrap().status(), 404);
}

#[test]
fn an_ambiguous_write_followed_by_a_404_says_that_it_may_be_done() {
    let server = Scenario::new()
        .on(
            "/item",
            Answer::hang_up().times(1).then(Answer::status(404)),
        )
        .start();
    let outcome = client(1).send(Request::delete(server.url("/item")));
    assert_eq!((outcome.status(), outcome.attempts()), (Some(404), 2));
    assert!(outcome.is_prior_attempt_ambiguous());
}

#[test]
fn a_deadline_stops_before_a_wait_that_would_pass_it_with_the_real_failure() {
    let server = Server::always(Answer::status(503).header("Retry-After", "60"));
    let policy = quick_retries().deadline(Duration::from_secs(20));
    let client = Client::builder().workers(1).retry(policy).build().unwrap();
    let outcome = client.get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::HttpStatus,
            1,
            Some(StopReason::Deadline)
        )
    );
}
