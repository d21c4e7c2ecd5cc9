//! Roster of the workers: how many run, wait or are being started, and which of them an event wakes.
//!
//! A [`Roster`] is a plain value: it has no lock, condvar, clock or thread. The executor keeps it beside the schedule,
//! under the same lock, tells it each event by one method, and performs the [`WakeAction`] that it answers.
//!
//! # Roles
//!
//! An idle worker waits as the leader or as a follower. The leader, of which there is at most one, waits until the
//! schedule's next wake-up, for which it is said to be armed, or until it is called. A follower waits until it is
//! called. Any idle worker that is woken looks at the schedule: it takes a job, waits again, or leaves.
//!
//! # Proof that no worker sleeps while there is work
//!
//! There is *demand* if the schedule can dispatch a job now, or will be able to at a known time, its next wake-up. The
//! claim is: while the lock is free and there is demand, at least one of these holds.
//!
//! 1. A worker is on its way to look at the schedule: an idle worker was called and has not looked yet (`called`), a
//!    worker is being started (`starting`), or a worker has delivered its outcome and does nothing else before it looks
//!    (`returning`).
//! 2. The demand is for a later time, and the leader is armed for this time or an earlier one.
//! 3. No worker is idle and none may be started, because as many live as may, or because the system refused a thread
//!    less than a second ago and some live worker is not blocked. In both cases a worker is busy that is not blocked,
//!    and it looks as soon as its job ends.
//!
//! An event that can make the claim false calls [`Roster::call`] before the lock is free again. It calls the leader,
//! else a follower, else starts a worker, and answers [`WakeAction::None`] only if 1, 2 or 3 holds. The events are:
//!
//! - *Demand appears, grows or comes earlier*: a job is added, a job ends, a permit is given back, a time is reached.
//!   The code that told the schedule calls.
//! - *A worker that was on its way looks* ([`woken`](Roster::woken), [`worker_started`](Roster::worker_started), the
//!   end of a job). If it takes a job, it calls for the demand that it leaves behind; so a leader that takes a job is
//!   replaced by a follower, and workers start one after the other while there are jobs. If it finds no job, no job can
//!   be dispatched now, and it waits or leaves.
//! - *A worker begins to wait* ([`begins_waiting`](Roster::begins_waiting)). Without a leader it becomes the leader,
//!   armed for the next wake-up: 2 holds. Otherwise it becomes a follower; if the leader is armed for a later time than
//!   the next wake-up, or for none, it is called, looks, and is armed anew.
//! - *A worker leaves* ([`worker_left`](Roster::worker_left)): it calls for the demand that it leaves behind.
//! - *A worker blocks* inside the caller's code ([`worker_blocked`](Roster::worker_blocked)): it does not look soon,
//!   so it no longer counts for 3. An additional worker may live meanwhile, and the blocking worker calls for it. After
//!   the blocked worker has gone on, a surplus worker leaves when it finds no job.
//! - *The system refuses a thread* ([`start_refused`](Roster::start_refused)): `starting` no longer holds. If some live
//!   worker is not blocked, the starting code calls, because a wake-up is left to a worker that is being started even
//!   while others are idle. Otherwise it asks for a thread again, and at last ends the queued jobs: there is no
//!   demand left.
//!
//! The flag `called` is never left behind: it is set under the lock together with the notification of a worker that
//! waits, and each idle worker that wakes resets it under the lock, whatever woke it. A wake-up too many costs one look
//! and loses nothing.

use std::time::{Duration, Instant};

/// Time for which no further thread is asked for after the system has refused one.
const PAUSE: Duration = Duration::from_secs(1);

/// Pauses before a first worker is asked for again. `None`: the start is given up.
const PAUSES: [Option<Duration>; 5] = [
    Some(Duration::from_millis(100)),
    Some(Duration::from_millis(200)),
    Some(Duration::from_millis(400)),
    Some(Duration::from_millis(800)),
    None,
];

/// Time after giving up a first worker for which it is asked for without pauses: otherwise each request of a long input
/// would wait for all of them.
const GIVEN_UP: Duration = Duration::from_secs(10);

