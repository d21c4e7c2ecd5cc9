//! Cancellation of an attempt from another thread, and detection of attempts that hang.

pub(in crate::transport) mod activity;

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use self::activity::Activity;

/// Slot through which another thread ends the worker's current attempt. Each worker has one slot and uses it for all
/// its attempts.
///
/// The socket or waiter that the attempt blocks on is published in the slot before the attempt blocks, and withdrawn
/// before it is given to another owner (a connection back to the pool), so an abort never reaches more than the attempt
/// that it is meant for.
#[derive(Default)]
pub(crate) struct CancelSlot {
    state: Mutex<SlotState>,
    /// Copy of `state.cancelled`, for reads that must not take the lock.
    cancelled: AtomicBool,
    pub(in crate::transport) activity: Arc<Activity>,
    /// True if the head of the response to the current attempt has come. Kept beside `activity`, which is written only
    /// for attempts that are watched.
    head: AtomicBool,
}

#[derive(Default)]
struct SlotState {
    /// Number of the current attempt, so that a late abort does not hit the next attempt.
    attempt: u64,
    cancelled: bool,
    /// True if the attempt is interrupted because another request for the same answer came first.
    outrun: bool,
    /// True if the attempt has ended and its result is settled.
    over: bool,
    blocked_on: BlockedOn,
}

#[derive(Default)]
enum BlockedOn {
    #[default]
    Nothing,
    /// Connection in use, or the connection being opened.
    Socket(Arc<TcpStream>),
    /// Connections being opened at once, to several addresses of one host.
    #[cfg(any(unix, test))]
    Sockets(Vec<Arc<TcpStream>>),
    /// Waiter on a condition variable.
    Waiting(Arc<dyn WakeWaiters>),
}

/// A wait of a worker that is not on a socket.
pub(crate) trait WakeWaiters: Send + Sync {
    /// Makes every waiter look at its slot again.
    fn wake(&self);
}

/// Number of one attempt of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptNumber(u64);

/// Error of an attempt that was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cancelled;

impl CancelSlot {
    pub(crate) fn new() -> Arc<CancelSlot> {
        Arc::new(CancelSlot::default())
    }

    /// Starts the next attempt and clears an earlier abort. Returns the ticket for [`abort`](CancelSlot::abort).
    pub(crate) fn begin(&self) -> AttemptNumber {
        let mut state = self.lock();
        state.attempt += 1;
        state.cancelled = false;
        state.outrun = false;
        state.over = false;
        state.blocked_on = BlockedOn::Nothing;
        self.cancelled.store(false, Ordering::Release);
        self.activity.watch(false);
        self.head.store(false, Ordering::Relaxed);
        AttemptNumber(state.attempt)
    }

    /// Ends the attempt, whatever it blocks on. Returns false if that attempt is no longer the current one, or ended
    /// without having been aborted.
    ///
    /// The sockets are shut down under the lock: after [`withdraw`](CancelSlot::withdraw) has returned, no shutdown can
    /// hit a connection that serves another attempt by then.
    pub(crate) fn abort(&self, ticket: AttemptNumber) -> bool {
        let mut state = self.lock();
        if state.attempt != ticket.0 {
            return false;
        }
        if state.over {
            return state.cancelled;
        }
        state.cancelled = true;
        self.cancelled.store(true, Ordering::Release);
        state.blocked_on.interrupt();
        true
    }

    /// Returns the number of the current attempt.
    pub(crate) fn number(&self) -> AttemptNumber {
        AttemptNumber(self.lock().attempt)
    }

    /// Interrupts the attempt, whatever it blocks on, without cancelling it: it goes on after
    /// [`catch_up`](CancelSlot::catch_up). Does nothing if that attempt is no longer the current one, or has ended.
    pub(crate) fn outrun(&self, ticket: AttemptNumber) {
        let mut state = self.lock();
        if state.attempt == ticket.0 && !state.over && !state.cancelled {
            state.outrun = true;
            self.cancelled.store(true, Ordering::Release);
            state.blocked_on.interrupt();
        }
    }

    /// Lets an attempt go on that was [outrun](CancelSlot::outrun). An attempt that was aborted stays so.
    pub(crate) fn catch_up(&self) {
        let mut state = self.lock();
        if std::mem::take(&mut state.outrun) {
            self.cancelled.store(state.cancelled, Ordering::Release);
        }
    }

    /// Ends the attempt: a later abort has no effect. Returns true if the attempt was aborted before.
    pub(crate) fn end(&self) -> bool {
        let mut state = self.lock();
        state.over = true;
        state.blocked_on = BlockedOn::Nothing;
        state.cancelled
    }

    /// True if the current attempt was aborted.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Makes the current attempt keep [`waits_since`](Self::waits_since), for other threads.
    pub(crate) fn watch(&self) {
        self.activity.watch(true);
    }

