//! Results channel of a batch: workers send outcomes into it, the caller's thread receives them.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use crossbeam_channel::{
    Receiver as Receiving, RecvTimeoutError, Select, Sender, TrySendError, bounded, unbounded,
};

use crate::attempt::Clock;
use crate::executor::{Executor, Receiver, begin_return};
use crate::outcome::{Context, Outcome, State};
use crate::response::Response;

use super::receiving::{ready_until, recv_until};

/// Message of the results channel.
///
/// A single channel carries outcomes and nudges, because waiting on two channels at once takes twice the time per
/// outcome.
pub(super) enum Message<T> {
    /// An outcome, and the bytes of body that it keeps in memory until it is taken.
    Outcome(Outcome<T>, u64),
    /// A request to look at the schedule: there may be room to feed, or a request may have ended without an attempt.
    Nudge,
}

/// Upper bound for the places of a channel that are allocated in advance. The channel of a wider window allocates as it
/// is used; in both cases the schedule dispatches nothing beyond the window.
const PREALLOCATED_PLACES: usize = 1 << 16;

/// Workers' end of the channel: makes each success the value that the caller gets, and sends the outcome on.
struct ResultSender<T, F> {
    to: Sender<Message<T>>,
    nudged: Arc<AtomicBool>,
    /// End of the batch, set once before its first request.
    deadline: OnceLock<Instant>,
    /// True if `make` runs the caller's closure.
    processes: bool,
    make: F,
}

/// Caller's end of the channel.
pub(super) struct ResultReceiver<T> {
    messages: Receiving<Message<T>>,
    /// True while a nudge is in the channel, so that no second one is sent.
    nudged: Arc<AtomicBool>,
}

/// Creates the channel of a batch with this window: a place for each outcome that the window allows, and a place for
/// the nudge. `processes`: true if `make` runs the caller's closure.
pub(super) fn results<T, F>(
    window: usize,
    processes: bool,
    make: F,
) -> (Arc<dyn Receiver>, ResultReceiver<T>)
where
    T: Send + 'static,
    F: Fn(&Context<'_>, Response) -> State<T> + Send + Sync + 'static,
{
    let (to, messages) = match window {
        0..PREALLOCATED_PLACES => bounded(window + 1),
        _ => unbounded(),
    };
    let nudged = Arc::new(AtomicBool::new(false));
    let sender = ResultSender {
        to,
        nudged: Arc::clone(&nudged),
        deadline: OnceLock::new(),
        processes,
        make,
    };
    (Arc::new(sender), ResultReceiver { messages, nudged })
}

/// Number of times that other threads are let run before a wait: in most cases a message comes within these yields.
const YIELDS: usize = 4;

impl<T> ResultReceiver<T> {
    /// Returns the next message if there is one.
    pub(super) fn try_recv(&self) -> Option<Message<T>> {
        self.messages.try_recv().ok()
    }

    /// Receives a message, waiting until `until` at most. `None`: without a limit.
    pub(super) fn recv_until(
        &self,
        until: Option<Instant>,
    ) -> Result<Message<T>, RecvTimeoutError> {
        recv_until(&self.messages, until)
    }

    /// Waits for a message, until `until` at most, or until there is a message in `other`.
    pub(super) fn wait<X>(
        &self,
        clock: &Clock,
        until: Option<Instant>,
        other: Option<&Receiving<X>>,
    ) -> Option<Message<T>> {
        // A channel spins before it sleeps, which keeps workers on the same core from sending the message that it waits
        // for.
        for _ in 0..YIELDS {
            thread::yield_now();
            if let Some(message) = self.try_recv() {
                return Some(message);
            }
        }
        Executor::blocking(|| match other {
            Some(other) => {
                let mut select = Select::new();
                select.recv(&self.messages);
                select.recv(other);
                ready_until(&mut select, clock.sleep_limit(until));
                self.try_recv()
            }
            None => self.recv_until(clock.sleep_limit(until)).ok(),
        })
    }

    /// Notes that the nudge was received, so that the next one is sent.
    pub(super) fn nudge_received(&self) {
        self.nudged.store(false, Ordering::Release);
    }
}

impl<T, F> ResultSender<T, F> {
    fn send(&self, message: Message<T>) {
        match self.to.try_send(message) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                unreachable!("nothing is dispatched without a place for its outcome")
            }
        }
    }
}

impl<T, F> Receiver for ResultSender<T, F>
where
    T: Send + 'static,
    F: Fn(&Context<'_>, Response) -> State<T> + Send + Sync,
{
    fn deliver(&self, outcome: Outcome) -> u64 {
        let outcome = outcome.map_success(&self.make);
        let bytes = kept_bytes(&outcome);
        begin_return();
        self.send(Message::Outcome(outcome, bytes));
        bytes
    }

    fn set_deadline(&self, deadline: Instant) {
        let _ = self.deadline.set(deadline);
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied()
    }

    fn processes(&self) -> bool {
        self.processes
    }

    fn nudge(&self) {
        if !self.nudged.swap(true, Ordering::AcqRel) {
            self.send(Message::Nudge);
        }
    }
}

/// Returns the bytes of body that an outcome keeps in memory. The size of a value that a closure made is not known and
/// counts as 0.
fn kept_bytes<T: 'static>(outcome: &Outcome<T>) -> u64 {
    let response = match outcome.success() {
        Some(value) => (value as &dyn Any).downcast_ref::<Response>(),
        None => outcome.kept_response(),
    };
    response.map_or(0, |response| response.bytes().len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::process::as_response;

    #[test]
    fn a_second_nudge_is_sent_only_after_the_first_was_received() {
        let (sender, receiver) = results(1, false, as_response);
        sender.nudge();
        sender.nudge();
        assert!(matches!(receiver.try_recv(), Some(Message::Nudge)));
        assert!(receiver.try_recv().is_none());
        receiver.nudge_received();
        sender.nudge();
        assert!(matches!(receiver.try_recv(), Some(Message::Nudge)));
    }

    #[test]
    fn a_wait_ends_when_the_other_channel_has_a_message() {
        let (_sender, receiver) = results(1, false, as_response);
        let (to, other) = unbounded();
        to.send(()).unwrap();
        assert!(receiver.wait(&Clock::System, None, Some(&other)).is_none());
    }
}
