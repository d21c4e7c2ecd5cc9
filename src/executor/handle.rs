//! Handle of one submitted request.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::outcome::Outcome;
use crate::redact::escape::log_line;
use crate::request::Request;
use crate::schedule::Id;

use super::current_worker::{begin_return, release_permit};
use super::job::Receiver;
use super::shared::Executor;

/// Handle of a submitted request, to wait for its outcome, check for it, or cancel the request.
///
/// It can also call back when the outcome is there.
///
/// Clones stand for the same request. Dropping all of them changes nothing: the request runs on.
///
/// ```no_run
/// # let client = haul::Client::new();
/// let handle = client.submit("https://example.com/").unwrap();
/// handle.on_done(|outcome| println!("{:?}", outcome.status()));
/// let outcome = handle.wait();
/// ```
#[derive(Clone)]
#[doc(alias = "Future")]
pub struct Handle(Arc<HandleCell>);

/// Error of a wait whose time limit passed before the outcome was there. The request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no outcome within {0:?}")]
pub struct TimedOut(pub(crate) Duration);

type Callback = Box<dyn FnOnce(&Arc<Outcome>) + Send>;

/// Channel to which the end of a request is told, under a number.
pub(crate) struct HandleWatcher {
    pub(crate) to: Sender<usize>,
    pub(crate) number: usize,
    /// Number that tells one set of watchers from another.
    pub(crate) set: u64,
}

struct HandleCell {
    executor: Arc<Executor>,
    request: Arc<Request>,
    /// Time limit over all attempts. `None`: no limit.
    limit: Option<Duration>,
    job: OnceLock<Id>,
    end: Arc<Completion>,
}

/// End of a request: the worker's side of a handle.
#[derive(Default)]
struct Completion {
    state: Mutex<HandleState>,
    done: Condvar,
}

#[derive(Default)]
struct HandleState {
    outcome: Option<Arc<Outcome>>,
    callbacks: Vec<Callback>,
    /// Thread that runs the callbacks, which hold the outcome meanwhile. `None`: no callback runs.
    telling: Option<ThreadId>,
    watchers: Vec<HandleWatcher>,
    /// Number of threads that wait for the outcome. At 0 no condvar is notified, since even a notification without
    /// waiting threads is a system call.
    waiting: usize,
}

impl Handle {
    pub(crate) fn new(
        executor: &Arc<Executor>,
        request: Arc<Request>,
        limit: Option<Duration>,
    ) -> Handle {
        Handle(Arc::new(HandleCell {
            executor: Arc::clone(executor),
            request,
            limit,
            job: OnceLock::new(),
            end: Arc::default(),
        }))
    }

    pub(crate) fn receiver(&self) -> Arc<dyn Receiver> {
        Arc::clone(&self.0.end) as Arc<dyn Receiver>
    }

    pub(crate) fn accepted(&self, job: Id) {
        let _ = self.0.job.set(job);
    }

    /// Returns the request.
    pub fn request(&self) -> &Arc<Request> {
        &self.0.request
    }

    /// Waits for the outcome. Works on any thread, also on one of the client's own workers.
    #[doc(alias = "result")]
    pub fn wait(&self) -> Arc<Outcome> {
        loop {
            if let Some(outcome) = self.wait_until(None) {
                return outcome;
            }
        }
    }

    /// Waits for the outcome and gives it by value, so that its response can be taken apart without a copy.
    ///
    /// # Errors
    /// With the shared outcome, if something else holds it too: another clone of this handle, or what `wait`,
    /// `try_outcome` or a callback has given and is still kept.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let handle = client.submit("https://example.com/").unwrap();
    /// if let Ok(outcome) = handle.into_outcome() {
    ///     let body = outcome.into_result().map(haul::Response::into_bytes);
    ///     println!("{body:?}");
    /// }
    /// ```
    pub fn into_outcome(self) -> Result<Outcome, Arc<Outcome>> {
        let outcome = self.wait();
        let Some(cell) = Arc::into_inner(self.0) else {
            return Err(outcome);
        };
        cell.end.give(outcome)
    }

    /// Waits for the outcome for at most `limit`. A `limit` of zero only checks.
    ///
    /// # Errors
    /// If the outcome is not there in time. The request is not cancelled, and a later wait still works.
    pub fn wait_timeout(&self, limit: Duration) -> Result<Arc<Outcome>, TimedOut> {
        // A limit past the end of time is none.
        let clock = &self.0.executor.clock;
        let until = clock.now().checked_add(limit);
        loop {
            if let Some(outcome) = self.wait_until(until) {
                return Ok(outcome);
            }
            if until.is_some_and(|until| until <= clock.now()) {
                return Err(TimedOut(limit));
            }
        }
    }

    /// Returns the outcome. `None`: the request has not ended.
    pub fn try_outcome(&self) -> Option<Arc<Outcome>> {
        self.0.end.lock().outcome.clone()
    }

    /// Cancels the request. False if the request had ended, or if its response had arrived.
    ///
    /// A waiting request ends now, on this thread. The connection of a request under way is shut down, and the request
    /// ends as cancelled very soon. Unlike Python's `Future.cancel`, this works on running requests.
    pub fn cancel(&self) -> bool {
        let job = self.0.job.get().filter(|_| !self.is_done());
        let aborted = job.is_some_and(|job| self.0.executor.cancel(*job));
        // The request may have ended since the check above, because it had been cancelled before.
        aborted || self.is_cancelled()
    }

