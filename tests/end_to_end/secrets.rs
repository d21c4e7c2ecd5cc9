//! Secrets of requests and responses: no Debug, no error text and no record shows them.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::mpsc;
use std::time::Duration;

use haul::record::{Record, RecordOptions};
use haul::sink::{Failures, Journal, JsonLines, Sink};
use haul::{Client, HostRule, Outcome, ProxySettings, Request, Timeouts};
use test_support::{Answer, Scenario, Seen, Server, builder, error, quick_retries, refused};

use super::sinks::Folder;

const SECRETS: [&str; 11] = [
    "t0ken-secret",
    "c00kie-secret",
    "us3r-secret",
    "passw0rd-secret",
    "apikey-secret",
    "session-secret",
    "location-secret",
    // Values of names that the client says are secret.
    "own-secret",
    "ticket-secret",
    "answer-secret",
    // "us3r-secret:passw0rd-secret", as it is sent.
    "dXMzci1zZWNyZXQ6cGFzc3cwcmQtc2VjcmV0",
];

fn server() -> Server {
    let dressed = |answer: Answer| {
        let cookie = answer.header("Set-Cookie", "sid=session-secret");
        cookie.header("X-Own", "answer-secret")
    };
    Scenario::new()
        .on("/404", dressed(Answer::status(404)))
        .on("/500", dressed(Answer::status(500)))
        .on("/ok", dressed(Answer::text("fine")))
        .on("/html", dressed(Answer::html("<p>")))
        .on("/reset", Answer::reset())
        .on("/cut", dressed(Answer::text("hello").cut_after(2)))
        .on("/never", Answer::never())
        .on("/garbage", Answer::raw("garbage\r\n\r\n"))
        .on(
            "/away",
            Answer::redirect(302, "http://location-secret:x@127.0.0.1:1/"),
        )
        .on("/loop", Answer::redirect(302, "/loop"))
        .on(
            "/ticket",
            Answer::redirect(302, "/404?page=2&Ticket=ticket-secret"),
        )
        .on(
            "/ftp",
            Answer::redirect(302, "ftp://location-secret@127.0.0.1/"),
        )
        .on(
            "/odd",
            Answer::redirect(302, "http://location-secret@bad host/"),
        )
        .start()
}

fn requests(server: &Server) -> Vec<Request> {
    let with_userinfo = |url: String| url.replace("http://", "http://us3r-secret:passw0rd-secret@");
    let dressed = |url: String| {
        Request::get(url)
            .bearer("t0ken-secret")
            .header("Cookie", "sid=c00kie-secret")
            .header("X-Api-Key", "apikey-secret")
            .header("X-Own", "own-secret")
            .query("ticket", "ticket-secret")
            .expect_json(true)
    };
    let paths = [
        "/404", "/500", "/ok", "/html", "/reset", "/cut", "/never", "/garbage", "/away", "/loop",
        "/ftp", "/odd", "/ticket",
    ];
    let mut requests = Vec::new();
    for path in paths {
        requests.push(dressed(server.url(path)));
        requests.push(Request::get(with_userinfo(server.url(path))));
        requests.push(Request::get(server.url(path) + "?ticket=ticket-secret"));
        requests.push(Request::get(server.url(path)).basic_auth("us3r-secret", "passw0rd-secret"));
    }
    requests.push(dressed(with_userinfo(format!("http://{}/", refused()))));
    for url in [
        "http://us3r-secret:passw0rd-secret@bad host/",
        "http://us3r-secret:passw0rd-secret@127.0.0.1:99999/",
        "ftp://us3r-secret:passw0rd-secret@127.0.0.1/",
        "http://us3r-secret:passw0rd-secret@/",
    ] {
        requests.push(dressed(url.to_owned()));
    }
    requests.push(dressed(server.url("/ok")).header("x-secret", "apikey-secret\n"));
    requests.push(dressed(server.url("/ok")).bearer("t0ken-secret\n"));
    requests
}

