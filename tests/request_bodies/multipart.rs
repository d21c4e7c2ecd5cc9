//! Forms with files: the parts that arrive, forms that are sent again, and the reason for forms that are not.

use std::io::{self, Cursor, Read};

use haul::record::{Key, Record};
use haul::request::{Multipart, Part};
use haul::{ErrorType, Failures, Request, RetryPolicy, StopReason};
use serde_json::Map;
use test_support::{Folder, client, error};

use super::bytes;
use super::upload_server::{BUSY, Do, OK, Upload, UploadServer};

/// Parts as a server reads them: the lines before the content, and the content.
fn parts(uploads: &Upload) -> Vec<(String, Vec<u8>)> {
    let content_type = uploads.header("content-type").unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let body = [b"\r\n", &*uploads.start].concat();
    let mark = format!("\r\n--{boundary}");
    let at = |from: usize| {
        let mut windows = body[from..].windows(mark.len());
        windows
            .position(|w| w == mark.as_bytes())
            .map(|at| from + at)
    };
    let mut found = Vec::new();
    let mut from = at(0).unwrap() + mark.len();
    while let Some(end) = at(from) {
        let part = body[from..end].strip_prefix(b"\r\n").unwrap();
        let split = part.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(part[..split].to_vec()).unwrap();
        found.push((head, part[split + 4..].to_vec()));
        from = end + mark.len();
    }
    assert_eq!(&body[from..], b"--\r\n");
    found
}

#[test]
fn parts_of_every_kind_arrive_with_a_length() {
    let server = UploadServer::start(|_, _| Do::Answer(OK));
    let folder = Folder::new();
    let (file, read) = (bytes(20_000), bytes(3000));
    let form = Multipart::new()
        .text("title", "Käse\n\"x\"")
        .text("title", "")
        .file("photo", folder.write("strand \"1\".jpg", &file))
        .part("raw", Part::bytes([0, 255, 13, 10]))
        .part(
            "read",
            Part::reader(Cursor::new(read.clone())).file_name("余.bin"),
        )
        .part(
            "once",
            Part::stream(&b"abc"[..], 3).content_type("text/plain"),
        );
    let outcome = client(4).send(Request::post(server.url("/")).multipart(form));
    assert!(outcome.is_success(), "{outcome:?}");
    let uploads = server.only();
    let length = uploads.header("content-length").unwrap();
    assert_eq!(length, uploads.length.to_string());
    let disposition = |rest: &str| format!("Content-Disposition: form-data; {rest}");
    let binary = "\r\nContent-Type: application/octet-stream";
    assert_eq!(
        parts(&uploads),
        [
            (disposition("name=\"title\""), "Käse\n\"x\"".into()),
            (disposition("name=\"title\""), Vec::new()),
            (
                disposition("name=\"photo\"; filename=\"strand %221%22.jpg\"") + binary,
                file
            ),
            (disposition("name=\"raw\"") + binary, vec![0, 255, 13, 10]),
            (
                disposition("name=\"read\"; filename=\"余.bin\"") + binary,
                read
            ),
            (
                disposition("name=\"once\"\r\nContent-Type: text/plain"),
                b"abc".to_vec()
            ),
        ]
    );
}

#[test]
fn a_part_of_unknown_length_makes_the_form_chunked() {
    let server = UploadServer::start(|_, _| Do::Answer(OK));
    let folder = Folder::new();
    let large = bytes(3 << 20);
    let form = |part| {
        Multipart::new()
            .part("a", part)
            .file("b", folder.write("large", &large))
    };
    let send = |part| {
        let outcome = client(4).send(Request::post(server.url("/")).multipart(form(part)));
        assert!(outcome.is_success(), "{outcome:?}");
        let uploads = server.uploads().pop().unwrap();
        assert!(uploads.whole && uploads.length > large.len() as u64);
        assert_eq!(uploads.header("expect"), Some("100-continue"));
        (
            uploads.header("transfer-encoding").is_some(),
            uploads.length,
            uploads.sha256,
        )
    };
    let (chunked, length, _) = send(Part::stream(&b"abc"[..], None));
    assert!(chunked);
    let (chunked, same, _) = send(Part::stream(&b"abc"[..], 3));
    assert!(!chunked);
    assert_eq!(length, same);
}

