//! Digest authentication, against a server that checks each answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use haul::{Client, ErrorType, HostRule, Request};

use test_support::{Answer, Scenario, Seen, Server};
use test_support::{builder, error};

const REALM: &str = "all, \"quoted\"";

/// Server's side of digest authentication with MD5: it knows `user` and `pass`.
#[derive(Default)]
struct Guard {
    /// Nonces that were given out, with the counts that came with each.
    nonces: Mutex<HashMap<String, Vec<u32>>>,
    /// Number of answers that a nonce is good for. `None`: any number.
    uses: Option<usize>,
    /// True: each count must be the one after the last.
    in_order: bool,
}

impl Guard {
    fn challenge(&self, stale: bool) -> Answer {
        let mut nonces = self.nonces.lock().unwrap();
        let nonce = format!("nonce-{}", nonces.len());
        nonces.insert(nonce.clone(), Vec::new());
        let realm = REALM.replace('"', "\\\"");
        let stale = if stale { ", stale=true" } else { "" };
        Answer::status(401).header(
            "WWW-Authenticate",
            format!("Basic realm=\"b\", Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\"{stale}"),
        )
    }

    fn answer(&self, seen: &Seen) -> Answer {
        let Some(answer) = seen.header("authorization") else {
            return self.challenge(false);
        };
        let nonce = parameter(answer, "nonce");
        let count = u32::from_str_radix(&parameter(answer, "nc"), 16).unwrap();
        assert_eq!(parameter(answer, "uri"), seen.target);
        let right = response(&[
            &md5(&format!("user:{REALM}:pass")),
            &nonce,
            &parameter(answer, "nc"),
            &parameter(answer, "cnonce"),
            "auth",
            &md5(&format!("{}:{}", seen.method, seen.target)),
        ]);
        if parameter(answer, "response") != right {
            return self.challenge(false);
        }
        let fresh = {
            let mut nonces = self.nonces.lock().unwrap();
            let counts = nonces.get_mut(&nonce).expect("a nonce that was given out");
            assert!(!counts.contains(&count), "a count came twice");
            let next = counts.iter().max().map_or(1, |last| last + 1);
            let fresh = self.uses.is_none_or(|uses| counts.len() < uses);
            counts.push(count);
            fresh && (!self.in_order || count == next)
        };
        match fresh {
            true => Answer::text(format!("{count}")),
            false => self.challenge(true),
        }
    }

    fn start(self) -> (Server, Arc<Guard>) {
        let guard = Arc::new(self);
        let of_server = Arc::clone(&guard);
        let server = Scenario::new()
            .hosts(2)
            .when("*", move |seen| of_server.answer(seen))
            .start();
        (server, guard)
    }

    fn given_out(&self) -> usize {
        self.nonces.lock().unwrap().len()
    }
}

fn md5(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}

fn response(parts: &[&str]) -> String {
    md5(&parts.join(":"))
}

/// Value of a parameter of an answer, without its quotes.
fn parameter(answer: &str, name: &str) -> String {
    let at = answer.find(&format!(" {name}=")).expect(name);
    let value = &answer[at + name.len() + 2..];
    match value.strip_prefix('"') {
        Some(value) => value[..value.find('"').unwrap()].to_owned(),
        None => value.split(',').next().unwrap().to_owned(),
    }
}

fn client() -> Client {
    builder(8).digest_auth("user", "pass").build().unwrap()
}

#[test]
fn a_challenge_is_answered_within_the_first_attempt() {
    let (server, _) = Guard::default().start();
    let request = Request::put(server.url("/a?b=c d")).body("text");
    let outcome = client().send(request);
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!((outcome.attempts(), outcome.status()), (1, Some(200)));
    assert!(outcome.attempt_log().is_empty() && outcome.history().is_empty());
    let bodies: Vec<_> = server.seen().iter().map(Seen::text).collect();
    assert_eq!(bodies, ["text", "text"]);
}

#[test]
fn a_nonce_is_used_again_with_a_rising_count() {
    let (server, guard) = Guard::default().start();
    let client = client();
    let counts = (0..4).map(|i| client.get(server.url(&format!("/{i}"))));
    let counts: Vec<_> = counts
        .map(|outcome| outcome.into_result().unwrap().text().into_owned())
        .collect();
    assert_eq!(counts, ["1", "2", "3", "4"]);
    assert_eq!((server.requests(), guard.given_out()), (5, 1));
}

