//! Clients over a transport of the caller's own: the requests that the transport gets, and the outcomes of its
//! responses.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haul::http::{Method, Response};
use haul::unversioned::{Call, ExchangeResult, Fault, Transport, WireFacts};
use haul::{Client, ClientBuilder, ErrorType, Phase, Request, RetryPolicy, State, StopReason};

/// A transport that answers each call as the closure says.
struct Fake<F>(F);

impl<F: Fn(&Call<'_>) -> ExchangeResult + Send + Sync> Transport for Fake<F> {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        (self.0)(call)
    }
}

fn over(answer: impl Fn(&Call<'_>) -> ExchangeResult + Send + Sync + 'static) -> ClientBuilder {
    let quick = RetryPolicy::default().backoff(Duration::ZERO, Duration::ZERO);
    Client::builder()
        .workers(4)
        .retry(quick)
        .transport(Fake(answer))
}

fn once(answer: impl Fn(&Call<'_>) -> ExchangeResult + Send + Sync + 'static) -> Client {
    over(answer).retry(RetryPolicy::none()).build().unwrap()
}

fn ok(call: &Call<'_>, body: &str) -> ExchangeResult {
    call.receive(Response::new(body.as_bytes())).into()
}

/// A path in the temporary directory at which no file is, removed at the end.
struct Path(PathBuf);

impl Path {
    fn new() -> Path {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("haul-unversioned-{}-{number}", std::process::id());
        Path(std::env::temp_dir().join(name))
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A reader that gives some bytes, and then an error.
struct Breaking(&'static [u8]);

impl Read for Breaking {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0 {
            [] => Err(io::Error::other("the tape is torn")),
            _ => self.0.read(into),
        }
    }
}

#[test]
fn each_request_of_a_batch_gets_one_outcome() {
    let client = over(|call| match call.uri().path() {
        "/fault" => Fault::new(ErrorType::Tls, Phase::Tls, "no trust")
            .permanent()
            .into(),
        path => ok(call, path),
    });
    let client = client.build().unwrap();
    let paths = (0..100).map(|i| match i % 10 {
        0 => "http://h/fault".to_owned(),
        _ => format!("http://h/{i}"),
    });
    let (mut good, mut bad) = (0, 0);
    for outcome in client.as_completed(paths) {
        match outcome.state() {
            State::Success(response) => {
                assert!(outcome.url().ends_with(&*response.text()));
                good += 1;
            }
            _ => bad += 1,
        }
    }
    assert_eq!((good, bad), (90, 10));
}

#[test]
fn a_fault_becomes_an_error_with_its_class_phase_message_and_source() {
    let client = once(|_| {
        Fault::new(ErrorType::Dns, Phase::Resolve, "no such name: h")
            .permanent()
            .because(io::Error::other("asked twice"))
            .into()
    });
    let outcome = client.get("http://h/");
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Dns);
    assert_eq!(error.phase(), Some(Phase::Resolve));
    assert_eq!(error.message(), "no such name: h");
    let source = std::error::Error::source(error).unwrap();
    assert_eq!(source.to_string(), "asked twice");
}

#[test]
fn a_fault_is_tried_again_unless_it_is_permanent() {
    for (permanent, calls) in [(false, 3), (true, 1)] {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let client = over(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            let fault = Fault::new(ErrorType::Connect, Phase::Connect, "refused");
            match permanent {
                true => fault.permanent().into(),
                false => fault.into(),
            }
        });
        let policy = RetryPolicy::default()
            .max_attempts(3)
            .backoff(Duration::ZERO, Duration::ZERO);
        let outcome = client.retry(policy).build().unwrap().get("http://h/");
        assert!(outcome.error().is_some());
        assert_eq!(count.load(Ordering::Relaxed), calls);
        assert_eq!(outcome.attempts(), calls as u32);
    }
}

#[test]
fn a_post_is_tried_again_only_if_nothing_of_it_was_sent() {
    for (sent, attempts) in [(0, 2), (10, 1)] {
        let client = over(move |_| {
            let fault = Fault::new(ErrorType::Connection, Phase::Send, "lost");
            ExchangeResult::from(fault).with_trace(WireFacts::new().connected(false).sent(sent))
        });
        let policy = RetryPolicy::default()
            .max_attempts(2)
            .backoff(Duration::ZERO, Duration::ZERO);
        let client = client.retry(policy).build().unwrap();
        let outcome = client.send(Request::post("http://h/").body("x"));
        assert_eq!(outcome.attempts(), attempts, "{sent}");
    }
}

#[test]
fn a_saved_body_stays_out_of_memory() {
    let size = 300_000;
    let client = once(move |call| {
        let body = io::repeat(b'x').take(size);
        call.receive(Response::new(body)).into()
    });
    let path = Path::new();
    let outcome = client.send(Request::get("http://h/").save_to(&path.0));
    let response = outcome.success().unwrap();
    let saved = response.saved().expect("the body goes to a file");
    assert_eq!(saved.size, size);
    assert_eq!(std::fs::metadata(&path.0).unwrap().len(), size);
    assert!(response.bytes().is_empty());
}

#[test]
fn a_reader_that_fails_leaves_no_file() {
    let client = once(|call| call.receive(Response::new(Breaking(b"half of it"))).into());
    let path = Path::new();
    let outcome = client.send(Request::get("http://h/").save_to(&path.0));
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::IncompleteBody);
    assert_eq!(error.phase(), Some(Phase::Receive));
    assert!(error.message().contains("the tape is torn"), "{error}");
    assert!(!path.0.exists());
}

#[test]
fn the_limit_for_bodies_holds() {
    let client = over(|call| call.receive(Response::new(io::repeat(b'x'))).into());
    let client = client.body_limit(1_000).build().unwrap();
    let outcome = client.get("http://h/");
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::BodyTooLarge);
    assert_eq!(outcome.attempts(), 1);
}

