//! Downloads that go on: in the next attempt, and in the next run.

use haul::{ErrorType, Request, RetryPolicy};
use test_support::{Answer, Folder, Scenario, ServedFile, Server, builder, client};

use super::{KIB, check_saved, class, going_on, hex_sha256, range, ranges};

#[test]
fn the_next_attempt_asks_for_the_rest_only() {
    let file = ServedFile::new(300_000).cut(&[100_000, 50_000]);
    let (server, folder) = (file.start(), Folder::new());
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &file.body);
    assert_eq!((outcome.attempts(), outcome.status()), (3, Some(206)));
    assert_eq!(ranges(&server), [None, range(100_000), range(150_000)]);
    for seen in server.seen() {
        assert_eq!(seen.header("Accept-Encoding"), Some("identity"));
        let condition = seen.header("Range").map(|_| "\"v1\"");
        assert_eq!(seen.header("If-Range"), condition);
    }
}

#[test]
fn the_next_run_goes_on_with_the_bytes_that_are_there() {
    let file = ServedFile::new(100 * KIB).cut(&[10 * KIB]);
    let (server, folder) = (file.start(), Folder::new());
    let cut = client(2).send(going_on(&server, &folder).no_retry());
    assert_eq!(class(&cut), ErrorType::IncompleteBody);
    assert_eq!(folder.names(), ["a.part", "a.part.json"]);
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &file.body);
    assert_eq!(ranges(&server), [None, range(10 * KIB)]);
}

#[test]
fn the_date_is_the_validator_if_there_is_no_strong_etag() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let file = ServedFile::new(10_000).validator("Last-Modified", date);
    let weak = file.clone().cut(&[1000]);
    let server = Server::start(move |seen| weak.answer(seen).header("ETag", "W/\"x\""));
    let folder = Folder::new();
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &file.body);
    assert_eq!(server.seen()[1].header("If-Range"), Some(date));
}

#[test]
fn a_file_that_is_all_there_is_complete_by_its_length() {
    let file = ServedFile::new(10_000).cut(&[1000]);
    let (server, folder) = (file.start(), Folder::new());
    client(2).send(going_on(&server, &folder).no_retry());
    std::fs::write(folder.file("a.part"), &file.body).unwrap();
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &file.body);
    assert_eq!(outcome.status(), Some(416));
    assert_eq!(ranges(&server), [None, range(10_000)]);
}

#[test]
fn an_attempt_that_adds_64_kib_spends_no_retry() {
    let file = ServedFile::new(640 * KIB).cut(&[64 * KIB; 9]);
    let (server, folder) = (file.start(), Folder::new());
    let policy = RetryPolicy::none().backoff(std::time::Duration::ZERO, std::time::Duration::ZERO);
    let outcome = client(2).send(going_on(&server, &folder).retry(policy));
    check_saved(&outcome, &folder, &file.body);
    assert_eq!((outcome.attempts(), server.requests()), (10, 10));
}

#[test]
fn an_attempt_that_adds_less_spends_a_retry() {
    let file = ServedFile::new(640 * KIB).cut(&[64 * KIB - 1]);
    let (server, folder) = (file.start(), Folder::new());
    let outcome = client(2).send(going_on(&server, &folder).no_retry());
    assert_eq!(class(&outcome), ErrorType::IncompleteBody);
    assert_eq!(server.requests(), 1);
}

#[test]
fn bytes_of_an_earlier_run_are_no_progress_of_this_one() {
    let file = ServedFile::new(640 * KIB).cut(&[100 * KIB, KIB]);
    let (server, folder) = (file.start(), Folder::new());
    let send = || client(2).send(going_on(&server, &folder).no_retry());
    // The first attempt is free, and the second one adds too little to be.
    assert_eq!(send().attempts(), 2);
    *file.cuts.lock().unwrap() = vec![KIB];
    assert_eq!(send().attempts(), 1);
    assert_eq!(ranges(&server)[2], range(101 * KIB));
    check_saved(&send(), &folder, &file.body);
}

#[test]
fn starting_over_again_and_again_comes_to_an_end() {
    let file = ServedFile::new(640 * KIB).cut(&[100 * KIB; 50]);
    let server = Server::start(move |seen| {
        // Each answer is of another version, so no part of the file is ever continued.
        let version = format!("\"{}\"", seen.number);
        file.clone().validator("ETag", &version).answer(seen)
    });
    let folder = Folder::new();
    let outcome = client(2).send(going_on(&server, &folder).no_retry());
    assert_eq!(class(&outcome), ErrorType::IncompleteBody);
    assert_eq!(outcome.attempts(), 2, "the first one made progress");
}