#[test]
fn a_stale_nonce_is_replaced() {
    let guard = Guard {
        uses: Some(2),
        ..Guard::default()
    };
    let (server, guard) = guard.start();
    let client = client();
    for i in 0..6 {
        let outcome = client.get(server.url(&format!("/{i}")));
        assert!(
            outcome.is_success() && outcome.attempts() == 1,
            "{outcome:?}"
        );
    }
    assert_eq!(guard.given_out(), 3);
}

#[test]
fn a_second_401_is_final() {
    let (server, _) = Guard::default().start();
    let client = builder(8).digest_auth("user", "wrong").build().unwrap();
    for sent in [2, 4] {
        let outcome = client.get(server.url("/"));
        let failed = error(&outcome);
        assert_eq!(failed.error_type(), ErrorType::HttpStatus);
        assert_eq!((outcome.status(), outcome.attempts()), (Some(401), 1));
        assert_eq!(server.requests(), sent);
        assert!(!format!("{failed:?} {outcome:?}").contains("wrong"));
    }
}

#[test]
fn a_server_that_calls_every_answer_stale_has_its_way_at_last() {
    let (server, _) = Guard {
        uses: Some(0),
        ..Guard::default()
    }
    .start();
    let outcome = client().get(server.url("/"));
    assert_eq!((outcome.status(), outcome.attempts()), (Some(401), 1));
    assert!(server.requests() < 10, "{}", server.requests());
}

#[test]
fn sixty_four_workers_share_nonces_and_never_a_count() {
    for in_order in [false, true] {
        let guard = Guard {
            in_order,
            ..Guard::default()
        };
        let (server, guard) = guard.start();
        let client = builder(8)
            .workers(64)
            .digest_auth("user", "pass")
            .build()
            .unwrap();
        let urls = (0..1000).map(|i| server.url(&format!("/{i}")));
        for outcome in client.as_completed(urls) {
            assert!(
                outcome.is_success() && outcome.attempts() == 1,
                "{outcome:?}"
            );
        }
        // A count that overtook another is stale to a strict server.
        if !in_order {
            assert!(guard.given_out() <= 64, "{}", guard.given_out());
        }
    }
}

#[test]
fn a_body_for_once_ends_with_the_401_unless_the_nonce_is_known() {
    let (server, _) = Guard::default().start();
    let client = client();
    let once = || Request::post(server.url("/")).body_stream("text".as_bytes(), 4);
    let refused = client.send(once());
    assert_eq!((refused.status(), refused.attempts()), (Some(401), 1));
    assert!(client.get(server.url("/known")).is_success());
    assert!(client.send(once()).is_success());
}

