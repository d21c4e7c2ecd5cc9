//! The client over a scripted transport: the calls that it makes, and the outcomes of their results.

mod asked_again;
mod hanging;
mod previews;
mod shortage;

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::error::{ErrorType, StopReason};
use crate::settings::{Jitter, RetryPolicy};
use crate::timing::Phase;
use crate::transport::{Call, ExchangeResult, Fault, Reply, Transport, WireFacts};
use http::{HeaderMap, Version};

/// Transport that answers each call with the closure's result. The closure also gets the number of the call, from 1.
struct Script<F>(Mutex<usize>, F);

impl<F: Fn(&Call<'_>, usize) -> ExchangeResult + Send + Sync> Transport for Script<F> {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        let nth = *count;
        drop(count);
        (self.1)(call, nth)
    }
}

fn script(
    answer: impl Fn(&Call<'_>, usize) -> ExchangeResult + Send + Sync + 'static,
) -> ClientBuilder {
    let quick = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .jitter(Jitter::None);
    Client::builder()
        .workers(1)
        .retry(quick)
        .transport(Arc::new(Script(Mutex::new(0), answer)))
}

fn reply(status: u16, headers: &[(&'static str, &str)]) -> ExchangeResult {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    ExchangeResult {
        result: Ok(Reply {
            status,
            version: Version::HTTP_11,
            headers: headers.into(),
            body: b"body".to_vec(),
            truncated: false,
            received: 0,
            undecoded: false,
            partial: None,
            anew: false,
        }),
        trace: WireFacts {
            connected: true,
            bytes_sent: 10,
            bytes_received: 10,
            ..WireFacts::default()
        },
    }
}

fn fault(error_type: ErrorType, phase: Phase, trace: WireFacts) -> ExchangeResult {
    ExchangeResult {
        result: Err(Fault {
            error_type,
            phase,
            permanent: false,
            message: "as scripted".to_owned(),
            source: None,
            shortage: None,
            reply: None,
        }),
        trace,
    }
}

/// Failure on a connection that was used before and was lost after this many bytes of the request.
fn found_closed(bytes_sent: u64) -> ExchangeResult {
    let trace = WireFacts {
        connected: true,
        reused: true,
        bytes_sent,
        ..WireFacts::default()
    };
    let phase = match bytes_sent {
        0 => Phase::Send,
        _ => Phase::Wait,
    };
    fault(ErrorType::Connection, phase, trace)
}

#[test]
fn https_does_not_lead_to_http() {
    let client = script(|_, _| reply(302, &[("location", "http://h/plain")]));
    let refused = client.build().unwrap().get("https://h/");
    let error = refused.error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Redirect);
    assert!(error.message().contains("not encrypted"), "{error}");
    assert_eq!((refused.attempts(), refused.history().len()), (1, 1));
    assert_eq!(refused.status(), Some(302));
}

#[test]
fn https_leads_to_http_without_cookies_if_allowed() {
    let client = script(|call, _| match call.url.uri().scheme_str() {
        Some("https") => reply(302, &[("location", "http://h/plain")]),
        _ if call.headers.contains_key("cookie") => reply(500, &[]),
        _ => reply(200, &[]),
    });
    let client = client.allow_downgrade(true).build().unwrap();
    let allowed = client.send(Request::get("https://h/").header("Cookie", "sid=1"));
    assert!(allowed.is_success(), "{allowed:?}");
    assert_eq!(allowed.final_url().as_deref(), Some("http://h/plain"));
}

#[test]
fn replacing_a_kept_connection_found_closed_is_no_attempt() {
    let client = script(|call, nth| match nth {
        1 => found_closed(100),
        _ if call.fresh => reply(200, &[]),
        _ => reply(500, &[]),
    });
    let outcome = client.build().unwrap().get("http://h/");
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!((outcome.attempts(), outcome.attempt_log().len()), (1, 0));
}

#[test]
fn a_post_found_on_a_closed_connection_is_replaced_only_if_nothing_of_it_was_sent() {
    for (bytes_sent, succeeds) in [(0, true), (100, false)] {
        let client = script(move |_, nth| match nth {
            1 => found_closed(bytes_sent),
            _ => reply(200, &[]),
        });
        let outcome = client.build().unwrap().send(Request::post("http://h/"));
        assert_eq!(outcome.is_success(), succeeds, "{bytes_sent}: {outcome:?}");
        assert_eq!(outcome.attempts(), 1);
    }
}

#[test]
fn a_second_closed_connection_counts_as_an_attempt() {
    let closed = script(|_, nth| match nth {
        1 | 2 => found_closed(100),
        _ => reply(200, &[]),
    });
    let outcome = closed.build().unwrap().get("http://h/");
    assert_eq!((outcome.is_success(), outcome.attempts()), (true, 2));
}

#[test]
fn a_408_is_answered_on_a_new_connection() {
    let late = script(|call, _| match call.fresh {
        true => reply(200, &[]),
        false => reply(408, &[]),
    });
    let outcome = late.build().unwrap().get("http://h/");
    assert_eq!((outcome.is_success(), outcome.attempts()), (true, 2));
}

#[test]
fn an_attempt_shares_its_limit_with_its_redirects_alone() {
    let ends: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let seen = Arc::clone(&ends);
    let client = script(move |call, nth| {
        seen.lock().unwrap().extend(call.until);
        match nth {
            1 => reply(302, &[("location", "/next")]),
            2 => reply(503, &[]),
            _ => reply(200, &[]),
        }
    });
    assert!(client.build().unwrap().get("http://h/").is_success());
    let ends = ends.lock().unwrap();
    assert_eq!(ends[0], ends[1]);
    assert!(ends[2] > ends[1]);
}

#[test]
fn a_shortage_on_this_side_is_tried_again_for_any_method() {
    let client = script(|_, nth| match nth {
        1 => fault(ErrorType::Io, Phase::Connect, WireFacts::default()),
        _ => reply(200, &[]),
    });
    let outcome = client.build().unwrap().send(Request::post("http://h/"));
    assert_eq!((outcome.is_success(), outcome.attempts()), (true, 2));
    let never = script(|_, _| fault(ErrorType::Io, Phase::Connect, WireFacts::default()));
    let outcome = never.build().unwrap().send(Request::post("http://h/"));
    let error = outcome.error().unwrap();
    assert_eq!(
        (error.error_type(), error.stop_reason(), outcome.attempts()),
        (ErrorType::Io, Some(StopReason::AttemptsExhausted), 3)
    );
}

#[test]
fn a_panic_below_is_the_outcome_of_its_request() {
    let client = script(|call, _| match call.url.uri().path() {
        "/bad" => panic!("below"),
        _ => reply(200, &[]),
    });
    let client = client.build().unwrap();
    let outcomes: Vec<_> = client
        .map(["http://h/1", "http://h/bad", "http://h/2"])
        .collect();
    assert!(outcomes[0].is_success() && outcomes[2].is_success());
    let error = outcomes[1].error().unwrap();
    assert_eq!(error.error_type(), ErrorType::Panic);
    assert_eq!(error.message(), "panicked: below");
}

/// Calls that are held until the test lets them go, and their number.
#[derive(Default)]
struct Held {
    state: Mutex<(usize, usize, bool)>,
    changed: Condvar,
}

impl Held {
    fn hold(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        state.1 = state.1.max(state.0);
        self.changed.notify_all();
        while !state.2 {
            state = self.changed.wait(state).unwrap();
        }
        state.0 -= 1;
    }

    /// Returns when this many calls are held.
    fn wait_for(&self, count: usize) {
        let state = self.state.lock().unwrap();
        let patience = Duration::from_secs(30);
        let waited = self
            .changed
            .wait_timeout_while(state, patience, |state| state.0 < count);
        assert!(!waited.unwrap().1.timed_out());
    }

    fn let_go(&self) {
        self.state.lock().unwrap().2 = true;
        self.changed.notify_all();
    }

    fn most(&self) -> usize {
        self.state.lock().unwrap().1
    }
}

#[test]
fn a_host_alone_gets_every_worker_before_its_first_connection() {
    let connecting = Arc::new(Held::default());
    let held = Arc::clone(&connecting);
    let client = script(move |call, _| {
        if let Some(tell) = call.on_connected {
            held.hold();
            tell();
        }
        reply(200, &[])
    });
    let client = client.workers(32).build().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            connecting.wait_for(32);
            connecting.let_go();
        });
        let outcomes = client.as_completed((0..100).map(|i| format!("http://h/{i}")));
        assert_eq!(outcomes.filter(Outcome::is_success).count(), 100);
    });
    assert_eq!(connecting.most(), 32);
}