#[test]
fn a_redirect_in_between_keeps_the_range() {
    let file = ServedFile::new(10_000).cut(&[1000]);
    let served = file.clone();
    let server = Scenario::new()
        .on("/a", Answer::redirect(302, "/b").body("moved"))
        .when("/b", move |seen| served.answer(seen))
        .start();
    let folder = Folder::new();
    client(2).send(going_on(&server, &folder).no_retry());
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &file.body);
    assert_eq!(ranges(&server), [None, None, range(1000), range(1000)]);
}

#[test]
fn a_shorter_range_than_asked_for_is_followed_by_the_next() {
    let file = ServedFile::new(300);
    let body = file.body.clone();
    let server = Server::start(move |seen| match seen.number {
        0 => file.clone().cut(&[100]).answer(seen),
        1 => Answer::status(206)
            .header("ETag", "\"v1\"")
            .header("Content-Range", "bytes 100-199/300")
            .body(&file.body[100..200]),
        _ => file.answer(seen),
    });
    let folder = Folder::new();
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &body);
    assert_eq!(ranges(&server), [None, range(100), range(200)]);
}

#[test]
fn a_206_counts_as_the_200_that_was_accepted() {
    let file = ServedFile::new(10_000).cut(&[1000]);
    let (server, folder) = (file.start(), Folder::new());
    let outcome = client(2).send(going_on(&server, &folder).accept([200]));
    check_saved(&outcome, &folder, &file.body);
}

#[test]
fn two_requests_to_one_path_at_once_leave_one_whole_body() {
    let file = ServedFile::new(200_000).cut(&[100_000, 50_000, 10, 190_000]);
    let (server, folder) = (file.start(), Folder::new());
    let client = builder(8).build().unwrap();
    let requests = (0..20).map(|_| going_on(&server, &folder));
    for outcome in client.as_completed(requests) {
        assert!(outcome.is_success(), "{outcome:?}");
    }
    assert_eq!(std::fs::read(folder.file("a")).unwrap(), file.body);
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn a_cancelled_download_goes_on_later() {
    let file = ServedFile::new(100_000);
    let slow = file.clone();
    let server = Server::start(move |seen| match seen.number {
        0 => slow
            .answer(seen)
            .dripping(10_000, std::time::Duration::from_millis(20)),
        _ => slow.answer(seen),
    });
    let folder = Folder::new();
    let client = client(2);
    let handle = client.submit(going_on(&server, &folder)).unwrap();
    while !std::fs::metadata(folder.file("a.part")).is_ok_and(|about| about.len() > 0) {
        std::thread::yield_now();
    }
    handle.cancel();
    assert_eq!(class(&handle.wait()), ErrorType::Cancelled);
    let outcome = client.send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &file.body);
    assert!(server.seen()[1].header("Range").is_some());
}

#[test]
fn a_head_and_a_post_are_sent_without_a_range() {
    let file = ServedFile::new(1000);
    let (server, folder) = (file.start(), Folder::new());
    for method in ["HEAD", "POST"] {
        let request = Request::new(method, server.url("/a")).save_to(folder.file("a"));
        assert!(client(2).send(request.resume(true)).is_success());
    }
    assert_eq!(ranges(&server), [None, None]);
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn a_redirect_does_not_have_the_part_read_again() {
    let file = ServedFile::new(100 * KIB).cut(&[10 * KIB]);
    let folder = Folder::new();
    let (served, part) = (file.clone(), folder.file("a.part"));
    let server = Server::start(move |seen| {
        if seen.path() == "/b" {
            return served.answer(seen);
        }
        // The first byte changes, and nothing that tells of the change.
        if let Ok(about) = part.metadata() {
            let mut bytes = std::fs::read(&part).unwrap();
            bytes[0] ^= 1;
            std::fs::write(&part, bytes).unwrap();
            let open = std::fs::File::options().write(true).open(&part).unwrap();
            open.set_modified(about.modified().unwrap()).unwrap();
        }
        Answer::status(302).header("Location", "/b")
    });
    client(2).send(going_on(&server, &folder).no_retry());
    let outcome = client(2).send(going_on(&server, &folder));
    let saved = outcome.saved().unwrap();
    assert_eq!(saved.sha256, hex_sha256(&file.body));
}
