//! The protocol of `src/executor/shared.rs`, "Waiting and waking", and of what `workers.rs` makes of it: the same flags,
//! the same order, on shuttle's threads. The schedule is a queue and a list of times, an attempt is next to nothing.

use std::collections::VecDeque;

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};
use shuttle::thread;

/// What the model does wrong, to see that it is found out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    /// Who takes a job and leaves more behind calls nobody.
    NoHandOver,
    /// Who goes to wait beside a leader does not tell it of an earlier wake-up.
    NoWordToTheLeader,
    /// Who was called does not say that it has looked.
    CalledForEver,
    /// Who drops the last that is queued tells nobody that it is over.
    NoWordAtTheEnd,
}

/// What a job does.
#[derive(Clone)]
pub(crate) enum Work {
    /// Its attempt ends at once.
    Plain,
    /// So many attempts fail; each is followed by a wait.
    Retried(u64),
    /// Its attempt ends once as many are under way as the gate wants.
    Meets(Arc<Gate>),
    /// Its callback submits another and waits for it.
    Asks(Box<Work>),
}

pub(crate) struct Gate {
    missing: Mutex<usize>,
    complete: Condvar,
}

impl Gate {
    pub(crate) fn of(count: usize) -> Arc<Gate> {
        Arc::new(Gate {
            missing: Mutex::new(count),
            complete: Condvar::new(),
        })
    }

    fn meet(&self) {
        let mut missing = self.missing.lock().unwrap();
        *missing -= 1;
        self.complete.notify_all();
        drop(self.complete.wait_while(missing, |missing| *missing > 0));
    }
}

/// A submitted job.
#[derive(Clone, Default)]
pub(crate) struct Handle(Arc<(Mutex<bool>, Condvar)>);

impl Handle {
    pub(crate) fn wait(&self) {
        let (ended, changed) = &*self.0;
        drop(changed.wait_while(ended.lock().unwrap(), |ended| !*ended));
    }

    fn end(&self) {
        let before = std::mem::replace(&mut *self.0.0.lock().unwrap(), true);
        assert!(!before, "one outcome");
        self.0.1.notify_all();
    }
}

struct Job {
    work: Work,
    handle: Handle,
}

struct State {
    /// How many may be under way at once.
    permits: usize,
    ready: VecDeque<Job>,
    /// With when each is due.
    delayed: Vec<(u64, Job)>,
    /// Queued, and kept by their batch from being dispatched.
    held: usize,
    now: u64,
    in_flight: usize,
    live: usize,
    starting: usize,
    following: usize,
    called: bool,
    leading: bool,
    armed: Option<u64>,
    closing: bool,
    blocked: usize,
}

pub(crate) struct Executor {
    workers: usize,
    fault: Fault,
    returning: AtomicUsize,
    state: Mutex<State>,
    leader: Condvar,
    followers: Condvar,
    changed: Condvar,
    /// Tells the clock that somebody waits for a time.
    armed: Condvar,
}

impl State {
    fn is_due(&self) -> bool {
        self.delayed.iter().any(|(at, _)| *at <= self.now)
    }

    fn is_dispatchable(&self) -> bool {
        self.in_flight < self.permits && (self.is_due() || !self.ready.is_empty())
    }

