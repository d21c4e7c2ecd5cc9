//! Uploads in failure logs: requests that can be written down are read back and sent.

use haul::record::{Key, Record};
use haul::{ErrorType, Failures, Request, RetryPolicy};
use serde_json::Map;
use test_support::{Folder, client, error};

use super::bytes;
use super::upload_server::{BUSY, Do, OK, UploadServer};

#[test]
fn a_failed_upload_is_sent_again_from_the_log() {
    let server = UploadServer::start(|_, nth| Do::Answer(if nth == 1 { BUSY } else { OK }));
    let folder = Folder::new();
    let body = bytes(100_000);
    let path = folder.write("upload", &body);
    let log = folder.file("failures.jsonl");
    let client = client(4);
    let request = Request::put(server.url("/"))
        .body_file(&path)
        .retry(RetryPolicy::none());
    let key = Key::of(&request);
    let mut sink = Failures::create(&log).unwrap();
    client.run([request], &mut sink).unwrap();

    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.len() < 2000, "the body is not in the log: {text}");
    let again = Record::parse_input_line(&text, &Map::new()).unwrap();
    assert_eq!(Key::of(&again), key);
    assert!(client.send(again).is_success());
    server.uploads()[1].assert_body(&body);
}

#[test]
fn a_request_with_a_reader_is_not_sent_again_from_the_log() {
    let server = UploadServer::start(|_, _| Do::Answer(OK));
    let request = Request::put(server.url("/")).body_stream(&b"abc"[..], None);
    let line = request.to_line();
    let again = Record::parse_input_line(&line, &Map::new()).unwrap();
    let outcome = client(4).send(again);
    let error = error(&outcome);
    assert_eq!(error.error_type(), ErrorType::InvalidRequest);
    assert!(error.message().contains("came from a reader"), "{error}");
    assert!(server.uploads().is_empty());
}
