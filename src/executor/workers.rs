//! The worker threads: take a job, run its attempt, decide what follows, take the next.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorType, StopReason};
use crate::outcome::State as OutcomeState;
use crate::redact::escape::log_line;
use crate::schedule::{Call, Heard, Id, SLOW_AFTER, Start, Verdict};
use crate::settings::Retrying;
use crate::transport::CancelSlot;

use super::attempt::{Next, Told};
use super::here;
use super::here::release_own;
use super::job::{Job, cancelled, shown_wait};
use super::roster::{Role, Wake};
use super::shared::{After, Executor, State};
use super::turns;

pub(super) struct Worker<'a> {
    pub(super) executor: &'a Arc<Executor>,
    pub(super) number: usize,
    pub(super) slot: Arc<CancelSlot>,
}

impl Worker<'_> {
    pub(super) fn run(&self) {
        let executor = self.executor;
        let mut state = executor.lock();
        state.roster.worker_started();
        let mut now = Instant::now();
        loop {
            state.count_hanging(now);
            if let Some(start) = state.schedule.poll(now) {
                (state, now) = self.work(state, start, now);
                continue;
            }
            if state.schedule.has_news() {
                // Looking for a job has ended some that are past their deadline.
                let after = executor.call_news(&mut state);
                drop(state);
                executor.finish(after);
                state = executor.lock();
                now = Instant::now();
                continue;
            }
            if state.is_over() || state.roster.has_surplus() {
                break;
            }
            state = self.wait(state);
            now = Instant::now();
        }
        // The last words under the lock: whoever sees no live worker finds every outcome delivered.
        state.roster.worker_left();
        state.free_numbers.push(self.number);
        // Idle workers may be the last: no other thread wakes them. While none is idle no condvar is notified: each
        // notification may have the system walk past all threads that wait for something else, and workers leave by
        // the thousand.
        let idle = match state.closing {
            true => state.roster.wake_all(),
            false => Wake::None,
        };
        let awaited = state.roster.live() == 0 || state.intakes_waiting > 0;
        let after = match state.is_over() {
            true => After::default(),
            // A wake-up that this worker waited for, or would have, is another's now.
            false => executor.call(&mut state, Instant::now()),
        };
        drop(state);
        executor.finish(after);
        executor.notify(idle);
        if awaited {
            executor.changed.notify_all();
        }
    }

    /// Waits as the leader until the next wake-up, or as a follower until called.
    fn wait<'g>(&self, mut state: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        let executor = self.executor;
        let next_wakeup = state.schedule.next_wakeup();
        let (role, wake) = state.roster.begins_waiting(next_wakeup);
        executor.notify(wake);
        let (condvar, until) = match role {
            Role::Leader => (&executor.leader, next_wakeup),
            Role::Follower => (&executor.followers, None),
        };
        state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(time) => {
                condvar
                    .wait_timeout(state, time)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => condvar.wait(state).unwrap_or_else(PoisonError::into_inner),
        };
        state.roster.woken(role);
        state
    }

    /// Runs one attempt of a job and tells the schedule what follows.
    fn work<'g>(
        &'g self,
        mut state: MutexGuard<'g, State>,
        start: Start<Box<Job>>,
        now: Instant,
    ) -> (MutexGuard<'g, State>, Instant) {
        let executor = self.executor;
        let Start {
            id,
            batch,
            mut job,
            unproven,
            given_back,
            watched,
        } = start;
        let active = &mut state.active[self.number];
        active.ticket = Some(self.slot.begin());
        if watched {
            self.slot.watch();
        }
        active.job = Some(id);
        here::hold(Some(id));
        active.batch = Some(batch);
        let after = executor.call(&mut state, now);
        drop(state);
        let start = match after.is_nothing() {
            true => now,
            false => {
                executor.finish(after);
                Instant::now()
            }
        };

        let connected = || executor.connected(id);
        let head = |at: Instant| {
            self.slot.note_head();
            if at.saturating_duration_since(start) > SLOW_AFTER {
                executor.late_head_came(id);
            }
        };
        let had_company = || executor.had_company(id, given_back);
        let told = Told {
            connected: if unproven { Some(&connected) } else { None },
            head: &head,
            had_company: &had_company,
        };
        let engine = executor.engine();
        let before = job.attempts();
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            engine.attempt(&mut job, &self.slot, told, start)
        }));
        let next = attempt.unwrap_or_else(|panic| {
            // A hook that panics does so before its attempt is counted.
            if let Some(progress) = &mut job.progress
                && progress.tally.attempts() == before
            {
                progress.tally.settled();
            }
            Next::failed(match self.slot.end() {
                true => cancelled(),
                false => panicked(&*panic),
            })
        });
        let progress = job.progress.as_mut();
        let heard = progress.map_or(Heard::Nothing, |p| std::mem::take(&mut p.heard));
        match next {
            Next::Done { state, cool, tells } => self.settle((id, heard), job, state, cool, tells),
            Next::Again {
                delay,
                cost,
                cool,
                tells,
            } => self.again((id, heard), job, (delay, cost), cool, tells),
            Next::Waits { shortage } => {
                executor.warn_of_shortage(&shortage);
                job.waits_since = Instant::now();
                let deadline = job.progress.as_ref().and_then(|p| p.deadline);
                self.complete((id, heard), Verdict::Wait { job, deadline })
            }
            Next::Elsewhere { host, delay } => {
                let now = Instant::now();
                let at = now + delay;
                job.waits_since = at;
                job.host = Some(host.clone());
                let deadline = job.progress.as_ref().and_then(|p| p.deadline);
                self.complete(
                    (id, heard),
                    Verdict::Redirect {
                        job,
                        host,
                        at,
                        deadline,
                    },
                )
            }
        }
    }

    /// The request has ended: its outcome goes to the caller, then its permit is free. In this order the outcome is
    /// there before anybody can find the executor idle; the place it takes was kept for it.
    #[expect(clippy::boxed_local, reason = "it comes from the schedule in its box")]
    fn settle(
        &self,
        ended: (Id, Heard),
        job: Box<Job>,
        outcome: OutcomeState,
        cool: Option<Duration>,
        call: Call,
    ) -> (MutexGuard<'_, State>, Instant) {
        if let OutcomeState::Failed(error) = &outcome
            && error.error_type() != ErrorType::Cancelled
        {
            job.give_up(error);
        }
        let settled = job.progress.as_ref().and_then(|p| p.settled);
        let (receiver, outcome) = job.finish_for(outcome, settled.unwrap_or_else(Instant::now));
        let bytes =
            catch_unwind(AssertUnwindSafe(|| receiver.deliver(outcome))).unwrap_or_default();
        // It may be the last to hold the caller's closure, and what that does when dropped is its own.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(receiver)));
        let cool = cool.and_then(|cool| Instant::now().checked_add(cool));
        self.complete(ended, Verdict::Done { bytes, cool, call })
    }

    /// Again after a wait, unless the host's retries are used up.
    #[inline(never)]
    fn again(
        &self,
        ended: (Id, Heard),
        mut job: Box<Job>,
        (delay, cost): (Duration, f64),
        cool: Option<Duration>,
        call: Call,
    ) -> (MutexGuard<'_, State>, Instant) {
        let granted = cost <= 0.0 || {
            let mut state = self.executor.lock();
            state.schedule.withdraw(ended.0, cost, Instant::now())
        };
        let now = Instant::now();
        let error = job.progress.as_mut().and_then(|p| p.error.take());
        if !granted && let Some(error) = error {
            // The caller's predicates may look at the last response.
            let engine = self.executor.engine();
            let outcome = catch_unwind(AssertUnwindSafe(|| engine.out_of_budget(&mut job, error)));
            let outcome = outcome.unwrap_or_else(|panic| OutcomeState::Failed(panicked(&*panic)));
            return self.settle(ended, job, outcome, cool, call);
        }
        if log::log_enabled!(log::Level::Warn)
            && let Some(error) = &error
        {
            let attempts = job.attempts();
            let most = job.max_attempts(&self.executor.engine().defaults);
            let (url, wait) = (job.shown(), shown_wait(delay));
            log_line!(
                Warn,
                "{url}: attempt {attempts} of {most} failed: {}: {}; next in {wait}",
                error.error_type(),
                error
            );
        }
        if let (Some(hook), Some(error)) = (&self.executor.engine().defaults.on_retry, &error) {
            let told = Retrying {
                attempt: job.attempts(),
                max_attempts: job.max_attempts(&self.executor.engine().defaults),
                error,
                delay,
                url: job.shown(),
                id: job.request.get_id(),
            };
            release_own();
            if catch_unwind(AssertUnwindSafe(|| hook(&told))).is_err() {
                log_line!(Error, "{}: the on_retry hook panicked", told.url);
            }
        }
        let deadline = job.progress.as_mut().and_then(|p| {
            // An accepted response is not kept: it is no failure to end with.
            p.error = error.filter(|_| p.accepted.take().is_none());
            p.deadline
        });
        let at = now + delay;
        job.waits_since = at;
        let cool = cool.and_then(|cool| now.checked_add(cool));
        self.complete(
            ended,
            Verdict::Retry {
                job,
                at,
                deadline,
                cool,
                call,
            },
        )
    }

    /// Gives the lock with a time read under it.
    fn complete(
        &self,
        (id, heard): (Id, Heard),
        verdict: Verdict<Box<Job>>,
    ) -> (MutexGuard<'_, State>, Instant) {
        here::hold(None);
        let mut state = self.executor.lock();
        let mut now = Instant::now();
        here::back();
        let active = &mut state.active[self.number];
        active.ticket = None;
        active.batch = None;
        active.job = None;
        if let Some(seen) = turns::seen() {
            let few = state.schedule.see_backlog(id, seen, now);
            self.executor.turns().set_few(few);
        }
        let again = !matches!(verdict, Verdict::Done { .. });
        let unwanted = state.schedule.complete(id, heard, verdict, now);
        if again && self.slot.end() {
            // Cancelled after its attempt had failed: it is not tried again.
            state.schedule.cancel(id, now);
        }
        if again && let Some(why) = state.ending.clone() {
            state.schedule.end_queued_of(None, &why, now);
        }
        if unwanted.is_some() || state.schedule.has_news() {
            let after = self.executor.call_news(&mut state);
            drop(state);
            // Jobs hold what belongs to the caller, and what it does when dropped is its own.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(unwanted)));
            self.executor.finish(after);
            state = self.executor.lock();
            now = Instant::now();
        }
        (state, now)
    }
}

pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    Error::new(ErrorType::Panic, format!("panicked: {text}")).stopped(StopReason::NotRetryable)
}
