//! Redirects: `tests/vectors/redirects.md`. Vector 101 (`Retry-After` on a redirect) is with the decisions.

mod headers;

use super::*;
use crate::url;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderName, HeaderValue};

struct Scene {
    method: Method,
    status: u16,
    from: &'static str,
    hops: u32,
    limit: u32,
    allow_downgrade: bool,
}

const SCENE: Scene = Scene {
    method: Method::GET,
    status: 302,
    from: "http://example.com/a/b?c",
    hops: 0,
    limit: 10,
    allow_downgrade: false,
};

impl Scene {
    fn to_bytes(&self, location: &[u8]) -> Result<Option<NextRequest>, RefusedRedirect> {
        decide(&RedirectStep {
            method: &self.method,
            url: &url::parse(self.from).unwrap(),
            status: self.status,
            location: Some(location),
            hops: self.hops,
            limit: self.limit,
            allow_downgrade: self.allow_downgrade,
            redaction: Redaction::USUAL,
        })
    }

    fn to(&self, location: &str) -> Result<Option<NextRequest>, RefusedRedirect> {
        self.to_bytes(location.as_bytes())
    }

    fn next(&self, location: &str) -> NextRequest {
        self.to(location).unwrap().unwrap()
    }
}

#[test]
fn vector_87_leaving_encryption_is_refused_unless_allowed() {
    let scene = Scene {
        from: "https://example.com/",
        ..SCENE
    };
    let refused = scene.to("http://u:secret@example.com/x").unwrap_err();
    assert!(
        refused.message.contains("http://***@example.com/x"),
        "{refused:?}"
    );
    assert!(!refused.message.contains("secret"));
    assert_eq!(refused.location, "http://***@example.com/x");
    assert!(scene.to("//example.com/x").is_ok());
}

#[test]
fn vectors_94_to_97_method_and_status_decide_what_is_sent_on() {
    for (vector, method, statuses, expected, drop_body) in [
        (94, Method::POST, &[301, 302, 303][..], Method::GET, true),
        (95, Method::HEAD, &[301, 302], Method::HEAD, false),
        (95, Method::HEAD, &[303], Method::HEAD, true),
        (96, Method::PUT, &[301, 302], Method::PUT, false),
        (96, Method::PUT, &[303], Method::GET, true),
        (96, Method::DELETE, &[301, 302], Method::DELETE, false),
        (96, Method::DELETE, &[303], Method::GET, true),
        (96, Method::PATCH, &[301, 302], Method::PATCH, false),
        (97, Method::POST, &[307, 308], Method::POST, false),
        (97, Method::PUT, &[307, 308], Method::PUT, false),
    ] {
        for &status in statuses {
            for location in ["/next", "http://other.example/"] {
                let scene = Scene {
                    method: method.clone(),
                    status,
                    ..SCENE
                };
                let next = scene.next(location);
                assert_eq!(
                    (&next.method, next.drop_body),
                    (&expected, drop_body),
                    "vector {vector}: {method} {status}"
                );
            }
        }
    }
}

#[test]
fn vector_98_without_a_location_the_response_is_the_answer() {
    for status in [301, 302, 303, 307, 308] {
        let step = RedirectStep {
            method: &Method::GET,
            url: &url::parse("http://h/").unwrap(),
            status,
            location: None,
            hops: 0,
            limit: 10,
            allow_downgrade: false,
            redaction: Redaction::USUAL,
        };
        assert_eq!(decide(&step), Ok(None));
        assert_eq!(Scene { status, ..SCENE }.to(" "), Ok(None));
    }
    for status in [200, 300, 304, 305, 306, 404] {
        assert_eq!(Scene { status, ..SCENE }.to("/x"), Ok(None), "{status}");
    }
}

