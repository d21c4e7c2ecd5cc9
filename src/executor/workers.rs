//! The worker threads: each takes a job, runs its attempt, tells the schedule what follows, and takes the next job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use crate::attempt::{AttemptEnd, cancelled, panicked};
use crate::error::ErrorType;
use crate::outcome::State as OutcomeState;
use crate::schedule::{CallEnd, HostObservation, Id, LoadSign, Start, Verdict};
use crate::transport::CancelSlot;

use super::current_worker;
use super::job::Job;
use super::permit::JobPermit;
use super::roster::{IdleRole, WakeAction};
use super::shared::{Deferred, Executor, ExecutorState};
use super::work::RunningJob;

pub(super) struct WorkerLoop<'a> {
    pub(super) executor: &'a Arc<Executor>,
    pub(super) number: usize,
    pub(super) slot: Arc<CancelSlot>,
}

impl WorkerLoop<'_> {
    pub(super) fn run(&self) {
        let executor = self.executor;
        let mut state = executor.lock();
        state.roster.worker_started();
        let mut now = executor.clock.now();
        loop {
            state.count_hanging(now);
            if let Some(call) = state.token_call(executor.work.tokens(), &executor.clock, now) {
                (state, now) = self.fetch_token(state, &call);
                continue;
            }
            if let Some(start) = state.schedule.poll_hedge(now) {
                (state, now) = self.hedge(state, start, now);
                continue;
            }
            if let Some(start) = state.schedule.poll(now) {
                (state, now) = self.work(state, start, now);
                continue;
            }
            if state.schedule.is_token_call_due(now) {
                // Looking for a job has held the first that needs a token.
                continue;
            }
            if state.schedule.has_news() {
                // Looking for a job has ended some jobs that are past their deadline.
                let after = executor.call_news(&mut state);
                drop(state);
                executor.finish(after);
                state = executor.lock();
                now = executor.clock.now();
                continue;
            }
            if state.is_over() || state.roster.has_surplus() {
                break;
            }
            state = self.wait(state);
            now = executor.clock.now();
        }
        // The worker leaves under the lock: a thread that sees no live worker finds every outcome delivered.
        state.roster.worker_left();
        state.free_numbers.push(self.number);
        // Idle workers may be the last, and no other thread wakes them. While no worker is idle, no condvar is
        // notified: each notification may make the system walk past all threads that wait for something else, and
        // workers leave by the thousand.
        let idle = match state.closing {
            true => state.roster.wake_all(),
            false => WakeAction::None,
        };
        let awaited = state.roster.live() == 0 || state.intakes_waiting > 0;
        let after = match state.is_over() {
            true => Deferred::default(),
            // Another worker has to take over the wake-up that this worker waited for, or would have waited for.
            false => executor.call(&mut state, executor.clock.now()),
        };
        drop(state);
        executor.finish(after);
        executor.notify(idle);
        if awaited {
            executor.changed.notify_all();
        }
    }

    /// Waits as the leader until the next wake-up, or as a follower until called.
    fn wait<'g>(
        &'g self,
        mut state: MutexGuard<'g, ExecutorState>,
    ) -> MutexGuard<'g, ExecutorState> {
        let executor = self.executor;
        let next_wakeup = state.schedule.next_wakeup();
        let (role, wake) = state.roster.begins_waiting(next_wakeup);
        executor.notify(wake);
        state = match role {
            IdleRole::Leader => executor.wait_as_leader(state, next_wakeup),
            IdleRole::Follower => executor.clock.wait(&executor.followers, state, None),
        };
        state.roster.woken(role);
        state
    }

    /// Runs one attempt of a job and tells the schedule what follows.
    fn work<'g>(
        &'g self,
        mut state: MutexGuard<'g, ExecutorState>,
        start: Start<Box<Job>>,
        now: Instant,
    ) -> (MutexGuard<'g, ExecutorState>, Instant) {
        let executor = self.executor;
        let Start {
            id,
            batch,
            mut job,
            unproven,
            given_back,
            watched,
            deadline,
            limit,
        } = start;
        let active = &mut state.active[self.number];
        active.ticket = Some(self.slot.begin());
        if watched {
            self.slot.watch();
        }
        active.job = Some(id);
        active.batch = Some(batch);
        // Called before the caller's code runs for jobs that ended meanwhile: if that code waits, this job's place is
        // given to another worker.
        let permit = JobPermit::take(executor, id, &self.slot, now, given_back);
        let after = executor.call(&mut state, now);
        drop(state);
        let start = match after.is_nothing() {
            true => now,
            false => {
                executor.finish(after);
                executor.clock.now()
            }
        };
        permit.begin(start, job.cost());
        let running = RunningJob {
            permit: &permit,
            cancel: &self.slot,
            clock: &executor.clock,
            cpu: &executor.cpu,
            start,
            unproven,
            deadline,
            limit,
        };
        let next = self.attempt(&mut job, running);
        let ended = EndedAttempt {
            id,
            heard: job.attempts.take_heard(),
            load: limit.and_then(|_| job.attempts.take_load()),
            start,
            permit,
        };
        self.carry_out(ended, job, next)
    }

    /// Carries out what follows an attempt. Kept out of line, so that it takes no stack during the attempt.
    #[inline(never)]
    fn carry_out(
        &self,
        ended: EndedAttempt<'_>,
        mut job: Box<Job>,
        next: AttemptEnd,
    ) -> (MutexGuard<'_, ExecutorState>, Instant) {
        let executor = self.executor;
        let deadline = job.attempts.deadline();
        match next {
            AttemptEnd::Done { state, cool, call } => self.settle(ended, job, state, (cool, call)),
            AttemptEnd::Again { at, cool, call } => {
                job.waits_since = at;
                job.pays_again();
                let verdict = Verdict::Retry {
                    job,
                    at,
                    deadline,
                    cool,
                    call,
                };
                self.complete(ended, verdict)
            }
            AttemptEnd::Wait { shortage } => {
                executor.warn_of_shortage(&shortage);
                job.waits_since = executor.clock.now();
                job.has_paid();
                self.complete(ended, Verdict::Wait { job, deadline })
            }
            AttemptEnd::Renew { refused } => {
                job.waits_since = executor.clock.now();
                job.has_paid();
                let verdict = Verdict::Renew {
                    job,
                    refused,
                    deadline,
                };
                self.complete(ended, verdict)
            }
            AttemptEnd::Send { host } => {
                let need = job.attempts.token_need().map(|need| (**need).clone());
                self.complete(ended, Verdict::Send { job, host, need })
            }
            AttemptEnd::Redirect { host, delay } => {
                let at = executor.clock.now() + delay;
                job.waits_since = at;
                job.has_paid();
                job.host = Some(host.clone());
                let verdict = Verdict::Redirect {
                    job,
                    host,
                    at,
                    deadline,
                };
                self.complete(ended, verdict)
            }
        }
    }

    /// Runs one attempt. A panic in it ends the request.
    fn attempt(&self, job: &mut Job, running: RunningJob<'_>) -> AttemptEnd {
        let executor = self.executor;
        let before = job.attempts.count();
        let attempt = catch_unwind(AssertUnwindSafe(|| executor.work.attempt(job, running)));
        attempt.unwrap_or_else(|panic| {
            job.attempts.count_panic(before);
            AttemptEnd::failed(match self.slot.end() {
                true => cancelled(),
                false => panicked(&*panic),
            })
        })
    }

    /// Sends the outcome of a request to its caller, then frees its permit. In this order the outcome is there before
    /// any thread can find the executor idle; the place that the outcome takes was kept for it.
    #[expect(clippy::boxed_local, reason = "it comes from the schedule in its box")]
    fn settle(
        &self,
        ended: EndedAttempt<'_>,
        job: Box<Job>,
        outcome: OutcomeState,
        (cool, call): (Option<Duration>, CallEnd),
    ) -> (MutexGuard<'_, ExecutorState>, Instant) {
        let clock = &self.executor.clock;
        if let OutcomeState::Failed(error) = &outcome
            && error.error_type() != ErrorType::Cancelled
        {
            job.log_end(error);
        }
        let settled = job.attempts.settled();
        let (receiver, outcome) = job.finish_for(outcome, settled.unwrap_or_else(|| clock.now()));
        let bytes =
            catch_unwind(AssertUnwindSafe(|| receiver.deliver(outcome))).unwrap_or_default();
        if let Some(clock) = clock.as_virtual() {
            clock.outcome_delivered();
        }
        // This may be the last reference to the caller's closure, and the caller's code in its drop may panic.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(receiver)));
        let cool = cool.and_then(|cool| clock.now().checked_add(cool));
        self.complete(ended, Verdict::Done { bytes, cool, call })
    }

    /// Tells the schedule what follows an attempt. Returns the lock with a time read under it.
    fn complete(
        &self,
        ended: EndedAttempt<'_>,
        verdict: Verdict<Box<Job>>,
    ) -> (MutexGuard<'_, ExecutorState>, Instant) {
        let EndedAttempt {
            id,
            heard,
            load,
            start,
            permit,
        } = ended;
        let is_hedged = permit.is_hedged();
        permit.hand_back();
        let mut state = self.executor.lock();
        let mut now = self.executor.clock.now();
        current_worker::end_return();
        let active = &mut state.active[self.number];
        active.ticket = None;
        active.batch = None;
        active.job = None;
        if let Some(seen) = current_worker::take_seen() {
            state.schedule.see_backlog(id, seen, now);
        }
        if is_hedged {
            state.races.remove(&id);
            let waited = match heard {
                HostObservation::Head { waited } => Some(waited),
                HostObservation::NoHead { .. } | HostObservation::Nothing => None,
            };
            state.schedule.end_hedged(id, waited);
        }
        if let Some(sign) = load {
            state.schedule.adapt(id, sign, start, now);
        }
        let again = !matches!(verdict, Verdict::Done { .. });
        let unwanted = state.schedule.complete(id, heard, verdict, now);
        if again && self.slot.end() {
            // The job was cancelled after its attempt had failed, so it is not tried again.
            state.schedule.cancel(id, now);
        }
        if again && let Some(why) = state.ending.clone() {
            state.schedule.end_queued_of(None, &why, now);
        }
        if unwanted.is_some() || state.schedule.has_news() {
            let after = self.executor.call_news(&mut state);
            drop(state);
            // Jobs hold values of the caller, and the caller's code in their drop may panic.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(unwanted)));
            self.executor.finish(after);
            state = self.executor.lock();
            now = self.executor.clock.now();
        }
        (state, now)
    }
}

/// A job whose attempt has ended.
struct EndedAttempt<'a> {
    id: Id,
    /// Observations of the host during the attempt.
    heard: HostObservation,
    /// Sign of the host's load. `None`: there was none, or the host's limit does not adapt.
    load: Option<LoadSign>,
    /// Start of the attempt.
    start: Instant,
    permit: JobPermit<'a>,
}