#[test]
fn a_batch_left_half_way_is_aborted_on_the_wire() {
    let (aborted, was_aborted) = std::sync::mpsc::channel();
    let aborted = Mutex::new(aborted);
    let client = script(move |call, _| match call.url.uri().path() {
        "/first" => reply(200, &[]),
        _ => {
            let until = Instant::now() + Duration::from_secs(30);
            while !call.cancel.is_cancelled() && Instant::now() < until {
                std::thread::yield_now();
            }
            let _ = aborted.lock().unwrap().send(call.cancel.is_cancelled());
            fault(ErrorType::Cancelled, Phase::Wait, WireFacts::default())
        }
    });
    let client = client.build().unwrap();
    let urls = std::iter::once("http://h/first").chain(std::iter::repeat("http://h/held"));
    let mut outcomes = client.as_completed(urls);
    assert!(outcomes.next().unwrap().is_success());
    drop(outcomes);
    drop(client);
    // The second may not have begun; every call that began was aborted.
    assert!(was_aborted.try_iter().all(|aborted| aborted));
}

#[test]
fn fifty_thousand_requests_over_a_hundred_hosts_come_out_once_each_in_order() {
    let client = script(|call, nth| match nth % 10 {
        0 => reply(503, &[]),
        _ if call.url.uri().path().ends_with('7') => reply(404, &[]),
        _ => reply(200, &[]),
    });
    let client = client
        .workers(8)
        .max_per_host(2)
        .window(500)
        .build()
        .unwrap();
    let urls = (0..50_000).map(|i| format!("http://h{}/{i}", i % 100));
    let mut expected = 0;
    for outcome in client.map(urls) {
        assert_eq!(outcome.index(), expected);
        expected += 1;
    }
    assert_eq!(expected, 50_000);
}

#[test]
fn a_body_that_is_saved_has_only_the_limits_that_were_set() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let transport = Arc::new(Script(Mutex::new(0), move |call: &Call<'_>, _| {
        let limits = (call.until.is_some(), call.read, call.body_limit);
        told.lock().unwrap().push(limits);
        reply(200, &[])
    }));
    let client = Client::builder()
        .transport(transport.clone())
        .build()
        .unwrap();
    let path = std::env::temp_dir().join("never-made");
    client.get("http://h/");
    client.send(Request::get("http://h/").save_to(&path));
    let set = Client::builder()
        .transport(transport)
        .timeouts(crate::Timeouts::new().attempt(Duration::from_secs(9)))
        .body_limit(7)
        .build()
        .unwrap();
    set.send(Request::get("http://h/").save_to(path));
    let idle = Some(Duration::from_secs(30));
    assert_eq!(
        *seen.lock().unwrap(),
        [
            (true, None, 10 << 20),
            (false, idle, u64::MAX),
            (true, idle, 7)
        ]
    );
}
