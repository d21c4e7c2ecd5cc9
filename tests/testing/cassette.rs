//! Cassettes: what is recorded, and what is played back.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use haul::testing::{Cassette, Script, any, bytes, fail, get, json, post, status, text};
use haul::{Client, ErrorType, Phase, Request, RetryPolicy};

/// A directory of its own, removed at the end.
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new() -> Directory {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("haul-cassette-{}-{number}", std::process::id());
        Directory(std::env::temp_dir().join(name))
    }

    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "haul-exchanges.json").collect();
        names.sort();
        names
    }

    pub(super) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn client(cassette: Cassette) -> Client {
    let client = Client::builder().workers(4).retry(RetryPolicy::none());
    client.transport(cassette).build().unwrap()
}

fn recording(directory: &Directory, script: &Script) -> Client {
    client(Cassette::record(&directory.0).unwrap().over(script.clone()))
}

fn playing(directory: &Directory) -> Client {
    client(Cassette::replay(&directory.0).unwrap())
}

#[test]
fn an_exchange_is_a_file_that_a_person_can_read() {
    let directory = Directory::new();
    let script = Script::new().on(
        post("/items"),
        json(201, serde_json::json!({"id": 7}))
            .header("x-a", "1")
            .header("x-a", "2"),
    );
    let request = Request::post("http://h/items?page=2").text("hello");
    recording(&directory, &script).send(request);
    assert_eq!(directory.names(), ["00001-POST-h-items.json"]);
    let text = directory.text("00001-POST-h-items.json");
    let exchange: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(exchange["request"]["url"], "http://h/items?page=2");
    assert_eq!(exchange["request"]["body"]["text"], "hello");
    assert_eq!(exchange["response"]["status"], 201);
    assert_eq!(exchange["response"]["body"]["json"]["id"], 7);
    assert_eq!(
        exchange["response"]["headers"]["x-a"],
        serde_json::json!(["1", "2"])
    );
    assert!(text.lines().count() > 10, "{text}");
}

#[test]
fn each_request_gets_its_own_answer_again_by_its_occurrence() {
    let directory = Directory::new();
    let script = Script::new()
        .on(get("/a"), text(200, "first"))
        .then(text(200, "second"))
        .on(post("/a").body("x"), text(200, "of x"))
        .on(post("/a").body("y"), text(200, "of y"))
        .on(get("/b?page=2"), bytes(200, [0, 255, 1]))
        .on(get("/gone"), text(410, "why"));
    let ask = |client: &Client| {
        let requests = [
            Request::get("http://h/a"),
            Request::get("http://h/a"),
            Request::post("http://h/a").body("y"),
            Request::post("http://h/a").body("x"),
            Request::get("http://h/b?page=2"),
            Request::get("http://h/gone"),
        ];
        let bodies = requests.map(|request| {
            let outcome = client.send(request);
            let kept = outcome.error().and_then(|error| error.response());
            let response = outcome.success().or(kept).unwrap();
            (response.status(), response.bytes().to_vec())
        });
        bodies.to_vec()
    };
    let recorded = ask(&recording(&directory, &script));
    assert_eq!(ask(&playing(&directory)), recorded);
}

#[test]
fn failures_are_played_back_with_class_and_phase() {
    let directory = Directory::new();
    let script = Script::new()
        .on(get("/connect"), fail(ErrorType::Connect))
        .on(get("/wait"), fail(ErrorType::Timeout))
        .on(get("/cut"), fail(ErrorType::IncompleteBody));
    let ask = |client: &Client| {
        ["connect", "wait", "cut"].map(|path| {
            let outcome = client.get(format!("http://h/{path}"));
            let error = outcome.error().unwrap();
            (
                error.error_type(),
                error.phase(),
                error.message().to_owned(),
                outcome.status(),
            )
        })
    };
    let recorded = ask(&recording(&directory, &script));
    assert_eq!(recorded[1].1, Some(Phase::Wait));
    assert_eq!(ask(&playing(&directory)), recorded);
}

#[test]
fn retries_and_redirects_are_played_one_by_one() {
    let directory = Directory::new();
    let script = Script::new()
        .on(get("/a"), status(503))
        .then(status(302).header("location", "/b"))
        .on(get("/b"), text(200, "there"))
        .virtual_clock();
    let cassette = Cassette::record(&directory.0).unwrap().over(script);
    let recorded = Client::builder().transport(cassette).build().unwrap();
    assert_eq!(recorded.get("http://h/a").attempts(), 2);
    let cassette = Cassette::replay(&directory.0).unwrap().virtual_clock();
    let played = Client::builder()
        .transport(cassette.clone())
        .build()
        .unwrap();
    let outcome = played.get("http://h/a");
    assert_eq!((outcome.attempts(), outcome.history().len()), (2, 1));
    assert!(cassette.unused().is_empty());
}

