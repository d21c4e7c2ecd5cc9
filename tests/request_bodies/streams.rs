//! Files and readers as bodies: sent whole, never whole in memory, and named where they cannot be sent.

use std::fs::{File, OpenOptions};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

use haul::{ErrorType, Layer, Request, StopReason};
use test_support::{Folder, client, error};

use super::bytes;
use super::upload_server::{BUSY, Do, OK, UploadServer};

fn taking() -> UploadServer {
    UploadServer::start(|_, _| Do::Answer(OK))
}

#[test]
fn a_file_is_sent_with_its_length() {
    let (folder, server, client) = (Folder::new(), taking(), client(4));
    for size in [0, 1, 1000, 65_535, 65_536, 65_537, 200_000] {
        let body = bytes(size);
        let path = folder.write("upload", &body);
        let outcome = client.send(Request::put(server.url("/")).body_file(path));
        assert!(outcome.is_success(), "{outcome:?}");
        let uploads = server.uploads().pop().unwrap();
        uploads.assert_body(&body);
        assert_eq!(uploads.header("content-length"), Some(&*size.to_string()));
        assert_eq!(uploads.header("expect"), None);
        assert!(outcome.bytes_sent() >= size as u64);
    }
    assert!(
        server
            .uploads()
            .iter()
            .all(|uploads| uploads.connection == 0)
    );
}

#[test]
fn any_method_may_send_a_file() {
    let (folder, server, client) = (Folder::new(), taking(), client(4));
    let path = folder.write("upload", b"abc");
    for method in ["GET", "DELETE", "PATCH", "PROPFIND"] {
        let request = Request::new(method, server.url("/")).body_file(&path);
        assert!(client.send(request).is_success());
        let uploads = server.uploads().pop().unwrap();
        assert_eq!(uploads.first, format!("{method} /"));
        uploads.assert_body(b"abc");
    }
}

#[test]
fn a_reader_is_sent_from_its_position() {
    let (server, client) = (taking(), client(4));
    let body = bytes(100_000);
    let mut reader = Cursor::new(body.clone());
    reader.set_position(4);
    let request = Request::post(server.url("/")).body_reader(reader);
    let outcome = client.send(request);
    assert!(outcome.is_success());
    assert_eq!(outcome.version(), Some(haul::http::Version::HTTP_11));
    assert!(outcome.bytes_received() > 0);
    server.uploads()[0].assert_body(&body[4..]);

    let mut reader = Cursor::new(body.clone());
    reader.set_position(10);
    let request = Request::post(server.url("/")).body_reader_sized(reader, 70_000);
    assert!(client.send(request).is_success());
    server.uploads()[1].assert_body(&body[10..70_010]);
}

#[test]
fn a_reader_without_a_length_is_sent_in_chunks() {
    let (server, client) = (taking(), client(4));
    for size in [0, 1, 10_240, 10_241, 65_536, 300_000] {
        let body = bytes(size);
        let reader = || Cursor::new(body.clone()).take(u64::MAX);
        let request = Request::post(server.url("/")).body_stream(reader(), None);
        let outcome = client.send(request);
        assert!(outcome.is_success(), "{outcome:?}");
        let uploads = server.uploads().pop().unwrap();
        uploads.assert_body(&body);
        assert_eq!(uploads.header("transfer-encoding"), Some("chunked"));
        assert_eq!(uploads.header("content-length"), None);

        let request = Request::post(server.url("/")).body_stream(reader(), size as u64);
        assert!(client.send(request).is_success());
        let uploads = server.uploads().pop().unwrap();
        uploads.assert_body(&body);
        assert_eq!(uploads.header("content-length"), Some(&*size.to_string()));
        assert_eq!(uploads.header("transfer-encoding"), None);
    }
}

#[test]
fn a_large_upload_takes_no_memory_of_its_size() {
    let (folder, server, client) = (Folder::new(), taking(), client(4));
    let path = folder.file("large");
    let size = 256 << 20;
    File::create(&path).unwrap().set_len(size).unwrap();
    let before = resident();
    let outcome = client.send(Request::put(server.url("/")).body_file(path));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(server.only().length, size);
    let grown = resident().saturating_sub(before);
    assert!(grown < 48 << 20, "{grown} bytes");
}

/// Memory of this process, in bytes.
fn resident() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/statm") else {
        return 0;
    };
    let pages: u64 = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn a_file_that_cannot_be_opened_is_an_invalid_request() {
    let (folder, server, client) = (Folder::new(), taking(), client(4));
    let missing = folder.file("missing");
    let below = folder.write("file", b"").join("below");
    for (path, reason) in [
        (missing.as_path(), "No such file"),
        (folder.path(), "directory"),
        (below.as_path(), "ot a directory"),
    ] {
        let outcome = client.send(Request::put(server.url("/")).body_file(path));
        let error = error(&outcome);
        assert_eq!(
            (error.error_type(), error.layer(), outcome.attempts()),
            (ErrorType::InvalidRequest, Layer::Local, 0)
        );
        let message = error.message();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(message.contains(reason), "{message}");
    }
    assert!(server.uploads().is_empty());
}

