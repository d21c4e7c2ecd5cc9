//! Clock whose time moves only while there is nothing to do.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant, SystemTime};

use super::Clock;
use crate::transport::cancel::WakeWaiters;

/// Clock of a client in a test.
///
/// It stands still while any worker of the client works, and moves at once to the next time at which something is to
/// happen while none does. So a test of retries, rates, deadlines or breakers takes no time, and gives the same in
/// every run.
///
/// A [`Transport`](crate::unversioned::Transport) that has one hands it to its client. Clones are one clock.
#[derive(Clone)]
pub struct VirtualClock(Arc<Mutex<VirtualTime>>);

/// Part of a client that a virtual clock asks before it moves.
pub(crate) trait ClockUser: Send + Sync {
    /// Returns the work that is left at this time.
    fn work_left(&self, now: Instant) -> WorkLeft;

    /// Tells that the time has moved.
    fn time_moved(&self);
}

/// Work of a client, as far as a virtual clock has to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkLeft {
    /// Number of workers that do something, or were called to do something. Includes those that wait in a call of a
    /// transport.
    pub(crate) busy: usize,
    /// True if requests wait or are under way.
    pub(crate) has_requests: bool,
    /// Time at which the schedule has something to do. `None`: at no known time.
    pub(crate) next: Option<Instant>,
}

struct VirtualTime {
    start: (Instant, SystemTime),
    elapsed: Duration,
    random: fastrand::Rng,
    users: Vec<Weak<dyn ClockUser>>,
    /// Waits of workers in calls of a transport.
    delays: Vec<Delay>,
    /// Number of workers that wait for the exchange of another worker.
    waits: usize,
    /// Times at which callers stop waiting.
    stops: BTreeSet<Instant>,
    /// Number of the next delay.
    next_delay: u64,
    /// Number of changes after which an answer to the question if any worker has work is out of date.
    changes: u64,
    /// Number of outcomes that were delivered.
    delivered: u64,
    /// `delivered` as it was when each caller was last about to look for an outcome of its own.
    looks: HashMap<ThreadId, u64>,
    /// Workers that wait for outcomes inside the caller's code, each with `delivered` as it was when the worker last
    /// found no outcome for itself.
    waiting: HashMap<ThreadId, Option<u64>>,
    /// True after the time was moved on while no caller waited, and until a caller waits again.
    unattended: bool,
}

/// Wait of a worker for nothing but time.
struct Delay {
    number: u64,
    until: Instant,
    waiter: Arc<dyn WakeWaiters>,
}

/// Real time for which a caller that waits for an outcome sleeps before it looks if the time can move.
const SLICE: Duration = Duration::from_micros(200);

/// Real time after which the time moves although no caller waits for an outcome: the caller may wait for something of
/// its own that an outcome leads to, or be about to hand in more. Later moves follow after `AGAIN`.
const FIRST: Duration = Duration::from_millis(250);
const AGAIN: Duration = Duration::from_millis(20);

/// Seed of the random numbers, so that they are the same in every run.
const SEED: u64 = 1;

impl Clock {
    /// Returns a random number in [0, 1). Those of a virtual clock are the same in every run.
    pub(crate) fn random(&self) -> f64 {
        match self {
            Clock::Virtual(clock) => clock.random(),
            _ => fastrand::f64(),
        }
    }

    /// Returns the virtual clock. `None`: time passes by itself.
    pub(crate) fn as_virtual(&self) -> Option<&VirtualClock> {
        match self {
            Clock::Virtual(clock) => Some(clock),
            _ => None,
        }
    }

    /// Returns a clock that also runs while workers are busy, for waits that end after some time of work.
    pub(crate) fn while_working(&self) -> Clock {
        match self {
            Clock::Virtual(_) => Clock::System,
            other => other.clone(),
        }
    }

    /// Returns the instant of the system's clock until which a caller sleeps that waits until `until`, and looks again
    /// then. Called before each sleep, with no lock held, and on a worker while it counts as blocked.
    pub(crate) fn sleep_limit(&self, until: Option<Instant>) -> Option<Instant> {
        match self {
            Clock::Virtual(clock) => Some(clock.pass_for_caller(until)),
            _ => until,
        }
    }
}

