//! Requests that go through a proxy, and proxies that lead nowhere. Only the proxy can resolve the names of servers in
//! these tests.

use std::time::Duration;

use haul::settings::{AddressPolicy, IpFamily};
use haul::{
    Client, ClientBuilder, ErrorType, Phase, ProxySettings, Request, RetryPolicy, StopReason,
    Timeouts, TlsSettings,
};

use crate::authority::{Authority, Folder};
use crate::gateway::Gateway;
use crate::secure::Secure;
use crate::support::{Answer, Server, refused};
use crate::{loopback, message, refusal, text, verdict};

/// Builder of a client that knows no addresses but those of literals.
pub(crate) fn through(proxy: impl Into<ProxySettings>) -> ClientBuilder {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None);
    Client::builder().workers(2).retry(policy).proxy(proxy)
}

pub(crate) fn secure(folder: &Folder) -> (Authority, Secure, TlsSettings) {
    let authority = Authority::new();
    let server = Secure::start(authority.sign("*.the.test", 2100).serving());
    let file = folder.file("ca.pem", authority.pem());
    (authority, server, TlsSettings::new().ca_file(file))
}

fn first_lines(gateway: &Gateway) -> Vec<String> {
    let first = |head: String| head.lines().next().unwrap_or_default().to_owned();
    gateway.log().into_iter().map(first).collect()
}

#[test]
fn an_https_server_is_reached_by_a_tunnel_that_is_kept() {
    let folder = Folder::new();
    let (_, server, tls) = secure(&folder);
    let gateway = Gateway::http();
    let client = through(gateway.url("http"))
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
        gateway.log(),
        [format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n")]
    );
    assert_eq!(server.shaken()[0].name.as_deref(), Some("a.the.test"));
    // Another host needs another tunnel.
    assert_eq!(text(&client.get(server.url("b.the.test"))), "hello");
    assert_eq!(gateway.connections(), 2);
}

#[test]
fn an_http_server_is_asked_for_in_absolute_form_over_one_connection_for_all() {
    let gateway = Gateway::http();
    let client = through(gateway.url("http")).workers(1).build().unwrap();
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
        first_lines(&gateway)[..5],
        [
            "GET http://a.test/path?q=1 HTTP/1.1",
            "GET http://b.test:8080/ HTTP/1.1",
            "GET http://[::1]/x HTTP/1.1",
            "GET http://c.test/?y HTTP/1.1",
            "POST http://d.test/ HTTP/1.1",
        ]
    );
    let heads = gateway.log();
    assert!(
        heads[1]
            .to_lowercase()
            .contains("\r\nhost: b.test:8080\r\n")
    );
    assert!(!heads[0].to_lowercase().contains("proxy-authorization"));
    assert_eq!(gateway.connections(), 1);
}

#[test]
fn user_and_password_go_to_the_proxy_and_nowhere_else() {
    let folder = Folder::new();
    let (_, server, tls) = secure(&folder);
    let gateway = Gateway::http();
    let url = format!("http://us%40er:secret@{}", gateway.address);
    let client = through(url).tls(tls).build().unwrap();
    assert_eq!(text(&client.get(server.url("a.the.test"))), "hello");
    assert_eq!(text(&client.get("http://a.test/")), "forwarded");
    for head in gateway.log() {
        let line = "\r\nProxy-Authorization: Basic dXNAZXI6c2VjcmV0\r\n";
        assert!(head.contains(line), "{head}");
    }
    // The request's own header is sent in place of the proxy's credentials.
    let own = Request::get("http://a.test/").header("proxy-authorization", "Bearer x");
    assert_eq!(text(&client.send(own)), "forwarded");
    let head = gateway.log().pop().unwrap();
    assert_eq!(
        head.to_lowercase().matches("proxy-authorization").count(),
        1
    );
    assert!(!head.contains("Basic"), "{head}");
}

