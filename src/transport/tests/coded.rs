//! Codings other than gzip: `deflate` and `zstd`.

use std::io::Write;

use super::server::Server;
use super::*;

const TEXT: &[u8] = b"hello hello hello";

/// Returns the text in each coding.
fn coded() -> [(&'static str, Vec<u8>); 3] {
    let level = flate2::Compression::default();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
    zlib.write_all(TEXT).unwrap();
    let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), level);
    bare.write_all(TEXT).unwrap();
    [
        ("deflate", zlib.finish().unwrap()),
        ("Deflate", bare.finish().unwrap()),
        ("zstd", zstd::encode_all(TEXT, 1).unwrap()),
    ]
}

fn with(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    bytes
}

#[test]
fn coded_bodies_are_decoded_on_kept_connections() {
    let sockets = sockets();
    for (name, bytes) in coded() {
        let length = format!(
            "Content-Encoding: {name}\r\nContent-Length: {}",
            bytes.len()
        );
        let chunks = format!("Content-Encoding: {name}\r\nTransfer-Encoding: chunked");
        for answer in [with(&length, &bytes), with(&chunks, &chunked(&bytes))] {
            let server = Server::answering(answer);
            for _ in 0..3 {
                let reply = get(server.url("/")).reply(&sockets);
                assert_eq!(reply.body, TEXT, "{name}");
                assert!(!reply.headers.contains_key("content-encoding"));
                assert!(!reply.headers.contains_key("content-length"));
            }
            assert_eq!(server.connections(), 1, "{name}");
            assert!(server.requests()[0].contains("deflate, zstd\r\n"));
        }
    }
}

#[test]
fn the_limit_counts_what_was_decoded() {
    for (name, bytes) in coded() {
        let head = format!(
            "Content-Encoding: {name}\r\nContent-Length: {}",
            bytes.len()
        );
        let server = Server::answering(with(&head, &bytes));
        let mut request = get(server.url("/"));
        request.body_limit = TEXT.len() as u64 - 1;
        let fault = request.fault(&sockets());
        assert_eq!(fault.error_type, ErrorType::BodyTooLarge);
        request.body_limit += 1;
        assert_eq!(request.reply(&sockets()).body, TEXT);
    }
}

#[test]
fn a_body_in_no_known_coding_cannot_be_decoded() {
    for (name, _) in coded() {
        let head = format!("Content-Encoding: {name}\r\nContent-Length: 10");
        let fault = get(Server::answering(with(&head, b"plain text")).url("/")).fault(&sockets());
        assert_eq!(fault.error_type, ErrorType::Decode, "{}", fault.message);
        assert!(fault.permanent && fault.reply.unwrap().status == 200);
    }
}

#[test]
fn a_coded_body_cut_short_is_incomplete() {
    for (name, bytes) in coded() {
        let encoding = format!("Content-Encoding: {name}");
        let length = format!("{encoding}\r\nContent-Length: {}", bytes.len());
        let chunks = format!("{encoding}\r\nTransfer-Encoding: chunked");
        let half = &bytes[..bytes.len() / 2];
        let all = chunked(&bytes);
        for answer in [
            with(&encoding, half),
            with(&length, half),
            with(&length, b""),
            with(&chunks, &all[..all.len() / 2]),
            with(&chunks, b""),
        ] {
            let server = Server::start(move |peer| {
                peer.request();
                peer.say(&answer);
            });
            let fault = get(server.url("/")).fault(&sockets());
            assert_eq!(
                fault.error_type,
                ErrorType::IncompleteBody,
                "{name}: {}",
                fault.message
            );
        }
    }
}

#[test]
fn an_empty_coded_body_is_empty() {
    let sockets = sockets();
    for (name, _) in coded() {
        let head = format!("Content-Encoding: {name}\r\nTransfer-Encoding: chunked");
        let server = Server::answering(with(&head, b"0\r\n\r\n"));
        for _ in 0..2 {
            assert_eq!(get(server.url("/")).reply(&sockets).body, b"");
        }
        assert_eq!(server.connections(), 1, "{name}");
        let head = format!("Content-Encoding: {name}\r\nContent-Length: 0");
        let server = Server::answering(with(&head, b""));
        assert_eq!(get(server.url("/")).reply(&sockets).body, b"");
    }
}
