//! Every order of the events of a hedged attempt: the first request, the second, and the events from outside.
//!
//! The schedule, the cancel slots and the steps of the race are the real ones. [`model`] performs their answers as the
//! workers do, one step at a time, and checks each state that any order leads to.

mod check;
mod events;
mod model;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use events::{Fault, Setting};
use model::Model;

/// Plays every order of events, and returns the number of states that they lead to. A broken promise panics.
fn in_every_order(setting: Setting, fault: Fault) -> usize {
    let mut seen = HashSet::new();
    let mut histories = vec![Vec::new()];
    while let Some(history) = histories.pop() {
        let mut model = Model::new(setting, fault);
        let played = catch_unwind(AssertUnwindSafe(|| {
            for event in &history {
                model.play(*event);
            }
            model.check();
            let events = model.events();
            if events.is_empty() {
                model.check_end();
            }
            events
        }));
        let events = played.unwrap_or_else(|panic| {
            eprintln!("{setting:?}: {history:?}");
            resume_unwind(panic)
        });
        if seen.insert(model.signature()) {
            histories.extend(events.into_iter().map(|event| {
                let mut longer = history.clone();
                longer.push(event);
                longer
            }));
        }
    }
    seen.len()
}

/// Asserts that some order breaks a promise under this fault, whose message has these words.
#[track_caller]
fn is_found(fault: Fault, words: &str) {
    let played = |setting| catch_unwind(|| in_every_order(setting, fault)).err();
    let panic = Setting::all().into_iter().find_map(played);
    let panic = panic.expect("a broken promise");
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    let said = said.expect("panics say why");
    assert!(said.contains(words), "{said}");
}

#[test]
fn every_order_of_events_keeps_every_promise() {
    let states = Setting::all().map(|setting| in_every_order(setting, Fault::None));
    // With a place and a budget there are many more orders than without.
    assert!(states[0] > 2 * states[1], "{states:?}");
}

#[test]
fn an_offer_that_is_not_taken_back_is_found_out() {
    is_found(Fault::OfferStands, "the first request has ended");
}

#[test]
fn a_request_that_is_not_needed_and_goes_on_is_found_out() {
    is_found(Fault::NoShutdown, "the second request goes on");
}

#[test]
fn a_place_that_is_not_given_back_is_found_out() {
    is_found(Fault::PlaceKept, "left == right");
}

#[test]
fn a_worker_that_is_not_told_of_the_second_answer_is_found_out() {
    is_found(Fault::NoWordOfTheSecond, "waits for nothing");
}

#[test]
fn a_panic_that_leaves_the_race_open_is_found_out() {
    is_found(Fault::PanicLeavesRace, "waits for nothing");
}

#[test]
fn a_second_offer_for_one_attempt_is_found_out() {
    is_found(Fault::OfferedTwice, "two second requests");
}

#[test]
fn a_second_outcome_is_found_out() {
    is_found(Fault::SecondDelivers, "two outcomes");
}

#[test]
fn a_cancel_that_does_not_reach_a_worker_that_waits_is_found_out() {
    is_found(Fault::DeafToCancel, "a cancel wakes");
}

#[test]
fn an_answer_that_is_not_waited_for_is_found_out() {
    is_found(Fault::NoWait, "a good answer may be lost");
}
