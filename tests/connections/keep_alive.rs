//! Time for which connections are kept, and limits of the bytes of a response before its body.

use std::time::Duration;

use haul::{Client, ErrorType, StopReason};
use test_support::{Answer, Server};

use crate::{builder, message, refusal, verdict};

#[test]
fn idle_connections_are_kept_as_the_settings_say() {
    let opened = |builder: haul::ClientBuilder| {
        let server = Server::always(Answer::text("x"));
        let client = builder.workers(1).build().unwrap();
        for _ in 0..4 {
            assert!(client.get(server.url("/")).is_success());
        }
        server.connections()
    };
    assert_eq!(opened(builder()), 1);
    assert_eq!(opened(builder().idle_timeout(Duration::ZERO)), 4);
    assert_eq!(opened(builder().max_idle(0)), 4);
    assert_eq!(opened(builder().max_idle_per_host(0)), 4);
    assert_eq!(opened(builder().max_idle(1).max_idle_per_host(1)), 1);
}

#[test]
fn the_host_used_longest_ago_loses_its_connection() {
    let server = Server::always(Answer::text("x"));
    let url = |host: &str| format!("http://{host}:{}/", server.address().port());
    let client = builder().workers(1).max_idle(1).build().unwrap();
    for host in ["a.test", "b.test", "b.test", "a.test"] {
        assert!(client.get(url(host)).is_success());
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn a_head_over_the_limit_fails() {
    let server = Server::always(Answer::text("x").header("X-Long", "x".repeat(10_000)));
    let get = |builder: haul::ClientBuilder| builder.build().unwrap().get(server.url("/"));
    let outcome = get(builder().header_limit(4096));
    assert_eq!(
        verdict(&outcome),
        (ErrorType::Protocol, 1, Some(StopReason::NotRetryable))
    );
    assert!(message(&outcome).contains("larger than 4096 bytes"));
    assert!(get(builder()).is_success());
    let server = Server::always(Answer::text("x").header("X-Long", "x".repeat(200_000)));
    let get = |builder: haul::ClientBuilder| builder.build().unwrap().get(server.url("/"));
    assert_eq!(verdict(&get(builder())).0, ErrorType::Protocol);
    assert!(get(builder().header_limit(1 << 20)).is_success());
}

#[test]
fn keepalive_can_be_set_and_turned_off() {
    let server = Server::always(Answer::text("x"));
    let minute = Duration::from_secs(60);
    for keepalive in [Some(minute), None] {
        let client = builder().tcp_keepalive(keepalive).build().unwrap();
        assert!(client.get(server.url("/")).is_success());
    }
}

#[test]
fn impossible_settings_of_connections_are_errors() {
    for (wrong, setting) in [
        (Client::builder().header_limit(0), "header_limit"),
        (Client::builder().header_limit(usize::MAX), "header_limit"),
        (
            Client::builder().tcp_keepalive(Duration::ZERO),
            "tcp_keepalive",
        ),
        (
            Client::builder().tcp_keepalive(Duration::MAX),
            "tcp_keepalive",
        ),
    ] {
        assert_eq!(refusal(wrong).0, setting);
    }
}

#[cfg(not(feature = "rustls"))]
#[test]
fn settings_of_tls_need_its_feature() {
    let tls = haul::TlsSettings::new().insecure(true);
    let (setting, text) = refusal(builder().tls(tls));
    assert_eq!(setting, "tls");
    assert!(text.contains("`rustls`"), "{text}");
    let outcome = builder().build().unwrap().get("https://a.test/");
    assert!(outcome.is_failed());
}