#[test]
fn secrets_are_masked_in_the_files_and_compared_as_masked() {
    let directory = Directory::new();
    let script = Script::new().on(
        any(),
        json(
            200,
            serde_json::json!({"access_token": "sesame", "expires_in": 60}),
        )
        .header("set-cookie", "sid=sesame"),
    );
    let request = |secret: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_secret", secret),
        ];
        let request = Request::post(format!("http://u:{secret}@h/token?api_key={secret}&x=1"));
        request
            .header("authorization", format!("Bearer {secret}"))
            .form(form)
    };
    recording(&directory, &script).send(request("sesame"));
    let json = |secret: &str| {
        let body = format!(r#"{{"user": "ada", "password": "{secret}"}}"#);
        Request::post("http://h/login").body(body)
    };
    recording(&directory, &script).send(json("sesame"));
    for name in directory.names() {
        assert!(!directory.text(&name).contains("sesame"), "{name}");
    }
    let client = playing(&directory);
    let outcome = client.send(request("another"));
    assert_eq!(
        outcome.success().unwrap().value().unwrap()["expires_in"],
        60
    );
    assert!(client.send(json("another")).is_success());
}

#[test]
fn names_that_the_client_calls_secret_are_masked_too() {
    let directory = Directory::new();
    let secretive = |cassette: Cassette| {
        let client = Client::builder().transport(cassette);
        client.sensitive_query("pin").build().unwrap()
    };
    let script = Script::new().on(any(), json(200, serde_json::json!({"pin": "sesame"})));
    let cassette = Cassette::record(&directory.0).unwrap().over(script);
    secretive(cassette).get("http://h/a?pin=sesame");
    assert!(!directory.text(&directory.names()[0]).contains("sesame"));
    let outcome = secretive(Cassette::replay(&directory.0).unwrap()).get("http://h/a?pin=other");
    assert!(outcome.is_success(), "{outcome:?}");
}

#[test]
fn a_request_that_was_not_recorded_fails_with_the_nearest() {
    let directory = Directory::new();
    let script = Script::new().on(any(), status(200));
    let recorded = recording(&directory, &script);
    recorded.get("http://h/items?page=1");
    recorded.send(Request::post("http://h/items").body("x"));
    let client = Client::builder().transport(Cassette::replay(&directory.0).unwrap());
    let client = client.build().unwrap();
    let message = |request: Request| {
        let outcome = client.send(request);
        let error = outcome.error().unwrap();
        assert_eq!(error.error_type(), ErrorType::InvalidRequest);
        error.message().to_owned()
    };
    let shown = directory.0.display();
    assert_eq!(
        message(Request::get("http://h/items?page=2")),
        format!(
            "{shown} has no recorded exchange for GET http://h/items?page=2; the nearest, 00001-GET-h-items.json, is \
             for GET http://h/items?page=1"
        )
    );
    assert_eq!(
        message(Request::post("http://h/items").body("y")),
        format!(
            "{shown} has no recorded exchange for POST http://h/items; the nearest, 00002-POST-h-items.json, has \
             another body"
        )
    );
    assert!(client.get("http://h/items?page=1").is_success());
    assert_eq!(
        message(Request::get("http://h/items?page=1")),
        format!(
            "{shown} has GET http://h/items?page=1 recorded once, and it was asked for once more"
        )
    );
}

