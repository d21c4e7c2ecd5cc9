//! `Expect: 100-continue`: the client asks the server before it sends a large body, and obeys an early response.

use std::io::Cursor;
use std::time::{Duration, Instant};

use haul::{Client, ErrorType, Request};
use test_support::{Folder, builder, client, error};

use super::bytes;
use super::upload_server::{Do, OK, Upload, UploadServer};

const TOO_LARGE: &str = "HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\n\r\nat most1";
const FAILED: &str = "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n";
const MOVED: &str = "HTTP/1.1 307 x\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n";

const LARGE: usize = 1 << 20;

fn large() -> (Vec<u8>, Cursor<Vec<u8>>) {
    let body = bytes(LARGE);
    (body.clone(), Cursor::new(body))
}

#[test]
fn large_bodies_ask_for_100_continue() {
    let server = UploadServer::start(|_, _| Do::Answer(OK));
    let folder = Folder::new();
    let client = client(4);
    let put = || Request::put(server.url("/"));
    let below = folder.write("below", bytes(LARGE - 1));
    let just = folder.write("just", bytes(LARGE));
    for (request, asked) in [
        (put().body_file(&below), false),
        (put().body_file(&just), true),
        (put().body_stream(&b"abc"[..], None), true),
        (put().body_stream(&b"abc"[..], 3), false),
        (put().body(bytes(LARGE)), false),
    ] {
        assert!(client.send(request).is_success());
        let uploads = server.uploads().pop().unwrap();
        assert!(uploads.whole);
        let expect = uploads.header("expect");
        assert_eq!(expect, asked.then_some("100-continue"), "{uploads:?}");
    }
}

#[test]
fn asking_for_100_continue_can_be_set() {
    let server = UploadServer::start(|_, _| Do::Answer(OK));
    let send = |client: &Client, length| {
        let request = Request::put(server.url("/")).body_reader(Cursor::new(bytes(length)));
        assert!(client.send(request).is_success());
        server.uploads().pop().unwrap().header("expect").is_some()
    };
    let never = builder(4).expect_continue_from(None).build().unwrap();
    assert!(!send(&never, LARGE));
    let often = builder(4).expect_continue_from(10).build().unwrap();
    assert!(!send(&often, 9));
    assert!(send(&often, 10));
    let always = builder(4).expect_continue_from(0).build().unwrap();
    assert!(send(&always, 1));
    assert!(!send(&always, 0));
}

#[test]
fn an_early_refusal_costs_no_upload() {
    let server = UploadServer::start(|_, _| Do::Refuse(TOO_LARGE));
    let client = client(4);
    let outcome = client.send(Request::put(server.url("/")).body_reader(large().1));
    let error = error(&outcome);
    assert_eq!(
        (error.error_type(), error.status()),
        (ErrorType::HttpStatus, Some(413))
    );
    assert_eq!(error.response_text().as_deref(), Some("at most1"));
    assert!(outcome.bytes_sent() < 1000, "{}", outcome.bytes_sent());
    // The connection is not used again: the server may still wait for the body.
    assert!(client.get(server.url("/")).error().is_some());
    let connections: Vec<_> = server
        .uploads()
        .iter()
        .map(|uploads| uploads.connection)
        .collect();
    assert_eq!(connections, [0, 1]);
}

#[test]
fn an_early_redirect_gets_the_body_at_its_target() {
    let server = UploadServer::start(|uploads: &Upload, _| match &*uploads.first {
        "PUT /to" => Do::Answer(OK),
        _ => Do::Refuse(MOVED),
    });
    // This holds even for a body that can be read only once, because none of it has been read.
    let (body, reader) = large();
    let request = Request::put(server.url("/")).body_stream(reader, LARGE as u64);
    let outcome = client(4).send(request);
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(server.uploads()[0].length, 0);
    server.uploads()[1].assert_body(&body);
}

#[test]
fn a_silent_server_gets_the_body_after_a_second() {
    let server = UploadServer::start(|_, _| Do::Ignore(OK));
    let (body, reader) = large();
    let began = Instant::now();
    let outcome = client(4).send(Request::put(server.url("/")).body_reader(reader));
    assert!(outcome.is_success(), "{outcome:?}");
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(900), "{took:?}");
    server.only().assert_body(&body);
}

#[test]
fn other_bytes_around_the_100_do_not_confuse() {
    for (said, tag) in [
        (
            "HTTP/1.1 100 Continue\r\nServer: x\r\nVia: 1.1 p\r\n\r\n",
            "with headers",
        ),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
            "hints",
        ),
        (
            "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
            "processing",
        ),
        ("HTTP/1.0 100 Continue\r\n\r\n", "an old version"),
    ] {
        let server = UploadServer::start(move |_, _| Do::Say(said, OK));
        let (body, reader) = large();
        let began = Instant::now();
        let outcome = client(4).send(Request::put(server.url("/")).body_reader(reader));
        assert!(outcome.is_success(), "{tag}: {outcome:?}");
        server.only().assert_body(&body);
        assert!(began.elapsed() < Duration::from_secs(20), "{tag}");
    }
}

#[test]
fn a_417_gets_the_body_at_once() {
    let server = UploadServer::start(|uploads: &Upload, _| match uploads.header("expect") {
        Some(_) => Do::Refuse(FAILED),
        None => Do::Answer(OK),
    });
    let (body, reader) = large();
    let outcome = client(4).send(Request::post(server.url("/")).body_reader(reader));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(outcome.attempts(), 1);
    assert_eq!(server.uploads().len(), 2);
    server.uploads()[1].assert_body(&body);
}

#[test]
fn a_417_removes_the_expect_header_of_the_request() {
    let server = UploadServer::start(|_, nth| match nth {
        1 => Do::Refuse(FAILED),
        _ => Do::Answer(OK),
    });
    let request = Request::post(server.url("/")).header("expect", "100-continue");
    let outcome = client(4).send(request.body("the body"));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(outcome.attempts(), 1);
    let uploads = server.uploads();
    assert_eq!(uploads[1].header("expect"), None);
    uploads[1].assert_body(b"the body");
}

#[test]
fn a_connection_that_ends_before_the_100_is_a_failure() {
    let server = UploadServer::start(|_, _| Do::Cut(0));
    let outcome = client(4).send(Request::post(server.url("/")).body_reader(large().1));
    assert_eq!(error(&outcome).error_type(), ErrorType::Connection);
}

/// Checks that the client stops sending when the server responds while the body is under way, and reads no more of it.
#[test]
fn a_response_in_the_middle_of_a_body_is_heard() {
    let client = builder(4).expect_continue_from(None).build().unwrap();
    let folder = Folder::new();
    let path = folder.file("large");
    std::fs::File::create(&path)
        .unwrap()
        .set_len(64 << 20)
        .unwrap();
    let server = UploadServer::start(|_, nth| match nth {
        1 | 2 => Do::Refuse(TOO_LARGE),
        _ => Do::Slam(TOO_LARGE),
    });
    let known = Request::put(server.url("/")).body_file(&path);
    let unknown = std::fs::File::open(&path).unwrap();
    let unknown = Request::put(server.url("/")).body_stream(unknown, None);
    for request in [known.clone(), unknown, known] {
        let outcome = client.send(request);
        let error = error(&outcome);
        assert_eq!(error.status(), Some(413), "{error}");
        assert!(outcome.bytes_sent() < 64 << 20, "{}", outcome.bytes_sent());
    }
}