    fn next_wakeup(&self) -> Option<u64> {
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
    pub(crate) fn new(workers: usize, fault: Fault) -> Arc<Executor> {
        Arc::new(Executor {
            workers,
            fault,
            returning: AtomicUsize::new(0),
            state: Mutex::new(State {
                permits: workers,
                ready: VecDeque::new(),
                delayed: Vec::new(),
                held: 0,
                now: 0,
                in_flight: 0,
                live: 0,
                starting: 0,
                following: 0,
                called: false,
                leading: false,
                armed: None,
                closing: false,
                blocked: 0,
            }),
            leader: Condvar::new(),
            followers: Condvar::new(),
            changed: Condvar::new(),
            armed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn with(self: &Arc<Self>, act: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        act(&mut state);
        let start = self.call(&mut state);
        drop(state);
        self.finish(start);
    }

    pub(crate) fn submit(self: &Arc<Self>, work: Work) -> Handle {
        let handle = Handle::default();
        let job = Job {
            work,
            handle: handle.clone(),
        };
        self.with(|state| state.ready.push_back(job));
        handle
    }

    /// Something is queued that can be dropped but not dispatched.
    pub(crate) fn hold(self: &Arc<Self>) {
        self.with(|state| state.held += 1);
    }

    /// It is dropped.
    pub(crate) fn let_go(self: &Arc<Self>) {
        self.with(|state| state.held -= 1);
    }

    fn call(&self, state: &mut State) -> bool {
        if state.is_over() && self.fault != Fault::NoWordAtTheEnd {
            self.leader.notify_all();
            self.followers.notify_all();
        }
        if state.is_dispatchable() {
            return self.call_one(state);
        }
        let Some(wakeup) = state.next_wakeup() else {
            return false;
        };
        let waited_for = state.leading && state.armed.is_some_and(|armed| armed <= wakeup);
        !waited_for && state.starting == 0 && self.call_one(state)
    }

    /// Whether a worker is to be started.
    fn call_one(&self, state: &mut State) -> bool {
        if state.called {
            return false;
        }
        if state.leading {
            state.called = true;
            self.leader.notify_one();
        } else if state.following > 0 {
            state.called = true;
            self.followers.notify_one();
        } else if state.starting == 0
            && state.live < self.workers + state.blocked
            && self.returning.load(Ordering::SeqCst) == 0
        {
            state.starting += 1;
            state.live += 1;
            return true;
        }
        false
    }

    fn finish(self: &Arc<Self>, start: bool) {
        if start {
            let own = Arc::clone(self);
            thread::spawn(move || own.run());
        }
    }

    fn run(self: &Arc<Self>) {
        let mut state = self.lock();
        state.starting -= 1;
        loop {
            if let Some(job) = state.poll() {
                state = self.work(state, job);
                continue;
            }
            if state.is_over() || state.live > self.workers + state.blocked {
                break;
            }
            state = self.idle(state);
        }
        state.live -= 1;
        let closing = state.closing;
        let start = !state.is_over() && self.call(&mut state);
        drop(state);
        self.finish(start);
        if closing {
            self.leader.notify_all();
            self.followers.notify_all();
        }
        self.changed.notify_all();
    }

    fn idle<'g>(&self, mut state: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        let due = state.next_wakeup();
        if state.leading {
            let sooner = due.is_some_and(|due| state.armed.is_none_or(|armed| due < armed));
            if sooner && self.fault != Fault::NoWordToTheLeader {
                self.leader.notify_one();
            }
            state.following += 1;
            state = self.followers.wait(state).unwrap();
            state.following -= 1;
        } else {
            state.leading = true;
            state.armed = due;
            self.armed.notify_one();
            state = self.leader.wait(state).unwrap();
            state.leading = false;
            state.armed = None;
        }
        if self.fault != Fault::CalledForEver {
            state.called = false;
        }
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
            Work::Plain => self.settle(&job.handle),
            Work::Meets(gate) => {
                gate.meet();
                self.settle(&job.handle)
            }
            Work::Asks(work) => {
                job.handle.end();
                // As the caller's code runs, the permit is given back.
                self.with(|state| state.in_flight -= 1);
                let asked = self.submit((**work).clone());
                self.with(|state| state.blocked += 1);
                asked.wait();
                self.with(|state| state.blocked -= 1);
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
                let at = state.now + times;
                state.delayed.push((at, job));
                state
            }
        }
    }

    /// The outcome is told, and the worker looks for work next.
    fn settle(&self, handle: &Handle) -> MutexGuard<'_, State> {
        self.returning.fetch_add(1, Ordering::SeqCst);
        handle.end();
        let mut state = self.lock();
        self.returning.fetch_sub(1, Ordering::SeqCst);
        state.in_flight -= 1;
        state
    }

    /// Lets what was submitted run to its end, and waits for the workers.
    pub(crate) fn close(self: &Arc<Self>) {
        self.with(|state| state.closing = true);
        self.leader.notify_all();
        self.followers.notify_all();
        let state = self.lock();
        let state = self.changed.wait_while(state, |state| state.live > 0);
        let state = state.unwrap();
        assert_eq!((state.queued(), state.in_flight, state.blocked), (0, 0, 0));
        assert!(state.starting == 0 && state.following == 0 && !state.leading);
        drop(state);
        self.armed.notify_all();
    }

    /// Time passes as soon as the leader waits for it: it is what wakes a wait with a limit.
    pub(crate) fn clock(&self) {
        let mut state = self.lock();
        while !(state.closing && state.live == 0) {
            match state.armed.filter(|at| *at > state.now) {
                Some(at) => {
                    state.now = at;
                    self.leader.notify_one();
                }
                None => state = self.armed.wait(state).unwrap(),
            }
            // Others may be first.
            drop(state);
            thread::yield_now();
            state = self.lock();
        }
    }
}
