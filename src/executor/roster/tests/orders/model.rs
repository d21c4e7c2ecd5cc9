//! An executor on shuttle's threads that performs the answers of a roster as the real one does. The schedule is a queue
//! and a list of times, and an attempt does next to nothing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};
use shuttle::thread;

use super::job::{Handle, Job, Work};
use crate::executor::roster::{Demand, IdleRole, Roster, StartRefused, WakeAction};

/// Fault that the model is given, to check that it is found.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fault {
    None,
    /// A worker that takes a job does not call for the jobs that it leaves behind.
    NoHandOver,
    /// A worker that begins to wait as a follower does not notify the leader of an earlier wake-up.
    NoWordToTheLeader,
    /// The flag `called` stays set after the called worker has woken.
    CalledForEver,
    /// The idle workers are not notified when the last queued job is dropped.
    NoWordAtTheEnd,
    /// After a refused thread no idle worker is called.
    NoCallAfterRefusal,
}

struct State {
    /// Number of jobs that may be under way at once.
    permits: usize,
    ready: VecDeque<Job>,
    /// Delayed jobs, each with the time at which it is due.
    delayed: Vec<(Instant, Job)>,
    /// Number of queued jobs that their batch keeps from being dispatched.
    held: usize,
    now: Instant,
    in_flight: usize,
    closing: bool,
    roster: Roster,
    /// Number of threads beside the first that are still to be refused.
    refusals: usize,
    /// Time until which the leader waits. `None`: the leader waits without a time limit, or there is none.
    armed: Option<Instant>,
}

pub(super) struct Executor {
    fault: Fault,
    returning: AtomicUsize,
    state: Mutex<State>,
    leader: Condvar,
    followers: Condvar,
    changed: Condvar,
    /// Notified when the leader waits for a time.
    clock: Condvar,
}

impl State {
    fn is_due(&self) -> bool {
        self.delayed.iter().any(|(at, _)| *at <= self.now)
    }

    fn is_dispatchable(&self) -> bool {
        self.in_flight < self.permits && (self.is_due() || !self.ready.is_empty())
    }

    fn next_wakeup(&self) -> Option<Instant> {
        let times = self.delayed.iter().map(|(at, _)| *at);
        times.filter(|at| *at > self.now).min()
    }

    fn poll(&mut self) -> Option<Job> {
        let now = self.now;
        while let Some(due) = self.delayed.iter().position(|(at, _)| *at <= now) {
            self.ready.push_back(self.delayed.remove(due).1);
        }
        if self.in_flight == self.permits {
            return None;
        }
        let job = self.ready.pop_front()?;
        self.in_flight += 1;
        Some(job)
    }

    fn queued(&self) -> usize {
        self.ready.len() + self.delayed.len() + self.held
    }

    fn is_over(&self) -> bool {
        self.closing && self.queued() == 0
    }
}

