//! Responses that come while the body of the request is being sent.

use std::io::{Read, Write};
use std::thread;

use super::server::{Peer, Server, answer};
use super::*;
use crate::request::{BodyPieces, PieceSource, Reader};

/// Size of a body in bytes that exceeds the system's buffers.
const LARGE: usize = 24 << 20;

/// Reads the first bytes of a request, its head at least.
fn begin(peer: &mut Peer) -> usize {
    peer.stream.read(&mut [0; 16 * 1024]).unwrap_or(0)
}

/// Reads up to `bytes` bytes.
fn swallow(peer: &mut Peer, bytes: usize) -> usize {
    let mut all = 0;
    let mut piece = vec![0; 64 * 1024];
    while all < bytes {
        match peer.stream.read(&mut piece) {
            Ok(n) if n > 0 => all += n,
            _ => break,
        }
    }
    all
}

fn in_memory(server: &Server) -> Asking {
    post(server.url("/"), vec![b'x'; LARGE])
}

/// Returns a request with a body from a reader. `None`: of unknown length.
fn streamed(server: &Server, length: Option<u64>) -> Asking {
    let reader = Reader::once(std::io::repeat(b'x').take(LARGE as u64));
    let reader = match length {
        Some(length) => reader.of(length),
        None => reader,
    };
    let mut asking = post(server.url("/"), "");
    asking.body = RequestContent::Streamed(BodyPieces::of(PieceSource::Reader(reader)).into());
    asking.expect_from = None;
    asking
}

fn each(server: &Server) -> [Asking; 3] {
    [
        in_memory(server),
        streamed(server, Some(LARGE as u64)),
        streamed(server, None),
    ]
}

#[test]
fn a_success_that_is_longer_than_can_wait_ends_the_attempt_at_once() {
    let server = Server::start(|peer| {
        begin(peer);
        // The chunks are longer than may wait at this limit, though their content is not: they hold one byte each.
        let chunks = "1\r\nx\r\n".repeat(40_000);
        peer.say(format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        ));
        peer.stay();
    });
    for mut asking in each(&server) {
        asking.body_limit = 50_000;
        let fault = asking.fault(&sockets());
        assert_eq!(fault.error_type, ErrorType::Connection, "{}", fault.message);
        assert!(
            fault.message.contains("before its end"),
            "{}",
            fault.message
        );
    }
}

#[test]
fn a_refusal_stops_the_body_that_the_server_does_not_read() {
    for status in [300, 413, 401, 503] {
        let server = Server::start(move |peer| {
            begin(peer);
            peer.say(answer(status, "no"));
            // The server reads nothing more, and keeps the connection.
            while peer.stream.peek(&mut [0]).is_ok_and(|n| n > 0) {
                thread::yield_now();
            }
        });
        for asking in each(&server) {
            let sockets = sockets();
            let exchanged = asking.of(&sockets);
            assert!(exchanged.trace.bytes_sent < LARGE as u64);
            let reply = exchanged.result.ok().unwrap();
            assert_eq!((reply.status, &reply.body[..]), (status, &b"no"[..]));
            assert_eq!(sockets.connector.pool.len(), 0);
        }
    }
}

