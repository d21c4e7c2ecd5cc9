//! What workers and callers share: the schedule under its one lock, and who waits for what.
//!
//! # Waiting and waking
//!
//! Of the idle workers one, the leader, waits until the schedule's next wake-up; the followers wait for a call. Whoever
//! adds work calls the leader, or a follower where there is no leader, or starts a worker where nobody is idle and the
//! pool is not full. Whoever takes work and leaves more behind does the same. So while something can be dispatched, or
//! will be able to at a known time, somebody is on the way to it or waits for that time, or all workers are busy and
//! look again as soon as one is done.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::host::Host;
use crate::request::Request;
use crate::schedule::{Bounds, Ended, Id, Schedule};
use crate::transport::CancelSlot;

use super::attempt::Engine;
use super::job::{Job, Receiver};
use super::workers::{self, Active};

/// The pool's own settings.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) workers: usize,
    pub(crate) name: String,
    pub(crate) stack: Option<usize>,
}

/// What all clones of a client and all its workers share. Workers hold it, never a client.
pub(crate) struct Executor {
    pub(super) engine: Engine,
    pub(super) pool: Pool,
    state: Mutex<State>,
    pub(super) leader: Condvar,
    pub(super) followers: Condvar,
    /// Called when a worker has gone, or a caller that waits for room should look again.
    pub(super) changed: Condvar,
    /// Threads that run this executor's workers: waits for none of them may be made on one of them.
    pub(super) started: AtomicUsize,
}

pub(super) struct State {
    pub(super) schedule: Schedule<Box<Job>>,
    /// Workers that run or are being started.
    pub(super) live: usize,
    pub(super) starting: usize,
    pub(super) idle: usize,
    pub(super) following: usize,
    /// Someone is the leader; until when it waits.
    pub(super) leading: bool,
    pub(super) armed: Option<Instant>,
    pub(super) closing: bool,
    /// Callers that wait for room to feed.
    intakes_waiting: usize,
    /// Workers that wait inside the caller's code: others run in their place.
    pub(super) blocked: usize,
    /// What each worker is at, by its number.
    pub(super) active: Vec<Active>,
    pub(super) free_numbers: Vec<usize>,
    pub(super) threads: Vec<JoinHandle<()>>,
    /// Through whom the caller of each batch is nudged.
    receivers: HashMap<Id, Arc<dyn Receiver>>,
}

/// What is left to do once the lock is free.
#[derive(Default)]
#[must_use = "callers are nudged, workers started and outcomes delivered outside the lock"]
pub(super) struct After {
    nudged: Vec<Arc<dyn Receiver>>,
    undelivered: Vec<(Box<Job>, Ended)>,
    start: bool,
}

