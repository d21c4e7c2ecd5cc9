//! Rates that are granted from outside: hosts that want slots, the slots that come, and jobs that are given back.
//!
//! A host whose starts are granted is blocked while it has no slot. It is entered in a list as soon as it has jobs
//! waiting and few slots left; the executor takes the list, asks for slots, and hands in the answer.

use std::time::{Duration, Instant};

use crate::host::Host;
use crate::settings::RateLimit;

use super::end_reason::EndReason;
use super::{JobPlace, Schedule};
use crate::slab::Id;

/// Slots that a host wants. `host: None`: slots of the rate over all hosts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SlotDemand {
    pub(crate) host: Option<Host>,
    /// Number of slots, at least 1.
    pub(crate) count: u32,
    /// Rate of all clients together. `None`: there is no rate.
    pub(crate) rate: Option<RateLimit>,
    /// Rates for longer windows, which hold at the same time.
    pub(crate) longer: Vec<RateLimit>,
}

/// News for the limiter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LimiterNews {
    Wanted(SlotDemand),
    /// The server of this host asked for a pause.
    Pause {
        host: Host,
        until: Instant,
    },
    /// Fate of this client's calls at a host, by its breaker: `failing` if most of them fail. `rest`: time for which the
    /// host is to rest first.
    Judged {
        host: Host,
        failing: bool,
        rest: Duration,
    },
    /// The attempt ended that showed if a host answers again.
    TrialEnded {
        host: Host,
        succeeded: bool,
    },
}

/// Answer to a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotAnswer {
    /// This number of slots, the first from `at` on, and each further one after the gap of the rate.
    Granted { at: Instant, count: u32 },
    /// Slot for one start from `at` on, for an attempt whose end the limiter is told.
    Trial { at: Instant },
    /// No slot before `at`. `pauses`: true if nothing of the host may start before, not even with slots that it has.
    Later { at: Instant, pauses: bool },
}

/// Hosts that want slots.
#[derive(Debug, Default)]
pub(super) struct WantingHosts {
    /// True if any rate is granted from outside.
    on: bool,
    hosts: Vec<Id>,
    /// True if the rate over all hosts wants slots.
    total: bool,
    /// Time before which the rate over all hosts is not asked for. `None`: at any time.
    pub(super) total_waits_until: Option<Instant>,
    /// True if the limiter gives hosts their rests.
    pub(super) rests: bool,
    /// News that are not about slots.
    pub(super) told: Vec<LimiterNews>,
}

impl WantingHosts {
    pub(super) fn new(on: bool, rests: bool) -> WantingHosts {
        WantingHosts {
            on,
            rests: on && rests,
            ..WantingHosts::default()
        }
    }

    /// Forgets a time that has passed.
    pub(super) fn settle(&mut self, now: Instant) {
        self.total_waits_until = self.total_waits_until.filter(|at| *at > now);
    }

    #[cfg(test)]
    pub(super) fn lists(&self, host: Id) -> bool {
        self.hosts.contains(&host)
    }
}

impl<J> Schedule<J> {
    /// Enters a host in the list of those that want slots, if it wants any that were not asked for.
    pub(super) fn note_slots_wanted(&mut self, id: Id, now: Instant) {
        if !self.wanting.on {
            return;
        }
        let free = self.free_places();
        let Some(host) = self.hosts.get_mut(id) else {
            return;
        };
        let (waiting, free) = (host.waiting(), host.free_places(free));
        let rests = host
            .breaker
            .as_ref()
            .and_then(|breaker| breaker.rests_until());
        let cools = host.cool_until.max(rests).is_some_and(|at| at > now);
        let slots = host.rate.as_mut().and_then(|rate| rate.slots_mut());
        if let Some(slots) = slots
            && !cools
            && !slots.listed
            && slots.missing(waiting, free, now) > 0
        {
            slots.listed = true;
            self.wanting.hosts.push(id);
        }
    }

    /// Enters the rate over all hosts in the list, if a job could start with a slot of it.
    pub(super) fn note_total_wanted(&mut self, now: Instant) {
        if !self.wanting.on {
            return;
        }
        let early = self.wanting.total_waits_until.is_some();
        let (waiting, free) = (self.ready_jobs(), self.free_places());
        let slots = self
            .total
            .rates
            .as_mut()
            .and_then(|rates| rates.slots_mut());
        if let Some(slots) = slots
            && !early
            && slots.missing(waiting, free, now) > 0
        {
            self.wanting.total = true;
        }
    }

    /// Number of places that are free over all hosts. 1 if none is: by the time of a grant one may be.
    fn free_places(&self) -> usize {
        let free = self.most_at_once().saturating_sub(self.places.in_flight);
        free.max(1)
    }

    /// Number of jobs that wait only for a worker or for a rate over all hosts.
    fn ready_jobs(&self) -> usize {
        self.batches.values().map(|batch| batch.ready).sum()
    }

    /// Blocks the host of the oldest request of an ordered batch, if its slots have become void: the request starts out
    /// of turn, so that its host is not looked at otherwise.
    pub(super) fn block_host_of_oldest(&mut self, batch: Id, now: Instant) {
        if !self.wanting.on {
            return;
        }
        let oldest = self
            .batches
            .get(batch)
            .and_then(|batch| *batch.order.front()?);
        let slot = oldest.and_then(|id| self.jobs.get(id));
        let Some(host) = slot
            .filter(|slot| slot.place == JobPlace::Lane)
            .map(|slot| slot.host)
        else {
            return;
        };
        if self
            .hosts
            .get(host)
            .is_some_and(|host| !host.blocked && !host.is_open(now))
        {
            self.block(host, now);
        }
    }