#[test]
fn a_form_of_repeatable_parts_is_sent_again() {
    let server = UploadServer::start(|_, nth| Do::Answer(if nth == 1 { BUSY } else { OK }));
    let folder = Folder::new();
    let form = Multipart::new()
        .text("a", "1")
        .file("b", folder.write("b", bytes(10_000)))
        .part("c", Part::reader(Cursor::new(bytes(10_000))));
    let request = Request::put(server.url("/")).multipart(form);
    let outcome = client(4).send(request);
    assert!(outcome.is_success(), "{outcome:?}");
    let uploads = server.uploads();
    assert_eq!(parts(&uploads[0]), parts(&uploads[1]));
    assert_eq!(uploads[0].sha256, uploads[1].sha256);
}

#[test]
fn a_form_with_a_part_of_a_reader_is_sent_once() {
    let server = UploadServer::start(|_, _| Do::Answer(BUSY));
    let form = Multipart::new()
        .text("a", "1")
        .part("b", Part::stream(&b"abc"[..], 3));
    let outcome = client(4).send(Request::put(server.url("/")).multipart(form));
    let error = error(&outcome);
    assert_eq!(error.status(), Some(503));
    assert_eq!(error.stop_reason(), Some(StopReason::BodyNotReplayable));
    assert_eq!(server.uploads().len(), 1);
}

#[test]
fn a_part_that_cannot_be_sent_is_named() {
    let server = UploadServer::start(|_, _| Do::Answer(OK));
    let folder = Folder::new();
    let missing = folder.file("missing.jpg");
    let good = || Multipart::new().file("good", folder.write("good", b"x"));
    let short = Part::stream(io::repeat(1).take(99_999), 100_000);
    for (part, class, said) in [
        (
            Part::file(&missing),
            ErrorType::InvalidRequest,
            "missing.jpg",
        ),
        (
            Part::file(folder.path()),
            ErrorType::InvalidRequest,
            "directory",
        ),
        (
            Part::text("").content_type("a\nb"),
            ErrorType::InvalidRequest,
            "content type",
        ),
        (short, ErrorType::Io, "99999 of 100000"),
    ] {
        let form = good().part("photo \"1\"", part);
        let outcome = client(4).send(Request::post(server.url("/")).multipart(form));
        let error = error(&outcome);
        assert_eq!(error.error_type(), class, "{error}");
        assert!(error.message().contains(r#"part "photo \"1\"""#), "{error}");
        assert!(error.message().contains(said), "{error}");
    }
    assert!(server.uploads().iter().all(|uploads| !uploads.whole));
}

#[test]
fn a_connection_cut_in_the_middle_of_a_form_is_retried_with_all_of_it() {
    let server = UploadServer::start(|_, nth| match nth {
        1 => Do::Cut(60_000),
        _ => Do::Answer(OK),
    });
    let folder = Folder::new();
    let form = Multipart::new()
        .text("a", "1")
        .file("b", folder.write("b", bytes(1 << 20)))
        .text("z", "last");
    let request = Request::post(server.url("/")).multipart(form);
    let outcome = client(4).send(request.idempotent(true));
    assert!(outcome.is_success(), "{outcome:?}");
    assert!(server.uploads()[1].whole);
}

#[test]
fn a_form_from_the_failure_log_keeps_its_key() {
    let server = UploadServer::start(|_, nth| Do::Answer(if nth == 1 { BUSY } else { OK }));
    let folder = Folder::new();
    let path = folder.write("b", bytes(10_000));
    let form = || {
        Multipart::new()
            .text("a", "Käse")
            .file("b", &path)
            .part("c", Part::bytes([0, 159]))
    };
    let request = Request::post(server.url("/")).multipart(form());
    let key = Key::of(&request);
    assert_eq!(
        key,
        Key::of(&Request::post(server.url("/")).multipart(form()))
    );
    let other = form().text("d", "");
    assert_ne!(
        key,
        Key::of(&Request::post(server.url("/")).multipart(other))
    );

    let log = folder.file("failures.jsonl");
    let client = client(4);
    client
        .run(
            [request.retry(RetryPolicy::none())],
            &mut Failures::create(&log).unwrap(),
        )
        .unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let again = Record::parse_input_line(&text, &Map::new()).unwrap();
    assert_eq!(Key::of(&again), key);
    assert!(client.send(again).is_success());
    let uploads = server.uploads();
    assert_eq!(parts(&uploads[0]), parts(&uploads[1]));
}