#[test]
fn an_edited_file_is_played_as_it_is() {
    let directory = Directory::new();
    fs::create_dir_all(&directory.0).unwrap();
    fs::write(
        directory.0.join("by-hand.json"),
        r#"{
            "request": { "method": "POST", "url": "http://h/a", "body": { "json": { "b": 1,  "a": [] } } },
            "response": { "status": 200, "headers": { "x-a": ["1", "2"] }, "body": { "text": "made by hand" } }
        }"#,
    )
    .unwrap();
    let outcome = playing(&directory).send(Request::post("http://h/a").body(r#"{"a":[],"b":1}"#));
    let response = outcome.success().unwrap();
    assert_eq!(response.text(), "made by hand");
    assert_eq!(response.headers().get_all("x-a").iter().count(), 2);
}

#[test]
fn a_large_body_has_a_file_of_its_own() {
    let directory = Directory::new();
    let body: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let script = Script::new().on(post("/a"), bytes(200, body.clone()));
    let request = || Request::post("http://h/a").body(vec![b'x'; 50_000]);
    recording(&directory, &script).send(request());
    assert_eq!(
        directory.names(),
        [
            "00001-POST-h-a.json",
            "00001-POST-h-a.request",
            "00001-POST-h-a.response"
        ]
    );
    let outcome = playing(&directory).send(request());
    assert_eq!(outcome.success().unwrap().bytes(), body);
}

#[test]
fn saved_and_streamed_bodies_go_through_both() {
    let directory = Directory::new();
    let files = Directory::new();
    fs::create_dir_all(&files.0).unwrap();
    let script = Script::new().on(post("/a"), bytes(200, vec![7; 200_000]));
    let send = |client: &Client, to: &Path| {
        let request = Request::post("http://h/a").save_to(to);
        client.send(request.body_stream(Cursor::new(vec![b'x'; 70_000]), None))
    };
    let recorded = send(&recording(&directory, &script), &files.0.join("1"));
    assert_eq!(script.calls()[0].body().len(), 70_000);
    let played = send(&playing(&directory), &files.0.join("2"));
    let (recorded, played) = (recorded.saved().unwrap(), played.saved().unwrap());
    assert_eq!(
        (recorded.size, &recorded.sha256),
        (played.size, &played.sha256)
    );
    assert_eq!(fs::read(files.0.join("2")).unwrap(), vec![7; 200_000]);
}

#[test]
fn concurrent_recording_loses_nothing() {
    let directory = Directory::new();
    let script = Script::new().on(any(), status(200));
    let clients = [(); 2].map(|()| recording(&directory, &script));
    std::thread::scope(|scope| {
        for (n, client) in clients.iter().enumerate() {
            scope.spawn(move || {
                let urls = (0..100).map(|i| format!("http://h/{n}-{i}"));
                assert!(client.map(urls).all(|outcome| outcome.is_success()));
            });
        }
    });
    assert_eq!(directory.names().len(), 200);
    let client = playing(&directory);
    let urls = (0..100).flat_map(|i| [format!("http://h/0-{i}"), format!("http://h/1-{i}")]);
    assert!(
        client
            .as_completed(urls)
            .all(|outcome| outcome.is_success())
    );
}

#[test]
fn a_second_recording_follows_the_first() {
    let directory = Directory::new();
    let script = Script::new().on(any(), text(200, "1")).then(text(200, "2"));
    for _ in 0..2 {
        recording(&directory, &script).get("http://h/a");
    }
    assert_eq!(
        directory.names(),
        ["00001-GET-h-a.json", "00002-GET-h-a.json"]
    );
    let client = playing(&directory);
    let bodies = [(); 2].map(|()| {
        client
            .get("http://h/a")
            .success()
            .unwrap()
            .text()
            .into_owned()
    });
    assert_eq!(bodies, ["1", "2"]);
}

#[test]
fn a_directory_with_foreign_files_is_not_recorded_into() {
    let directory = Directory::new();
    fs::create_dir_all(&directory.0).unwrap();
    fs::write(directory.0.join("notes.txt"), "mine").unwrap();
    let error = Cassette::record(&directory.0).unwrap_err();
    assert_eq!(error.path(), directory.0);
    assert!(
        error
            .to_string()
            .contains("files that are not of a recording"),
        "{error}"
    );
    assert_eq!(directory.names(), ["notes.txt"]);
}

#[test]
fn a_directory_that_cannot_be_played_is_refused_by_name() {
    let directory = Directory::new();
    let replay = || Cassette::replay(&directory.0).unwrap_err().to_string();
    assert!(replay().starts_with(&directory.0.display().to_string()));
    fs::create_dir_all(&directory.0).unwrap();
    assert!(replay().contains("no recorded exchange in it"));
    let path = directory.0.join("00001.json");
    for (text, expected) in [
        ("{", "it is no recorded exchange"),
        (
            r#"{"request": {"method": "GET", "url": "http://h/"}}"#,
            "neither a response nor a failure",
        ),
        (
            r#"{"request": {"method": "GET", "url": "http://h/"}, "response": {"status": 7}}"#,
            "7 is no status",
        ),
        (
            r#"{"request": {"method": "GET", "url": "http://h/"}, "response": {"status": 200, "bdy": 1}}"#,
            r#"the key "bdy" is not known"#,
        ),
    ] {
        fs::write(&path, text).unwrap();
        let error = replay();
        assert!(
            error.contains("00001.json") && error.contains(expected),
            "{error}"
        );
    }
}
