//! A batch that is fed from other threads.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::executor::{Executor, Receiver, Taken, Unpushed};
use crate::request::Request;
use crate::schedule::Id;

use super::feed::{Feeder, taken};
use super::owner::Owner;
use super::refused::{Refusal, Refused};

/// The feeding end of [`Client::channel`](crate::Client::channel): send requests from any thread, drop it (and its
/// clones) to end the batch.
pub struct Intake {
    owner: Arc<Owner>,
    batch: Id,
    receiver: Arc<dyn Receiver>,
    count: Arc<Count>,
    /// Remembers the last host. A thread that finds it in use by another uses a new one.
    feeder: Mutex<Feeder>,
}

/// State that both ends share.
pub(super) struct Count {
    /// Raised under the executor's lock, in the order in which requests come into the schedule.
    accepted: AtomicU64,
    intakes: AtomicUsize,
    taking: Mutex<Taking>,
}

/// Record of the taking end.
#[derive(Default)]
struct Taking {
    /// Outcomes taken of which the schedule does not know yet.
    owed: Taken,
    /// The thread that took the last one. `None`: none was taken.
    taker: Option<ThreadId>,
}

thread_local! {
    /// The batch whose outcome a closure on this thread has, by the address of its [`Count`]. Zero: none.
    static HANDLES: Cell<usize> = const { Cell::new(0) };
}

impl Count {
    pub(super) fn new() -> Arc<Count> {
        Arc::new(Count {
            accepted: AtomicU64::new(0),
            intakes: AtomicUsize::new(1),
            taking: Mutex::default(),
        })
    }

    /// How many requests were accepted so far.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    /// Whether no more can come.
    pub(super) fn is_closed(&self) -> bool {
        self.intakes.load(Ordering::Acquire) == 0
    }

    /// The calling thread has taken an outcome, of which the schedule has to be told.
    pub(super) fn take(&self, taken: Taken) {
        let mut taking = self.lock();
        taking.owed.add(taken);
        taking.taker = Some(thread::current().id());
    }

    /// Outcomes of which the schedule has to be told.
    pub(super) fn owed(&self) -> Taken {
        self.lock().owed
    }

    /// Takes these outcomes out, for a caller that tells the schedule of them.
    pub(super) fn pay(&self) -> Taken {
        std::mem::take(&mut self.lock().owed)
    }

    /// Runs a closure that has an outcome of the batch.
    pub(super) fn handling<R>(self: &Arc<Self>, run: impl FnOnce() -> R) -> R {
        struct Restore(usize);
        impl Drop for Restore {
            fn drop(&mut self) {
                HANDLES.set(self.0);
            }
        }
        let _before = Restore(HANDLES.replace(Arc::as_ptr(self).addr()));
        run()
    }

    /// Returns true if outcomes come to the calling thread, so that none is taken while it waits.
    fn is_taken_here(self: &Arc<Self>) -> bool {
        HANDLES.get() == Arc::as_ptr(self).addr()
            || self.lock().taker == Some(thread::current().id())
    }

    fn lock(&self) -> MutexGuard<'_, Taking> {
        self.taking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intake {
    pub(super) fn new(
        owner: Arc<Owner>,
        batch: Id,
        receiver: Arc<dyn Receiver>,
        count: Arc<Count>,
    ) -> Intake {
        Intake {
            owner,
            batch,
            receiver,
            count,
            feeder: Mutex::default(),
        }
    }

    /// Hands a request in. Waits while the batch's window is full, until outcomes are taken.
    ///
    /// The thread that takes the outcomes may hand requests in too, but must not wait for itself: on the thread that took
    /// the last outcome (and in a closure of [`par_map`](crate::Outcomes::par_map)) a full window is an error, and
    /// the request comes back, to be handed in again after further outcomes. Before the first outcome is taken, no
    /// thread is known to take them, and `send` waits on each: a program that feeds and takes on one thread hands in no
    /// more than the [window](crate::ClientBuilder::window) to begin with, or uses [`try_send`](Intake::try_send).
    ///
    /// # Errors
    /// [`Refusal::WouldDeadlock`] as said; [`Refusal::Closed`] once the [`Outcomes`](crate::Outcomes) were dropped or
    /// stopped, or the client was shut down. The request is in the error.
    pub fn send(&self, request: impl Into<Request>) -> Result<(), Refused> {
        let (fed, why) = match self.push(request) {
            Ok(()) => return Ok(()),
            Err(Unpushed::Over(fed)) => (fed, Refusal::Closed),
            Err(Unpushed::Full(fed)) if self.count.is_taken_here() => (fed, Refusal::WouldDeadlock),
            Err(Unpushed::Full(fed)) => {
                let executor = self.owner.executor();
                let pushed = Executor::blocking(|| {
                    executor.push_when_room(self.batch, fed, || self.next_number())
                });
                match pushed {
                    Ok(()) => return Ok(()),
                    Err(fed) => (fed, Refusal::Closed),
                }
            }
        };
        Err(Refused::new(fed.into_request(), why))
    }

    /// Hands a request in if there is room for it, without waiting.
    ///
    /// # Errors
    /// [`Refusal::Full`] while the batch's window is full; [`Refusal::Closed`] as [`send`](Intake::send). The request is
    /// in the error.
    pub fn try_send(&self, request: impl Into<Request>) -> Result<(), Refused> {
        let (fed, why) = match self.push(request) {
            Ok(()) => return Ok(()),
            Err(Unpushed::Over(fed)) => (fed, Refusal::Closed),
            Err(Unpushed::Full(fed)) => (fed, Refusal::Full),
        };
        Err(Refused::new(fed.into_request(), why))
    }

    fn push(&self, request: impl Into<Request>) -> Result<(), Unpushed> {
        let executor = self.owner.executor();
        let defaults = &self.owner.engine().defaults;
        let request = taken(defaults, request);
        let receiver = Arc::clone(&self.receiver);
        // The number of the request is given under the lock, in the order of the requests.
        let fed = match self.feeder.try_lock() {
            Ok(mut feeder) => feeder.feed(defaults, request, 0, receiver),
            Err(_) => Feeder::default().feed(defaults, request, 0, receiver),
        };
        let (number, owed) = (|| self.next_number(), || self.count.pay());
        executor.push_now(self.batch, fed, number, owed)
    }

    fn next_number(&self) -> u64 {
        self.count.accepted.fetch_add(1, Ordering::AcqRel)
    }
}

impl Clone for Intake {
    fn clone(&self) -> Self {
        self.count.intakes.fetch_add(1, Ordering::AcqRel);
        Intake {
            owner: Arc::clone(&self.owner),
            batch: self.batch,
            receiver: Arc::clone(&self.receiver),
            count: Arc::clone(&self.count),
            feeder: Mutex::default(),
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        if self.count.intakes.fetch_sub(1, Ordering::AcqRel) == 1 {
            // The taking end may be waiting for an outcome that will not come.
            self.receiver.nudge();
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accepted = self.count.accepted.load(Ordering::Relaxed);
        f.debug_struct("Intake")
            .field("accepted", &accepted)
            .finish_non_exhaustive()
    }
}
