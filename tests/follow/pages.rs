//! Chains of pages by a rule ([`Pages`]).

use haul::Outcome;
use haul::batch::{NextPage, NextRequests, Pages};

use super::{client, pages};

/// Number of pages of a long chain: 500, and 10,000 with `HAUL_SCALE=20`.
fn length() -> usize {
    let scale = std::env::var("HAUL_SCALE")
        .ok()
        .and_then(|n| n.parse().ok());
    500 * scale.unwrap_or(1)
}

/// Adds the page that the rule finds.
fn by(rule: &Pages) -> impl FnMut(&Outcome, &mut NextRequests<'_>) {
    |outcome, next| match rule.after(outcome) {
        NextPage::Request(page) => drop(next.push(*page).unwrap()),
        NextPage::Stopped(reason) => panic!("{reason}"),
        _ => {}
    }
}

#[test]
fn a_long_chain_is_followed_in_a_window_of_one_and_with_64_workers() {
    let length = length();
    let server = pages(length);
    let rule = Pages::link();
    for (workers, window) in [(1, 1), (64, 256)] {
        let client = client(workers, window);
        let outcomes = client.follow([server.url("/1")], by(&rule));
        let numbers = outcomes.map(|page| page.page().unwrap_or(1) as usize);
        assert!(numbers.eq(1..=length), "{workers} workers");
    }
}
