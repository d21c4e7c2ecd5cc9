//! Jobs that wait for the token of a source, and the calls of the sources.
//!
//! A job that needs a token is held when its turn comes and no token is there: it leaves its lane and takes no worker,
//! no place and no rate. Once the token is there, the held jobs go back to the fronts of their lanes, in the order in
//! which their turns had come.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::TokenFailure;
use crate::host::Host;
use crate::settings::TokenReason;

use super::end_reason::{EndReason, TokenWait};
use super::queue::LaneEnd;
use super::token::{CALL_LIMIT, SourceState, TokenCallEnd, TokenTurn};
use super::{JobPlace, JobSlot, Schedule};
use crate::slab::Id;

/// Need of a job for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenNeed {
    /// Number of the token's source.
    pub(crate) source: usize,
    /// Name of the source in messages.
    pub(crate) from: Arc<str>,
    /// Time limit over all attempts of the request, which begins when its turn comes. `None`: no limit.
    pub(crate) limit: Option<Duration>,
}

/// Call of a token source that a worker is to make now.
#[derive(Clone, Debug)]
pub(crate) struct TokenCall {
    /// Number of the source.
    pub(crate) source: usize,
    /// Number of the call, which its token has too.
    pub(crate) number: u64,
    /// Number of the call in its series, from 1.
    pub(crate) attempt: u32,
    pub(crate) reason: TokenReason,
    /// Host of the first job that waits for the token.
    pub(crate) host: Host,
}

/// The token sources, each with the jobs that wait for its token.
#[derive(Debug, Default)]
pub(super) struct TokenGates {
    /// Gate of each source, by the number of the source.
    gates: Vec<TokenGate>,
    /// Jobs that need a token, waiting or in flight. Beside the jobs, since most clients have no source.
    needs: HashMap<Id, TokenNeed>,
}

#[derive(Debug, Default)]
struct TokenGate {
    state: SourceState,
    /// Held jobs in the order of their turns. An id whose job has ended is stale and skipped.
    held: VecDeque<Id>,
    /// Number of ids in `held` that are not stale.
    live: usize,
    /// Failure of the last call. `None`: no call has failed since the last token.
    failure: Option<TokenFailure>,
}

impl TokenGates {
    /// Returns the gate of a source by its number.
    fn gate_mut(&mut self, source: usize) -> &mut TokenGate {
        if self.gates.len() <= source {
            self.gates.resize_with(source + 1, TokenGate::default);
        }
        &mut self.gates[source]
    }

    /// Returns the gate of the source whose token a job needs. `None`: the job needs none.
    fn gate_of(&mut self, id: Id) -> Option<&mut TokenGate> {
        if self.needs.is_empty() {
            return None;
        }
        let source = self.needs.get(&id)?.source;
        Some(self.gate_mut(source))
    }

    /// True if no job has needed a token.
    pub(super) fn is_empty(&self) -> bool {
        self.gates.is_empty()
    }

    /// True if a job waits for a call that may begin now.
    pub(super) fn is_call_due(&self, now: Instant) -> bool {
        let mut gates = self.gates.iter();
        gates.any(|gate| gate.live > 0 && gate.state.is_call_due(now))
    }

    /// Time at which something changes for held jobs. `None`: at no known time.
    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        let gates = self.gates.iter().filter(|gate| gate.live > 0);
        gates.filter_map(|gate| gate.state.next_wakeup()).min()
    }

    /// Notes that a job has started, which may have a token.
    pub(super) fn started(&mut self, id: Id) {
        if let Some(gate) = self.gate_of(id) {
            gate.state.started();
        }
    }

    /// Notes that a server refused the token with this number, which a job had.
    pub(super) fn refused(&mut self, id: Id, number: u64) {
        if let Some(gate) = self.gate_of(id) {
            gate.state.refused(number);
        }
    }

    /// Notes that a held job has ended. Returns the reason with what is known of the token that it waited for.
    pub(super) fn held_job_ended(&mut self, id: Id, why: EndReason) -> EndReason {
        let from = self.needs.get(&id).map(|need| Arc::clone(&need.from));
        let Some((gate, from)) = self.gate_of(id).zip(from) else {
            return why;
        };
        gate.live -= 1;
        match why {
            EndReason::Deadline => EndReason::DeadlineForToken(TokenWait {
                from,
                failure: gate.failure.clone(),
            }),
            why => why,
        }
    }

    /// Forgets the need of a job that is over, or that needs no token any more.
    pub(super) fn forget(&mut self, id: Id) {
        if !self.needs.is_empty() {
            self.needs.remove(&id);
        }
    }

    /// Number of held jobs.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.gates.iter().map(|gate| gate.live).sum()
    }
}

impl<J> Schedule<J> {
    /// Makes a job that was just pushed wait for a token when its turn comes.
    pub(crate) fn need_token(&mut self, id: Id, need: &TokenNeed) {
        if self.jobs.get(id).is_some() {
            self.tokens.gate_mut(need.source);
            self.tokens.needs.insert(id, need.clone());
        }
    }

