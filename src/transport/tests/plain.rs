//! Checks that the fast path writes requests as ureq does, and that both ways read responses alike.

use super::server::Server;
use super::*;

/// Makes ureq write the request, by a header that the fast path does not take.
pub(super) fn by_ureq(asking: Asking) -> Asking {
    asking.header("connection", "keep-alive")
}

/// Result of an exchange as a caller sees it.
#[derive(Debug, PartialEq)]
struct Told {
    reply: Option<(u16, Version, HeaderMap, String, bool)>,
    fault: Option<(ErrorType, Phase, bool, String)>,
    received: u64,
    /// True if the next exchange uses the same connection.
    kept: bool,
}

fn told(asking: &Asking, sockets: &Sockets) -> Told {
    let exchanged = asking.of(sockets);
    let received = exchanged.trace.bytes_received;
    let (fault, reply) = match exchanged.result {
        Ok(reply) => (None, Some(reply)),
        Err(fault) => {
            let what = (
                fault.error_type,
                fault.phase,
                fault.permanent,
                fault.message,
            );
            (Some(what), fault.reply)
        }
    };
    let reply = reply.map(|reply| {
        let body = String::from_utf8(reply.body).unwrap();
        let (version, headers) = (reply.version, (*reply.headers).clone());
        (reply.status, version, headers, body, reply.truncated)
    });
    Told {
        reply,
        fault,
        received,
        kept: sockets.connector.pool.len() > 0,
    }
}

/// Sends two requests to one server: one written by the fast path, and one written by ureq.
fn both(asking: impl Fn(&Server) -> Asking, answer: &[u8], closes: bool) -> [Told; 2] {
    let answer = answer.to_vec();
    let server = Server::start(move |peer| {
        while peer.request().is_some() {
            peer.say(&answer);
            if closes {
                return;
            }
        }
    });
    let ours = told(&asking(&server), &sockets());
    let theirs = told(&by_ureq(asking(&server)), &sockets());
    let requests = server.requests();
    let without = requests[1].replace("connection: keep-alive\r\n", "");
    assert_eq!(requests[0], without);
    [ours, theirs]
}

#[test]
fn each_answer_is_understood_alike_both_ways() {
    let lines = |n| vec!["X-Line: v"; n].join("\r\n");
    let with = |line: &str| format!("HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 2\r\n\r\nok");
    let length = |value: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\nok");
    let empty = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n");
    let plain = length("2");
    let whole: Vec<String> = [
        with("Server: nginx"),
        with("Connection: keep-alive"),
        with("Connection: Close"),
        with("Connection: keep-alive, close"),
        with("Set-Cookie: a=b\r\nset-cookie: c=d"),
        with("X-A:\tb  "),
        with("X-Empty:"),
        with("X-A: \u{e9}"),
        with(&lines(62)),
        with(&lines(63)),
        with(&lines(100)),
        with(&lines(200)),
        with(" folded"),
        with("no colon"),
        with("spaced : v"),
        with("Content-Encoding: identity"),
        with("Content-Encoding: unknown"),
        with("Content-Length: 2"),
        with("Content-Length: 3"),
        with("Transfer-Encoding: identity"),
        with(&format!("X-Long: {}", "v".repeat(70_000))),
        with(&format!("X-Long: {}", "v".repeat(5_000))),
        length("2, 2"),
        length("+2"),
        length("02"),
        length("0"),
        length("-1"),
        length(""),
        length("two"),
        format!("{plain}surplus"),
        empty("204 No Content"),
        empty("304 Not Modified"),
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone".to_owned(),
        "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 4\r\n\r\nthere".to_owned(),
        "HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nthere".to_owned(),
        "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned(),
        format!("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n{plain}"),
        format!("HTTP/1.1 100 Continue\r\n\r\n{plain}"),
        plain.replace("HTTP", "http"),
        format!("\r\n{plain}"),
        "SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(),
    ]
    .into();
    for answer in &whole {
        let [ours, theirs] = both(|server| get(server.url("/a?b")), answer.as_bytes(), false);
        assert_eq!(ours, theirs, "{answer}");
    }
    let cut_short = [
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\n\r\nall of it",
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhalf",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "nothing of the kind",
    ];
    for answer in cut_short {
        let [ours, theirs] = both(|server| get(server.url("/a?b")), answer.as_bytes(), true);
        assert_eq!(ours, theirs, "{answer}");
    }
}

