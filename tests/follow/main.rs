//! Batches whose outcomes lead to further requests.

mod bounds;
mod ends;
mod pages;
mod scripted;
mod unique;

use std::time::Duration;

use haul::batch::{End, NextRequests, Pushed};
use haul::{Client, Outcome, Request, RetryPolicy};
use test_support::{Answer, Gate, Seen, Server};

/// Makes a client that gives up after one attempt.
fn client(workers: usize, window: usize) -> Client {
    let builder = Client::builder().workers(workers).window(window);
    builder.retry(RetryPolicy::none()).build().unwrap()
}

/// Starts a server of pages `/1`, `/2`, ..., each with a link to the next; page `last` has none.
fn pages(last: usize) -> Server {
    Server::start(move |seen| page(seen, last))
}

fn page(seen: &Seen, last: usize) -> Answer {
    let number = seen.last_number().unwrap();
    let answer = Answer::text("");
    match number < last {
        true => answer.header("Link", format!("<{}>; rel=next", number + 1)),
        false => answer,
    }
}

/// Adds the next page, if there is one and the batch goes on.
fn to_next(outcome: &Outcome, next: &mut NextRequests<'_>) {
    if let Some(url) = outcome.success().and_then(|page| page.next_link()) {
        let pushed = next.push(url).unwrap();
        assert!(matches!(pushed, Pushed::Queued | Pushed::Stopped));
    }
}

