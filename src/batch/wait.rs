//! Waiting for several submitted requests.

use std::collections::HashSet;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};

use crate::executor::{Executor, Handle, Watcher};

use super::control::Unfinished;

/// Handles as their requests end: those that have ended first, then each as it does. The same handle given twice comes
/// once; handles of several clients mix.
///
/// Dropping it half way changes nothing about the requests.
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
        handle.watch(Watcher {
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

/// The iterator of [`as_completed`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct Completed {
    handles: Vec<Option<Handle>>,
    /// Those the handles belong to, each once.
    executors: Vec<Arc<Executor>>,
    /// One number for each handle at most: the bound is their count.
    ended: Receiver<usize>,
    left: usize,
    total: usize,
    set: u64,
}

impl Completed {
    /// Gives up after `limit`, counted from now: what has ended by then, then one error that says how many have not.
    /// Those go on.
    pub fn timeout(self, limit: Duration) -> CompletedInTime {
        CompletedInTime {
            until: Instant::now().checked_add(limit),
            completed: Some(self),
        }
    }

    /// The next handle. An error: `until` passed.
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
            // Whoever waits sees to it that what is past its deadline ends.
            let deadline = self.executors.iter().filter_map(Executor::expire).min();
            let bound = [deadline, until].into_iter().flatten().min();
            let received = Executor::blocking(|| match bound {
                Some(bound) => self.ended.recv_deadline(bound),
                None => self
                    .ended
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
            });
            match received {
                Ok(number) => return Ok(number),
                Err(_) if until.is_some_and(|until| until <= Instant::now()) => return Err(late),
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

/// [`Completed`] with a limit.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct CompletedInTime {
    completed: Option<Completed>,
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

/// What [`wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReturnWhen {
    /// Any has ended.
    #[doc(alias = "FIRST_COMPLETED")]
    FirstCompleted,
    /// Any has failed (a cancelled one does not count), or all have ended.
    #[doc(alias = "FIRST_EXCEPTION")]
    FirstFailed,
    /// All have ended.
    #[doc(alias = "ALL_COMPLETED")]
    AllCompleted,
}

/// What [`wait`] found, both in the order of the input.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Waited {
    /// Those that have ended.
    pub done: Vec<Handle>,
    /// Those that have not.
    pub not_done: Vec<Handle>,
}

/// Waits until enough of the requests have ended, or `limit` has passed: that is no error.
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
    let until = limit.and_then(|limit| Instant::now().checked_add(limit));
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
