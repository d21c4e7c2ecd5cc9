//! State that workers and callers share: the schedule and the roster of the workers, under one lock.
//!
//! [`roster`](super::roster) decides which worker is woken or started, and gives the reasons; this module performs it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::schedule::{EndReason, Id, LimiterNews, Schedule, SlotAnswer, SlotDemand};
use crate::settings::{Limiter, PermittedStarts};
use crate::transport::{AttemptNumber, CancelSlot};

use super::cpu::CpuPermits;
use super::current_worker;
use super::job::{Job, Receiver};
use super::limits::{LimitedSchedule, LimiterThread};
use super::roster::{Demand, Roster, WakeAction};
use super::work::Work;
use crate::attempt::{Clock, HedgeRace};

/// Code of the caller that a worker runs before its first job.
pub(crate) type OnStart =
    Arc<dyn Fn() -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send + Sync>;

/// The pool's own settings.
#[derive(Clone)]
pub(crate) struct WorkerSettings {
    pub(crate) workers: usize,
    pub(crate) name: String,
    pub(crate) stack: Option<usize>,
    pub(crate) on_start: Option<OnStart>,
    /// Source of the starts that rates allow. `None`: this client keeps its rates by itself.
    pub(crate) limiter: Option<Arc<dyn Limiter>>,
}

/// State that all clones of a client and all its workers share. Workers hold the executor, never a client.
pub(crate) struct Executor {
    start: fn(&Arc<Executor>),
    pub(super) work: Arc<dyn Work>,
    pub(super) clock: Clock,
    pub(super) cpu: Arc<CpuPermits>,
    /// The caller's limiter. `None`: this client keeps its rates by itself.
    limiter: Option<LimiterThread>,
    pub(super) pool: WorkerSettings,
    /// Number of workers about to look for work, with none of the caller's code to run before.
    pub(super) returning: Arc<AtomicUsize>,
    state: Mutex<ExecutorState>,
    /// True after the warning that requests wait for descriptors or ports was logged.
    pub(super) told_of_shortage: AtomicBool,
    /// True after the warning that the system refuses threads was logged.
    pub(super) told_of_threads: AtomicBool,
    pub(super) leader: Condvar,
    pub(super) followers: Condvar,
    /// Notified when a worker has left, or when a caller that waits for room should look again.
    pub(super) changed: Condvar,
}

/// Parts of the executor that are changed under its lock.
pub(super) struct ExecutorState {
    pub(super) schedule: Schedule<Box<Job>>,
    pub(super) roster: Roster,
    pub(super) closing: bool,
    /// Reason for which every queued job ends, now or later: all jobs were aborted, or no worker can start. `None`:
    /// there is no such reason.
    pub(super) ending: Option<EndReason>,
    /// Number of callers that wait for room to feed.
    pub(super) intakes_waiting: usize,
    /// Present work of each worker, by its number.
    pub(super) active: Vec<Active>,
    pub(super) free_numbers: Vec<usize>,
    /// Thread of each worker, by the worker's number: the current thread, or the last one.
    pub(super) threads: HashMap<usize, JoinHandle<()>>,
    /// Races of attempts whose answer may be asked for by a second request, by job.
    pub(super) races: HashMap<Id, Arc<HedgeRace>>,
    /// Receiver through which the caller of each batch is nudged.
    pub(super) receivers: HashMap<Id, Arc<dyn Receiver>>,
}

/// Present work of a worker.
pub(super) struct Active {
    pub(super) slot: Arc<CancelSlot>,
    pub(super) ticket: Option<AttemptNumber>,
    pub(super) batch: Option<Id>,
    pub(super) job: Option<Id>,
}

/// Work that is left until the lock is free.
#[derive(Default)]
#[must_use = "callers are nudged, workers started and outcomes delivered outside the lock"]
pub(super) struct Deferred {
    nudged: Vec<Arc<dyn Receiver>>,
    for_limiter: Vec<LimiterNews>,
    undelivered: Vec<(Box<Job>, EndReason)>,
    start: bool,
}

impl Deferred {
    /// True if no work is left.
    pub(super) fn is_nothing(&self) -> bool {
        !self.start
            && self.nudged.is_empty()
            && self.undelivered.is_empty()
            && self.for_limiter.is_empty()
    }
}