fn all_that_is_shown(outcome: &Outcome) -> String {
    let mut shown = format!("{outcome:#?} {:#?} {}", outcome.request(), outcome.url());
    let _ = write!(shown, "{:?} {:?}", outcome.final_url(), outcome.history());
    let _ = write!(shown, "{:#?} {:?}", outcome.state(), outcome.attempt_log());
    if let Some(error) = outcome.error() {
        let _ = write!(shown, "{error} {error:#?} {:#?}", error.response());
        let mut source = error.source();
        while let Some(cause) = source {
            let _ = write!(shown, "{cause} {cause:?}");
            source = cause.source();
        }
    }
    if let Some(response) = outcome.success() {
        let _ = write!(shown, "{response:#?}");
    }
    let _ = write!(
        shown,
        "{:#?}",
        Record::of_failure(outcome, &RecordOptions::new().headers(true))
    );
    shown
}

fn client() -> Client {
    builder(4)
        .timeouts(Timeouts::new().attempt(Duration::from_millis(300)))
        .retry(quick_retries().max_attempts(2))
        .sensitive_header("x-own")
        .sensitive_query("ticket")
        .build()
        .unwrap()
}

#[test]
fn no_secret_is_shown_or_written_whatever_happens_to_its_request() {
    let server = server();
    let client = client();
    let requests = requests(&server);
    let count = requests.len();
    let options = RecordOptions::new().headers(true);
    let mut results = JsonLines::new(Vec::new()).records(options.clone());
    let mut failures = Failures::new(Vec::new()).records(options.clone());
    let mut text = String::new();
    let outcomes = client.as_completed(requests);
    let summary = outcomes.summary();
    let mut came = 0;
    for outcome in outcomes {
        came += 1;
        let shown = all_that_is_shown(&outcome);
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        results.write(&outcome).unwrap();
        failures.write(&outcome).unwrap();
        text += &Record::new(&outcome, &options).to_line();
        text += &Record::of_failure(&outcome, &options).to_line();
    }
    assert_eq!(came, count);
    text += &summary.to_string();
    text += &serde_json::to_string(&summary.snapshot()).unwrap();
    text += &format!("{summary:?} {client:?} {:?}", summary.snapshot());
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("http://***@"), "what is left out is marked");
    assert!(text.contains("ticket=***"), "what is left out is marked");
    // The server did get the secrets.
    let got = |secret| {
        let seen = server.seen();
        seen.iter()
            .any(|seen| seen.headers.iter().any(|(_, value)| value.contains(secret)))
    };
    assert!(got("t0ken-secret") && got("c00kie-secret") && got("own-secret"));
    assert!(got("dXMzci1zZWNyZXQ6cGFzc3cwcmQtc2VjcmV0"));
    let asked = |seen: &Seen| seen.target.ends_with("?ticket=ticket-secret");
    assert!(server.seen().iter().any(asked));
}

#[test]
fn no_debug_of_settings_or_of_a_finished_attempt_shows_one() {
    let server = server();
    let (tell, told) = mpsc::channel();
    let policy = quick_retries().classify(move |finding| {
        tell.send(format!("{finding:#?}")).unwrap();
        None
    });
    let proxy = ProxySettings::all("http://us3r-secret:passw0rd-secret@127.0.0.1:1");
    let rule = HostRule::new().header("authorization", "Bearer t0ken-secret");
    let builder = builder(1)
        .bearer("t0ken-secret")
        .header("x-api-key", "apikey-secret")
        .proxy(proxy.clone())
        .host_rule("h", rule.clone())
        .retry(policy.clone());
    let settings = format!("{builder:#?} {proxy:#?} {rule:#?} {policy:#?}");
    assert!(settings.contains("workers: 1"), "{settings}");
    let request = requests(&server).swap_remove(0).retry(policy);
    drop(client().send(request));
    let finding = told.recv().unwrap();
    assert!(finding.contains("HttpStatus"), "{finding}");
    for secret in SECRETS {
        assert!(!settings.contains(secret), "{secret} in {settings}");
        assert!(!finding.contains(secret), "{secret} in {finding}");
    }
}

