//! Secrets of requests and responses show up nowhere: no Debug, no error text, no record.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use haul::record::{Record, RecordOptions};
use haul::sink::{Failures, JsonLines, Sink};
use haul::{Outcome, Request, Timeouts};

use super::support::{Answer, Scenario, Server, refused};
use super::{builder, quick};

const SECRETS: [&str; 8] = [
    "t0ken-secret",
    "c00kie-secret",
    "us3r-secret",
    "passw0rd-secret",
    "apikey-secret",
    "session-secret",
    "location-secret",
    // "us3r-secret:passw0rd-secret", as it is sent.
    "dXMzci1zZWNyZXQ6cGFzc3cwcmQtc2VjcmV0",
];

fn server() -> Server {
    let dressed = |answer: Answer| answer.header("Set-Cookie", "sid=session-secret");
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
            .expect_json(true)
    };
    let paths = [
        "/404", "/500", "/ok", "/html", "/reset", "/cut", "/never", "/garbage", "/away", "/loop",
        "/ftp", "/odd",
    ];
    let mut requests = Vec::new();
    for path in paths {
        requests.push(dressed(server.url(path)));
        requests.push(Request::get(with_userinfo(server.url(path))));
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

#[test]
fn no_secret_is_shown_or_written_whatever_happens_to_its_request() {
    let server = server();
    let client = builder(4)
        .timeouts(Timeouts::new().attempt(Duration::from_millis(300)))
        .retry(quick().max_attempts(2))
        .build()
        .unwrap();
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
    // The server did get them.
    let got = |secret| {
        let seen = server.seen();
        seen.iter()
            .any(|seen| seen.headers.iter().any(|(_, value)| value.contains(secret)))
    };
    assert!(got("t0ken-secret") && got("c00kie-secret") && got(SECRETS[7]));
}
