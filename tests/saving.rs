//! Bodies that go to files: a file has its whole body under its name, or is not there at all.

#[path = "saving/disk.rs"]
mod disk;
#[path = "saving/memory.rs"]
mod memory;
#[path = "saving/recorded.rs"]
mod recorded;
mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use haul::batch::CancelToken;
use haul::settings::Judgement;
use haul::{
    Client, ClientBuilder, ErrorType, Outcome, Phase, Rejection, Request, RetryPolicy, Timeouts,
};
use support::{Answer, Scenario, Server};

/// A folder of the test's own, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("haul-saving-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the names of all entries in the folder.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn builder() -> ClientBuilder {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None);
    Client::builder().workers(2).retry(policy)
}

fn client() -> Client {
    builder().build().unwrap()
}

/// Returns bytes in which every position differs from its neighbours.
fn bytes(size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8)
        .collect()
}

fn hex_sha256(bytes: &[u8]) -> String {
    let digest = hmac_sha256::Hash::hash(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn class(outcome: &Outcome) -> ErrorType {
    match outcome.error() {
        Some(error) => error.error_type(),
        None => panic!("did not fail: {outcome:?}"),
    }
}

mod whole {
    use super::*;

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
            let outcome = client().send(request);
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
        let outcome = client().send(Request::get(server.url("/")).save_to(folder.file("a")));
        assert_eq!(outcome.saved().unwrap().sha256, hex_sha256(b""));
        assert_eq!(fs::read(folder.file("a")).unwrap(), b"");
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn a_compressed_body_is_saved_as_it_was_before() {
        let body = bytes(100_000);
        let server = Server::always(Answer::status(200).body(body.clone()).gzip());
        let folder = Folder::new();
        let outcome = client().send(Request::get(server.url("/")).save_to(folder.file("a")));
        assert_eq!(outcome.saved().unwrap().size, 100_000);
        assert_eq!(fs::read(folder.file("a")).unwrap(), body);
    }

    #[test]
    fn an_attempt_that_follows_another_starts_over() {
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
        let outcome = client().send(Request::get(server.url("/")).save_to(folder.file("a")));
        assert_eq!((outcome.attempts(), outcome.is_success()), (3, true));
        assert_eq!(fs::read(folder.file("a")).unwrap(), body);
        assert_eq!(folder.names(), ["a"]);
    }

    #[test]
    fn a_redirect_that_is_followed_leaves_nothing_of_its_own() {
        let server = Scenario::new()
            .on("/old", Answer::redirect(302, "/new").body("moved"))
            .on("/new", Answer::text("here"))
            .start();
        let folder = Folder::new();
        let outcome = client().send(Request::get(server.url("/old")).save_to(folder.file("a")));
        assert!(outcome.is_success());
        assert_eq!(fs::read(folder.file("a")).unwrap(), b"here");
        assert_eq!(folder.names(), ["a"]);
    }

    #[test]
    fn of_several_requests_to_one_path_one_body_is_there_and_whole() {
        let server = Server::start(|seen| {
            let which = seen.last_number().unwrap();
            Answer::status(200).body(vec![which as u8; 100_000 + which])
        });
        let folder = Folder::new();
        let path = folder.file("a");
        let client = builder().workers(8).build().unwrap();
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
    fn closures_get_the_file_and_it_stays_whatever_they_say() {
        let server = Server::always(Answer::text("here"));
        let folder = Folder::new();
        let request = |name: &str| Request::get(server.url("/")).save_to(folder.file(name));
        let client = client();
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
}

mod or_not_at_all {
    use super::*;

    /// Sends the request twice, with and without an old file of the name, and asserts that no file appears and the old
    /// file stays.
    fn leaves_no_trace(client: &Client, request: Request) -> Outcome {
        let folder = Folder::new();
        client.send(request.clone().save_to(folder.file("new")));
        assert_eq!(folder.names(), [""; 0]);
        fs::write(folder.file("old"), "as it was").unwrap();
        let outcome = client.send(request.save_to(folder.file("old")));
        assert_eq!(folder.names(), ["old"]);
        assert_eq!(fs::read(folder.file("old")).unwrap(), b"as it was");
        assert_eq!(outcome.saved(), None);
        outcome
    }

    #[test]
    fn a_body_that_is_cut_off_never_has_the_name() {
        let body = Answer::status(200).body(bytes(90_000));
        let server = Scenario::new()
            .on("/cut", body.clone().cut_after(80_000))
            .on("/chunks", body.clone().chunked(1_000).cut_after(80_000))
            .on("/reset", body.clone().reset_after(80_000))
            .on("/gzip", body.clone().gzip().cut_after(80_000))
            .on("/garbage", body.header("Content-Encoding", "gzip"))
            .start();
        for (path, expected) in [
            ("/cut", ErrorType::IncompleteBody),
            ("/chunks", ErrorType::IncompleteBody),
            ("/reset", ErrorType::IncompleteBody),
            #[cfg(feature = "gzip")]
            ("/gzip", ErrorType::IncompleteBody),
            #[cfg(feature = "gzip")]
            ("/garbage", ErrorType::Decode),
        ] {
            let outcome = leaves_no_trace(&client(), Request::get(server.url(path)));
            assert_eq!(class(&outcome), expected, "{path}");
        }
    }

    #[test]
    fn nor_does_one_that_stops_coming_or_takes_too_long() {
        let slow = Answer::status(200)
            .body(bytes(50_000))
            .dripping(100, Duration::from_millis(50));
        let stuck = Answer::status(200)
            .body(bytes(50_000))
            .dripping(25_000, Duration::from_secs(30));
        let server = Scenario::new()
            .on("/slow", slow)
            .on("/stuck", stuck)
            .start();
        let limits = Timeouts::new().read(Duration::from_millis(300));
        let request = Request::get(server.url("/stuck")).no_retry();
        let outcome = leaves_no_trace(&client(), request.timeouts(limits));
        assert_eq!(class(&outcome), ErrorType::Timeout);
        assert_eq!(outcome.error().unwrap().phase(), Some(Phase::Receive));
        let limits = Timeouts::new().attempt(Duration::from_millis(300));
        let request = Request::get(server.url("/slow")).no_retry();
        let outcome = leaves_no_trace(&client(), request.timeouts(limits));
        assert_eq!(class(&outcome), ErrorType::Timeout);
    }

    #[test]
    fn nor_does_one_over_a_limit_that_was_set() {
        let body = Answer::status(200).body(bytes(90_000));
        let server = Scenario::new()
            .on("/length", body.clone())
            .on("/chunks", body.chunked(1_000))
            .start();
        for path in ["/length", "/chunks"] {
            let request = Request::get(server.url(path)).body_limit(89_999);
            let outcome = leaves_no_trace(&client(), request);
            assert_eq!(class(&outcome), ErrorType::BodyTooLarge);
            let request = Request::get(server.url(path)).body_limit(90_000);
            let folder = Folder::new();
            assert!(
                client()
                    .send(request.save_to(folder.file("a")))
                    .is_success()
            );
        }
    }

    #[test]
    fn an_answer_without_a_body_of_its_own_touches_no_file() {
        let server = Scenario::new()
            .on("/204", Answer::status(204))
            .on("/304", Answer::status(304))
            .on("/404", Answer::status(404).body("no such page"))
            .on("/loop", Answer::redirect(302, "/loop").body("moved"))
            .on("/*", Answer::text("here"))
            .start();
        let client = client();
        for path in ["/204", "/304"] {
            assert!(leaves_no_trace(&client, Request::get(server.url(path))).is_success());
        }
        assert!(leaves_no_trace(&client, Request::head(server.url("/"))).is_success());
        let missing = leaves_no_trace(&client, Request::get(server.url("/404")));
        let response = missing.error().unwrap().response().unwrap();
        assert_eq!(response.text(), "no such page");
        let looped = leaves_no_trace(&client, Request::get(server.url("/loop")));
        assert_eq!(class(&looped), ErrorType::Redirect);
    }

    #[test]
    fn one_that_is_cancelled_half_way_is_removed() {
        let slow = Answer::status(200)
            .body(bytes(1_000_000))
            .dripping(1_000, Duration::from_millis(20));
        let server = Server::always(slow);
        let folder = Folder::new();
        let (client, cancel) = (client(), CancelToken::new());
        let requests = [Request::get(server.url("/")).save_to(folder.file("a"))];
        let mut batch = client.as_completed(requests).cancel_token(&cancel);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let patience = Instant::now() + Duration::from_secs(30);
                while !folder.names().iter().any(|name| name.ends_with(".part")) {
                    assert!(Instant::now() < patience, "no file was begun");
                    std::thread::yield_now();
                }
                cancel.cancel();
            });
            assert!(batch.next().unwrap().is_cancelled());
        });
        assert_eq!(folder.names(), [""; 0]);
    }

    #[test]
    fn a_panic_of_the_callers_own_before_it_is_accepted_leaves_nothing() {
        let server = Server::always(Answer::text("here"));
        let policy = RetryPolicy::default().classify(|_| -> Option<Judgement> { panic!("no") });
        let request = Request::get(server.url("/")).retry(policy);
        let outcome = leaves_no_trace(&client(), request);
        assert_eq!(class(&outcome), ErrorType::Panic);
    }

    #[test]
    fn what_looks_into_the_body_contradicts_it() {
        let server = Server::always(Answer::json("{}"));
        for request in [
            Request::get(server.url("/")).require("/code", 0),
            Request::get(server.url("/")).expect_json(true),
        ] {
            let outcome = leaves_no_trace(&client(), request);
            assert_eq!(class(&outcome), ErrorType::InvalidRequest);
        }
        assert_eq!(server.requests(), 0);
    }
}