    /// True if the outcome is there, including the outcome of a cancelled request.
    #[doc(alias = "done")]
    pub fn is_done(&self) -> bool {
        self.0.end.lock().outcome.is_some()
    }

    /// True while an attempt is under way.
    #[doc(alias = "running")]
    pub fn is_running(&self) -> bool {
        !self.is_done()
            && self
                .0
                .job
                .get()
                .is_some_and(|job| self.0.executor.is_running(*job))
    }

    /// True if the request ended as cancelled.
    #[doc(alias = "cancelled")]
    pub fn is_cancelled(&self) -> bool {
        self.try_outcome()
            .is_some_and(|outcome| outcome.is_cancelled())
    }

    /// Calls `f` with the outcome when it is there, or now.
    ///
    /// The call is made on the worker when the request ends (in the order the callbacks were added), on the thread that
    /// cancels it, or now, on this thread, if the request has ended. A panic in `f` is logged and changes nothing.
    #[doc(alias = "add_done_callback")]
    pub fn on_done(&self, f: impl FnOnce(&Arc<Outcome>) + Send + 'static) {
        let mut state = self.0.end.lock();
        match state.outcome.clone() {
            Some(outcome) => {
                drop(state);
                call(Box::new(f), &outcome);
            }
            None => state.callbacks.push(Box::new(f)),
        }
    }

    /// Tells the watcher when the request ends, or now if it has ended.
    pub(crate) fn watch(&self, watcher: HandleWatcher) {
        let mut state = self.0.end.lock();
        if state.outcome.is_some() {
            // A send to a dropped receiver fails, and no harm is done.
            let _ = watcher.to.send(watcher.number);
        } else {
            state.watchers.push(watcher);
        }
    }

    /// Removes the watchers of one set.
    pub(crate) fn unwatch(&self, set: u64) {
        self.0
            .end
            .lock()
            .watchers
            .retain(|watcher| watcher.set != set);
    }

    /// Returns an address that tells handles of different requests apart.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    pub(crate) fn executor(&self) -> &Arc<Executor> {
        &self.0.executor
    }

    /// Returns the outcome if it is there before `until` or before the next deadline of any waiting job. `None`: it is
    /// not.
    fn wait_until(&self, until: Option<Instant>) -> Option<Arc<Outcome>> {
        if let Some(outcome) = self.try_outcome() {
            return Some(outcome);
        }
        let executor = &self.0.executor;
        let limit = self.0.limit;
        let patience = limit.and_then(|limit| executor.clock.now().checked_add(limit));
        let until = [until, executor.expire(), patience]
            .into_iter()
            .flatten()
            .min();
        Executor::blocking(|| {
            let end = &self.0.end;
            let mut state = end.lock();
            state.waiting += 1;
            while state.outcome.is_none() {
                if until.is_some_and(|until| until <= executor.clock.now()) {
                    break;
                }
                state = executor.wait_as_caller(&end.done, state, until);
            }
            state.waiting -= 1;
            state.outcome.clone()
        })
    }
}

impl Completion {
    fn lock(&self) -> MutexGuard<'_, HandleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the outcome by value, of which the caller holds `outcome`, if nothing else holds it. Otherwise returns
    /// `outcome`.
    fn give(&self, outcome: Arc<Outcome>) -> Result<Outcome, Arc<Outcome>> {
        Executor::blocking(|| {
            let mut state = self.lock();
            // A callback that asks for the outcome holds it itself.
            let own = thread::current().id();
            state.waiting += 1;
            while state.telling.is_some_and(|teller| teller != own) {
                state = self
                    .done
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.waiting -= 1;
            state.outcome = None;
        });
        Arc::try_unwrap(outcome)
    }
}

fn call(callback: Callback, outcome: &Arc<Outcome>) {
    if catch_unwind(AssertUnwindSafe(|| callback(outcome))).is_err() {
        log_line!(Error, "{}: a callback panicked", outcome.url());
    }
}

impl Receiver for Completion {
    fn deliver(&self, outcome: Outcome) -> u64 {
        let outcome = Arc::new(outcome);
        let mut state = self.lock();
        let callbacks = std::mem::take(&mut state.callbacks);
        let watchers = std::mem::take(&mut state.watchers);
        let told = match callbacks.is_empty() {
            true => {
                begin_return();
                state.outcome = Some(outcome);
                None
            }
            false => {
                state.telling = Some(thread::current().id());
                state.outcome = Some(Arc::clone(&outcome));
                Some(outcome)
            }
        };
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.done.notify_all();
        }
        for watcher in watchers {
            let _ = watcher.to.send(watcher.number);
        }
        if let Some(outcome) = told {
            release_permit();
            for callback in callbacks {
                call(callback, &outcome);
            }
            drop(outcome);
            let mut state = self.lock();
            state.telling = None;
            let is_awaited = state.waiting > 0;
            drop(state);
            if is_awaited {
                self.done.notify_all();
            }
        }
        0
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle")
            .field(&self.0.request)
            .field(&self.try_outcome())
            .finish()
    }
}
