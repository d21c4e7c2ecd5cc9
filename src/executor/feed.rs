//! Feeding of requests into the schedule.

use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use crate::request::Request;
use crate::schedule::{EndReason, Id};

use super::calls::TakenOutcomes;
use super::current_worker;
use super::job::Job;
use super::shared::{Executor, ExecutorState};

/// A request for a batch, as a job.
pub(crate) enum FedRequest {
    Job(Box<Job>),
    /// A request that is not fit to be sent, with the reason.
    Ended(Box<Job>, EndReason),
}

/// A job that was not added, by reason.
pub(crate) enum Unpushed {
    /// The batch is over, or the executor closes.
    Over(FedRequest),
    /// The batch has no room now.
    Full(FedRequest),
}

/// Progress of feeding a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FeedProgress {
    /// There is no further request, or the batch is over.
    All,
    /// There is no room; the caller is nudged once there is.
    Full,
    /// The time for feeding is over, and there are more requests.
    Part,
}

/// Time for which a batch is fed before its caller looks for outcomes again. An input that is in memory yields hundreds
/// of requests in this time.
const BRIEFLY: Duration = Duration::from_millis(1);

/// Time for which a batch is fed while it has fewer jobs than there are workers, because the caller does not feed while
/// it handles an outcome.
const HUNGRY: Duration = Duration::from_millis(100);

impl FedRequest {
    pub(crate) fn into_request(self) -> Request {
        let (FedRequest::Job(job) | FedRequest::Ended(job, _)) = self;
        Arc::unwrap_or_clone(job.request)
    }

    /// Returns the job with this number in its batch.
    fn numbered(mut self, index: u64) -> FedRequest {
        let (FedRequest::Job(job) | FedRequest::Ended(job, _)) = &mut self;
        job.index = index;
        self
    }

    /// Returns the time at which the request was handed in.
    fn accepted(&self) -> Instant {
        let (FedRequest::Job(job) | FedRequest::Ended(job, _)) = self;
        job.accepted
    }
}

impl Executor {
    /// Adds jobs while there is room and time is left. Calls `more` for each job, with no lock held.
    ///
    /// Each job is added before the next is asked for, since `more` may take its time, or wait for the outcomes of
    /// earlier jobs. A panic in `more` goes on to the caller.
    pub(crate) fn feed(
        self: &Arc<Self>,
        batch: Id,
        mut more: impl FnMut() -> Option<FedRequest>,
    ) -> FeedProgress {
        let start = self.clock.now();
        let (soon, at_last) = (start + BRIEFLY, start + HUNGRY);
        let (mut late, mut room) = (false, self.lock().room(batch));
        while let Some(left) = room {
            if left == 0 {
                return FeedProgress::Full;
            }
            if late {
                return FeedProgress::Part;
            }
            let Some(feed) = more() else {
                return FeedProgress::All;
            };
            let accepted = feed.accepted();
            (late, room) = self.with(|state, now| {
                state.add(batch, feed, now);
                let sated = accepted >= soon && state.schedule.ready(batch) >= self.pool.workers;
                (sated || accepted >= at_last, state.room(batch))
            });
        }
        FeedProgress::All
    }

    /// Adds one job to a batch whose outcomes are not iterated over. Gives the job back if `most` jobs wait already, or
    /// if the executor closes, except for jobs that its own workers hand in while they finish.
    pub(crate) fn accept(
        self: &Arc<Self>,
        batch: Id,
        feed: FedRequest,
        most: usize,
    ) -> Result<Option<Id>, FedRequest> {
        self.tell_clock_of_request();
        let own = current_worker::is_worker_of(self);
        self.with(|state, now| {
            if (state.closing && !own) || state.schedule.queued() >= most {
                return Err(feed);
            }
            Ok(state.add(batch, feed, now))
        })
    }

