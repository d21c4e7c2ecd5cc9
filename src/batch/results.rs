//! From a worker to the caller: a batch's end of the results channel.

use std::any::Any;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver as Receiving, Select, Sender, TrySendError, bounded, unbounded};

use crate::error::{Error, ErrorType, StopReason};
use crate::executor::{Executor, Receiver, Turns, panicked, soon_back};
use crate::outcome::{Context, Outcome, State};
use crate::rejection::Rejection;
use crate::response::Response;

/// What comes through a batch's results channel.
pub(in crate::batch) enum Message<T> {
    /// An outcome, and the bytes it holds on to until it is taken.
    Outcome(Outcome<T>, u64),
    /// There may be room to feed, or something ended without an attempt.
    Look,
}

/// Up to so many places of a channel are made in advance. Those of a wider window are made as they are needed; the
/// schedule dispatches nothing beyond the window either way.
const PLACES: usize = 1 << 16;

/// Makes outcomes what the caller wants and sends them on.
///
/// One channel carries both outcomes and nudges: waiting for two at once costs twice, for each outcome. Its capacity is
/// the window and one place for the one nudge that may be under way.
pub(in crate::batch) struct Results<T, F> {
    to: Sender<Message<T>>,
    nudged: Arc<AtomicBool>,
    deadline: OnceLock<Instant>,
    make: F,
}

/// The caller's end.
pub(in crate::batch) struct Inbox<T> {
    pub(in crate::batch) results: Receiving<Message<T>>,
    nudged: Arc<AtomicBool>,
}

pub(in crate::batch) fn results<T, F>(window: usize, make: F) -> (Results<T, F>, Inbox<T>) {
    let (to, results) = match window {
        0..PLACES => bounded(window + 1),
        _ => unbounded(),
    };
    let nudged = Arc::new(AtomicBool::new(false));
    let inbox = Inbox {
        results,
        nudged: Arc::clone(&nudged),
    };
    let deadline = OnceLock::new();
    (
        Results {
            to,
            nudged,
            deadline,
            make,
        },
        inbox,
    )
}

/// How often others are let run before a wait: by then, mostly, something has come.
const YIELDS: usize = 4;

impl<T> Inbox<T> {
    /// Waits for what comes next, until the deadline, or until there is something in the other channel.
    pub(in crate::batch) fn wait<X>(
        &self,
        deadline: Option<Instant>,
        other: Option<&Receiving<X>>,
    ) -> Option<Message<T>> {
        // A channel spins first. Where workers share this core, what it waits for comes of letting them run.
        for _ in 0..YIELDS {
            thread::yield_now();
            if let Ok(message) = self.results.try_recv() {
                return Some(message);
            }
        }
        Executor::blocking(|| match (other, deadline) {
            (Some(other), deadline) => {
                either(&self.results, other, deadline);
                self.results.try_recv().ok()
            }
            (None, Some(deadline)) => self.results.recv_deadline(deadline).ok(),
            (None, None) => self.results.recv().ok(),
        })
    }

    /// The nudge was received; from here on the next one is sent.
    pub(in crate::batch) fn looks(&self) {
        self.nudged.store(false, Ordering::Release);
    }
}

/// Waits until either channel has something, or the deadline passes.
fn either<A, B>(one: &Receiving<A>, other: &Receiving<B>, deadline: Option<Instant>) {
    let mut select = Select::new();
    select.recv(one);
    select.recv(other);
    match deadline {
        Some(deadline) => drop(select.ready_deadline(deadline)),
        None => drop(select.ready()),
    }
}

impl<T, F> Results<T, F> {
    fn send(&self, message: Message<T>) {
        match self.to.try_send(message) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                unreachable!("nothing is dispatched without a place for its outcome")
            }
        }
    }
}

impl<T, F> Receiver for Results<T, F>
where
    T: Send + 'static,
    F: Fn(&Context<'_>, Response) -> State<T> + Send + Sync,
{
    fn deliver(&self, outcome: Outcome) -> u64 {
        let outcome = outcome.map_success(&self.make);
        let bytes = kept_bytes(&outcome);
        soon_back();
        self.send(Message::Outcome(outcome, bytes));
        bytes
    }

    fn set_deadline(&self, deadline: Instant) {
        let _ = self.deadline.set(deadline);
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied()
    }

    fn nudge(&self) {
        if !self.nudged.swap(true, Ordering::AcqRel) {
            self.send(Message::Look);
        }
    }
}

/// A success as it came.
pub(crate) fn as_response(_: &Context<'_>, response: Response) -> State {
    State::Success(response)
}

/// A success as the caller's closure has it. What it returns as an error is a failure of class `process`, unless it is
/// a [`Rejection`]; a panic is one of class `panic`.
pub(crate) fn processed<T, E>(
    turns: &Turns,
    context: &Context<'_>,
    response: Response,
    f: &impl Fn(&Context<'_>, &Response) -> Result<T, E>,
) -> State<T>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    // The error's own code runs too, where it is converted and shown.
    let processed = catch_unwind(AssertUnwindSafe(|| {
        let made = turns.run(response.bytes().len(), || f(context, &response));
        made.map_err(|error| {
            let error = error.into();
            let message = error.to_string();
            (error, message)
        })
    }));
    match processed {
        Ok(Ok(value)) => State::Success(value),
        Ok(Err((error, message))) => match error.downcast::<Rejection>() {
            Ok(rejection) => State::Rejected(rejection.of(response)),
            Err(error) => {
                let failed = Error::new(ErrorType::Process, message).because(Some(error));
                State::Failed(
                    failed
                        .with_response(Some(response))
                        .stopped(StopReason::NotRetryable),
                )
            }
        },
        Err(panic) => State::Failed(panicked(&*panic).with_response(Some(response))),
    }
}

/// The body an outcome keeps in memory. What a closure made of a response is not known.
fn kept_bytes<T: 'static>(outcome: &Outcome<T>) -> u64 {
    let response = match outcome.success() {
        Some(value) => (value as &dyn Any).downcast_ref::<Response>(),
        None => outcome.kept_response(),
    };
    response.map_or(0, |response| response.bytes().len() as u64)
}
