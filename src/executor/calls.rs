//! Calls that batches and handles make to the executor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attempt::HedgeRace;
use crate::host::Host;
use crate::request::Request;
use crate::schedule::{Bounds, EndReason, HostHolding, Id, JobCounts};

use super::current_worker;
use super::job::{Job, Receiver};
use super::permit::RunningJobs;
use super::shared::{Executor, ExecutorState};

/// Outcomes that a caller has taken since it last told the schedule.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TakenOutcomes {
    /// Number of outcomes that took a place in the window.
    pub(crate) outcomes: usize,
    /// Bytes of bodies that these outcomes kept.
    pub(crate) bytes: u64,
    /// Number of outcomes handed to the user, with or without a place in the window.
    pub(crate) handed_back: usize,
}

impl TakenOutcomes {
    /// Adds outcomes that were taken since.
    pub(crate) fn add(&mut self, more: TakenOutcomes) {
        self.outcomes += more.outcomes;
        self.bytes += more.bytes;
        self.handed_back += more.handed_back;
    }
}

/// Findings of a caller that looks after its batch.
pub(crate) struct BatchNews {
    /// A job of the batch that ended without an attempt. `None`: there is none.
    pub(crate) ended: Option<(Box<Job>, EndReason)>,
    /// Time to look again, if nothing happens before. `None`: no such time.
    pub(crate) again: Option<Instant>,
}

impl Executor {
    /// Opens a batch. Its caller is nudged through `receiver` when there is something to look at.
    pub(crate) fn open(&self, bounds: Bounds, receiver: Option<Arc<dyn Receiver>>) -> Id {
        let mut state = self.lock();
        let id = state.schedule.open(bounds, None);
        if let Some(receiver) = receiver {
            state.receivers.insert(id, receiver);
        }
        id
    }

    /// Sets the instant at which the batch ends.
    pub(crate) fn set_deadline(&self, batch: Id, deadline: Instant) {
        self.lock().schedule.set_deadline(batch, deadline);
    }

    /// Sets the time beyond which the delay of a retry is too long: such jobs of the batch are given back.
    pub(crate) fn set_max_delay(&self, batch: Id, longest: Duration) {
        self.lock().schedule.set_max_delay(batch, longest);
    }

    /// Gives up to `count` waiting jobs of a host back to their callers: those that would start last. Returns their
    /// number.
    pub(crate) fn give_back(self: &Arc<Self>, batch: Id, host: &Host, count: usize) -> usize {
        self.with(|state, now| state.schedule.give_back(batch, host, count, now))
    }

    /// Divides the fixed limits of hosts' places by a number of clients, this one included.
    #[cfg(feature = "fleet")]
    pub(crate) fn divide_places(self: &Arc<Self>, clients: usize) {
        self.with(|state, now| state.schedule.divide_places(clients, now));
    }

    /// True if any host may have such a limit.
    #[cfg(feature = "fleet")]
    pub(crate) fn divides_places(&self) -> bool {
        self.lock().schedule.divides_places()
    }

    /// Number of clients that those limits are divided by.
    #[cfg(all(test, feature = "fleet"))]
    pub(crate) fn places_divided_by(&self) -> usize {
        self.lock().schedule.places_divided_by()
    }

    /// True if the batch takes no more requests, now or later.
    pub(crate) fn is_over(&self, batch: Id) -> bool {
        let state = self.lock();
        state.closing || state.schedule.is_over(batch)
    }

    /// Returns the states of the batch's jobs. `None`: there is no such batch any more.
    pub(crate) fn standing(&self, batch: Id) -> Option<JobCounts> {
        let now = self.clock.now();
        self.lock().schedule.standing(batch, now)
    }

    /// Returns the host that holds the most workers. `None`: no worker is busy.
    pub(crate) fn holding(&self) -> Option<HostHolding> {
        self.lock().schedule.holding()
    }

    /// Ends jobs and batches that are past their deadline. Returns the time of the next look. `None`: no such time.
    pub(crate) fn expire(self: &Arc<Self>) -> Option<Instant> {
        self.with(|state, now| {
            state.expire(now);
            let next = state.schedule.next_deadline();
            state.look_again(next, now)
        })
    }

