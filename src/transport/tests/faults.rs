//! Class and phase of failures, which end within their limits, with a message that names host and phase.

use std::net::{SocketAddr, TcpListener};

use super::server::{Peer, Server, answer};
use super::*;

/// Time that is far longer than any of these failures takes, and far shorter than its next limit.
const SOON: Duration = Duration::from_secs(5);

fn within<T>(limit: Duration, call: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = call();
    let took = started.elapsed();
    assert!(took < limit + SOON, "took {took:?}");
    result
}

fn check(fault: &Fault, error_type: ErrorType, phase: Phase, words: &[&str]) {
    assert_eq!(
        (fault.error_type, fault.phase),
        (error_type, phase),
        "{}",
        fault.message
    );
    for word in words {
        assert!(
            fault.message.contains(word),
            "{:?} in {}",
            word,
            fault.message
        );
    }
}

/// Returns an address at which no socket listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

#[test]
fn a_refused_connection_is_a_connect_fault() {
    let addr = nobody();
    let exchanged = get(format!("http://{addr}/")).of(&sockets());
    let fault = exchanged.result.err().unwrap();
    check(
        &fault,
        ErrorType::Connect,
        Phase::Connect,
        &["connect to", &addr.to_string(), "refused"],
    );
    assert!(!fault.permanent && fault.source.is_some());
    assert!(!exchanged.trace.connected && exchanged.trace.bytes_sent == 0);
}

#[test]
fn an_address_that_never_answers_times_out_in_connect() {
    let (listener, _fill) = black_hole();
    let addr = listener.local_addr().unwrap();
    let limit = Duration::from_millis(150);
    let mut request = get(format!("http://{addr}/"));
    request.connect = Some(limit);
    let fault = within(limit, || request.fault(&sockets()));
    check(
        &fault,
        ErrorType::Timeout,
        Phase::Connect,
        &["connect to", &addr.to_string(), "longer than 150ms"],
    );

    request.connect = None;
    request.limit = Some(limit);
    let fault = within(limit, || request.fault(&sockets()));
    check(
        &fault,
        ErrorType::Timeout,
        Phase::Connect,
        &["longer than 150ms"],
    );
}

#[test]
fn a_name_that_does_not_exist_is_a_dns_fault() {
    let unknown = |_: &str| Err(io::Error::other("no such name"));
    let sockets = asking_names(unknown, Tls::default());
    let exchanged = get("http://no.such.name/").of(&sockets);
    let fault = exchanged.result.err().unwrap();
    check(
        &fault,
        ErrorType::Dns,
        Phase::Resolve,
        &["resolve no.such.name: no such name"],
    );
    assert!(!fault.permanent && !exchanged.trace.connected);
}

#[test]
fn a_resolver_that_never_answers_times_out_in_resolve() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let slow = move |_: &str| {
        let _ = held.lock().unwrap().recv();
        Ok(vec!["127.0.0.1".parse().unwrap()])
    };
    let sockets = asking_names(slow, Tls::default());
    let mut request = get("http://slow.name/");
    request.connect = Some(Duration::from_millis(50));
    let fault = within(Duration::from_millis(50), || request.fault(&sockets));
    check(
        &fault,
        ErrorType::Timeout,
        Phase::Resolve,
        &["resolving slow.name took longer than 50ms"],
    );
    drop(hold);
}

#[test]
fn a_server_that_says_nothing_times_out_in_wait() {
    let server = Server::start(Peer::stay);
    let mut request = get(server.url("/"));
    request.limit = Some(Duration::from_millis(150));
    let exchanged = within(Duration::from_millis(150), || request.of(&sockets()));
    let fault = exchanged.result.err().unwrap();
    check(
        &fault,
        ErrorType::Timeout,
        Phase::Wait,
        &[&server.addr.to_string(), "did not answer within 150ms"],
    );
    assert!(exchanged.trace.bytes_sent > 0 && exchanged.trace.bytes_received == 0);

    request.limit = None;
    request.read = Some(Duration::from_millis(70));
    let fault = within(Duration::from_millis(70), || request.fault(&sockets()));
    check(&fault, ErrorType::Timeout, Phase::Wait, &["within 70ms"]);
}

#[test]
fn a_body_that_stops_times_out_in_receive() {
    let server = Server::start(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        peer.stay();
    });
    let mut request = get(server.url("/"));
    request.read = Some(Duration::from_millis(100));
    let fault = within(Duration::from_millis(100), || request.fault(&sockets()));
    check(
        &fault,
        ErrorType::Timeout,
        Phase::Receive,
        &[&server.addr.to_string(), "for 100ms"],
    );
    assert_eq!(fault.reply.unwrap().body, b"hello");
}

#[test]
#[allow(clippy::disallowed_methods)]
fn bytes_that_trickle_in_do_not_stretch_the_limit_of_the_attempt() {
    let server = Server::start(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for _ in 0..500 {
            peer.say("x");
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let mut request = get(server.url("/"));
    request.limit = Some(Duration::from_millis(300));
    request.read = Some(Duration::from_millis(200));
    let started = Instant::now();
    let fault = request.fault(&sockets());
    check(
        &fault,
        ErrorType::Timeout,
        Phase::Receive,
        &["longer than 300ms"],
    );
    let took = started.elapsed();
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_secs(3),
        "{took:?}"
    );
}

#[test]
fn a_server_that_takes_no_bytes_times_out_in_send() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let server = Server::start(move |_| {
        let _ = held.lock().unwrap().recv();
    });
    let mut request = post(server.url("/"), vec![b'x'; 32 << 20]);
    request.limit = Some(Duration::from_millis(300));
    let exchanged = within(Duration::from_millis(300), || request.of(&sockets()));
    let fault = exchanged.result.err().unwrap();
    check(
        &fault,
        ErrorType::Timeout,
        Phase::Send,
        &["sending the request", "longer than 300ms"],
    );
    assert!(exchanged.trace.bytes_sent > 0);
    drop(hold);
}

