//! Attempts that hang: while they last, the breaker of their host counts them as failed calls.
//!
//! A host that accepts connections and never sends a response would else keep every worker for a whole time limit
//! before its breaker counted a single failure.

use std::time::{Duration, Instant};

use super::Schedule;
use super::breaker::PassedCall;
use crate::slab::Id;

/// A call that the breaker of its host let through, until it ends.
#[derive(Debug)]
pub(super) struct OpenCall {
    pub(super) pass: PassedCall,
    /// Time at which the schedule next looks if the attempt hangs. `None`: it need not be looked at again.
    look_at: Option<Instant>,
}

impl<J> Schedule<J> {
    /// Watches the attempt of a job that its host's breaker let through just now.
    pub(super) fn watch_call(&mut self, id: Id, pass: PassedCall, now: Instant) {
        let look_at = now.checked_add(self.settings.hanging_after);
        if let Some(slot) = self.jobs.get_mut(id) {
            slot.call = Some(Box::new(OpenCall { pass, look_at }));
            look_at
                .into_iter()
                .for_each(|at| self.timers.looks.push(at, id));
        }
    }

    /// Stops watching a call, and returns its pass to be recorded. `None`: the host has no breaker.
    pub(super) fn unwatch(&mut self, call: Option<Box<OpenCall>>) -> Option<PassedCall> {
        let call = call?;
        if call.look_at.is_some() {
            let jobs = &self.jobs;
            self.timers.looks.discard(|due, id| {
                let call = jobs.get(id).and_then(|slot| slot.call.as_ref());
                call.is_some_and(|call| call.look_at == Some(due))
            });
        }
        Some(call.pass)
    }

    /// Time after its start at which an attempt is looked at first. `None`: no host has a breaker.
    pub(crate) fn watches_within(&self) -> Option<Duration> {
        self.has_breakers.then_some(self.settings.hanging_after)
    }

    /// True if [`count_hanging`](Self::count_hanging) has an attempt to look at.
    pub(crate) fn must_look(&self, now: Instant) -> bool {
        self.timers.looks.next().is_some_and(|at| at <= now)
    }

    /// Looks at the attempts whose time has come, and counts those that hang as failed calls. `waits_since` returns the
    /// time since when an attempt, without a response head so far, has waited for its host to send or take a byte.
    /// `None`: it does not wait, or the head has come.
    pub(crate) fn count_hanging(
        &mut self,
        now: Instant,
        waits_since: impl Fn(Id) -> Option<Instant>,
    ) {
        while let Some((due, id)) = self.timers.looks.pop_due(now) {
            let Some(slot) = self.jobs.get_mut(id) else {
                continue;
            };
            let Some(call) = slot.call.as_mut().filter(|c| c.look_at == Some(due)) else {
                continue;
            };
            call.look_at = None;
            let host_id = slot.host;
            let Some(host) = self.hosts.get_mut(host_id) else {
                continue;
            };
            if !host.still_counts(&call.pass) {
                continue;
            }
            let hangs_from = waits_since(id)
                .unwrap_or(now)
                .checked_add(self.settings.hanging_after);
            match hangs_from {
                Some(at) if at <= now => {
                    host.count_hanging(&mut call.pass, now, &mut self.rng);
                    self.vote(host_id, now);
                    self.refuse(host_id, now);
                }
                Some(at) => {
                    call.look_at = Some(at);
                    self.timers.looks.push(at, id);
                }
                None => {}
            }
        }
    }
}
