//! Outcomes on their way from the workers to the caller.

use std::time::Instant;

use crossbeam_channel::Receiver as Receiving;

use crate::attempt::Clock;
use crate::outcome::Outcome;

use super::reorder::Reorder;
use super::turns::BoxedTurns;
use crate::batch::results::{Message, ResultReceiver};

/// Receiving end of the results channel, with the outcomes that came before their turn.
///
/// Invariant: an outcome that is put in comes out once, in an ordered batch after all those with lower indices.
pub(super) struct Inbox<T> {
    results: ResultReceiver<T>,
    early: EarlyOutcomes<T>,
    /// Number of outcomes put in, handed out or not.
    received: u64,
    /// Outcome that could not be handed out, and is the next. `None`: there is none.
    returned: Option<Arrival<T>>,
}

/// Outcomes that wait for their turn.
enum EarlyOutcomes<T> {
    /// Outcomes are handed out as they come, and none waits.
    Never,
    /// Outcomes whose indices follow one that has not come.
    ByIndex(Reorder<Arrival<T>>),
    /// Outcomes in an order of the caller's.
    InTurns(BoxedTurns<T>),
}

/// An outcome that has come and is not handed out yet.
pub(super) struct Arrival<T> {
    pub(super) outcome: Outcome<T>,
    pub(super) place: OutcomePlace,
}

/// Place of an outcome in the window of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutcomePlace {
    /// The place is taken until the outcome is handed out. `None`: it has no place, because its request ended without
    /// an attempt. The number is the bytes that the outcome keeps there.
    Taken(Option<u64>),
    /// The place was given up when the outcome came.
    GivenUp,
}

impl<T> Inbox<T> {
    /// Creates an empty inbox. `ordered`: true if outcomes are handed out in the order of their indices, false if as
    /// they come.
    pub(super) fn new(results: ResultReceiver<T>, ordered: bool) -> Inbox<T> {
        Inbox {
            results,
            early: match ordered {
                true => EarlyOutcomes::ByIndex(Reorder::default()),
                false => EarlyOutcomes::Never,
            },
            received: 0,
            returned: None,
        }
    }

    /// Sets an order of the caller's, before anything is put in.
    pub(super) fn set_turns(&mut self, turns: BoxedTurns<T>) {
        self.early = EarlyOutcomes::InTurns(turns);
    }

    /// True if an outcome gives up its place when it is put in.
    #[inline]
    pub(super) fn gives_up_places(&self) -> bool {
        matches!(self.early, EarlyOutcomes::InTurns(_))
    }

    /// Returns the number of outcomes put in so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Puts in an outcome. Returns the outcome at once if outcomes are handed out as they come.
    #[inline]
    pub(super) fn put(&mut self, arrival: Arrival<T>) -> Option<Arrival<T>> {
        self.received += 1;
        match &mut self.early {
            EarlyOutcomes::Never => return Some(arrival),
            EarlyOutcomes::ByIndex(early) => early.put(arrival.outcome.index, arrival),
            EarlyOutcomes::InTurns(turns) => turns.take(arrival.outcome),
        }
        None
    }

    /// Puts an outcome back that was taken, so that it is the next again.
    pub(super) fn put_back(&mut self, arrival: Arrival<T>) {
        self.returned = Some(arrival);
    }

    /// Takes the outcome whose turn it is. `None`: it has not come.
    #[inline]
    pub(super) fn take_in_turn(&mut self) -> Option<Arrival<T>> {
        if let Some(returned) = self.returned.take() {
            return Some(returned);
        }
        match &mut self.early {
            EarlyOutcomes::Never => None,
            EarlyOutcomes::ByIndex(early) => early.take(),
            EarlyOutcomes::InTurns(turns) => turns.next(false).map(in_turn),
        }
    }

    /// Takes an outcome that is left after all outcomes were put in. `None`: there is none.
    pub(super) fn take_left(&mut self) -> Option<Arrival<T>> {
        match &mut self.early {
            EarlyOutcomes::InTurns(turns) => turns.next(true).map(in_turn),
            EarlyOutcomes::Never | EarlyOutcomes::ByIndex(_) => None,
        }
    }

    /// Returns the next message of the channel if there is one.
    #[inline]
    pub(super) fn try_recv(&self) -> Option<Message<T>> {
        self.results.try_recv()
    }

    /// Waits for a message, until `until` at most, or until there is a message in `other`.
    pub(super) fn wait<X>(
        &self,
        clock: &Clock,
        until: Option<Instant>,
        other: Option<&Receiving<X>>,
    ) -> Option<Message<T>> {
        self.results.wait(clock, until, other)
    }

    /// Notes that a nudge was received, so that the next one is sent.
    pub(super) fn nudge_received(&self) {
        self.results.nudge_received();
    }
}

fn in_turn<T>(outcome: Outcome<T>) -> Arrival<T> {
    Arrival {
        outcome,
        place: OutcomePlace::GivenUp,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::batch::process::as_response;
    use crate::batch::results::results;
    use crate::error::{Error, ErrorType};
    use crate::outcome::State;
    use crate::request::Request;

    fn inbox(ordered: bool) -> Inbox<crate::response::Response> {
        Inbox::new(results(10, false, as_response).1, ordered)
    }

    fn arrival<T>(index: u64) -> Arrival<T> {
        Arrival {
            outcome: Outcome {
                index,
                request: Arc::new(Request::get("http://host/")),
                state: State::Failed(Error::new(ErrorType::Cancelled, "cancelled")),
                report: Box::default(),
            },
            place: OutcomePlace::Taken(None),
        }
    }

    fn index<T>(arrival: Option<Arrival<T>>) -> Option<u64> {
        arrival.map(|arrival| arrival.outcome.index)
    }

    #[test]
    fn without_an_order_an_outcome_comes_back_at_once() {
        let mut inbox = inbox(false);
        assert_eq!(index(inbox.put(arrival(3))), Some(3));
        assert_eq!(index(inbox.take_in_turn()), None);
        assert_eq!(inbox.received(), 1);
    }

    #[test]
    fn an_outcome_that_was_put_back_is_the_next_again() {
        for ordered in [false, true] {
            let mut inbox = inbox(ordered);
            let first = inbox.put(arrival(0)).or_else(|| inbox.take_in_turn());
            inbox.put(arrival(1));
            inbox.put_back(first.unwrap());
            assert_eq!(index(inbox.take_in_turn()), Some(0));
            assert_eq!(inbox.received(), 2);
        }
    }

    #[test]
    fn in_order_an_outcome_waits_for_those_before_it() {
        let mut inbox = inbox(true);
        assert_eq!(index(inbox.put(arrival(1))), None);
        assert_eq!(index(inbox.take_in_turn()), None);
        assert_eq!(index(inbox.put(arrival(0))), None);
        assert_eq!(index(inbox.take_in_turn()), Some(0));
        assert_eq!(index(inbox.take_in_turn()), Some(1));
        assert_eq!(inbox.received(), 2);
    }
}
