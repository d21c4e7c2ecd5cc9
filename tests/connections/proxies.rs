//! Requests that go through a proxy, and proxies that lead nowhere. Only the proxy can resolve the names of servers in
//! these tests.

use haul::settings::AddressPolicy;
use haul::{Client, ClientBuilder, ErrorType, ProxySettings, Request, StopReason, TlsSettings};
use test_support::{Answer, Authority, Folder, ProxyServer, Server, TlsServer, builder};

use crate::{loopback, message, refusal, text, verdict};

/// Builder of a client that knows no addresses but those of literals.
pub(crate) fn through(proxy: impl Into<ProxySettings>) -> ClientBuilder {
    builder(2).proxy(proxy)
}

/// Starts a server at `*.the.test`. Returns its authority too, and settings that trust this authority alone.
pub(crate) fn secure(folder: &Folder) -> (Authority, TlsServer, TlsSettings) {
    let authority = Authority::new();
    let server = TlsServer::start(authority.sign("*.the.test", 2100).serving());
    let file = folder.write("ca.pem", authority.pem());
    (authority, server, TlsSettings::new().ca_file(file))
}

fn first_lines(proxy_server: &ProxyServer) -> Vec<String> {
    let first = |head: String| head.lines().next().unwrap_or_default().to_owned();
    proxy_server.log().into_iter().map(first).collect()
}

#[test]
fn an_https_server_is_reached_by_a_tunnel_that_is_kept() {
    let folder = Folder::new();
    let (_, server, tls) = secure(&folder);
    let proxy_server = ProxyServer::http();
    let client = through(proxy_server.url("http"))
        .tls(tls)
        .workers(1)
        .build()
        .unwrap();
    for n in 0..3 {
        let outcome = client.get(server.url("a.the.test"));
        assert_eq!(text(&outcome), "hello");
        assert_eq!(outcome.success().unwrap().is_reused(), n > 0);
    }
    let place = format!("a.the.test:{}", server.address.port());
    assert_eq!(
        proxy_server.log(),
        [format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n")]
    );
    assert_eq!(server.handshakes()[0].name.as_deref(), Some("a.the.test"));
    // Another host needs another tunnel.
    assert_eq!(text(&client.get(server.url("b.the.test"))), "hello");
    assert_eq!(proxy_server.connections(), 2);
}

#[test]
fn http_urls_are_sent_to_a_proxy_in_absolute_form() {
    let proxy_server = ProxyServer::http();
    let client = through(proxy_server.url("http"))
        .workers(1)
        .build()
        .unwrap();
    for url in [
        "http://a.test/path?q=1",
        "http://b.test:8080",
        "http://[::1]:80/x",
        "http://u:p@c.test/?y",
    ] {
        assert_eq!(text(&client.get(url)), "forwarded");
    }
    let posted = client.send(Request::post("http://d.test/").text("x".repeat(100_000)));
    assert_eq!(text(&posted), "forwarded");
    assert_eq!(
        first_lines(&proxy_server)[..5],
        [
            "GET http://a.test/path?q=1 HTTP/1.1",
            "GET http://b.test:8080/ HTTP/1.1",
            "GET http://[::1]/x HTTP/1.1",
            "GET http://c.test/?y HTTP/1.1",
            "POST http://d.test/ HTTP/1.1",
        ]
    );
    let heads = proxy_server.log();
    assert!(
        heads[1]
            .to_lowercase()
            .contains("\r\nhost: b.test:8080\r\n")
    );
    assert!(!heads[0].to_lowercase().contains("proxy-authorization"));
    assert_eq!(proxy_server.connections(), 1);
}

#[test]
fn user_and_password_go_to_the_proxy_alone() {
    let folder = Folder::new();
    let (_, server, tls) = secure(&folder);
    let proxy_server = ProxyServer::http();
    let url = format!("http://us%40er:secret@{}", proxy_server.address);
    let client = through(url).tls(tls).build().unwrap();
    assert_eq!(text(&client.get(server.url("a.the.test"))), "hello");
    assert_eq!(text(&client.get("http://a.test/")), "forwarded");
    for head in proxy_server.log() {
        let line = "\r\nProxy-Authorization: Basic dXNAZXI6c2VjcmV0\r\n";
        assert!(head.contains(line), "{head}");
    }
    // The request's own header is sent in place of the proxy's credentials.
    let own = Request::get("http://a.test/").header("proxy-authorization", "Bearer x");
    assert_eq!(text(&client.send(own)), "forwarded");
    let head = proxy_server.log().pop().unwrap();
    assert_eq!(
        head.to_lowercase().matches("proxy-authorization").count(),
        1
    );
    assert!(!head.contains("Basic"), "{head}");
}

#[test]
fn a_proxy_may_be_reached_over_tls() {
    let folder = Folder::new();
    let (authority, server, tls) = secure(&folder);
    let proxy_server = ProxyServer::secure(authority.sign("proxy.test", 2100).serving());
    let proxy = format!("https://proxy.test:{}", proxy_server.address.port());
    let client = through(&*proxy)
        .tls(tls)
        .workers(1)
        .resolve("proxy.test", None, [loopback()])
        .build()
        .unwrap();
    for _ in 0..3 {
        assert_eq!(text(&client.get(server.url("a.the.test"))), "hello");
        assert_eq!(text(&client.get("http://a.test/")), "forwarded");
    }
    assert_eq!(proxy_server.connections(), 2);
    assert_eq!(server.handshakes().len(), 1);
    let untrusting = through(&*proxy)
        .resolve("proxy.test", None, [loopback()])
        .build()
        .unwrap();
    let outcome = untrusting.get(server.url("a.the.test"));
    assert_eq!(
        verdict(&outcome),
        (ErrorType::Proxy, 1, Some(StopReason::NotRetryable))
    );
    assert!(message(&outcome).contains("TLS handshake with proxy proxy.test:"));
}

#[test]
fn large_bodies_pass_both_ways_through_a_tunnel_over_tls() {
    let folder = Folder::new();
    let (authority, _, tls) = secure(&folder);
    let server = TlsServer::serving(authority.sign("a.the.test", 2100).serving(), |stream| {
        while echo(stream).is_some() {}
    });
    let proxy_server = ProxyServer::secure(authority.sign("proxy.the.test", 2100).serving());
    let client = through(format!(
        "https://proxy.the.test:{}",
        proxy_server.address.port()
    ))
    .tls(tls)
    .workers(1)
    .resolve("proxy.the.test", None, [loopback()])
    .build()
    .unwrap();
    for size in [1, 16_384, 300_000, 1_000_000] {
        let body: String = (0..size)
            .map(|i| char::from(b'a' + (i % 26) as u8))
            .collect();
        let outcome = client.send(Request::post(server.url("a.the.test")).text(&*body));
        assert!(text(&outcome) == body, "{size}");
    }
    assert_eq!(proxy_server.connections(), 1);
}

/// Answers a request with its own body.
fn echo(stream: &mut test_support::TlsStream) -> Option<()> {
    use std::io::{Read, Write};
    let head = test_support::read_head(stream)?;
    let lower = head.to_ascii_lowercase();
    if lower.contains("expect:") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = lower
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(answer.as_bytes()).ok()?;
    stream.write_all(&body).ok()?;
    stream.flush().ok()
}

#[test]
fn exceptions_are_reached_without_the_proxy() {
    let proxy_server = ProxyServer::http();
    let server = Server::always(Answer::text("direct"));
    let client = through(ProxySettings::all(proxy_server.url("http")).except("127.0.0.0/8"))
        .build()
        .unwrap();
    assert_eq!(text(&client.get(server.url("/"))), "direct");
    assert_eq!(text(&client.get("http://a.test/")), "forwarded");
    assert_eq!(proxy_server.connections(), 1);
}

#[test]
fn a_proxy_can_be_for_http_or_https_alone() {
    let proxy_server = ProxyServer::http();
    let server = Server::always(Answer::text("direct"));
    let https_only = through(ProxySettings::none().https(proxy_server.url("http")))
        .build()
        .unwrap();
    assert_eq!(text(&https_only.get(server.url("/"))), "direct");
    let http_only = through(ProxySettings::none().http(proxy_server.url("http")))
        .build()
        .unwrap();
    assert_eq!(text(&http_only.get(server.url("/"))), "forwarded");
}

const URL: &str = "HAUL_TEST_PROXIED_URL";

/// The environment of a process can only be chosen before it starts, so the test starts another process.
#[test]
fn the_environment_is_read_only_by_from_env() {
    let proxy_server = ProxyServer::http();
    let server = Server::always(Answer::text("direct"));
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "proxies::with_an_environment_of_its_own",
            "--nocapture",
        ])
        .env(URL, server.url("/"))
        .env("http_proxy", proxy_server.url("http"))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    assert_eq!((proxy_server.connections(), server.connections()), (1, 1));
}