    /// Adds one job, with the number that `number` returns under the lock, if its batch has room. `owed` are the
    /// outcomes that were taken from the batch and not told to the schedule yet.
    pub(crate) fn push_now(
        self: &Arc<Self>,
        batch: Id,
        feed: FedRequest,
        number: impl FnOnce() -> u64,
        owed: impl FnOnce() -> TakenOutcomes,
    ) -> Result<(), Unpushed> {
        self.tell_clock_of_request();
        self.with(|state, now| {
            if state.closing || state.schedule.is_over(batch) {
                return Err(Unpushed::Over(feed));
            }
            if state.schedule.room(batch) == 0 {
                self.told(state, batch, owed(), now);
            }
            if state.schedule.room(batch) == 0 {
                return Err(Unpushed::Full(feed));
            }
            state.add(batch, feed.numbered(number()), now);
            Ok(())
        })
    }

    /// Adds one job like [`push_now`](Self::push_now), and waits for room first. Gives the job back if the batch is
    /// over.
    pub(crate) fn push_when_room(
        self: &Arc<Self>,
        batch: Id,
        feed: FedRequest,
        number: impl FnOnce() -> u64,
    ) -> Result<(), FedRequest> {
        let mut state = self.lock();
        loop {
            if state.closing || state.schedule.is_over(batch) {
                return Err(feed);
            }
            if state.schedule.room(batch) > 0 {
                break;
            }
            state.schedule.want_room(batch);
            state = self.wait_for_room(state);
        }
        let now = self.clock.now();
        state.add(batch, feed.numbered(number()), now);
        let after = self.call(&mut state, now);
        drop(state);
        self.finish(after);
        Ok(())
    }
}

impl Executor {
    /// Waits until a caller that waits for room should look again: the caller was nudged, or a host may have become
    /// slow.
    fn wait_for_room<'g>(
        self: &'g Arc<Self>,
        mut state: MutexGuard<'g, ExecutorState>,
    ) -> MutexGuard<'g, ExecutorState> {
        let until = state.schedule.next_watch();
        state.intakes_waiting += 1;
        state = self.wait_for_change(state, until);
        state.intakes_waiting -= 1;
        let now = self.clock.now();
        state.watch(now);
        if !state.schedule.has_news() {
            return state;
        }
        let after = self.call(&mut state, now);
        drop(state);
        self.finish(after);
        self.lock()
    }
}

impl ExecutorState {
    /// Returns the number of jobs that the batch has room for. If there is no room, the caller is nudged later. `None`:
    /// the batch is over.
    fn room(&mut self, batch: Id) -> Option<usize> {
        if self.closing || self.schedule.is_over(batch) {
            return None;
        }
        let room = self.schedule.room(batch);
        if room == 0 {
            self.schedule.want_room(batch);
        }
        Some(room)
    }

    pub(super) fn add(&mut self, batch: Id, feed: FedRequest, now: Instant) -> Option<Id> {
        match feed {
            FedRequest::Job(job) => {
                // The batch may have been ended while the caller read its input.
                let ending = self.ending.as_ref();
                if let Some(why) = ending.or_else(|| self.schedule.stopped(batch)).cloned() {
                    self.schedule.push_ended(batch, job, why);
                    return None;
                }
                let checks_file = job.attempts.checks_file();
                let host = match checks_file {
                    true => self.schedule.files(now),
                    false => self.schedule.host(job.host.as_ref()?, now),
                };
                // A plain request has an empty body, so its body is not looked at.
                let body = match job.attempts.is_plain() {
                    true => 0,
                    false => job.request.sends().bytes_in_memory(),
                };
                // A job that looks at a file needs no token before it is sent.
                let need = job.attempts.token_need().filter(|_| !checks_file).cloned();
                let id = self.schedule.push_for(batch, host, job, body, now);
                if let Some(need) = need {
                    self.schedule.need_token(id, &need);
                }
                Some(id)
            }
            FedRequest::Ended(job, why) => {
                self.schedule.push_ended(batch, job, why);
                None
            }
        }
    }
}