/// Numbers of workers by their state. The number of idle workers is `following`, plus one if `leading`.
#[derive(Debug)]
pub(super) struct Roster {
    /// Upper bound for the workers that are not blocked.
    limit: usize,
    /// Workers that run or are being started.
    live: usize,
    /// Workers that are being started: at most one.
    starting: usize,
    /// Workers that wait inside the caller's code. Others run in their place.
    blocked: usize,
    /// Idle workers that wait without a time limit.
    following: usize,
    /// True while an idle worker waits as the leader.
    leading: bool,
    /// Time until which the leader waits. `None`: there is no leader, or it waits without a time limit.
    armed: Option<Instant>,
    /// True after an idle worker was called and before any idle worker has woken.
    called: bool,
    /// Time before which no thread is asked for, because the system has refused one. `None`: it has refused none.
    no_thread_before: Option<Instant>,
    /// End of the time in which a first worker is asked for only once per request, because the system has refused it
    /// again and again. `None`: it was never given up.
    given_up_until: Option<Instant>,
}

/// Work in the schedule for which a worker is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// No job can be dispatched, now or at a known time.
    None,
    /// A job can be dispatched now.
    Now,
    /// A job may be dispatched at this time.
    At(Instant),
    /// No job is queued and none comes any more: idle workers are to leave.
    Over,
}

/// Action that the executor performs for the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a worker sleeps while there is work unless this is performed"]
pub(super) enum WakeAction {
    /// No action.
    None,
    /// Wake the leader.
    Leader,
    /// Wake one follower.
    Follower,
    /// Start a worker: it is counted as live and starting already.
    Start,
    /// Wake every idle worker: the leader if `leader`, all followers if `followers`.
    All { leader: bool, followers: bool },
}

/// Role in which an idle worker waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdleRole {
    /// Waits until the next wake-up that it was given, or until it is called.
    Leader,
    /// Waits until it is called.
    Follower,
}

/// Consequence of a thread that the system has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartRefused {
    /// The start is cancelled: the live workers do the work.
    OthersWork,
    /// The worker is needed: ask for its thread again after this time.
    AskAgain(Duration),
    /// The start is cancelled, and no worker can run the queued jobs.
    GiveUp,
}

impl Roster {
    /// Creates a roster without workers, of which at most `limit` may live beside the blocked ones.
    pub(super) fn new(limit: usize) -> Roster {
        Roster {
            limit,
            live: 0,
            starting: 0,
            blocked: 0,
            following: 0,
            leading: false,
            armed: None,
            called: false,
            no_thread_before: None,
            given_up_until: None,
        }
    }

    /// Returns the number of workers that run or are being started.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Returns true if an idle worker was called and has not woken.
    pub(super) fn is_called(&self) -> bool {
        self.called
    }

    /// Returns the number of workers that do something, are being started, or were called. Blocked workers do nothing.
    pub(super) fn busy(&self) -> usize {
        let idle = self.following + usize::from(self.leading);
        self.live.saturating_sub(idle + self.blocked) + usize::from(self.called)
    }

    /// Returns true if some worker is idle.
    pub(super) fn has_idle(&self) -> bool {
        self.leading || self.following > 0
    }

    /// Returns true if more workers live than may: a worker that finds no job leaves.
    pub(super) fn has_surplus(&self) -> bool {
        self.live > self.limit + self.blocked
    }

    /// Returns true if there is a worker to be called or started. If not, [`call`](Self::call) answers `WakeAction::None` to
    /// any demand but `Demand::Over`.
    ///
    /// `returning` returns true if some worker has delivered its outcome and is about to look. It is called last, and
    /// only if a worker might be started: the workers write the counter behind it at each outcome.
    pub(super) fn may_call(&self, now: Instant, returning: impl FnOnce() -> bool) -> bool {
        !self.called && (self.leading || self.following > 0 || self.may_start(now, returning))
    }

    /// Makes a worker come for the demand. To be called after each event that may have changed the demand, and after
    /// each event that leaves fewer workers to look for it; the module's documentation lists them.
    pub(super) fn call(
        &mut self,
        demand: Demand,
        now: Instant,
        returning: impl FnOnce() -> bool,
    ) -> WakeAction {
        match demand {
            Demand::None => WakeAction::None,
            Demand::Over => self.wake_all(),
            Demand::At(wakeup) if self.starting > 0 || self.is_armed_for(wakeup) => {
                WakeAction::None
            }
            Demand::Now | Demand::At(_) => match self.call_idle() {
                WakeAction::None if !self.called && self.may_start(now, returning) => {
                    self.starting += 1;
                    self.live += 1;
                    WakeAction::Start
                }
                wake => wake,
            },
        }
    }

