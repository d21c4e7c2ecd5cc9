//! The worker that the calling thread is, if it is a worker. This is the only thread-local of the executor: a hook or
//! closure of the caller may send or wait, and no argument hands it the worker it runs on.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::schedule::{CpuPressure, Id};

/// State of a worker, as seen by its own thread.
struct CurrentWorker {
    executor: Arc<dyn Any + Send + Sync>,
    /// Number of the executor's workers that are about to look for work.
    returning: Arc<AtomicUsize>,
    release: Box<dyn Fn(Id)>,
    /// Job that the worker runs. `None`: no job, or its place was given to another worker.
    job: Cell<Option<Id>>,
    /// True if the worker holds a permit for the job.
    holds_permit: Cell<bool>,
    /// True while the worker waits inside the caller's code, and counts as blocked.
    is_blocked: Cell<bool>,
    /// True if the worker is counted in `returning`.
    is_returning: Cell<bool>,
    /// True while the worker delivers outcomes of other jobs, after which it does not look for work.
    delivers_others: Cell<bool>,
    /// Observation at the end of the last work under a CPU permit. `None`: there is none to tell.
    seen: Cell<Option<CpuPressure>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<CurrentWorker>>> = const { RefCell::new(None) };
}

/// Returns the worker that the calling thread is. `None`: the thread is no worker. No borrow outlasts the call, since
/// the caller's code may run meanwhile.
fn current() -> Option<Rc<CurrentWorker>> {
    CURRENT.with_borrow(Option::clone)
}

/// Runs `run` on this thread as a worker of `executor`. `returning` counts the workers that are about to look for work,
/// and `release` gives back a job's permit.
pub(super) fn run_as_worker<T: Any + Send + Sync>(
    executor: &Arc<T>,
    returning: &Arc<AtomicUsize>,
    release: impl Fn(Id) + 'static,
    run: impl FnOnce(),
) {
    CURRENT.set(Some(Rc::new(CurrentWorker {
        executor: Arc::clone(executor) as Arc<dyn Any + Send + Sync>,
        returning: Arc::clone(returning),
        release: Box::new(release),
        job: Cell::default(),
        holds_permit: Cell::default(),
        is_blocked: Cell::default(),
        is_returning: Cell::default(),
        delivers_others: Cell::default(),
        seen: Cell::default(),
    })));
    run();
    CURRENT.take();
}

/// Returns the executor whose worker the calling thread is. `None`: the thread is no worker of such an executor.
pub(super) fn executor<T: Any + Send + Sync>() -> Option<Arc<T>> {
    Arc::clone(&current()?.executor).downcast().ok()
}

/// Returns true if the calling thread is a worker of `executor`.
pub(super) fn is_worker_of<T>(executor: &Arc<T>) -> bool {
    current()
        .is_some_and(|worker| Arc::as_ptr(&worker.executor).addr() == Arc::as_ptr(executor).addr())
}

/// Makes the calling worker hold the permit of a job.
pub(super) fn hold_permit(job: Id) {
    if let Some(worker) = current() {
        worker.job.set(Some(job));
        worker.holds_permit.set(true);
    }
}

/// Returns true if the calling thread is a worker that holds a permit.
pub(super) fn holds_permit() -> bool {
    current().is_some_and(|worker| worker.holds_permit.get())
}

/// Gives back the permit that the calling worker holds, if it holds one.
pub(super) fn release_permit() {
    if let Some(worker) = current()
        && let Some(job) = worker.job.get()
        && worker.holds_permit.replace(false)
    {
        (worker.release)(job);
    }
}

/// Makes the calling worker hold no permit and run no job, since the schedule takes both back at once.
pub(super) fn forget_permit() {
    if let Some(worker) = current() {
        worker.job.set(None);
        worker.holds_permit.set(false);
    }
}

/// Returns the job that the calling worker runs, with a permit or without, and makes the worker run no job: the
/// schedule gives its place to another worker.
pub(super) fn give_up_job() -> Option<Id> {
    let worker = current()?;
    worker.holds_permit.set(false);
    worker.job.take()
}

/// Notes whether the calling worker counts as blocked. Returns the state before.
pub(super) fn set_blocked(blocked: bool) -> bool {
    current().is_some_and(|worker| worker.is_blocked.replace(blocked))
}

/// Counts the calling worker among those about to look for work, since none of the caller's code is left to run before.
/// A caller that is told of an outcome may hand in the next request before this worker looks: no second worker is
/// started for that request.
pub(crate) fn begin_return() {
    if let Some(worker) = current()
        && !worker.delivers_others.get()
        && !worker.is_returning.replace(true)
    {
        worker.returning.fetch_add(1, Ordering::SeqCst);
    }
}

/// Ends the return of the calling worker, which looks for work now or waits. Called under the lock of its executor.
pub(super) fn end_return() {
    if let Some(worker) = current()
        && worker.is_returning.replace(false)
    {
        worker.returning.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs `deliver`, which delivers outcomes of jobs other than the calling worker's own, so the worker does not look for
/// work next.
pub(super) fn deliver_others(deliver: impl FnOnce()) {
    let worker = current();
    let before = worker
        .as_ref()
        .map(|worker| worker.delivers_others.replace(true));
    deliver();
    if let Some((worker, before)) = worker.zip(before) {
        worker.delivers_others.set(before);
    }
}

/// Keeps the observation made at the end of CPU work until the schedule is told of it.
pub(super) fn keep_seen(seen: Option<CpuPressure>) {
    if let Some(worker) = current() {
        worker.seen.set(seen);
    }
}

/// Takes the observation made at the end of the last CPU work. `None`: there is none.
pub(super) fn take_seen() -> Option<CpuPressure> {
    current()?.seen.take()
}
