//! Batches fed from other threads whose outcomes come in the order of the requests.

use std::thread;

use haul::batch::Refusal;
use test_support::{Answer, Gate, Scenario, Server, builder, client};

use super::indices;

#[test]
fn an_ordered_channel_hands_out_in_the_order_in_which_requests_went_in() {
    let gate = Gate::closed();
    let server = Scenario::new()
        .on("/0", Answer::text("").behind(&gate))
        .on("/*", Answer::text(""))
        .start();
    let client = builder(4).window(8).build().unwrap();
    client.get(server.url("/known"));
    let (intake, mut outcomes) = client.ordered_channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let intake = intake;
            for i in 0..100 {
                intake.send(server.url(&format!("/{i}"))).unwrap();
            }
        });
        // All other requests that fit in the window are done before the first.
        server.wait_for_requests(8);
        gate.open();
        let order: Vec<u64> = outcomes.by_ref().map(|outcome| outcome.index()).collect();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn several_threads_feed_an_ordered_channel_with_a_window_smaller_than_they_are_many() {
    let server = Server::always(Answer::text(""));
    let client = builder(2).window(2).max_parked(1).build().unwrap();
    let (intake, outcomes) = client.ordered_channel();
    thread::scope(|scope| {
        for thread in 0..8 {
            let (intake, server) = (intake.clone(), &server);
            scope.spawn(move || {
                for i in 0..20 {
                    intake.send(server.url(&format!("/{thread}/{i}"))).unwrap();
                }
            });
        }
        drop(intake);
        let order: Vec<u64> = outcomes.map(|outcome| outcome.index()).collect();
        assert_eq!(order, (0..160).collect::<Vec<_>>());
    });
}

#[test]
fn an_ordered_channel_whose_feeder_pauses_gives_what_is_done() {
    let server = Server::always(Answer::text(""));
    let client = client(2);
    let (intake, mut outcomes) = client.ordered_channel();
    intake.send(server.url("/0")).unwrap();
    assert!(outcomes.next().unwrap().is_success());
    intake.send(server.url("/1")).unwrap();
    drop(intake);
    assert_eq!(indices(&outcomes.collect::<Vec<_>>()), [1]);
}

#[test]
fn requests_that_are_refused_leave_no_gap_in_the_order() {
    let server = Server::always(Answer::text(""));
    let client = builder(2).window(3).max_parked(1).build().unwrap();
    let (intake, mut outcomes) = client.ordered_channel();
    let mut order = Vec::new();
    let mut refused = 0;
    for i in 0..200 {
        while let Err(error) = intake.try_send(server.url(&format!("/{i}"))) {
            assert_eq!(error.why(), Refusal::Full);
            refused += 1;
            order.push(outcomes.next().unwrap().index());
        }
    }
    drop(intake);
    order.extend(outcomes.map(|outcome| outcome.index()));
    assert!(refused > 0);
    assert_eq!(order, (0..200).collect::<Vec<_>>());
}
