//! Results that workers hand back: verdicts, permits, and facts learnt about a host.

use std::time::Instant;

use crate::host::Host;

use super::answers::HostObservation;
use super::breaker::CallEnd;
use super::end_reason::EndReason;
use super::held::TokenNeed;
use super::queue::LaneEnd;
use super::{JobPlace, Schedule};
use crate::slab::Id;

/// Consequence of an attempt. `call` is its end as the host's breaker counts it; a redirect counts as a response.
#[derive(Debug)]
pub(crate) enum Verdict<J> {
    /// An outcome is on its way, and keeps this many bytes until it is taken. `cool`: as in [`Retry`](Verdict::Retry).
    Done {
        bytes: u64,
        cool: Option<Instant>,
        call: CallEnd,
    },
    /// The job is to be tried again, not before `at` and not after `deadline`. `cool`: no job of the whole host starts
    /// before this time.
    Retry {
        job: J,
        at: Instant,
        deadline: Option<Instant>,
        cool: Option<Instant>,
        call: CallEnd,
    },
    /// The job is to be tried again as soon as this machine has room for it, and not after `deadline`. No attempt was
    /// made.
    Wait { job: J, deadline: Option<Instant> },
    /// The job is to be tried again with a newer token, since a server refused the token with the number `refused`, and
    /// not after `deadline`. It goes ahead of the jobs that wait.
    Renew {
        job: J,
        refused: u64,
        deadline: Option<Instant>,
    },
    /// The job goes on to another host, not before `at`. If `at` is not later than now, it goes ahead of the jobs that
    /// wait there.
    Redirect {
        job: J,
        host: Host,
        at: Instant,
        deadline: Option<Instant>,
    },
    /// The job has looked at its file and is to be sent to this host, when its turn comes there. `need`: need for a
    /// token. `None`: it needs none.
    Send {
        job: J,
        host: Host,
        need: Option<TokenNeed>,
    },
}

impl<J> Verdict<J> {
    /// Returns the call as the breaker counts it, and the time until which the host is to cool (`None`: it is not to
    /// cool).
    fn told(&self, heard: HostObservation) -> (CallEnd, Option<Instant>) {
        match self {
            Verdict::Done { cool, call, .. } | Verdict::Retry { cool, call, .. } => (*call, *cool),
            // A hook may redirect a request before it is sent to this host.
            Verdict::Redirect { .. } if heard == HostObservation::Nothing => {
                (CallEnd::Ignored, None)
            }
            // The request goes to another host because this one could not be connected to.
            Verdict::Redirect { .. } if matches!(heard, HostObservation::NoHead { .. }) => {
                (CallEnd::Failure { retry_after: None }, None)
            }
            Verdict::Redirect { .. } | Verdict::Renew { .. } => (CallEnd::Success, None),
            Verdict::Wait { .. } | Verdict::Send { .. } => (CallEnd::Ignored, None),
        }
    }
}

impl<J> Schedule<J> {
    /// Takes a job's permit back and carries out its verdict; `heard` is the end of the attempt as far as it tells of
    /// the host. Returns the job if its batch was abandoned, to be dropped outside any lock.
    #[must_use = "what comes back is dropped outside the lock"]
    pub(crate) fn complete(
        &mut self,
        id: Id,
        heard: HostObservation,
        verdict: Verdict<J>,
        now: Instant,
    ) -> Option<J> {
        let slot = self.jobs.get_mut(id)?;
        let (batch, host, open_call) = (slot.batch, slot.host, slot.call.take());
        let released = std::mem::replace(&mut slot.released, false);
        let pass = self.unwatch(open_call);
        let (call, cool) = verdict.told(heard);
        if let Some(state) = self.hosts.get_mut(host) {
            if !released {
                state.in_flight -= 1;
                self.places.give_back(state.answering);
            }
            if let Some(lane) = state.lane_mut(batch) {
                lane.running -= 1;
            }
            state.record(pass, call, now, &mut self.rng);
        }
        self.tell_call(host, id, call, now);
        let abandoned = match self.batches.get_mut(batch) {
            Some(batch) => {
                batch.in_flight -= 1;
                batch.abandoned
            }
            None => true,
        };
        if let Some(until) = cool {
            self.cool(host, until, now);
            self.note_pause(host, until);
        }
        let back = match verdict {
            Verdict::Done { bytes, .. } => {
                if let Some(batch) = self.batches.get_mut(batch) {
                    batch.finished += 1;
                    batch.last_end = Some(now);
                    batch.bytes += bytes as i64;
                }
                self.forget(id);
                None
            }
            Verdict::Retry { job, .. }
            | Verdict::Redirect { job, .. }
            | Verdict::Wait { job, .. }
            | Verdict::Renew { job, .. }
            | Verdict::Send { job, .. }
                if abandoned =>
            {
                self.forget(id);
                Some(job)
            }
            again => {
                self.queue_again(id, again, now);
                None
            }
        };
        // Called only now that the job's outcome has a place in the window again.
        self.hear(host, id, heard, now);
        self.refuse(host, now);
        self.unblock(host, now);
        self.rank(host);
        self.retire(host, now);
        self.close_if_over(batch);
        back
    }

