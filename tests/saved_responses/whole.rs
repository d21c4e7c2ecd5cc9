//! Bodies that are saved: whole, under their name.

use std::fs;

use haul::{ErrorType, Rejection, Request};
use test_support::{Answer, Folder, Scenario, Server, builder, client};

use super::{bytes, class, hex_sha256};

#[test]
fn the_file_holds_the_body_and_the_outcome_its_size_and_digest() {
    let body = bytes(300_000);
    let plain = Answer::status(200).body(body.clone());
    let server = Scenario::new()
        .on("/length", plain.clone())
        .on("/chunks", plain.clone().chunked(7_000))
        .on("/close", plain.until_close())
        .start();
    let folder = Folder::new();
    for (i, path) in ["/length", "/chunks", "/close"].iter().enumerate() {
        let file = folder.file(&i.to_string());
        let request = Request::get(server.url(path));
        let request = match i {
            0 => request.save_durably(&file),
            _ => request.save_to(&file),
        };
        let outcome = client(2).send(request);
        let response = outcome.success().unwrap();
        let saved = response.saved().unwrap();
        assert_eq!(fs::read(&file).unwrap(), body);
        assert_eq!((&saved.path, saved.size), (&file, 300_000));
        assert_eq!(saved.sha256, hex_sha256(&body));
        assert_eq!(outcome.saved(), Some(saved));
        assert!(response.bytes().is_empty());
    }
    assert_eq!(folder.names(), ["0", "1", "2"]);
}

#[test]
fn an_empty_body_is_an_empty_file() {
    let server = Server::always(Answer::status(200));
    let folder = Folder::new();
    let outcome = client(2).send(Request::get(server.url("/")).save_to(folder.file("a")));
    assert_eq!(outcome.saved().unwrap().sha256, hex_sha256(b""));
    assert_eq!(fs::read(folder.file("a")).unwrap(), b"");
}

#[cfg(feature = "gzip")]
#[test]
fn a_compressed_body_is_saved_uncompressed() {
    let body = bytes(100_000);
    let server = Server::always(Answer::status(200).body(body.clone()).gzip());
    let folder = Folder::new();
    let outcome = client(2).send(Request::get(server.url("/")).save_to(folder.file("a")));
    assert_eq!(outcome.saved().unwrap().size, 100_000);
    assert_eq!(fs::read(folder.file("a")).unwrap(), body);
}

#[test]
fn a_second_attempt_starts_the_file_over() {
    let body = bytes(50_000);
    let answer = Answer::status(200).body(body.clone());
    let server = Scenario::new()
        .on(
            "/",
            answer
                .clone()
                .cut_after(40_000)
                .times(1)
                .then(answer.clone().reset_after(10))
                .then(answer),
        )
        .start();
    let folder = Folder::new();
    let outcome = client(2).send(Request::get(server.url("/")).save_to(folder.file("a")));
    assert_eq!((outcome.attempts(), outcome.is_success()), (3, true));
    assert_eq!(fs::read(folder.file("a")).unwrap(), body);
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn a_redirect_leaves_no_file_of_its_own() {
    let server = Scenario::new()
        .on("/old", Answer::redirect(302, "/new").body("moved"))
        .on("/new", Answer::text("here"))
        .start();
    let folder = Folder::new();
    let outcome = client(2).send(Request::get(server.url("/old")).save_to(folder.file("a")));
    assert!(outcome.is_success());
    assert_eq!(fs::read(folder.file("a")).unwrap(), b"here");
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn several_requests_to_one_path_leave_one_whole_body() {
    let server = Server::start(|seen| {
        let which = seen.last_number().unwrap();
        Answer::status(200).body(vec![which as u8; 100_000 + which])
    });
    let folder = Folder::new();
    let path = folder.file("a");
    let client = builder(8).build().unwrap();
    let requests = (0..40).map(|i| Request::get(server.url(&format!("/{i}"))).save_to(&path));
    let mut digests = Vec::new();
    for outcome in client.as_completed(requests) {
        digests.push(outcome.saved().unwrap().sha256.clone());
    }
    let found = fs::read(&path).unwrap();
    assert_eq!(found.len(), 100_000 + usize::from(found[0]));
    assert!(digests.contains(&hex_sha256(&found)));
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn the_file_stays_whatever_a_closure_returns() {
    let server = Server::always(Answer::text("here"));
    let folder = Folder::new();
    let request = |name: &str| Request::get(server.url("/")).save_to(folder.file(name));
    let client = client(2);
    let read = client
        .process([request("read")], |response| {
            fs::read_to_string(&response.saved().unwrap().path)
        })
        .next()
        .unwrap();
    assert_eq!(read.success().unwrap(), "here");
    assert_eq!(read.saved().unwrap().size, 4);
    let mut panicked = client.process([request("panicked")], |_| -> Result<(), String> {
        panic!("no")
    });
    let error = panicked.next().unwrap();
    assert_eq!(error.error().unwrap().error_type(), ErrorType::Panic);
    let rejected = client.send(request("rejected").reject_if(|response| {
        let text = fs::read_to_string(&response.saved()?.path).ok()?;
        Some(Rejection::new(1, text))
    }));
    assert_eq!(rejected.rejection().unwrap().message(), "here");
    let broken = client.send(request("broken").reject_if(|_| panic!("no")));
    assert_eq!(class(&broken), ErrorType::Panic);
    assert_eq!(folder.names(), ["broken", "panicked", "read", "rejected"]);
    for name in folder.names() {
        assert_eq!(fs::read(folder.file(&name)).unwrap(), b"here", "{name}");
    }
}
