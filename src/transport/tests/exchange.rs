//! What goes out and what comes back when all is well.

use super::server::{Server, answer};
use super::*;

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
