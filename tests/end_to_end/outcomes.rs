//! Ways in which a request can end: its class, its number of attempts, and the parts that its outcome keeps.

use std::error::Error as _;
use std::time::Duration;

use haul::settings::RetryBudget;
use haul::{Client, ErrorType, Layer, Phase, Rejection, Request, StopReason};
use serde_json::json;

use super::support::{Answer, Scenario, Server, refused};
use super::{builder, client, error, quick, verdict};

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
fn a_body_in_an_unknown_coding_is_kept_as_it_is() {
    let coded = || Answer::json("{}").header("Content-Encoding", "sdch");
    let server = Server::always(coded());
    let client = client(1);
    let outcome = client.get(server.url("/"));
    assert_eq!(outcome.content_encoding().as_deref(), Some("sdch"));
    let response = outcome.success().unwrap();
    assert_eq!(response.bytes(), b"{}");
    assert_eq!(response.content_encoding().as_deref(), Some("sdch"));
    for request in [
        Request::get(server.url("/")).expect_json(true),
        Request::get(server.url("/")).require("/a", 1),
    ] {
        let outcome = client.send(request);
        let error = error(&outcome);
        assert_eq!(error.error_type(), ErrorType::Decode);
        assert!(error.message().contains("\"sdch\""), "{error}");
        assert_eq!(outcome.attempts(), 1);
    }
    let outcome = client.send(Request::head(server.url("/")).expect_json(true));
    assert!(outcome.is_success() && outcome.content_encoding().is_none());
}

#[test]
fn a_404_ends_at_once_with_what_the_server_said() {
    let server = Server::always(Answer::status(404).typed("text/plain", "no such item"));
    let outcome = client(1).get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::HttpStatus,
            1,
            Some(StopReason::NotRetryable)
        )
    );
    assert_eq!(error(&outcome).message(), "404 Not Found");
    assert_eq!(outcome.status(), Some(404));
    assert_eq!(
        error(&outcome).response_text().as_deref(),
        Some("no such item")
    );
    assert_eq!(server.requests(), 1);
}

#[test]
fn vector_142_a_503_ends_after_three_attempts_with_the_last_response() {
    let server = Scenario::new()
        .on(
            "/busy",
            Answer::status(503)
                .header("Retry-After", "0")
                .body("first")
                .times(2)
                .then(
                    Answer::status(503)
                        .header("Retry-After", "0")
                        .body("still busy"),
                ),
        )
        .start();
    let outcome = client(1).get(server.url("/busy"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::HttpStatus,
            3,
            Some(StopReason::AttemptsExhausted)
        )
    );
    assert_eq!(
        error(&outcome).response_text().as_deref(),
        Some("still busy")
    );
    assert_eq!(outcome.retry_after(), Some("0"));
    let log = outcome.attempt_log();
    assert_eq!(log.len(), 3);
    assert!(log.iter().all(|attempt| attempt.status == Some(503)));
    assert_eq!(
        log.iter().map(|a| a.delay.is_some()).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_retry_after_over_the_cap_ends_the_request() {
    let server = Server::always(Answer::status(429).header("Retry-After", "3600"));
    let outcome = client(1).get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Http,
            ErrorType::HttpStatus,
            1,
            Some(StopReason::RetryAfterOverCap)
        )
    );
    assert_eq!(outcome.retry_after(), Some("3600"));
}

#[test]
fn a_500_is_tried_again_if_the_request_is_idempotent() {
    let server = Server::always(Answer::status(500));
    let client = client(1);
    let post = |path: &str| Request::post(server.url(path)).text("x");
    for (request, attempts, reason) in [
        (
            Request::get(server.url("/get")),
            3,
            StopReason::AttemptsExhausted,
        ),
        (
            Request::put(server.url("/put")).text("x"),
            3,
            StopReason::AttemptsExhausted,
        ),
        (post("/post"), 1, StopReason::MethodNotIdempotent),
        (
            post("/flagged").idempotent(true),
            3,
            StopReason::AttemptsExhausted,
        ),
        (
            post("/keyed").header("Idempotency-Key", "k"),
            3,
            StopReason::AttemptsExhausted,
        ),
    ] {
        let path = request.url().rsplit('/').next().unwrap().to_owned();
        let outcome = client.send(request);
        assert_eq!(
            verdict(&outcome),
            (Layer::Http, ErrorType::HttpStatus, attempts, Some(reason)),
            "{path}"
        );
        assert_eq!(
            server.requests_to(&format!("/{path}")),
            attempts as usize,
            "{path}"
        );
    }
}

