//! Waits of an attempt for its host, as observed by another thread.

use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use super::server::Server;
use super::*;

/// Checks each wait for a server that sends its next piece on a signal: each piece restarts the wait, and the head ends
/// it.
fn sees_each_wait(request: impl Fn(&str) -> Asking) {
    let (go_on, told) = mpsc::channel::<()>();
    let told = Mutex::new(told);
    let server = Server::start(move |peer| {
        peer.request();
        for piece in [
            "HTTP/1.1 200",
            " OK\r\n",
            "Content-Length: 4\r\n\r\n",
            "body",
        ] {
            told.lock().unwrap().recv().unwrap();
            peer.say(piece);
        }
    });
    let asking = request(&server.url("/"));
    let slot = Arc::clone(&asking.cancel);
    slot.begin();
    slot.watch();
    let began = Instant::now();
    let until = began + Duration::from_secs(30);
    let see = |wanted: &dyn Fn(Option<Instant>) -> bool| {
        loop {
            let seen = slot.waits_since();
            if wanted(seen) {
                return seen;
            }
            assert!(Instant::now() < until, "still {seen:?}");
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(asking.reply(&sockets()).body, b"body"));
        let mut last = began;
        for _ in 0..3 {
            // The wait for the connection may be seen too.
            while server.requests().is_empty() {
                thread::yield_now();
            }
            let since = see(&|seen| seen.is_some_and(|since| since > last));
            last = since.expect("it waits");
            go_on.send(()).unwrap();
        }
        see(&|seen| seen.is_none());
        go_on.send(()).unwrap();
    });
    assert_eq!(slot.waits_since(), None);
}

#[test]
fn a_plain_request_waits_anew_after_each_byte_until_its_head_has_come() {
    sees_each_wait(|url| get(url));
}

#[test]
fn a_request_that_ureq_sends_does_too() {
    sees_each_wait(|url| post(url, "something"));
}

#[test]
fn an_attempt_that_takes_no_connection_waits_from_its_beginning() {
    let (listener, _fill) = black_hole();
    let asking = get(format!("http://{}/", listener.local_addr().unwrap()));
    let slot = Arc::clone(&asking.cancel);
    let ticket = slot.begin();
    slot.watch();
    thread::scope(|scope| {
        let began = Instant::now();
        scope.spawn(|| asking.of(&sockets()));
        while slot.waits_since().is_none() {
            assert!(began.elapsed() < Duration::from_secs(30));
            thread::yield_now();
        }
        let since = slot.waits_since().expect("it waits");
        assert!(since >= began);
        // A request that connects does not start a new wait.
        thread::park_timeout(Duration::from_millis(20));
        assert_eq!(slot.waits_since(), Some(since));
        assert!(slot.abort(ticket));
    });
}

#[test]
fn an_attempt_that_is_not_watched_reports_no_wait() {
    let (seen, was_seen) = mpsc::channel();
    let seen = Mutex::new(seen);
    let server = Server::start(move |peer| {
        peer.request();
        seen.lock().unwrap().send(()).unwrap();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let asking = get(server.url("/"));
    asking.cancel.begin();
    thread::scope(|scope| {
        scope.spawn(|| asking.reply(&sockets()));
        was_seen.recv().unwrap();
        assert_eq!(asking.cancel.waits_since(), None);
    });
}
