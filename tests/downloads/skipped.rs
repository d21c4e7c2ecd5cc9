//! Files that are there already: their requests cost nothing, and end when they are told to.

use std::fs::{self, File};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use haul::{ErrorType, Handle, RateLimit, Request};
use serde_json::json;
use test_support::{Answer, Folder, PATIENCE, Server, builder, client};

use super::{class, hex_sha256};

const HOUR: Duration = Duration::from_secs(3_600);

/// Length of a file whose hash takes many minutes.
const VAST: u64 = 1 << 40;

/// Makes a file of this name that takes no room on the disk.
fn vast(folder: &Folder, name: &str) {
    File::create(folder.file(name))
        .unwrap()
        .set_len(VAST)
        .unwrap();
}

/// Writes a file for each number.
fn write(folder: &Folder, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        folder.write(&number.to_string(), "old");
    }
}

/// Returns a request for each number that saves to a file of that name.
fn saved(server: &Server, folder: &Folder, number: usize) -> Request {
    let name = number.to_string();
    Request::get(server.url("/a"))
        .save_to(folder.file(&name))
        .skip_existing(true)
}

#[test]
fn a_file_that_is_there_takes_no_turn_of_the_rate_and_no_call_of_the_hook() {
    let (server, folder) = (Server::always(Answer::text("new")), Folder::new());
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let client = builder(2)
        .rate(RateLimit::new(1, HOUR))
        .before_attempt(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    write(&folder, 0..300);
    let request = |number| match number % 2 {
        0 => saved(&server, &folder, number),
        _ => saved(&server, &folder, number).sha256(hex_sha256(b"old")),
    };
    let outcomes: Vec<_> = client.as_completed((0..300).map(request)).collect();
    assert_eq!(outcomes.len(), 300);
    assert!(outcomes.iter().all(|outcome| outcome.is_skipped()));
    assert_eq!((server.requests(), calls.load(Ordering::Relaxed)), (0, 0));
    let outcome = client.send(saved(&server, &folder, 300));
    assert!(outcome.is_success() && !outcome.is_skipped());
    assert_eq!((server.requests(), calls.load(Ordering::Relaxed)), (1, 1));
}

#[test]
fn files_that_are_there_are_skipped_beside_requests_that_wait_for_the_rate() {
    let (server, folder) = (Server::always(Answer::text("new")), Folder::new());
    let client = builder(2).rate(RateLimit::new(1, HOUR)).build().unwrap();
    write(&folder, 3..50);
    let requests = (0..50).map(|number| saved(&server, &folder, number));
    let first: Vec<_> = client.as_completed(requests).take(48).collect();
    let skipped = first.iter().filter(|outcome| outcome.is_skipped()).count();
    assert_eq!((first.len(), skipped, server.requests()), (48, 47, 1));
}

#[test]
fn outcomes_of_skipped_requests_come_in_the_order_of_the_input() {
    let (server, folder) = (Server::always(Answer::text("new")), Folder::new());
    write(&folder, (0..100).filter(|number| number % 3 > 0));
    let requests = (0..100).map(|number| saved(&server, &folder, number));
    let outcomes: Vec<_> = client(4).map(requests).collect();
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.is_skipped(), number % 3 > 0, "{number}");
        let path = folder.file(&number.to_string());
        assert_eq!(outcome.request().saves_to(), Some(&*path));
    }
    assert_eq!((outcomes.len(), server.requests()), (100, 34));
}

/// Cancels a request that hashes a vast file, and checks that it ends.
fn check_cancelled(handle: &Handle) {
    while !handle.is_running() {
        std::thread::yield_now();
    }
    assert!(handle.cancel());
    assert!(handle.wait_timeout(PATIENCE).is_ok());
}

#[test]
fn a_request_is_cancelled_while_its_file_is_hashed() {
    let (server, folder) = (Server::always(Answer::text("new")), Folder::new());
    vast(&folder, "1");
    let request = saved(&server, &folder, 1).sha256(hex_sha256(b""));
    let client = client(2);
    let handle = client.submit(request).unwrap();
    check_cancelled(&handle);
    assert_eq!(class(&handle.into_outcome().unwrap()), ErrorType::Cancelled);
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_batch_ends_while_a_file_is_hashed() {
    let (server, folder) = (Server::always(Answer::text("new")), Folder::new());
    vast(&folder, "1");
    let request = || saved(&server, &folder, 1).sha256(hex_sha256(b""));
    let timestamped = || request().skip_existing(false).timestamping(true);
    // The look at a file is no attempt. The look at the file's time is part of one, which then has no time left.
    for (request, error) in [
        (request(), ErrorType::Deadline),
        (timestamped(), ErrorType::Timeout),
    ] {
        let outcomes = client(2).as_completed([request]);
        let outcomes: Vec<_> = outcomes.deadline(Duration::from_millis(20)).collect();
        assert_eq!(class(&outcomes[0]), error);
        assert_eq!((outcomes.len(), server.requests()), (1, 0));
    }
}

#[test]
fn a_request_is_cancelled_while_its_part_is_hashed() {
    let (server, folder) = (Server::always(Answer::text("new")), Folder::new());
    vast(&folder, "1.part");
    let url = server.url("/a");
    let state = json!({"v": 1, "url": url, "etag": "\"a\"", "length": VAST + 1});
    folder.write("1.part.json", &state.to_string());
    let client = client(2);
    let request = Request::get(url).save_to(folder.file("1")).resume(true);
    let handle = client.submit(request).unwrap();
    check_cancelled(&handle);
    assert_eq!(class(&handle.into_outcome().unwrap()), ErrorType::Cancelled);
    assert_eq!(server.requests(), 0);
    assert_eq!(fs::metadata(folder.file("1.part")).unwrap().len(), VAST);
}
