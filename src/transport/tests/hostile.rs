//! Servers that send without end, and bodies that grow: each ends at a limit, which the message names.

use std::io::Write;

use super::plain::by_ureq;
use super::server::{Peer, Server};
use super::*;

/// Returns the faults of a GET, by both ways, to a server that sends `begin` and then `more` without end.
fn endless(begin: &'static str, more: &'static [u8]) -> [Fault; 2] {
    let server = Server::start(move |peer: &mut Peer| {
        peer.request();
        peer.say(begin);
        let more = more.repeat(1 + 4096 / more.len());
        while peer.stream.write_all(&more).is_ok() {}
    });
    let mut asking = get(server.url("/"));
    asking.body_limit = 1 << 20;
    let plain = asking.fault(&sockets());
    let general = by_ureq(asking).fault(&sockets());
    [plain, general]
}

#[track_caller]
fn is(faults: [Fault; 2], class: ErrorType, words: &str) {
    for fault in faults {
        assert_eq!(fault.error_type, class, "{}", fault.message);
        assert!(fault.message.contains(words), "{}", fault.message);
        assert!(fault.permanent);
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn endless_heads_end_at_the_header_limit() {
    let limit = "65536 bytes, the limit set by header_limit (--max-header-size)";
    for more in [
        &b"A: b\r\n"[..],
        b"x",
        b"A: b\r\n c\r\n",
        b"\r",
        b"no colon\n",
        b" ",
    ] {
        is(endless(OK, more), ErrorType::Protocol, limit);
    }
    for more in [&b"\r\n"[..], b"\n"] {
        is(endless("", more), ErrorType::Protocol, limit);
    }
}

#[test]
fn endless_informational_responses_end_after_16() {
    for more in [
        &b"HTTP/1.1 100 Go\r\n\r\n"[..],
        b"HTTP/1.1 103 Early\r\nA: b\r\n\r\n",
    ] {
        is(
            endless("", more),
            ErrorType::Protocol,
            "more than 16 informational",
        );
    }
}

#[test]
fn endless_chunk_lines_and_trailers_end_at_their_limits() {
    let extensions = "16384 bytes";
    for (begin, more) in [
        ("5;", &b"x"[..]),
        ("5", b" "),
        ("", b"1;aaaa\r\nx\r\n"),
        ("5;", b"\r"),
        ("5;\"", b"a\\\""),
    ] {
        let begin = format!("{CHUNKED}{begin}").leak();
        is(endless(begin, more), ErrorType::Protocol, extensions);
    }
    for more in [&b"A: b\r\n"[..], b"x", b"\r", b" \n"] {
        let begin = format!("{CHUNKED}0\r\n").leak();
        is(
            endless(begin, more),
            ErrorType::Protocol,
            "--max-header-size",
        );
    }
}

#[test]
fn endless_bodies_end_at_the_body_limit() {
    let limit = "larger than 1048576 bytes";
    is(
        endless("HTTP/1.1 200 OK\r\n\r\n", b"x"),
        ErrorType::BodyTooLarge,
        limit,
    );
    is(
        endless(CHUNKED, b"1\r\nx\r\n"),
        ErrorType::BodyTooLarge,
        limit,
    );
}

#[cfg(all(
    feature = "gzip",
    feature = "brotli",
    feature = "deflate",
    feature = "zstd"
))]
mod coded {
    use super::*;

    const LIMIT: usize = 100_000;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn bombs_in_every_coding_and_nested_end_at_the_body_limit() {
        let zeros = vec![0; 32 << 20];
        let zstd = zstd::encode_all(&zeros[..], 1).unwrap();
        for (coding, bomb) in [
            ("gzip", gzip(&zeros)),
            ("deflate", deflate(&zeros)),
            ("gzip, gzip", gzip(&gzip(&zeros))),
            ("zstd", zstd.clone()),
            ("zstd, gzip, deflate", deflate(&gzip(&zstd))),
            // The body decodes to few bytes, while the layer below holds many.
            ("gzip, gzip", gzip(&[gzip(b"a"), zeros.clone()].concat())),
        ] {
            let mut response = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
                bomb.len()
            )
            .into_bytes();
            response.extend_from_slice(&bomb);
            let server = Server::answering(response);
            let mut asking = get(server.url("/"));
            asking.body_limit = LIMIT as u64;
            let fault = asking.fault(&sockets());
            assert_eq!(fault.error_type, ErrorType::BodyTooLarge, "{coding}");
            assert!(
                fault
                    .message
                    .contains("100000 bytes, the limit set by body_limit"),
                "{}",
                fault.message
            );
        }
    }

    #[test]
    fn a_coded_body_of_which_nothing_comes_ends_at_the_body_limit() {
        let member = gzip(b"");
        let chunk = [
            format!("{:x}\r\n", member.len()).as_bytes(),
            &member,
            b"\r\n",
        ]
        .concat();
        let begin =
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
        let faults = endless(begin, chunk.leak());
        is(faults, ErrorType::BodyTooLarge, "larger than 1048576 bytes");
    }
}