    /// Notes a pause that the server of a host asked for.
    pub(super) fn note_pause(&mut self, id: Id, until: Instant) {
        if let Some(host) = self.hosts.get(id).filter(|_| self.wanting.on) {
            let host = host.host.clone();
            self.wanting.told.push(LimiterNews::Pause { host, until });
        }
    }

    /// True if [`limiter_news`](Schedule::limiter_news) may return news.
    pub(super) fn has_limiter_news(&self) -> bool {
        self.wanting.on
            && (self.wanting.total
                || !self.wanting.hosts.is_empty()
                || !self.wanting.told.is_empty())
    }

    /// Takes the news for the limiter. Each demand is answered by [`answer`](Schedule::answer) before it is made again.
    pub(crate) fn limiter_news(&mut self, now: Instant) -> Vec<LimiterNews> {
        let mut news = std::mem::take(&mut self.wanting.told);
        let demands = self.slots_wanted(now);
        news.extend(demands.into_iter().map(LimiterNews::Wanted));
        news
    }

    fn slots_wanted(&mut self, now: Instant) -> Vec<SlotDemand> {
        let mut demands = Vec::new();
        let (waiting, free) = (self.ready_jobs(), self.free_places());
        if std::mem::take(&mut self.wanting.total)
            && let Some(slots) = self
                .total
                .rates
                .as_mut()
                .and_then(|rates| rates.slots_mut())
        {
            let count = slots.missing(waiting, free, now);
            if count > 0 {
                slots.asked = true;
                demands.push(slots.demand(None, count));
            }
        }
        for id in std::mem::take(&mut self.wanting.hosts) {
            let Some(host) = self.hosts.get_mut(id) else {
                continue;
            };
            let (waiting, free) = (host.waiting(), host.free_places(free));
            let name = host.host.clone();
            let Some(slots) = host.rate.as_mut().and_then(|rate| rate.slots_mut()) else {
                continue;
            };
            slots.listed = false;
            let count = slots.missing(waiting, free, now);
            if count > 0 {
                slots.asked = true;
                demands.push(slots.demand(Some(name), count));
            }
        }
        demands
    }

    /// Takes the answer to a demand. A host that was forgotten meanwhile has no use for its slots.
    pub(crate) fn answer(&mut self, host: Option<&Host>, answer: SlotAnswer, now: Instant) {
        let Some(host) = host else {
            self.answer_total(answer);
            return;
        };
        let Some(id) = self.hosts.find(host) else {
            return;
        };
        let state = self.hosts.get_mut(id);
        let Some(slots) = state.and_then(|state| state.rate.as_mut()?.slots_mut()) else {
            return;
        };
        match answer {
            SlotAnswer::Granted { at, count } => slots.grant(at, count),
            SlotAnswer::Trial { at } => slots.grant_trial(at),
            SlotAnswer::Later { at, pauses } => {
                slots.asked = false;
                slots.ask_after = Some(at);
                if pauses || slots.opens_at(now).is_none() {
                    self.cool(id, at, now);
                }
            }
        }
        self.unblock(id, now);
        self.rank(id);
        if let Some(state) = self.hosts.get(id)
            && state.blocked
            && state.has_queue()
        {
            self.wake_when_open(id, now);
        }
        self.retire(id, now);
    }

    fn answer_total(&mut self, answer: SlotAnswer) {
        let Some(slots) = self
            .total
            .rates
            .as_mut()
            .and_then(|rates| rates.slots_mut())
        else {
            return;
        };
        match answer {
            SlotAnswer::Granted { at, count } => slots.grant(at, count),
            SlotAnswer::Trial { at } => slots.grant(at, 1),
            SlotAnswer::Later { at, .. } => {
                slots.asked = false;
                self.wanting.total_waits_until = Some(at);
                self.total.paced_until = Some(at);
            }
        }
    }

    /// Gives up to `count` jobs back that wait in the lane of a host and batch: those that would start last. They end as
    /// given back. Returns their number.
    pub(crate) fn give_back(
        &mut self,
        batch: Id,
        host: &Host,
        count: usize,
        now: Instant,
    ) -> usize {
        let Some(id) = self.hosts.find(host) else {
            return 0;
        };
        let Some(state) = self.hosts.get(id) else {
            return 0;
        };
        let lanes = state.lanes.iter().filter(|lane| lane.batch == batch);
        let lanes = lanes.flat_map(|lane| lane.jobs.iter().rev());
        let waits = |job: &Id| {
            let slot = self.jobs.get(*job);
            slot.is_some_and(|slot| slot.place == JobPlace::Lane)
        };
        let last: Vec<Id> = lanes.copied().filter(waits).take(count).collect();
        for job in &last {
            self.end_queued(*job, EndReason::GivenBack { until: None }, now);
        }
        last.len()
    }

    /// Sets the longest delay of a batch's retries.
    pub(crate) fn set_max_delay(&mut self, batch: Id, longest: Duration) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.bounds.max_delay = Some(longest);
        }
    }

    /// Time beyond which a delay of the batch's jobs is too long to be waited for here. `None`: no delay is.
    pub(super) fn longest_delay(&self, batch: Id) -> Option<Duration> {
        self.batches.get(batch)?.bounds.max_delay
    }
}
