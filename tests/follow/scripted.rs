//! Long chains over a transport without sockets.

use haul::http::Response;
use haul::unversioned::{Call, ExchangeResult, Transport};

use super::*;

/// A transport of pages `/1`, `/2`, ..., each with a link to the next; page `last` has none.
struct Pages(usize);

impl Transport for Pages {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        let (_, number) = call.path_and_query().rsplit_once('/').unwrap();
        let number: usize = number.parse().unwrap();
        let response = Response::builder();
        let response = match number < self.0 {
            true => response.header("Link", format!("<{}>; rel=next", number + 1)),
            false => response,
        };
        call.receive(response.body(&b""[..]).unwrap()).into()
    }
}

fn client(workers: usize, window: usize, last: usize) -> Client {
    let builder = Client::builder().workers(workers).window(window);
    builder.transport(Pages(last)).build().unwrap()
}

#[test]
fn ten_thousand_pages_are_followed_in_the_smallest_window() {
    let client = client(1, 1, 10_000);
    let mut pages = client.follow(["http://host/1"], to_next);
    let seen: Vec<_> = pages
        .by_ref()
        .map(|page| (page.index(), page.depth(), page.parent()))
        .collect();
    let expected = (0..10_000_u32).map(|n| {
        let index = u64::from(n);
        (index, n, index.checked_sub(1))
    });
    assert!(seen.into_iter().eq(expected));
    assert_eq!(pages.end(), Some(End::Completed));
    assert_eq!(pages.summary().snapshot().succeeded(), 10_000);
}

#[test]
fn ten_thousand_pages_of_many_chains_are_followed_by_64_workers() {
    for (window, last) in [(1, 10), (64, 10), (1_000, 100)] {
        let client = client(64, window, last);
        let seeds = (0..100).map(|chain| format!("http://host-{chain}/{chain}/1"));
        let mut pages = client.follow(seeds, to_next).unique(true);
        let mut lengths = [0; 100];
        for page in pages.by_ref() {
            let path = path(&page);
            let chain: usize = path[1..].split_once('/').unwrap().0.parse().unwrap();
            assert_eq!(page.depth(), lengths[chain]);
            lengths[chain] += 1;
        }
        assert_eq!(lengths, [last as u32; 100]);
        assert_eq!(pages.end(), Some(End::Completed));
    }
}

#[test]
fn a_single_chain_ends_with_64_workers() {
    let client = client(64, 1_000, 1_000);
    assert_eq!(client.follow(["http://host/1"], to_next).count(), 1_000);
}

#[test]
fn an_outcome_that_leads_to_more_requests_than_the_window_holds_leaves_none_out() {
    let client = client(4, 1, 0);
    let outcomes = client.follow(["http://host/0"], |outcome, next| {
        if outcome.depth() < 2 {
            for n in 0..50 {
                let url = format!("{}/{n}", outcome.url());
                assert_eq!(next.push(url).unwrap(), Pushed::Queued);
            }
        }
    });
    assert_eq!(outcomes.count(), 1 + 50 + 50 * 50);
}
