//! Requests that go through a SOCKS5 proxy.

use std::time::Duration;

use haul::{ErrorType, Timeouts};
use test_support::{Answer, Folder, ProxyServer, Server};

use crate::proxies::{secure, through};
use crate::{message, text, verdict};

#[test]
fn a_socks_proxy_gets_names_unresolved() {
    let folder = Folder::new();
    let (_, server, tls) = secure(&folder);
    let plain = Server::always(Answer::text("plain"));
    let port = plain.address().port();
    for credentials in [None, Some(("user", "secret"))] {
        let proxy_server = ProxyServer::socks(credentials);
        let userinfo = credentials.map_or("", |_| "user:secret@");
        let proxy = format!("socks5://{userinfo}{}", proxy_server.address);
        let client = through(proxy).tls(tls.clone()).workers(1).build().unwrap();
        for _ in 0..2 {
            assert_eq!(text(&client.get(server.url("a.the.test"))), "hello");
            assert_eq!(text(&client.get(format!("http://b.test:{port}/"))), "plain");
            assert_eq!(text(&client.get(format!("http://[::1]:{port}/"))), "plain");
            assert_eq!(text(&client.get(plain.url("/"))), "plain");
        }
        let secure = server.address.port();
        let asked = [
            format!("a.the.test:{secure}"),
            format!("b.test:{port}"),
            format!("::1:{port}"),
            format!("127.0.0.1:{port}"),
        ];
        assert_eq!(proxy_server.log(), asked);
    }
    assert_eq!(plain.last("/").target, "/");
}

#[test]
fn the_refusal_of_a_socks_proxy_decides_if_it_is_asked_again() {
    let long = "n".repeat(300);
    for (proxy_server, userinfo, host, attempts, why) in [
        (
            ProxyServer::socks(Some(("user", "secret"))),
            "",
            "a.test",
            1,
            "wants a user and a password",
        ),
        (
            ProxyServer::socks(Some(("user", "secret"))),
            "user:wrong@",
            "a.test",
            1,
            "does not accept user",
        ),
        (
            ProxyServer::socks_replying(None, 1),
            "",
            "a.test",
            3,
            "general failure",
        ),
        (
            ProxyServer::socks_replying(None, 2),
            "",
            "a.test",
            1,
            "not allowed by its rules",
        ),
        (
            ProxyServer::socks_replying(None, 4),
            "",
            "a.test",
            3,
            "host unreachable",
        ),
        (
            ProxyServer::socks_replying(None, 5),
            "",
            "a.test",
            3,
            "connection refused",
        ),
        (ProxyServer::socks(None), "", &*long, 1, "255 bytes"),
        (
            ProxyServer::silent(),
            "",
            "a.test",
            3,
            "did not answer within 200ms",
        ),
        (
            ProxyServer::saying(b""),
            "",
            "a.test",
            3,
            "was closed before an answer",
        ),
        (
            ProxyServer::saying(b"HTTP/1.1 400 Bad\r\n"),
            "",
            "a.test",
            1,
            "is no SOCKS5 proxy",
        ),
        (
            ProxyServer::saying(&[5, 9]),
            "",
            "a.test",
            1,
            "was not offered",
        ),
        (
            ProxyServer::saying(&[5, 0, 5, 0, 0, 9]),
            "",
            "a.test",
            1,
            "not SOCKS5",
        ),
    ] {
        let proxy = format!("socks5://{userinfo}{}", proxy_server.address);
        let connect = match why.starts_with("did not answer") {
            true => Duration::from_millis(200),
            false => Duration::from_secs(10),
        };
        let client = through(proxy)
            .timeouts(Timeouts::new().connect(connect))
            .build()
            .unwrap();
        let outcome = client.get(format!("http://{host}/"));
        let text = message(&outcome);
        let (class, count, _) = verdict(&outcome);
        assert_eq!(class, ErrorType::Proxy, "{text}");
        assert!(
            !text.contains("secret") && !text.contains("wrong"),
            "{text}"
        );
        assert!(text.contains(why), "{text}");
        assert_eq!(count, attempts, "{text}");
    }
}