    /// Puts a job that comes back from its worker where the verdict has it wait.
    fn queue_again(&mut self, id: Id, verdict: Verdict<J>, now: Instant) {
        match verdict {
            Verdict::Done { .. } => {}
            Verdict::Retry {
                job, at, deadline, ..
            } => self.delay(id, job, at, deadline, now),
            Verdict::Wait { job, deadline } => {
                self.found_no_room(now);
                self.go_first(id, job, deadline, now);
            }
            Verdict::Renew {
                job,
                refused,
                deadline,
            } => {
                self.tokens.refused(id, refused);
                self.go_first(id, job, deadline, now);
            }
            Verdict::Send { job, host, need } => {
                self.send_after_check(id, job, (&host, need.as_ref()), now);
            }
            Verdict::Redirect {
                job,
                host,
                at,
                deadline,
            } => {
                let to = self.host(&host, now);
                self.move_to(id, to);
                if at > now {
                    self.delay(id, job, at, deadline, now);
                } else {
                    self.go_first(id, job, deadline, now);
                }
            }
        }
    }

    /// Takes the permit of a job in flight back before it is complete. The job still counts in its batch.
    pub(crate) fn release(&mut self, id: Id, now: Instant) {
        let Some(slot) = self
            .jobs
            .get_mut(id)
            .filter(|slot| slot.place == JobPlace::InFlight)
        else {
            return;
        };
        if std::mem::replace(&mut slot.released, true) {
            return;
        }
        let host = slot.host;
        self.free_permit(host);
        self.unblock(host, now);
        self.rank(host);
    }

    /// Does as [`release`](Self::release) for a job that is to wait. If the job is on trial, its trial is given back
    /// without a result, because the calls that it waits for may need the place.
    pub(crate) fn give_way(&mut self, id: Id, now: Instant) {
        self.release(id, now);
        let Some(slot) = self.jobs.get_mut(id) else {
            return;
        };
        let host = slot.host;
        let Some(state) = self.hosts.get(host) else {
            return;
        };
        if let Some(call) = slot.call.take_if(|call| state.is_trial(&call.pass)) {
            let pass = self.unwatch(Some(call));
            if let Some(state) = self.hosts.get_mut(host) {
                state.record(pass, CallEnd::Ignored, now, &mut self.rng);
            }
            self.unblock(host, now);
        }
    }

    fn free_permit(&mut self, host: Id) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.in_flight -= 1;
            self.places.give_back(host.answering);
        }
    }

    /// Takes tokens from the host's retry budget for a retry of a job in flight. False: the budget is spent.
    pub(crate) fn withdraw(&mut self, id: Id, cost: f64, now: Instant) -> bool {
        let host = self.jobs.get(id).map(|slot| slot.host);
        host.and_then(|host| self.hosts.get_mut(host))
            .and_then(|host| host.budget.as_mut())
            .is_none_or(|budget| budget.withdraw(cost, now))
    }

    /// Notes that a connection to the host of a job in flight was made: more attempts may start at once.
    pub(crate) fn connected(&mut self, id: Id) {
        let Some(host) = self.jobs.get(id).map(|slot| slot.host) else {
            return;
        };
        if let Some(state) = self.hosts.get_mut(host) {
            state.proven = true;
        }
        self.rank(host);
    }

    /// Puts a job that was in flight aside until `at`.
    fn delay(&mut self, id: Id, job: J, at: Instant, deadline: Option<Instant>, now: Instant) {
        self.return_to(id, job, deadline, JobPlace::Delayed);
        self.timers.delayed.push(at, id);
        let Some(slot) = self.jobs.get(id) else {
            return;
        };
        let batch = slot.batch;
        if let Some(known) = self.batches.get_mut(batch) {
            known.parked += 1;
            self.note_room(batch);
        }
        let delay = at.saturating_duration_since(now);
        let longest = self.longest_delay(batch);
        let too_long = longest.is_some_and(|longest| delay > longest);
        // A job that the breaker would refuse when it is due ends now.
        if !self.refused_for(id, at).is_zero() {
            self.end_refused(id, at, now);
        } else {
            self.end_if_stopped(id, now);
            if too_long {
                self.end_queued(id, EndReason::GivenBack { until: Some(at) }, now);
            }
        }
    }

    /// Puts a job that was in flight at the front of its lane.
    fn go_first(&mut self, id: Id, job: J, deadline: Option<Instant>, now: Instant) {
        self.return_to(id, job, deadline, JobPlace::Lane);
        self.enqueue(id, now, LaneEnd::Front);
        self.end_if_stopped(id, now);
    }

    /// Moves a job to another host.
    pub(super) fn move_to(&mut self, id: Id, to: Id) {
        let Some(slot) = self.jobs.get_mut(id) else {
            return;
        };
        let from = std::mem::replace(&mut slot.host, to);
        if from != to {
            // A redirect to another origin takes no credentials along.
            self.tokens.forget(id);
        }
        if let Some(host) = self.hosts.get_mut(to) {
            host.jobs += 1;
        }
        if let Some(host) = self.hosts.get_mut(from) {
            host.jobs -= 1;
        }
    }

    pub(super) fn return_to(&mut self, id: Id, job: J, deadline: Option<Instant>, place: JobPlace) {
        let Some(slot) = self.jobs.get_mut(id) else {
            return;
        };
        slot.job = Some(job);
        slot.place = place;
        self.queued += 1;
        // The deadline of a request does not change, so from the second wait on it has an entry in the queue already.
        if slot.timed && slot.deadline == deadline {
            return;
        }
        let moved = std::mem::replace(&mut slot.timed, deadline.is_some());
        slot.deadline = deadline;
        let batch = slot.batch;
        if moved {
            self.drop_deadline();
        }
        if let Some(deadline) = deadline {
            self.timers.deadlines.push(deadline, id);
            // The batch's caller may be asleep until after the deadline.
            self.nudge(batch);
        }
    }
}
