//! Tests of the test server itself: if it broke its promises, a test of the client that passes would prove nothing.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use test_support::{Answer, Gate, Scenario, Server};

/// A client that does no more than it is told to.
struct Wire(BufReader<TcpStream>);

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Wire {
    fn to(address: SocketAddr) -> Wire {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        Wire(BufReader::new(stream))
    }

    fn send(&mut self, request: &str) -> &mut Wire {
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        self
    }

    fn get(&mut self, path: &str) -> Reply {
        self.send(&get(path)).reply()
    }

    fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.0.read_line(&mut head).unwrap(), 0, "after {head:?}");
        }
        head
    }

    fn reply(&mut self) -> Reply {
        let head = self.head();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head, body }
    }

    fn rest(&mut self) -> std::io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).map(|_| rest)
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

#[test]
fn each_request_of_a_connection_is_remembered() {
    let server = Server::start(|seen| Answer::text(format!("{} {}", seen.nth, seen.text())));
    let mut wire = Wire::to(server.address());
    assert_eq!(wire.get("/a?x=1").body, b"1 ");
    wire.send("POST /a HTTP/1.1\r\nContent-Length: 3\r\nX-Two: 1\r\nx-two: 2\r\n\r\nabc");
    assert_eq!(wire.reply().body, b"2 abc");

    let seen = server.seen();
    assert_eq!(server.paths(), ["/a", "/a"]);
    assert_eq!((seen[0].number, seen[1].number), (0, 1));
    assert_eq!((seen[0].query(), seen[0].path()), (Some("x=1"), "/a"));
    assert_eq!(seen[1].nth_on_connection, 2);
    assert_eq!(seen[1].method, "POST");
    assert_eq!(seen[1].body, b"abc");
    assert_eq!(seen[1].all_headers("X-TWO").collect::<Vec<_>>(), ["1", "2"]);
    assert!(seen[0].at <= seen[1].at);
    assert_eq!((server.requests_to("/a"), server.requests_to("/b")), (2, 0));
    assert_eq!((server.requests(), server.connections()), (2, 1));
    assert_eq!(server.last("/a").number, 1);
}