/// Runs in the process of the test above. Without its variable, in an ordinary test run, it does nothing.
#[test]
fn with_an_environment_of_its_own() {
    let Ok(url) = std::env::var(URL) else { return };
    let asked = Client::builder()
        .proxy(ProxySettings::from_env())
        .build()
        .unwrap();
    assert_eq!(text(&asked.get(&*url)), "forwarded");
    assert_eq!(text(&Client::new().get(&*url)), "direct");
}

#[test]
fn an_address_policy_needs_an_exempted_proxy() {
    let proxy_server = ProxyServer::http();
    let public = || through(proxy_server.url("http")).address_policy(AddressPolicy::PublicOnly);
    let (setting, text) = refusal(public());
    assert_eq!(setting, "address_policy");
    assert!(
        text.contains("127.0.0.1") && text.contains("exempt_proxy"),
        "{text}"
    );
    assert_eq!(
        refusal(public().exempt_proxy("other.name")).0,
        "address_policy"
    );

    let client = public().exempt_proxy("127.0.0.1").build().unwrap();
    assert_eq!(crate::text(&client.get("http://a.test/")), "forwarded");
    // The policy is also asked about addresses in the URL itself.
    for host in ["127.0.0.1", "0x7f.1", "2130706433", "[::ffff:10.0.0.1]"] {
        let outcome = client.get(format!("http://{host}/"));
        assert_eq!(
            verdict(&outcome),
            (ErrorType::AddressDenied, 0, Some(StopReason::NotRetryable)),
            "{host}"
        );
    }
    assert_eq!(proxy_server.log().len(), 1);
}