#[test]
fn a_refusal_that_closes_is_the_response_too() {
    let server = Server::start(|peer| {
        begin(peer);
        peer.say("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
        let _ = peer.stream.shutdown(std::net::Shutdown::Write);
        swallow(peer, 1 << 20);
    });
    for asking in each(&server) {
        assert_eq!(asking.reply(&sockets()).status, 413);
    }
}

#[test]
fn informational_responses_stop_no_body() {
    let server = Server::start(|peer| {
        let began = begin(peer);
        peer.say("HTTP/1.1 102 Processing\r\nA: b\r\n\r\n");
        let all = began + swallow(peer, LARGE - 16 * 1024);
        peer.say(answer(
            200,
            if all >= LARGE - 16 * 1024 {
                "all"
            } else {
                "part"
            },
        ));
        peer.stay();
    });
    for asking in each(&server).into_iter().take(2) {
        assert_eq!(asking.reply(&sockets()).body, b"all");
    }
}

#[test]
fn a_success_is_read_while_the_body_is_sent() {
    const BACK: usize = 8 << 20;
    let server = Server::start(|peer| {
        let began = begin(peer);
        peer.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {BACK}\r\n\r\n"));
        // Sends the body back as a copy loop would: a piece is written before the next piece is read.
        let (mut read, mut written) = (began, 0);
        let mut piece = vec![0; 64 * 1024];
        while written < BACK {
            let back = (BACK - written).min(piece.len());
            if peer.stream.write_all(&vec![b'y'; back]).is_err() {
                return;
            }
            written += back;
            read += peer.stream.read(&mut piece).unwrap_or(0);
        }
        swallow(peer, (LARGE + 150).saturating_sub(read));
        peer.stay();
    });
    for asking in each(&server).into_iter().take(2) {
        let exchanged = asking.of(&sockets());
        assert!(exchanged.trace.bytes_sent > LARGE as u64);
        let body = exchanged.result.ok().unwrap().body;
        assert_eq!(body.len(), BACK);
        assert!(body.iter().all(|&b| b == b'y'));
    }
}

#[test]
fn a_success_is_none_if_the_body_cannot_be_sent_to_its_end() {
    let server = Server::start(|peer| {
        begin(peer);
        peer.say(answer(200, "thanks"));
        peer.reset();
    });
    for asking in each(&server) {
        let fault = asking.fault(&sockets());
        assert_eq!(fault.error_type, ErrorType::Connection, "{}", fault.message);
        assert!(!fault.permanent);
    }
}

#[test]
fn a_response_larger_than_its_limit_stops_the_body_of_the_request() {
    let server = Server::start(|peer| {
        begin(peer);
        peer.say("HTTP/1.1 200 OK\r\n\r\n");
        while peer.stream.write_all(&[b'y'; 4096]).is_ok() {}
    });
    for mut asking in each(&server) {
        asking.body_limit = 1 << 20;
        let fault = asking.fault(&sockets());
        assert_eq!(
            fault.error_type,
            ErrorType::BodyTooLarge,
            "{}",
            fault.message
        );
    }
}

#[test]
fn nonsense_stops_the_body_too() {
    let server = Server::start(|peer| {
        begin(peer);
        peer.say("SSH-2.0-OpenSSH\r\n");
        peer.stay();
    });
    let mut asking = streamed(&server, None);
    asking.limit = Some(Duration::from_secs(20));
    assert_eq!(asking.fault(&sockets()).error_type, ErrorType::Protocol);
}

mod leave {
    use super::*;

    fn asking(server: &Server) -> Asking {
        post(server.url("/"), "the body").header("expect", "100-continue")
    }

    #[test]
    fn a_server_that_says_nothing_gets_the_body_within_a_third_of_the_time() {
        let server = Server::start(|peer| {
            peer.request();
            peer.say(answer(200, "ok"));
            peer.stay();
        });
        for (limit, read) in [
            (Some(3_000), None),
            (None, Some(3_000)),
            (Some(1_500), Some(60_000)),
        ] {
            let mut asking = asking(&server);
            asking.limit = limit.map(Duration::from_millis);
            asking.read = read.map(Duration::from_millis);
            assert_eq!(asking.reply(&sockets()).body, b"ok", "{limit:?} {read:?}");
        }
    }

    #[test]
    fn an_early_refusal_is_the_response() {
        let server = Server::start(|peer| {
            begin(peer);
            peer.say(answer(403, "no"));
            peer.stay();
        });
        let exchanged = asking(&server).of(&sockets());
        assert_eq!(exchanged.result.ok().unwrap().status, 403);
    }

    #[test]
    fn an_early_success_gets_its_body() {
        let server = Server::start(|peer| {
            begin(peer);
            peer.say(answer(200, "early"));
            let mut body = [0; 8];
            peer.stream.read_exact(&mut body).unwrap();
            assert_eq!(&body, b"the body");
            peer.stay();
        });
        let exchanged = asking(&server).of(&sockets());
        assert_eq!(exchanged.result.ok().unwrap().body, b"early");
    }

    #[test]
    fn informational_responses_are_no_leave() {
        let server = Server::start(|peer| {
            begin(peer);
            peer.say("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
            peer.say("HTTP/1.1 100 Continue\r\nVia: b\r\n\r\n");
            let mut body = [0; 8];
            peer.stream.read_exact(&mut body).unwrap();
            peer.say(answer(200, "ok"));
            peer.stay();
        });
        assert_eq!(asking(&server).reply(&sockets()).body, b"ok");
    }
}