#[test]
fn a_body_may_come_in_chunks_after_100_continue() {
    let server = Server::always(Answer::status(204));
    let mut wire = Wire::to(server.address());
    wire.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(wire.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    wire.send("3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n");
    assert_eq!(wire.reply().status, 204);
    assert_eq!(server.last("/").text(), "abc0123456789");
}

#[test]
fn a_script_runs_for_each_path_up_to_its_last_answer() {
    let server = Scenario::new()
        .on("/one", Answer::text("one"))
        .on(
            "/flaky/*",
            Answer::status(503).times(2).then(Answer::text("at last")),
        )
        .start();
    let mut wire = Wire::to(server.address());
    let mut statuses = |path| [0; 4].map(|_| wire.get(path).status);
    assert_eq!(statuses("/flaky/1"), [503, 503, 200, 200]);
    assert_eq!(statuses("/flaky/2"), [503, 503, 200, 200]);
    assert_eq!(statuses("/one"), [200; 4]);
    assert_eq!(statuses("/one/more"), [404; 4]);
}

#[test]
fn head_and_204_have_no_body() {
    let server = Server::start(|seen| match seen.path() {
        "/none" => Answer::status(204).body("never sent"),
        _ => Answer::text("text"),
    });
    let mut wire = Wire::to(server.address());
    wire.send("HEAD / HTTP/1.1\r\n\r\n");
    assert!(wire.head().contains("Content-Length: 4\r\n"));
    assert_eq!(wire.get("/none").body, b"");
    assert_eq!(wire.get("/").body, b"text");
}

#[test]
fn chunks_dripping_and_bodies_that_end_with_the_connection_carry_the_same_text() {
    let server = Scenario::new()
        .on("/chunks", Answer::text("abcde").chunked(2))
        .on("/close", Answer::text("abcde").until_close())
        .on(
            "/drip",
            Answer::text("abcde").dripping(2, Duration::from_millis(1)),
        )
        .start();
    let mut wire = Wire::to(server.address());
    assert_eq!(wire.get("/drip").body, b"abcde");
    wire.send(&get("/chunks"));
    assert!(wire.head().contains("Transfer-Encoding: chunked"));
    wire.send(&get("/close"));
    let rest = String::from_utf8(wire.rest().unwrap()).unwrap();
    assert!(rest.starts_with("2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\nHTTP/1.1 200"));
    assert!(rest.ends_with("\r\n\r\nabcde"));
    assert!(!rest.contains("Content-Length"));
}

#[test]
fn gzip_is_gzip() {
    let long = "0123456789".repeat(10_000);
    let server = Scenario::new()
        .on("/short", Answer::text("123456789").gzip())
        .on("/empty", Answer::text("").gzip())
        .on("/long", Answer::text(long.as_str()).gzip())
        .start();
    let mut wire = Wire::to(server.address());
    let short = wire.get("/short");
    assert!(short.head.contains("Content-Encoding: gzip\r\n"));
    // The check value of CRC-32, then the length.
    assert_eq!(
        short.body[short.body.len() - 8..],
        [0x26, 0x39, 0xf4, 0xcb, 9, 0, 0, 0]
    );
    assert_eq!(wire.get("/empty").body.len(), 10 + 5 + 8);
    assert_eq!(wire.get("/long").body.len(), 10 + 2 * 5 + 100_000 + 8);
}

#[test]
fn an_answer_is_cut_where_the_test_says() {
    let server = Scenario::new()
        .on("/cut", Answer::text("hello").cut_after(2))
        .on("/reset", Answer::text("hello").reset_after(2))
        .on("/mute", Answer::hang_up())
        .on("/raw", Answer::raw("HTTP/9.9 nonsense"))
        .start();
    let ends = |path: &str| {
        let mut wire = Wire::to(server.address());
        wire.send(&get(path)).rest().map(|bytes| {
            let text = String::from_utf8(bytes).unwrap();
            text.rsplit('\n').next().unwrap().to_owned()
        })
    };
    assert_eq!(ends("/cut").unwrap(), "he");
    assert_eq!(ends("/mute").unwrap(), "");
    assert_eq!(ends("/raw").unwrap(), "HTTP/9.9 nonsense");
    if cfg!(unix) {
        let error = ends("/reset").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}

#[cfg(unix)]
#[test]
fn a_reset_is_a_reset() {
    let server = Server::always(Answer::reset());
    for _ in 0..50 {
        let error = Wire::to(server.address()).send(&get("/")).rest();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[test]
fn a_connection_is_closed_with_and_without_notice() {
    let server = Scenario::new()
        .on("/said", Answer::text("a").close())
        .on("/silent", Answer::text("b").close_silently())
        .start();
    for (path, said) in [("/said", true), ("/silent", false)] {
        let mut wire = Wire::to(server.address());
        let reply = wire.get(path);
        assert_eq!(reply.head.contains("Connection: close"), said);
        assert_eq!(reply.body.len(), 1);
        assert_eq!(wire.rest().unwrap(), b"");
    }
    server.wait_for_open_connections(0);
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_gate_holds_requests_until_they_are_let_through() {
    let gate = Gate::closed();
    let server = Server::always(Answer::text("through").behind(&gate));
    let address = server.address();
    let waiting: Vec<_> = (0..3)
        .map(|_| thread::spawn(move || Wire::to(address).get("/").status))
        .collect();
    gate.wait_for(3);
    assert_eq!((gate.waiting(), server.most_at_once()), (3, 3));
    assert!(waiting.iter().all(|thread| !thread.is_finished()));
    gate.admit(1);
    while !waiting.iter().any(thread::JoinHandle::is_finished) {
        thread::yield_now();
    }
    assert_eq!(gate.waiting(), 2);
    gate.open();
    for thread in waiting {
        assert_eq!(thread.join().unwrap(), 200);
    }
    assert_eq!(Wire::to(address).get("/").status, 200);
}

#[test]
fn many_hosts_share_a_port() {
    let server = Scenario::new()
        .when("*", |seen| Answer::text(seen.host.to_string()))
        .hosts(250)
        .start();
    for host in [0, 1, 199, 200, 249] {
        let url = server.url_on(host, "/");
        let address = url.strip_prefix("http://").unwrap().trim_end_matches('/');
        let mut wire = Wire::to(address.parse().unwrap());
        assert_eq!(wire.get("/").body, host.to_string().as_bytes());
        assert_eq!(server.most_at_once_on(host), 1);
    }
    assert!(server.url_on(200, "/").starts_with("http://127.0.1.1:"));
    assert_eq!(server.most_at_once_on(2), 0);
}

#[test]
fn dropping_the_server_ends_what_waits() {
    let server = Scenario::new()
        .on("/never", Answer::never())
        .on(
            "/late",
            Answer::text("late").after(Duration::from_secs(3600)),
        )
        .start();
    let address = server.address();
    // The first connection is the first that is accepted: the server holds it when the requests of the others are
    // there.
    let mut idle = Wire::to(address);
    let mut wires = ["/never", "/late"].map(|path| {
        let mut wire = Wire::to(address);
        wire.send(&get(path));
        wire
    });
    server.wait_for_requests(2);
    let began = Instant::now();
    drop(server);
    assert!(began.elapsed() < Duration::from_secs(20));
    for wire in wires.iter_mut().chain([&mut idle]) {
        let rest = wire.rest();
        assert!(matches!(&rest, Ok(rest) if rest.is_empty()), "{rest:?}");
    }
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_restart_replaces_all_connections() {
    let server = Server::always(Answer::text("here"));
    let mut before = Wire::to(server.address());
    before.get("/");
    server.drop_connections();
    assert_eq!(before.rest().unwrap(), b"");
    assert_eq!(Wire::to(server.address()).get("/").status, 200);
    assert_eq!(server.connections(), 2);
}

#[test]
#[should_panic(expected = "1 of the server's answers panicked")]
fn a_panic_in_an_answer_fails_the_test() {
    let server = Server::start(|_| panic!("this panic is part of the test"));
    Wire::to(server.address()).send(&get("/")).rest().unwrap();
}

#[test]
fn a_refused_address_has_no_listener() {
    let error = TcpStream::connect(test_support::refused()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn ten_thousand_requests_are_counted_one_by_one() {
    let server = Server::start(|seen| Answer::json(seen.last_number().unwrap()));
    let address = server.address();
    thread::scope(|scope| {
        for client in 0..20 {
            scope.spawn(move || {
                let mut wire = Wire::to(address);
                for number in client * 500..(client + 1) * 500 {
                    let reply = wire.get(&format!("/items/{number}"));
                    assert_eq!(reply.body, number.to_string().as_bytes());
                }
            });
        }
    });
    assert_eq!((server.requests(), server.connections()), (10_000, 20));
    let seen = server.seen();
    assert!(seen.iter().enumerate().all(|(i, seen)| seen.number == i));
    assert!((0..10_000).all(|n| server.requests_to(&format!("/items/{n}")) == 1));
    assert!((1..=20).contains(&server.most_at_once()));
}

#[test]
fn an_unlogged_server_only_counts_requests() {
    let server = Scenario::new()
        .on("*", Answer::text("x"))
        .unlogged()
        .start();
    let mut wire = Wire::to(server.address());
    for _ in 0..3 {
        wire.get("/");
    }
    assert!(server.seen().is_empty());
    assert_eq!((server.requests(), server.requests_to("/")), (3, 0));
}
