//! Long lists. `HAUL_SCALE=20` has 10,000 pages.

use std::env;

use super::super::command::haul;
use super::{pages, server};

/// Number of pages of a long list.
fn length() -> u64 {
    let scale = env::var("HAUL_SCALE").ok().and_then(|n| n.parse().ok());
    500 * scale.unwrap_or(1)
}

#[test]
fn a_long_list_is_followed_to_its_end() {
    let length = length();
    let server = server(length);
    for (jobs, order) in [("1", None), ("64", None), ("1", Some("--ordered"))] {
        let before = server.requests() as u64;
        let run = haul(["-q", "--paginate", "link", "-j", jobs]).and(order);
        let done = run.and([server.url("/l")]).done().exits(0);
        assert!(pages(&done).into_iter().eq(1..=length), "{jobs} {order:?}");
        assert_eq!(server.requests() as u64 - before, length);
    }
}
