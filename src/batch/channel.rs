//! A batch that is fed from other threads.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::executor::{Executor, Owner, Receiver};
use crate::request::Request;
use crate::schedule::Id;

use super::feed::{Feeder, taken};

/// The feeding end of [`Client::channel`](crate::Client::channel): send requests from any thread, drop it (and its
/// clones) to end the batch.
pub struct Intake {
    owner: Arc<Owner>,
    batch: Id,
    receiver: Arc<dyn Receiver>,
    count: Arc<Count>,
    /// Who finds it in use by another thread does without what it remembers.
    feeder: Mutex<Feeder>,
}

/// What the taking end knows of the feeding end.
pub(super) struct Count {
    accepted: AtomicU64,
    intakes: AtomicUsize,
    /// Where outcomes come in the order of the input: held from a request's number to its place in the schedule, since
    /// one that waited for room behind later ones would keep them all.
    turn: Option<Mutex<()>>,
}

/// A request that was not taken: the client is shut down, too many requests wait, or the outcomes of its batch are no
/// longer received. It comes back in here.
#[derive(thiserror::Error)]
#[error("not taken: the client is shut down or full, or the batch is over")]
pub struct Refused(Box<Request>);

impl Refused {
    pub(super) fn new(request: Request) -> Refused {
        Refused(Box::new(request))
    }

    /// The request, back.
    pub fn into_request(self) -> Request {
        *self.0
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&self.0).finish()
    }
}

impl Count {
    pub(super) fn new(ordered: bool) -> Arc<Count> {
        Arc::new(Count {
            accepted: AtomicU64::new(0),
            intakes: AtomicUsize::new(1),
            turn: ordered.then(Mutex::default),
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

    /// Hands a request in. Blocks while the batch's window is full, until outcomes are taken.
    ///
    /// # Errors
    /// Once the [`Outcomes`](crate::Outcomes) were dropped, with the request in it.
    pub fn send(&self, request: impl Into<Request>) -> Result<(), Refused> {
        let executor = self.owner.executor();
        // May panic: it counts once it is a request.
        let request = taken(&executor.engine().defaults, request);
        let _turn =
            self.count.turn.as_ref().map(|turn| {
                Executor::blocking(|| turn.lock().unwrap_or_else(PoisonError::into_inner))
            });
        let index = self.count.accepted.fetch_add(1, Ordering::AcqRel);
        let (defaults, receiver) = (&executor.engine().defaults, Arc::clone(&self.receiver));
        let fed = match self.feeder.try_lock() {
            Ok(mut feeder) => feeder.feed(defaults, request, index, receiver),
            Err(_) => Feeder::default().feed(defaults, request, index, receiver),
        };
        Executor::blocking(|| executor.push_when_room(self.batch, fed)).map_err(|back| {
            // Whoever takes outcomes may be waiting for this one's.
            self.count.accepted.fetch_sub(1, Ordering::AcqRel);
            self.receiver.nudge();
            Refused::new(back.into_request())
        })
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