    /// Returns the time since which the attempt, if it is [watched](Self::watch), has waited for its host to take or
    /// send a byte. `None`: the attempt does not wait, or the response head has come.
    pub(crate) fn waits_since(&self) -> Option<Instant> {
        self.activity.waits_since()
    }

    /// Notes that the head of the response to the current attempt has come.
    pub(crate) fn note_head(&self) {
        self.head.store(true, Ordering::Relaxed);
    }

    /// Returns true if the head of the response to the current attempt has come.
    pub(crate) fn has_head(&self) -> bool {
        self.head.load(Ordering::Relaxed)
    }

    /// Publishes this socket: from now on an abort shuts it down.
    pub(in crate::transport) fn publish(&self, socket: &Arc<TcpStream>) -> Result<(), Cancelled> {
        self.block_on(BlockedOn::Socket(Arc::clone(socket)))
    }

    /// Publishes this socket like [`publish`](CancelSlot::publish), beside the sockets published before.
    #[cfg(any(unix, test))]
    pub(in crate::transport) fn publish_another(
        &self,
        socket: &Arc<TcpStream>,
    ) -> Result<(), Cancelled> {
        let mut state = self.lock();
        if state.cancelled || state.outrun {
            return Err(Cancelled);
        }
        match &mut state.blocked_on {
            BlockedOn::Sockets(sockets) => sockets.push(Arc::clone(socket)),
            other => *other = BlockedOn::Sockets(vec![Arc::clone(socket)]),
        }
        Ok(())
    }

    /// Publishes this waiter: from now on an abort wakes it.
    pub(crate) fn publish_waiter(&self, waiter: Arc<dyn WakeWaiters>) -> Result<(), Cancelled> {
        self.block_on(BlockedOn::Waiting(waiter))
    }

    /// Withdraws everything published: from now on an abort reaches no socket or waiter. The error says that an abort
    /// came before.
    pub(crate) fn withdraw(&self) -> Result<(), Cancelled> {
        self.block_on(BlockedOn::Nothing)
    }

    fn block_on(&self, blocked_on: BlockedOn) -> Result<(), Cancelled> {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.blocked_on, blocked_on);
        let cancelled = state.cancelled || state.outrun;
        drop(state);
        // The last reference may close a socket, which must not happen under the lock.
        drop(before);
        if cancelled { Err(Cancelled) } else { Ok(()) }
    }

    fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlockedOn {
    fn interrupt(&self) {
        // A socket that is already closed needs no shutdown, so the error is ignored.
        match self {
            BlockedOn::Nothing => {}
            BlockedOn::Socket(socket) => drop(socket.shutdown(Shutdown::Both)),
            #[cfg(any(unix, test))]
            BlockedOn::Sockets(sockets) => {
                for socket in sockets {
                    drop(socket.shutdown(Shutdown::Both));
                }
            }
            BlockedOn::Waiting(waiter) => waiter.wake(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abort_holds_until_the_next_attempt_begins() {
        let slot = CancelSlot::new();
        let first = slot.begin();
        assert!(!slot.is_cancelled());
        assert!(slot.abort(first));
        assert!(slot.is_cancelled());
        assert_eq!(slot.withdraw(), Err(Cancelled));
        slot.begin();
        assert!(!slot.is_cancelled());
        assert_eq!(slot.withdraw(), Ok(()));
    }

    #[test]
    fn an_abort_after_the_end_changes_nothing() {
        let slot = CancelSlot::new();
        let first = slot.begin();
        assert!(!slot.end());
        assert!(!slot.abort(first));
        assert!(!slot.is_cancelled());
        let second = slot.begin();
        assert!(slot.abort(second));
        assert!(slot.end());
        assert!(slot.abort(second));
    }

    #[test]
    fn an_attempt_that_was_outrun_goes_on_after_catching_up() {
        let slot = CancelSlot::new();
        let first = slot.begin();
        slot.outrun(first);
        assert_eq!(
            (slot.is_cancelled(), slot.withdraw()),
            (true, Err(Cancelled))
        );
        slot.catch_up();
        assert_eq!((slot.is_cancelled(), slot.withdraw()), (false, Ok(())));
        assert!(!slot.end());
    }

    #[test]
    fn an_abort_of_an_attempt_that_was_outrun_holds() {
        let slot = CancelSlot::new();
        let first = slot.begin();
        slot.outrun(first);
        assert!(slot.abort(first));
        slot.catch_up();
        assert!(slot.is_cancelled() && slot.end());
    }

    #[test]
    fn an_attempt_is_not_outrun_by_a_request_for_an_earlier_one() {
        let slot = CancelSlot::new();
        let first = slot.begin();
        slot.begin();
        slot.outrun(first);
        assert!(!slot.is_cancelled());
    }

    #[test]
    fn an_abort_that_comes_late_does_not_hit_the_next_attempt() {
        let slot = CancelSlot::new();
        let first = slot.begin();
        slot.begin();
        assert!(!slot.abort(first));
        assert!(!slot.is_cancelled());
    }
}
