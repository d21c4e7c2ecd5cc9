//! Log lines are a contract: WARN for a retry or for giving up, INFO for the start and end of a batch, DEBUG for an
//! attempt, and no secret at any level.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use haul::{Client, Request, RetryPolicy};
use log::{Level, LevelFilter, Log, Metadata, Record};
use test_support::{Answer, Scenario, Server, refused};

struct Lines(Mutex<Vec<(Level, String)>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().starts_with("haul") {
            let line = (record.level(), record.args().to_string());
            self.0.lock().unwrap().push(line);
        }
    }

    fn flush(&self) {}
}

/// Locks the log, which all tests share: these tests take turns.
fn listening() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = log::set_logger(&LINES);
    log::set_max_level(LevelFilter::Trace);
    heard();
    turn
}

fn heard() -> Vec<(Level, String)> {
    std::mem::take(&mut LINES.0.lock().unwrap())
}

fn of(level: Level, lines: &[(Level, String)]) -> Vec<&str> {
    let lines = lines.iter().filter(|(of, _)| *of == level);
    lines.map(|(_, line)| line.as_str()).collect()
}

fn client() -> Client {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(2), Duration::from_millis(2))
        .jitter(haul::settings::Jitter::None);
    Client::builder().workers(2).retry(policy).build().unwrap()
}

#[test]
fn each_attempt_is_a_debug_line_that_says_how_it_went() {
    let _turn = listening();
    let server = Server::always(Answer::status(200));
    let url = server.url("/well?page=2");
    let client = client();
    client.get(&url);
    client.get(&url);
    client.get(format!("http://{}/", refused()));
    let lines = heard();
    let lines = of(Level::Debug, &lines);
    let begin = format!("GET {url}: 200 after ");
    assert!(lines[0].starts_with(&begin) && lines[0].contains(" ms, new connection, "));
    assert!(lines[1].starts_with(&begin) && lines[1].contains(" ms, kept-alive connection, "));
    assert_eq!(lines.len(), 5, "two, and three attempts: {lines:?}");
    assert!(
        lines[4].contains(": connect in phase connect after "),
        "{}",
        lines[4]
    );
    assert!(
        lines[4].ends_with(", no connection, 0 bytes out, 0 in"),
        "{}",
        lines[4]
    );
}

#[test]
fn each_failed_attempt_is_one_warning() {
    let _turn = listening();
    let server = Server::always(Answer::status(500));
    let url = server.url("/sick?page=2");
    client().get(&url);
    assert_eq!(
        of(Level::Warn, &heard()),
        [
            format!(
                "{url}: attempt 1 of 3 failed: http_status: 500 Internal Server Error; next in 2 ms"
            ),
            format!(
                "{url}: attempt 2 of 3 failed: http_status: 500 Internal Server Error; next in 2 ms"
            ),
            format!(
                "{url}: giving up after attempt 3: http_status: 500 Internal Server Error (attempts_exhausted)"
            ),
        ]
    );
}

#[test]
fn a_failure_that_is_not_retried_is_one_warning() {
    let _turn = listening();
    let server = Server::always(Answer::status(404));
    client().get(server.url("/gone"));
    let url = server.url("/gone");
    assert_eq!(
        of(Level::Warn, &heard()),
        [format!(
            "{url}: giving up after attempt 1: http_status: 404 Not Found (not_retryable)"
        )]
    );
}

#[test]
fn a_request_that_cannot_be_sent_is_a_giving_up_too() {
    let _turn = listening();
    let client = client();
    client.get("nowhere");
    client
        .as_completed(["ftp://h/", "http://h/ok?x="].map(|url| Request::get(url).header("a b", "")))
        .for_each(drop);
    let lines = heard();
    let warnings = of(Level::Warn, &lines);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(
        warnings[0].starts_with("nowhere: giving up"),
        "{}",
        warnings[0]
    );
    assert!(warnings.iter().all(|line| line.contains("invalid_request")));
}

