//! Aborts that end an attempt at once, in any phase.

use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use super::server::{Server, answer};
use super::*;

/// Runs the request on a thread, aborts it when `reached` returns, and returns its fault and the time from the abort to
/// the end.
fn abort_when(
    sockets: &Sockets,
    request: Asking,
    reached: impl FnOnce(),
) -> (ExchangeResult, Duration) {
    let ticket = request.cancel.begin();
    let slot = request.cancel.clone();
    thread::scope(|scope| {
        let running = scope.spawn(move || {
            let exchanged = request.of(sockets);
            (exchanged, Instant::now())
        });
        reached();
        // Gives the worker the time that it needs from there to its wait.
        thread::park_timeout(Duration::from_millis(30));
        assert!(!running.is_finished(), "it ended by itself");
        let aborted = Instant::now();
        assert!(slot.abort(ticket));
        let (exchanged, ended) = running.join().unwrap();
        (exchanged, ended.saturating_duration_since(aborted))
    })
}

fn check(exchanged: ExchangeResult, phase: Phase, took: Duration) {
    let fault = exchanged.result.expect_err("it was cancelled");
    assert_eq!(
        (fault.error_type, fault.phase),
        (ErrorType::Cancelled, phase)
    );
    // The limit of each request is 20 s, so the abort has ended it.
    assert!(took < Duration::from_secs(5), "took {took:?}");
}

#[test]
fn while_resolving() {
    let (asked, was_asked) = mpsc::channel();
    let (hold, held) = mpsc::channel::<()>();
    let held = Mutex::new((asked, held));
    let late = move |_: &str| {
        let held = held.lock().unwrap();
        held.0.send(()).unwrap();
        let _ = held.1.recv();
        Err(io::Error::other("late"))
    };
    let sockets = asking_names(late, Tls::default());
    let (exchanged, took) = abort_when(&sockets, get("http://slow.name/"), || {
        was_asked.recv().unwrap();
    });
    check(exchanged, Phase::Resolve, took);
    drop(hold);
}

#[test]
fn while_connecting() {
    let (listener, _fill) = super::black_hole();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (exchanged, took) = abort_when(&sockets(), get(url), || ());
    check(exchanged, Phase::Connect, took);
}

#[cfg(feature = "rustls")]
#[test]
fn while_shaking_hands() {
    let server = Server::start(|peer| peer.stay());
    let url = server.url("/").replace("http:", "https:");
    let (exchanged, took) = abort_when(&sockets(), get(url), || ());
    check(exchanged, Phase::Tls, took);
}

#[test]
fn while_sending() {
    let (hold, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let server = Server::start(move |_| {
        let _ = held.lock().unwrap().recv();
    });
    let request = post(server.url("/"), vec![b'x'; 32 << 20]);
    let (exchanged, took) = abort_when(&sockets(), request, || {
        thread::park_timeout(Duration::from_millis(300));
    });
    check(exchanged, Phase::Send, took);
    drop(hold);
}

#[test]
fn while_waiting_for_the_answer() {
    let (told, was_told) = mpsc::channel();
    let told = Mutex::new(told);
    let server = Server::start(move |peer| {
        peer.request();
        told.lock().unwrap().send(()).unwrap();
        peer.stay();
    });
    let (exchanged, took) = abort_when(&sockets(), get(server.url("/")), || {
        was_told.recv().unwrap();
    });
    check(exchanged, Phase::Wait, took);
}

#[test]
fn while_receiving_a_body_that_then_looks_complete() {
    let (told, was_told) = mpsc::channel();
    let told = Mutex::new(told);
    let server = Server::start(move |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n\r\nto be closed");
        told.lock().unwrap().send(()).unwrap();
        peer.stay();
    });
    let (exchanged, took) = abort_when(&sockets(), get(server.url("/")), || {
        was_told.recv().unwrap();
    });
    check(exchanged, Phase::Receive, took);
}

#[test]
fn before_it_starts() {
    let server = Server::answering(answer(200, ""));
    let request = get(server.url("/"));
    let ticket = request.cancel.begin();
    request.cancel.abort(ticket);
    let fault = request.fault(&sockets());
    assert_eq!(fault.error_type, ErrorType::Cancelled);
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_abort_after_the_end_leaves_the_connection_alone() {
    let server = Server::answering(answer(200, "ok"));
    let sockets = sockets();
    let request = get(server.url("/"));
    let ticket = request.cancel.begin();
    request.reply(&sockets);
    // The attempt is still the slot's current one, but its connection serves other requests by now.
    assert!(request.cancel.abort(ticket));
    let exchanged = get(server.url("/")).of(&sockets);
    assert!(exchanged.trace.reused && exchanged.result.is_ok());
}

#[test]
fn a_hundred_at_once() {
    let server = Server::start(|peer| {
        peer.request();
        peer.stay();
    });
    let (listener, _fill) = super::black_hole();
    let hole = format!("http://{}/", listener.local_addr().unwrap());
    let sockets = sockets();
    let requests: Vec<_> = (0..100)
        .map(|i| match i % 2 {
            0 => get(server.url("/")),
            _ => get(&hole),
        })
        .collect();
    let tickets: Vec<_> = requests.iter().map(|r| r.cancel.begin()).collect();
    thread::scope(|scope| {
        let running: Vec<_> = requests
            .iter()
            .map(|request| scope.spawn(|| request.of(&sockets)))
            .collect();
        thread::park_timeout(Duration::from_millis(100));
        let aborted = Instant::now();
        for (request, ticket) in requests.iter().zip(tickets) {
            assert!(request.cancel.abort(ticket));
        }
        for running in running {
            let fault = running.join().unwrap().result.err().unwrap();
            assert_eq!(fault.error_type, ErrorType::Cancelled);
        }
        assert!(aborted.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn aborts_at_any_moment_never_hit_another_request() {
    let server = Server::answering(answer(200, "ok"));
    let sockets = sockets();
    let slot = CancelSlot::new();
    let mut request = get(server.url("/"));
    request.cancel = slot.clone();
    thread::scope(|scope| {
        let (tickets, to_abort) = mpsc::channel::<AttemptNumber>();
        scope.spawn(move || {
            let mut random = fastrand::Rng::with_seed(7);
            for ticket in to_abort {
                for _ in 0..random.u32(0..3000) {
                    std::hint::spin_loop();
                }
                slot.abort(ticket);
            }
        });
        // No abort hits these requests, so all of them must succeed.
        let others = scope.spawn(|| {
            for _ in 0..2000 {
                assert_eq!(get(server.url("/")).reply(&sockets).body, b"ok");
            }
        });
        while !others.is_finished() {
            tickets.send(request.cancel.begin()).unwrap();
            match request.of(&sockets).result {
                Ok(reply) => assert_eq!(reply.body, b"ok"),
                Err(fault) => {
                    assert_eq!(fault.error_type, ErrorType::Cancelled, "{}", fault.message);
                }
            }
        }
        drop(tickets);
        others.join().unwrap();
    });
}
