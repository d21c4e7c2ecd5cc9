//! Bodies that are sent again by retries, redirects and free replays, and bodies that cannot be.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use haul::{ErrorType, Request, StopReason};
use test_support::{Folder, client, error};

use super::bytes;
use super::upload_server::{BUSY, Do, OK, UploadServer};

const SEE_OTHER: &str = "HTTP/1.1 303 x\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n";
const TEMPORARY: &str = "HTTP/1.1 307 x\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n";
const PERMANENT: &str = "HTTP/1.1 308 x\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n";

/// Starts a server that answers the first request with `answer` and all others with 200.
fn first(answer: &'static str) -> UploadServer {
    UploadServer::start(move |_, nth| Do::Answer(if nth == 1 { answer } else { OK }))
}

/// A body of each kind that can be sent again, from its fifth byte.
fn replayable(folder: &Folder, url: &str, body: &[u8]) -> [Request; 3] {
    let mut cursor = Cursor::new([b"1234", body].concat());
    cursor.set_position(4);
    let request = || Request::put(url);
    [
        request().body(body),
        request().body_file(folder.write("body", body)),
        request().body_reader(cursor),
    ]
}

// Each kind leaves out the bytes that were read before.
#[test]
fn vector_136_a_retry_sends_the_same_bytes_again() {
    let folder = Folder::new();
    let body = bytes(64 << 10);
    for kind in 0..3 {
        let server = first(BUSY);
        let request = replayable(&folder, &server.url("/"), &body)[kind].clone();
        let outcome = client(4).send(request);
        assert!(outcome.is_success(), "{outcome:?}");
        assert_eq!(outcome.attempts(), 2);
        assert_eq!(server.uploads().len(), 2);
        server
            .uploads()
            .iter()
            .for_each(|uploads| uploads.assert_body(&body));
    }
}

#[test]
fn a_connection_lost_in_the_middle_of_the_body_is_retried_with_all_of_it() {
    let folder = Folder::new();
    let body = bytes(1 << 20);
    for kind in 0..3 {
        let server = UploadServer::start(|_, nth| match nth {
            1 => Do::Cut(100_000),
            _ => Do::Answer(OK),
        });
        let request = replayable(&folder, &server.url("/"), &body)[kind].clone();
        let outcome = client(4).send(request);
        assert!(outcome.is_success(), "{outcome:?}");
        server.uploads().last().unwrap().assert_body(&body);
    }
}

#[test]
fn the_status_of_a_redirect_decides_if_a_streamed_body_follows() {
    let folder = Folder::new();
    let body = bytes(100_000);
    for (answer, along) in [(TEMPORARY, true), (PERMANENT, true), (SEE_OTHER, false)] {
        for kind in 0..3 {
            let server = first(answer);
            let request = replayable(&folder, &server.url("/"), &body)[kind].clone();
            let outcome = client(4).send(request);
            assert!(outcome.is_success(), "{outcome:?}");
            let uploads = server.uploads();
            assert_eq!(uploads[1].first, if along { "PUT /to" } else { "GET /to" });
            if along {
                uploads[1].assert_body(&body);
            } else {
                assert_eq!(uploads[1].length, 0);
            }
        }
    }
}

/// A reader that reads on, but cannot tell its position, or cannot go back to it.
struct Stubborn {
    tells: bool,
    body: Cursor<Vec<u8>>,
}

impl Read for Stubborn {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.body.read(into)
    }
}

impl Seek for Stubborn {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Current(0) if self.tells => Ok(self.body.position()),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// A body of each kind that can be sent once.
fn for_once(url: &str, body: &[u8]) -> [Request; 3] {
    let stubborn = |tells| Stubborn {
        tells,
        body: Cursor::new(body.to_vec()),
    };
    let request = || Request::put(url);
    [
        request().body_reader(stubborn(true)),
        request().body_reader(stubborn(false)),
        request().body_stream(Cursor::new(body.to_vec()), None),
    ]
}

// A stream, and readers whose position cannot be told or restored.
#[test]
fn vector_137_a_body_that_can_be_read_once_ends_with_its_first_failure() {
    let body = bytes(70_000);
    for kind in 0..3 {
        let server = first(BUSY);
        let outcome = client(4).send(for_once(&server.url("/"), &body)[kind].clone());
        let error = error(&outcome);
        assert_eq!(
            (error.error_type(), error.status(), outcome.attempts()),
            (ErrorType::HttpStatus, Some(503), 1)
        );
        assert_eq!(error.stop_reason(), Some(StopReason::BodyNotReplayable));
        server.only().assert_body(&body);
    }
}

#[test]
fn a_redirect_that_wants_a_spent_body_again_is_not_followed() {
    let body = bytes(1000);
    for kind in 0..3 {
        let server = first(TEMPORARY);
        let outcome = client(4).send(for_once(&server.url("/"), &body)[kind].clone());
        let error = error(&outcome);
        assert_eq!(error.error_type(), ErrorType::Redirect);
        assert_eq!(error.stop_reason(), Some(StopReason::BodyNotReplayable));
        assert_eq!((error.status(), outcome.history().len()), (Some(307), 1));
        assert_eq!(server.uploads().len(), 1);

        let server = first(SEE_OTHER);
        let outcome = client(4).send(for_once(&server.url("/"), &body)[kind].clone());
        assert!(outcome.is_success(), "{outcome:?}");
    }
}

#[test]
fn an_unread_reader_serves_a_retry() {
    let server = UploadServer::start(|_, nth| match nth {
        1 => Do::Refuse(BUSY),
        _ => Do::Answer(OK),
    });
    let body = bytes(100_000);
    // The length is unknown, so the server is asked, and refuses before a byte is read.
    let request = Request::put(server.url("/")).body_stream(Cursor::new(body.clone()), None);
    let outcome = client(4).send(request);
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(outcome.attempts(), 2);
    server.uploads()[1].assert_body(&body);
}

#[test]
fn a_reader_is_sent_on_a_new_connection() {
    let server = UploadServer::start(|_, _| Do::Answer(OK));
    let client = client(4);
    assert!(client.get(server.url("/")).is_success());
    let request = Request::put(server.url("/")).body_stream(&b"abc"[..], 3);
    assert!(client.send(request).is_success());
    let connections: Vec<_> = server
        .uploads()
        .iter()
        .map(|uploads| uploads.connection)
        .collect();
    assert_eq!(connections, [0, 1]);
}
