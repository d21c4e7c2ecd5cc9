//! Proxies that refuse, are silent, speak no HTTP, or cannot be set.

use std::time::Duration;

use haul::settings::IpFamily;
use haul::{ErrorType, Phase, ProxySettings, Request, StopReason, Timeouts};
use test_support::{Answer, Folder, ProxyServer, Server, refused};

use crate::proxies::{secure, through};
use crate::{message, refusal, text, verdict};

#[cfg(not(feature = "socks"))]
#[test]
fn a_socks_proxy_needs_its_feature() {
    let (setting, text) = refusal(through("socks5://user:secret@h"));
    assert_eq!(setting, "proxy");
    assert!(
        text.contains("`socks`") && !text.contains("secret"),
        "{text}"
    );
}

fn answer(status: u16) -> String {
    format!("HTTP/1.1 {status} Reason\r\nContent-Length: 2\r\n\r\nno")
}

#[test]
fn the_status_of_a_proxy_decides_if_it_is_asked_again() {
    for (status, attempts) in [
        (407, 1),
        (403, 1),
        (400, 1),
        (502, 3),
        (503, 3),
        (504, 3),
        (500, 3),
        (429, 3),
    ] {
        let proxy_server = ProxyServer::answering(move |_| Some(answer(status)));
        let proxy = format!("http://user:secret@{}", proxy_server.address);
        let client = through(proxy).build().unwrap();
        // No attempt reached the server, so even this request may be repeated.
        let outcome = client.send(Request::post("https://a.test/").text("x"));
        let reason = match attempts {
            1 => StopReason::NotRetryable,
            _ => StopReason::AttemptsExhausted,
        };
        assert_eq!(
            verdict(&outcome),
            (ErrorType::Proxy, attempts, Some(reason)),
            "{status}"
        );
        assert_eq!(outcome.error().unwrap().phase(), Some(Phase::Connect));
        let expected = format!(
            "proxy {} answered CONNECT a.test:443 with {status} Reason",
            proxy_server.address
        );
        assert_eq!(message(&outcome), expected);
        assert!(!format!("{outcome:?}").contains("secret"));
        assert_eq!(proxy_server.log().len(), attempts as usize);
    }
}

#[test]
fn a_request_succeeds_when_its_proxy_recovers() {
    let folder = Folder::new();
    let (_, server, tls) = secure(&folder);
    let proxy_server = ProxyServer::answering(|n| (n == 0).then(|| answer(502)));
    let client = through(proxy_server.url("http")).tls(tls).build().unwrap();
    let outcome = client.get(server.url("a.the.test"));
    assert_eq!((&*text(&outcome), outcome.attempts()), ("hello", 2));
}

#[test]
fn a_407_of_a_forwarding_proxy_is_a_proxy_error() {
    let proxy_server = ProxyServer::answering(|_| Some(answer(407)));
    let client = through(proxy_server.url("http")).build().unwrap();
    let outcome = client.get("http://a.test/");
    assert_eq!(
        verdict(&outcome),
        (ErrorType::Proxy, 1, Some(StopReason::NotRetryable))
    );
    assert_eq!(
        outcome.error().unwrap().response_text().as_deref(),
        Some("no")
    );
    // From a server itself, 407 is a status like any other.
    let server = Server::always(Answer::status(407));
    let outcome = crate::builder().build().unwrap().get(server.url("/"));
    assert_eq!(verdict(&outcome).0, ErrorType::HttpStatus);
    // Other responses of a forwarding proxy may be the server's.
    let proxy_server = ProxyServer::answering(|_| Some(answer(502)));
    let client = through(proxy_server.url("http")).build().unwrap();
    assert_eq!(
        verdict(&client.get("http://a.test/")),
        (
            ErrorType::HttpStatus,
            3,
            Some(StopReason::AttemptsExhausted)
        )
    );
}

#[test]
fn a_proxy_that_speaks_no_http_is_not_asked_again() {
    for answer in [
        "SSH-2.0-OpenSSH\r\n".to_owned(),
        "HTTP/1.1 abc\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(20_000)),
        "HTTP/1.1 200 OK\r\n\r\nmore than was asked for".to_owned(),
    ] {
        let proxy_server = ProxyServer::answering(move |_| Some(answer.clone()));
        let client = through(proxy_server.url("http")).build().unwrap();
        let outcome = client.get("https://a.test/");
        assert_eq!(
            verdict(&outcome),
            (ErrorType::Proxy, 1, Some(StopReason::NotRetryable)),
            "{}",
            message(&outcome)
        );
    }
}

#[test]
fn a_proxy_that_refuses_or_is_silent_is_tried_again() {
    let gone = refused();
    for url in ["http://a.test/", "https://a.test/"] {
        let client = through(format!("http://user:secret@{gone}"))
            .build()
            .unwrap();
        let outcome = client.get(url);
        assert_eq!(
            verdict(&outcome),
            (ErrorType::Proxy, 3, Some(StopReason::AttemptsExhausted))
        );
        let start = format!("connect to proxy {gone}: ");
        assert!(
            message(&outcome).starts_with(&start),
            "{}",
            message(&outcome)
        );
    }
    let silent = ProxyServer::silent();
    let client = through(silent.url("http"))
        .timeouts(Timeouts::new().connect(Duration::from_millis(100)))
        .build()
        .unwrap();
    let outcome = client.get("https://a.test/");
    assert_eq!(
        verdict(&outcome),
        (ErrorType::Proxy, 3, Some(StopReason::AttemptsExhausted))
    );
    let expected = format!("proxy {} did not answer within 100ms", silent.address);
    assert_eq!(message(&outcome), expected);

    // A name without an address of the family fails like a name that cannot be resolved.
    let client = through("http://127.0.0.1:9")
        .ip_family(IpFamily::V6)
        .build()
        .unwrap();
    let outcome = client.get("https://a.test/");
    assert_eq!(verdict(&outcome).0, ErrorType::Proxy);
    assert!(
        message(&outcome).contains("no IPv6 address"),
        "{}",
        message(&outcome)
    );
}

#[test]
fn a_request_that_waits_for_a_proxy_can_be_cancelled() {
    let silent = ProxyServer::silent();
    let client = through(silent.url("http")).build().unwrap();
    let handle = client.submit("https://a.test/").unwrap();
    while silent.connections() == 0 {
        std::thread::yield_now();
    }
    handle.cancel();
    let outcome = handle.wait();
    assert_eq!(outcome.error().unwrap().error_type(), ErrorType::Cancelled);
}

#[test]
fn the_error_of_a_wrong_proxy_shows_no_password() {
    for proxy in [
        ProxySettings::all("ftp://user:secret@h"),
        ProxySettings::all("http://user:secret@"),
        ProxySettings::all("http://h:port"),
        ProxySettings::all("http://h").except("10.0.0.0/40"),
    ] {
        let (setting, text) = refusal(through(proxy));
        assert_eq!(setting, "proxy");
        assert!(!text.contains("secret"), "{text}");
    }
}
