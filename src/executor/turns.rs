//! Turns at computing: what callers make of large bodies runs on as many workers at a time as there are cores.
//!
//! A client has more workers than cores, since they wait for sockets. When many of them parse large bodies at once, the
//! cores go from one to the next before any is done: each finds its caches cold, and as many half-made values are in
//! memory as there are workers. One after another they are done sooner, and one value for each core is alive.
//!
//! A turn is a courtesy and no lock: where none has ended for a while one more is given, so no closure that waits for
//! another is ever stuck. And closures that were seen to wait (for a disk, for another service) rather than to
//! compute need no turns, so they get none for a while.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::transport::thread_time;

/// Bodies from this size on are worth a turn. What is made of smaller ones is done before anybody would be in its way.
const LARGE: usize = 32 * 1024;
/// How many closures in a row must have waited: one alone may just have been kept from its core.
const IN_A_ROW: usize = 4;
/// No turns are given then for so many times as long as the last of them took, so that finding out takes a small share
/// of the time.
const OPEN_TIMES: u32 = 32;

pub(crate) struct Turns {
    cores: usize,
    /// When no turn was given or has ended for so long, one more is given.
    patience: Duration,
    /// What is too short to tell computing from waiting.
    short: Duration,
    /// How long no turns are given after closures were seen to wait, at least.
    open: Duration,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    taken: usize,
    /// Turns that were given or have ended.
    moves: u64,
    /// How many closures in a row waited more than they computed.
    waited: usize,
    /// No turns are given before this instant.
    open_until: Option<Instant>,
}

/// A turn; it ends when it is dropped.
struct Turn<'a> {
    turns: &'a Turns,
    began: Instant,
    computed: Option<Duration>,
}

impl Default for Turns {
    fn default() -> Turns {
        keep_what_is_freed();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Turns {
            cores,
            patience: Duration::from_millis(250),
            short: Duration::from_millis(1),
            open: Duration::from_secs(1),
            state: Mutex::default(),
            ended: Condvar::new(),
        }
    }
}

impl Turns {
    /// Runs what is to be made of a body of this size, in its turn.
    pub(crate) fn run<R>(&self, size: usize, make: impl FnOnce() -> R) -> R {
        let _turn = (size >= LARGE).then(|| self.take()).flatten();
        make()
    }

    /// Waits for a turn. `None`: there are none at present, and none is needed.
    fn take(&self) -> Option<Turn<'_>> {
        let mut state = self.lock();
        let mut since = (Instant::now(), state.moves);
        loop {
            let now = Instant::now();
            if state.open_until.is_some_and(|until| now < until) {
                return None;
            }
            if state.moves != since.1 {
                since = (now, state.moves);
            }
            let waits = now.saturating_duration_since(since.0);
            if state.taken < self.cores || waits >= self.patience {
                state.taken += 1;
                state.moves += 1;
                drop(state);
                return Some(Turn {
                    turns: self,
                    began: now,
                    computed: thread_time(),
                });
            }
            state = self
                .ended
                .wait_timeout(state, self.patience - waits)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.began);
        let computed = thread_time().zip(self.computed);
        let waited = took > self.turns.short
            && computed.is_some_and(|(end, start)| end.saturating_sub(start) * 4 < took);
        let mut state = self.turns.lock();
        state.taken -= 1;
        state.moves += 1;
        state.waited = if waited { state.waited + 1 } else { 0 };
        if state.waited >= IN_A_ROW.max(2 * self.turns.cores) {
            state.waited = 0;
            state.open_until = now.checked_add(self.turns.open.max(took * OPEN_TIMES));
            self.turns.ended.notify_all();
        } else {
            self.turns.ended.notify_one();
        }
    }
}

/// Has glibc keep memory that is freed for what comes next.
///
/// It gives the end of a thread's heap back to the system as soon as 128 KiB there are free, and takes it again for the
/// next body, with a page fault for each 4 KiB: a third of the time it takes to parse 64 KiB of JSON. Once it has seen a
/// larger block freed that was mapped by itself, it does so from twice that block's size on (mallopt(3),
/// M_MMAP_THRESHOLD). This block is never touched, so it costs two calls into the system. Other allocators do not mind.
fn keep_what_is_freed() {
    const BLOCK: usize = 1 << 20;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(BLOCK)));
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Turns for so many cores, of which none is given twice, and that closures always need.
    fn turns(cores: usize) -> Turns {
        Turns {
            cores,
            patience: HOUR,
            short: HOUR,
            open: HOUR,
            ..Turns::default()
        }
    }

    #[test]
    fn large_bodies_are_looked_at_by_as_many_as_there_are_cores() {
        let turns = turns(2);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        turns.run(LARGE, || {
                            most.fetch_max(
                                inside.fetch_add(1, Ordering::SeqCst) + 1,
                                Ordering::SeqCst,
                            );
                            thread::yield_now();
                            inside.fetch_sub(1, Ordering::SeqCst);
                        });
                    }
                });
            }
        });
        assert!((1..=2).contains(&most.into_inner()));
    }

    #[test]
    fn small_bodies_wait_for_nobody() {
        let turns = turns(1);
        assert_eq!(turns.run(LARGE, || turns.run(LARGE - 1, || 1)), 1);
    }

    #[test]
    fn closures_that_wait_for_each_other_all_come_to_run() {
        let turns = Turns {
            patience: Duration::from_millis(1),
            ..turns(1)
        };
        let all = Barrier::new(6);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| turns.run(LARGE, || all.wait()));
            }
        });
    }

    #[test]
    fn closures_that_were_seen_to_wait_need_no_turns() {
        if thread_time().is_none() {
            return;
        }
        let turns = Turns {
            short: Duration::from_millis(1),
            ..turns(1)
        };
        let (_to, nothing) = channel::<()>();
        let wait = || nothing.recv_timeout(Duration::from_millis(20)).is_err();
        for _ in 0..IN_A_ROW {
            assert!(turns.run(LARGE, wait));
        }
        // With turns the second would wait for an hour.
        let both = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| turns.run(LARGE, || both.wait()));
            turns.run(LARGE, || both.wait());
        });
    }

    #[test]
    fn a_turn_ends_with_a_panic_too() {
        let turns = turns(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| turns.run(LARGE, || panic!("no"))));
        assert!(panicked.is_err());
        assert_eq!(turns.run(LARGE, || 1), 1);
    }
}
