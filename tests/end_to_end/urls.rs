//! URLs on the wire: the target that is sent for each written one, in requests, under a base URL and in `Location`.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use haul::record::{Record, RecordOptions};
use haul::settings::AddressPolicy;
use haul::{Client, ErrorType, HostRule, Request};
use test_support::{Answer, Scenario, Server, builder, error};

/// Paths and queries as they are written, and as they are sent.
const TARGETS: [(&str, &str); 24] = [
    ("", "/"),
    ("?", "/?"),
    ("?a", "/?a"),
    ("#f", "/"),
    ("/a#b?c", "/a"),
    ("/a|b?score=1|10", "/a|b?score=1|10"),
    ("/x?f={id,name}", "/x?f={id,name}"),
    ("/{id}/`a`^", "/%7Bid%7D/%60a%60^"),
    ("/x?q=`a`^", "/x?q=`a`^"),
    ("/'a'?q='a'", "/'a'?q=%27a%27"),
    ("/\"a\"<b>?q=\"a\"<b>", "/%22a%22%3Cb%3E?q=%22a%22%3Cb%3E"),
    ("/100%?5%&%zz", "/100%?5%&%zz"),
    ("/x?q=[1]&r=\\", "/x?q=[1]&r=\\"),
    ("/%7Euser?sign=a%2Fb%2B", "/%7Euser?sign=a%2Fb%2B"),
    ("/ü/你?q=ü", "/%C3%BC/%E4%BD%A0?q=%C3%BC"),
    ("/a b?c d", "/a%20b?c%20d"),
    ("/a\tb\n/c", "/ab/c"),
    ("/a/../b/./c", "/b/c"),
    ("/../../a", "/a"),
    ("/a/%2e%2E/b", "/b"),
    ("/a/..b/.c", "/a/..b/.c"),
    ("\\a\\..\\b", "/b"),
    ("//a//b", "//a//b"),
    ("/\u{7f}\u{3000}", "/%7F%E3%80%80"),
];

fn targets(server: &Server) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.target).collect()
}

/// Returns the requests of a client with the server as its proxy: their targets name scheme, host and port.
fn through_proxy(
    requests: impl IntoIterator<Item = Request>,
    location: &'static str,
) -> Vec<String> {
    let server = Server::start(move |seen| match seen.path().contains("go.example") {
        true => Answer::redirect(302, location),
        false => Answer::text(""),
    });
    let client = builder(1).proxy(server.url("")).build().unwrap();
    for outcome in client.as_completed(requests) {
        assert!(outcome.is_success(), "{outcome:?}");
    }
    targets(&server)
}

#[test]
fn paths_and_queries_are_sent_as_browsers_send_them() {
    let server = Server::always(Answer::text(""));
    let client = builder(1).build().unwrap();
    let address = server.address();
    for (written, sent) in TARGETS {
        let before = server.requests();
        let url = format!("http://{address}{written}");
        // The second GET goes to a host that is known, and other code sends a body.
        let requests = [
            Request::get(&url),
            Request::get(&url),
            Request::put(&url).body("x"),
        ];
        for outcome in client.as_completed(requests) {
            assert!(outcome.is_success(), "{written}: {outcome:?}");
            assert_eq!(outcome.url(), url);
            assert_eq!(outcome.final_url(), Some(format!("http://{address}{sent}")));
        }
        assert_eq!(targets(&server)[before..], [sent; 3], "{written}");
    }
}

#[test]
fn a_large_window_sends_the_same() {
    let server = Server::always(Answer::text(""));
    let client = builder(1).window(100_000).build().unwrap();
    let urls = TARGETS.map(|(written, _)| format!("http://{}{written}", server.address()));
    let outcomes = client.map(urls);
    assert_eq!(
        outcomes.filter(|outcome| outcome.is_success()).count(),
        TARGETS.len()
    );
    assert_eq!(targets(&server), TARGETS.map(|(_, sent)| sent));
}

#[test]
fn a_location_is_followed_as_by_browsers() {
    for (location, sent) in [
        ("/a b?c d|'", "/a%20b?c%20d|%27"),
        ("b/../c", "/d/c"),
        ("?x={y}", "/d/from?x={y}"),
        ("\\e\\f", "/e/f"),
        (" /g\t/h ", "/g/h"),
        ("http:i", "/d/i"),
        ("/caf\u{e9}", "/caf%C3%A9"),
        ("j#k", "/d/j"),
    ] {
        let server = Scenario::new()
            .on(
                "/d/from",
                Answer::redirect(302, location)
                    .times(1)
                    .then(Answer::text("")),
            )
            .on("/*", Answer::text(""))
            .start();
        let outcome = builder(1).build().unwrap().get(server.url("/d/from"));
        assert!(outcome.is_success(), "{location}: {outcome:?}");
        assert_eq!(targets(&server), ["/d/from", sent], "{location:?}");
    }
}

