//! Exchanges without a failure: the bytes of the request, and the response.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::{Server, answer};
use super::*;
use crate::timing::Timings;

#[test]
fn a_get_comes_back_with_status_headers_and_body() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
    let sockets = sockets();
    let exchanged = get(server.url("/a?b=c")).of(&sockets);
    let reply = exchanged.result.ok().unwrap();
    assert_eq!((reply.status, &reply.body[..]), (200, &b"hello"[..]));
    assert_eq!(reply.headers["x-a"], "b");
    assert_eq!(reply.version, Version::HTTP_11);
    let trace = exchanged.trace;
    assert!(trace.connected && !trace.reused);
    assert_eq!(trace.remote, Some(server.addr));
    assert_eq!(trace.bytes_sent, server.requests()[0].len() as u64);
    assert_eq!(trace.bytes_received, 51);
    assert!(server.requests()[0].starts_with("GET /a?b=c HTTP/1.1\r\n"));

    let again = get(server.url("/")).of(&sockets);
    assert!(again.trace.reused && again.result.is_ok());
    assert_eq!(server.connections(), 1);
}

#[test]
fn ten_thousand_requests_of_eight_threads_open_eight_connections() {
    let server = Server::answering(answer(200, "{}"));
    let sockets = sockets();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1250 {
                    assert_eq!(get(server.url("/")).reply(&sockets).body, b"{}");
                }
            });
        }
    });
    assert!(server.connections() <= 8, "{}", server.connections());
}

#[test]
fn a_fresh_exchange_takes_no_kept_connection() {
    let server = Server::answering(answer(200, "{}"));
    let sockets = sockets();
    get(server.url("/")).reply(&sockets);
    let mut again = get(server.url("/"));
    again.fresh = true;
    assert!(!again.of(&sockets).trace.reused);
    assert_eq!(server.connections(), 2);
}

#[test]
fn closing_idle_connections_leaves_none() {
    let server = Server::answering(answer(200, "{}"));
    let sockets = sockets();
    get(server.url("/")).reply(&sockets);
    sockets.close_idle();
    assert!(!get(server.url("/")).of(&sockets).trace.reused);
}

#[test]
fn each_exchange_reports_its_connection_once() {
    let server = Server::answering(answer(200, "{}"));
    let sockets = sockets();
    for _ in 0..2 {
        let told = AtomicUsize::new(0);
        let on_connected = || {
            told.fetch_add(1, Ordering::Relaxed);
        };
        let exchanged = get(server.url("/")).on(&sockets, Some(&on_connected));
        assert!(exchanged.result.is_ok());
        assert_eq!(told.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_large_body_arrives_whole() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            let body = &request[request.find("\r\n\r\n").unwrap() + 4..];
            assert!(body.bytes().all(|b| b == b'x'));
            peer.say(answer(200, &body.len().to_string()));
        }
    });
    let sockets = sockets();
    for size in [0, 1, 65_536, 1_000_000] {
        let reply = post(server.url("/"), "x".repeat(size)).reply(&sockets);
        assert_eq!(reply.body, size.to_string().as_bytes());
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn every_body_has_a_length() {
    let server = Server::answering(answer(200, ""));
    let sockets = sockets();
    for method in ["POST", "PUT", "PATCH"] {
        asking(method, server.url("/")).reply(&sockets);
    }
    for method in ["GET", "DELETE", "OPTIONS", "PURGE"] {
        asking(method, server.url("/")).reply(&sockets);
        let mut with_body = asking(method, server.url("/"));
        with_body.body = RequestContent::Bytes(b"body".to_vec());
        with_body.reply(&sockets);
    }
    let lengths: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            let line = request.lines().find(|l| l.starts_with("content-length"));
            assert!(!request.contains("transfer-encoding"));
            line.map(|l| l["content-length: ".len()..].to_owned())
        })
        .collect();
    let zero = Some("0".to_owned());
    let four = Some("4".to_owned());
    assert_eq!(lengths[..3], [zero.clone(), zero.clone(), zero]);
    for pair in lengths[3..].chunks(2) {
        assert_eq!(pair, [None, four.clone()]);
    }
}

#[test]
fn a_declared_length_that_is_wrong_is_put_right() {
    let server = Server::answering(answer(200, ""));
    let request = post(server.url("/"), "abc")
        .header("content-length", "10")
        .header("transfer-encoding", "chunked");
    request.reply(&sockets());
    let sent = &server.requests()[0];
    assert!(sent.contains("content-length: 3\r\n"), "{sent}");
    assert!(!sent.contains("chunked"), "{sent}");
}

