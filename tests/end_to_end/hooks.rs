//! Hooks around attempts: what they may do, return and break.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haul::{Client, ErrorType, Layer, Request, StopReason};
use test_support::{Answer, Scenario, Server, quick_retries};

#[test]
fn a_hook_signs_each_attempt_anew() {
    let server = Scenario::new()
        .on("/*", Answer::status(503).times(2).then(Answer::text("")))
        .start();
    let client = Client::builder()
        .workers(1)
        .retry(quick_retries())
        .before_attempt(|outgoing| {
            let stamp = haul::http::HeaderValue::from(outgoing.attempt);
            outgoing.headers.append("x-attempt", stamp);
        })
        .build()
        .unwrap();
    assert!(client.get(server.url("/a")).is_success());
    let stamps: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.header("x-attempt").map(str::to_owned))
        .collect();
    assert_eq!(
        stamps,
        [Some("1".into()), Some("2".into()), Some("3".into())]
    );
}

#[test]
fn a_hook_holds_no_permit_while_it_sends() {
    let server = Scenario::new()
        .on("/*", Answer::text("").after(Duration::from_millis(5)))
        .start();
    let sender = Arc::new(Mutex::new(None::<Client>));
    let client = {
        let (sender, token) = (Arc::clone(&sender), server.url("/token"));
        Client::builder()
            .workers(4)
            .max_per_host(1)
            .before_attempt(move |outgoing| {
                if outgoing.uri.path() != "/token" {
                    let client = sender.lock().unwrap().clone().unwrap();
                    assert!(client.get(token.as_str()).is_success());
                    let signed = haul::http::HeaderValue::from_static("1");
                    outgoing.headers.append("x-signed", signed);
                }
            })
            .build()
            .unwrap()
    };
    *sender.lock().unwrap() = Some(client.clone());
    let outcomes = client.as_completed((0..8).map(|i| server.url(&format!("/{i}"))));
    assert!(
        outcomes
            .into_iter()
            .all(|outcome| outcome.is_success() && outcome.attempts() == 1)
    );
    sender.lock().unwrap().take();
    assert_eq!(server.requests_to("/token"), 8, "signed once for each");
    let signed = server.seen();
    let signed = signed.iter().filter(|seen| seen.path() != "/token");
    assert!(
        signed.clone().count() == 8
            && signed
                .clone()
                .all(|s| s.all_headers("x-signed").count() == 1)
    );
    assert_eq!(server.most_at_once_on(0), 1);
}

#[test]
fn a_hook_that_panics_loses_no_outcome() {
    let server = Scenario::new()
        .on("/*", Answer::status(503).times(2).then(Answer::text("")))
        .start();
    let told = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::new(AtomicUsize::new(0));
    let client = {
        let (told, calls) = (Arc::clone(&told), Arc::clone(&calls));
        Client::builder()
            .workers(1)
            .retry(quick_retries())
            .on_retry(move |retrying| {
                told.lock().unwrap().push((
                    retrying.attempt,
                    retrying.max_attempts,
                    retrying.error.status(),
                ));
                if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                    panic!("no");
                }
            })
            .build()
            .unwrap()
    };
    assert!(client.get(server.url("/a")).is_success());
    assert_eq!(
        *told.lock().unwrap(),
        [(1, 3, Some(503)), (2, 3, Some(503))]
    );
    let panicking = Client::builder()
        .before_attempt(|_| panic!("unsigned"))
        .build()
        .unwrap();
    let outcome = panicking.get(server.url("/b"));
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Panic);
    assert_eq!(server.requests_to("/b"), 0);
}

#[derive(Debug)]
struct NoKey(u32);

impl std::fmt::Display for NoKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no key for attempt {}", self.0)
    }
}

impl std::error::Error for NoKey {}

#[test]
fn a_hook_that_fails_ends_the_request_unsent_with_its_error() {
    let server = Server::always(Answer::status(503));
    let client = Client::builder()
        .workers(2)
        .retry(quick_retries())
        .before_attempt(|outgoing| match outgoing.uri.path() {
            "/first" => Err(NoKey(outgoing.attempt)),
            "/second" if outgoing.attempt == 2 => Err(NoKey(outgoing.attempt)),
            _ => Ok(()),
        })
        .build()
        .unwrap();
    for (path, attempts) in [("/first", 0), ("/second", 1)] {
        for request in [
            Request::get(server.url(path)),
            Request::post(server.url(path)).idempotent(true),
        ] {
            let outcome = client.send(request);
            let failed = outcome.error().unwrap();
            assert_eq!(
                (failed.layer(), failed.error_type(), failed.stop_reason()),
                (
                    Layer::Application,
                    ErrorType::Sign,
                    Some(StopReason::NotRetryable)
                )
            );
            assert_eq!(outcome.attempts(), attempts, "{path}");
            assert_eq!(outcome.attempt_log().len(), attempts as usize);
            let source = std::error::Error::source(failed).unwrap();
            let NoKey(attempt) = source.downcast_ref().unwrap();
            assert_eq!(*attempt, attempts + 1);
            assert_eq!(failed.message(), format!("no key for attempt {attempt}"));
            let record = haul::record::Record::new(&outcome, &Default::default());
            let line = serde_json::to_value(&record).unwrap();
            assert_eq!(
                (&line["error_type"], &line["layer"]),
                (&"sign".into(), &"application".into())
            );
        }
    }
    assert_eq!(
        (server.requests_to("/first"), server.requests_to("/second")),
        (0, 2)
    );
}

#[test]
fn hooks_may_return_nothing_a_result_or_never() {
    let _ = Client::builder().before_attempt(|_| {});
    let _ = Client::builder().before_attempt(|_| Ok::<_, std::fmt::Error>(()));
    let _ = Client::builder().before_attempt(
        |_| -> Result<(), Box<dyn std::error::Error + Send + Sync>> { Err("no key".into()) },
    );
    let _ = Client::builder().before_attempt(|_| Err::<(), _>("no key"));
    let _ = Client::builder().before_attempt(|_| panic!("no key"));
}
