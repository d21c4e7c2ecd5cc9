//! Response bodies: whole, cut, compressed, refused.

use super::server::{Peer, Server, answer};
use super::*;

/// The text "hello hello hello" compressed by gzip.
#[cfg(feature = "gzip")]
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57,
    0xc8, 0x40, 0x90, 0x00, 0x80, 0x88, 0xf9, 0xe5, 0x11, 0x00, 0x00, 0x00,
];

fn with(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Returns the fault of a body of these bytes that then ends by `end`.
fn cut(bytes: impl Into<Vec<u8>>, end: fn(&mut Peer)) -> Fault {
    let bytes = bytes.into();
    let server = Server::start(move |peer| {
        peer.request();
        peer.say(&bytes);
        end(peer);
    });
    get(server.url("/")).fault(&sockets())
}

fn close(_: &mut Peer) {}

/// Waits until the client has read, then resets: a reset overtakes unread bytes.
#[allow(clippy::disallowed_methods)]
fn reset(peer: &mut Peer) {
    std::thread::sleep(Duration::from_millis(50));
    peer.reset();
}

#[test]
fn a_body_shorter_than_announced_is_incomplete() {
    for end in [close, reset] {
        let fault = cut(with("Content-Length: 10", b"hello"), end);
        assert_eq!(fault.error_type, ErrorType::IncompleteBody);
        assert_eq!(fault.phase, Phase::Receive);
        assert!(!fault.permanent);
        let reply = fault.reply.unwrap();
        assert_eq!((reply.status, &reply.body[..]), (200, &b"hello"[..]));
    }
}

#[test]
fn a_chunked_body_without_its_end_is_incomplete() {
    for end in [close, reset] {
        let fault = cut(with("Transfer-Encoding: chunked", b"5\r\nhello\r\n"), end);
        assert_eq!(fault.error_type, ErrorType::IncompleteBody);
        assert_eq!(fault.reply.unwrap().body, b"hello");
    }
}

#[test]
fn a_body_that_ends_with_a_close_is_complete() {
    let server = Server::answering_once(with("X: y", b"to the end"));
    assert_eq!(get(server.url("/")).reply(&sockets()).body, b"to the end");
}

#[test]
fn a_body_that_ends_with_a_reset_is_incomplete() {
    let fault = cut(with("X: y", b"to the"), reset);
    assert_eq!(fault.error_type, ErrorType::IncompleteBody);
    assert_eq!(fault.reply.unwrap().body, b"to the");
}

#[test]
fn a_chunk_that_is_none_is_a_protocol_fault() {
    let fault = cut(
        with("Transfer-Encoding: chunked", b"zz\r\nhello\r\n"),
        close,
    );
    assert_eq!(fault.error_type, ErrorType::Protocol);
    assert!(fault.permanent);
}

#[test]
fn chunks_are_put_together() {
    let body = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
    let server = Server::answering(with("Transfer-Encoding: chunked", body));
    let sockets = sockets();
    for _ in 0..2 {
        assert_eq!(get(server.url("/")).reply(&sockets).body, b"hello world");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn bodies_of_all_sizes_come_whole_over_one_connection() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            let size = request[5..request.find(" HTTP").unwrap()].parse().unwrap();
            let body: Vec<u8> = (0..size).map(|i: u32| (i % 251) as u8).collect();
            peer.say(with(&format!("Content-Length: {size}"), &body));
        }
    });
    let sockets = sockets();
    for size in [0, 1, 4000, 4096, 5000, 65_536, 70_000, 1_000_000] {
        let body = get(server.url(&format!("/{size}"))).reply(&sockets).body;
        assert_eq!(body.len(), size as usize);
        let right = |(i, &b): (usize, &u8)| b == (i % 251) as u8;
        assert!(body.iter().enumerate().all(right), "{size}");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_body_over_the_limit_closes_its_connection() {
    let server = Server::answering(answer(200, &"x".repeat(100_000)));
    let sockets = sockets();
    let mut request = get(server.url("/"));
    request.body_limit = 99_999;
    let fault = request.fault(&sockets);
    assert_eq!(fault.error_type, ErrorType::BodyTooLarge);
    assert!(fault.permanent && fault.reply.unwrap().truncated);
    request.body_limit = 100_000;
    let exchanged = request.of(&sockets);
    assert!(!exchanged.trace.reused);
    assert_eq!(exchanged.result.ok().unwrap().body.len(), 100_000);
}

#[test]
fn a_body_of_unknown_length_over_the_limit_is_kept_to_64_kib() {
    let body = format!("186a0\r\n{}\r\n0\r\n\r\n", "x".repeat(100_000));
    let server = Server::answering(with("Transfer-Encoding: chunked", body.as_bytes()));
    let mut request = get(server.url("/"));
    request.body_limit = 99_999;
    let fault = request.fault(&sockets());
    assert_eq!(fault.error_type, ErrorType::BodyTooLarge);
    assert!(fault.permanent);
    let reply = fault.reply.unwrap();
    assert_eq!(reply.body.len(), 64 * 1024);
    assert!(reply.truncated);
}

#[test]
fn the_body_of_a_refused_status_is_kept_to_64_kib() {
    let server = Server::answering(answer(503, &"x".repeat(200_000)));
    let sockets = sockets();
    for n in 0..3 {
        let exchanged = get(server.url("/")).of(&sockets);
        assert_eq!(exchanged.trace.reused, n > 0);
        let reply = exchanged.result.ok().unwrap();
        assert_eq!((reply.status, reply.body.len()), (503, 64 * 1024));
        assert!(reply.truncated);
    }
    let server = Server::answering(answer(404, "not here"));
    let reply = get(server.url("/")).reply(&sockets);
    assert_eq!(reply.body, b"not here");
    assert!(!reply.truncated);
}

#[test]
fn a_huge_body_of_a_refused_status_is_not_read_to_its_end() {
    let server = Server::answering(answer(500, &"x".repeat(3_000_000)));
    let exchanged = get(server.url("/")).of(&sockets());
    assert!(exchanged.trace.bytes_received < 1_000_000);
    let reply = exchanged.result.ok().unwrap();
    assert!(reply.truncated && reply.body.len() == 64 * 1024);
}

#[test]
fn the_body_of_a_redirect_that_is_followed_is_drained() {
    let server =
        Server::answering("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nthere");
    let sockets = sockets();
    let reply = get(server.url("/")).reply(&sockets);
    assert_eq!((reply.status, &reply.body[..]), (302, &b""[..]));
    assert_eq!(reply.headers["location"], "/b");
    let mut stay = get(server.url("/"));
    stay.follows = false;
    let exchanged = stay.of(&sockets);
    assert!(exchanged.trace.reused);
    assert_eq!(exchanged.result.ok().unwrap().body, b"there");
}

#[test]
fn answers_without_a_body_need_none() {
    let sockets = sockets();
    for (method, head) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000"),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip"),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"),
        ("GET", "HTTP/1.1 204 No Content"),
        ("GET", "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10"),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Encoding: gzip",
        ),
    ] {
        let server = Server::answering(format!("{head}\r\n\r\n"));
        for _ in 0..2 {
            let reply = asking(method, server.url("/")).reply(&sockets);
            assert_eq!(reply.body, b"", "{method} {head}");
        }
        assert_eq!(server.connections(), 1, "{method} {head}");
    }
}