#[test]
fn a_status_that_is_not_accepted_fails_with_a_sample_of_its_body() {
    let client = once(|call| {
        let answer = Response::builder().status(500).body(io::repeat(b'x'));
        call.receive(answer.unwrap()).into()
    });
    let outcome = client.get("http://h/");
    assert_eq!(outcome.status(), Some(500));
    let response = outcome.error().unwrap().response().unwrap();
    assert_eq!(response.bytes().len(), 64 * 1024);
    assert!(response.is_truncated());
}

/// A body that must not be read.
struct Unread;

impl Read for Unread {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("the body of a response without one is read")
    }
}

#[test]
fn the_reader_of_a_response_without_a_body_is_not_read() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let client = once(move |call| {
            let response = Response::builder().status(status).body(Unread).unwrap();
            call.receive(response).into()
        });
        let outcome = client.send(Request::new(method, "http://h/"));
        assert_eq!(outcome.status(), Some(status), "{method}: {outcome:?}");
    }
}

#[test]
fn redirects_are_followed_without_reading_their_bodies() {
    let client = once(|call| match call.uri().path() {
        "/old" => {
            let answer = Response::builder().status(302).header("location", "/new");
            call.receive(answer.body(&b"moved"[..]).unwrap()).into()
        }
        path => ok(call, path),
    });
    let outcome = client.get("http://h/old");
    assert_eq!(outcome.success().unwrap().text(), "/new");
    assert_eq!(outcome.history().len(), 1);
}

#[test]
fn a_transport_sees_method_headers_and_body() {
    let (to, seen) = mpsc::channel();
    let to = Mutex::new(to);
    let client = once(move |call| {
        let mut body = call.body().unwrap();
        let length = body.length();
        let mut text = String::new();
        body.read_to_string(&mut text).unwrap();
        let header = call.headers()["x-a"].to_str().unwrap().to_owned();
        let sent = (call.method().clone(), header, length, text);
        to.lock().unwrap().send(sent).unwrap();
        ok(call, "")
    });
    let requests = [
        Request::put("http://h/").body("bytes"),
        Request::put("http://h/").body_stream(&b"once"[..], None),
        Request::get("http://h/"),
    ];
    for request in requests {
        assert!(client.send(request.header("X-A", "b")).is_success());
    }
    let seen: Vec<_> = seen.try_iter().collect();
    let sent = |method, length, text: &str| (method, "b".to_owned(), length, text.to_owned());
    let expected = [
        sent(Method::PUT, Some(5), "bytes"),
        sent(Method::PUT, None, "once"),
        sent(Method::GET, Some(0), ""),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_body_whose_file_is_missing_is_a_fault_that_names_it() {
    let client = once(|call| match call.body() {
        Ok(_) => ok(call, ""),
        Err(fault) => fault.into(),
    });
    let path = Path::new();
    let outcome = client.send(Request::put("http://h/").body_file(&path.0));
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::InvalidRequest);
    let name = path.0.display().to_string();
    assert!(error.message().contains(&name), "{error}");
}

#[test]
fn a_cancel_ends_a_wait() {
    let (began, waits) = mpsc::channel();
    let began = Mutex::new(began);
    let client = once(move |call| {
        began.lock().unwrap().send(()).unwrap();
        match call.wait(Duration::from_secs(3600)) {
            Ok(()) => ok(call, "too late"),
            Err(fault) => {
                assert_eq!(fault.error_type(), ErrorType::Cancelled);
                assert!(call.is_cancelled());
                fault.into()
            }
        }
    });
    let handle = client.submit(Request::get("http://h/")).unwrap();
    waits.recv().unwrap();
    handle.cancel();
    let outcome = handle.wait();
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Cancelled);
    assert_eq!(error.stop_reason(), Some(StopReason::Cancelled));
}

#[test]
fn a_time_limit_ends_a_wait() {
    let client = over(|call| match call.wait(Duration::from_secs(3600)) {
        Ok(()) => ok(call, "too late"),
        Err(fault) => fault.into(),
    });
    let timeouts = haul::Timeouts::new().attempt(Duration::from_millis(20));
    let client = client.retry(RetryPolicy::none()).timeouts(timeouts);
    let outcome = client.build().unwrap().get("http://h/");
    let error = outcome.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Timeout);
    assert_eq!(error.phase(), Some(Phase::Wait));
}

#[test]
fn a_transport_that_panics_gives_an_outcome_too() {
    let client = once(|_| panic!("the script has a hole"));
    let outcome = client.get("http://h/");
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Panic);
}

#[test]
fn a_trace_shows_in_the_outcome() {
    let client = once(|call| {
        let trace = WireFacts::new()
            .connected(true)
            .remote("127.0.0.1:80".parse().unwrap())
            .sent(100)
            .received(50)
            .spent(Phase::Wait, Duration::from_millis(7));
        ok(call, "").with_trace(trace)
    });
    let outcome = client.get("http://h/");
    assert_eq!(outcome.bytes_sent(), 100);
    assert_eq!(outcome.bytes_received(), 50);
    let response = outcome.success().unwrap();
    assert_eq!(
        response.remote_addr(),
        Some("127.0.0.1:80".parse().unwrap())
    );
    assert_eq!(response.timings().wait, Duration::from_millis(7));
}
