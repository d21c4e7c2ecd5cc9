//! Sources that fail: errors, panics, tokens that may not be sent.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use haul::{ErrorType, HostRule, Layer, Request};

/// Error of a source that a program may look for.
#[derive(Debug, thiserror::Error)]
#[error("no such account")]
struct NoAccount;

#[test]
fn three_failed_calls_fail_the_request_with_class_auth_and_keep_the_error() {
    let (calls, server) = (Calls::default(), Server::always(Answer::text("ok")));
    let counted = calls.clone();
    let client = builder()
        .token_source(move |_| {
            counted.next();
            Err(NoAccount.into())
        })
        .build()
        .unwrap();
    let outcome = client.get(server.url("/"));
    let error = outcome.error().unwrap();
    assert_eq!(
        (error.error_type(), error.layer()),
        (ErrorType::Auth, Layer::Local)
    );
    assert!(error.source().unwrap().is::<NoAccount>());
    assert_eq!(error.message(), "the token source failed: no such account");
    assert_eq!(
        (calls.count(), outcome.attempts(), server.requests()),
        (3, 0, 0)
    );
}

#[test]
fn the_next_request_begins_anew() {
    let (calls, server) = (Calls::default(), accepting("t4"));
    let counted = calls.clone();
    let client = builder()
        .token_source(move |_| match counted.next() {
            1..=3 => Err(NoAccount.into()),
            n => Ok(Token::new(format!("t{n}"))),
        })
        .build()
        .unwrap();
    assert!(client.get(server.url("/")).is_failed());
    assert!(client.get(server.url("/")).is_success());
    assert_eq!(calls.count(), 4);
}

#[test]
fn a_source_that_fails_once_costs_the_request_nothing() {
    let (calls, server) = (Calls::default(), accepting("t2"));
    let counted = calls.clone();
    let client = builder()
        .token_source(move |_| match counted.next() {
            1 => Err(NoAccount.into()),
            n => Ok(Token::new(format!("t{n}"))),
        })
        .build()
        .unwrap();
    let outcome = client.get(server.url("/"));
    assert!(outcome.is_success());
    assert_eq!((outcome.attempts(), calls.count()), (1, 2));
}

#[test]
fn all_requests_that_wait_fail_together() {
    let (calls, server) = (Calls::default(), Server::always(Answer::text("ok")));
    let counted = calls.clone();
    let client = builder()
        .token_source(move |_| {
            counted.next();
            Err(NoAccount.into())
        })
        .build()
        .unwrap();
    let urls = (0..100).map(|_| server.url("/"));
    let outcomes: Vec<_> = client.as_completed(urls).collect();
    let is_auth = |o: &&haul::Outcome| o.error().is_some_and(|e| e.error_type() == ErrorType::Auth);
    assert_eq!(outcomes.iter().filter(is_auth).count(), 100);
    assert!(
        outcomes
            .iter()
            .all(|o| o.error().unwrap().source().unwrap().is::<NoAccount>())
    );
    assert!(calls.count() <= 12, "{} calls", calls.count());
}

#[test]
fn a_panic_of_the_source_is_a_failure_and_the_workers_live() {
    let (panics, server) = (AtomicBool::new(true), accepting("t"));
    let stops = Arc::new(panics);
    let panics = Arc::clone(&stops);
    let client = builder()
        .workers(1)
        .token_source(move |_| match panics.load(Ordering::SeqCst) {
            true => panic!("on purpose"),
            false => Ok(Token::new("t")),
        })
        .build()
        .unwrap();
    let outcome = client.get(server.url("/"));
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Auth);
    assert!(error.message().contains("on purpose"), "{error}");
    stops.store(false, Ordering::SeqCst);
    assert!(client.get(server.url("/")).is_success());
}

#[test]
fn a_token_that_may_not_be_sent_is_a_failure_that_does_not_show_it() {
    for (text, said) in [
        ("", "empty"),
        (
            "sesame\r\nx: y",
            "it holds a carriage return, which may not be sent (visible ASCII is expected)",
        ),
        ("sesame\n", "holds a line feed"),
        ("sesam\u{e9}", "holds a character that is not ASCII"),
        ("ses\u{1}ame", "holds a control character"),
    ] {
        let client = builder()
            .token_source(move |_| Ok(Token::new(text)))
            .build()
            .unwrap();
        let outcome = client.get("http://127.0.0.1:1/");
        let error = outcome.error().unwrap();
        assert_eq!(error.error_type(), ErrorType::Auth);
        assert!(error.message().contains(said), "{error}");
        assert!(
            !format!("{error:?} {outcome:?}").contains("ses"),
            "{error:?}"
        );
    }
}

#[test]
fn requests_wait_for_a_failing_source_within_their_deadlines() {
    let slow = RetryPolicy::default()
        .backoff(Duration::from_secs(3600), Duration::from_secs(3600))
        .jitter(haul::settings::Jitter::None);
    let client = builder()
        .retry(slow.clone())
        .token_source(|_| Err(NoAccount.into()))
        .build()
        .unwrap();
    let limited = slow.deadline(Duration::from_millis(50));
    let outcome = client.send(Request::get("http://127.0.0.1:1/").retry(limited));
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Deadline);
    let said = "the deadline passed while it waited for a token from its token source";
    assert!(error.message().starts_with(said), "{error}");
}

#[test]
fn a_request_whose_token_is_refused_and_not_renewed_fails_with_class_auth() {
    let (calls, server) = (Calls::default(), accepting("none"));
    let counted = calls.clone();
    let client = builder()
        .token_source(move |_| match counted.next() {
            1 => Ok(Token::new("t1")),
            _ => Err(NoAccount.into()),
        })
        .build()
        .unwrap();
    let outcome = client.get(server.url("/"));
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Auth);
    assert_eq!(error.status(), Some(401));
    assert_eq!((outcome.attempts(), calls.count()), (1, 4));
}

#[test]
fn a_rule_without_a_valid_login_is_refused_by_build() {
    use haul::settings::OAuth2;
    for (login, said) in [
        (
            OAuth2::client_credentials("no url", "id", "secret"),
            "token URL",
        ),
        (
            OAuth2::client_credentials("http://h/", "", "secret"),
            "id is empty",
        ),
        (
            OAuth2::client_credentials("http://h/", "id", "secret").param("scope", "x"),
            "param: scope=x: the login sets scope by itself",
        ),
        (
            OAuth2::client_credentials("http://h/", "id", "secret")
                .param("client_secret", "secret\""),
            "param: client_secret=***: the login",
        ),
    ] {
        let error = builder().oauth2(login.clone()).build().unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        let rule = HostRule::new().oauth2(login);
        let error = builder().host_rule("*", rule).build().unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(!format!("{error:?}").contains("secret\""), "{error:?}");
    }
}
