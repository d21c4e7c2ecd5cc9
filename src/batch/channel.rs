//! A batch that is fed from other threads.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::executor::{Executor, Unpushed};
use crate::host::Host;
use crate::outcome::{Context, State};
use crate::request::Request;
use crate::response::Response;

use super::feed::{Feeder, taken};
use super::open_batch::OpenBatch;
use super::outcomes::{
    Arrivals, BatchBounds, OutcomeOrder, Outcomes, RequestSource, SharedTakings,
};
use super::owner::WorkersOwner;
use super::refused::{Refusal, Refused};

/// Feeding end of [`Client::channel`](crate::Client::channel).
///
/// Any thread can send requests through it. The batch ends when the intake and its clones are dropped.
pub struct Intake {
    batch: OpenBatch,
    arrivals: Arc<Arrivals>,
    takings: Arc<SharedTakings>,
    /// Feeder that remembers the last host. A thread that finds it in use by another thread uses a new one.
    feeder: Mutex<Feeder>,
}

impl<I, T> Outcomes<I, T>
where
    T: Send + 'static,
{
    /// Opens a batch that is fed through the [`Intake`].
    pub(crate) fn channel<F>(
        owner: &Arc<WorkersOwner>,
        order: OutcomeOrder,
        shape: BatchBounds,
        make: F,
    ) -> (Intake, Outcomes<I, T>)
    where
        F: Fn(&Context<'_>, Response) -> State<T> + Send + Sync + 'static,
    {
        let (arrivals, takings) = (Arrivals::new(), Arc::<SharedTakings>::default());
        let source = RequestSource::Intakes(Arc::clone(&arrivals));
        let shared = Some(Arc::clone(&takings));
        let outcomes = Outcomes::open(owner, source, shared, order, shape, make);
        let intake = Intake {
            batch: outcomes.batch().clone(),
            arrivals,
            takings,
            feeder: Mutex::default(),
        };
        (intake, outcomes)
    }
}

impl Intake {
    /// Hands in a request. Waits while the batch's window is full, until outcomes are taken.
    ///
    /// A duplicate in a batch that is [`unique`](crate::Outcomes::unique) is left out, and is no error.
    ///
    /// The thread that takes the outcomes may hand requests in too, but must not wait for itself: on the thread that
    /// took the last outcome (and in a closure of [`par_map`](crate::Outcomes::par_map)) a full window is an error, and
    /// the request comes back, to be handed in again after further outcomes. Before the first outcome is taken, no
    /// thread is known to take them, and `send` waits on each: a program that feeds and takes on one thread hands in no
    /// more than the [window](crate::ClientBuilder::window) to begin with, or uses [`try_send`](Intake::try_send).
    ///
    /// # Errors
    /// [`Refusal::WouldDeadlock`] as described above; [`Refusal::Closed`] if the [`Outcomes`](crate::Outcomes) were
    /// dropped or stopped, or the client was shut down. The request is in the error.
    pub fn send(&self, request: impl Into<Request>) -> Result<(), Refused> {
        self.unless_duplicate(request.into(), |request| self.send_when_room(request))
    }

    fn send_when_room(&self, request: Request) -> Result<(), Refused> {
        let (fed, why) = match self.push(request) {
            Ok(()) => return Ok(()),
            Err(Unpushed::Over(fed)) => (fed, Refusal::Closed),
            Err(Unpushed::Full(fed)) if self.takings.is_taken_here() => {
                (fed, Refusal::WouldDeadlock)
            }
            Err(Unpushed::Full(fed)) => {
                let (executor, id) = (self.batch.executor(), self.batch.id());
                let number = || self.arrivals.next_number();
                match Executor::blocking(|| executor.push_when_room(id, fed, number)) {
                    Ok(()) => return Ok(()),
                    Err(fed) => (fed, Refusal::Closed),
                }
            }
        };
        Err(Refused::new(fed.into_request(), why))
    }

    /// Hands in a request if there is room for it, without waiting.
    ///
    /// # Errors
    /// [`Refusal::Full`] while the batch's window is full; [`Refusal::Closed`] as [`send`](Intake::send). The request
    /// is in the error.
    pub fn try_send(&self, request: impl Into<Request>) -> Result<(), Refused> {
        self.unless_duplicate(request.into(), |request| {
            let (fed, why) = match self.push(request) {
                Ok(()) => return Ok(()),
                Err(Unpushed::Over(fed)) => (fed, Refusal::Closed),
                Err(Unpushed::Full(fed)) => (fed, Refusal::Full),
            };
            Err(Refused::new(fed.into_request(), why))
        })
    }

    /// Takes back up to `count` requests that wait for this host, and returns their number.
    ///
    /// These are the requests that would start last. Each ends at once, as cancelled and with the reason [`StopReason::GivenBack`](crate::StopReason::GivenBack), and
    /// comes with the other outcomes. It counts as not done. Requests that wait for a retry, or
    /// for a look at a file that may be there already, stay.
    pub fn give_back(&self, host: &Host, count: usize) -> usize {
        let executor = self.batch.executor();
        executor.give_back(self.batch.id(), host, count)
    }

    /// Sends a request, unless the batch is unique and has an equal one. A request that is refused may be sent again.
    fn unless_duplicate(
        &self,
        request: Request,
        send: impl FnOnce(Request) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let defaults = self.batch.defaults();
        if let Some(mut seen) = self.arrivals.seen()
            && !seen.add(defaults, &request)
        {
            return Ok(());
        }
        let result = send(request);
        if let Err(refused) = &result
            && let Some(mut seen) = self.arrivals.seen()
        {
            seen.remove(defaults, refused.request());
        }
        result
    }

    fn push(&self, request: Request) -> Result<(), Unpushed> {
        let executor = self.batch.executor();
        let defaults = self.batch.defaults();
        let request = taken(defaults, request);
        let receiver = Arc::clone(self.batch.receiver());
        let now = executor.now();
        // The number of the request is given under the executor's lock, in the order of the requests.
        let fed = match self.feeder.try_lock() {
            Ok(mut feeder) => feeder.feed(defaults, request, 0, receiver, now),
            Err(_) => Feeder::default().feed(defaults, request, 0, receiver, now),
        };
        let (number, owed) = (|| self.arrivals.next_number(), || self.takings.pay());
        executor.push_now(self.batch.id(), fed, number, owed)
    }
}

impl Clone for Intake {
    fn clone(&self) -> Self {
        self.arrivals.open_intake();
        Intake {
            batch: self.batch.clone(),
            arrivals: Arc::clone(&self.arrivals),
            takings: Arc::clone(&self.takings),
            feeder: Mutex::default(),
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        if self.arrivals.close_intake() {
            // The taking end may wait for an outcome that will not come.
            self.batch.receiver().nudge();
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("accepted", &self.arrivals.accepted())
            .finish_non_exhaustive()
    }
}