#[test]
fn hosts_and_ports_are_sent_in_their_ascii_form() {
    for (written, sent) in [
        ("http://bücher.example/x", "http://xn--bcher-kva.example/x"),
        ("http://BÜCHER.example./", "http://xn--bcher-kva.example./"),
        ("http://ＥＸＡＭＰＬＥ.com/", "http://example.com/"),
        ("http://ex%61mple.com", "http://example.com/"),
        ("HTTP://Example.COM", "http://example.com/"),
        ("http://site.example:/x", "http://site.example/x"),
        ("http://site.example:80?y", "http://site.example/?y"),
        ("http://site.example:0081/", "http://site.example:81/"),
        ("http:\\\\site.example\\x", "http://site.example/x"),
        (
            "http://u:p@site.example\\@other.example/",
            "http://site.example/@other.example/",
        ),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[0:0::1]:80/", "http://[::1]/"),
        ("http://[fe80::1%25eth0]/", "http://[fe80::1]/"),
        ("http://[fe80::1%eth0]:81/", "http://[fe80::1]:81/"),
    ] {
        let requests = [
            Request::get(written),
            Request::get(written),
            Request::put(written).body("x"),
        ];
        assert_eq!(through_proxy(requests, ""), [sent; 3], "{written}");
        let seen = through_proxy(["http://go.example/".into()], written);
        assert_eq!(seen, ["http://go.example/", sent], "{written}");
    }
}