#[cfg(feature = "gzip")]
mod compressed {
    use super::*;

    #[test]
    fn gzip_is_unpacked_in_any_case_of_its_name() {
        let sockets = sockets();
        for name in ["gzip", "GZIP", "GZip"] {
            let head = format!("content-ENCODING: {name}\r\nContent-Length: {}", GZIP.len());
            let server = Server::answering(with(&head, GZIP));
            for _ in 0..2 {
                let reply = get(server.url("/")).reply(&sockets);
                assert_eq!(reply.body, b"hello hello hello", "{name}");
                assert!(!reply.headers.contains_key("content-encoding"));
                assert!(!reply.headers.contains_key("content-length"));
            }
            assert_eq!(server.connections(), 1);
            assert!(server.requests()[0].contains("accept-encoding: gzip"));
        }
    }

    #[test]
    fn an_empty_compressed_body_is_empty() {
        let head = "Content-Encoding: gzip\r\nTransfer-Encoding: chunked";
        let server = Server::answering(with(head, b"0\r\n\r\n"));
        let sockets = sockets();
        for _ in 0..2 {
            assert_eq!(get(server.url("/")).reply(&sockets).body, b"");
        }
        assert_eq!(server.connections(), 1);
    }

    #[test]
    fn the_limit_counts_what_was_unpacked() {
        let head = format!("Content-Encoding: gzip\r\nContent-Length: {}", GZIP.len());
        let server = Server::answering(with(&head, GZIP));
        let mut request = get(server.url("/"));
        request.body_limit = 16;
        let fault = request.fault(&sockets());
        assert_eq!(fault.error_type, ErrorType::BodyTooLarge);
        request.body_limit = 17;
        assert_eq!(request.reply(&sockets()).body.len(), 17);
    }

    #[test]
    fn a_body_that_is_no_gzip_cannot_be_decoded() {
        let server = Server::answering(with(
            "Content-Encoding: gzip\r\nContent-Length: 5",
            b"plain",
        ));
        let fault = get(server.url("/")).fault(&sockets());
        assert_eq!(fault.error_type, ErrorType::Decode);
        assert_eq!(fault.reply.unwrap().status, 200);
    }

    #[test]
    fn a_compressed_body_of_which_nothing_came_is_incomplete() {
        for (head, body) in [
            ("Content-Length: 28", ""),
            ("Transfer-Encoding: chunked", ""),
            ("Transfer-Encoding: chunked", "1c\r\n"),
        ] {
            let head = format!("Content-Encoding: gzip\r\n{head}");
            let fault = cut(with(&head, body.as_bytes()), close);
            assert_eq!(fault.error_type, ErrorType::IncompleteBody, "{head}");
        }
    }

    #[test]
    fn a_compressed_body_that_is_cut_is_incomplete() {
        for head in [
            "Content-Encoding: gzip",
            "Content-Encoding: gzip\r\nContent-Length: 28",
            "Content-Encoding: gzip\r\nTransfer-Encoding: chunked",
        ] {
            let mut bytes = with(head, b"");
            if head.contains("chunked") {
                bytes.extend_from_slice(b"1c\r\n");
            }
            bytes.extend_from_slice(&GZIP[..15]);
            let fault = cut(bytes, close);
            assert_eq!(fault.error_type, ErrorType::IncompleteBody, "{head}");
        }
    }
}
