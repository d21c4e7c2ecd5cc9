//! Attempts that find too few descriptors, ports or threads on this machine.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::settings::RetryBudget;

/// End of an attempt that finds no free descriptor.
fn short() -> ExchangeResult {
    let mut exchanged = fault(ErrorType::Io, Phase::Connect, WireFacts::default());
    if let Err(fault) = &mut exchanged.result {
        fault.shortage = Some("too many open files".to_owned());
    }
    exchanged
}

#[test]
fn requests_wait_for_room_on_this_machine_with_attempts_and_budget_untouched() {
    let (busy, first) = (Mutex::new(()), Held::default());
    let client = script(move |_, _| match busy.try_lock() {
        Ok(_alone) => {
            // The first response comes after another attempt has found no room.
            first.hold();
            reply(200, &[])
        }
        Err(_) => {
            first.let_go();
            short()
        }
    });
    let budget = RetryBudget {
        reserve: 0.0,
        per_request: 0.0,
        per_second: 0.0,
    };
    let client = client
        .workers(8)
        .retry(RetryPolicy::none().budget(budget))
        .build()
        .unwrap();
    let requests = (0..400).map(|i| Request::post(format!("http://h{}/", i % 7)));
    for outcome in client.as_completed(requests) {
        assert!(outcome.is_success(), "{outcome:?}");
        assert_eq!(outcome.attempts(), 1);
        assert!(outcome.attempt_log().is_empty());
    }
}

#[test]
fn a_shortage_with_nothing_else_in_flight_fails_after_its_retries() {
    let client = script(|_, _| short())
        .retry(RetryPolicy::default().backoff(Duration::from_millis(1), Duration::from_millis(1)));
    let outcomes: Vec<_> = client
        .workers(4)
        .build()
        .unwrap()
        .as_completed((0..20).map(|_| Request::post("http://h/")))
        .collect();
    assert_eq!(outcomes.len(), 20);
    for outcome in outcomes {
        let error = outcome.error().unwrap();
        assert_eq!(
            (error.error_type(), error.stop_reason(), outcome.attempts()),
            (ErrorType::Io, Some(StopReason::AttemptsExhausted), 3)
        );
    }
}

#[test]
fn a_write_is_not_sent_twice_for_a_shortage_after_its_answer() {
    let held = Arc::new(Held::default());
    let (gate, calls) = (Arc::clone(&held), AtomicUsize::new(0));
    let client = script(move |call, _| {
        if call.url.uri().path() == "/held" {
            gate.hold();
            return reply(200, &[]);
        }
        calls.fetch_add(1, Ordering::Relaxed);
        let mut exchanged = short();
        exchanged.trace.bytes_sent = 10;
        if let Err(fault) = &mut exchanged.result {
            fault.phase = Phase::Receive;
        }
        exchanged
    });
    let client = client.workers(2).build().unwrap();
    let company = client.submit("http://h/held").unwrap();
    held.wait_for(1);
    let outcome = client.send(Request::post("http://h/"));
    let error = outcome.error().unwrap();
    assert_eq!(
        (error.error_type(), error.stop_reason(), outcome.attempts()),
        (ErrorType::Io, Some(StopReason::MethodNotIdempotent), 1)
    );
    held.let_go();
    assert!(company.wait().is_success());
}

#[test]
fn a_thread_is_asked_for_in_the_pause_if_every_worker_waits_for_a_request() {
    let client = script(|_, _| reply(200, &[])).workers(1).build().unwrap();
    let inner = client.clone();
    let asks = move |_: &crate::Response| {
        inner
            .owner
            .executor()
            .pause_starts(Duration::from_secs(3_600));
        let handle = inner.submit("http://h/inner").unwrap();
        let waited = handle.wait_timeout(Duration::from_secs(20));
        waited.map(|outcome| outcome.is_success())
    };
    let mut outcomes = client.process(["http://h/outer"], asks);
    assert_eq!(outcomes.next().unwrap().success(), Some(&true));
}
