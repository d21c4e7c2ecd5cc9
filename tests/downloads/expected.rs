//! Files that must have a digest or a size.

use std::fs;

use haul::{ErrorType, Layer, Request};
use test_support::{Answer, Folder, ServedFile, Server, bytes, client};

use super::{check_saved, class, going_on, hex_sha256, range, ranges};

#[test]
fn a_file_as_expected_is_saved() {
    let body = bytes(1000);
    let server = Server::always(Answer::status(200).body(body.clone()));
    let folder = Folder::new();
    let request = Request::get(server.url("/")).save_to(folder.file("a"));
    let outcome = client(2).send(request.size(1000).sha256(hex_sha256(&body).to_uppercase()));
    check_saved(&outcome, &folder, &body);
}

#[test]
fn another_file_is_asked_for_once_more_and_never_gets_the_name() {
    for (size, digest, says) in [
        (Some(999), None, "1000 bytes, and 999 were expected"),
        (None, Some(hex_sha256(b"")), "SHA-256"),
    ] {
        let server = Server::always(Answer::status(200).body(bytes(1000)));
        let folder = Folder::new();
        fs::write(folder.file("a"), "before").unwrap();
        for resume in [false, true] {
            let mut request = going_on(&server, &folder).resume(resume);
            if let Some(size) = size {
                request = request.size(size);
            }
            if let Some(digest) = &digest {
                request = request.sha256(digest);
            }
            let before = server.requests();
            let outcome = client(2).send(request);
            let error = test_support::error(&outcome);
            assert_eq!(
                (error.error_type(), error.layer()),
                (ErrorType::Checksum, Layer::Application)
            );
            assert!(error.message().contains(says), "{}", error.message());
            assert_eq!(server.requests() - before, 2);
            assert_eq!(folder.names(), ["a"]);
            assert_eq!(fs::read(folder.file("a")).unwrap(), b"before");
        }
    }
}

#[test]
fn a_second_download_that_is_right_is_saved() {
    let body = bytes(1000);
    let right = body.clone();
    let server = Server::start(move |seen| match seen.number {
        0 => Answer::status(200).body(bytes(1001)),
        _ => Answer::status(200).body(right.clone()),
    });
    let folder = Folder::new();
    let outcome = client(2).send(going_on(&server, &folder).sha256(hex_sha256(&body)));
    check_saved(&outcome, &folder, &body);
    assert_eq!(outcome.attempts(), 2);
}

#[test]
fn a_continued_file_that_is_wrong_starts_over() {
    let file = ServedFile::new(10_000).cut(&[1000]);
    let (server, folder) = (file.start(), Folder::new());
    client(2).send(going_on(&server, &folder).no_retry());
    fs::write(folder.file("a.part"), vec![0; 1000]).unwrap();
    let outcome = client(2).send(going_on(&server, &folder).sha256(hex_sha256(&file.body)));
    check_saved(&outcome, &folder, &file.body);
    assert_eq!(ranges(&server), [None, range(1000), None]);
}

#[test]
fn expected_values_need_a_file() {
    let outcome = client(2).send(Request::get("http://127.0.0.1:1/").size(7));
    assert_eq!(class(&outcome), ErrorType::InvalidRequest);
    assert!(test_support::error(&outcome).message().contains("save_to"));
}
