//! Recount of everything, compared with the counts that the schedule has kept.

use std::collections::{HashMap, HashSet};

use super::lanes::HostState;
use super::ready::{HostTier, ServiceRank};
use super::slots::Slots;
use super::*;

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    ready: usize,
    spare: usize,
    parked: usize,
    slow: usize,
    in_flight: usize,
    ahead: (usize, u64),
}

impl<J> Schedule<J> {
    /// Counts anew and compares. Called after a poll at `now`, which brings the lanes up to date. `hedges`: second
    /// requests under way.
    pub(crate) fn recount<'a>(&self, hedges: impl Iterator<Item = &'a HedgeStart>, now: Instant) {
        let mut batches: HashMap<Id, Counts> = HashMap::new();
        let mut hosts: HashMap<Id, (usize, usize, usize)> = HashMap::new();
        let (mut queued, mut in_flight, mut delayed, mut held) = (0, 0, 0, 0);
        let mut hedges_at: HashMap<Id, usize> = HashMap::new();
        for hedge in hedges {
            *hedges_at.entry(hedge.host).or_default() += 1;
            in_flight += 1;
        }
        let (mut delayed_of, mut unanswered) = (HashMap::<Id, usize>::new(), 0);
        for id in self.jobs.ids() {
            let slot = self.jobs.get(id).unwrap();
            assert_eq!(slot.job.is_none(), slot.place == JobPlace::InFlight);
            let counts = batches.entry(slot.batch).or_default();
            let host = self.hosts.get(slot.host).expect("a job's host");
            let in_lane = slot.place == JobPlace::Lane;
            let ready = in_lane && !host.blocked;
            counts.spare += usize::from(ready && (host.slow || !host.answering));
            if let Some(body) = slot.ahead {
                assert!(slot.place != JobPlace::InFlight);
                counts.ahead.0 += 1;
                counts.ahead.1 += u64::from(body.get() - 1);
            }
            let (jobs, flying, lane) = hosts.entry(slot.host).or_default();
            *jobs += 1;
            match slot.place {
                JobPlace::InFlight => {
                    counts.in_flight += 1;
                    *flying += usize::from(!slot.released);
                    in_flight += usize::from(!slot.released);
                }
                JobPlace::Delayed | JobPlace::Held => counts.parked += 1,
                JobPlace::Lane if host.blocked => counts.parked += 1,
                JobPlace::Lane => counts.ready += 1,
            }
            queued += usize::from(slot.place != JobPlace::InFlight);
            delayed += usize::from(slot.place == JobPlace::Delayed);
            held += usize::from(slot.place == JobPlace::Held);
            if matches!(slot.place, JobPlace::Delayed | JobPlace::Held) {
                *delayed_of.entry(slot.host).or_default() += 1;
            }
            *lane += usize::from(slot.place == JobPlace::Lane);
        }
        assert_eq!((self.queued, self.places.in_flight), (queued, in_flight));
        assert!(self.timers.delayed.len() >= delayed);
        assert_eq!(self.tokens.held(), held);
        for host in self.hosts.values().filter(|host| host.slow) {
            for lane in &host.lanes {
                if self.batches.get(lane.batch).is_some() {
                    batches.entry(lane.batch).or_default().slow += 1;
                }
            }
        }
        for id in self.batches.ids() {
            let batch = self.batches.get(id).unwrap();
            let counted = Counts {
                ready: batch.ready,
                spare: batch.spare,
                parked: batch.parked,
                slow: batch.slow,
                in_flight: batch.in_flight,
                ahead: (batch.ahead, batch.ahead_bytes),
            };
            assert_eq!(counted, batches.remove(&id).unwrap_or_default());
            self.recount_ready(id, batch);
        }
        let open: HashSet<Id> = self.batches.open.iter().copied().collect();
        assert_eq!(open, self.batches.ids().collect());
        assert_eq!(open.len(), self.batches.open.len());
        assert!(batches.is_empty(), "jobs of no batch: {batches:?}");
        for id in self.hosts.ids() {
            let host = self.hosts.get(id).unwrap();
            let (jobs, flying, lane) = hosts.remove(&id).unwrap_or_default();
            let hedged = hedges_at.remove(&id).unwrap_or(0);
            assert_eq!(host.jobs, jobs + hedged);
            assert_eq!(host.in_flight, flying + hedged);
            let flying = flying + hedged;
            assert_eq!(self.hosts.by_name.get(&host.host), Some(&id));
            assert_eq!(host.lanes.iter().map(|l| l.live).sum::<usize>(), lane);
            for of in &host.lanes {
                let found = of.jobs.iter().filter(|id| self.jobs.get(**id).is_some());
                assert_eq!(found.count(), of.live);
                assert!(of.jobs.len() <= 2 * of.live + 64, "stale ids pile up");
            }
            let running: usize = host.lanes.iter().map(|lane| lane.running).sum();
            assert_eq!(running, jobs - lane - delayed_of.remove(&id).unwrap_or(0));
            unanswered += if host.answering { 0 } else { flying };
            self.recount_answers(id, host);
            if host.jobs == 0 {
                assert!(host.lingers, "nobody will forget {host:?}");
            }
            if host.lingers {
                assert!(self.hosts.lingering.contains(&id));
            }
            if host.has_queue() {
                self.recount_queue(id, host, now);
            }
        }
        assert!(hosts.is_empty(), "jobs of no host: {hosts:?}");
        assert!(hedges_at.is_empty(), "hedges of no host: {hedges_at:?}");
        self.recount_offers();
        assert_eq!(self.hosts.by_name.len(), self.hosts.len());
        assert_eq!(self.places.unanswered, unanswered);
    }

    /// Checks that second requests are on offer only for jobs in flight, and that a timer will look at each.
    fn recount_offers(&self) {
        for (job, (due, _)) in &self.hedges.due {
            let slot = self.jobs.get(*job).expect("it is under way");
            assert_eq!(slot.place, JobPlace::InFlight);
            assert!(self.hedges.queue.has(*due, *job));
        }
    }

    /// Checks that exactly the hosts with a ready job are in the order of service, with their present tier and rank.
    fn recount_ready(&self, id: Id, batch: &Batch<J>) {
        let mut expected = Vec::new();
        for of in self.hosts.ids() {
            let host = self.hosts.get(of).unwrap();
            let lane = host.lanes.iter().find(|lane| lane.batch == id);
            if lane.is_some_and(|lane| lane.live > 0) && !host.blocked {
                let tier = match (host.answering, host.proven) {
                    (true, _) => HostTier::Answering,
                    (false, false) if host.in_flight >= self.settings.slow_start => {
                        HostTier::Unconnected
                    }
                    _ => HostTier::Unanswered,
                };
                let (places, turn) = (host.in_flight, host.turn);
                expected.push((of, tier, ServiceRank { places, turn }));
            }
        }
        let mut ready = batch.hosts.all();
        ready.sort_unstable_by_key(|(host, ..)| *host);
        expected.sort_unstable_by_key(|(host, ..)| *host);
        assert_eq!(ready, expected);
    }

    /// Checks that a host is slow only for a reason, and that a host that may become slow is watched.
    fn recount_answers(&self, id: Id, host: &HostState) {
        let unheard = host.unheard.all();
        let starts: Vec<Instant> = unheard.iter().map(|(start, _)| *start).collect();
        assert!(starts.is_sorted());
        for (_, job) in &unheard {
            let slot = self.jobs.get(*job).expect("it is under way");
            assert_eq!((slot.place, slot.host), (JobPlace::InFlight, id));
        }
        assert!(!host.late || host.slow);
        assert!(host.late || !host.slow || !unheard.is_empty());
        if !host.slow && !unheard.is_empty() {
            let watched = host.watched_at.expect("it is watched");
            assert!(watched <= starts[0] + SLOW_AFTER);
            assert!(self.timers.watching.has(watched, id));
        }
    }

    /// Checks that waiting jobs are parked while they cannot be dispatched, and that a timer will open their host.
    fn recount_queue(&self, id: Id, host: &HostState, now: Instant) {
        assert!(
            host.refuses_for(now, None).is_zero(),
            "jobs wait behind an open breaker"
        );
        let open = host.is_open(now);
        // Slots become void while nothing happens; the next look for a job blocks their host.
        let closes = host
            .rate
            .as_ref()
            .is_some_and(|rate| rate.slots().is_some());
        assert!(host.blocked != open || (closes && !open));
        if host.blocked {
            let later = host.opens_at(now).filter(|at| *at > now);
            if let Some(at) = later {
                assert!(host.wakes_at.is_some_and(|wakes_at| wakes_at <= at));
            } else {
                let mut jobs = self.jobs.values().filter(|slot| slot.host == id);
                let on_trial = jobs.any(|slot| slot.released && slot.call.is_some());
                assert!(
                    host.in_flight > 0 || on_trial || self.asks_for_slots(id, host, now),
                    "blocked by nothing: {host:?}"
                );
            }
        }
    }

    /// True if a host waits for slots that were asked for, or that it is in the list to ask for.
    fn asks_for_slots(&self, id: Id, host: &HostState, now: Instant) -> bool {
        let slots = host.rate.as_ref().and_then(|rate| rate.slots());
        let asks = |slots: &Slots| {
            let later = slots.ask_after.is_some_and(|at| at > now);
            let wakes = later && host.wakes_at.is_some_and(|at| Some(at) <= slots.ask_after);
            wakes || slots.asked || (slots.listed && self.wanting.lists(id))
        };
        slots.is_some_and(asks) && host.lacks_slot(now)
    }

    /// Returns an error that names the parts of the schedule that are not empty.
    pub(crate) fn is_bare(&self) -> Result<(), String> {
        let left = [
            ("jobs", self.jobs.len()),
            ("hosts", self.hosts.len()),
            ("names of hosts", self.hosts.by_name.len()),
            ("batches", self.batches.len()),
            ("ordered batches", self.batches.ordered.len()),
            ("batches held back", self.batches.held_back.len()),
            ("batches that share", self.batches.open.len()),
            ("places of unanswered hosts", self.places.unanswered),
            ("watched", self.timers.watching.len()),
            ("delayed", self.timers.delayed.len()),
            ("waking", self.timers.waking.len()),
            ("deadlines", self.timers.deadlines.len()),
            ("attempts to look at", self.timers.looks.len()),
            ("offers of second requests", self.hedges.due.len()),
            ("lingering", self.hosts.lingering.len()),
            ("queued", self.queued),
            ("in flight", self.places.in_flight),
        ];
        let left: Vec<_> = left.iter().filter(|(_, count)| *count > 0).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    }
}