#[test]
fn an_answer_to_head_has_no_body_whatever_it_says() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nContent-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 405 No\r\nConnection: close\r\n\r\n",
    ] {
        let head = |server: &Server| asking("HEAD", server.url("/"));
        let [ours, theirs] = both(head, answer.as_bytes(), false);
        assert_eq!(ours, theirs, "{answer}");
        assert!(ours.fault.is_none());
    }
}

#[test]
fn each_request_is_written_as_ureq_writes_it() {
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let base = |path: &'static str| move |server: &Server| get(server.url(path));
    let paths = ["", "/", "?a=b", "/a%20b/?c=d&e", "/%F0%9F%98%80"];
    for path in paths {
        both(base(path), ok, false);
        both(|server| base(path)(server).known(), ok, false);
    }
    let with_zeros = |server: &Server| get(server.url("/").replace("1:", "1:0"));
    both(with_zeros, ok, false);
    both(|server| with_zeros(server).known(), ok, false);
    let headers: [&[(&'static str, &str)]; 6] = [
        &[("x-a", "b"), ("x-b", ""), ("x-a", "c")],
        &[("accept", "text/html"), ("x-a", "b")],
        &[("accept-encoding", "identity")],
        &[("authorization", "Bearer t"), ("cookie", "a=b; c=d")],
        &[("content-length", "7"), ("x-a", "b")],
        &[("user-agent", "haul \u{e9}")],
    ];
    for headers in headers {
        let asking = |server: &Server| {
            let asking = get(server.url("/"));
            headers
                .iter()
                .fold(asking, |asking, (name, value)| asking.header(name, value))
        };
        both(asking, ok, false);
        both(|server| asking(server).known(), ok, false);
    }
    for names in [
        &["accept"][..],
        &["accept-encoding"],
        &["accept", "accept-encoding", "x-a"],
    ] {
        let asking = |server: &Server| {
            let asking = get(server.url("/")).header("range", "bytes=0-1");
            names
                .iter()
                .fold(asking, |asking, name| asking.without(name))
        };
        both(asking, ok, false);
        both(|server| asking(server).known(), ok, false);
    }
    for (name, value) in [("host", "other.example"), ("upgrade", "h2c")] {
        both(|server| get(server.url("/")).header(name, value), ok, false);
    }
}

#[test]
fn a_body_is_read_whole_however_it_comes() {
    for size in [1, 1000, 5000, 70_000, 3_000_000] {
        let body: String = (0..size)
            .map(|i| char::from(b'a' + (i % 26) as u8))
            .collect();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{body}");
        let [ours, theirs] = both(|server| get(server.url("/")), answer.as_bytes(), false);
        assert_eq!(ours, theirs);
        assert!(ours.kept && ours.reply.is_some_and(|reply| reply.3 == body));
    }
}

#[test]
fn a_head_that_comes_by_the_byte_is_understood_as_one_that_comes_at_once() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for answer in [
        ok.to_owned(),
        format!("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n{ok}"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned(),
    ] {
        let (bytes, whole) = (answer.clone().into_bytes(), answer.clone());
        let by_byte = Server::start(move |peer| {
            while peer.request().is_some() {
                bytes.chunks(1).for_each(|byte| peer.say(byte));
            }
        });
        let at_once = Server::start(move |peer| {
            while peer.request().is_some() {
                peer.say(&whole);
            }
        });
        let [slowly, quickly] =
            [by_byte, at_once].map(|server| told(&get(server.url("/")), &sockets()));
        assert_eq!(slowly, quickly, "{answer}");
        assert_eq!(slowly.reply.unwrap().3, "ok");
    }
}
