//! Credentials that expire, over loopback sockets: the calls of a token source, and the tokens that the server sees.

mod failing;
mod oauth2;
mod refused;
mod scope;
mod sending;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use haul::settings::{Token, TokenReason};
use haul::{Client, ClientBuilder, RetryPolicy};
use test_support::{Answer, Seen, Server};

/// Numbered calls of a source.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Calls {
    /// Counts a call, and returns its number from 1.
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None)
}

fn builder() -> ClientBuilder {
    Client::builder().workers(4).retry(quick())
}

/// Returns a builder whose source gives `t1`, `t2` and so on, without an expiry.
fn numbered(calls: &Calls) -> ClientBuilder {
    let calls = calls.clone();
    builder().token_source(move |_| Ok(Token::new(format!("t{}", calls.next()))))
}

/// Server that accepts only this token, with status 200.
fn accepting(token: &'static str) -> Server {
    Server::start(move |seen: &Seen| match seen.header("authorization") {
        Some(value) if value == format!("Bearer {token}") => Answer::text("ok"),
        _ => Answer::status(401),
    })
}

/// Returns the `Authorization` of each request to a path, in the order of arrival.
fn tokens(server: &Server, path: &str) -> Vec<Option<String>> {
    let seen = server.seen();
    let of_path = seen.iter().filter(|seen| seen.path() == path);
    of_path
        .map(|seen| seen.header("authorization").map(str::to_owned))
        .collect()
}

fn bearer(token: &str) -> Option<String> {
    Some(format!("Bearer {token}"))
}

#[test]
fn the_first_request_fetches_the_token_and_the_next_uses_it() {
    let (calls, server) = (Calls::default(), accepting("t1"));
    let client = numbered(&calls).build().unwrap();
    assert!(client.get(server.url("/a")).is_success());
    assert!(client.get(server.url("/a")).is_success());
    assert_eq!(calls.count(), 1);
    assert_eq!(tokens(&server, "/a"), [bearer("t1"), bearer("t1")]);
}

#[test]
fn a_source_is_told_why_it_is_called_and_for_which_host() {
    let server = accepting("t2");
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tells = Arc::clone(&told);
    let calls = Calls::default();
    let client = builder()
        .token_source(move |token| {
            let mut told = tells.lock().unwrap();
            told.push((token.host().to_string(), token.reason()));
            Ok(Token::new(format!("t{}", calls.next())))
        })
        .build()
        .unwrap();
    assert!(client.get(server.url("/")).is_success());
    let host = format!("http://{}", server.address());
    let expected = [
        (host.clone(), TokenReason::First),
        (host, TokenReason::Refused),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn a_token_that_lives_no_time_serves_one_request_for_each_call() {
    let (calls, server) = (Calls::default(), Server::always(Answer::text("ok")));
    let counted = calls.clone();
    let client = builder()
        .token_source(move |_| {
            Ok(Token::new(format!("t{}", counted.next())).expires_in(Duration::ZERO))
        })
        .build()
        .unwrap();
    let urls = (0..20).map(|_| server.url("/a"));
    assert_eq!(
        client.as_completed(urls).filter(|o| o.is_success()).count(),
        20
    );
    assert_eq!(calls.count(), 20);
}
