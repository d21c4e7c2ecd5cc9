//! Lists whose answers lead to further pages (`--paginate`).

mod masked;
mod ordered;
mod origins;
mod resumed;
mod rules;
mod scale;

use serde_json::{Value, json};

use super::command::{Done, haul};
use test_support::{Answer, Seen, Server};

/// Returns the number of the page that a request asks for, from 0.
fn asked(request: &Seen) -> u64 {
    let query = request.query().unwrap_or_default();
    let mut pairs = query.rsplit('&').filter_map(|pair| pair.split_once('='));
    let page = pairs.find(|(name, _)| *name == "page");
    page.map_or(0, |(_, number)| number.parse().unwrap())
}

/// Answers with a page of a list of `pages` pages: the next one is in the head, and as a URL and a cursor in the body.
fn page_of(pages: u64, request: &Seen) -> Answer {
    let next = asked(request) + 1;
    let more = next < pages;
    let url = format!("{}?page={next}", request.path());
    let body = json!({
        "next": more.then_some(&url), "cursor": more.then_some(next), "more": more, "ids": [{"id": 7}, {"id": next}],
    });
    let answer = Answer::json(body);
    match more {
        true => answer.header("Link", format!("<{url}>; rel=\"next\"")),
        false => answer,
    }
}

fn server(pages: u64) -> Server {
    Server::start(move |request| page_of(pages, request))
}

/// Returns index, page and `next` of each record.
fn shown(records: &[Value]) -> Vec<(u64, u64, Value)> {
    let shown = |r: &Value| {
        (
            r["index"].as_u64().unwrap(),
            r["page"].as_u64().unwrap(),
            r["next"].clone(),
        )
    };
    records.iter().map(shown).collect()
}

fn pages(done: &Done) -> Vec<u64> {
    shown(&done.results()).iter().map(|page| page.1).collect()
}

#[test]
fn each_page_is_a_result_with_the_place_of_its_line() {
    let server = server(3);
    let line = format!(
        "\n{{\"url\": \"{}\", \"id\": \"a\", \"tag\": 1.50}}\n",
        server.url("/l")
    );
    let results = haul(["--paginate", "link", "-"])
        .input(line)
        .done()
        .exits(0)
        .results();
    let next = |page| json!(server.url(&format!("/l?page={page}")));
    assert_eq!(
        shown(&results),
        [(0, 1, next(1)), (0, 2, next(2)), (0, 3, Value::Null)]
    );
    for page in &results {
        assert_eq!(page["seed"], results[0]["key"]);
        assert_eq!((&page["line"], &page["id"]), (&json!(2), &json!("a")));
        assert_eq!(page["tag"], 1.5);
    }
}

#[test]
fn a_pointer_leads_to_a_relative_url() {
    let server = server(3);
    let done = haul(["--paginate", "/next", &server.url("/l")])
        .done()
        .exits(0);
    assert_eq!(pages(&done), [1, 2, 3]);
}

#[test]
fn a_cursor_replaces_the_parameter_of_its_name() {
    let server = server(3);
    let url = server.url("/l?page=0&x=1");
    let done = haul(["--paginate-cursor", "/cursor=page", &url])
        .done()
        .exits(0);
    assert_eq!(pages(&done), [1, 2, 3]);
    let targets: Vec<_> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/l?page=0&x=1", "/l?x=1&page=1", "/l?x=1&page=2"]);
}