    /// Tells the schedule of outcomes taken and handed back, ends jobs that are past their deadline, and looks for a
    /// job that ended without an attempt.
    pub(crate) fn settle(self: &Arc<Self>, batch: Id, taken: TakenOutcomes) -> BatchNews {
        self.with(|state, now| {
            self.told(state, batch, taken, now);
            let next = state.schedule.next_look(batch);
            BatchNews {
                ended: state.schedule.take_ended(batch),
                again: state.look_again(next, now),
            }
        })
    }

    /// Tells the schedule of outcomes taken and handed back, without looking. Returns the time of the next call.
    /// `None`: no such time.
    pub(crate) fn tell(self: &Arc<Self>, batch: Id, taken: TakenOutcomes) -> Option<Instant> {
        self.with(|state, now| {
            self.told(state, batch, taken, now);
            let next = state.schedule.next_look(batch);
            state.look_again(next, now)
        })
    }

    pub(super) fn told(
        &self,
        state: &mut ExecutorState,
        batch: Id,
        taken: TakenOutcomes,
        now: Instant,
    ) {
        state.schedule.taken(batch, taken.outcomes, taken.bytes);
        state.schedule.handed_back(batch, taken.handed_back);
        state.expire(now);
        state.watch(now);
        if state.intakes_waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Ends a batch before its time: queued jobs end for the reason `why`, running jobs are aborted.
    pub(crate) fn stop(self: &Arc<Self>, batch: Id, why: &EndReason) {
        let running = self.with(|state, now| {
            state.schedule.end_queued_of(Some(batch), why, now);
            state.running(|active| active.batch == Some(batch))
        });
        for (slot, ticket) in running {
            slot.abort(ticket);
        }
        // Callers that wait for room find that the batch is over.
        self.changed.notify_all();
    }

    /// Ends a batch before its time like [`stop`](Self::stop), except that running jobs end by themselves.
    pub(crate) fn drain(self: &Arc<Self>, batch: Id) {
        self.with(|state, now| {
            let cancelled = &EndReason::Cancelled;
            state.schedule.end_queued_of(Some(batch), cancelled, now);
            // The caller may wait for a request that is not taken any more.
            state.schedule.nudge(batch);
        });
        self.changed.notify_all();
    }

    /// Drops the queued jobs and aborts the running jobs of a batch whose outcomes are no longer taken.
    pub(crate) fn abandon(self: &Arc<Self>, batch: Id) {
        let (dropped, receiver, running) = self.with(|state, now| {
            let dropped = state.schedule.abandon(batch, now);
            let running = state.running(|active| active.batch == Some(batch));
            (dropped, state.receivers.remove(&batch), running)
        });
        self.changed.notify_all();
        for (slot, ticket) in running {
            slot.abort(ticket);
        }
        drop((dropped, receiver));
    }

    /// Cancels one job, waiting or under way. False if the job is over, or if its response is being looked at already.
    pub(crate) fn cancel(self: &Arc<Self>, job: Id) -> bool {
        // Abort under the lock: otherwise the attempt could end and its job be queued again between the look and the
        // abort.
        self.with(|state, now| {
            state.schedule.cancel(job, now)
                || state
                    .running(|active| active.job == Some(job))
                    .into_iter()
                    .any(|(slot, ticket)| slot.abort(ticket))
        })
    }

    /// True if a worker runs the job.
    pub(crate) fn is_running(&self, job: Id) -> bool {
        self.lock()
            .active
            .iter()
            .any(|active| active.job == Some(job))
    }

    /// Gives back the permit of this running job.
    pub(super) fn release(self: &Arc<Self>, job: Id) {
        self.with(|state, now| state.schedule.release(job, now));
    }

    /// Runs a closure that may block. On a worker, of this executor or of another, the worker's permit is given back
    /// for good and its place is given to another worker meanwhile, so that a wait inside the caller's code never waits
    /// for itself.
    pub(crate) fn blocking<R>(wait: impl FnOnce() -> R) -> R {
        let Some(own) = current_worker::executor::<Executor>() else {
            return wait();
        };
        if let Some(job) = current_worker::give_up_job() {
            own.with(|state, now| state.schedule.give_way(job, now));
        }
        // Values dropped after the outcome was told may wait too, in which case this worker does not return soon.
        current_worker::end_return();
        if current_worker::set_blocked(true) {
            // The wait is inside another that has made room for a worker already.
            return wait();
        }
        let clock = own.clock.as_virtual();
        if let Some(clock) = clock {
            clock.worker_waits();
        }
        own.with(|state, _| state.roster.worker_blocked());
        let result = wait();
        current_worker::set_blocked(false);
        own.with(|state, _| state.roster.worker_unblocked());
        // Last: until the worker counts as busy, the time must stand still for it.
        if let Some(clock) = clock {
            clock.worker_goes_on();
        }
        result
    }

    /// Makes the executor take no more requests. If `end` is given, queued jobs end for that reason first. Returns the
    /// requests that were never started.
    pub(crate) fn close(
        self: &Arc<Self>,
        end: Option<&EndReason>,
        abort: bool,
    ) -> Vec<Arc<Request>> {
        let (never, running, idle) = self.with(|state, now| {
            state.closing = true;
            // A caller that waits for outcomes of a batch with no job under way waits for requests that are not taken
            // any more.
            state.schedule.nudge_all();
            if abort && let Some(why) = end {
                // A job under way is not tried again, even if its attempt fails in a way that would be retried.
                state.ending.get_or_insert_with(|| why.clone());
            }
            let never = match end {
                Some(why) => {
                    let mut never = Vec::new();
                    state.schedule.for_each_queued(|job| {
                        if job.attempts.is_untried() {
                            never.push(Arc::clone(&job.request));
                        }
                    });
                    state.schedule.end_queued_of(None, why, now);
                    never
                }
                None => Vec::new(),
            };
            let running = match abort {
                true => state.running(|_| true),
                false => Vec::new(),
            };
            (never, running, state.roster.wake_all())
        });
        for (slot, ticket) in running {
            slot.abort(ticket);
        }
        self.notify(idle);
        self.changed.notify_all();
        never
    }

    /// True if the executor was closed.
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Waits until the workers of a closed executor have left, or until `until`. Returns true if they have left.
    /// Returns false at once on one of these workers, since it would wait for itself.
    pub(crate) fn join(self: &Arc<Self>, until: Option<Instant>) -> bool {
        if current_worker::is_worker_of(self) {
            return false;
        }
        Self::blocking(|| self.join_elsewhere(until))
    }

    fn join_elsewhere(&self, until: Option<Instant>) -> bool {
        let mut state = self.lock();
        while state.roster.live() > 0 {
            if until.is_some_and(|until| until <= self.clock.now()) {
                return false;
            }
            state = self.wait_for_change(state, until);
        }
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        for thread in threads.into_values() {
            // A worker catches every panic, so the join result carries no information.
            let _ = thread.join();
        }
        true
    }
}

impl RunningJobs for Arc<Executor> {
    fn connected(&self, job: Id) {
        self.with(|state, _| state.schedule.connected(job));
    }

    fn late_head_came(&self, job: Id) {
        self.with(|state, now| state.schedule.head_came(job, now));
    }

    fn had_company(&self, job: Id, given_back: u32) -> bool {
        self.lock().schedule.had_company(job, given_back)
    }

    fn withdraw(&self, job: Id, cost: f64) -> bool {
        let mut state = self.lock();
        // Under the lock: the schedule's time never goes back.
        let now = self.clock.now();
        state.schedule.withdraw(job, cost, now)
    }

    fn withdraw_hedge(&self, job: Id) {
        self.with(|state, _| state.schedule.withdraw_hedge(job));
    }

    fn offer_hedge(&self, job: Id, start: Instant, cost: u32, race: &Arc<HedgeRace>) {
        self.with(|state, _| {
            if state.schedule.offer_hedge(job, start, cost) {
                state.races.insert(job, Arc::clone(race));
            }
        });
    }
}
