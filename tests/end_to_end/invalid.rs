//! Requests that cannot be sent: each has one outcome that says what is wrong, and the batch goes on.

use std::collections::HashMap;

use haul::{ErrorType, Layer, Request, RetryPolicy};
use test_support::{Answer, Server, client, error};

use super::indices;

#[test]
fn vector_62_each_bad_request_fails_by_itself() {
    let server = Server::always(Answer::text("fine"));
    let get = || Request::get(server.url("/"));
    let by = |method: &str| Request::new(method, server.url("/"));
    let with_user = |user: &str| {
        let url = server.url("/").replace("://", &format!("://{user}@"));
        Request::get(url)
    };
    let unwritable = HashMap::from([(vec![1], 1)]);
    let bad: Vec<(Request, &str)> = vec![
        ("not a url".into(), "no scheme"),
        ("".into(), "empty"),
        ("ftp://127.0.0.1/".into(), "scheme"),
        ("http://".into(), "no host"),
        ("http://127.0.0.1:99999/".into(), "port"),
        ("/relative".into(), "no scheme"),
        (get().header("bad name", "x"), "header name"),
        (get().header("x-bad", "a\r\nb"), "value of a header"),
        (get().header("", "x"), "header name"),
        (get().basic_auth("a:b", "c"), "colon"),
        (get().bearer("a\nb"), "bearer token"),
        (get().header("x-bad", "a\nb"), "value of a header"),
        (get().header("x-bad", "a\0b"), "value of a header"),
        (get().header("x\r\nbad", "a"), "header name"),
        (get().basic_auth("a\r\nb", "c"), "CR, LF and NUL"),
        (get().basic_auth("a", "c\n"), "CR, LF and NUL"),
        (get().basic_auth("a", "\0"), "CR, LF and NUL"),
        (get().bearer("a\r\nb"), "bearer token"),
        (get().bearer("\0"), "bearer token"),
        (with_user("a%0d%0ab:c"), "CR, LF and NUL"),
        (with_user("a:%0A"), "CR, LF and NUL"),
        (with_user("%00"), "CR, LF and NUL"),
        (get().require("code", 0), "a pointer begins with /"),
        (get().require("a/b", 0), "a pointer begins with /"),
        (get().require("#/code", 0), "a pointer begins with /"),
        (get().json(&unwritable), "JSON"),
        (by("BAD METHOD"), "method is not valid"),
        (by("GET\r\nX: y"), "is not valid"),
        (by("GET\0"), "is not valid"),
        (by("CONNECT"), "tunnel"),
        (by("connect"), "tunnel"),
        (by("cOnNeCt"), "tunnel"),
        (
            get().retry(RetryPolicy::default().max_attempts(0)),
            "max_attempts",
        ),
    ];
    let parts: Vec<&str> = bad.iter().map(|(_, part)| *part).collect();
    let count = bad.len();
    let mut requests: Vec<Request> = bad.into_iter().map(|(request, _)| request).collect();
    requests.extend((0..5).map(|_| get()));
    let client = client(2);
    let outcomes: Vec<_> = client.as_completed(requests).collect();
    assert_eq!(
        indices(&outcomes),
        (0..count as u64 + 5).collect::<Vec<_>>()
    );
    for outcome in &outcomes {
        let Some(part) = parts.get(outcome.index() as usize) else {
            assert!(outcome.is_success(), "{outcome:?}");
            continue;
        };
        let error = error(outcome);
        assert_eq!(
            (error.layer(), error.error_type(), outcome.attempts()),
            (Layer::Local, ErrorType::InvalidRequest, 0),
            "{part}"
        );
        assert!(error.message().contains(part), "{part}: {error}");
    }
    assert_eq!(server.requests(), 5, "nothing of the others was sent");
}

#[test]
fn a_pointer_that_is_none_is_one_mistake() {
    let requests = ["code", "a/b"].map(|pointer| Request::get("http://h/").require(pointer, 0));
    let client = client(1);
    let outcomes: Vec<_> = client.map(requests).collect();
    let told = outcomes.iter().map(|outcome| {
        let error = error(outcome);
        (error.message(), error.text())
    });
    let reason = "require: a pointer begins with / (/code), or is empty";
    let expected = [(reason, Some("code")), (reason, Some("a/b"))];
    assert!(told.eq(expected), "{outcomes:?}");
}

#[test]
fn a_single_bad_request_fails_the_same_way() {
    let outcome = client(1).get("nowhere");
    assert_eq!(error(&outcome).error_type(), ErrorType::InvalidRequest);
    assert_eq!((outcome.index(), outcome.attempts()), (0, 0));
}

#[test]
fn a_batch_of_nothing_but_bad_requests_ends() {
    let client = client(1);
    let outcomes: Vec<_> = client.as_completed((0..3000).map(|_| "")).collect();
    assert_eq!(indices(&outcomes), (0..3000).collect::<Vec<_>>());
    let in_order = client.map((0..3000).map(|_| "")).map(|o| o.index());
    assert!(in_order.eq(0..3000));
}