impl Executor {
    /// Creates an executor without workers. `start` starts a worker that has been counted as starting.
    pub(super) fn new(
        work: Arc<dyn Work>,
        pool: WorkerSettings,
        schedule: Schedule<Box<Job>>,
        clock: Clock,
        start: fn(&Arc<Executor>),
    ) -> Arc<Executor> {
        let limiter = pool.limiter.clone().map(LimiterThread::new);
        Arc::new(Executor {
            start,
            limiter,
            work,
            cpu: Arc::new(CpuPermits::new(&clock.while_working())),
            clock,
            returning: Arc::default(),
            told_of_shortage: AtomicBool::new(false),
            told_of_threads: AtomicBool::new(false),
            state: Mutex::new(ExecutorState {
                schedule,
                roster: Roster::new(pool.workers),
                closing: false,
                ending: None,
                intakes_waiting: 0,
                active: Vec::new(),
                free_numbers: Vec::new(),
                threads: HashMap::new(),
                races: HashMap::new(),
                receivers: HashMap::new(),
            }),
            pool,
            leader: Condvar::new(),
            followers: Condvar::new(),
            changed: Condvar::new(),
        })
    }

    /// Returns the permits for CPU work on results.
    pub(crate) fn cpu(&self) -> &Arc<CpuPermits> {
        &self.cpu
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, ExecutorState> {
        // No user code runs under the lock, so the state behind a poisoned lock is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `act` under the lock, and then the work that follows from it outside the lock.
    pub(super) fn with<R>(
        self: &Arc<Self>,
        act: impl FnOnce(&mut ExecutorState, Instant) -> R,
    ) -> R {
        let mut state = self.lock();
        // Under the lock: the schedule's time never goes back.
        let now = self.clock.now();
        let result = act(&mut state, now);
        let after = self.call(&mut state, now);
        drop(state);
        self.finish(after);
        result
    }

    /// Calls or starts a worker for jobs that the schedule can dispatch, now or later. Called under the lock.
    pub(super) fn call(&self, state: &mut ExecutorState, now: Instant) -> Deferred {
        // Nearly always all workers are busy, and look at the schedule when their jobs end.
        if !state.closing
            && !state.schedule.has_news()
            && !state.roster.may_call(now, || self.is_one_returning())
        {
            return Deferred::default();
        }
        self.call_slowly(state, now)
    }

    /// Slow path of [`call`](Self::call), kept out of line: nearly every call returns before it.
    #[inline(never)]
    fn call_slowly(&self, state: &mut ExecutorState, now: Instant) -> Deferred {
        let returning = || self.is_one_returning();
        let demand = match state.is_over() {
            true => Demand::Over,
            // The schedule is not asked in vain.
            false if !state.roster.may_call(now, returning) => Demand::None,
            false => state.demand(now),
        };
        let wake = state.roster.call(demand, now, returning);
        self.notify(wake);
        // Called last, since the look for a job to dispatch ends jobs that are past their deadline.
        let mut after = self.call_news(state);
        after.start = wake == WakeAction::Start;
        after
    }

    /// Returns true if some worker is about to look for a job.
    fn is_one_returning(&self) -> bool {
        self.returning.load(Ordering::SeqCst) > 0
    }

    /// Wakes the idle workers that the roster has named. Does not perform a start, which takes place outside the lock.
    pub(super) fn notify(&self, wake: WakeAction) {
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

    /// Returns the receivers that are to be told of the schedule's changes. Called under the lock.
    pub(super) fn call_news(&self, state: &mut ExecutorState) -> Deferred {
        if !state.schedule.has_news() {
            return Deferred::default();
        }
        let ExecutorState {
            schedule,
            receivers,
            ..
        } = &mut *state;
        let nudged = schedule
            .nudges()
            .filter_map(|batch| receivers.get(&batch).cloned())
            .collect();
        Deferred {
            nudged,
            undelivered: schedule.undelivered(),
            for_limiter: schedule.limiter_news(self.clock.now()),
            start: false,
        }
    }

    /// Does the work that was left until the lock is free.
    pub(super) fn finish(self: &Arc<Self>, after: Deferred) {
        after.nudged.iter().for_each(|receiver| receiver.nudge());
        if !after.nudged.is_empty() {
            self.changed.notify_all();
        }
        if !after.undelivered.is_empty() {
            let now = self.clock.now();
            current_worker::deliver_others(|| {
                for (job, why) in after.undelivered {
                    job.deliver(why, now);
                }
            });
            if let Some(clock) = self.clock.as_virtual() {
                clock.outcome_delivered();
            }
        }
        if let Some(limiter) = self
            .limiter
            .as_ref()
            .filter(|_| !after.for_limiter.is_empty())
        {
            limiter.tell(after.for_limiter, || Box::new(Arc::downgrade(self)));
        }
        if after.start {
            (self.start)(self);
        }
    }
}

impl LimitedSchedule for Weak<Executor> {
    fn answer(&self, demand: &SlotDemand, permitted: PermittedStarts) -> Option<()> {
        self.upgrade()?.with(|state, now| {
            let answer = match permitted {
                PermittedStarts::Granted { after, count } => SlotAnswer::Granted {
                    at: now.checked_add(after).unwrap_or(now),
                    count: count.clamp(1, demand.count),
                },
                PermittedStarts::Trial => SlotAnswer::Trial { at: now },
                PermittedStarts::Later { after, pause } => SlotAnswer::Later {
                    at: now.checked_add(after).unwrap_or(now),
                    pauses: pause,
                },
            };
            let host = demand.host.as_ref();
            state.schedule.answer(host, answer, now);
        });
        Some(())
    }

    fn time_until(&self, then: Instant) -> Option<Duration> {
        let executor = self.upgrade()?;
        Some(then.saturating_duration_since(executor.clock.now()))
    }
}

impl ExecutorState {
    /// True if no job is queued and none comes any more: idle workers leave.
    pub(super) fn is_over(&self) -> bool {
        self.closing && self.schedule.queued() == 0
    }

    /// Returns the work for which a worker is needed, while the executor is not over.
    fn demand(&mut self, now: Instant) -> Demand {
        if self.schedule.is_dispatchable(now) {
            return Demand::Now;
        }
        self.schedule.next_wakeup().map_or(Demand::None, Demand::At)
    }

    /// Ends jobs that are past their deadline, and jobs that wait for a host whose breaker opens because attempts hang.
    pub(super) fn expire(&mut self, now: Instant) {
        self.count_hanging(now);
        self.schedule.expire(now);
    }

    /// Returns when a waiting caller calls [`expire`](Self::expire) again: at `next`, or sooner for attempts under a
    /// breaker. `None`: at no known time. Attempts that begin after this call are looked at no sooner than a whole such
    /// time later, so a caller that does not sleep for longer is in time for each of them.
    pub(super) fn look_again(&self, next: Option<Instant>, now: Instant) -> Option<Instant> {
        let begins_later = self.schedule.watches_within().map(|time| now + time);
        let times = [next, begins_later];
        times.into_iter().flatten().min()
    }

    /// Looks at attempts under a breaker that may hang, if the time for that has come.
    pub(super) fn count_hanging(&mut self, now: Instant) {
        if !self.schedule.must_look(now) {
            return;
        }
        let active = &self.active;
        self.schedule.count_hanging(now, |job| {
            let active = active.iter().find(|active| active.job == Some(job))?;
            active.slot.waits_since()
        });
    }

    /// Marks hosts that have become slow: then there may be room to read on.
    pub(super) fn watch(&mut self, now: Instant) {
        let ExecutorState {
            schedule, active, ..
        } = self;
        schedule.watch(now, || {
            let with_head = active.iter().filter(|active| active.slot.has_head());
            with_head.filter_map(|active| active.job).collect()
        });
    }

    /// Returns the slots and tickets through which attempts under way can be ended.
    pub(super) fn running(
        &self,
        which: impl Fn(&Active) -> bool,
    ) -> Vec<(Arc<CancelSlot>, AttemptNumber)> {
        let wanted = self.active.iter().filter(|active| which(active));
        wanted
            .filter_map(|active| Some((Arc::clone(&active.slot), active.ticket?)))
            .collect()
    }
}
