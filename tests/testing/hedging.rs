//! Second requests by a virtual clock: which requests have one, and what it pays.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use haul::settings::{Jitter, Judgement, RetryBudget, Token};
use haul::testing::{Call, Script, fail, get, status, text};
use haul::{Client, ClientBuilder, ErrorType, Request, RetryPolicy};
use test_support::Folder;

const SLOW: &str = "http://h/slow";

const WORKERS: usize = 4;

/// Number of answers after which 20 are known: each worker may still have to tell of its last.
const ENOUGH: usize = 20 + WORKERS;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A virtual clock, and a script whose first 20 answers to `/warm` take 1 s.
fn known() -> Script {
    let mut script = Script::new().on(get("/warm"), status(200)).delay(secs(1));
    for _ in 1..20 {
        script = script.then(status(200)).delay(secs(1));
    }
    script.then(status(200)).virtual_clock()
}

/// A script whose first answer to `/slow` takes 20 s, and the second 1 s.
fn script() -> Script {
    known()
        .on(get("/slow"), text(200, "first"))
        .delay(secs(20))
        .then(text(200, "second"))
        .delay(secs(1))
}

fn policy() -> RetryPolicy {
    RetryPolicy::none().hedge(true)
}

/// Builds a client that knows how long the answers of the script take.
fn warm(script: &Script, builder: ClientBuilder) -> Client {
    let builder = builder.workers(WORKERS).transport(script.clone());
    let client = builder.build().unwrap();
    for _ in 0..ENOUGH {
        assert!(client.get("http://h/warm").is_success());
    }
    client
}

fn hedging(script: &Script) -> Client {
    warm(script, Client::builder().retry(policy()))
}

/// Number of requests for this path that the script has seen.
fn seen(script: &Script, path: &str) -> usize {
    let calls = script.calls();
    let of_path = |call: &&Call| call.url().ends_with(path);
    calls.iter().filter(of_path).count()
}

#[test]
fn a_second_request_is_sent_exactly_when_the_time_of_most_answers_has_passed() {
    let script = script();
    let client = hedging(&script);
    let outcome = client.get(SLOW);
    assert!(outcome.is_hedged());
    assert_eq!(outcome.success().unwrap().text(), "second");
    assert_eq!(outcome.total(), secs(1 + 1));
}

#[test]
fn a_first_answer_that_is_not_accepted_waits_for_the_second() {
    let script = known()
        .on(get("/slow"), status(500))
        .delay(secs(5))
        .then(text(200, "second"))
        .delay(secs(10));
    let outcome = hedging(&script).get(SLOW);
    assert_eq!(outcome.success().unwrap().text(), "second");
    assert_eq!(outcome.total(), secs(1 + 10));
}

#[test]
fn a_cancel_ends_the_wait_for_the_second_answer() {
    let script = known()
        .on(get("/slow"), status(500))
        .delay(secs(5))
        .then(text(200, "second"))
        .delay(secs(25));
    let client = hedging(&script);
    let handle = client.submit(SLOW).unwrap();
    // The first answer has come by then.
    assert!(handle.wait_timeout(secs(10)).is_err());
    assert!(handle.cancel());
    assert!(handle.wait().is_cancelled());
    assert!(client.get("http://h/warm").is_success());
}

/// A budget of one token that never grows.
fn one_token() -> RetryBudget {
    let budget = RetryBudget::new().reserve(1.0);
    budget.per_request(0.0).per_second(0.0)
}

#[test]
fn no_second_request_is_paid_for_while_a_hook_judges_the_first() {
    let script = known()
        .on(get("/slow"), fail(ErrorType::Connect))
        .then(text(200, "again"));
    let own: Arc<OnceLock<Client>> = Arc::default();
    let of_hook = Arc::clone(&own);
    let policy = RetryPolicy::default()
        .hedge(true)
        .jitter(Jitter::None)
        .classify(move |attempt| {
            if attempt.error.is_some() && attempt.attempt == 1 {
                // The second request would be due meanwhile.
                let client = of_hook.get().unwrap();
                client.send(Request::get("http://other/warm").no_retry());
                client.send(Request::get("http://other/warm").no_retry());
            }
            None::<Judgement>
        });
    let builder = Client::builder().retry(policy.budget(one_token()));
    let client = warm(&script, builder);
    assert!(own.set(client.clone()).is_ok());
    let outcome = client.get(SLOW);
    assert_eq!(outcome.success().map(|r| r.text()), Some("again".into()));
    assert_eq!(outcome.attempts(), 2);
}

#[test]
fn the_request_of_a_token_source_is_hedged_without_the_hooks_of_the_client() {
    let script = script();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let builder = Client::builder()
        .retry(RetryPolicy::none())
        .before_attempt(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .token_source(|token| {
            let mut text = String::new();
            for _ in 0..ENOUGH {
                token.send(Request::get("http://h/warm").retry(policy()));
            }
            let outcome = token.send(Request::get(SLOW).retry(policy()));
            text.push_str(match outcome.is_hedged() {
                true => "hedged",
                false => "alone",
            });
            Ok(Token::new(text))
        });
    let client = builder.workers(WORKERS).transport(script.clone());
    let client = client.build().unwrap();
    assert!(client.get("http://h/warm").is_success());
    assert_eq!(seen(&script, "/slow"), 2);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let last = script.calls().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer hedged"));
    let of_source = script.calls();
    let mut of_source = of_source.iter().filter(|call| call.url() == SLOW);
    assert!(of_source.all(|call| call.header("authorization").is_none()));
}

/// Asserts that a request to `/slow` is sent once, and brings the first answer.
#[track_caller]
fn is_sent_once(change: impl FnOnce(Request) -> Request) {
    let script = script();
    let client = hedging(&script);
    let outcome = client.send(change(Request::get(SLOW)));
    assert!(outcome.is_success(), "{outcome:?}");
    assert!(!outcome.is_hedged());
    assert_eq!(outcome.total(), secs(20));
    assert_eq!(seen(&script, "/slow"), 1);
}

#[test]
fn a_request_whose_body_is_saved_is_not_hedged() {
    let folder = Folder::new();
    is_sent_once(|request| request.save_to(folder.path().join("body")));
}

#[test]
fn a_request_whose_body_is_handed_on_is_not_hedged() {
    is_sent_once(|request| request.on_chunk(|_| ControlFlow::Continue(())));
    is_sent_once(|request| request.on_event(|_| ControlFlow::Continue(())));
    is_sent_once(|request| request.on_line(|_| ControlFlow::Continue(())));
}

#[test]
fn a_request_whose_body_can_be_read_only_once_is_not_hedged() {
    let read = || std::io::Cursor::new("once");
    is_sent_once(|request| request.body_stream(read(), None));
    is_sent_once(|request| request.body_reader(read()));
}

#[test]
fn a_request_of_a_process_batch_is_not_hedged() {
    let script = script();
    let client = hedging(&script);
    let texts = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&texts);
    let mut outcomes = client.process([SLOW], move |response| {
        kept.lock().unwrap().push(response.text().to_string());
        Ok::<_, std::convert::Infallible>(())
    });
    assert!(!outcomes.next().unwrap().is_hedged());
    assert_eq!(*texts.lock().unwrap(), ["first"]);
    assert_eq!(seen(&script, "/slow"), 1);
}

#[test]
fn a_request_with_digest_authentication_is_not_hedged() {
    is_sent_once(|request| request.digest_auth("ada", "sesame"));
}
