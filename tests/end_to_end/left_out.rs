//! Headers that a client or a request leaves out, by both ways in which requests are sent and after redirects.

use haul::{Client, Request};
use test_support::{Answer, Scenario, Server, builder};

const ADDED: [&str; 3] = ["user-agent", "accept", "accept-encoding"];

fn server() -> Server {
    Scenario::new()
        .on("/from", Answer::redirect(307, "/to"))
        .on("*", Answer::text("ok"))
        .start()
}

/// Headers added by haul that each request had, of a GET and of a PUT with a body, each redirected once.
fn added(client: &Client, change: impl Fn(Request) -> Request) -> Vec<Vec<String>> {
    let server = server();
    for request in [
        Request::get(server.url("/from")),
        Request::put(server.url("/from")).body("x"),
    ] {
        assert!(client.send(change(request)).is_success());
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    let names = |request: &test_support::Seen| {
        let names = ADDED.iter().filter(|name| request.header(name).is_some());
        names.map(|name| (*name).to_owned()).collect()
    };
    seen.iter().map(names).collect()
}

#[track_caller]
fn all_are(found: Vec<Vec<String>>, expected: &[&str]) {
    assert!(found.iter().all(|names| names == expected), "{found:?}");
}

#[test]
fn a_request_leaves_out_what_would_be_added() {
    let client = builder(1).build().unwrap();
    all_are(added(&client, |request| request), &ADDED);
    let accept = added(&client, |request| request.without_header("Accept"));
    all_are(accept, &["user-agent", "accept-encoding"]);
    let none = added(&client, |request| {
        ADDED
            .iter()
            .fold(request, |request, name| request.without_header(name))
    });
    all_are(none, &[]);
}

#[test]
fn a_client_leaves_out_headers_that_would_be_added() {
    let client = builder(1)
        .user_agent("")
        .without_header("Accept")
        .without_header("Accept-Encoding")
        .build()
        .unwrap();
    all_are(added(&client, |request| request), &[]);
    let own = added(&client, |request| request.header("accept", "text/html"));
    all_are(own, &["accept"]);
    let further = added(&client, |request| request.without_header("x-other"));
    all_are(further, &[]);
}

#[test]
fn a_range_of_any_origin_offers_no_coding() {
    let plain = builder(1).build().unwrap();
    let own = added(&plain, |request| request.header("range", "bytes=0-1"));
    all_are(own, &["user-agent", "accept"]);
    let of_client = builder(1).header("Range", "bytes=0-1").build().unwrap();
    all_are(
        added(&of_client, |request| request),
        &["user-agent", "accept"],
    );
    let signed = builder(1)
        .before_attempt(|outgoing| {
            let range = haul::http::HeaderValue::from_static("bytes=0-1");
            outgoing.headers.insert("range", range);
        })
        .build()
        .unwrap();
    all_are(added(&signed, |request| request), &["user-agent", "accept"]);
}

#[test]
fn a_header_of_a_client_given_twice_is_sent_twice() {
    let server = Server::always(Answer::text(""));
    let client = builder(1)
        .bearer("replaced")
        .header("X-Tag", "one")
        .header("x-tag", "two")
        .header("Authorization", "own")
        .header("X-Gone", "1")
        .without_header("x-gone")
        .without_header("x-back")
        .header("x-back", "2")
        .build()
        .unwrap();
    client.get(server.url("/"));
    let seen = server.last("/");
    let all = |name| seen.all_headers(name).collect::<Vec<_>>();
    assert_eq!(all("x-tag"), ["one", "two"]);
    assert_eq!(all("authorization"), ["own"]);
    assert_eq!(all("x-gone"), [""; 0]);
    assert_eq!(all("x-back"), ["2"]);
}

#[test]
fn an_authorization_left_out_is_not_made_of_userinfo() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/x").replace("http://", "http://user:pass@");
    let leaving_out = builder(1).without_header("authorization").build().unwrap();
    leaving_out.get(&url);
    assert_eq!(server.last("/x").header("authorization"), None);
    let request = Request::get(&url).without_header("Authorization");
    builder(1).build().unwrap().send(request);
    assert_eq!(server.last("/x").header("authorization"), None);
}

#[test]
fn a_client_that_leaves_out_what_frames_the_message_is_not_built() {
    for name in ["Host", "Content-Length", "Transfer-Encoding", "connection"] {
        let error = builder(1).without_header(name).build().unwrap_err();
        assert_eq!(error.setting(), "without_header");
        assert!(error.to_string().contains("frames the message"), "{error}");
    }
}