#[test]
fn a_batch_logs_its_beginning_and_its_end() {
    let _turn = listening();
    let server = Server::always(Answer::text(""));
    let client = client();
    let outcomes = client.as_completed((0..5).map(|_| server.url("/")));
    assert_eq!(of(Level::Info, &heard()), [""; 0]);
    assert_eq!(outcomes.count(), 5);
    let lines = heard();
    assert_eq!(
        of(Level::Info, &lines),
        ["batch begins", "batch ends after 5 outcomes: completed"]
    );
    assert_eq!(of(Level::Warn, &lines), [""; 0]);
}

#[test]
fn a_batch_that_is_left_half_way_says_so() {
    let _turn = listening();
    let server = Server::always(Answer::text(""));
    let client = client();
    let mut outcomes = client.as_completed((0..50).map(|_| server.url("/")));
    outcomes.next();
    drop(outcomes);
    drop(client.as_completed([server.url("/")]));
    let lines = heard();
    assert_eq!(
        of(Level::Info, &lines),
        ["batch begins", "batch left after 1 outcomes"]
    );
    assert_eq!(
        of(Level::Warn, &lines),
        [""; 0],
        "what was cancelled is no failure"
    );
}

#[test]
fn v10_a_callback_that_panics_is_one_error() {
    let _turn = listening();
    let server = Server::always(Answer::text(""));
    let handle = client().submit(server.url("/")).unwrap();
    handle.on_done(|_| panic!("the caller's own"));
    handle.on_done(|_| ());
    handle.wait();
    let line = format!("{}: a callback panicked", server.url("/"));
    // The callback may still be running on the worker.
    let mut errors = Vec::new();
    while errors.is_empty() {
        errors = heard();
        errors.retain(|(level, _)| *level == Level::Error);
        std::thread::yield_now();
    }
    assert_eq!(errors, [(Level::Error, line)]);
}

#[test]
fn v36_workers_that_cannot_start_are_one_error() {
    let _turn = listening();
    let client = Client::builder()
        .workers(4)
        .on_worker_start(|| Err("no licence"))
        .build()
        .unwrap();
    assert_eq!(
        client.as_completed(vec!["http://127.0.0.1:9/"; 50]).count(),
        50
    );
    drop(client);
    assert_eq!(
        of(Level::Error, &heard()),
        ["no worker can start: on_worker_start: no licence"]
    );
}

#[test]
fn no_line_holds_a_secret() {
    let _turn = listening();
    let server = Scenario::new()
        .on(
            "/500",
            Answer::status(500).header("Set-Cookie", "sid=secret"),
        )
        .on("/reset", Answer::reset())
        .on(
            "/away",
            Answer::redirect(302, "http://secret:secret@127.0.0.1:1/"),
        )
        .on("/ftp", Answer::redirect(302, "ftp://secret@h/"))
        .on("/ticket", Answer::redirect(302, "/500?Ticket=secret"))
        .start();
    let policy = RetryPolicy::default().backoff(Duration::from_millis(1), Duration::from_millis(1));
    let client = Client::builder()
        .retry(policy)
        .sensitive_query("ticket")
        .build()
        .unwrap();
    let urls = [
        "/500",
        "/reset",
        "/away",
        "/ftp",
        "/ticket",
        "/500?ticket=secret",
    ]
    .map(|path| server.url(path))
    .into_iter()
    .chain([format!("http://{}/", refused())])
    .map(|url| url.replace("http://", "http://secret:secret@"))
    .chain([
        "ftp://secret:secret@h/".to_owned(),
        "http://secret@bad host/".to_owned(),
    ]);
    let requests = urls.map(|url| {
        Request::get(url)
            .header("Cookie", "secret")
            .header("X-Api-Key", "secret")
    });
    assert_eq!(client.as_completed(requests).count(), 9);
    client.send(Request::get(server.url("/500")).bearer("secret"));
    client.send(Request::get(server.url("/500")).basic_auth("secret", "secret"));
    let lines = heard();
    assert!(lines.len() > 15, "{lines:?}");
    for (_, line) in lines {
        assert!(!line.contains("secret"), "{line}");
        assert!(!line.contains("c2VjcmV0"), "{line}");
    }
}