    /// Counts a started worker as running. It looks at the schedule next.
    pub(super) fn worker_started(&mut self) {
        self.starting -= 1;
    }

    /// Counts a worker as gone for good. Unless the work is over, the executor calls for the jobs that it leaves
    /// behind.
    pub(super) fn worker_left(&mut self) {
        self.live -= 1;
    }

    /// Counts a worker as blocked that begins to wait inside the caller's code. The executor calls for a worker in its
    /// place.
    pub(super) fn worker_blocked(&mut self) {
        self.blocked += 1;
    }

    /// Counts a blocked worker as running again.
    pub(super) fn worker_unblocked(&mut self) {
        self.blocked -= 1;
    }

    /// Counts a worker as idle that has found no job. Returns the role in which it waits; the leader waits until
    /// `next_wakeup`.
    pub(super) fn begins_waiting(
        &mut self,
        next_wakeup: Option<Instant>,
    ) -> (IdleRole, WakeAction) {
        if !self.leading {
            self.leading = true;
            self.armed = next_wakeup;
            return (IdleRole::Leader, WakeAction::None);
        }
        let wake = match next_wakeup {
            Some(wakeup) if !self.is_armed_for(wakeup) => self.call_idle(),
            _ => WakeAction::None,
        };
        self.following += 1;
        (IdleRole::Follower, wake)
    }

    /// Counts a worker as awake that waited in this role, whatever woke it. It looks at the schedule next.
    pub(super) fn woken(&mut self, role: IdleRole) {
        match role {
            IdleRole::Leader => {
                self.leading = false;
                self.armed = None;
            }
            IdleRole::Follower => self.following -= 1,
        }
        self.called = false;
    }

    /// Handles the refusal of a thread for a worker that is being started, after `before` refusals for the same worker.
    /// If others work, the executor calls once more.
    pub(super) fn start_refused(&mut self, before: usize, now: Instant) -> StartRefused {
        if self.live - 1 > self.blocked {
            self.cancel_start();
            self.no_thread_before = Some(now + PAUSE);
            return StartRefused::OthersWork;
        }
        // No worker is free to run a job: the live ones may all wait for a job that is queued.
        let asks_again = self.given_up_until.is_none_or(|until| until <= now);
        let pause = PAUSES.get(before).copied().flatten();
        match pause.filter(|_| asks_again) {
            Some(pause) => StartRefused::AskAgain(pause),
            None => {
                self.cancel_start();
                self.given_up_until = Some(now + GIVEN_UP);
                StartRefused::GiveUp
            }
        }
    }

    /// Wakes every idle worker, without counting one as called.
    pub(super) fn wake_all(&self) -> WakeAction {
        let (leader, followers) = (self.leading, self.following > 0);
        match leader || followers {
            true => WakeAction::All { leader, followers },
            false => WakeAction::None,
        }
    }

    /// Asks for no further thread before this time, as after the system has refused one.
    #[cfg(test)]
    pub(super) fn pause_starts(&mut self, until: Instant) {
        self.no_thread_before = Some(until);
    }

    fn cancel_start(&mut self) {
        self.starting -= 1;
        self.live -= 1;
    }

    /// Returns true if the leader wakes at this time or earlier.
    fn is_armed_for(&self, wakeup: Instant) -> bool {
        self.leading && self.armed.is_some_and(|armed| armed <= wakeup)
    }

    /// Calls an idle worker, the leader first, unless a worker was called already: the called worker looks for all
    /// demand, and calls the next worker if it leaves jobs behind.
    fn call_idle(&mut self) -> WakeAction {
        let wake = match self.leading {
            _ if self.called => WakeAction::None,
            true => WakeAction::Leader,
            false if self.following > 0 => WakeAction::Follower,
            false => WakeAction::None,
        };
        self.called |= wake != WakeAction::None;
        wake
    }

    fn may_start(&self, now: Instant, returning: impl FnOnce() -> bool) -> bool {
        // If every live worker is blocked, none looks again after the pause.
        let may_ask = |at| self.live <= self.blocked || at <= now;
        self.starting == 0
            && self.live < self.limit + self.blocked
            && self.no_thread_before.is_none_or(may_ask)
            && !returning()
    }
}

#[cfg(test)]
mod tests;
