//! Headers that a redirect takes along, and those that stay behind.

use super::*;

const GIVEN: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "idempotency-key",
    "x-idempotency-key",
    "x-api-secret",
    "content-type",
    "content-length",
    "x-custom",
];

fn headers() -> HeaderMap {
    let value = HeaderValue::from_static("v");
    GIVEN
        .iter()
        .map(|name| (HeaderName::from_static(name), value.clone()))
        .collect()
}

fn kept(next: &NextRequest, redaction: &Redaction) -> Vec<&'static str> {
    let mut headers = headers();
    strip(&mut headers, next, redaction);
    GIVEN
        .into_iter()
        .filter(|name| headers.contains_key(*name))
        .collect()
}

#[test]
fn vectors_86_to_91_credentials_and_cookies_stay_with_their_origin() {
    const ALL: &[&str] = &["authorization", "cookie"];
    const AUTHORIZATION_ONLY: &[&str] = &["authorization"];
    const NOTHING: &[&str] = &[];
    for (vector, from, to, dropped) in [
        (
            86,
            "http://example.com/",
            "http://another.example.com/",
            ALL,
        ),
        (87, "https://example.com/", "http://example.com/", ALL),
        (
            88,
            "http://example.com/",
            "https://example.com/",
            AUTHORIZATION_ONLY,
        ),
        (
            88,
            "http://example.com:80/",
            "https://EXAMPLE.com:443/",
            AUTHORIZATION_ONLY,
        ),
        (88, "http://[::1]/", "https://[::1]/", AUTHORIZATION_ONLY),
        (89, "http://example.com:8080/", "https://example.com/", ALL),
        (89, "http://example.com:443/", "https://example.com/", ALL),
        (89, "http://example.com/", "https://example.com:8443/", ALL),
        (89, "http://example.com/", "https://example.com:80/", ALL),
        (
            89,
            "http://example.com:1234/",
            "http://example.com:4321/",
            ALL,
        ),
        (
            90,
            "https://example.com:443/",
            "https://example.com/",
            NOTHING,
        ),
        (
            90,
            "https://example.com/",
            "https://example.com:443/",
            NOTHING,
        ),
        (90, "http://example.com:80/", "http://example.com/", NOTHING),
        (90, "http://example.com/", "http://EXAMPLE.com:80/", NOTHING),
        (91, "https://example.com/", "https://example.com:8080/", ALL),
        (
            91,
            "http://u:p@example.com/",
            "http://example.com/",
            NOTHING,
        ),
        (91, "http://[::1]/", "http://[::2]/", ALL),
        (91, "http://example.com/", "https://www.example.com/", ALL),
    ] {
        let scene = Scene {
            from,
            allow_downgrade: true,
            ..SCENE
        };
        let kept = kept(&scene.next(to), Redaction::USUAL);
        let found: Vec<_> = ["authorization", "cookie"]
            .into_iter()
            .filter(|name| !kept.contains(name))
            .collect();
        assert_eq!(found, dropped, "vector {vector}: {from} -> {to}");
    }
}

#[test]
fn every_secret_header_stays_with_its_origin_in_both_directions() {
    const SECRET: [&str; 14] = [
        "authorization",
        "proxy-authorization",
        "set-cookie",
        "www-authenticate",
        "x-api-key",
        "apikey",
        "x-auth-token",
        "x-session-id",
        "x_secret",
        "db-password",
        "x-hub-signature-256",
        "idempotency-key",
        "x-idempotency-key",
        "x-own",
    ];
    const OTHERS: [&str; 4] = ["accept", "x-trace", "content-type", "range"];
    let mut redaction = Redaction::default();
    redaction.add_header(HeaderName::from_static("x-own"));
    let value = HeaderValue::from_static("v");
    let given: HeaderMap = SECRET
        .iter()
        .chain(&OTHERS)
        .map(|name| (HeaderName::from_static(name), value.clone()))
        .collect();
    for (one, other) in [
        ("http://example.com/", "https://example.com/"),
        ("http://example.com/", "http://example.org/"),
        ("https://example.com/", "https://api.example.com/"),
        ("http://example.com/", "http://example.com:81/"),
        ("https://example.com:444/", "https://example.com:445/"),
        ("http://127.0.0.1/", "http://127.0.0.2/"),
    ] {
        for (from, to) in [(one, other), (other, one)] {
            let scene = Scene {
                from,
                allow_downgrade: true,
                status: 307,
                ..SCENE
            };
            let mut headers = given.clone();
            strip(&mut headers, &scene.next(to), &redaction);
            let mut kept: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
            kept.sort_unstable();
            assert_eq!(kept, ["accept", "content-type", "range", "x-trace"]);
            let mut near = given.clone();
            strip(&mut near, &scene.next("/elsewhere"), &redaction);
            assert_eq!(near, given);
        }
    }
}

#[test]
fn a_value_that_is_marked_as_sensitive_stays_with_its_origin() {
    let mut value = HeaderValue::from_static("v");
    value.set_sensitive(true);
    let mut headers = HeaderMap::from_iter([(HeaderName::from_static("x-plain"), value)]);
    strip(&mut headers, &SCENE.next("/here"), Redaction::USUAL);
    assert_eq!(headers.len(), 1);
    strip(&mut headers, &SCENE.next("http://other/"), Redaction::USUAL);
    assert!(headers.is_empty());
}

#[test]
fn vectors_92_and_93_secret_headers_do_not_follow_to_another_host() {
    let original = headers();
    let next = SCENE.next("http://other/");
    let mut redaction = Redaction::default();
    redaction.add_header(HeaderName::from_static("x-custom"));
    assert_eq!(kept(&next, &redaction), ["content-type", "content-length"]);
    assert_eq!(
        kept(&next, Redaction::USUAL),
        ["content-type", "content-length", "x-custom"]
    );
    assert_eq!(original, headers(), "the caller's own map is not touched");
    assert_eq!(kept(&SCENE.next("/elsewhere"), &redaction), GIVEN);
}

#[test]
fn a_host_header_does_not_follow_to_another_host() {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("virtual.example"));
    strip(&mut headers, &SCENE.next("/same"), Redaction::USUAL);
    assert!(headers.contains_key(HOST));
    strip(&mut headers, &SCENE.next("http://other/"), Redaction::USUAL);
    assert!(!headers.contains_key(HOST));
}

#[test]
fn vector_94_the_headers_of_the_body_go_with_it() {
    let scene = Scene {
        method: Method::POST,
        ..SCENE
    };
    let mut headers = headers();
    headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    headers.insert("content-language", HeaderValue::from_static("en"));
    strip(&mut headers, &scene.next("/next"), Redaction::USUAL);
    assert!(
        headers
            .keys()
            .all(|name| !name.as_str().starts_with("content-"))
    );
    assert!(!headers.contains_key(TRANSFER_ENCODING));
    assert!(headers.contains_key("x-custom") && headers.contains_key(AUTHORIZATION));
}

#[test]
fn once_dropped_nothing_comes_back_on_the_way_home() {
    let mut headers = headers();
    strip(&mut headers, &SCENE.next("http://other/"), Redaction::USUAL);
    let away = Scene {
        from: "http://other/",
        ..SCENE
    };
    strip(
        &mut headers,
        &away.next("http://example.com/"),
        Redaction::USUAL,
    );
    assert!(!headers.contains_key(AUTHORIZATION) && !headers.contains_key(COOKIE));
}
