//! Shortages of this machine. The limit of open files is the process's, so these tests run in processes of their own.

use std::fs::File;
use std::process::Command;

use super::server::{Server, answer};
use super::*;
use crate::request::{BodyPieces, PieceSource};

const URLS: &str = "HAUL_TEST_URLS";

/// Opens files until no more can be opened.
fn use_up() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

/// Runs an ignored test of this file in a process that may open 64 files.
fn with_few_files(name: &str, urls: &str) {
    let child = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("transport::tests::shortage::{name}"))
        .env(URLS, urls)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&child.stderr)
    );
}

#[test]
fn more_connections_than_files_are_faults_that_name_the_limit() {
    let servers = [
        Server::answering(answer(200, "a")),
        Server::answering(answer(200, "b")),
    ];
    let urls = servers.each_ref().map(|s| s.url("/")).join(" ");
    with_few_files("connections", &urls);
    assert_eq!(servers[1].connections(), 2);
}

#[test]
fn a_body_from_a_file_and_one_to_a_file_have_their_descriptors_before_the_request_is_sent() {
    let server = Server::answering(answer(200, "a"));
    with_few_files("files", &server.url("/"));
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_lookup_without_a_descriptor_is_no_unknown_name() {
    with_few_files("lookups", "none");
}

#[test]
#[ignore = "is run by the test above, in a process of its own"]
fn connections() {
    let Ok(urls) = std::env::var(URLS) else {
        return;
    };
    let (a, b) = urls.split_once(' ').unwrap();
    let sockets = sockets();

    let files = use_up();
    let exchanged = get(a).of(&sockets);
    let fault = exchanged.result.err().unwrap();
    assert_eq!(
        (fault.error_type, fault.phase),
        (ErrorType::Io, Phase::Connect)
    );
    assert!(!fault.permanent);
    let shortage = fault.shortage.as_deref().unwrap();
    assert!(shortage.starts_with("too many open files"), "{shortage}");
    let limit = "too many open files (the limit of this process is 64)";
    assert!(fault.message.contains(limit), "{}", fault.message);

    drop(files);
    get(a).reply(&sockets);
    assert!(get(a).of(&sockets).trace.reused);

    // An idle connection is closed to free the descriptor that is needed.
    let files = use_up();
    assert_eq!(get(b).reply(&sockets).body, b"b");
    drop(files);
    assert!(!get(a).of(&sockets).trace.reused);
    let mut fresh = get(b);
    fresh.fresh = true;
    fresh.reply(&sockets);
}

/// Opens files until only `free` more can be opened.
fn leave(free: usize) -> Vec<File> {
    let mut files = use_up();
    files.truncate(files.len() - free);
    files
}

#[test]
#[ignore = "is run by a test above, in a process of its own"]
fn files() {
    let Ok(url) = std::env::var(URLS) else {
        return;
    };
    let sockets = sockets();
    let folder = std::env::temp_dir().join(format!("haul-shortage-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let (from, to) = (folder.join("from"), folder.join("to"));
    std::fs::write(&from, "body").unwrap();

    let mut upload = post(&url, "");
    upload.body = RequestContent::Streamed(Arc::new(BodyPieces::of(PieceSource::File(from))));
    let mut download = get(&url);
    download.save = Some(SaveTo {
        durable: true,
        ..SaveTo::new(&to)
    });
    let mut both = post(&url, "");
    both.body = upload.body.clone();
    both.save = download.save.clone();
    for asking in [&upload, &download, &both] {
        // A connection alone would get a descriptor, below those that are left to the rest of the process.
        let files = leave(9);
        let exchanged = asking.of(&sockets);
        let fault = exchanged.result.err().unwrap();
        assert_eq!(fault.error_type, ErrorType::Io);
        assert!(fault.shortage.is_some(), "{}", fault.message);
        assert_eq!(exchanged.trace.bytes_sent, 0);
        drop(files);
    }
    let files = leave(11);
    assert_eq!(both.reply(&sockets).status, 200);
    drop(files);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
#[ignore = "is run by a test above, in a process of its own"]
fn lookups() {
    if std::env::var(URLS).is_err() {
        return;
    }
    let sockets = sockets();
    let files = use_up();
    let fault = get("http://localhost:1/").fault(&sockets);
    assert_eq!(
        (fault.error_type, fault.phase),
        (ErrorType::Io, Phase::Resolve)
    );
    assert!(fault.shortage.is_some(), "{}", fault.message);
    drop(files);
    // The failure was not kept.
    let fault = get("http://localhost:1/").fault(&sockets);
    assert_eq!(fault.error_type, ErrorType::Connect, "{}", fault.message);
}
