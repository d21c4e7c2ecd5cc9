//! Rests of hosts that a limiter gives to all clients together: what this client tells of its calls, and trials.
//!
//! Each client tells how it fares with a host, by its own breaker. The limiter decides whether the host rests. If only
//! this client's calls fail, the fault is rather here: its breaker closes the host for itself, and jobs that it refuses
//! are given back, so that another client may run them.

use std::time::{Duration, Instant};

use crate::host::Host;

use super::Schedule;
use super::breaker::CallEnd;
use super::end_reason::EndReason;
use super::granted::LimiterNews;
use crate::slab::Id;

/// Time after which the same is told again, so that the client counts as one that calls the host.
const TOLD_AGAIN: Duration = Duration::from_secs(2);

/// Time for which a job is given back that the own breaker refuses. It may be less than the breaker stays open: another
/// client may reach the host.
const HANDED_ON: Duration = Duration::from_secs(1);

/// State of a host in a client whose limiter gives hosts their rests.
#[derive(Debug, Default)]
pub(super) struct HostVotes {
    /// Last vote: its time, and whether calls failed. `None`: there was none.
    last: Option<(Instant, bool)>,
    /// Job whose attempt shows if the host answers again. `None`: none is under way.
    pub(super) trial: Option<Id>,
}

impl HostVotes {
    /// True if the limiter is to be told. A change is told at once: it comes once in a rest at the most.
    fn is_due(&self, failing: bool, now: Instant) -> bool {
        self.last.is_none_or(|(at, before)| {
            before != failing || now.saturating_duration_since(at) >= TOLD_AGAIN
        })
    }
}

impl<J> Schedule<J> {
    /// Tells the limiter of the end of a call, as far as it wants to know.
    pub(super) fn tell_call(&mut self, host: Id, job: Id, call: CallEnd, now: Instant) {
        if !self.wanting.rests {
            return;
        }
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        let trial = state
            .votes
            .as_mut()
            .and_then(|votes| votes.trial.take_if(|trial| *trial == job));
        let succeeded = match call {
            CallEnd::Success => true,
            CallEnd::Failure { .. } => false,
            CallEnd::Ignored => return,
        };
        if trial.is_some() {
            let host = state.host.clone();
            self.wanting
                .told
                .push(LimiterNews::TrialEnded { host, succeeded });
        }
        self.vote(host, now);
    }

    /// Tells the limiter how this client fares with a host, unless it knows.
    pub(super) fn vote(&mut self, host: Id, now: Instant) {
        let Some(state) = self.hosts.get_mut(host).filter(|_| self.wanting.rests) else {
            return;
        };
        let Some((failing, rest)) = state.breaker.as_ref().and_then(|breaker| breaker.vote())
        else {
            return;
        };
        let votes = state.votes.get_or_insert_default();
        if votes.is_due(failing, now) {
            votes.last = Some((now, failing));
            let host: Host = state.host.clone();
            self.wanting.told.push(LimiterNews::Judged {
                host,
                failing,
                rest,
            });
        }
    }

    /// Reason for which a job ends that was to start at `at`, and that the breaker of its host refuses for the time
    /// `remaining`.
    pub(super) fn end_of_refused(
        &self,
        remaining: Duration,
        at: Instant,
        now: Instant,
    ) -> EndReason {
        match self.wanting.rests {
            true => EndReason::GivenBack {
                until: Some(at.max(now + remaining.min(HANDED_ON))),
            },
            false => EndReason::BreakerOpen { remaining },
        }
    }
}