#[test]
fn a_401_without_a_challenge_that_is_understood_is_the_response() {
    let large = format!("Digest realm=\"r\", nonce=\"{}\"", "n".repeat(20_000));
    for (challenge, said) in [
        ("Basic realm=\"r\"", "asks for no digest"),
        (
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256",
            "with SHA-512-256 (MD5 and SHA-256,",
        ),
        (
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
            "with qop auth-int (MD5",
        ),
        ("Digest realm=\"r", "is not valid"),
        (",,=\"\\", "asks for no digest"),
        (&large, "is not valid"),
    ] {
        let answer = Answer::status(401).header("WWW-Authenticate", challenge);
        let server = Scenario::new().on("*", answer).start();
        let outcome = client().get(server.url("/"));
        assert_eq!((outcome.status(), outcome.attempts()), (Some(401), 1));
        assert_eq!(server.requests(), 1, "{challenge}");
        let failed = error(&outcome);
        assert_eq!(failed.error_type(), ErrorType::HttpStatus);
        let message = failed.message();
        assert!(message.starts_with("401 Unauthorized; "), "{message}");
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn the_credentials_of_the_request_come_before_those_of_host_and_client() {
    let (server, _) = Guard::default().start();
    let wrong = || builder(8).digest_auth("user", "wrong");
    let request = || Request::get(server.url("/"));
    let rule = |rule| wrong().host_rule("127.0.0.1", rule).build().unwrap();
    let of_host = rule(HostRule::new().digest_auth("user", "pass"));
    assert!(of_host.send(request()).is_success());
    let of_request = rule(HostRule::new().bearer("t"));
    assert!(
        of_request
            .send(request().digest_auth("user", "pass"))
            .is_success()
    );
}

#[test]
fn an_authorization_that_is_set_later_takes_the_place_of_digest() {
    let server = Scenario::new().on("*", Answer::text("ok")).start();
    let sent = |client: Client, request: Request| {
        assert!(client.send(request).is_success());
        let seen = server.seen().pop().unwrap();
        seen.header("authorization").map(str::to_owned)
    };
    let with = || builder(8).digest_auth("user", "pass");
    let get = || Request::get(server.url("/"));
    let bearer = || Some("Bearer t".to_owned());
    assert_eq!(sent(with().bearer("t").build().unwrap(), get()), bearer());
    assert_eq!(sent(client(), get().bearer("t")), bearer());
    assert_eq!(
        sent(client(), get().digest_auth("a", "b").bearer("t")),
        bearer()
    );
    assert_eq!(
        sent(client(), get().bearer("t").digest_auth("a", "b")),
        None
    );
    let other_way = builder(8).bearer("t").digest_auth("user", "pass");
    assert_eq!(sent(other_way.build().unwrap(), get()), None);
}

#[test]
fn an_authorization_of_a_hook_is_not_replaced_and_its_refusal_is_final() {
    let challenge = "Digest realm=\"r\", nonce=\"n\"";
    let refusal = Answer::status(401).header("WWW-Authenticate", challenge);
    let server = Scenario::new().on("*", refusal).start();
    let client = builder(8)
        .digest_auth("user", "pass")
        .before_attempt(|outgoing| {
            let own = "Bearer hook".parse().unwrap();
            outgoing.headers.insert("authorization", own);
        });
    assert_eq!(client.build().unwrap().get(server.url("/")).attempts(), 1);
    let sent = server.seen();
    let sent: Vec<_> = sent
        .iter()
        .map(|seen| seen.header("authorization"))
        .collect();
    assert_eq!(sent, [Some("Bearer hook")]);
}

#[test]
fn a_user_name_that_is_not_ascii_reaches_the_server() {
    let server = Scenario::new()
        .when("*", |seen| match seen.header("authorization") {
            Some(_) => Answer::text("ok"),
            None => Answer::status(401).header("WWW-Authenticate", "Digest realm=r, nonce=n"),
        })
        .start();
    let request = Request::get(server.url("/")).digest_auth("J\u{e4}son", "p\u{e4}ss");
    assert!(client().send(request).is_success());
    let answer = server.last("/").header("authorization").unwrap().to_owned();
    assert!(
        answer.starts_with("Digest username*=UTF-8''J%C3%A4son, realm=\"r\""),
        "{answer}"
    );
}

#[test]
fn credentials_follow_a_redirect_within_their_origin_only() {
    let guard = Arc::new(Guard::default());
    let of_server = Arc::clone(&guard);
    let server = Scenario::new()
        .hosts(2)
        .on("/near", Answer::redirect(302, "/here"))
        .when("/away", |seen| {
            let host = seen.header("host").unwrap();
            let port = host.rsplit(':').next().unwrap();
            Answer::redirect(302, format!("http://127.0.0.2:{port}/there"))
        })
        .when("*", move |seen| of_server.answer(seen))
        .start();
    let client = client();
    assert!(client.get(server.url("/near")).is_success());
    let away = client.get(server.url("/away"));
    assert_eq!((away.status(), away.attempts()), (Some(401), 1));
    assert_eq!(server.last("/there").header("authorization"), None);
    assert_eq!(server.requests_to("/there"), 1);
}

#[test]
fn a_retry_after_a_challenge_counts_only_the_real_attempts() {
    let guard = Arc::new(Guard::default());
    let server = Scenario::new()
        .when("*", move |seen| {
            let answer = guard.answer(seen);
            match seen.nth {
                2 => Answer::status(503),
                _ => answer,
            }
        })
        .start();
    let outcome = client().get(server.url("/"));
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!((outcome.attempts(), server.requests()), (2, 3));
}

#[test]
fn neither_preview_nor_line_shows_the_credentials() {
    let request = Request::get("http://h/").digest_auth("user", "s3cret");
    let preview = client().preview(request.clone()).unwrap();
    let shown = format!("{preview:?} {request:?} {}", request.to_line());
    assert!(
        !shown.contains("s3cret") && !shown.contains("user\""),
        "{shown}"
    );
    assert!(
        request
            .to_line()
            .contains(r#""redacted":["authorization"]"#)
    );
    let rule = HostRule::new().digest_auth("user", "s3cret");
    assert!(!format!("{rule:?}").contains("s3cret"));
}

#[test]
fn a_name_that_cannot_be_sent_is_refused() {
    let refused = builder(8).digest_auth("a:b", "s3cret").build().unwrap_err();
    assert_eq!(refused.setting(), "digest_auth");
    let outcome = client().send(Request::get("http://h/").digest_auth("a\nb", "s3cret"));
    let failed = error(&outcome);
    assert_eq!(failed.error_type(), ErrorType::InvalidRequest);
    assert!(!format!("{refused} {failed}").contains("s3cret"));
}
