//! Permits for CPU work: the caller's work on large bodies runs on at most as many workers at a time as there are
//! cores.
//!
//! A client has more workers than cores, since workers wait for sockets. When many workers parse large bodies at once,
//! the cores switch between them before any is done: each worker finds its caches cold, and as many half-made values
//! are in memory as there are workers. If the bodies are parsed one after another, they are done sooner, and one value
//! for each core is alive.
//!
//! The schedule is told how many workers wait, so that no more requests are under way than keep the cores busy
//! (`schedule::backlog`). Measured with 16 requests at a time on one core, 7 alternating rounds: without the schedule's
//! bound 64 KiB of JSON are parsed at 0.95 and 1 MiB at 0.89 of the rate; without permits too at 0.86 and 0.97, and 1
//! MiB takes five times the memory (260 MB, not 52 MB).
//!
//! A permit is a courtesy and no lock: if no permit was given back for a while, an additional permit is given, so no
//! closure that waits for another closure is ever stuck. Closures that were seen to wait (for a disk, for another
//! service) rather than to compute need no permits, so they get none for a while.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::attempt::Clock;
use crate::schedule::CpuPressure;

use super::current_worker;

/// Smallest body that a permit is taken for, in bytes: work on a smaller body is done before it delays other work.
const LARGE: usize = 32 * 1024;
/// Number of closures in a row that must have waited: a single closure may just have been kept from its core.
const IN_A_ROW: usize = 4;
/// Time without permits after `IN_A_ROW` closures waited, as a multiple of the time that the last closure took, so that
/// finding out takes a small share of the time.
const OPEN_TIMES: u32 = 32;
/// Divisor of a permit's time: a core that was idle for more than this part of it before counts as starved.
const STARVED_FROM: u32 = 4;
/// Time for which an observation at the end of a permit holds, as a multiple of the permit's time.
const LONGER: u32 = 4;

/// Permits for CPU work, one for each core.
pub(crate) struct CpuPermits {
    cores: usize,
    /// Time after which an additional permit is given if no permit was given or given back.
    patience: Duration,
    /// Longest work that is too short to tell computing from waiting.
    short: Duration,
    /// Shortest time without permits after closures were seen to wait.
    open: Duration,
    state: Mutex<CpuState>,
    ended: Condvar,
    clock: Clock,
}

#[derive(Default)]
struct CpuState {
    taken: usize,
    waiting: usize,
    /// Time since which a core has had nothing to do. `None`: all cores are busy, or no permit was taken yet.
    idle_since: Option<Instant>,
    /// Number of permits that were given, plus those that were given back.
    moves: u64,
    /// Number of closures in a row that waited more than they computed.
    waited: usize,
    /// End of a time without permits. `None`: there was no such time.
    open_until: Option<Instant>,
}

/// A permit, which is given back when it is dropped.
struct CpuPermit<'a> {
    permits: &'a CpuPermits,
    began: Instant,
    /// Time for which a core had nothing to do before this permit was taken.
    idle: Duration,
    computed: Option<Duration>,
}

impl CpuPermits {
    /// Creates permits for each core of this machine.
    pub(super) fn new(clock: &Clock) -> CpuPermits {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        CpuPermits {
            cores,
            patience: Duration::from_millis(250),
            short: Duration::from_millis(1),
            open: Duration::from_secs(1),
            state: Mutex::default(),
            ended: Condvar::new(),
            clock: clock.clone(),
        }
    }

    /// Runs work on a body of `size` bytes, under a permit if the body is large.
    pub(crate) fn run<R>(&self, size: usize, make: impl FnOnce() -> R) -> R {
        let _permit = (size >= LARGE).then(|| self.take()).flatten();
        make()
    }

