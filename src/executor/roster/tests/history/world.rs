//! Workers, a schedule of two lists, and the events that happen to them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::executor::roster::{Demand, IdleRole, PAUSE, Roster, StartRefused, WakeAction};

/// Number of events in a history, before all work comes to its end.
const EVENTS: usize = 60;

/// Upper bound for the steps of all workers after that, of which they need some hundreds.
const MOST_STEPS: usize = 10_000;

/// Kinds of events that have happened.
pub(super) type Seen = BTreeSet<&'static str>;

/// State of one worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WorkerState {
    /// The worker's thread was asked for and refused this many times.
    Starting { refusals: usize },
    /// The worker's job is under way, or the caller's code runs after the permit was given back.
    Busy { permit: bool },
    /// The worker's outcome was delivered, and the worker does nothing else before it looks.
    Returning,
    /// The worker waits inside the caller's code.
    Blocked,
    /// The worker waits for work; `notified` is true after its condvar has let it go.
    Idle {
        role: IdleRole,
        until: Option<Instant>,
        notified: bool,
    },
}

#[derive(Debug)]
pub(super) struct World {
    rng: Rng,
    pub(super) roster: Roster,
    pub(super) limit: usize,
    pub(super) workers: Vec<WorkerState>,
    pub(super) now: Instant,
    pub(super) ready: usize,
    pub(super) delayed: Vec<Instant>,
    /// Permits that no job holds.
    pub(super) permits: usize,
    pub(super) closing: bool,
    /// True if the system refuses some threads.
    refuses: bool,
    /// True after an idle worker was called and before one has woken.
    pub(super) called: bool,
    /// End of the pause after a refused thread. `None`: there was no pause.
    pub(super) pause: Option<Instant>,
    /// True if a pause was on at the last call: its end is no event.
    pub(super) was_paused: bool,
    pub(super) seen: Seen,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut rng = Rng::with_seed(seed);
        let limit = rng.usize(1..=4);
        World {
            roster: Roster::new(limit),
            limit,
            workers: Vec::new(),
            now: Instant::now(),
            ready: 0,
            delayed: Vec::new(),
            permits: rng.usize(1..=5),
            closing: false,
            refuses: rng.u8(..3) == 0,
            called: false,
            pause: None,
            was_paused: false,
            seen: Seen::new(),
            rng,
        }
    }

    /// Plays a history and lets all work come to its end. Returns the kinds of events it had.
    pub(super) fn run(mut self) -> Seen {
        for _ in 0..EVENTS {
            self.happen();
            self.check();
        }
        self.end();
        self.seen
    }

    fn happen(&mut self) {
        match self.rng.u8(..20) {
            0..4 if !self.closing => {
                match self.rng.bool() {
                    true => self.ready += self.rng.usize(1..4),
                    false => self.delay(),
                }
                self.call();
            }
            4 if self.rng.bool() => self.cancel_all(),
            5 => self.now += Duration::from_millis(self.rng.u64(..1_500)),
            6 if self.rng.u8(..8) == 0 => self.close(),
            _ if self.workers.is_empty() => {}
            _ => {
                let which = self.rng.usize(..self.workers.len());
                self.go_on(which);
            }
        }
    }

    fn end(&mut self) {
        self.refuses = false;
        self.go_on_to_the_end();
        let left = (self.ready, self.delayed.len());
        assert_eq!(left, (0, 0), "jobs without a worker: {self:?}");
        self.close();
        self.go_on_to_the_end();
        assert!(self.workers.is_empty(), "workers stay: {self:?}");
    }

    /// Runs workers until each waits without a time limit, or has left.
    fn go_on_to_the_end(&mut self) {
        for _ in 0..MOST_STEPS {
            let Some(which) = self.next_to_go_on() else {
                return;
            };
            self.go_on(which);
            self.check();
        }
        panic!("workers wake each other for ever: {self:?}");
    }

    /// Returns a worker that goes on by itself. If there is none, time passes until the leader wakes.
    fn next_to_go_on(&mut self) -> Option<usize> {
        let awake = |worker: &WorkerState| match *worker {
            WorkerState::Idle { notified, .. } => notified,
            _ => true,
        };
        self.workers.iter().position(awake).or_else(|| {
            let timed = |worker: &WorkerState| match *worker {
                WorkerState::Idle { until, .. } => until,
                _ => None,
            };
            self.now = self.workers.iter().find_map(timed)?.max(self.now);
            self.workers.iter().position(|w| timed(w).is_some())
        })
    }

    /// Performs one step of a worker.
    fn go_on(&mut self, which: usize) {
        match self.workers[which] {
            WorkerState::Starting { refusals } => match self.refuses && self.rng.u8(..4) > 0 {
                true => self.refuse(which, refusals),
                false => {
                    self.roster.worker_started();
                    self.look(which);
                }
            },
            WorkerState::Busy { permit } => match self.rng.u8(..4) {
                0 if permit => self.workers[which] = WorkerState::Returning,
                1 => self.block(which, permit),
                2 if permit => {
                    self.permits += 1;
                    self.delay();
                    self.look(which);
                }
                _ => {
                    self.permits += usize::from(permit);
                    self.look(which);
                }
            },
            WorkerState::Returning if self.rng.u8(..6) == 0 => {
                self.seen.insert("blocked while returning");
                self.block(which, true);
            }
            WorkerState::Returning => {
                self.permits += 1;
                self.look(which);
            }
            WorkerState::Blocked => {
                self.workers[which] = WorkerState::Busy { permit: false };
                self.roster.worker_unblocked();
                self.call();
            }
            WorkerState::Idle {
                role,
                until,
                notified,
            } => self.wake(which, role, notified, until),
        }
    }

    fn wake(&mut self, which: usize, role: IdleRole, notified: bool, until: Option<Instant>) {
        if !notified && until.is_none_or(|until| until > self.now) {
            // Condvars may let a thread go without a notification.
            if self.rng.u8(..8) > 0 {
                return;
            }
            self.seen.insert("woken without a call");
        }
        self.called = false;
        self.roster.woken(role);
        self.look(which);
    }

    fn block(&mut self, which: usize, permit: bool) {
        self.permits += usize::from(permit);
        self.workers[which] = WorkerState::Blocked;
        self.roster.worker_blocked();
        self.call();
    }

    fn refuse(&mut self, which: usize, refusals: usize) {
        match self.roster.start_refused(refusals, self.now) {
            StartRefused::AskAgain(pause) => {
                self.seen.insert("refused, asked again");
                self.now += pause;
                let refusals = refusals + 1;
                self.workers[which] = WorkerState::Starting { refusals };
            }
            StartRefused::OthersWork => {
                self.seen.insert("refused, others work");
                self.workers.swap_remove(which);
                self.pause = Some(self.now + PAUSE);
                let live = self.workers.len();
                self.call();
                // Otherwise the executor would ask again and again without a pause.
                assert_eq!(self.workers.len(), live, "asked again at once: {self:?}");
            }
            StartRefused::GiveUp => {
                self.seen.insert("refused, given up");
                self.workers.swap_remove(which);
                self.ready = 0;
                self.delayed.clear();
            }
        }
    }

    /// Performs a worker's look at the schedule: the worker takes a job, leaves, or waits.
    fn look(&mut self, which: usize) {
        if self.can_dispatch() {
            match self.delayed.iter().position(|at| *at <= self.now) {
                Some(due) => drop(self.delayed.swap_remove(due)),
                None => self.ready -= 1,
            }
            self.permits -= 1;
            self.workers[which] = WorkerState::Busy { permit: true };
            self.call();
        } else if self.is_over() || self.roster.has_surplus() {
            self.workers.swap_remove(which);
            self.roster.worker_left();
            if self.closing {
                let wake = self.roster.wake_all();
                self.perform(wake);
            }
            if !self.is_over() {
                self.seen.insert("surplus left");
                self.call();
            }
        } else {
            let until = self.next_wakeup();
            let (role, wake) = self.roster.begins_waiting(until);
            if wake == WakeAction::Leader {
                self.seen.insert("leader called by a follower");
            }
            self.perform(wake);
            let until = until.filter(|_| role == IdleRole::Leader);
            self.workers[which] = WorkerState::Idle {
                role,
                until,
                notified: false,
            };
        }
    }

    fn call(&mut self) {
        let demand = match self.is_over() {
            true => Demand::Over,
            false => self.demand(),
        };
        self.was_paused = self.is_paused();
        let returning = self.workers.contains(&WorkerState::Returning);
        let may_call = self.roster.may_call(self.now, || returning);
        let wake = self.roster.call(demand, self.now, || returning);
        // The executor does not even determine the demand if no worker may be called.
        assert!(may_call || matches!(wake, WakeAction::None | WakeAction::All { .. }));
        self.perform(wake);
    }

    fn perform(&mut self, wake: WakeAction) {
        match wake {
            WakeAction::None => {}
            WakeAction::Leader => {
                self.seen.insert("leader called");
                self.notify_one(IdleRole::Leader);
            }
            WakeAction::Follower => {
                self.seen.insert("follower called");
                self.notify_one(IdleRole::Follower);
            }
            WakeAction::Start => {
                self.seen.insert("worker started");
                self.check_start();
                self.workers.push(WorkerState::Starting { refusals: 0 });
            }
            WakeAction::All { leader, followers } => {
                self.seen.insert("all woken");
                assert_eq!(leader, self.idle(IdleRole::Leader) > 0);
                assert_eq!(followers, self.idle(IdleRole::Follower) > 0);
                for worker in &mut self.workers {
                    if let WorkerState::Idle { notified, .. } = worker {
                        *notified = true;
                    }
                }
            }
        }
    }

    /// Notifies a worker that waits in this role and was not notified yet, if there is one.
    fn notify_one(&mut self, wanted: IdleRole) {
        assert!(!self.called, "one was called and has not woken: {self:?}");
        assert!(self.idle(wanted) > 0, "nobody waits so: {self:?}");
        self.called = true;
        let waiting = self.workers.iter_mut().filter_map(|worker| match worker {
            WorkerState::Idle { role, notified, .. } if *role == wanted && !*notified => {
                Some(notified)
            }
            _ => None,
        });
        if let Some(notified) = self.rng.choice(waiting.collect::<Vec<_>>()) {
            *notified = true;
        }
    }

    fn delay(&mut self) {
        let in_ms = self.rng.u64(1..4_000);
        self.delayed.push(self.now + Duration::from_millis(in_ms));
    }

    fn cancel_all(&mut self) {
        self.ready = 0;
        self.delayed.clear();
        self.call();
    }

    fn close(&mut self) {
        self.closing = true;
        self.call();
        let wake = self.roster.wake_all();
        self.perform(wake);
    }
}
