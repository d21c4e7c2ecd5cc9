//! Files that are there already, and their times.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use haul::Request;
use test_support::{Answer, Folder, Server, bytes, client};

use super::{check_saved, hex_sha256};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn date() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)
}

fn to(server: &Server, folder: &Folder) -> Request {
    Request::get(server.url("/a")).save_to(folder.file("a"))
}

#[test]
fn a_file_that_is_there_is_skipped() {
    let server = Server::always(Answer::text("new"));
    let folder = Folder::new();
    folder.write("a", "old");
    let outcome = client(2).send(to(&server, &folder).skip_existing(true));
    assert!(outcome.is_success() && outcome.is_skipped());
    assert_eq!((outcome.attempts(), server.requests()), (0, 0));
    assert_eq!(fs::read(folder.file("a")).unwrap(), b"old");
    fs::remove_file(folder.file("a")).unwrap();
    let outcome = client(2).send(to(&server, &folder).skip_existing(true));
    assert!(!outcome.is_skipped());
    check_saved(&outcome, &folder, b"new");
}

#[test]
fn a_file_that_does_not_agree_is_replaced() {
    let server = Server::always(Answer::text("new"));
    let folder = Folder::new();
    let request = || to(&server, &folder).skip_existing(true);
    for request in [request().size(3), request().sha256(hex_sha256(b"new"))] {
        folder.write("a", "before");
        let outcome = client(2).send(request.clone());
        assert!(!outcome.is_skipped());
        check_saved(&outcome, &folder, b"new");
        assert!(client(2).send(request).is_skipped());
    }
}

#[test]
fn a_saved_file_has_the_servers_time_and_is_asked_for_with_it() {
    let server = Server::start(|seen| match seen.header("If-Modified-Since") {
        Some(since) if since == DATE => Answer::status(304),
        _ => Answer::text("new").header("Last-Modified", DATE),
    });
    let folder = Folder::new();
    let request = || to(&server, &folder).timestamping(true);
    let outcome = client(2).send(request());
    check_saved(&outcome, &folder, b"new");
    let modified = fs::metadata(folder.file("a")).unwrap().modified().unwrap();
    assert_eq!(modified, date());
    let outcome = client(2).send(request());
    assert!(outcome.is_success() && outcome.is_skipped());
    assert_eq!(outcome.status(), Some(304));
    // A 304 is a success whatever is accepted.
    assert!(client(2).send(request().accept([200])).is_skipped());
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn a_newer_file_replaces_the_old_one() {
    let server = Server::always(Answer::text("new"));
    let folder = Folder::new();
    folder.write("a", "old");
    let file = File::options().write(true).open(folder.file("a")).unwrap();
    file.set_modified(date()).unwrap();
    let outcome = client(2).send(to(&server, &folder).timestamping(true));
    check_saved(&outcome, &folder, b"new");
    assert_eq!(server.seen()[0].header("If-Modified-Since"), Some(DATE));
}

#[test]
fn a_file_that_does_not_agree_is_asked_for_without_a_condition() {
    let server = Server::always(Answer::status(200).body(bytes(10)));
    let folder = Folder::new();
    folder.write("a", "old");
    let outcome = client(2).send(to(&server, &folder).timestamping(true).size(10));
    check_saved(&outcome, &folder, &bytes(10));
    assert_eq!(server.seen()[0].header("If-Modified-Since"), None);
}