#[test]
fn a_connection_closed_or_reset_before_the_answer_is_a_connection_fault() {
    let closing = Server::start(|peer| drop(peer.request()));
    let fault = get(closing.url("/")).fault(&sockets());
    check(
        &fault,
        ErrorType::Connection,
        Phase::Wait,
        &[&closing.addr.to_string(), "closed", "before answering"],
    );

    let resetting = Server::start(|peer| {
        peer.request();
        peer.reset();
    });
    let exchanged = get(resetting.url("/")).of(&sockets());
    let fault = exchanged.result.err().unwrap();
    check(
        &fault,
        ErrorType::Connection,
        Phase::Wait,
        &[&resetting.addr.to_string(), "reset before an answer"],
    );
    assert!(!fault.permanent && exchanged.trace.bytes_received == 0);
}

#[test]
fn a_head_cut_in_the_middle_is_a_connection_fault() {
    let server = Server::answering_once("HTTP/1.1 200 OK\r\nContent-Le");
    let fault = get(server.url("/")).fault(&sockets());
    check(
        &fault,
        ErrorType::Connection,
        Phase::Wait,
        &["in the middle of the response head"],
    );
}

#[test]
fn bytes_that_are_not_http_are_a_protocol_fault() {
    for said in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 099 Low\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "\0\0\0",
    ] {
        let server = Server::answering_once(said);
        let fault = get(server.url("/")).fault(&sockets());
        check(
            &fault,
            ErrorType::Protocol,
            Phase::Wait,
            &[&server.addr.to_string(), "not valid HTTP"],
        );
        assert!(fault.permanent);
    }
}

#[test]
fn a_request_without_a_host_was_never_sendable() {
    for url in ["/path/only", "ftp://h/"] {
        let fault = get(url).fault(&sockets());
        assert_eq!(fault.error_type, ErrorType::InvalidRequest);
        assert!(fault.permanent);
    }
}

#[test]
fn a_kept_connection_that_dies_before_the_answer_is_reported_as_such() {
    let server = Server::start(|peer| {
        peer.request();
        peer.say(answer(200, "once"));
        // The server waits for the second request, so that the probe finds nothing, and closes.
        peer.request();
    });
    let sockets = sockets();
    get(server.url("/")).reply(&sockets);
    let exchanged = get(server.url("/")).of(&sockets);
    assert_eq!(
        exchanged.result.err().unwrap().error_type,
        ErrorType::Connection
    );
    assert!(exchanged.trace.reused && exchanged.trace.bytes_received == 0);
    let mut fresh = get(server.url("/"));
    fresh.fresh = true;
    assert_eq!(fresh.reply(&sockets).body, b"once");
}

#[test]
fn a_server_that_closes_without_saying_so_loses_no_get() {
    let scale = std::env::var("HAUL_SCALE").map_or(1, |s| s.parse().unwrap());
    let server = Server::start(|peer| {
        let mut random = fastrand::Rng::with_seed(peer.number as u64);
        for _ in 0..random.u32(1..40) {
            if peer.request().is_none() {
                return;
            }
            peer.say(answer(200, "ok"));
        }
    });
    let sockets = sockets();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2500 * scale {
                    let exchanged = get(server.url("/")).of(&sockets);
                    let reply = match exchanged.result {
                        Ok(reply) => reply,
                        Err(fault) => {
                            assert_eq!(
                                fault.error_type,
                                ErrorType::Connection,
                                "{}",
                                fault.message
                            );
                            assert!(exchanged.trace.reused && exchanged.trace.bytes_received == 0);
                            let mut again = get(server.url("/"));
                            again.fresh = true;
                            again.reply(&sockets)
                        }
                    };
                    assert_eq!(reply.body, b"ok");
                }
            });
        }
    });
}

#[test]
fn posts_to_such_a_server_arrive_at_most_once() {
    let server = Server::start(|peer| {
        let mut random = fastrand::Rng::with_seed(peer.number as u64);
        for _ in 0..random.u32(1..20) {
            if peer.request().is_none() {
                return;
            }
            peer.say(answer(200, "ok"));
        }
    });
    let sockets = sockets();
    let mut failed = 0;
    for n in 0..2000 {
        match post(server.url(&format!("/{n}")), "x").of(&sockets).result {
            Ok(reply) => assert_eq!(reply.body, b"ok"),
            Err(fault) => {
                assert_eq!(fault.error_type, ErrorType::Connection);
                failed += 1;
            }
        }
    }
    let mut seen = server.requests();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "a request arrived twice");
    assert!(all + failed >= 2000);
}

#[cfg(not(feature = "rustls"))]
#[test]
fn https_without_the_feature_is_a_clear_fault() {
    let server = Server::start(Peer::stay);
    let fault = get(server.url("/").replace("http:", "https:")).fault(&sockets());
    check(&fault, ErrorType::Tls, Phase::Tls, &["feature `rustls`"]);
    assert!(fault.permanent);
}

#[test]
fn a_request_that_ureq_will_not_send_is_invalid() {
    let server = Server::answering(answer(200, ""));
    let request = get(server.url("/"))
        .header("host", "a.name")
        .header("host", "b.name");
    let exchanged = request.of(&sockets());
    let fault = exchanged.result.err().unwrap();
    check(
        &fault,
        ErrorType::InvalidRequest,
        Phase::Send,
        &["cannot be sent"],
    );
    assert!(fault.permanent && exchanged.trace.bytes_sent == 0);
    assert!(server.requests().is_empty());
}
