//! What the calling thread is: a worker of some executor, or not.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::schedule::Id;

/// Whom a worker works for.
struct Work {
    executor: Arc<dyn Any + Send + Sync>,
    returning: Arc<AtomicUsize>,
    release: Arc<dyn Fn(Id)>,
}

thread_local! {
    /// Whom this thread works for, as a worker.
    static WORKS_FOR: RefCell<Option<Work>> = const { RefCell::new(None) };
    /// The job this worker is at.
    static AT: Cell<Option<Id>> = const { Cell::new(None) };
    /// It holds a permit for it.
    static HOLDS: Cell<bool> = const { Cell::new(false) };
    /// This worker has said that it is soon back.
    static RETURNS: Cell<bool> = const { Cell::new(false) };
    /// What is told here and now is not the end of this worker's own job.
    static ASIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs this thread's work as a worker of `executor`, where `returning` counts the workers that are soon back and
/// `release` gives a job's permit back.
pub(crate) fn work<T: Any + Send + Sync>(
    executor: &Arc<T>,
    returning: &Arc<AtomicUsize>,
    release: impl Fn(Id) + 'static,
    run: impl FnOnce(),
) {
    WORKS_FOR.set(Some(Work {
        executor: Arc::clone(executor) as Arc<dyn Any + Send + Sync>,
        returning: Arc::clone(returning),
        release: Arc::new(release),
    }));
    run();
    WORKS_FOR.take();
}

/// The executor whose worker the calling thread is.
pub(crate) fn own<T: Any + Send + Sync>() -> Option<Arc<T>> {
    WORKS_FOR.with_borrow(|work| Arc::clone(&work.as_ref()?.executor).downcast().ok())
}

/// Whether the calling thread is a worker of `executor`.
pub(crate) fn is_worker_of<T>(executor: &Arc<T>) -> bool {
    WORKS_FOR.with_borrow(|work| {
        work.as_ref()
            .is_some_and(|work| Arc::as_ptr(&work.executor).addr() == Arc::as_ptr(executor).addr())
    })
}

/// The worker holds a permit for this job, or for none.
pub(crate) fn hold(job: Option<Id>) {
    AT.set(job);
    HOLDS.set(job.is_some());
}

/// Whether the worker holds a permit.
pub(crate) fn holds() -> bool {
    HOLDS.get()
}

/// The calling worker, of whatever executor, gives back the permit it holds, if it does. Before the caller's code runs
/// that is told how an attempt ended; it may run on.
pub(crate) fn release_own() {
    let Some(job) = AT.get().filter(|_| HOLDS.replace(false)) else {
        return;
    };
    let release = WORKS_FOR.with_borrow(|work| Some(Arc::clone(&work.as_ref()?.release)));
    if let Some(release) = release {
        release(job);
    }
}

/// The job the worker is at, with a permit or without, of which it holds nothing any longer.
pub(crate) fn let_all_go() -> Option<Id> {
    HOLDS.set(false);
    AT.take()
}

/// Says that nothing of the caller's is left to do before this worker looks for work. Whoever is told of an outcome
/// may ask for the next thing before that: no second worker is to be started for it.
pub(crate) fn soon_back() {
    WORKS_FOR.with_borrow(|work| {
        if let Some(work) = work
            && !ASIDE.get()
            && !RETURNS.replace(true)
        {
            work.returning.fetch_add(1, Ordering::SeqCst);
        }
    });
}

/// The calling worker is back. Under the lock of its executor.
pub(crate) fn back() {
    if RETURNS.replace(false) {
        WORKS_FOR.with_borrow(|work| {
            if let Some(work) = work {
                work.returning.fetch_sub(1, Ordering::SeqCst);
            }
        });
    }
}

/// Tells of jobs other than the worker's own, after which it is not back.
pub(crate) fn aside(tell: impl FnOnce()) {
    let before = ASIDE.replace(true);
    tell();
    ASIDE.set(before);
}
