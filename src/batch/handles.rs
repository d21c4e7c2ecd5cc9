//! Waiting for several submitted requests.

use std::collections::HashSet;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};

use crate::executor::{Executor, Handle, HandleWatcher};

use super::ending::Unfinished;
use super::receiving::{earliest, recv_until};

/// Returns an iterator over handles as their requests end.
///
/// First come the handles of requests that have ended, then each of the others when its request ends. A handle given
/// twice comes once; handles of several clients may be mixed.
///
/// Dropping the iterator half way does not affect the requests.
///
/// ```no_run
/// # let client = haul::Client::new();
/// let handles = ["https://example.com/1", "https://example.com/2"].map(|url| client.submit(url).unwrap());
/// for handle in haul::batch::as_completed(handles) {
///     println!("{:?}", handle.wait().status());
/// }
/// ```
pub fn as_completed(handles: impl IntoIterator<Item = Handle>) -> Completed {
    static SETS: AtomicU64 = AtomicU64::new(0);
    let mut seen = HashSet::new();
    let handles: Vec<_> = handles
        .into_iter()
        .filter(|handle| seen.insert(handle.address()))
        .map(Some)
        .collect();
    let mut executors: Vec<Arc<Executor>> = Vec::new();
    for executor in handles.iter().flatten().map(Handle::executor) {
        if !executors.iter().any(|known| Arc::ptr_eq(known, executor)) {
            executors.push(Arc::clone(executor));
        }
    }
    let (to, ended) = unbounded();
    let set = SETS.fetch_add(1, Ordering::Relaxed);
    for (number, handle) in handles.iter().flatten().enumerate() {
        handle.watch(HandleWatcher {
            to: to.clone(),
            number,
            set,
        });
    }
    Completed {
        left: handles.len(),
        total: handles.len(),
        handles,
        executors,
        ended,
        set,
    }
}

/// Iterator of [`as_completed`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct Completed {
    /// Handles to give, by position. `None`: the handle was given.
    handles: Vec<Option<Handle>>,
    /// Executors that the handles belong to, each listed once.
    executors: Vec<Arc<Executor>>,
    /// Positions in `handles` of requests that have ended. Bounded by the number of handles, since each position comes
    /// once.
    ended: Receiver<usize>,
    /// Number of handles that were not given yet.
    left: usize,
    total: usize,
    /// Number that tells this iterator's watchers from those of other iterators.
    set: u64,
}

impl Completed {
    /// Limits the wait to `limit`, counted from now.
    ///
    /// The iterator gives the handles whose requests have ended by then, then one error with the number of unfinished
    /// requests. Those requests go on.
    pub fn timeout(self, limit: Duration) -> CompletedInTime {
        CompletedInTime {
            until: self.now().checked_add(limit),
            completed: Some(self),
        }
    }

    fn now(&self) -> Instant {
        let first = self.executors.first();
        first.map_or_else(Instant::now, |executor| executor.now())
    }

    /// Returns the next handle. `None`: all handles were given. An error: `until` passed.
    fn advance(&mut self, until: Option<Instant>) -> Result<Option<Handle>, Unfinished> {
        if self.left == 0 {
            return Ok(None);
        }
        let number = match self.ended.try_recv() {
            Ok(number) => number,
            Err(_) => self.wait(until)?,
        };
        self.left -= 1;
        Ok(self.handles.get_mut(number).and_then(Option::take))
    }

    fn wait(&mut self, until: Option<Instant>) -> Result<usize, Unfinished> {
        let late = Unfinished {
            unfinished: self.left,
            total: self.total,
        };
        loop {
            // A waiting thread ends requests that are past their deadline, also if no worker is free to do so.
            let deadline = self.executors.iter().filter_map(Executor::expire).min();
            let bound = earliest([deadline, until]);
            let sleeps = || {
                self.executors
                    .iter()
                    .map(|executor| executor.clock().sleep_limit(bound))
            };
            let wait = || recv_until(&self.ended, sleeps().flatten().min());
            match Executor::blocking(wait) {
                Ok(number) => return Ok(number),
                Err(_) if until.is_some_and(|until| until <= self.now()) => return Err(late),
                Err(_) => {}
            }
        }
    }
}

