//! What the calling thread is: a worker of some executor, or not.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::schedule::Id;

use super::shared::Executor;

thread_local! {
    /// The executor whose worker this thread is.
    static WORKS_FOR: RefCell<Option<Arc<Executor>>> = const { RefCell::new(None) };
    /// The job this worker holds a permit for.
    static HOLDS: Cell<Option<Id>> = const { Cell::new(None) };
}

/// This thread is a worker of `executor` from here on, or of none.
pub(super) fn enter(executor: Option<&Arc<Executor>>) {
    WORKS_FOR.set(executor.cloned());
}

/// The executor whose worker the calling thread is.
pub(super) fn own() -> Option<Arc<Executor>> {
    WORKS_FOR.with_borrow(Clone::clone)
}

/// Whether the calling thread is a worker of `executor`.
pub(super) fn is_worker_of(executor: &Arc<Executor>) -> bool {
    WORKS_FOR.with_borrow(|own| own.as_ref().is_some_and(|own| Arc::ptr_eq(own, executor)))
}

/// The worker holds a permit for this job, or for none.
pub(super) fn hold(job: Option<Id>) {
    HOLDS.set(job);
}

/// The job whose permit the worker holds, which it holds no longer.
pub(super) fn let_go() -> Option<Id> {
    HOLDS.take()
}
