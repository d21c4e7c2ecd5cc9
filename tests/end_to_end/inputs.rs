//! Inputs that are slow, or wait for the outcomes of the requests they have given.

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use test_support::{Answer, Server, builder, client};

#[test]
fn a_request_is_sent_before_the_next_is_asked_for() {
    let server = Server::always(Answer::text("ok"));
    let urls = (0..100).map(|i| {
        // Now and then some requests come at once.
        if i % 7 < 5 {
            server.wait_for_requests(i);
        }
        server.url(&format!("/{i}"))
    });
    let outcomes: Vec<_> = client(4).as_completed(urls).collect();
    assert_eq!(outcomes.len(), 100);
    assert!(outcomes.iter().all(|outcome| outcome.is_success()));
}

#[test]
fn an_outcome_does_not_wait_for_the_whole_of_an_input_that_is_slow() {
    // Four requests at once take a quarter of a second for all.
    let server = Server::always(Answer::text("ok").after(Duration::from_millis(2)));
    for ordered in [false, true] {
        let asked = Cell::new(0);
        let before = server.requests();
        let urls = (0..500).map(|i| {
            asked.set(asked.get() + 1);
            server.wait_for_requests(before + i);
            server.url(&format!("/{i}"))
        });
        let client = client(4);
        let mut outcomes = match ordered {
            true => client.map(urls),
            false => client.as_completed(urls),
        };
        assert!(outcomes.next().unwrap().is_success());
        assert!(asked.get() < 500, "{} before the first", asked.get());
        assert_eq!(outcomes.by_ref().count(), 499);
        assert_eq!(asked.get(), 500);
    }
}

#[test]
fn urls_found_by_processing_can_be_the_input() {
    let server = Server::start(|seen| {
        let found = match seen.last_number().unwrap() {
            0 => "1 2 3 4 5",
            i @ 1..=5 => &format!("{} {}", 10 * i, 10 * i + 1),
            _ => "",
        };
        Answer::text(found)
    });
    let (found, to_do) = mpsc::channel();
    found.send(Some(0)).unwrap();
    let left = AtomicUsize::new(1);
    let urls = to_do.into_iter().map_while(|page: Option<usize>| page);
    let urls = urls.map(|page| server.url(&format!("/{page}")));
    let outcomes = client(2).process(urls, move |response| {
        let text = response.text();
        for page in text.split_whitespace() {
            left.fetch_add(1, Ordering::SeqCst);
            found.send(Some(page.parse().unwrap())).unwrap();
        }
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            found.send(None).unwrap();
        }
        Ok::<_, Infallible>(())
    });
    let outcomes: Vec<_> = outcomes.collect();
    assert!(outcomes.iter().all(|outcome| outcome.is_success()));
    let mut seen: Vec<_> = outcomes.iter().map(|outcome| outcome.index()).collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..16));
}

#[test]
fn a_wide_window_hands_out_before_it_is_full() {
    let server = Server::always(Answer::text("ok"));
    let client = builder(4).window(1_000_000).build().unwrap();
    let asked = Cell::new(0);
    let urls = (0..100_000_u32).map(|i| {
        asked.set(i + 1);
        server.url("/")
    });
    let mut outcomes = client.as_completed(urls);
    assert!(outcomes.next().unwrap().is_success());
    assert!(asked.get() < 100_000);
}

#[test]
fn a_time_limit_holds_while_a_wide_window_is_filled() {
    let server = Server::always(Answer::never());
    let client = builder(2).window(1_000_000).build().unwrap();
    let asked = Cell::new(0);
    let urls = (0..1_000_000_u32).map(|i| {
        asked.set(i + 1);
        server.url("/")
    });
    let mut outcomes = client.as_completed(urls).timeout(Duration::from_millis(5));
    let unfinished = outcomes.next().unwrap().unwrap_err();
    assert!(asked.get() < 1_000_000, "{unfinished}");
}