impl Iterator for Completed {
    type Item = Handle;

    fn next(&mut self) -> Option<Handle> {
        self.advance(None).ok().flatten()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Completed {}
impl FusedIterator for Completed {}

impl Drop for Completed {
    fn drop(&mut self) {
        for handle in self.handles.iter().flatten() {
            handle.unwatch(self.set);
        }
    }
}

impl fmt::Debug for Completed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed")
            .field("left", &self.left)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

/// [`Completed`] with a time limit.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct CompletedInTime {
    /// Iterator under the limit. `None`: the iteration is over.
    completed: Option<Completed>,
    /// End of the limit. `None`: it lies beyond the end of time.
    until: Option<Instant>,
}

impl Iterator for CompletedInTime {
    type Item = Result<Handle, Unfinished>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.completed.as_mut()?.advance(self.until).transpose();
        if !matches!(next, Some(Ok(_))) {
            self.completed = None;
        }
        next
    }
}

impl FusedIterator for CompletedInTime {}

/// Condition that [`wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReturnWhen {
    /// A request has ended.
    #[doc(alias = "FIRST_COMPLETED")]
    FirstCompleted,
    /// A request has failed (a cancelled one does not count), or all have ended.
    #[doc(alias = "FIRST_EXCEPTION")]
    FirstFailed,
    /// All requests have ended.
    #[doc(alias = "ALL_COMPLETED")]
    AllCompleted,
}

/// Result of [`wait`]: handles by the state of their requests, each list in the order of the input.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Waited {
    /// Handles whose requests have ended.
    pub done: Vec<Handle>,
    /// Handles whose requests have not ended.
    pub not_done: Vec<Handle>,
}

/// Waits until enough of the requests have ended, or until `limit` has passed, which is no error.
///
/// ```no_run
/// use std::time::Duration;
/// use haul::batch::{ReturnWhen, wait};
///
/// # let client = haul::Client::new();
/// let handles = ["https://example.com/1", "https://example.com/2"].map(|url| client.submit(url).unwrap());
/// let waited = wait(&handles, ReturnWhen::FirstCompleted, Some(Duration::from_secs(5)));
/// println!("{} done, {} not", waited.done.len(), waited.not_done.len());
/// ```
pub fn wait(handles: &[Handle], when: ReturnWhen, limit: Option<Duration>) -> Waited {
    let first = handles.first();
    let now = first.map_or_else(Instant::now, |handle| handle.executor().now());
    let until = limit.and_then(|limit| now.checked_add(limit));
    let failed = |handle: &Handle| {
        handle
            .try_outcome()
            .is_some_and(|o| o.is_failed() && !o.is_cancelled())
    };
    let enough = || match when {
        ReturnWhen::FirstCompleted => handles.iter().any(Handle::is_done),
        ReturnWhen::FirstFailed => handles.iter().any(failed),
        ReturnWhen::AllCompleted => false,
    };
    if !enough() {
        let mut completed = as_completed(handles.iter().cloned());
        while let Ok(Some(handle)) = completed.advance(until) {
            let stop = match when {
                ReturnWhen::FirstCompleted => true,
                ReturnWhen::FirstFailed => failed(&handle),
                ReturnWhen::AllCompleted => false,
            };
            if stop {
                break;
            }
        }
    }
    let mut waited = Waited::default();
    let mut seen = HashSet::new();
    for handle in handles
        .iter()
        .filter(|handle| seen.insert(handle.address()))
    {
        let side = if handle.is_done() {
            &mut waited.done
        } else {
            &mut waited.not_done
        };
        side.push(handle.clone());
    }
    waited
}
