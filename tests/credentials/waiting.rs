//! Requests that wait for a token.

use super::*;
use haul::{ErrorType, Shutdown};
use test_support::Gate;

/// Returns a builder whose source waits at a gate.
fn gated(gate: &Gate, calls: &Calls) -> ClientBuilder {
    let (gate, calls) = (gate.clone(), calls.clone());
    builder().token_source(move |_| {
        calls.next();
        gate.pass(|| false);
        Ok(Token::new("t"))
    })
}

#[test]
fn requests_without_a_need_for_the_token_run_while_it_is_fetched() {
    let (gate, calls) = (Gate::closed(), Calls::default());
    let server = Server::always(Answer::text("ok"));
    let client = gated(&gate, &calls).workers(1).build().unwrap();
    let waits = client.submit(server.url("/waits")).unwrap();
    gate.wait_for(1);
    let own = haul::Request::get(server.url("/own")).bearer("own");
    assert!(client.send(own).is_success());
    assert!(!waits.is_done() && !waits.is_running());
    gate.open();
    assert!(waits.wait().is_success());
}

#[test]
fn one_call_serves_all_requests_that_wait() {
    let (gate, calls) = (Gate::closed(), Calls::default());
    let server = Server::always(Answer::text("ok"));
    let client = gated(&gate, &calls).workers(64).build().unwrap();
    let waiting: Vec<_> = (0..1_000)
        .map(|_| client.submit(server.url("/a")).unwrap())
        .collect();
    gate.wait_for(1);
    gate.open();
    assert!(waiting.iter().all(|handle| handle.wait().is_success()));
    assert_eq!(calls.count(), 1);
}

#[test]
fn a_deadline_that_passes_in_the_wait_names_the_source() {
    let gate = Gate::closed();
    let server = Server::always(Answer::json(r#"{"access_token": "t"}"#).behind(&gate));
    let url = server.url("/token");
    let login = haul::settings::OAuth2::client_credentials(&url, "id", "secret");
    let deadline = quick().deadline(Duration::from_millis(50));
    let client = builder().retry(deadline).oauth2(login).build().unwrap();
    let outcome = client.get("http://127.0.0.1:1/");
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Deadline);
    let said = format!("the deadline passed while it waited for a token from {url}");
    assert_eq!(error.message(), said);
    gate.open();
}

#[test]
fn a_deadline_that_passes_in_the_wait_after_a_401_keeps_the_401() {
    let (gate, calls) = (Gate::closed(), Calls::default());
    let (held, counted) = (gate.clone(), calls.clone());
    let server = accepting("t2");
    let deadline = quick().deadline(Duration::from_millis(500));
    let client = builder()
        .retry(deadline)
        .token_source(move |_| {
            if counted.next() > 1 {
                held.pass(|| false);
            }
            Ok(Token::new("t1"))
        })
        .build()
        .unwrap();
    let outcome = client.get(server.url("/"));
    let error = outcome.error().unwrap();
    assert_eq!(error.status(), Some(401));
    assert_eq!(error.stop_reason(), Some(haul::StopReason::Deadline));
    let said =
        "401 Unauthorized; the deadline passed while it waited for a token from its token source";
    assert_eq!(error.message(), said);
    gate.open();
}

#[test]
fn a_request_that_waits_can_be_cancelled() {
    let (gate, calls) = (Gate::closed(), Calls::default());
    let client = gated(&gate, &calls).build().unwrap();
    let waits = client.submit("http://127.0.0.1:1/").unwrap();
    gate.wait_for(1);
    assert!(waits.cancel());
    assert_eq!(
        waits.wait().error().unwrap().error_type(),
        ErrorType::Cancelled
    );
    gate.open();
}

#[test]
fn a_shutdown_cancels_the_requests_that_wait() {
    let (gate, calls) = (Gate::closed(), Calls::default());
    let client = gated(&gate, &calls).build().unwrap();
    let waits = client.submit("http://127.0.0.1:1/").unwrap();
    gate.wait_for(1);
    client.shutdown(Shutdown::Abort, Some(Duration::from_millis(1)));
    assert!(waits.is_cancelled());
    gate.open();
}

#[test]
fn a_batch_that_is_dropped_leaves_the_client_usable() {
    let (gate, calls) = (Gate::closed(), Calls::default());
    let server = accepting("t");
    let client = gated(&gate, &calls).build().unwrap();
    let mut outcomes = client
        .as_completed((0..100).map(|_| server.url("/a")))
        .timeout(Duration::from_millis(20));
    assert!(outcomes.next().unwrap().is_err());
    drop(outcomes);
    gate.open();
    assert!(client.get(server.url("/a")).is_success());
}

#[test]
fn outcomes_in_input_order_come_although_the_oldest_waits_for_a_token() {
    let server = accepting("t1");
    for window in [1, 2, 10] {
        let calls = Calls::default();
        let client = numbered(&calls).window(window).build().unwrap();
        let urls = (0..30).map(|_| server.url("/a"));
        assert_eq!(client.map(urls).filter(|o| o.is_success()).count(), 30);
        assert_eq!(calls.count(), 1);
    }
}
