//! Turns at computing: what callers make of large bodies runs on as many workers at a time as there are cores.
//!
//! A client has more workers than cores, since they wait for sockets. When many of them parse large bodies at once, the
//! cores go from one to the next before any is done: each finds its caches cold, and as many half-made values are in
//! memory as there are workers. One after another they are done sooner, and one value for each core is alive.
//!
//! The schedule is told how many wait, so that no more requests are under way than keep the cores busy
//! (`schedule::backlog`).
//!
//! A turn is a courtesy and no lock: where none has ended for a while one more is given, so no closure that waits for
//! another is ever stuck. And closures that were seen to wait (for a disk, for another service) rather than to
//! compute need no turns, so they get none for a while.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::schedule::Seen;
use crate::transport::thread_time;

/// Bodies from this size on are worth a turn. What is made of smaller ones is done before anybody would be in its way.
const LARGE: usize = 32 * 1024;
/// What was made of a body from this size on is worth giving back to the system.
const VAST: usize = 256 * 1024;
/// How many closures in a row must have waited: one alone may just have been kept from its core.
const IN_A_ROW: usize = 4;
/// No turns are given then for so many times as long as the last of them took, so that finding out takes a small share
/// of the time.
const OPEN_TIMES: u32 = 32;
/// From this part of the time that a turn takes on it matters that a core had nothing to do before.
const STARVED_FROM: u32 = 4;
/// What was seen at the end of a turn holds for so many times as long as it took.
const LONGER: u32 = 4;

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
    /// Few workers take turns, for no more requests are under way than keep the cores busy.
    few: AtomicBool,
}

#[derive(Default)]
struct State {
    taken: usize,
    waiting: usize,
    /// Since when a core has nothing to do.
    idle_since: Option<Instant>,
    /// Turns that were given or have ended.
    moves: u64,
    /// How many closures in a row waited more than they computed.
    waited: usize,
    /// No turns are given before this instant.
    open_until: Option<Instant>,
    /// The largest block that was freed to have more memory kept.
    block: usize,
}

thread_local! {
    /// What was seen at the end of this thread's last turn.
    static SEEN: Cell<Option<Seen>> = const { Cell::new(None) };
}

/// What was seen at the end of the calling thread's last turn, told once.
pub(super) fn seen() -> Option<Seen> {
    SEEN.take()
}

/// A turn; it ends when it is dropped.
struct Turn<'a> {
    turns: &'a Turns,
    size: usize,
    began: Instant,
    /// How long a core had nothing to do before.
    idle: Duration,
    computed: Option<Duration>,
}

impl Default for Turns {
    fn default() -> Turns {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Turns {
            cores,
            patience: Duration::from_millis(250),
            short: Duration::from_millis(1),
            open: Duration::from_secs(1),
            state: Mutex::default(),
            ended: Condvar::new(),
            few: AtomicBool::new(false),
        }
    }
}

impl Turns {
    /// Runs what is to be made of a body of this size, in its turn.
    pub(crate) fn run<R>(&self, size: usize, make: impl FnOnce() -> R) -> R {
        let _turn = (size >= LARGE).then(|| self.take(size)).flatten();
        make()
    }

    /// Whether few workers take turns at present.
    pub(super) fn set_few(&self, few: bool) {
        self.few.store(few, Ordering::Relaxed);
    }

    /// Waits for a turn. `None`: there are none at present, and none is needed.
    fn take(&self, size: usize) -> Option<Turn<'_>> {
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
                let idle_since = state.idle_since.take();
                let block = (size * TIMES_AS_LARGE).min(LARGEST_BLOCK);
                let keeps = block > state.block && self.few.load(Ordering::Relaxed);
                if keeps {
                    state.block = block;
                }
                drop(state);
                if keeps {
                    keep_what_is_freed(block);
                }
                return Some(Turn {
                    turns: self,
                    size,
                    began: now,
                    idle: idle_since
                        .map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
                    computed: thread_time(),
                });
            }
            state.waiting += 1;
            state = self
                .ended
                .wait_timeout(state, self.patience - waits)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.waiting -= 1;
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
        let computes = state.waited == 0;
        if state.waited >= IN_A_ROW.max(2 * self.turns.cores) {
            state.waited = 0;
            state.open_until = now.checked_add(self.turns.open.max(took * OPEN_TIMES));
            self.turns.ended.notify_all();
        } else {
            self.turns.ended.notify_one();
        }
        if state.waiting == 0 {
            state.idle_since.get_or_insert(now);
        }
        SEEN.set(computes.then_some(Seen {
            waiting: state.waiting,
            cores: self.turns.cores,
            starved: self.idle * STARVED_FROM > took,
            holds_for: self.turns.patience.max(took * LONGER),
        }));
        drop(state);
        if self.size >= VAST && !self.turns.few.load(Ordering::Relaxed) {
            let_go_of_what_is_freed();
        }
    }
}

/// A tree of JSON takes some 16 times as much memory as its text. So much is kept only where few threads make such
/// trees: each keeps as much.
const TIMES_AS_LARGE: usize = 16;
const LARGEST_BLOCK: usize = 16 << 20;

/// Has glibc keep memory that is freed for what comes next.
///
/// It gives the end of a thread's heap back to the system as soon as 128 KiB there are free, and takes it again for the
/// next body, with a page fault for each 4 KiB: a third of the time it takes to parse 64 KiB of JSON. Once it has seen a
/// larger block freed that was mapped by itself, it does so from twice that block's size on (mallopt(3),
/// M_MMAP_THRESHOLD). This block is never touched, so it costs two calls into the system. It is asked for before something
/// is made of a body: after that the thread's heap may hold as much that is free, and the block would come from there.
/// Other allocators do not mind.
fn keep_what_is_freed(block: usize) {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(block)));
}

/// Has glibc look at the end of this thread's heap, and give back to the system what is free there.
///
/// It does so when it frees a block of 64 KiB or more, and not for the sake of the small ones that a tree of JSON is made
/// of: as many trees would stay in memory as there are workers. Other allocators do not mind.
fn let_go_of_what_is_freed() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(96 << 10)));
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
    fn the_end_of_a_turn_tells_how_many_wait_and_whether_a_core_had_to() {
        let turns = turns(1);
        thread::scope(|scope| {
            turns.run(LARGE, || {
                for _ in 0..2 {
                    scope.spawn(|| turns.run(LARGE, || {}));
                }
                while turns.lock().waiting < 2 {
                    thread::yield_now();
                }
            });
        });
        let first = seen().unwrap();
        assert_eq!((first.waiting, first.cores, first.starved), (2, 1, false));
        assert_eq!(seen(), None, "it is told once");
        let (_to, nothing) = channel::<()>();
        let _ = nothing.recv_timeout(Duration::from_millis(20));
        turns.run(LARGE, || {});
        let later = seen().unwrap();
        assert_eq!((later.waiting, later.starved), (0, true));
        turns.run(LARGE - 1, || {});
        assert_eq!(seen(), None, "no turn, nothing to tell");
    }

    #[test]
    fn a_turn_ends_with_a_panic_too() {
        let turns = turns(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| turns.run(LARGE, || panic!("no"))));
        assert!(panicked.is_err());
        assert_eq!(turns.run(LARGE, || 1), 1);
    }
}