    /// Waits for a permit. `None`: permits are suspended for a while, and the work needs none.
    fn take(&self) -> Option<CpuPermit<'_>> {
        let mut state = self.lock();
        let mut since = (self.clock.now(), state.moves);
        loop {
            let now = self.clock.now();
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
                drop(state);
                return Some(CpuPermit {
                    permits: self,
                    began: now,
                    idle: idle_since
                        .map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
                    computed: self.clock.thread_time(),
                });
            }
            state.waiting += 1;
            let until = now + (self.patience - waits);
            state = self.clock.wait(&self.ended, state, Some(until));
            state.waiting -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, CpuState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CpuPermit<'_> {
    fn drop(&mut self) {
        let now = self.permits.clock.now();
        let took = now.saturating_duration_since(self.began);
        let computed = self.permits.clock.thread_time().zip(self.computed);
        let waited = took > self.permits.short
            && computed.is_some_and(|(end, start)| end.saturating_sub(start) * 4 < took);
        let mut state = self.permits.lock();
        state.taken -= 1;
        state.moves += 1;
        state.waited = if waited { state.waited + 1 } else { 0 };
        let computes = state.waited == 0;
        if state.waited >= IN_A_ROW.max(2 * self.permits.cores) {
            state.waited = 0;
            state.open_until = now.checked_add(self.permits.open.max(took * OPEN_TIMES));
            self.permits.ended.notify_all();
        } else {
            self.permits.ended.notify_one();
        }
        if state.waiting == 0 {
            state.idle_since.get_or_insert(now);
        }
        current_worker::keep_seen(computes.then_some(CpuPressure {
            waiting: state.waiting,
            cores: self.permits.cores,
            starved: self.idle * STARVED_FROM > took,
            holds_for: self.permits.patience.max(took * LONGER),
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Barrier};
    use std::thread;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Returns permits for `cores` cores. No additional permit is given, and closures always need a permit.
    fn permits(cores: usize) -> CpuPermits {
        CpuPermits {
            cores,
            patience: HOUR,
            short: HOUR,
            open: HOUR,
            ..CpuPermits::new(&Clock::System)
        }
    }

    #[test]
    fn large_bodies_are_looked_at_by_as_many_as_there_are_cores() {
        let permits = permits(2);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        permits.run(LARGE, || {
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
        let permits = permits(1);
        assert_eq!(permits.run(LARGE, || permits.run(LARGE - 1, || 1)), 1);
    }

    #[test]
    fn closures_that_wait_for_each_other_all_come_to_run() {
        let permits = CpuPermits {
            patience: Duration::from_millis(1),
            ..permits(1)
        };
        let all = Barrier::new(6);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| permits.run(LARGE, || all.wait()));
            }
        });
    }

    #[test]
    fn closures_that_were_seen_to_wait_need_no_permits() {
        if Clock::System.thread_time().is_none() {
            return;
        }
        let permits = CpuPermits {
            short: Duration::from_millis(1),
            ..permits(1)
        };
        let (_to, nothing) = channel::<()>();
        let wait = || nothing.recv_timeout(Duration::from_millis(20)).is_err();
        for _ in 0..IN_A_ROW {
            assert!(permits.run(LARGE, wait));
        }
        // With permits the second would wait for an hour.
        let both = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| permits.run(LARGE, || both.wait()));
            permits.run(LARGE, || both.wait());
        });
    }

    #[test]
    fn the_end_of_a_permit_reports_how_busy_the_cores_were() {
        let run = || {
            let permits = permits(1);
            thread::scope(|scope| {
                permits.run(LARGE, || {
                    for _ in 0..2 {
                        scope.spawn(|| permits.run(LARGE, || {}));
                    }
                    while permits.lock().waiting < 2 {
                        thread::yield_now();
                    }
                });
            });
            let first = current_worker::take_seen().unwrap();
            assert_eq!((first.waiting, first.cores, first.starved), (2, 1, false));
            assert_eq!(current_worker::take_seen(), None, "it is told once");
            let (_to, nothing) = channel::<()>();
            let _ = nothing.recv_timeout(Duration::from_millis(20));
            permits.run(LARGE, || {});
            let later = current_worker::take_seen().unwrap();
            assert_eq!((later.waiting, later.starved), (0, true));
            permits.run(LARGE - 1, || {});
            assert_eq!(
                current_worker::take_seen(),
                None,
                "no permit, nothing to tell"
            );
        };
        current_worker::run_as_worker(&Arc::new(()), &Arc::default(), |_| {}, run);
    }

    #[test]
    fn a_permit_is_given_back_after_a_panic_too() {
        let permits = permits(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| permits.run(LARGE, || panic!("no"))));
        assert!(panicked.is_err());
        assert_eq!(permits.run(LARGE, || 1), 1);
    }
}