#[cfg(feature = "rustls")]
#[test]
fn a_client_that_verifies_no_certificates_logs_one_warning() {
    let _turn = listening();
    let tls = haul::TlsSettings::new().insecure(true);
    let client = Client::builder().tls(tls).build().unwrap();
    let server = Server::always(Answer::text("x"));
    for _ in 0..3 {
        assert!(client.get(server.url("/")).is_success());
    }
    let lines = heard();
    let loud = of(Level::Warn, &lines);
    assert_eq!(loud.len(), 1, "{lines:?}");
    assert!(loud[0].starts_with("INSECURE: "), "{loud:?}");
    drop(Client::builder().tls(haul::TlsSettings::new()).build());
    assert!(of(Level::Warn, &heard()).is_empty());
}

#[test]
fn a_proxys_password_is_in_no_line() {
    let _turn = listening();
    let client = Client::builder()
        .proxy(format!("http://user:secret@{}", refused()))
        .retry(
            RetryPolicy::default()
                .max_attempts(2)
                .backoff(Duration::ZERO, Duration::ZERO),
        );
    let client = client.build().unwrap();
    for url in ["http://a.test/", "https://a.test/"] {
        assert!(client.get(url).is_failed());
    }
    let lines = heard();
    assert!(of(Level::Warn, &lines).iter().any(|l| l.contains("proxy")));
    assert!(
        lines.iter().all(|(_, line)| !line.contains("secret")),
        "{lines:?}"
    );
}

#[test]
fn no_line_holds_what_steers_a_terminal_whoever_says_it() {
    let _turn = listening();
    let steering = "\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\u{2028}";
    // A header of a response may hold these characters.
    let said = "\u{9b}2J\u{85}\u{202e}\u{2028}";
    let location = format!("/{said}?a\u{85}");
    let server = Scenario::new()
        .on(
            "/reason",
            Answer::raw(format!(
                "HTTP/1.1 500 No{said}\r\nContent-Length: 0\r\n\r\n"
            )),
        )
        .on("/away", Answer::redirect(302, location))
        .on(
            "/nowhere",
            Answer::redirect(302, format!("ftp://h{said}/{said}")),
        )
        .on(
            "/cookie",
            Answer::text("").header(
                "Set-Cookie",
                format!("a\u{85}={said}; Domain=\u{202e}.test"),
            ),
        )
        .on(
            "/coded",
            Answer::text("").header("Content-Encoding", format!("x{said}")),
        )
        .on("/garbage", Answer::raw(format!("HTTP/1.1 {said}\r\n\r\n")))
        .on(
            "/no",
            Answer::json(r#"{"code":1,"msg":"\u001b[31m\u009b\u202e"}"#),
        )
        .start();
    let client = Client::builder()
        .require("/code", 0)
        .retry(RetryPolicy::none())
        .before_attempt(
            |outgoing: &mut haul::settings::Outgoing<'_>| match outgoing.uri.path() {
                "/hook" => Err("the hook\u{1b}[31m\nforged line"),
                _ => Ok(()),
            },
        )
        .on_retry(|_| panic!())
        .build()
        .unwrap();
    let paths = [
        "/reason", "/away", "/nowhere", "/cookie", "/coded", "/garbage", "/no", "/hook",
    ];
    for path in paths {
        client.send(Request::get(server.url(path)).id(steering));
    }
    for url in [
        format!("http://h{steering}/"),
        format!("{steering}\nforged: line"),
        server.url(&format!("/{steering}")),
    ] {
        client.send(Request::get(url).header(steering, steering));
    }
    client.send(Request::new(format!("A{steering}"), server.url("/")));
    client.send(Request::post(server.url("/")).body_file(format!("/no\u{1b}[31m\n{steering}")));
    let lines = heard();
    assert!(lines.len() >= 20, "{lines:?}");
    for (_, line) in lines {
        let steers = line.chars().find(|c| haul::redact::Escaped::steers(*c));
        assert_eq!(steers, None, "{line:?}");
    }
}