impl Executor {
    pub(crate) fn new(engine: Engine, pool: Pool, schedule: Schedule<Box<Job>>) -> Arc<Executor> {
        Arc::new(Executor {
            engine,
            pool,
            state: Mutex::new(State {
                schedule,
                live: 0,
                starting: 0,
                idle: 0,
                following: 0,
                leading: false,
                armed: None,
                closing: false,
                blocked: 0,
                intakes_waiting: 0,
                active: Vec::new(),
                free_numbers: Vec::new(),
                threads: Vec::new(),
                receivers: HashMap::new(),
            }),
            leader: Condvar::new(),
            followers: Condvar::new(),
            changed: Condvar::new(),
            started: AtomicUsize::new(0),
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under the lock, so a poisoned one holds a state that is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a batch. Its caller is nudged through `receiver` when it should look again.
    pub(crate) fn open(
        &self,
        bounds: Bounds,
        deadline: Option<Instant>,
        receiver: Option<Arc<dyn Receiver>>,
    ) -> Id {
        let mut state = self.lock();
        let id = state.schedule.open(bounds, deadline);
        if let Some(receiver) = receiver {
            state.receivers.insert(id, receiver);
        }
        id
    }

    /// Adds as many jobs as there is room for, asking `more` for each, with no lock held meanwhile. Says whether it
    /// stopped for want of room, for which its caller is then nudged; not, once `more` gives none or the batch is over.
    pub(crate) fn feed(
        self: &Arc<Self>,
        batch: Id,
        mut more: impl FnMut() -> Option<Feed>,
    ) -> bool {
        let mut chunk = Vec::new();
        while let Some(room) = self.room(batch) {
            if room == 0 {
                return true;
            }
            // What was taken from the input before it panicked is in all the same.
            let pulled = catch_unwind(AssertUnwindSafe(|| {
                while chunk.len() < room
                    && let Some(feed) = more()
                {
                    chunk.push(feed);
                }
            }));
            let dry = chunk.len() < room;
            self.push(batch, chunk.drain(..));
            if let Err(panic) = pulled {
                resume_unwind(panic);
            }
            if dry {
                return false;
            }
        }
        false
    }

    /// How many jobs to add at once; asks for a nudge where there is room for none. `None`: the batch is over.
    fn room(&self, batch: Id) -> Option<usize> {
        let mut state = self.lock();
        if state.schedule.is_over(batch) {
            return None;
        }
        let room = state.schedule.room(batch);
        if room == 0 {
            state.schedule.want_room(batch);
        }
        Some(room.min(64))
    }

    /// Adds one job to a batch without bounds. Gives it back once the executor closes.
    pub(crate) fn accept(self: &Arc<Self>, batch: Id, feed: Feed) -> Result<(), Feed> {
        let closing = self.lock().closing;
        if closing && !workers::is_on(self) {
            return Err(feed);
        }
        self.push(batch, std::iter::once(feed));
        Ok(())
    }

    /// Ends what is past its deadline, and says when to look again.
    pub(crate) fn expire(self: &Arc<Self>) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.lock();
        state.schedule.expire(now);
        let deadline = state.schedule.next_deadline();
        let after = self.call(&mut state, now);
        drop(state);
        self.finish(after);
        deadline
    }

    pub(crate) fn push(self: &Arc<Self>, batch: Id, feeds: impl Iterator<Item = Feed>) {
        let now = Instant::now();
        let mut state = self.lock();
        for feed in feeds {
            match feed {
                Feed::Job(job) => {
                    if let Some(host) = job.host.clone() {
                        state.schedule.push(batch, &host, job, now);
                    }
                }
                Feed::Ended(job, why) => state.schedule.push_ended(batch, job, why),
            }
        }
        let after = self.call(&mut state, now);
        drop(state);
        self.finish(after);
    }

    /// Adds one job if its batch has room, else waits for room. Gives it back once the batch is over.
    pub(crate) fn push_when_room(self: &Arc<Self>, batch: Id, feed: Feed) -> Result<(), Feed> {
        let mut state = self.lock();
        loop {
            if state.closing || state.schedule.is_over(batch) {
                return Err(feed);
            }
            if state.schedule.room(batch) > 0 {
                drop(state);
                self.push(batch, std::iter::once(feed));
                return Ok(());
            }
            state.schedule.want_room(batch);
            state.intakes_waiting += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.intakes_waiting -= 1;
        }
    }

    /// Tells the schedule of outcomes taken and handed back, ends what is past its deadline, and gives one job of the
    /// batch that ended without an attempt, and the instant to look again.
    pub(crate) fn settle(
        self: &Arc<Self>,
        batch: Id,
        taken: Taken,
    ) -> (Option<(Box<Job>, Ended)>, Option<Instant>) {
        let now = Instant::now();
        let mut state = self.lock();
        state.schedule.taken(batch, taken.outcomes, taken.bytes);
        state.schedule.handed_back(batch, taken.handed_back);
        state.schedule.expire(now);
        let ended = state.schedule.take_ended(batch);
        let deadline = state.schedule.next_deadline();
        let after = self.call(&mut state, now);
        if state.intakes_waiting > 0 {
            self.changed.notify_all();
        }
        drop(state);
        self.finish(after);
        (ended, deadline)
    }

    /// Nobody takes outcomes of this batch any more: drops what is queued, aborts what runs.
    pub(crate) fn abandon(self: &Arc<Self>, batch: Id) {
        let now = Instant::now();
        let mut state = self.lock();
        let dropped = state.schedule.abandon(batch, now);
        let receiver = state.receivers.remove(&batch);
        let running = state.running(Some(batch));
        let after = self.call(&mut state, now);
        drop(state);
        // Callers that wait for room find that the batch is over.
        self.changed.notify_all();
        for (slot, ticket) in running {
            slot.abort(ticket);
        }
        self.finish(after);
        // Last, for they hold what is the caller's, which may panic when dropped.
        drop(receiver);
        drop(dropped);
    }

    /// A connection to the host of this running job stands.
    pub(super) fn connected(self: &Arc<Self>, job: Id) {
        let now = Instant::now();
        let mut state = self.lock();
        state.schedule.connected(job, now);
        let after = self.call(&mut state, now);
        drop(state);
        self.finish(after);
    }

    /// Runs what may block. On a worker, of this executor or of another, its permit is given back for good and its
    /// place given to another worker meanwhile, so that a wait inside the caller's code never waits for itself.
    pub(crate) fn blocking<R>(wait: impl FnOnce() -> R) -> R {
        let Some(own) = workers::own() else {
            return wait();
        };
        workers::release(&own);
        own.change_blocked(|blocked| blocked + 1);
        let result = wait();
        own.change_blocked(|blocked| blocked - 1);
        result
    }

    fn change_blocked(self: &Arc<Self>, change: impl FnOnce(usize) -> usize) {
        let mut state = self.lock();
        state.blocked = change(state.blocked);
        let after = self.call(&mut state, Instant::now());
        drop(state);
        self.finish(after);
    }

    /// The job gives its permit back before it is complete.
    pub(super) fn release(self: &Arc<Self>, job: Id) {
        let now = Instant::now();
        let mut state = self.lock();
        state.schedule.release(job, now);
        let after = self.call(&mut state, now);
        drop(state);
        self.finish(after);
    }

    /// Lets what was accepted run to its end, and stops the workers. With `cancel`, what is queued is cancelled first.
    /// Waits for the workers, but not on one of them.
    pub(crate) fn close(self: &Arc<Self>, cancel: bool) {
        let now = Instant::now();
        let mut state = self.lock();
        state.closing = true;
        if cancel {
            state.schedule.end_queued_of(None, &Ended::Cancelled, now);
        }
        let after = self.call(&mut state, now);
        drop(state);
        self.finish(after);
        self.leader.notify_all();
        self.followers.notify_all();
        self.changed.notify_all();
        if workers::is_on(self) {
            return;
        }
        Self::blocking(|| {
            let mut state = self.lock();
            while state.live > 0 {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        });
        let threads = std::mem::take(&mut self.lock().threads);
        for thread in threads {
            // A worker contains every panic; its result holds nothing.
            let _ = thread.join();
        }
    }

    /// Sees to it that somebody comes for what can be dispatched, or waits for when something can. Under the lock.
    pub(super) fn call(&self, state: &mut State, now: Instant) -> After {
        let mut after = self.call_news(state);
        let wakeup = state.schedule.next_wakeup();
        if state.schedule.is_dispatchable(now) {
            after.start = self.call_one(state);
        } else if let Some(wakeup) = wakeup {
            // Somebody has to wait for it.
            let waited_for = state.leading && state.armed.is_some_and(|armed| armed <= wakeup);
            if !waited_for && state.starting == 0 {
                after.start = self.call_one(state);
            }
        }
        after
    }

    /// Who is to be told of what the schedule has done. Under the lock.
    pub(super) fn call_news(&self, state: &mut State) -> After {
        if !state.schedule.has_news() {
            return After::default();
        }
        let State {
            schedule,
            receivers,
            ..
        } = &mut *state;
        let nudged = schedule
            .nudges()
            .filter_map(|batch| receivers.get(&batch).cloned())
            .collect();
        After {
            nudged,
            undelivered: schedule.undelivered(),
            start: false,
        }
    }

    /// Wakes an idle worker. Says whether one is to be started instead.
    fn call_one(&self, state: &mut State) -> bool {
        if state.leading {
            self.leader.notify_one();
        } else if state.following > 0 {
            self.followers.notify_one();
        } else if state.starting == 0 && state.live < self.pool.workers + state.blocked {
            state.starting += 1;
            state.live += 1;
            return true;
        }
        false
    }

    /// Does what was left for after the lock.
    pub(super) fn finish(self: &Arc<Self>, after: After) {
        after.nudged.iter().for_each(|receiver| receiver.nudge());
        if !after.nudged.is_empty() {
            self.changed.notify_all();
        }
        let now = Instant::now();
        for (job, why) in after.undelivered {
            job.deliver(why, now);
        }
        if after.start {
            workers::start(self);
        }
    }

    pub(crate) fn threads_started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }
}

impl State {
    /// Where attempts under way can be ended: of one batch, or of all.
    pub(super) fn running(
        &self,
        batch: Option<Id>,
    ) -> Vec<(Arc<CancelSlot>, crate::transport::Ticket)> {
        let of_batch = self
            .active
            .iter()
            .filter(|active| batch.is_none() || active.batch == batch);
        of_batch
            .filter_map(|active| Some((Arc::clone(&active.slot), active.ticket?)))
            .collect()
    }
}

/// Outcomes a caller has taken since it last told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// Those that took a place in the window.
    pub(crate) outcomes: usize,
    /// What they held on to.
    pub(crate) bytes: u64,
    /// Those handed to the user, with or without a place.
    pub(crate) handed_back: usize,
}

/// What a batch is fed with.
pub(crate) enum Feed {
    Job(Box<Job>),
    /// A request that is not fit to be sent.
    Ended(Box<Job>, Ended),
}

impl Feed {
    pub(crate) fn into_request(self) -> Request {
        let (Feed::Job(job) | Feed::Ended(job, _)) = self;
        Arc::unwrap_or_clone(job.request)
    }
}
