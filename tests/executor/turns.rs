//! Outcomes in an order of the caller's.

use std::panic::{AssertUnwindSafe, catch_unwind};

use haul::Outcome;
use haul::batch::{CancelToken, End, Turns};
use test_support::{Answer, Gate, Server, client, urls};

/// Order that hands out the last outcomes first, when all have come.
#[derive(Default)]
struct LastFirst(Vec<Outcome>);

impl Turns for LastFirst {
    fn take(&mut self, outcome: Outcome) {
        self.0.push(outcome);
        self.0.sort_by_key(Outcome::index);
    }

    fn next(&mut self, over: bool) -> Option<Outcome> {
        if over { self.0.pop() } else { None }
    }
}

/// Order that panics at the third outcome, and hands the others out at once.
struct Panics(u32, Vec<Outcome>);

impl Turns for Panics {
    fn take(&mut self, outcome: Outcome) {
        self.0 += 1;
        assert!(self.0 != 3, "on purpose");
        self.1.push(outcome);
    }

    fn next(&mut self, _: bool) -> Option<Outcome> {
        self.1.pop()
    }
}

#[test]
fn outcomes_that_wait_for_their_turn_leave_room_in_the_smallest_window() {
    let server = Server::always(Answer::text(""));
    for (workers, window) in [(1, 1), (4, 8)] {
        let client = test_support::builder(workers)
            .window(window)
            .build()
            .unwrap();
        let all = (0..200).map(|n| server.url(&format!("/{n}")));
        let outcomes = client.as_completed(all).in_turns(LastFirst::default());
        let figures = outcomes.summary();
        assert!(outcomes.map(|outcome| outcome.index()).eq((0..200).rev()));
        assert_eq!(figures.snapshot().succeeded(), 200);
    }
}

#[test]
fn an_order_holds_for_requests_of_other_threads() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    let (intake, outcomes) = client.channel();
    let outcomes = outcomes.in_turns(LastFirst::default());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for url in urls(&server, &["/0", "/1", "/2"]) {
                intake.send(url).unwrap();
            }
            drop(intake);
        });
        assert!(outcomes.map(|outcome| outcome.index()).eq([2, 1, 0]));
    });
}

#[test]
fn outcomes_that_are_held_come_out_when_the_batch_is_stopped() {
    let gate = Gate::closed();
    let held = gate.clone();
    let server = Server::start(move |request| match request.path() {
        "/2" => Answer::text("").behind(&held),
        _ => Answer::text(""),
    });
    let (client, token) = (client(1), CancelToken::new());
    let list = urls(&server, &["/0", "/1", "/2", "/3"]);
    let outcomes = client.as_completed(list).in_turns(LastFirst::default());
    let mut outcomes = outcomes.cancel_token(&token);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            gate.wait_for(1);
            token.cancel();
        });
        let done: Vec<_> = outcomes
            .by_ref()
            .map(|o| (o.index(), o.is_success()))
            .collect();
        assert_eq!(done, [(3, false), (2, false), (1, true), (0, true)]);
    });
    assert_eq!(outcomes.end(), Some(End::Cancelled));
}

#[test]
fn a_panic_of_an_order_passes_to_the_caller() {
    let server = Server::always(Answer::text(""));
    let client = client(1);
    let all = (0..9).map(|n| server.url(&format!("/{n}")));
    let mut outcomes = client.as_completed(all).in_turns(Panics(0, Vec::new()));
    let seen = catch_unwind(AssertUnwindSafe(|| outcomes.by_ref().take(9).count()));
    assert!(seen.is_err());
    drop(outcomes);
    assert!(client.get(server.url("/")).is_success());
}
