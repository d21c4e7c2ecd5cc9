//! Time limits, by the phase in which they expire.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use haul::batch::{End, Refusal};
use haul::{ErrorType, Layer, Phase, Request, StopReason, Timeouts};
use test_support::{Answer, Scenario, Server, builder, client, error, quick_retries};

use super::verdict;

const SHORT: Duration = Duration::from_millis(150);

/// Time that is far more than the limits of these tests, and far less than any default.
const FAR: Duration = Duration::from_secs(8);

#[test]
fn no_answer_within_the_limit_is_a_timeout_in_phase_wait_repeated_if_safe() {
    let server = Server::always(Answer::never());
    let limits = Timeouts::new().attempt(SHORT);
    let client = builder(1).timeouts(limits).build().unwrap();
    let started = Instant::now();
    let got = client.get(server.url("/get"));
    assert_eq!(
        verdict(&got),
        (
            Layer::Network,
            ErrorType::Timeout,
            3,
            Some(StopReason::AttemptsExhausted)
        )
    );
    assert_eq!(error(&got).phase(), Some(Phase::Wait));
    assert!(got.elapsed() >= SHORT && started.elapsed() < FAR);
    let waited = got.timings().wait;
    assert!(waited > SHORT / 2 && waited <= got.elapsed(), "{waited:?}");
    let posted = client.send(Request::post(server.url("/post")).text("x"));
    assert_eq!(
        verdict(&posted),
        (
            Layer::Network,
            ErrorType::Timeout,
            1,
            Some(StopReason::MethodNotIdempotent)
        )
    );
    assert_eq!(
        (server.requests_to("/get"), server.requests_to("/post")),
        (3, 1)
    );
}

#[test]
fn a_body_that_takes_too_long_is_a_timeout_in_phase_receive_with_what_came() {
    let drip = Answer::text("x".repeat(1000)).dripping(1, Duration::from_millis(20));
    let server = Server::always(drip);
    let request = Request::get(server.url("/"))
        .timeouts(Timeouts::new().attempt(SHORT))
        .no_retry();
    let outcome = client(1).send(request);
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Network,
            ErrorType::Timeout,
            1,
            Some(StopReason::AttemptsExhausted)
        )
    );
    assert_eq!(error(&outcome).phase(), Some(Phase::Receive));
    assert_eq!(error(&outcome).status(), Some(200));
}

#[test]
fn a_read_limit_lets_a_slow_body_pass_that_never_pauses_for_long() {
    let server = Scenario::new()
        .on(
            "/steady",
            Answer::text("x".repeat(10)).dripping(1, Duration::from_millis(30)),
        )
        .on("/stalled", Answer::text("xx").dripping(1, FAR))
        .start();
    let limits = Timeouts::new().read(Duration::from_secs(2));
    let client = builder(2)
        .timeouts(limits)
        .retry(quick_retries().max_attempts(1))
        .build()
        .unwrap();
    assert!(client.get(server.url("/steady")).is_success());
    let limits = Timeouts::new().read(SHORT);
    let stalled = client.send(Request::get(server.url("/stalled")).timeouts(limits));
    assert_eq!(error(&stalled).error_type(), ErrorType::Timeout);
    assert_eq!(error(&stalled).phase(), Some(Phase::Receive));
}

#[test]
#[cfg(feature = "rustls")]
fn a_handshake_nobody_answers_is_a_timeout_in_phase_tls() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", silent.local_addr().unwrap());
    let request = Request::post(url)
        .text("x")
        .timeouts(Timeouts::new().connect(SHORT));
    let outcome = client(1).send(request);
    assert_eq!(
        verdict(&outcome),
        (
            Layer::Network,
            ErrorType::Timeout,
            3,
            Some(StopReason::AttemptsExhausted)
        ),
        "nothing was sent, so a POST may be repeated"
    );
    assert_eq!(error(&outcome).phase(), Some(Phase::Tls));
}

#[test]
fn a_request_nobody_reads_is_a_timeout_in_phase_send() {
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let request = Request::put(format!("http://{}/", deaf.local_addr().unwrap()))
        .body(vec![0; 32 << 20])
        .timeouts(Timeouts::new().attempt(SHORT))
        .no_retry();
    let outcome = client(1).send(request);
    assert_eq!(error(&outcome).error_type(), ErrorType::Timeout);
    assert_eq!(error(&outcome).phase(), Some(Phase::Send));
}

#[test]
fn queued_work_expires_on_time_although_every_worker_is_busy() {
    let server = Scenario::new()
        .on("/busy", Answer::never())
        .on("/sick", Answer::status(500))
        .start();
    // The first attempt starts its clock; the second waits behind a request that takes long.
    let policy = quick_retries()
        .backoff(SHORT, SHORT)
        .jitter(haul::settings::Jitter::None)
        .deadline(2 * SHORT);
    let client = builder(1)
        .retry(policy)
        .timeouts(Timeouts::new().attempt(FAR))
        .build()
        .unwrap();
    let busy = Request::get(server.url("/busy")).retry(quick_retries().max_attempts(1));
    let started = Instant::now();
    let mut outcomes = client.as_completed([Request::get(server.url("/sick")), busy]);
    let first = outcomes.next().unwrap();
    assert_eq!((first.index(), first.attempts()), (0, 1));
    assert_eq!(error(&first).stop_reason(), Some(StopReason::Deadline));
    assert_eq!(error(&first).status(), Some(500), "the real failure");
    assert!(started.elapsed() < FAR);
    drop(outcomes);
}

#[test]
fn a_batch_whose_feeder_is_silent_ends_at_its_deadline() {
    for ordered in [false, true] {
        let client = client(1);
        let (intake, outcomes) = match ordered {
            true => client.ordered_channel(),
            false => client.channel(),
        };
        let mut outcomes = outcomes.deadline(SHORT);
        assert!(outcomes.next().is_none());
        assert_eq!(outcomes.end(), Some(End::Deadline));
        let refused = intake.send("http://a.invalid/").unwrap_err();
        assert_eq!(refused.why(), Refusal::Closed);
    }
}

#[test]
fn outcomes_that_came_before_the_feeder_fell_silent_are_handed_out() {
    let server = Server::always(Answer::text("fine"));
    let client = client(1);
    let (intake, outcomes) = client.channel();
    intake.send(server.url("/1")).unwrap();
    intake.send(server.url("/2")).unwrap();
    let mut outcomes = outcomes.deadline(Duration::from_secs(2));
    let succeeded = outcomes.by_ref().filter(haul::Outcome::is_success).count();
    assert_eq!(succeeded, 2);
    assert_eq!(outcomes.end(), Some(End::Deadline));
}

#[test]
fn a_batch_that_waits_for_its_last_answer_reads_no_more_after_its_deadline() {
    let server = Server::always(Answer::never());
    let client = client(1);
    let mut read = 0;
    let input = std::iter::repeat_with(|| {
        read += 1;
        server.url("/")
    });
    let mut outcomes = client.as_completed(input.take(1)).deadline(SHORT);
    let outcome = outcomes.next().unwrap();
    assert!(outcome.is_not_done());
    assert!(outcomes.next().is_none());
    assert_eq!(outcomes.end(), Some(End::Deadline));
    drop(outcomes);
    assert_eq!(read, 1);
}
