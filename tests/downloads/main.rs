//! Downloads that go on after a cut, that are checked, and that are skipped.

mod expected;
mod files;
mod going_on;
mod in_the_way;
mod pace;
mod skipped;
mod starting_over;

use haul::{ErrorType, Outcome, Request};
use test_support::{Folder, Seen, Server};

const KIB: usize = 1024;

fn hex_sha256(bytes: &[u8]) -> String {
    let digest = hmac_sha256::Hash::hash(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a request that saves to this file and goes on.
fn going_on(server: &Server, folder: &Folder) -> Request {
    Request::get(server.url("/a"))
        .save_to(folder.file("a"))
        .resume(true)
}

/// Returns the `Range` headers of all requests.
fn ranges(server: &Server) -> Vec<Option<String>> {
    let seen = server.seen();
    let range = |seen: &Seen| seen.header("Range").map(str::to_owned);
    seen.iter().map(range).collect()
}

fn range(from: usize) -> Option<String> {
    Some(format!("bytes={from}-"))
}

/// Checks that the file is there, whole, with its digest, and no other file.
#[track_caller]
fn check_saved(outcome: &Outcome, folder: &Folder, body: &[u8]) {
    let saved = outcome.saved().unwrap_or_else(|| panic!("{outcome:?}"));
    assert_eq!(std::fs::read(folder.file("a")).unwrap(), body);
    assert_eq!(saved.size, body.len() as u64);
    assert_eq!(saved.sha256, hex_sha256(body));
    assert_eq!(folder.names(), ["a"]);
}

#[track_caller]
fn class(outcome: &Outcome) -> ErrorType {
    test_support::error(outcome).error_type()
}