#[test]
fn no_file_of_a_batch_holds_one() {
    let (server, folder) = (server(), Folder::new());
    let options = RecordOptions::new().headers(true);
    let mut journal = Journal::open(folder.file("run.jsonl")).unwrap();
    journal = journal.records(options.clone());
    let failures = Failures::create(folder.file("failures.jsonl")).unwrap();
    let mut sinks = (failures.records(options.clone()), None);
    #[cfg(feature = "sqlite")]
    sinks.1.replace(
        haul::sink::Sqlite::open(folder.file("failures.db"))
            .unwrap()
            .records(options),
    );
    #[cfg(not(feature = "sqlite"))]
    sinks.1.replace(JsonLines::new(Vec::new()));
    // Some requests are writes, so that there are intents.
    let requests: Vec<Request> = requests(&server)
        .into_iter()
        .chain([Request::post(server.url("/never")).bearer("t0ken-secret")])
        .collect();
    let count = requests.len() as u64;
    let todo = journal.remaining(requests);
    let summary = client().run(todo, &mut (&mut journal, &mut sinks)).unwrap();
    assert_eq!(summary.total(), count);
    let mut files = 0;
    for path in folder.paths() {
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} in {}", path.display());
        }
        files += 1;
    }
    assert!(files >= 2, "{files} files");
    let log = std::fs::read_to_string(folder.file("failures.jsonl")).unwrap();
    assert!(log.contains(r#""redacted":["authorization","cookie","x-api-key","x-own","?ticket"]"#));
}

#[test]
fn a_secret_left_out_is_taken_from_the_client_on_the_next_run() {
    let server = Scenario::new().on("/*", Answer::status(404)).start();
    let client = client();
    let request = Request::get(server.url("/a?page=2&TICKET=ticket-secret"))
        .query("ticket", "ticket-secret")
        .header("X-Own", "own-secret");
    let line = Record::of_failure(&client.send(request), &RecordOptions::new()).to_line();
    assert!(
        line.contains(r#""redacted":["x-own","?TICKET","?ticket"]"#),
        "{line}"
    );
    let again = Record::parse_request(&line).unwrap();
    let refused = client.send(again.clone());
    assert_eq!(
        error(&refused).message(),
        "secrets are not kept with requests and must be given again: x-own, ?TICKET, ?ticket"
    );
    let knowing = builder(1)
        .header("x-own", "other")
        .query("ticket", "new")
        .build()
        .unwrap();
    assert_eq!(knowing.send(again).attempts(), 1);
    let seen = server.last("/a");
    assert_eq!(
        (seen.query(), seen.header("x-own")),
        (Some("page=2&ticket=new"), Some("other"))
    );
}

#[test]
fn secrets_are_written_only_where_that_is_asked_for() {
    let server = Scenario::new()
        .on(
            "/a",
            Answer::status(404).header("Set-Cookie", "sid=session-secret"),
        )
        .start();
    let url = server
        .url("/a?ticket=ticket-secret")
        .replace("//", "//us3r-secret:passw0rd-secret@");
    let request = Request::get(url)
        .header("X-Own", "own-secret")
        .header("Cookie", "c00kie-secret");
    let outcome = client().send(request);
    let options = RecordOptions::new().headers(true).secrets(true);
    let line = Record::of_failure(&outcome, &options).to_line();
    for secret in [
        "ticket-secret",
        "us3r-secret",
        "own-secret",
        "c00kie-secret",
        "session-secret",
    ] {
        assert!(line.contains(secret), "{secret} in {line}");
        assert!(!error(&outcome).to_string().contains(secret));
    }
    assert!(!line.contains("redacted"), "{line}");
    let again = client().send(Record::parse_request(&line).unwrap());
    assert_eq!(again.attempts(), 1);
    let seen = server.seen();
    assert_eq!((seen.len(), &seen[0].headers), (2, &seen[1].headers));
    assert_eq!(seen[0].target, seen[1].target);
}