impl VirtualClock {
    /// Makes a clock that begins at the present time.
    pub fn new() -> VirtualClock {
        VirtualClock(Arc::new(Mutex::new(VirtualTime {
            start: (Instant::now(), SystemTime::now()),
            elapsed: Duration::ZERO,
            random: fastrand::Rng::with_seed(SEED),
            users: Vec::new(),
            delays: Vec::new(),
            waits: 0,
            stops: BTreeSet::new(),
            next_delay: 0,
            changes: 0,
            delivered: 0,
            looks: HashMap::new(),
            waiting: HashMap::new(),
            unattended: false,
        })))
    }

    /// Returns the time that has passed on this clock.
    pub fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }

    /// Returns the calendar time of this clock.
    pub fn system_now(&self) -> SystemTime {
        let time = self.lock();
        time.start.1 + time.elapsed
    }

    pub(crate) fn now(&self) -> Instant {
        self.lock().now()
    }

    fn random(&self) -> f64 {
        self.lock().random.f64()
    }

    /// Makes the clock ask this part of a client before it moves.
    pub(crate) fn add_user(&self, user: Weak<dyn ClockUser>) {
        self.lock().users.push(user);
    }

    /// Returns the real time after which a worker that waits looks if the time can move: sooner, callers do.
    pub(crate) fn patience(&self) -> Duration {
        match self.lock().unattended {
            true => AGAIN,
            false => FIRST,
        }
    }

    /// Moves the time on for a caller that waits until `until` (`None`: without a limit), if it can move. Returns the
    /// instant of the system's clock at which the caller looks again.
    pub(crate) fn pass_for_caller(&self, until: Option<Instant>) -> Instant {
        let mut time = self.lock();
        time.unattended = false;
        let (now, delivered) = (time.now(), time.delivered);
        // The caller has looked since the last time it was here, and looks again after this call.
        let looked_at = time.looks.insert(thread::current().id(), delivered);
        if let Some(seen) = time.waiting.get_mut(&thread::current().id()) {
            *seen = looked_at;
        }
        time.stops.extend(until.filter(|until| *until > now));
        drop(time);
        if looked_at == Some(delivered) {
            self.pass(false);
        }
        Instant::now() + SLICE
    }

    /// Counts an outcome that was delivered: the time stands still until each waiting worker has looked if it is its own.
    pub(crate) fn outcome_delivered(&self) {
        let mut time = self.lock();
        time.delivered += 1;
        time.changes += 1;
    }

    /// Notes that a caller has handed in a request.
    pub(crate) fn request_came(&self) {
        let mut time = self.lock();
        time.unattended = false;
        time.changes += 1;
    }

    /// Counts the calling worker as one that waits for an outcome.
    pub(crate) fn worker_waits(&self) {
        let mut time = self.lock();
        time.waiting.insert(thread::current().id(), None);
        time.changes += 1;
    }

    /// Ends the wait of the calling worker for an outcome.
    pub(crate) fn worker_goes_on(&self) {
        let mut time = self.lock();
        time.waiting.remove(&thread::current().id());
        time.changes += 1;
    }

    /// Moves the time on for a worker that has waited for its [`patience`](Self::patience), if it can move.
    pub(crate) fn pass_unattended(&self) {
        if self.pass(true) {
            self.lock().unattended = true;
        }
    }

    /// Waits briefly, until the condition variable is notified. For callers, before they look again.
    pub(crate) fn wait_briefly<'a, T>(
        &self,
        condvar: &Condvar,
        guard: MutexGuard<'a, T>,
    ) -> MutexGuard<'a, T> {
        let waited = condvar.wait_timeout(guard, SLICE);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Counts the calling worker as one that waits for nothing but time, until the returned guard is dropped. The
    /// waiter is woken at `until`.
    pub(in crate::transport) fn delay(
        &self,
        until: Instant,
        waiter: Arc<dyn WakeWaiters>,
    ) -> DelayGuard {
        let mut time = self.lock();
        let number = time.next_delay;
        time.next_delay += 1;
        time.delays.push(Delay {
            number,
            until,
            waiter,
        });
        DelayGuard {
            clock: self.clone(),
            number,
        }
    }

    /// Counts the calling worker as one that waits for the exchange of another worker, until the returned guard is
    /// dropped. The thread that ends the wait drops it: the time must not move before the worker has woken.
    pub(crate) fn wait_for_worker(&self) -> WorkerWait {
        self.lock().waits += 1;
        WorkerWait(self.clone())
    }

    /// Moves the time to the next at which something is to happen, if no worker has anything to do, and if there is a
    /// request or `needs_requests` is false. Returns true if it moved.
    fn pass(&self, needs_requests: bool) -> bool {
        let (now, changes, users) = {
            let mut time = self.lock();
            time.users.retain(|user| user.strong_count() > 0);
            let users: Vec<_> = time.users.iter().filter_map(Weak::upgrade).collect();
            (time.now(), time.changes, users)
        };
        // Asked without the lock of this clock, since a client reads the time under its own lock.
        let left: Vec<WorkLeft> = users.iter().map(|user| user.work_left(now)).collect();
        let busy: usize = left.iter().map(|left| left.busy).sum();
        let next = left.iter().filter_map(|left| left.next).min();
        if needs_requests && !left.iter().any(|left| left.has_requests) {
            return false;
        }
        let Some(woken) = self.lock().move_on((now, changes), busy, next) else {
            return false;
        };
        woken.iter().for_each(|waiter| waiter.wake());
        users.iter().for_each(|user| user.time_moved());
        true
    }

    fn lock(&self) -> MutexGuard<'_, VirtualTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VirtualTime {
    fn now(&self) -> Instant {
        self.start.0 + self.elapsed
    }

    /// Moves the time, if time and changes are still `asked_at` and all busy workers wait for time, or for each other.
    /// Returns the waiters whose time has come. `None`: the time has not moved.
    fn move_on(
        &mut self,
        asked_at: (Instant, u64),
        busy: usize,
        next: Option<Instant>,
    ) -> Option<Vec<Arc<dyn WakeWaiters>>> {
        let now = self.now();
        // A worker whose delay is over is busy, even before it has woken.
        let delays = self.delays.iter().map(|delay| delay.until);
        let delays: Vec<Instant> = delays.filter(|until| *until > now).collect();
        let has_looked = |seen: &Option<u64>| *seen == Some(self.delivered);
        let all_have_looked = self.waiting.values().all(has_looked);
        if (now, self.changes) != asked_at || busy > delays.len() + self.waits || !all_have_looked {
            return None;
        }
        let stops = self.stops.range(now..).copied();
        let times = stops.chain(delays).chain(next);
        let to = times.filter(|time| *time > now).min()?;
        self.elapsed = to.saturating_duration_since(self.start.0);
        self.stops = self.stops.split_off(&to);
        let over = self.delays.iter().filter(|delay| delay.until <= to);
        Some(over.map(|delay| Arc::clone(&delay.waiter)).collect())
    }
}

impl Default for VirtualClock {
    fn default() -> VirtualClock {
        VirtualClock::new()
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VirtualClock")
            .field(&self.elapsed())
            .finish()
    }
}

/// Wait of a worker for nothing but time, which ends when the guard is dropped.
pub(in crate::transport) struct DelayGuard {
    clock: VirtualClock,
    number: u64,
}

impl Drop for DelayGuard {
    fn drop(&mut self) {
        let mut time = self.clock.lock();
        time.delays.retain(|delay| delay.number != self.number);
    }
}

/// Wait of a worker for the exchange of another worker, which ends when the guard is dropped.
pub(crate) struct WorkerWait(VirtualClock);

impl Drop for WorkerWait {
    fn drop(&mut self) {
        self.0.lock().waits -= 1;
    }
}
