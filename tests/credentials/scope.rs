//! Requests that get a token, and requests that get none.

use super::*;
use haul::{HostRule, Request};

fn source(token: &'static str) -> HostRule {
    HostRule::new().token_source(move |_| Ok(Token::new(token)))
}

#[test]
fn without_a_base_every_host_gets_the_token() {
    let (calls, one, other) = (Calls::default(), accepting("t1"), accepting("t1"));
    let client = numbered(&calls).build().unwrap();
    assert!(client.get(one.url("/")).is_success());
    assert!(client.get(other.url("/")).is_success());
    assert_eq!(calls.count(), 1);
}

#[test]
fn with_a_base_only_its_origin_gets_the_token() {
    let (calls, base) = (Calls::default(), accepting("t1"));
    let other = Server::always(Answer::text("ok"));
    let client = numbered(&calls).base_url(base.url("/")).build().unwrap();
    assert!(client.get("a").is_success());
    assert!(client.get(other.url("/")).is_success());
    assert_eq!(tokens(&other, "/"), [None]);
}

#[test]
fn a_redirect_to_another_origin_takes_no_token_along_and_does_not_get_it_back() {
    let calls = Calls::default();
    let home = Arc::new(std::sync::OnceLock::<String>::new());
    let known = Arc::clone(&home);
    let away = Server::start(move |_: &Seen| Answer::redirect(302, known.get().unwrap().clone()));
    let there = away.url("/away");
    let server = Server::start(move |seen: &Seen| match seen.path() {
        "/a" => Answer::redirect(302, there.clone()),
        _ => Answer::text("ok"),
    });
    home.set(server.url("/back")).unwrap();
    let client = numbered(&calls).build().unwrap();
    assert!(client.get(server.url("/a")).is_success());
    assert_eq!(tokens(&server, "/a"), [bearer("t1")]);
    assert_eq!(tokens(&away, "/away"), [None]);
    assert_eq!(tokens(&server, "/back"), [None]);
}

#[test]
fn a_redirect_does_not_fetch_the_token_of_the_host_it_leads_to() {
    let away = Server::always(Answer::text("ok"));
    let there = away.url("/away");
    let server = Server::start(move |_: &Seen| Answer::redirect(302, there.clone()));
    let calls = Calls::default();
    let counted = calls.clone();
    let rule =
        HostRule::new().token_source(move |_| Ok(Token::new(format!("t{}", counted.next()))));
    let client = builder()
        .host_rule(away.address().to_string(), rule)
        .build()
        .unwrap();
    assert!(client.get(server.url("/")).is_success());
    assert_eq!((calls.count(), tokens(&away, "/away")), (0, vec![None]));
}

#[test]
fn the_most_specific_rule_with_credentials_decides() {
    let server = Server::always(Answer::text("ok"));
    let address = server.address().to_string();
    let sent = |builder: ClientBuilder| {
        let before = server.requests();
        assert!(builder.build().unwrap().get(server.url("/a")).is_success());
        tokens(&server, "/a")[before].clone()
    };
    let client = || builder().token_source(|_| Ok(Token::new("client")));
    assert_eq!(sent(client()), bearer("client"));
    assert_eq!(sent(client().host_rule("*", source("all"))), bearer("all"));
    let both = client().host_rule("*", source("all"));
    assert_eq!(sent(both.host_rule(&address, source("one"))), bearer("one"));
    let fixed = client().host_rule(&address, HostRule::new().bearer("fixed"));
    assert_eq!(sent(fixed), bearer("fixed"));
    let other = builder().bearer("fixed").host_rule(&address, source("one"));
    assert_eq!(sent(other), bearer("one"));
    let none = client().host_rule(&address, HostRule::new().max_in_flight(3));
    assert_eq!(sent(none), bearer("client"));
}

#[test]
fn the_last_credentials_that_a_builder_is_given_stand() {
    let server = Server::always(Answer::text("ok"));
    let sent = |builder: ClientBuilder| {
        let before = server.requests();
        assert!(builder.build().unwrap().get(server.url("/a")).is_success());
        tokens(&server, "/a")[before].clone()
    };
    let source = |builder: ClientBuilder| builder.token_source(|_| Ok(Token::new("t")));
    assert_eq!(sent(source(builder()).bearer("fixed")), bearer("fixed"));
    assert_eq!(sent(source(builder().bearer("fixed"))), bearer("t"));
    assert_eq!(
        sent(source(builder()).without_header("authorization")),
        None
    );
    assert_eq!(
        sent(source(builder().without_header("authorization"))),
        bearer("t")
    );
}

#[test]
fn a_request_without_the_header_gets_no_token() {
    let (calls, server) = (Calls::default(), Server::always(Answer::text("ok")));
    let client = numbered(&calls).build().unwrap();
    let request = Request::get(server.url("/a")).without_header("authorization");
    assert!(client.send(request).is_success());
    assert_eq!((calls.count(), tokens(&server, "/a")), (0, vec![None]));
}

#[test]
fn the_token_takes_the_place_of_the_userinfo_of_a_url() {
    let (calls, server) = (Calls::default(), accepting("t1"));
    let client = numbered(&calls).build().unwrap();
    let url = server.url("/a").replace("http://", "http://ada:sesame@");
    assert!(client.get(url).is_success());
}

#[test]
fn rules_with_one_source_share_its_token() {
    let (calls, one, other) = (Calls::default(), accepting("t1"), accepting("t1"));
    let counted = calls.clone();
    let rule =
        HostRule::new().token_source(move |_| Ok(Token::new(format!("t{}", counted.next()))));
    let client = builder()
        .host_rule(one.address().to_string(), rule.clone())
        .host_rule(other.address().to_string(), rule)
        .build()
        .unwrap();
    assert!(client.get(one.url("/")).is_success());
    assert!(client.get(other.url("/")).is_success());
    assert_eq!(calls.count(), 1);
}

#[test]
fn a_preview_shows_a_masked_token_without_a_call() {
    let calls = Calls::default();
    let client = numbered(&calls).build().unwrap();
    let preview = client.preview("http://127.0.0.1:1/").unwrap();
    assert!(
        preview
            .headers()
            .any(|header| header == ("authorization", "***"))
    );
    assert_eq!(calls.count(), 0);
}
