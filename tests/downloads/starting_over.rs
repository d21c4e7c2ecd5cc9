//! Downloads that start over, since what is there and what comes do not fit together.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use haul::record::{InputLines, OutputNames};
use haul::{ErrorType, Journal, Outcome, Request, RetryPolicy};
use test_support::{Answer, Folder, ServedFile, Server, bytes, client};

use super::{KIB, check_saved, class, going_on, range, ranges};

/// Leaves the first 1,000 bytes of a file of 10,000 bytes.
fn cut(folder: &Folder) -> (ServedFile, Server) {
    let file = ServedFile::new(10_000).cut(&[1000]);
    let server = file.start();
    let outcome = client(2).send(going_on(&server, folder).no_retry());
    assert_eq!(class(&outcome), ErrorType::IncompleteBody);
    (file, server)
}

/// Downloads 10,000 bytes of which 1,000 are there, from a server that answers so to a request for the rest.
fn answered(answer: impl Fn(&ServedFile) -> Answer + Send + Sync + 'static) -> (Server, Folder) {
    let file = ServedFile::new(10_000);
    let (folder, served) = (Folder::new(), file.clone());
    let server = Server::start(move |seen| match (seen.number, seen.header("Range")) {
        (0, _) => served.clone().cut(&[1000]).answer(seen),
        (_, Some(_)) => answer(&served),
        (_, None) => served.answer(seen),
    });
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &file.body);
    (server, folder)
}

fn part(range: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::status(206)
        .header("ETag", "\"v1\"")
        .header("Content-Range", range)
        .body(body)
}

#[test]
fn a_server_that_ignores_ranges_sends_the_whole_file() {
    let (server, _) = answered(|file| Answer::status(200).body(&*file.body));
    assert_eq!(ranges(&server), [None, range(1000)]);
}

#[test]
fn another_range_than_asked_for_is_not_appended() {
    for answer in [
        part("bytes 999-9999/10000", bytes(9001)),
        part("bytes 1001-9999/10000", bytes(8999)),
        part("bytes 1000-9999/10001", bytes(9000)),
        part("bytes */10000", bytes(9000)),
        part("nonsense", bytes(9000)),
        Answer::status(206)
            .header("ETag", "\"v1\"")
            .body(bytes(9000)),
        part("bytes 1000-9999/10000", bytes(9000)).header("Content-Encoding", "gzip"),
        part("bytes 1000-9999/10000", bytes(9000))
            .header("Content-Type", "multipart/byteranges; boundary=x"),
        Answer::status(416).header("Content-Range", "bytes */10000"),
        Answer::status(416).header("Content-Range", "bytes */1000"),
        Answer::status(416),
    ] {
        let (server, _) = answered(move |_| answer.clone());
        assert_eq!(ranges(&server), [None, range(1000), None]);
    }
}

#[test]
fn a_part_of_another_version_is_not_appended() {
    let other = |file: &ServedFile| {
        Answer::status(206)
            .header("ETag", "\"v2\"")
            .header("Content-Range", "bytes 1000-9999/10000")
            .body(&file.body[1000..])
    };
    let (server, _) = answered(other);
    assert_eq!(ranges(&server), [None, range(1000), None]);
}

#[test]
fn a_changed_file_is_downloaded_from_its_start() {
    let folder = Folder::new();
    let (_, server) = cut(&folder);
    let address = server.url("/a");
    let new = ServedFile::new(5000).validator("ETag", "\"v2\"");
    let state = fs::read_to_string(folder.file("a.part.json")).unwrap();
    drop(server);
    let served = new.start();
    let state = state.replace(&address, &served.url("/a"));
    fs::write(folder.file("a.part.json"), state).unwrap();
    let outcome = client(2).send(going_on(&served, &folder));
    check_saved(&outcome, &folder, &new.body);
    assert_eq!(ranges(&served), [range(1000)]);
}

