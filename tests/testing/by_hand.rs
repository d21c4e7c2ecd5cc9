//! Responses and outcomes made by hand, and values that travel with requests.

use std::time::Duration;

use haul::testing::{Script, any, status};
use haul::{
    Client, ErrorType, Layer, Outcome, Phase, Request, Response, State, StopReason, Summary,
};

#[test]
fn a_response_has_what_it_was_given() {
    let response = Response::builder(201)
        .header("x-a", "1")
        .header("x-a", "2")
        .body("hello")
        .url("http://h/b")
        .build();
    assert_eq!((response.status(), &*response.text()), (201, "hello"));
    assert_eq!(response.headers().get_all("x-a").iter().count(), 2);
    assert_eq!(response.final_url().to_string(), "http://h/b");
    let json = Response::builder(200).json(&[1, 2]).build();
    assert_eq!(json.json::<Vec<u8>>().unwrap(), [1, 2]);
    assert_eq!(json.content_type(), Some("application/json"));
}

#[test]
fn a_success_carries_its_request() {
    let request = Request::get("http://h/a")
        .id("one")
        .tag(7)
        .extension("mine");
    let outcome = Outcome::builder(request)
        .index(3)
        .elapsed(Duration::from_millis(5))
        .response(Response::builder(200).body("x").build())
        .build();
    assert_eq!(
        (outcome.index(), outcome.id(), outcome.status()),
        (3, Some("one"), Some(200))
    );
    assert_eq!(outcome.extension::<&str>(), Some(&"mine"));
    assert_eq!(outcome.final_url().as_deref(), Some("http://h/a"));
    assert_eq!(
        (outcome.attempts(), outcome.elapsed()),
        (1, Duration::from_millis(5))
    );
}

#[test]
fn a_status_that_is_not_accepted_is_a_failure_as_from_a_client() {
    let outcome = Outcome::builder("http://h/a")
        .response(Response::builder(404).body("gone").build())
        .build();
    let error = outcome.error().unwrap();
    assert_eq!(
        (error.error_type(), error.status()),
        (ErrorType::HttpStatus, Some(404))
    );
    assert_eq!(error.message(), "404 Not Found");
    assert_eq!(error.response_text().as_deref(), Some("gone"));
    let accepted = Outcome::builder(Request::get("http://h/a").accept([404]))
        .response(Response::builder(404).build())
        .build();
    assert!(accepted.is_success());
}

#[test]
fn a_rejection_keeps_its_code_and_response() {
    let outcome = Outcome::builder("http://h/a")
        .response(Response::builder(200).body("{}").build())
        .reject(4001, "no credit")
        .build();
    let rejection = outcome.rejection().unwrap();
    assert_eq!(rejection.code(), 4001);
    assert_eq!(rejection.response().unwrap().text(), "{}");
}

#[test]
fn a_failure_of_every_class_can_be_made() {
    use ErrorType::*;
    for class in [
        Dns,
        AddressDenied,
        Connect,
        Tls,
        Proxy,
        Timeout,
        Connection,
        IncompleteBody,
        HttpStatus,
        Protocol,
        Redirect,
        BodyTooLarge,
        Decode,
        Process,
        Sign,
        InvalidRequest,
        BreakerOpen,
        Deadline,
        Cancelled,
        Interrupted,
        Panic,
        Io,
    ] {
        let outcome = Outcome::builder("http://h/a")
            .fail(class, "as the test says")
            .stop_reason(StopReason::AttemptsExhausted)
            .build();
        let State::Failed(error) = outcome.state() else {
            panic!("{class}");
        };
        assert_eq!(
            (error.error_type(), error.message()),
            (class, "as the test says")
        );
        assert_eq!(outcome.cause().error_type(), Some(class));
        let mut summary = Summary::new();
        summary.record(&outcome);
        assert_eq!(summary.total(), 1, "{class}");
    }
    let slow = Outcome::builder("http://h/")
        .fail(Timeout, "late")
        .phase(Phase::Tls)
        .build();
    let error = slow.error().unwrap();
    assert_eq!(
        (error.phase(), error.layer()),
        (Some(Phase::Tls), Layer::Network)
    );
}

#[test]
fn the_summary_counts_rejections_by_code() {
    let script = Script::new().on(any(), status(200));
    let client = Client::builder()
        .transport(script)
        .reject_if(|response| {
            let url = response.final_url().to_string();
            let code = match url.ends_with('7') {
                true => serde_json::json!("E7"),
                false => serde_json::json!(4001),
            };
            Some(haul::Rejection::new(code, url))
        })
        .build()
        .unwrap();
    let outcomes = client.as_completed((0..20).map(|i| format!("http://h/{i}")));
    let summary = outcomes.summary();
    assert_eq!(outcomes.count(), 20);
    let summary = summary.snapshot();
    assert_eq!(
        summary.by_code(),
        [("4001".to_owned(), 18), ("E7".to_owned(), 2)]
    );
    assert!(
        summary
            .to_string()
            .contains("Rejections    18  4001\n               2  E7\n"),
        "{summary}"
    );
    let text = serde_json::to_string(&summary).unwrap();
    let read: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!(read.by_code(), summary.by_code());
    let mut both = read;
    both += &summary;
    assert_eq!(both.by_code()[0].1, 36);
}

#[test]
fn an_extension_comes_back_in_a_batch_and_in_closures() {
    let script = Script::new().on(any(), status(200));
    let client = Client::builder().transport(script).build().unwrap();
    let requests = || (0..50_u64).map(|i| Request::get(format!("http://h/{i}")).extension(i));
    for outcome in client.as_completed(requests()) {
        assert_eq!(outcome.extension::<u64>(), Some(&outcome.index()));
        assert_eq!(outcome.extension::<u32>(), None);
    }
    let outcomes = client.process_with(requests(), |context, _| {
        Ok::<_, haul::Error>(context.extension::<u64>() == Some(&context.index()))
    });
    assert!(
        outcomes
            .into_iter()
            .all(|outcome| outcome.success() == Some(&true))
    );
}