    /// Holds a job whose turn has come if it needs a token that is not there. Returns false if the job may start.
    pub(super) fn hold_for_token(&mut self, id: Id, now: Instant) -> bool {
        let limit = match self.tokens.is_empty() {
            true => None,
            false => self.tokens.needs.get(&id).and_then(|need| need.limit),
        };
        let Some((gate, slot)) = self.tokens.gate_of(id).zip(self.jobs.get_mut(id)) else {
            return false;
        };
        if gate.state.turn(now) == TokenTurn::Start {
            return false;
        }
        slot.place = JobPlace::Held;
        let (batch_id, host_id) = (slot.batch, slot.host);
        // The time limit of a request begins when its turn comes.
        let limit = limit.filter(|_| !slot.tried && !slot.timed);
        let deadline = limit.and_then(|limit| now.checked_add(limit));
        if deadline.is_some() {
            (slot.deadline, slot.timed) = (deadline, true);
        }
        gate.live += 1;
        gate.held.push_back(id);
        if gate.held.len() > 2 * gate.live + 64 {
            let jobs = &self.jobs;
            gate.held
                .retain(|id| jobs.get(*id).is_some_and(JobSlot::is_held));
        }
        if let Some(host) = self.hosts.get_mut(host_id) {
            if let Some(batch) = self.batches.get_mut(batch_id) {
                batch.remove_waiting(host.counted_as(), 1);
                batch.parked += 1;
            }
            if let Some(lane) = host.lane_mut(batch_id) {
                lane.leave(id);
            }
        }
        self.rank(host_id);
        self.note_room(batch_id);
        if let Some(deadline) = deadline {
            self.timers.deadlines.push(deadline, id);
            // The batch's caller may be asleep until after the deadline.
            self.nudge(batch_id);
        }
        true
    }

    /// Begins a call that jobs wait for. `rest` returns the time until the next call after a number of failed calls
    /// for a host. `None`: no call is to begin now.
    pub(crate) fn token_call(
        &mut self,
        rest: impl Fn(&Host, u32) -> Duration,
        now: Instant,
    ) -> Option<TokenCall> {
        for source in 0..self.tokens.gates.len() {
            let gate = &mut self.tokens.gates[source];
            if gate.live == 0 || !gate.state.is_call_due(now) {
                continue;
            }
            let jobs = &self.jobs;
            let mut held = gate.held.iter().filter_map(|id| jobs.get(*id));
            let first = held.find(|slot| slot.is_held());
            let Some(host) = first.and_then(|slot| self.hosts.get(slot.host)) else {
                continue;
            };
            let host = host.host.clone();
            let attempt = gate.state.failed_calls() + 1;
            if let Some((number, reason)) = gate.state.begin(rest(&host, attempt), now) {
                return Some(TokenCall {
                    source,
                    number,
                    attempt,
                    reason,
                    host,
                });
            }
            let end = gate.state.end_series(CALL_LIMIT, now);
            let failure = TokenFailure::new("earlier calls of the token source still run");
            self.end_token_call(source, end, &failure, now);
        }
        None
    }

    /// True if a call is to begin for jobs that wait.
    pub(crate) fn is_token_call_due(&self, now: Instant) -> bool {
        self.tokens.is_call_due(now)
    }

    /// Takes the token of a call; `life` is the time for which it is good. Returns false if the call had been given up.
    pub(crate) fn token_came(
        &mut self,
        call: &TokenCall,
        life: Option<Duration>,
        now: Instant,
    ) -> bool {
        let gate = self.tokens.gate_mut(call.source);
        let end = gate.state.came(call.number, life, now);
        if end == TokenCallEnd::Start {
            gate.failure = None;
            self.release_held(call.source, now);
        }
        end != TokenCallEnd::Late
    }

    /// Notes that a call has failed.
    pub(crate) fn token_failed(&mut self, call: &TokenCall, failure: &TokenFailure, now: Instant) {
        let state = &mut self.tokens.gate_mut(call.source).state;
        let end = state.failed(call.number, now);
        self.end_token_call(call.source, end, failure, now);
    }

    /// Gives up the calls whose time is over.
    pub(super) fn give_up_token_calls(&mut self, now: Instant) {
        for source in 0..self.tokens.gates.len() {
            if let Some(end) = self.tokens.gates[source].state.give_up(now) {
                let failure = TokenFailure::new(format!(
                    "the token source has not returned within {} s",
                    CALL_LIMIT.as_secs()
                ));
                self.end_token_call(source, end, &failure, now);
            }
        }
    }

    fn end_token_call(
        &mut self,
        source: usize,
        end: TokenCallEnd,
        failure: &TokenFailure,
        now: Instant,
    ) {
        if end != TokenCallEnd::Late {
            self.tokens.gate_mut(source).failure = Some(failure.clone());
        }
        match end {
            TokenCallEnd::Start => self.release_held(source, now),
            TokenCallEnd::Fail => {
                for id in std::mem::take(&mut self.tokens.gate_mut(source).held) {
                    if self.jobs.get(id).is_some_and(JobSlot::is_held) {
                        self.end_queued(id, EndReason::NoToken(failure.clone()), now);
                    }
                }
            }
            TokenCallEnd::Wait | TokenCallEnd::Late => {}
        }
    }

    /// Puts the held jobs of a source back at the fronts of their lanes.
    fn release_held(&mut self, source: usize, now: Instant) {
        let gate = self.tokens.gate_mut(source);
        gate.live = 0;
        for id in std::mem::take(&mut gate.held).into_iter().rev() {
            let Some(slot) = self.jobs.get_mut(id).filter(|slot| slot.is_held()) else {
                continue;
            };
            slot.place = JobPlace::Lane;
            let batch = slot.batch;
            if let Some(known) = self.batches.get_mut(batch) {
                known.parked -= 1;
            }
            self.enqueue(id, now, LaneEnd::Front);
            self.note_room(batch);
        }
    }
}

impl<J> JobSlot<J> {
    fn is_held(&self) -> bool {
        self.place == JobPlace::Held
    }
}