#[test]
fn without_a_validator_no_range_is_asked_for() {
    for (name, value) in [("ETag", "W/\"v1\""), ("ETag", "v1"), ("X-Nothing", "1")] {
        let file = ServedFile::new(10_000).validator(name, value).cut(&[1000]);
        let (server, folder) = (file.start(), Folder::new());
        let outcome = client(2).send(going_on(&server, &folder));
        check_saved(&outcome, &folder, &file.body);
        assert_eq!(ranges(&server), [None, None], "{value}");
    }
}

#[cfg(feature = "gzip")]
#[test]
fn a_coded_response_is_decoded_and_not_continued() {
    let body = bytes(50_000);
    let coded = Answer::status(200)
        .header("ETag", "\"v1\"")
        .body(body.clone())
        .gzip();
    let server = Server::start(move |seen| match seen.number {
        0 => coded.clone().cut_after(20_000),
        _ => coded.clone(),
    });
    let folder = Folder::new();
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &body);
    assert_eq!(ranges(&server), [None, None]);
}

#[test]
fn files_that_do_not_fit_together_are_started_over() {
    let break_one: [fn(&Folder); 8] = [
        |folder| fs::remove_file(folder.file("a.part.json")).unwrap(),
        |folder| fs::remove_file(folder.file("a.part")).unwrap(),
        |folder| fs::write(folder.file("a.part.json"), "").unwrap(),
        |folder| fs::write(folder.file("a.part.json"), "{\"v\":1").unwrap(),
        |folder| fs::write(folder.file("a.part.json"), [0xff; 10]).unwrap(),
        |folder| fs::write(folder.file("a.part"), bytes(10_001)).unwrap(),
        |folder| fs::write(folder.file("a.part"), "").unwrap(),
        |folder| {
            let state = fs::read_to_string(folder.file("a.part.json")).unwrap();
            fs::write(folder.file("a.part.json"), state.replace("/a", "/b")).unwrap();
        },
    ];
    for (i, break_it) in break_one.into_iter().enumerate() {
        let folder = Folder::new();
        let (file, server) = cut(&folder);
        break_it(&folder);
        let outcome = client(2).send(going_on(&server, &folder));
        check_saved(&outcome, &folder, &file.body);
        assert_eq!(ranges(&server), [None, None], "{i}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_part_is_not_followed() {
    let folder = Folder::new();
    let (file, server) = cut(&folder);
    let precious = folder.write("precious", bytes(500));
    fs::remove_file(folder.file("a.part")).unwrap();
    std::os::unix::fs::symlink(&precious, folder.file("a.part")).unwrap();
    let outcome = client(2).send(going_on(&server, &folder));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(fs::read(folder.file("a")).unwrap(), file.body);
    assert_eq!(fs::read(precious).unwrap(), bytes(500));
}

#[test]
fn a_part_that_was_not_asked_for_is_no_file() {
    let server = Server::always(part("bytes 0-99/300", bytes(100)));
    let folder = Folder::new();
    let outcome = client(2).send(going_on(&server, &folder));
    assert_eq!(class(&outcome), ErrorType::Protocol);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_rest_that_is_too_long_is_discarded() {
    let long = |file: &ServedFile| {
        let mut rest = file.body[1000..].to_vec();
        rest.push(0);
        part("bytes 1000-9999/10000", rest)
    };
    let file = ServedFile::new(10_000);
    let folder = Folder::new();
    let server = Server::start(move |seen| match seen.number {
        0 => file.clone().cut(&[1000]).answer(seen),
        1 => long(&file),
        _ => file.answer(seen),
    });
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &bytes(10_000));
    assert_eq!(ranges(&server), [None, range(1000), None]);
}

#[test]
fn a_status_that_is_not_accepted_leaves_the_part_alone() {
    let folder = Folder::new();
    let (file, server) = cut(&folder);
    let url = server.url("/a");
    let refusing = Server::always(Answer::status(404));
    let state = fs::read_to_string(folder.file("a.part.json")).unwrap();
    let other = state.replace(&url, &refusing.url("/a"));
    fs::write(folder.file("a.part.json"), other).unwrap();
    let outcome = client(2).send(going_on(&refusing, &folder));
    assert_eq!(class(&outcome), ErrorType::HttpStatus);
    fs::write(folder.file("a.part.json"), state).unwrap();
    let outcome = client(2).send(going_on(&server, &folder));
    check_saved(&outcome, &folder, &file.body);
    assert_eq!(ranges(&server), [None, range(1000)]);
}

#[test]
fn a_range_of_the_requests_own_contradicts_going_on() {
    let folder = Folder::new();
    let request = Request::get("http://127.0.0.1:1/").save_to(folder.file("a"));
    let outcome: Outcome = client(1).send(request.resume(true).header("Range", "bytes=0-1"));
    assert_eq!(class(&outcome), ErrorType::InvalidRequest);
    assert!(test_support::error(&outcome).message().contains("Range"));
}

#[test]
fn the_small_file_holds_no_secret() {
    let folder = Folder::new();
    let file = ServedFile::new(100 * KIB).cut(&[1000]);
    let server = file.start();
    let url = server.url("/a?signature=sesame&x=1");
    let url = url.replace("http://", "http://ada:sesame@");
    let request = || Request::get(&url).save_to(folder.file("a")).resume(true);
    client(2).send(request().no_retry());
    let state = fs::read_to_string(folder.file("a.part.json")).unwrap();
    assert!(
        !state.contains("sesame") && state.contains("x=1"),
        "{state}"
    );
    let outcome = client(2).send(request());
    check_saved(&outcome, &folder, &file.body);
    assert_eq!(ranges(&server), [None, range(1000)]);
}

#[test]
fn a_file_that_is_begun_again_after_its_removal_is_noted_again() {
    let folder = Folder::new();
    let file = ServedFile::new(10_000).cut(&[1000, 2000]);
    let unmarked = ServedFile::new(10_000).validator("X-None", "").cut(&[1000]);
    let (book, noted) = (
        folder.file("run.jsonl.journal"),
        Arc::new(AtomicI64::new(0)),
    );
    let (count, asked) = (Arc::clone(&noted), AtomicUsize::new(0));
    let server = Server::start(move |seen| match asked.fetch_add(1, Ordering::SeqCst) {
        1 => unmarked.answer(seen),
        3 => {
            let book = std::fs::read_to_string(&book).unwrap();
            let lines = book
                .lines()
                .filter(|line| line.contains("\"part\":\"a.part\""));
            let change = |line: &str| if line.contains("withdrawn") { -1 } else { 1 };
            count.store(lines.map(change).sum(), Ordering::SeqCst);
            file.answer(seen)
        }
        _ => file.answer(seen),
    });
    let policy = RetryPolicy::default().backoff(Duration::ZERO, Duration::ZERO);
    let request = going_on(&server, &folder).retry(policy.max_attempts(5));
    let mut journal = Journal::open(folder.file("run.jsonl")).unwrap();
    let requests = journal.remaining([request]);
    client(2).run(requests, &mut journal).unwrap();
    assert_eq!((server.requests(), noted.load(Ordering::SeqCst)), (4, 1));
}

#[test]
fn a_name_from_the_response_and_a_look_at_a_file_contradict_each_other() {
    let (server, folder) = (Server::always(Answer::text("a")), Folder::new());
    let names = OutputNames::parse("{host}.{ext}").unwrap();
    let lines = || InputLines::new().save_in(folder.path(), false, false);
    for mut lines in [
        lines().resume_downloads(true),
        lines().skip_existing(true),
        lines().timestamping(true),
    ] {
        lines = lines.output_names(names.clone());
        let request = lines.read(&server.url("/")).unwrap().request;
        assert_eq!(class(&client(2).send(request)), ErrorType::InvalidRequest);
    }
    assert_eq!((server.requests(), folder.names().len()), (0, 0));
}
