//! Responses as real servers send them, which other clients accept too. Each goes to both ways of reading, whole and
//! byte by byte.

use super::plain::by_ureq;
use super::server::Server;
use super::*;

/// Expected result of a response.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    /// A success with this body, and the connection is kept.
    Kept(&'static str),
    /// A success with this body, and the connection is closed.
    Closed(&'static str),
    /// A permanent failure of class `protocol` with these words in its message.
    Protocol(&'static str),
    Class(ErrorType),
}

use Expected::{Class, Closed, Kept, Protocol};

/// Makes the exchange by both ways, with the response whole and in pieces of one byte.
#[track_caller]
fn expect(response: &str, expected: Expected) {
    expect_of("GET", response.as_bytes(), expected);
}

#[track_caller]
fn expect_of(method: &str, response: &[u8], expected: Expected) {
    for by_byte in [false, true] {
        let bytes = response.to_vec();
        let server = Server::start(move |peer| {
            while peer.request().is_some() {
                match by_byte {
                    false => peer.say(&bytes),
                    true => bytes.chunks(1).for_each(|byte| peer.say(byte)),
                }
                // The end of the connection is the end of such a body.
                if !bytes.windows(7).any(|w| w.eq_ignore_ascii_case(b"length:"))
                    && !bytes
                        .windows(8)
                        .any(|w| w.eq_ignore_ascii_case(b"encoding"))
                {
                    return;
                }
            }
        });
        for general in [false, true] {
            let sockets = sockets();
            let asking = asking(method, server.url("/"));
            let asking = if general { by_ureq(asking) } else { asking };
            let exchanged = asking.of(&sockets);
            let shown = response.escape_ascii();
            let way = format!("general: {general}, by byte: {by_byte}: {shown}");
            let kept = sockets.connector.pool.len() > 0;
            match (exchanged.result, expected) {
                (Ok(reply), Kept(body) | Closed(body)) => {
                    assert_eq!(String::from_utf8_lossy(&reply.body), body, "{way}");
                    assert_eq!(kept, matches!(expected, Kept(_)), "{way}");
                }
                (Err(fault), Protocol(words)) => {
                    assert_eq!(fault.error_type, ErrorType::Protocol, "{way}");
                    assert!(fault.message.contains(words), "{way}: {}", fault.message);
                    assert!(fault.permanent && !kept, "{way}");
                }
                (Err(fault), Class(class)) => assert_eq!(fault.error_type, class, "{way}"),
                (Ok(reply), _) => panic!("{way}: answered with {}", reply.status),
                (Err(fault), _) => panic!("{way}: {}: {}", fault.error_type, fault.message),
            }
        }
    }
}

fn ok(lines: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\nContent-Length: 5\r\n\r\nhello")
}

fn chunked(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

#[test]
fn informational_responses_with_header_lines_are_passed_over() {
    for interim in [
        "HTTP/1.1 100 Continue\r\nServer: x\r\nDate: y\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nodd\r\nX : y\r\n z\r\n\r\n",
        "HTTP/1.1 199 Odd\nContent-Length: 100\n\n",
    ] {
        for count in [1, 2, 16] {
            expect(&(interim.repeat(count) + &ok("X: y")), Kept("hello"));
        }
        expect(
            &(interim.repeat(17) + &ok("X: y")),
            Protocol("more than 16"),
        );
    }
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
    expect(switch, Protocol("did not ask"));
    expect(&(switch.to_owned() + &ok("X: y")), Protocol("did not ask"));
}

#[test]
fn odd_header_lines_cost_no_response() {
    for lines in [
        "X: one\r\n two",
        "X: one\r\n\ttwo\r\n   three",
        "X: a\u{1}b\u{7f}",
        "X: a\0b",
        "X: a\rb",
        "X: \u{e9}",
        "X : a",
        "X\t: a",
        "X[0]: a",
        "\"X: a\"",
        "no colon at all",
        ": no name",
        " a fold behind the status line",
        "X: a\n\u{b}",
        "\u{e9}: a",
    ] {
        expect(&ok(lines), Kept("hello"));
    }
}

#[test]
fn a_framing_line_that_is_put_right_closes_the_connection() {
    expect(
        "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        Closed("hello"),
    );
    expect(
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n 5\r\n\r\nhello",
        Closed("hello"),
    );
    expect(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding\t: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Closed("hello"),
    );
    expect(&ok("Content-Length 7"), Closed("hello"));
    expect(&ok("\u{1}Transfer-Encoding: chunked"), Closed("hello"));
}

#[test]
fn lengths_that_differ_or_are_none_are_refused() {
    expect(&ok("Content-Length: 5"), Kept("hello"));
    expect(&ok("Content-Length: 05, 5"), Kept("hello"));
    for (value, words) in [
        ("6", "both"),
        ("5, 6", "both"),
        ("+5", "decimal"),
        ("5x", "decimal"),
        ("", "decimal"),
        ("-1", "decimal"),
        ("18446744073709551616", "decimal"),
    ] {
        expect(&ok(&format!("Content-Length: {value}")), Protocol(words));
    }
}

#[test]
fn a_connection_with_doubtful_chunks_is_closed() {
    expect(&chunked("5\r\nhello\r\n0\r\n\r\n"), Kept("hello"));
    expect(
        &chunked("5;a=\"b;c\" \r\nhello\r\n000;x\r\n\r\n"),
        Kept("hello"),
    );
    expect(
        &chunked("2 \t\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n"),
        Kept("hello"),
    );
    expect(&chunked("5\nhello\n0\n\n"), Closed("hello"));
    let long = |size: usize| format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(size - 1));
    let (most, more) = (long(16 * 1024), long(16 * 1024 + 1));
    expect(&chunked(&most), Kept("hello"));
    expect(&chunked(&more), Protocol("16384"));
    for bad in ["0x5\r\n", "+5\r\n", " 5\r\n", "\r\n", "5g\r\n", "5\rhello"] {
        expect(&chunked(bad), Protocol("hexadecimal"));
    }
    expect(
        &chunked("00000000000000005\r\nhello\r\n0\r\n\r\n"),
        Protocol("16"),
    );
    expect(
        &chunked("5\r\nhello!\r\n0\r\n\r\n"),
        Protocol("longer than its size"),
    );
}

#[test]
fn a_connection_of_http_10_with_chunks_is_closed() {
    for lines in ["X: y", "Connection: keep-alive"] {
        let response = chunked("5\r\nhello\r\n0\r\n\r\n").replace("1.1 200 OK", "1.0 200 OK");
        let response = response.replace("\r\n\r\n5", &format!("\r\n{lines}\r\n\r\n5"));
        expect(&response, Closed("hello"));
    }
    let kept = ok("Connection: Keep-Alive").replace("HTTP/1.1", "HTTP/1.0");
    expect(&kept, Kept("hello"));
    expect(&ok("X: y").replace("HTTP/1.1", "HTTP/1.0"), Closed("hello"));
}

#[test]
fn transfer_codings_are_known_or_refused() {
    let with = |coding: &str| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    };
    expect(&with("Chunked"), Kept("hello"));
    for twice in [
        "chunked, chunked",
        "identity, chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked\r\nContent-Length: 5",
        "chunked\r\nContent-Length: 5\r\nContent-Length: 6",
    ] {
        expect(&with(twice), Closed("hello"));
    }
    for other in [
        "xchunked",
        "chunked, gzip",
        "deflate",
        "",
        "cow, chunked",
        "gzip",
    ] {
        expect(&with(other), Protocol("Transfer-Encoding"));
    }
    expect(&ok("Transfer-Encoding: identity"), Closed("hello"));
}

#[cfg(feature = "gzip")]
#[test]
fn gzip_as_a_transfer_coding_comes_off() {
    use std::io::Write;
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    to.write_all(b"hello").unwrap();
    let gzip = to.finish().unwrap();
    for coding in ["gzip, chunked", "x-gzip, chunked"] {
        let mut response =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n").into_bytes();
        response.extend_from_slice(format!("{:x}\r\n", gzip.len()).as_bytes());
        response.extend_from_slice(&gzip);
        response.extend_from_slice(b"\r\n0\r\n\r\n");
        expect_of("GET", &response, Closed("hello"));
    }
}

#[test]
fn responses_without_a_body_keep_their_connection() {
    for lines in [
        "Content-Length: 5",
        "Content-Encoding: gzip\r\nContent-Length: 5",
        "Transfer-Encoding: chunked",
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n");
        expect_of("HEAD", head.as_bytes(), Kept(""));
        let head = head.replace("200 OK", "304 Not Modified");
        expect(&head, Kept(""));
    }
    expect("HTTP/1.1 204 No\r\nContent-Encoding: br\r\n\r\n", Kept(""));
    expect("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", Closed(""));
}

#[test]
fn an_unknown_coding_leaves_the_body_as_it_is() {
    for coding in ["compress", "gzip, sdch", "GZIP;q=1"] {
        let server = Server::answering(ok(&format!("Content-Encoding: {coding}")));
        for asking in [get(server.url("/")), by_ureq(get(server.url("/")))] {
            let reply = asking.reply(&sockets());
            assert_eq!(reply.body, b"hello");
            assert!(reply.undecoded);
            assert_eq!(reply.headers["content-encoding"], coding);
        }
    }
    let server = Server::answering(ok("Content-Encoding: identity"));
    assert!(!get(server.url("/")).reply(&sockets()).undecoded);
    let five = ok("Content-Encoding: gzip, gzip, gzip\r\nContent-Encoding: gzip, gzip");
    expect(&five, Class(ErrorType::Decode));
}

#[test]
fn a_declared_length_above_the_limit_fails_before_the_body() {
    let server = Server::start(|peer| {
        while peer.request().is_some() {
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        }
    });
    for mut asking in [get(server.url("/")), by_ureq(get(server.url("/")))] {
        asking.body_limit = 1000;
        let fault = asking.fault(&sockets());
        assert_eq!(fault.error_type, ErrorType::BodyTooLarge);
        assert!(
            fault.permanent && fault.message.contains("1000 bytes"),
            "{}",
            fault.message
        );
        asking.method = Method::HEAD;
        assert_eq!(asking.reply(&sockets()).body, b"");
    }
}

#[test]
fn no_later_request_gets_bytes_of_an_earlier_response() {
    let sly = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for first in [
        format!("{}{sly}", ok("X: y")),
        format!("HTTP/1.1 204 No\r\nContent-Length: 38\r\n\r\n{sly}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n{sly}"),
        format!("{}{sly}", chunked("5\nhello\n0\n\n")),
    ] {
        let server = Server::start(move |peer| {
            let mut first = Some(first.clone());
            while peer.request().is_some() {
                peer.say(first.take().unwrap_or_else(|| ok("X: y")));
            }
        });
        let sockets = sockets();
        let _ = get(server.url("/")).of(&sockets);
        let exchanged = get(server.url("/")).of(&sockets);
        assert!(!exchanged.trace.reused);
    }
}
