//! Bounds of batches that would go on for ever.

use super::*;

#[test]
fn an_endless_chain_ends_at_the_greatest_number_of_requests() {
    let server = pages(usize::MAX);
    let client = client(4, 16);
    let mut last = None;
    let mut pages = client
        .follow([server.url("/1")], |outcome, next| {
            let url = outcome.success().unwrap().next_link().unwrap();
            last = Some(next.push(url).unwrap());
        })
        .max_requests(50);
    assert_eq!(pages.by_ref().count(), 50);
    assert_eq!(pages.end(), Some(End::Completed));
    drop(pages);
    assert_eq!(last, Some(Pushed::OverLimit));
    assert_eq!(server.requests(), 50);
}

#[test]
fn seeds_count_among_the_greatest_number_of_requests() {
    let server = pages(0);
    let client = client(4, 16);
    let endless = (0..).map(|n| server.url(&format!("/{n}")));
    assert_eq!(client.follow(endless, |_, _| {}).max_requests(7).count(), 7);
    assert_eq!(
        client
            .follow([server.url("/0")], to_next)
            .max_requests(0)
            .count(),
        0
    );
}

#[test]
fn requests_deeper_than_the_greatest_depth_are_not_added() {
    let server = pages(usize::MAX);
    let client = client(4, 16);
    for most in [0, 1, 3] {
        let mut pushed = Vec::new();
        let depths: Vec<_> = client
            .follow([server.url("/1")], |outcome, next| {
                let url = outcome.success().unwrap().next_link().unwrap();
                pushed.push((next.depth(), next.push(url).unwrap()));
            })
            .max_depth(most)
            .map(|page| page.depth())
            .collect();
        assert!(depths.into_iter().eq(0..=most));
        assert_eq!(pushed.pop(), Some((most + 1, Pushed::TooDeep)));
        assert!(pushed.iter().all(|(_, pushed)| *pushed == Pushed::Queued));
    }
}

#[test]
fn a_request_beyond_those_that_may_wait_comes_back() {
    let server = pages(0);
    let builder = Client::builder().workers(1).window(1).max_pending(3);
    let client = builder.build().unwrap();
    let mut refused = Vec::new();
    let outcomes = client.follow([server.url("/0")], |outcome, next| {
        if outcome.depth() == 0 {
            for n in 1..=5 {
                let request = Request::get(server.url(&format!("/{n}"))).id(n.to_string());
                match next.push(request) {
                    Ok(pushed) => assert_eq!(pushed, Pushed::Queued),
                    Err(full) => {
                        assert_eq!(full.to_string(), "as many requests wait as may");
                        refused.push(full.into_request());
                    }
                }
            }
        }
    });
    assert_eq!(outcomes.count(), 4);
    let ids: Vec<_> = refused.iter().filter_map(Request::request_id).collect();
    assert_eq!(ids, ["4", "5"]);
}

#[test]
fn a_request_that_came_back_is_no_duplicate_when_it_is_added_again() {
    let server = pages(0);
    let builder = Client::builder().workers(1).window(1).max_pending(1);
    let client = builder.build().unwrap();
    let mut kept = Vec::new();
    let outcomes = client.follow([server.url("/0")], |outcome, next| {
        let urls = match outcome.depth() {
            0 => vec![
                Request::get(server.url("/1")),
                Request::get(server.url("/2")),
            ],
            _ => std::mem::take(&mut kept),
        };
        for request in urls {
            match next.push(request) {
                Ok(pushed) => assert_eq!(pushed, Pushed::Queued),
                Err(full) => kept.push(full.into_request()),
            }
        }
    });
    let paths: Vec<_> = outcomes.unique(true).map(|o| path(&o)).collect();
    assert_eq!(paths, ["/0", "/1", "/2"]);
}
