//! Something stands where a download has its files: the error names it, and nothing is sent.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use haul::{ErrorType, Request};
use test_support::{Answer, Folder, Server, client, error};

use super::check_saved;

fn server() -> Server {
    Server::always(Answer::text("new").header("ETag", "\"a\""))
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Sends a request that saves to `name`, and checks that it fails because of `path` before anything is sent.
#[track_caller]
fn check_refused(folder: &Folder, name: &str, resume: bool, path: &str, reason: &str) {
    let server = server();
    let request = Request::get(server.url("/a")).save_to(folder.file(name));
    let outcome = client(2).send(request.resume(resume));
    let failed = error(&outcome);
    assert_eq!(failed.error_type(), ErrorType::Io);
    let message = failed.message();
    let expected = format!("cannot save to {}: ", folder.file(path).display());
    assert!(message.starts_with(&expected), "{message}");
    assert!(message.contains(reason), "{message}");
    assert_eq!(server.requests(), 0, "{message}");
}

#[test]
fn a_directory_or_a_pipe_in_place_of_the_part_or_its_description_is_named() {
    for make in [|path: &Path| fs::create_dir(path).unwrap(), pipe] {
        for name in ["a.part", "a.part.json"] {
            let folder = Folder::new();
            make(&folder.file(name));
            check_refused(&folder, "a", true, name, "no regular file");
            assert_eq!(folder.names(), [name]);
        }
    }
}

#[test]
fn a_directory_or_a_pipe_is_not_replaced() {
    for resume in [false, true] {
        let folder = Folder::new();
        fs::create_dir(folder.file("a")).unwrap();
        check_refused(&folder, "a", resume, "a", "directory");
        pipe(&folder.file("b"));
        check_refused(&folder, "b", resume, "b", "no regular file");
    }
}

#[test]
fn a_name_that_the_system_does_not_take_is_found_before_the_request_is_sent() {
    let (folder, name) = (Folder::new(), "x".repeat(256));
    for resume in [false, true] {
        check_refused(&folder, &name, resume, &name, "too long");
    }
    assert!(folder.names().is_empty());
}

#[test]
fn a_link_in_place_of_the_description_is_replaced_and_not_followed() {
    let (server, folder, outside) = (server(), Folder::new(), Folder::new());
    outside.write("b", "old");
    symlink(outside.file("b"), folder.file("a.part.json")).unwrap();
    symlink(outside.file("b"), folder.file("a.part")).unwrap();
    let request = Request::get(server.url("/a")).save_to(folder.file("a"));
    let outcome = client(2).send(request.resume(true));
    check_saved(&outcome, &folder, b"new");
    assert_eq!(fs::read(outside.file("b")).unwrap(), b"old");
}

#[test]
fn a_description_of_another_url_begins_the_file_anew() {
    let (server, folder) = (server(), Folder::new());
    folder.write("a.part", "ne");
    let state = r#"{"v":1,"url":"http://other/","etag":"\"a\"","length":3}"#;
    folder.write("a.part.json", state);
    let request = Request::get(server.url("/a")).save_to(folder.file("a"));
    let outcome = client(2).send(request.resume(true));
    check_saved(&outcome, &folder, b"new");
    assert_eq!(server.seen()[0].header("Range"), None);
}
