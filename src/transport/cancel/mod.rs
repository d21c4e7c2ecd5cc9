//! Ending an attempt from another thread, and seeing from there if it hangs.

pub(in crate::transport) mod activity;

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use self::activity::Activity;

/// Through which another thread ends the attempt a worker is at. Each worker has one and uses it for all its attempts.
///
/// What the attempt blocks on is published here before it blocks, and withdrawn before it is given to anybody else
/// (a connection back to the pool), so an abort never reaches more than the attempt it is meant for.
#[derive(Default)]
pub(crate) struct CancelSlot {
    state: Mutex<State>,
    /// A copy of `state.cancelled`, to be read where the lock must not be taken.
    cancelled: AtomicBool,
    pub(in crate::transport) activity: Arc<Activity>,
    /// True if the head of the response to the current attempt has come. Kept beside `activity`, which is written only
    /// for attempts that are watched.
    head: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Counts attempts, so that an abort that comes late does not hit the next one.
    attempt: u64,
    cancelled: bool,
    /// The attempt has ended: what it came to is settled.
    over: bool,
    blocked_on: Blocked,
}

#[derive(Default)]
enum Blocked {
    #[default]
    Nothing,
    /// The connection in use, or the one being opened.
    Socket(Arc<TcpStream>),
    /// Connections to several addresses of one host, being opened at once.
    #[cfg(any(unix, test))]
    Sockets(Vec<Arc<TcpStream>>),
    /// Anything that waits on a condition variable.
    Waiting(Arc<dyn Wake>),
}

/// Something a worker waits for other than a socket.
pub(in crate::transport) trait Wake: Send + Sync {
    /// Makes every waiter look at its slot again.
    fn wake(&self);
}

/// Names one attempt of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// The attempt was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) struct Cancelled;

impl CancelSlot {
    pub(crate) fn new() -> Arc<CancelSlot> {
        Arc::new(CancelSlot::default())
    }

    /// Starts the next attempt: clears an earlier abort. The ticket is what [`abort`](CancelSlot::abort) takes.
    pub(crate) fn begin(&self) -> Ticket {
        let mut state = self.lock();
        state.attempt += 1;
        state.cancelled = false;
        state.over = false;
        state.blocked_on = Blocked::Nothing;
        self.cancelled.store(false, Ordering::Release);
        self.activity.watch(false);
        self.head.store(false, Ordering::Relaxed);
        Ticket(state.attempt)
    }

    /// Ends the attempt, whatever it blocks on. `false` when that attempt is no longer the current one, or ended without
    /// having been aborted.
    ///
    /// The sockets are shut down under the lock: once [`withdraw`](CancelSlot::withdraw) has returned, no shutdown can
    /// hit a connection that serves somebody else by then.
    pub(crate) fn abort(&self, ticket: Ticket) -> bool {
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

    /// The attempt is over: an abort that comes from here on changes nothing. Says whether one came before.
    pub(crate) fn end(&self) -> bool {
        let mut state = self.lock();
        state.over = true;
        state.blocked_on = Blocked::Nothing;
        state.cancelled
    }

    /// Whether the current attempt was aborted.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Has the attempt that was begun keep [`waits_since`](Self::waits_since), for other threads.
    pub(crate) fn watch(&self) {
        self.activity.watch(true);
    }

    /// Since when the attempt, if it is [watched](Self::watch), has waited for its host to take or send a byte. `None`: it
    /// does not wait, or the response head has come.
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

    /// From here on an abort shuts this socket down.
    pub(in crate::transport) fn publish(&self, socket: &Arc<TcpStream>) -> Result<(), Cancelled> {
        self.block_on(Blocked::Socket(Arc::clone(socket)))
    }

    /// Like [`publish`](CancelSlot::publish), beside those published before.
    #[cfg(any(unix, test))]
    pub(in crate::transport) fn publish_another(
        &self,
        socket: &Arc<TcpStream>,
    ) -> Result<(), Cancelled> {
        let mut state = self.lock();
        if state.cancelled {
            return Err(Cancelled);
        }
        match &mut state.blocked_on {
            Blocked::Sockets(sockets) => sockets.push(Arc::clone(socket)),
            other => *other = Blocked::Sockets(vec![Arc::clone(socket)]),
        }
        Ok(())
    }

    /// From here on an abort wakes this waiter.
    pub(in crate::transport) fn publish_waiter(
        &self,
        waiter: Arc<dyn Wake>,
    ) -> Result<(), Cancelled> {
        self.block_on(Blocked::Waiting(waiter))
    }

    /// From here on an abort reaches nothing any more. Says whether one came before.
    pub(in crate::transport) fn withdraw(&self) -> Result<(), Cancelled> {
        self.block_on(Blocked::Nothing)
    }

    fn block_on(&self, blocked_on: Blocked) -> Result<(), Cancelled> {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.blocked_on, blocked_on);
        let cancelled = state.cancelled;
        drop(state);
        // Its last reference may close a socket, which is no work to do under the lock.
        drop(before);
        if cancelled { Err(Cancelled) } else { Ok(()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Blocked {
    fn interrupt(&self) {
        // A socket that is closed already needs no shutdown, so an error means nothing here.
        match self {
            Blocked::Nothing => {}
            Blocked::Socket(socket) => drop(socket.shutdown(Shutdown::Both)),
            #[cfg(any(unix, test))]
            Blocked::Sockets(sockets) => {
                for socket in sockets {
                    drop(socket.shutdown(Shutdown::Both));
                }
            }
            Blocked::Waiting(waiter) => waiter.wake(),
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
    fn an_abort_after_the_end_changes_nothing_and_says_what_it_was() {
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
    fn an_abort_that_comes_late_does_not_hit_the_next_attempt() {
        let slot = CancelSlot::new();
        let first = slot.begin();
        slot.begin();
        assert!(!slot.abort(first));
        assert!(!slot.is_cancelled());
    }
}