fn path(outcome: &Outcome) -> String {
    let url = outcome.url();
    let (_, rest) = url.split_once("://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

#[test]
fn a_chain_is_followed_to_its_last_page_in_the_smallest_window() {
    let server = pages(300);
    let client = client(1, 1);
    let depths = client.follow([server.url("/1")], to_next);
    assert!(depths.map(|page| page.depth()).eq(0..300));
    assert_eq!(server.connections(), 1);
}

#[test]
fn many_chains_are_followed_at_once() {
    let server = pages(20);
    let client = client(64, 256);
    let seeds = (0..64).map(|chain| server.url(&format!("/{chain}/1")));
    assert_eq!(client.follow(seeds, to_next).count(), 64 * 20);
    assert_eq!(server.requests(), 64 * 20);
}

#[test]
fn added_requests_go_before_further_seeds_first_in_first_out() {
    let server = pages(0);
    let client = client(1, 1);
    let seeds = ["/1", "/2", "/3"].map(|path| server.url(path));
    let added = |outcome: &Outcome, next: &mut NextRequests<'_>| {
        if outcome.depth() == 0 {
            for name in ["a", "b"] {
                let url = format!("{}{name}/0", outcome.url());
                assert_eq!(next.push(url).unwrap(), Pushed::Queued);
            }
        }
    };
    let paths: Vec<_> = client
        .follow(seeds, added)
        .map(|page| path(&page))
        .collect();
    // The window has room for one request, so the second seed is read while the first has no outcome yet, or not at all.
    let added: Vec<_> = paths.iter().filter(|path| path.len() > 2).collect();
    assert_eq!(
        added,
        ["/1a/0", "/1b/0", "/2a/0", "/2b/0", "/3a/0", "/3b/0"]
    );
    assert_eq!(paths[..4], ["/1", "/1a/0", "/1b/0", "/2"]);
}

#[test]
fn the_closure_borrows_and_what_it_borrows_is_free_after_the_loop() {
    let server = pages(3);
    let client = client(4, 16);
    let mut statuses = Vec::new();
    for page in client.follow([server.url("/1")], |outcome, next| {
        statuses.push(outcome.status());
        to_next(outcome, next);
    }) {
        assert!(page.is_success());
    }
    statuses.push(None);
    assert_eq!(statuses, [Some(200), Some(200), Some(200), None]);
}

#[test]
fn the_closure_sees_outcomes_of_every_state() {
    let server = Server::start(|seen| match seen.path() {
        "/good" => Answer::json(r#"{"code": 0}"#),
        "/refused" => Answer::json(r#"{"code": 7}"#),
        _ => Answer::status(404),
    });
    let client = Client::builder().require("/code", 0).build().unwrap();
    let seeds = ["/good", "/refused", "/missing"].map(|path| server.url(path));
    let seeds = seeds.into_iter().chain(["no URL".to_owned()]);
    let mut seen = [0; 3];
    let outcomes = client.follow(seeds, |outcome, next| {
        let states = [
            outcome.is_success(),
            outcome.is_rejected(),
            outcome.is_failed(),
        ];
        for (count, is_of_state) in seen.iter_mut().zip(states) {
            *count += u32::from(is_of_state);
        }
        if outcome.depth() == 0 {
            assert_eq!(next.depth(), 1);
            next.push(server.url("/good")).unwrap();
        }
    });
    assert_eq!(outcomes.count(), 8);
    assert_eq!(seen, [5, 1, 2]);
}

#[test]
fn the_closure_sees_an_outcome_before_it_is_handed_over_by_every_adapter() {
    let server = pages(3);
    let client = client(4, 16);
    let last = std::cell::Cell::new(None);
    let see = |outcome: &Outcome, next: &mut NextRequests<'_>| {
        last.set(Some(outcome.index()));
        to_next(outcome, next);
    };
    let seeds = || [server.url("/1")];
    for page in client.follow(seeds(), see) {
        assert_eq!(last.get(), Some(page.index()));
    }
    for page in client.follow(seeds(), see).timeout(Duration::from_secs(60)) {
        assert_eq!(last.get(), Some(page.unwrap().index()));
    }
    let mut lines = haul::JsonLines::new(Vec::new()).named("memory");
    for page in client.follow(seeds(), see).record_to(&mut lines) {
        assert_eq!(last.get(), Some(page.unwrap().index()));
    }
    let indices = client.follow(seeds(), see).par_map(|page| page.index());
    let mut indices: Vec<_> = indices.map(|page| page.unwrap().into_value()).collect();
    indices.sort_unstable();
    assert_eq!((indices, last.get()), (vec![0, 1, 2], Some(2)));
}

#[test]
fn a_request_that_waits_to_be_read_holds_no_worker() {
    let held = Gate::closed();
    let server = {
        let held = held.clone();
        Server::start(move |seen| match seen.path() {
            "/seed" | "/other" => Answer::text(""),
            _ => Answer::text("").behind(&held),
        })
    };
    let client = client(1, 1);
    let mut outcomes = client.follow([server.url("/seed")], |outcome, next| {
        if outcome.depth() == 0 {
            for n in 0..100 {
                next.push(server.url(&format!("/held/{n}"))).unwrap();
            }
        }
    });
    assert!(outcomes.next().is_some());
    // The only worker serves another batch while a hundred requests wait.
    assert_eq!(client.get(server.url("/other")).status(), Some(200));
    held.open();
    assert_eq!(outcomes.count(), 100);
}

#[test]
fn a_clone_of_the_request_that_led_to_it_is_a_request_of_its_own() {
    let server = pages(0);
    let client = client(2, 4);
    let seed = Request::get(server.url("/1")).id("seed");
    let outcomes = client.follow([seed], |outcome, next| {
        if outcome.depth() < 2 {
            next.push(Request::clone(outcome.request())).unwrap();
        }
    });
    let seen: Vec<_> = outcomes
        .map(|o| (o.index(), o.depth(), o.id().map(str::to_owned)))
        .collect();
    let seed = || Some("seed".to_owned());
    assert_eq!(seen, [(0, 0, seed()), (1, 1, seed()), (2, 2, seed())]);
}

#[test]
fn an_added_request_has_the_clients_credentials_and_not_those_of_the_request_that_led_to_it() {
    let (first, other) = (pages(0), pages(0));
    let rule = haul::HostRule::new().bearer("of-the-rule");
    let port = first.address().port();
    let builder = Client::builder().header("x-client", "1");
    let client = builder
        .host_rule(format!("127.0.0.1:{port}"), rule)
        .build()
        .unwrap();
    let seed = Request::get(first.url("/1")).header("x-token", "of-the-seed");
    let outcomes = client.follow([seed], |outcome, next| {
        if outcome.depth() == 0 {
            next.push(other.url("/2")).unwrap();
            next.push(first.url("/3")).unwrap();
        }
    });
    assert_eq!(outcomes.count(), 3);
    for (seen, own_host) in [(other.last("/2"), false), (first.last("/3"), true)] {
        assert_eq!(seen.header("x-token"), None);
        assert_eq!(seen.header("x-client"), Some("1"));
        let expected = own_host.then_some("Bearer of-the-rule");
        assert_eq!(seen.header("authorization"), expected);
    }
}