#[test]
fn a_429_is_tried_again_for_a_post_too() {
    let server = Scenario::new()
        .on(
            "/",
            Answer::status(429)
                .header("Retry-After", "0")
                .times(1)
                .then(Answer::text("done")),
        )
        .start();
    let outcome = client(1).send(Request::post(server.url("/")).json(&json!({"n": 1})));
    assert!(outcome.is_success(), "{outcome:?}");
    let bodies: Vec<_> = server.seen().iter().map(|seen| seen.text()).collect();
    assert_eq!(bodies, [r#"{"n":1}"#, r#"{"n":1}"#]);
}

#[test]
fn a_request_may_succeed_at_its_third_attempt() {
    let server = Scenario::new()
        .on(
            "/flaky",
            Answer::status(503).times(2).then(Answer::text("at last")),
        )
        .on(
            "/reset",
            Answer::reset().times(2).then(Answer::text("at last")),
        )
        .on(
            "/cut",
            Answer::text("at last")
                .cut_after(3)
                .times(2)
                .then(Answer::text("at last")),
        )
        .start();
    for (path, class) in [
        ("/flaky", ErrorType::HttpStatus),
        ("/reset", ErrorType::Connection),
        ("/cut", ErrorType::IncompleteBody),
    ] {
        // Each path has a client of its own: on a connection that was used before, a reset is no attempt but a free
        // replay.
        let outcome = client(1).get(server.url(path));
        assert_eq!(outcome.success().unwrap().text(), "at last", "{path}");
        assert_eq!(outcome.attempts(), 3, "{path}");
        let log = outcome.attempt_log();
        assert_eq!(log.len(), 2, "{path}");
        assert!(
            log.iter()
                .all(|a| a.error_type == class && a.delay.is_some())
        );
        assert_eq!(server.requests_to(path), 3, "{path}");
    }
}

#[test]
fn html_where_json_is_expected_fails_with_the_text_kept() {
    let server = Server::always(Answer::html("<h1>Sign in</h1>"));
    let client = client(1);
    let expecting = Request::get(server.url("/")).expect_json(true);
    let requiring = Request::get(server.url("/")).require("/code", 0);
    for request in [expecting, requiring] {
        let outcome = client.send(request);
        assert_eq!(
            verdict(&outcome),
            (
                Layer::Parse,
                ErrorType::Decode,
                1,
                Some(StopReason::NotRetryable)
            )
        );
        let failed = error(&outcome);
        assert_eq!(failed.status(), Some(200));
        assert_eq!(failed.response_text().as_deref(), Some("<h1>Sign in</h1>"));
        assert!(failed.message().contains("text/html"), "{failed}");
        assert!(
            failed
                .source()
                .is_some_and(|source| source.is::<serde_json::Error>())
        );
    }
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_body_that_is_no_gzip_although_it_says_so_fails_in_the_parse_layer() {
    let server = Server::always(Answer::text("plain").header("Content-Encoding", "gzip"));
    let outcome = client(1).get(server.url("/"));
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Parse,
            ErrorType::Decode,
            1,
            Some(StopReason::NotRetryable)
        )
    );
}

#[test]
fn a_business_error_is_a_rejection() {
    let server = Server::always(Answer::json(r#"{"code": 4001, "msg": "余额不足"}"#));
    let client = client(1);
    let by_predicate = Request::get(server.url("/")).reject_if(|response| {
        let body = response.value().ok()?;
        let message = body["msg"].as_str().unwrap_or_default();
        (body["code"] != 0).then(|| Rejection::new(body["code"].clone(), message))
    });
    let required = Request::get(server.url("/")).require("/code", 0);
    for request in [by_predicate, required] {
        let outcome = client.send(request);
        let rejection = outcome.rejection().unwrap();
        assert_eq!(*rejection, Rejection::new(4001, "余额不足"));
        assert_eq!(rejection.response().unwrap().status(), 200);
        assert_eq!((outcome.attempts(), outcome.status()), (1, Some(200)));
        let url = server.url("/");
        assert_eq!(
            outcome.into_result().unwrap_err().to_string(),
            format!("GET {url}: rejected: 4001 余额不足")
        );
    }
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_missing_required_value_is_rejected_where_a_body_may_be() {
    let server = Scenario::new()
        .on("/empty", Answer::status(204))
        .on(
            "/other",
            Answer::json(r#"{"status": "ok", "error": "no code"}"#),
        )
        .start();
    let client = builder(1).require("/code", 0).build().unwrap();
    let other = client.get(server.url("/other"));
    assert_eq!(
        *other.rejection().unwrap(),
        Rejection::new(serde_json::Value::Null, "no code")
    );
    assert!(client.get(server.url("/empty")).is_success());
    assert!(
        client
            .send(Request::head(server.url("/other")))
            .is_success()
    );
}

#[test]
fn predicates_see_accepted_statuses_only() {
    let server = Server::always(Answer::status(404).body("gone"));
    let client = builder(1)
        .reject_if(|_| Some(Rejection::new(1, "seen")))
        .build()
        .unwrap();
    assert!(client.get(server.url("/")).is_failed());
    let accepting = Request::get(server.url("/")).accept([404]);
    assert!(client.send(accepting).is_rejected());
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
fn a_body_cut_short_keeps_what_came_of_it() {
    let server = Scenario::new()
        .on("/cut", Answer::text("hello world").cut_after(5))
        .on(
            "/chunked",
            Answer::text("hello world").chunked(4).cut_after(9),
        )
        .on(
            "/reset",
            Answer::text("hello world").until_close().reset_after(5),
        )
        .start();
    let client = client(1);
    for path in ["/cut", "/chunked", "/reset"] {
        let outcome = client.get(server.url(path));
        assert_eq!(
            verdict(&outcome),
            (
                Layer::Network,
                ErrorType::IncompleteBody,
                3,
                Some(StopReason::AttemptsExhausted)
            ),
            "{path}"
        );
        assert_eq!(error(&outcome).phase(), Some(Phase::Receive), "{path}");
        assert_eq!(error(&outcome).status(), Some(200), "{path}");
        assert_eq!(server.requests_to(path), 3, "{path}");
    }
    let kept = client.get(server.url("/cut"));
    assert_eq!(error(&kept).response_text().as_deref(), Some("hello"));
    let posted = client.send(Request::post(server.url("/cut")).text("x"));
    assert_eq!(posted.attempts(), 1);
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
fn a_body_over_the_limit_fails_after_one_attempt() {
    let server = Scenario::new()
        .on("/long", Answer::text("x".repeat(1001)))
        .on("/chunked", Answer::text("x".repeat(1001)).chunked(100))
        .on("/right", Answer::text("x".repeat(1000)))
        .start();
    let client = builder(1).body_limit(1000).build().unwrap();
    for path in ["/long", "/chunked"] {
        let outcome = client.get(server.url(path));
        assert_eq!(
            verdict(&outcome),
            (
                Layer::Http,
                ErrorType::BodyTooLarge,
                1,
                Some(StopReason::NotRetryable)
            ),
            "{path}"
        );
        assert!(error(&outcome).message().contains("1000"));
    }
    assert_eq!(
        client
            .get(server.url("/right"))
            .success()
            .unwrap()
            .bytes()
            .len(),
        1000
    );
    let more = Request::get(server.url("/long")).body_limit(2000);
    assert!(client.send(more).is_success());
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
fn a_body_that_a_limit_cut_is_truncated() {
    let server = Scenario::new()
        .on("/plain", Answer::text("0123456789"))
        .on("/chunked", Answer::text("0123456789").chunked(3))
        .on("/error", Answer::status(500).body(vec![b'x'; 70_000]))
        .on("/lost", Answer::text("0123456789").cut_after(5))
        .start();
    let client = builder(1)
        .body_limit(4)
        .retry(haul::RetryPolicy::none())
        .build()
        .unwrap();
    let of = |path: &str| {
        let outcome = client.get(server.url(path));
        let failed = error(&outcome);
        let response = failed.response().unwrap();
        (
            failed.error_type(),
            response.bytes().len(),
            response.is_truncated(),
        )
    };
    assert_eq!(of("/plain"), (ErrorType::BodyTooLarge, 4, true));
    assert_eq!(of("/chunked"), (ErrorType::BodyTooLarge, 4, true));
    assert_eq!(of("/error"), (ErrorType::HttpStatus, 65_536, true));
    let wide = builder(1).retry(haul::RetryPolicy::none()).build().unwrap();
    let lost = wide.get(server.url("/lost"));
    let response = error(&lost).response().unwrap();
    assert_eq!(
        (response.bytes(), response.is_truncated()),
        (&b"01234"[..], false)
    );
    let whole = wide.get(server.url("/plain"));
    assert!(!whole.success().unwrap().is_truncated());
}

#[test]
fn the_body_of_an_error_is_kept_up_to_64_kib() {
    let server = Server::always(Answer::status(400).body(vec![b'x'; 100_000]));
    let client = client(1);
    let outcome = client.get(server.url("/"));
    let response = error(&outcome).response().unwrap();
    assert_eq!(
        (response.bytes().len(), response.is_truncated()),
        (65536, true)
    );
    assert!(client.get(server.url("/")).is_failed());
    assert_eq!(server.connections(), 1, "the rest of the body was read");
}

#[test]
fn a_dead_host_uses_no_more_than_its_reserve_of_retries() {
    let server = Server::always(Answer::status(500));
    let budget = RetryBudget::new()
        .reserve(10.0)
        .per_request(0.0)
        .per_second(0.0);
    let client = builder(4).retry(quick().budget(budget)).build().unwrap();
    let outcomes = client.as_completed((0..50).map(|i| server.url(&format!("/{i}"))));
    let summary = outcomes.summary();
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!((outcomes.len(), server.requests()), (50, 60));
    let refused = outcomes
        .iter()
        .filter(|outcome| error(outcome).stop_reason() == Some(StopReason::BudgetEmpty))
        .count();
    // At most two retries of one request end in another way.
    assert!((45..=50).contains(&refused), "{refused}");
    let summary = summary.snapshot();
    assert_eq!(summary.budget_refusals(), refused as u64);
    assert_eq!(summary.retry_attempts(), 10);
    for outcome in &outcomes {
        let path = outcome.url().rsplit('/').next().unwrap().to_owned();
        assert_eq!(
            outcome.attempts() as usize,
            server.requests_to(&format!("/{path}"))
        );
        let waits = outcome.attempt_log().iter().filter(|a| a.delay.is_some());
        assert_eq!(waits.count() as u32 + 1, outcome.attempts());
    }
}

#[test]
fn the_default_budget_bounds_the_retries_of_a_dead_host() {
    let server = Scenario::new()
        .on("*", Answer::status(500))
        .unlogged()
        .start();
    let policy = quick().budget(RetryBudget::default());
    let client = builder(8).retry(policy).build().unwrap();
    let started = std::time::Instant::now();
    let count = 400;
    let outcomes: Vec<_> = client
        .as_completed((0..count).map(|_| server.url("/")))
        .collect();
    let most = 500.0 + 0.2 * f64::from(count) + started.elapsed().as_secs_f64();
    assert_eq!(outcomes.len(), count as usize);
    let retries = server.requests() - count as usize;
    assert!(
        retries as f64 <= most && retries >= 500,
        "{retries} of {most}"
    );
    assert!(
        outcomes
            .iter()
            .any(|outcome| error(outcome).stop_reason() == Some(StopReason::BudgetEmpty))
    );
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
    let policy = quick().classify(|finding| match finding.status {
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
    let policy = quick().deadline(Duration::from_secs(20));
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