impl Executor {
    pub(super) fn new(workers: usize, refusals: usize, fault: Fault) -> Arc<Executor> {
        Arc::new(Executor {
            fault,
            returning: AtomicUsize::new(0),
            state: Mutex::new(State {
                permits: workers,
                ready: VecDeque::new(),
                delayed: Vec::new(),
                held: 0,
                now: Instant::now(),
                in_flight: 0,
                closing: false,
                roster: Roster::new(workers),
                refusals,
                armed: None,
            }),
            leader: Condvar::new(),
            followers: Condvar::new(),
            changed: Condvar::new(),
            clock: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn with(self: &Arc<Self>, act: impl FnOnce(&mut State)) {
        let start = self.act(act);
        self.finish(start);
    }

    /// Changes the state and returns true if a worker is to be started.
    fn act(&self, act: impl FnOnce(&mut State)) -> bool {
        let mut state = self.lock();
        act(&mut state);
        self.call(&mut state)
    }

    pub(super) fn submit(self: &Arc<Self>, work: Work) -> Handle {
        let (handle, start) = self.hand_in(work);
        self.finish(start);
        handle
    }

    /// Submits a job under the lock. Also returns true if a worker is to be started when the lock is free.
    pub(super) fn hand_in(&self, work: Work) -> (Handle, bool) {
        let handle = Handle::default();
        let job = Job {
            work,
            handle: handle.clone(),
        };
        let start = self.act(|state| match job.work {
            Work::Later(wait) => {
                let at = state.now + Duration::from_secs(wait);
                state.delayed.push((at, job));
            }
            _ => state.ready.push_back(job),
        });
        (handle, start)
    }

    /// Queues a job that can be dropped but not dispatched.
    pub(super) fn hold(self: &Arc<Self>) {
        self.with(|state| state.held += 1);
    }

    /// Drops the job that `hold` has queued.
    pub(super) fn let_go(self: &Arc<Self>) {
        self.with(|state| state.held -= 1);
    }

    /// Calls a worker. Returns true if a worker is to be started.
    fn call(&self, state: &mut State) -> bool {
        let returning = || self.returning.load(Ordering::SeqCst) > 0;
        let now = state.now;
        if !state.closing && !state.roster.may_call(now, returning) {
            return false;
        }
        let demand = match state.next_wakeup() {
            _ if state.is_over() => Demand::Over,
            _ if state.is_dispatchable() => Demand::Now,
            Some(wakeup) => Demand::At(wakeup),
            None => Demand::None,
        };
        let wake = state.roster.call(demand, now, returning);
        if demand != Demand::Over || self.fault != Fault::NoWordAtTheEnd {
            self.notify(wake);
        }
        wake == WakeAction::Start
    }

    fn notify(&self, wake: WakeAction) {
        match wake {
            WakeAction::None | WakeAction::Start => {}
            WakeAction::Leader => self.leader.notify_one(),
            WakeAction::Follower => self.followers.notify_one(),
            WakeAction::All { leader, followers } => {
                if leader {
                    self.leader.notify_all();
                }
                if followers {
                    self.followers.notify_all();
                }
            }
        }
    }

    /// Starts a worker if `start` is true.
    pub(super) fn finish(self: &Arc<Self>, start: bool) {
        if !start {
            return;
        }
        for before in 0.. {
            let mut state = self.lock();
            if state.refusals == 0 || state.roster.live == 1 {
                break;
            }
            state.refusals -= 1;
            let now = state.now;
            match state.roster.start_refused(before, now) {
                StartRefused::AskAgain(_) => {}
                StartRefused::OthersWork => {
                    let start = self.fault != Fault::NoCallAfterRefusal && self.call(&mut state);
                    assert!(!start, "no thread is asked for right after a refusal");
                    return;
                }
                StartRefused::GiveUp => unreachable!("so often none is refused here"),
            }
        }
        let own = Arc::clone(self);
        thread::spawn(move || own.run());
    }

    fn run(self: &Arc<Self>) {
        let mut state = self.lock();
        state.roster.worker_started();
        loop {
            if let Some(job) = state.poll() {
                state = self.work(state, job);
                continue;
            }
            if state.is_over() || state.roster.has_surplus() {
                break;
            }
            state = self.idle(state);
        }
        state.roster.worker_left();
        let idle = match state.closing {
            true => state.roster.wake_all(),
            false => WakeAction::None,
        };
        let start = !state.is_over() && self.call(&mut state);
        drop(state);
        self.finish(start);
        self.notify(idle);
        self.changed.notify_all();
    }

    fn idle<'g>(&self, mut state: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        let next_wakeup = state.next_wakeup();
        let (role, wake) = state.roster.begins_waiting(next_wakeup);
        if self.fault != Fault::NoWordToTheLeader {
            self.notify(wake);
        }
        match role {
            IdleRole::Leader => {
                state.armed = next_wakeup;
                self.clock.notify_one();
                state = self.leader.wait(state).unwrap();
                state.armed = None;
            }
            IdleRole::Follower => state = self.followers.wait(state).unwrap(),
        }
        let called = state.roster.called;
        state.roster.woken(role);
        state.roster.called = called && self.fault == Fault::CalledForEver;
        state
    }

    fn work<'g>(
        self: &'g Arc<Self>,
        mut state: MutexGuard<'g, State>,
        mut job: Job,
    ) -> MutexGuard<'g, State> {
        let start = self.fault != Fault::NoHandOver && self.call(&mut state);
        drop(state);
        self.finish(start);
        match &job.work {
            Work::Plain | Work::Later(_) => self.settle(&job.handle),
            Work::Meets(gate) => {
                gate.meet();
                self.settle(&job.handle)
            }
            Work::Asks(work) => {
                job.handle.end();
                // The permit is given back while the caller's code runs.
                self.with(|state| state.in_flight -= 1);
                let asked = self.submit((**work).clone());
                self.with(|state| state.roster.worker_blocked());
                asked.wait();
                self.with(|state| state.roster.worker_unblocked());
                self.lock()
            }
            Work::Retried(times) => {
                let times = *times;
                job.work = match times {
                    1 => Work::Plain,
                    _ => Work::Retried(times - 1),
                };
                let mut state = self.lock();
                state.in_flight -= 1;
                let at = state.now + Duration::from_secs(times);
                state.delayed.push((at, job));
                state
            }
        }
    }

    /// Tells the outcome; the worker looks for work next.
    fn settle(&self, handle: &Handle) -> MutexGuard<'_, State> {
        self.returning.fetch_add(1, Ordering::SeqCst);
        handle.end();
        let mut state = self.lock();
        self.returning.fetch_sub(1, Ordering::SeqCst);
        state.in_flight -= 1;
        state
    }

    /// Lets the submitted jobs run to their end, and waits for the workers.
    pub(super) fn close(self: &Arc<Self>) {
        self.with(|state| state.closing = true);
        let state = self.lock();
        self.notify(state.roster.wake_all());
        let state = self
            .changed
            .wait_while(state, |state| state.roster.live > 0);
        let state = state.unwrap();
        assert_eq!((state.queued(), state.in_flight), (0, 0));
        let roster = &state.roster;
        let counts = (roster.starting, roster.blocked, roster.following);
        assert_eq!((counts, roster.leading), ((0, 0, 0), false));
        drop(state);
        self.clock.notify_all();
    }

    /// Advances the time when the leader waits for it, which ends a wait with a limit.
    pub(super) fn clock(&self) {
        let mut state = self.lock();
        while !(state.closing && state.roster.live == 0) {
            match state.armed.filter(|at| *at > state.now) {
                Some(at) => {
                    state.now = at;
                    self.leader.notify_one();
                }
                None => state = self.clock.wait(state).unwrap(),
            }
            // Other threads may run first.
            drop(state);
            thread::yield_now();
            state = self.lock();
        }
    }
}
