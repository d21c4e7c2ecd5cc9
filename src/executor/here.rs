//! What the calling thread is: a worker of some executor, or not.

use std::cell::Cell;
use std::sync::Arc;

use crate::schedule::Id;

thread_local! {
    /// The executor whose worker this thread is, by its address.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
    /// The job this worker holds a permit for.
    static HOLDS: Cell<Option<Id>> = const { Cell::new(None) };
}

/// This thread is a worker of `executor` from here on.
pub(super) fn enter<T>(executor: &Arc<T>) {
    WORKS_FOR.set(Arc::as_ptr(executor) as usize);
}

/// Whether the calling thread is a worker of `executor`.
pub(super) fn is_worker_of<T>(executor: &Arc<T>) -> bool {
    WORKS_FOR.get() == Arc::as_ptr(executor) as usize
}

/// The worker holds a permit for this job, or for none.
pub(super) fn hold(job: Option<Id>) {
    HOLDS.set(job);
}

/// The job whose permit the worker holds, which it holds no longer.
pub(super) fn let_go() -> Option<Id> {
    HOLDS.take()
}