#[test]
fn a_cursor_at_the_last_item_becomes_a_member_of_the_body() {
    let server = Server::start(|request| match request.text().matches("after").count() {
        0 => Answer::json(r#"{"ids": [{"id": 0}, {"id": 12345678901234567890123}]}"#),
        _ => Answer::json(r#"{"ids": [{"id": 0}, {"id": ""}]}"#),
    });
    let arguments = [
        "--json",
        r#"{"n": 1.50}"#,
        "--paginate-cursor",
        "/ids/-1/id=/page/after",
    ];
    let done = haul(arguments).and([server.url("/")]).done().exits(0);
    assert_eq!(pages(&done), [1, 2]);
    let sent = server.seen()[1].text();
    assert_eq!(
        sent,
        r#"{"n": 1.50,"page":{"after":12345678901234567890123}}"#
    );
}

#[test]
fn zero_is_a_cursor() {
    let server = Server::start(|request| match request.query() {
        None => Answer::json(r#"{"next": 0}"#),
        Some(_) => Answer::json(r#"{"next": null}"#),
    });
    let done = haul(["--paginate-cursor", "/next=from", &server.url("/")])
        .done()
        .exits(0);
    assert_eq!(pages(&done), [1, 2]);
}

#[test]
fn a_list_ends_when_the_value_is_no_longer_true() {
    let server = Server::start(|request| {
        let more = asked(request) < 1;
        Answer::json(json!({"more": more, "next": format!("/?page={}", asked(request) + 1)}))
    });
    let arguments = ["--paginate", "/next", "--paginate-while", "/more"];
    let done = haul(arguments).and([server.url("/")]).done().exits(0);
    assert_eq!(pages(&done), [1, 2]);
}

#[test]
fn a_value_that_is_no_cursor_ends_the_list_with_a_warning() {
    for (value, what) in [
        ("[1]", "an array"),
        ("{\"a\": 1}", "an object"),
        ("true", "true"),
    ] {
        let server = Server::always(Answer::json(format!("{{\"next\": {value}}}")));
        let done = haul(["--paginate", "/next", &server.url("/")])
            .done()
            .exits(0);
        assert_eq!(pages(&done), [1]);
        done.says(&format!("the list ends with page 1: {what} is at /next"));
    }
}

#[test]
fn a_list_of_one_page_everywhere_is_warned_of_once() {
    let server = Server::always(Answer::json("{}"));
    let list = format!("{0}/a\n{0}/b\n", server.url(""));
    let done = haul(["--paginate", "/nxt", "-"])
        .input(list)
        .done()
        .exits(0);
    let done = done.says("no first page names a next one");
    assert_eq!(done.stderr.matches("no first page").count(), 1);
}

#[test]
fn a_null_on_the_first_page_is_an_ordinary_end() {
    let server = Server::always(Answer::json("{\"next\": null}"));
    let done = haul(["--paginate", "/next", &server.url("/")])
        .done()
        .exits(0);
    done.never_says("no first page");
}

#[test]
fn a_link_to_itself_ends_the_list_with_a_warning() {
    let server = Server::always(Answer::text("").header("Link", "<>; rel=next"));
    let done = haul(["--paginate", "link", &server.url("/l")])
        .done()
        .exits(0);
    assert_eq!(pages(&done), [1]);
    done.says("the list ends with page 1: the next page was asked for already");
}

#[test]
fn a_link_to_itself_in_another_spelling_ends_the_list_with_a_warning() {
    for link in [
        "/%6C?a=~",
        "/x/../l?a=%7e",
        "./l?a=~#top",
        "HTTP://LOCALHOST:PORT/l?a=~",
        "//me:secret@localhost:PORT/l?a=~",
    ] {
        let answer = move |request: &Seen| {
            let port = request.header("host").unwrap().rsplit_once(':').unwrap().1;
            let link = link.replace("PORT", port);
            Answer::text("").header("Link", format!("<{link}>; rel=next"))
        };
        let server = Server::start(answer);
        let url = server.url("/l?a=~").replace("127.0.0.1", "localhost");
        let done = haul(["--paginate", "link", &url]).done().exits(0);
        assert_eq!(pages(&done), [1], "{link}");
        done.says("the list ends with page 1: the next page was asked for already");
    }
}

#[test]
fn a_link_to_what_the_command_made_of_the_line_is_a_link_to_itself() {
    let server = Server::start(|request| {
        Answer::text("").header("Link", format!("<{}>; rel=next", request.target))
    });
    for arguments in [["--url-query", "a=b"], ["--base-url", &server.url("/")]] {
        let done = haul(["--paginate", "link"]).and(arguments);
        let done = done.and([server.url("/l")]).done().exits(0);
        assert_eq!(pages(&done), [1]);
    }
}

#[test]
fn links_that_differ_in_what_servers_tell_apart_are_followed() {
    let links = [
        "/l/",
        "/l?",
        "/l?a=1&b=2",
        "/l?b=2&a=1",
        "/l%2F",
        "/L",
        "/l?a=1%26b=2",
    ];
    let server = Server::start(move |request| {
        let at = links.iter().position(|link| *link == request.target);
        match links.get(at.map_or(0, |at| at + 1)) {
            Some(link) => Answer::text("").header("Link", format!("<{link}>; rel=next")),
            None => Answer::text(""),
        }
    });
    let done = haul(["--paginate", "link", &server.url("/l")]).done();
    assert_eq!(pages(&done.exits(0)).len(), 8);
}

#[test]
fn a_list_without_end_ends_at_the_limit_with_a_warning() {
    let server = server(u64::MAX);
    let done = haul(["--paginate", "link", "--max-pages", "5", &server.url("/l")]).done();
    let done = done
        .exits(0)
        .says("the list ends with page 5: it has more than 5 pages");
    assert_eq!((pages(&done), server.requests()), (vec![1, 2, 3, 4, 5], 5));
}

#[test]
fn a_failed_page_ends_its_list() {
    let server = Server::start(|request| match asked(request) {
        1 => Answer::status(404),
        _ => page_of(9, request),
    });
    let done = haul(["--paginate", "link", &server.url("/l")])
        .done()
        .exits(1);
    assert_eq!(pages(&done), [1, 2]);
}

#[test]
fn many_lists_are_read_with_one_worker() {
    let server = server(4);
    let list: String = (0..50).map(|n| server.url(&format!("/{n}\n"))).collect();
    let done = haul(["--paginate", "link", "-j", "1", "-"])
        .input(list)
        .done()
        .exits(0);
    assert_eq!(done.results().len(), 200);
}

#[test]
fn secrets_in_a_link_are_masked_in_records() {
    let server = Server::start(|request| match request.query() {
        None => Answer::text("").header("Link", "</?access_token=sesame>; rel=next"),
        Some(_) => Answer::text(""),
    });
    let done = haul(["--paginate", "link", &server.url("/")])
        .done()
        .exits(0);
    assert_eq!(pages(&done), [1, 2]);
    assert!(!done.stdout.contains("sesame") && !done.stderr.contains("sesame"));
}

#[test]
fn an_escaped_name_leads_to_the_next_page() {
    let server = Server::start(|request| match asked(request) {
        0 => Answer::json(json!({"a/~b": {"~1": "/?page=1"}})),
        _ => Answer::json("{}"),
    });
    let done = haul(["--paginate", "/a~1~0b/~01", &server.url("/")]).done();
    assert_eq!(pages(&done.exits(0)), [1, 2]);
}