#[test]
fn a_header_longer_than_any_buffer_is_sent() {
    let server = Server::answering(answer(200, ""));
    let long = "v".repeat(100_000);
    let path = format!("/{}", "p".repeat(20_000));
    let request = get(server.url(&path)).header("x-long", &long);
    request.reply(&sockets());
    let sent = &server.requests()[0];
    assert!(sent.contains(&long) && sent.contains(&path));
}

#[test]
fn a_response_head_beyond_the_limit_is_refused() {
    let head = |size: usize| {
        let value = "v".repeat(size / 50);
        let lines: String = (0..50).map(|i| format!("X-{i:02}: {value}\r\n")).collect();
        format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok")
    };
    let sockets = sockets();
    let server = Server::answering(head(60_000));
    assert_eq!(get(server.url("/")).reply(&sockets).body, b"ok");
    let server = Server::answering(head(80_000));
    let fault = get(server.url("/")).fault(&sockets);
    assert_eq!(fault.error_type, ErrorType::Protocol);
    assert!(
        fault.permanent && fault.message.contains("65536"),
        "{}",
        fault.message
    );
}

#[test]
fn expect_100_waits_for_the_server_to_agree() {
    let server = Server::start(|peer| {
        let mut head = [0; 4096];
        let n = std::io::Read::read(&mut peer.stream, &mut head).unwrap();
        assert!(head[..n].ends_with(b"\r\n\r\n"), "the body must wait");
        peer.say("HTTP/1.1 100 Continue\r\n\r\n");
        let n = std::io::Read::read(&mut peer.stream, &mut head).unwrap();
        peer.say(answer(200, std::str::from_utf8(&head[..n]).unwrap()));
        peer.stay();
    });
    let request = post(server.url("/"), "the body").header("expect", "100-continue");
    assert_eq!(request.reply(&sockets()).body, b"the body");
}

#[test]
fn interim_responses_are_passed_over() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let server = Server::answering(format!("{interim}{}", answer(200, "final")));
    let sockets = sockets();
    for _ in 0..2 {
        assert_eq!(get(server.url("/")).reply(&sockets).body, b"final");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn an_answer_that_trickles_in_byte_by_byte_is_whole() {
    let server = Server::start(|peer| {
        peer.request();
        for byte in answer(200, "slowly but surely").bytes() {
            peer.say([byte]);
            peer.stream.flush().unwrap();
            std::thread::yield_now();
        }
        peer.stay();
    });
    assert_eq!(
        get(server.url("/")).reply(&sockets()).body,
        b"slowly but surely"
    );
}

#[test]
fn a_server_that_wants_to_close_gets_no_second_request_there() {
    let sockets = sockets();
    for head in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2",
        "HTTP/1.0 200 OK\r\nContent-Length: 2",
    ] {
        let server = Server::answering(format!("{head}\r\n\r\nok"));
        for _ in 0..2 {
            assert!(!get(server.url("/")).of(&sockets).trace.reused);
        }
        assert_eq!(server.connections(), 2);
    }
}

#[test]
fn bytes_beyond_the_response_end_the_connection() {
    let server = Server::answering(format!("{}surplus", answer(200, "ok")));
    let sockets = sockets();
    for _ in 0..3 {
        let exchanged = get(server.url("/")).of(&sockets);
        assert_eq!(exchanged.result.ok().unwrap().body, b"ok");
        assert!(!exchanged.trace.reused);
    }
}

#[test]
fn phases_are_timed_where_the_time_goes() {
    #[allow(clippy::disallowed_methods)]
    let server = Server::start(|peer| {
        peer.request();
        std::thread::sleep(Duration::from_millis(60));
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
        std::thread::sleep(Duration::from_millis(30));
        peer.say("k");
        peer.stay();
    });
    let told = |_| {
        let started = Instant::now();
        let timings = Timings::from(get(server.url("/")).of(&sockets()).trace.timings);
        assert_eq!(timings.tls, Duration::ZERO);
        assert!(timings.until_head() + timings.receive <= started.elapsed());
        // A thread that is kept from its core sees both parts of the answer at once, and late.
        timings.wait >= Duration::from_millis(50) && timings.receive >= Duration::from_millis(20)
    };
    assert!((0..50).any(told));
}
