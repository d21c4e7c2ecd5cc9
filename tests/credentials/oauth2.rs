//! OAuth 2 client credentials against token endpoints, good and hostile.

use std::time::Duration;

use super::*;
use haul::settings::OAuth2;
use haul::{ErrorType, HostRule, Timeouts};

const SECRET: &str = "se:same%/ö";

fn login(server: &Server) -> OAuth2 {
    OAuth2::client_credentials(server.url("/token"), "my id", SECRET)
}

/// Server whose token endpoint gives this answer, and which accepts the token `t`.
fn endpoint(answer: Answer) -> Server {
    Server::start(
        move |seen: &Seen| match (seen.path(), seen.header("authorization")) {
            ("/token", _) => answer.clone(),
            (_, Some("Bearer t")) => Answer::text("ok"),
            _ => Answer::status(401),
        },
    )
}

/// Returns the message with which a request fails for a token endpoint with this answer.
fn failure(answer: Answer) -> String {
    failure_within(Duration::from_secs(30), answer)
}

/// Does as [`failure`] with this time limit for each attempt.
fn failure_within(limit: Duration, answer: Answer) -> String {
    let server = endpoint(answer);
    let client = builder()
        .timeouts(Timeouts::new().attempt(limit))
        .oauth2(login(&server))
        .build()
        .unwrap();
    let outcome = client.get(server.url("/a"));
    let error = outcome.error().expect("no token");
    assert_eq!(error.error_type(), ErrorType::Auth, "{error}");
    assert_eq!(server.requests_to("/token"), 3);
    assert!(
        !format!("{outcome:?} {error:?} {error}").contains("same"),
        "{error}"
    );
    error.message().to_owned()
}

#[test]
fn the_login_is_a_form_with_encoded_basic_authentication() {
    let server = endpoint(Answer::json(
        r#"{"access_token": "t", "token_type": "bearer"}"#,
    ));
    let login = login(&server)
        .scope("read")
        .scope("write")
        .param("audience", "https://api/");
    let client = builder().oauth2(login).build().unwrap();
    assert!(client.get(server.url("/a")).is_success());
    let seen = server.last("/token");
    assert_eq!(seen.method, "POST");
    assert_eq!(
        seen.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let expected = "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi%2F";
    assert_eq!(seen.text().replace("%20", "+"), expected);
    // my+id:se%3Asame%25%2F%C3%B6
    let basic = "Basic bXkraWQ6c2UlM0FzYW1lJTI1JTJGJUMzJUI2";
    assert_eq!(seen.header("authorization"), Some(basic));
}

#[test]
fn credentials_in_the_body_take_the_place_of_the_header() {
    let server = endpoint(Answer::json(r#"{"access_token": "t"}"#));
    let login = login(&server).credentials_in_body(true);
    let rule = HostRule::new().oauth2(login);
    let client = builder().host_rule("*", rule).build().unwrap();
    assert!(client.get(server.url("/a")).is_success());
    let seen = server.last("/token");
    assert_eq!(seen.header("authorization"), None);
    assert!(
        seen.text().contains("client_secret=se%3Asame%25%2F%C3%B6"),
        "{}",
        seen.text()
    );
}

#[test]
fn a_life_is_a_number_or_a_text_with_one() {
    for (life, calls) in [
        ("3600", 1),
        (r#""3600""#, 1),
        ("1e-9", 3),
        (r#""0.000000001""#, 3),
        ("0", 1),
        ("-1", 1),
        ("null", 1),
        (r#""soon""#, 1),
        ("1e300", 1),
    ] {
        let answer =
            format!(r#"{{"access_token": "t", "token_type": "BEARER", "expires_in": {life}}}"#);
        let server = endpoint(Answer::json(answer));
        let client = builder().oauth2(login(&server)).build().unwrap();
        for _ in 0..3 {
            assert!(client.get(server.url("/a")).is_success(), "{life}");
        }
        assert_eq!(server.requests_to("/token"), calls, "{life}");
    }
}

#[test]
fn an_error_of_the_endpoint_is_told_with_the_secret_masked() {
    let body = r#"{"error": "invalid_client", "error_description": "no client with se:same%/ö"}"#;
    let said = failure(Answer::status(401).typed("application/json", body));
    let expected =
        "the token source failed: OAuth 2: invalid_client: no client with *** (status 401)";
    assert_eq!(said, expected);
}

#[test]
fn hostile_endpoints_give_a_clear_error() {
    let large = format!(r#"{{"access_token": "{}"}}"#, "x".repeat(10 << 20));
    for (answer, said) in [
        (Answer::status(500), "500"),
        (Answer::status(302).header("location", "/elsewhere"), "302"),
        (Answer::html("<h1>Log in</h1>"), "no JSON object"),
        (Answer::json("[1]"), "no JSON object"),
        (Answer::json(r#"{"access_token": 7}"#), "no access_token"),
        (Answer::json(r#"{"access_token": ""}"#), "no access_token"),
        (Answer::json("{}"), "no access_token"),
        (
            Answer::json(r#"{"error": "slow_down"}"#),
            "slow_down (status 200)",
        ),
        (
            Answer::json(r#"{"access_token": "t", "token_type": "mac"}"#),
            "of type mac",
        ),
        (
            Answer::json(r#"{"access_token": "a\r\nb"}"#),
            "a carriage return, which may not be sent",
        ),
        (
            Answer::json(large),
            "body_too_large: the response is larger than 1 MiB, the limit for a response with a token",
        ),
        (Answer::hang_up(), "connection"),
        (Answer::text("ok").cut_after(1), "incomplete_body"),
    ] {
        let message = failure(answer);
        assert!(message.contains(said), "{said}: {message}");
    }
}

#[test]
fn an_endpoint_that_hangs_is_a_timeout() {
    let said = failure_within(Duration::from_millis(50), Answer::never());
    assert!(said.contains("timeout"), "{said}");
}

#[test]
fn the_login_goes_to_no_host_that_a_redirect_names() {
    let away = Server::always(Answer::json(r#"{"access_token": "t"}"#));
    let server = endpoint(Answer::redirect(307, away.url("/")));
    let client = builder().oauth2(login(&server)).build().unwrap();
    assert!(client.get(server.url("/a")).is_failed());
    assert_eq!(away.requests(), 0);
}
