//! Choice of the host that gets a free worker, by the places that hosts and batches hold.
//!
//! A free worker goes to the batch that holds the fewest places, and there to the host that holds the fewest; if
//! several hold equally few, to the one that was served longest ago. While answering hosts have work, the others
//! together hold at most half of the workers, so that hosts that hang never take them all. A running attempt is never
//! taken back: when a limit begins to hold, it holds once the attempts under way have ended.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Schedule;
use super::ready::{HostTier, ServiceRank, TIERS};
use crate::slab::Id;

/// Time for which the demand of answering hosts outlasts a gap in their ready work, such as while the window is being
/// filled: a short gap is not to hand all workers to hosts that keep them for long.
const GAP: Duration = Duration::from_secs(1);

/// The demand of answering hosts for workers, as far as it outlasts their ready work.
#[derive(Debug, Default)]
pub(super) struct WorkerDemand {
    /// Answering hosts that ran out of ready work, and the time when they did, the latest at the back.
    gaps: VecDeque<(Instant, Id)>,
    /// Time until which workers are kept free for answering hosts. `None`: no worker is kept free.
    pub(super) kept_free_until: Option<Instant>,
}

impl WorkerDemand {
    /// Notes that an answering host has run out of ready work.
    pub(super) fn note_gap(&mut self, host: Id, now: Instant) {
        if self.gaps.back().is_some_and(|(_, last)| *last == host) {
            self.gaps.pop_back();
        }
        let is_over = |at: &Instant| now.saturating_duration_since(*at) >= GAP;
        while self.gaps.front().is_some_and(|(at, _)| is_over(at)) {
            self.gaps.pop_front();
        }
        self.gaps.push_back((now, host));
    }
}

impl<J> Schedule<J> {
    /// Returns the batch and the host that get a free worker. `None`: no host may have it now.
    pub(super) fn choose(&mut self, now: Instant) -> Option<(Id, Id)> {
        let [answering, unanswered, unconnected] = self.first_batches();
        let waits = unanswered.is_some() || unconnected.is_some();
        let mut others_may = true;
        if waits && self.unanswered_are_full() {
            if answering.is_none() {
                self.demand.kept_free_until = self.demanded_until(now);
            }
            others_may = answering.is_none() && self.demand.kept_free_until.is_none();
        }
        let (batch, tier) = match (answering, unanswered.filter(|_| others_may)) {
            (Some(one), Some(other)) => {
                let first = self.rank_of(one, HostTier::Answering)
                    < self.rank_of(other, HostTier::Unanswered);
                match first {
                    true => (one, HostTier::Answering),
                    false => (other, HostTier::Unanswered),
                }
            }
            (Some(one), None) => (one, HostTier::Answering),
            (None, Some(other)) => (other, HostTier::Unanswered),
            (None, None) => (unconnected.filter(|_| others_may)?, HostTier::Unconnected),
        };
        let (_, host) = self.batches.get(batch)?.hosts.first(tier)?;
        Some((batch, host))
    }

    /// True if a host may be given a worker out of order, because enough workers are left to the answering hosts.
    pub(super) fn may_have_worker(&mut self, host: Id, now: Instant) -> bool {
        if !self.unanswered_are_full() || self.hosts.get(host).is_some_and(|host| host.answering) {
            return true;
        }
        if self.first_batches()[HostTier::Answering as usize].is_some() {
            return false;
        }
        self.demand.kept_free_until = self.demanded_until(now);
        self.demand.kept_free_until.is_none()
    }

    /// Returns the batch of each tier that is served next, among those that may start a job.
    fn first_batches(&self) -> [Option<Id>; TIERS] {
        let mut first = [None; TIERS];
        for id in &self.batches.open {
            let Some(batch) = self.batches.get(*id) else {
                continue;
            };
            if batch.ready == 0 || !batch.may_start(false) {
                continue;
            }
            for tier in HostTier::ALL {
                let first = &mut first[tier as usize];
                if batch.hosts.has(tier)
                    && first.is_none_or(|other| self.rank_of(*id, tier) < self.rank_of(other, tier))
                {
                    *first = Some(*id);
                }
            }
        }
        first
    }

    /// Returns the ranks by which a batch and its first host of a tier are compared with others: the batch's rank
    /// counts first.
    fn rank_of(&self, batch: Id, tier: HostTier) -> Option<(ServiceRank, ServiceRank)> {
        let batch = self.batches.get(batch)?;
        let (rank, _) = batch.hosts.first(tier)?;
        Some((batch.rank(), rank))
    }

    /// True if the unanswered hosts hold as many places as they may while answering hosts have work: half of all
    /// places, and at least one.
    fn unanswered_are_full(&self) -> bool {
        self.places.unanswered >= (self.most_at_once() / 2).max(1)
    }

    /// End of the time for which the answering hosts, which have no work ready, still have demand. `None`: they have
    /// none. A host that has come to its limit, cools or waits for its rate has no demand: it could not use a worker.
    fn demanded_until(&self, now: Instant) -> Option<Instant> {
        let (at, _) = self.demand.gaps.iter().rev().find(|(_, id)| {
            let host = self.hosts.get(*id);
            host.is_some_and(|host| host.answering && !host.blocked)
        })?;
        let until = at.checked_add(GAP)?;
        (until > now).then_some(until)
    }

    /// Moves the host to its position among those that have jobs ready, in each of its batches.
    pub(super) fn rank(&mut self, id: Id) {
        let Some(host) = self.hosts.get(id) else {
            return;
        };
        let (tier, rank) = (host.tier(self.settings.slow_start), host.rank());
        for lane in &host.lanes {
            let Some(batch) = self.batches.get_mut(lane.batch) else {
                continue;
            };
            if lane.live > 0 && !host.blocked {
                batch.hosts.put(id, tier, rank);
            } else {
                batch.hosts.remove(id);
            }
        }
    }
}