#[test]
fn the_host_header_is_what_the_parsed_url_says() {
    let server = Server::always(Answer::text(""));
    let here = [Ipv4Addr::LOCALHOST.into()];
    let client = builder(1).resolve("*", None, here).build().unwrap();
    let port = server.address().port();
    for (name, sent) in [
        ("bücher.example", "xn--bcher-kva.example"),
        ("Example.COM.", "example.com."),
        ("127.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
    ] {
        let url = format!("http://{name}:0{port}/");
        assert!(client.get(&url).is_success());
        assert!(client.send(Request::put(&url).body("x")).is_success());
        let seen = server.seen();
        let hosts = seen.iter().rev().take(2).map(|seen| seen.header("host"));
        let expected = format!("{sent}:{port}");
        assert!(
            hosts.into_iter().all(|host| host == Some(&expected)),
            "{name}: {seen:?}"
        );
    }
}

#[test]
fn an_invalid_url_is_an_invalid_request() {
    let client = Client::builder()
        .base_url("http://127.0.0.1:1/api/")
        .build()
        .unwrap();
    for (url, part) in [
        ("http://h:99999/", "no number between 1 and 65535"),
        ("//h:0/", "no number between 1 and 65535"),
        ("http://u:secret/@h/", "the port is no number"),
        ("http://", "the URL has no host"),
        ("///x", "the URL has no host"),
        ("http://a b/", "holds ' '"),
        ("http://a|b/", "holds '|'"),
        ("http://xn--a/", "no valid name"),
        ("http://1.2.3.256/", "no IPv4 address"),
        ("http://[::1", "no IPv6 address"),
        ("http://[fe80::1%25]x/", "text stands between the ]"),
        ("http://[fe80::1%25a%20b]/", "zone"),
        ("ftp://h/", "the scheme of the URL"),
        ("localhost:8080/x", "no scheme"),
        ("user:secret@h/x", "no scheme"),
    ] {
        let outcome = client.get(url);
        let error = error(&outcome);
        assert_eq!(error.error_type(), ErrorType::InvalidRequest, "{url}");
        assert!(error.message().contains(part), "{url}: {error}");
        let shown = format!("{error} {outcome:?} {}", outcome.url());
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn a_record_keeps_the_url_as_written_and_as_sent() {
    let server = Server::always(Answer::text(""));
    let base = server.url("/api/");
    let client = builder(1)
        .base_url(&base)
        .query("k", "v w")
        .build()
        .unwrap();
    let plain = builder(1)
        .base_url(&base)
        .sensitive_query("k")
        .build()
        .unwrap();
    let host = server.url("");
    let requests = [
        (
            &client,
            "a|b c/../ü".to_owned(),
            format!("{base}a|b c/../ü?k=v%20w"),
            format!("{base}%C3%BC?k=v%20w"),
        ),
        (
            &plain,
            "a/1?k=v".to_owned(),
            format!("{base}a/1?k=***"),
            String::new(),
        ),
        (
            &plain,
            "/x y".to_owned(),
            format!("{host}/x y"),
            format!("{host}/x%20y"),
        ),
        (
            &plain,
            format!("{host}/x#y"),
            format!("{host}/x#y"),
            format!("{host}/x"),
        ),
        (
            &plain,
            base.replace("http://", "http://u:p@") + "z",
            base.replace("http://", "http://***@") + "z",
            format!("{base}z"),
        ),
    ];
    for (client, written, url, sent) in requests {
        let outcome = client.get(&written);
        assert_eq!(outcome.url(), url);
        let record = Record::new(&outcome, &RecordOptions::new());
        assert_eq!(record.url, url);
        let final_url = record.final_url.as_deref().unwrap_or_default();
        assert_eq!(final_url, sent, "{written}");
    }
}

#[test]
fn a_policy_for_addresses_sees_through_every_spelling() {
    let client = builder(1)
        .address_policy(AddressPolicy::PublicOnly)
        .build()
        .unwrap();
    for host in [
        "0x7f.1",
        "2130706433",
        "017700000001",
        "127.1",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "%31%32%37.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
        "[::1%25lo]",
        "[fe80::1%251]",
        "u@0x7f000001",
    ] {
        let outcome = client.send(Request::get(format!("http://{host}:1/")).no_retry());
        let found = error(&outcome).error_type();
        assert_eq!(found, ErrorType::AddressDenied, "{host}");
    }
}

#[test]
fn a_host_rule_is_for_the_host_that_is_sent() {
    let server = Server::always(Answer::text(""));
    let port = server.address().port();
    let client = builder(1)
        .resolve("BÜCHER.example", port, [Ipv4Addr::LOCALHOST.into()])
        .host_rule("bücher.example", HostRule::new().header("x-rule", "1"))
        .build()
        .unwrap();
    for name in ["bücher.example", "XN--BCHER-KVA.example"] {
        let outcome = client.get(format!("http://{name}:{port}/"));
        assert!(outcome.is_success(), "{outcome:?}");
        assert_eq!(server.last("/").header("x-rule"), Some("1"));
    }
}

/// Answers each connection to `[::1]` with the next of `answers`, and returns the heads that came. `None` without IPv6.
#[cfg(target_os = "linux")]
fn on_ipv6(answers: Vec<String>) -> Option<(u16, thread::JoinHandle<Vec<String>>)> {
    let listener = TcpListener::bind("[::1]:0").ok()?;
    let port = listener.local_addr().ok()?.port();
    let serving = thread::spawn(move || {
        let serve = |answer: String| {
            let (stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            (&stream).write_all(answer.as_bytes()).unwrap();
            head.join("\n")
        };
        answers.into_iter().map(serve).collect()
    });
    Some((port, serving))
}

#[cfg(target_os = "linux")]
#[test]
fn a_zone_is_dialled_without_being_sent() {
    let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    let ok = format!("HTTP/1.1 200 OK\r\n{end}");
    let to = |location: &str| format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n{end}");
    let answers = vec![ok.clone(), ok.clone(), to("/a"), ok];
    let Some((port, serving)) = on_ipv6(answers) else {
        return;
    };
    let client = Client::builder()
        .base_url(format!("http://[::1%25lo]:{port}/x/"))
        .build()
        .unwrap();
    let url = format!("http://[::1%251]:{port}/");
    let outcomes = [
        client.get(&url),
        client.send(Request::put(&url).body("")),
        client.get("y"),
    ];
    for outcome in &outcomes {
        assert!(outcome.is_success(), "{outcome:?}");
    }
    assert_eq!(outcomes[0].url(), url);
    assert_eq!(outcomes[2].url(), format!("http://[::1%25lo]:{port}/x/y"));
    assert_eq!(
        outcomes[2].final_url(),
        Some(format!("http://[::1]:{port}/a"))
    );
    for head in serving.join().unwrap() {
        let host = format!("host: [::1]:{port}");
        assert!(
            head.to_lowercase().contains(&host) && !head.contains('%'),
            "{head}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_zone_that_this_machine_does_not_have_is_named() {
    let client = builder(1).build().unwrap();
    let outcome = client.send(Request::get("http://[fe80::1%25nowhere]/").no_retry());
    let error = error(&outcome);
    assert_eq!(error.error_type(), ErrorType::Dns);
    assert!(error.message().contains("\"nowhere\""), "{error}");
}