#[test]
#[cfg(unix)]
fn a_pipe_without_a_writer_is_not_waited_for() {
    let (folder, server, client) = (Folder::new(), taking(), client(4));
    let path = folder.file("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let outcome = client.send(Request::put(server.url("/")).body_file(path));
    assert_eq!(error(&outcome).error_type(), ErrorType::InvalidRequest);
    assert!(error(&outcome).message().contains("regular file"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_with_a_false_length_of_zero_is_refused() {
    let (server, client) = (taking(), client(4));
    let outcome = client.send(Request::put(server.url("/")).body_file("/proc/self/status"));
    let message = error(&outcome).message();
    assert!(message.contains("longer than the 0 bytes"), "{message}");
}

/// Changes the file once the head of its request is there.
fn changing(change: impl Fn(&File) + Send + Sync + 'static) -> (Folder, UploadServer, Request) {
    let folder = Folder::new();
    let path = folder.write("upload", bytes(2 << 20));
    let file = OpenOptions::new().append(true).open(&path).unwrap();
    let server = UploadServer::start(move |_, _| {
        change(&file);
        Do::Answer(OK)
    });
    let request = Request::put(server.url("/")).body_file(&path);
    (folder, server, request)
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_fails() {
    let (folder, server, request) = changing(|file| file.set_len(1 << 20).unwrap());
    let outcome = client(4).send(request);
    let error = error(&outcome);
    assert_eq!(
        (error.error_type(), outcome.attempts(), error.stop_reason()),
        (ErrorType::Io, 1, Some(StopReason::NotRetryable))
    );
    let message = error.message();
    let path = folder.file("upload");
    assert!(message.contains(path.to_str().unwrap()), "{message}");
    assert!(message.contains("2097152"), "{message}");
    assert!(!server.uploads()[0].whole);
}

#[test]
fn a_file_that_grows_while_it_is_sent_fails() {
    let (_directory, server, request) = changing(|mut file| file.write_all(b"more").unwrap());
    let outcome = client(4).send(request);
    assert_eq!(error(&outcome).error_type(), ErrorType::Io);
    assert!(!server.uploads()[0].whole);
}

#[test]
fn a_reader_that_ends_early_or_fails_fails_its_request() {
    let (server, client) = (taking(), client(4));
    let short = Request::post(server.url("/")).body_stream(io::repeat(7).take(99_999), 100_000);
    let failing = io::repeat(7).take(99_999).chain(Failing);
    let failing = Request::post(server.url("/")).body_stream(failing, None);
    for (request, reason) in [(short, "99999 of 100000"), (failing, "the disk is on fire")] {
        let outcome = client.send(request.idempotent(true));
        let error = error(&outcome);
        assert_eq!((error.error_type(), outcome.attempts()), (ErrorType::Io, 1));
        let message = error.message();
        assert!(message.contains("the reader of its body"), "{message}");
        assert!(message.contains(reason), "{message}");
    }
    assert!(server.uploads().iter().all(|uploads| !uploads.whole));
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is on fire"))
    }
}

#[test]
fn a_reader_that_panics_is_a_failure_of_its_request_alone() {
    struct Panicking;
    impl Read for Panicking {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("the reader panics on purpose")
        }
    }
    impl Seek for Panicking {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }
    let (server, client) = (taking(), client(4));
    let request = Request::post(server.url("/")).body_reader_sized(Panicking, 10);
    let outcome = client.send(request.clone());
    assert_eq!(error(&outcome).error_type(), ErrorType::Panic);
    let again = client.send(request);
    assert_eq!(error(&again).error_type(), ErrorType::InvalidRequest);
    assert!(
        client
            .send(Request::post(server.url("/")).body("fine"))
            .is_success()
    );
}

#[test]
fn clones_of_a_request_take_turns_with_its_reader() {
    let server = UploadServer::start(|_, nth| Do::Answer(if nth == 1 { BUSY } else { OK }));
    let client = client(4);
    let body = bytes(70_000);
    let request = Request::put(server.url("/")).body_reader(Cursor::new(body.clone()));
    for _ in 0..3 {
        assert!(client.send(request.clone()).is_success());
    }
    assert_eq!(server.uploads().len(), 4);
    server
        .uploads()
        .iter()
        .for_each(|uploads| uploads.assert_body(&body));
}

#[test]
fn a_clone_fails_while_its_reader_is_in_use() {
    let (server, client) = (taking(), client(4));
    let meanwhile = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&meanwhile);
    let sender = client.clone();
    let other: Arc<Mutex<Option<Request>>> = Arc::default();
    let inner = Arc::clone(&other);
    // While the first reads its body, the second is sent.
    struct Reentrant<F: FnMut()>(F, &'static [u8]);
    impl<F: FnMut()> Read for Reentrant<F> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            (self.0)();
            self.1.read(into)
        }
    }
    let reader = Reentrant(
        move || {
            if let Some(request) = inner.lock().unwrap().take() {
                *slot.lock().unwrap() = Some(sender.send(request));
            }
        },
        b"abc",
    );
    let request = Request::post(server.url("/")).body_stream(reader, None);
    *other.lock().unwrap() = Some(request.clone());
    assert!(client.send(request).is_success());
    let second = meanwhile.lock().unwrap().take().unwrap();
    assert_eq!(error(&second).error_type(), ErrorType::InvalidRequest);
    assert!(error(&second).message().contains("a clone of the request"));
}