#[test]
fn vector_98_a_target_that_cannot_be_followed_is_named() {
    for (location, named, reason) in [
        ("ftp://u:secret@h/x", "ftp://***@h/x", "ftp"),
        ("javascript:alert(1)", "***", "scheme"),
        ("//u:secret@h:0/", "http://***@h:0/", "port"),
        ("mailto:secret@h", "***@h", "scheme"),
        ("https:u:secret@h:0", "https:***@h:0", "port"),
        ("https:\\\\u:secret@h<", "https:***@***", "the host"),
        ("http://h:0/?page=secret", "http://h:0/***", "port"),
        ("http://", "http://", "no host"),
    ] {
        let refused = SCENE.to(location).unwrap_err();
        assert!(refused.message.contains(named), "{refused:?}");
        assert!(refused.message.contains(reason), "{refused:?}");
        assert!(!refused.message.contains("secret"), "{refused:?}");
        assert_eq!(refused.location, named);
    }
    let long = format!("ftp://h/{}", "x".repeat(60_000));
    assert!(SCENE.to(&long).unwrap_err().message.len() < 400);
}

#[test]
fn vector_99_the_limit_ends_a_chain() {
    let one = |hops| Scene {
        limit: 1,
        hops,
        ..SCENE
    };
    assert!(one(0).to("/1").unwrap().is_some());
    let refused = one(1).to("/2").unwrap_err();
    assert_eq!(
        refused.message,
        "more than 1 redirect, the next to http://example.com/2"
    );
    assert_eq!(refused.location, "http://example.com/2");
}

#[test]
fn vector_99_a_limit_of_zero_follows_no_redirect() {
    assert_eq!(Scene { limit: 0, ..SCENE }.to("/1"), Ok(None));
}

#[test]
fn vector_100_a_chain_is_walked_hop_by_hop() {
    let mut url = url::parse("http://h/0").unwrap();
    let mut method = Method::POST;
    for (hops, status) in (0..).zip([303, 302, 301, 307, 302]) {
        let location = format!("/{}", hops + 1);
        let step = RedirectStep {
            method: &method,
            url: &url,
            status,
            location: Some(location.as_bytes()),
            hops,
            limit: 10,
            allow_downgrade: false,
            redaction: Redaction::USUAL,
        };
        let next = decide(&step).unwrap().unwrap();
        (url, method) = (next.url, next.method);
    }
    assert_eq!(
        (url.uri().to_string(), method),
        ("http://h/5".into(), Method::GET)
    );
}

#[test]
fn vector_63_a_loop_ends_at_the_limit() {
    let followed = (0..)
        .take_while(|&hops| Scene { hops, ..SCENE }.to("b?c").is_ok())
        .count();
    assert_eq!(followed, 10);
}

#[test]
fn a_location_that_is_no_utf8_is_sent_as_it_was_meant() {
    let next = SCENE.to_bytes(b"/caf\xe9").unwrap().unwrap();
    assert_eq!(next.url.uri(), "http://example.com/caf%E9");
    assert_eq!(
        SCENE.next("/café").url.uri(),
        "http://example.com/caf%C3%A9"
    );
}

#[test]
fn no_location_makes_it_panic() {
    let seed = fastrand::u64(..);
    let mut rng = fastrand::Rng::with_seed(seed);
    let known = [
        "http://u:secret@example.com:80/a?b#c",
        "//host/../..",
        "https://[::1]:443/%zz",
        "?q",
        "ftp://u:secret@h",
    ];
    for round in 0..30_000 {
        let mut bytes = known[rng.usize(..known.len())].as_bytes().to_vec();
        for _ in 0..rng.usize(..5) {
            let at = rng.usize(..=bytes.len());
            bytes.insert(
                at,
                [rng.u8(..), b":/@?#[]%\\. "[rng.usize(..11)]][rng.usize(..2)],
            );
        }
        let scene = Scene {
            status: [301, 303, 308][rng.usize(..3)],
            hops: rng.u32(..3),
            limit: 2,
            ..SCENE
        };
        if HeaderValue::from_bytes(&bytes).is_err() {
            continue;
        }
        let decided = std::panic::catch_unwind(|| scene.to_bytes(&bytes));
        assert!(decided.is_ok(), "seed {seed} round {round}: {bytes:?}");
    }
}