#[test]
fn a_proxy_may_be_spoken_to_over_tls() {
    let folder = Folder::new();
    let (authority, server, tls) = secure(&folder);
    let gateway = Gateway::secure(authority.sign("proxy.test", 2100).serving());
    let proxy = format!("https://proxy.test:{}", gateway.address.port());
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
    assert_eq!(gateway.connections(), 2);
    assert_eq!(server.shaken().len(), 1);
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
    let server = Secure::serving(authority.sign("a.the.test", 2100).serving(), |stream| {
        while echo(stream).is_some() {}
    });
    let gateway = Gateway::secure(authority.sign("proxy.the.test", 2100).serving());
    let client = through(format!("https://proxy.the.test:{}", gateway.address.port()))
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
    assert_eq!(gateway.connections(), 1);
}

/// Answers a request with its own body.
fn echo(stream: &mut crate::secure::Stream) -> Option<()> {
    use std::io::{Read, Write};
    let head = crate::secure::head(stream)?;
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
fn a_proxy_that_says_no_is_asked_again_only_where_that_may_help() {
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
        let gateway = Gateway::answering(move |_| Some(answer(status)));
        let proxy = format!("http://user:secret@{}", gateway.address);
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
            gateway.address
        );
        assert_eq!(message(&outcome), expected);
        assert!(!format!("{outcome:?}").contains("secret"));
        assert_eq!(gateway.log().len(), attempts as usize);
    }
}

#[test]
fn a_proxy_that_recovers_is_forgiven() {
    let folder = Folder::new();
    let (_, server, tls) = secure(&folder);
    let gateway = Gateway::answering(|n| (n == 0).then(|| answer(502)));
    let client = through(gateway.url("http")).tls(tls).build().unwrap();
    let outcome = client.get(server.url("a.the.test"));
    assert_eq!((&*text(&outcome), outcome.attempts()), ("hello", 2));
}

#[test]
fn a_forwarding_proxy_that_wants_a_password_is_no_servers_answer() {
    let gateway = Gateway::answering(|_| Some(answer(407)));
    let client = through(gateway.url("http")).build().unwrap();
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
    let gateway = Gateway::answering(|_| Some(answer(502)));
    let client = through(gateway.url("http")).build().unwrap();
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
        let gateway = Gateway::answering(move |_| Some(answer.clone()));
        let client = through(gateway.url("http")).build().unwrap();
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
    let silent = Gateway::silent();
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
    let silent = Gateway::silent();
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
fn exceptions_are_reached_without_the_proxy() {
    let gateway = Gateway::http();
    let server = Server::always(Answer::text("direct"));
    let client = through(ProxySettings::all(gateway.url("http")).except("127.0.0.0/8"))
        .build()
        .unwrap();
    assert_eq!(text(&client.get(server.url("/"))), "direct");
    assert_eq!(text(&client.get("http://a.test/")), "forwarded");
    assert_eq!(gateway.connections(), 1);
}

#[test]
fn a_proxy_can_be_for_http_or_https_alone() {
    let gateway = Gateway::http();
    let server = Server::always(Answer::text("direct"));
    let https_only = through(ProxySettings::none().https(gateway.url("http")))
        .build()
        .unwrap();
    assert_eq!(text(&https_only.get(server.url("/"))), "direct");
    let http_only = through(ProxySettings::none().http(gateway.url("http")))
        .build()
        .unwrap();
    assert_eq!(text(&http_only.get(server.url("/"))), "forwarded");
}

const URL: &str = "HAUL_TEST_PROXIED_URL";

/// The environment of a process can only be chosen before it starts, so the test starts another process.
#[test]
fn the_environment_counts_where_it_is_asked_and_only_there() {
    let gateway = Gateway::http();
    let server = Server::always(Answer::text("direct"));
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "proxies::with_an_environment_of_its_own",
            "--nocapture",
        ])
        .env(URL, server.url("/"))
        .env("http_proxy", gateway.url("http"))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    assert_eq!((gateway.connections(), server.connections()), (1, 1));
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
fn a_wrong_proxy_is_an_error_that_shows_no_password() {
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

#[test]
fn an_address_policy_goes_with_a_proxy_only_where_that_is_exempted_by_name() {
    let gateway = Gateway::http();
    let public = || through(gateway.url("http")).address_policy(AddressPolicy::PublicOnly);
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
    assert_eq!(gateway.log().len(), 1);
}
