//! Counts everything anew, and compares it with what the schedule has counted on the way.

use std::collections::HashMap;

use super::*;

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    ready: usize,
    parked: usize,
    in_flight: usize,
}

impl<J> Schedule<J> {
    /// To be called after a poll at `now`, which brings the lanes up to date.
    pub(super) fn recount(&self, now: Instant) {
        let mut batches: HashMap<Id, Counts> = HashMap::new();
        let mut hosts: HashMap<Id, (usize, usize, usize)> = HashMap::new();
        let (mut queued, mut in_flight, mut delayed) = (0, 0, 0);
        for id in self.jobs.ids() {
            let slot = self.jobs.get(id).unwrap();
            assert_eq!(slot.job.is_none(), slot.place == Place::InFlight);
            let counts = batches.entry(slot.batch).or_default();
            let blocked = self.hosts.get(slot.host).expect("a job's host").blocked;
            let (jobs, flying, lane) = hosts.entry(slot.host).or_default();
            *jobs += 1;
            match slot.place {
                Place::InFlight => {
                    counts.in_flight += 1;
                    *flying += usize::from(!slot.released);
                    in_flight += usize::from(!slot.released);
                }
                Place::Delayed => counts.parked += 1,
                Place::Lane if blocked => counts.parked += 1,
                Place::Lane => counts.ready += 1,
            }
            queued += usize::from(slot.place != Place::InFlight);
            delayed += usize::from(slot.place == Place::Delayed);
            *lane += usize::from(slot.place == Place::Lane);
        }
        assert_eq!((self.queued, self.in_flight), (queued, in_flight));
        assert!(self.delayed.len() >= delayed);
        for id in self.batches.ids() {
            let batch = self.batches.get(id).unwrap();
            let counted = Counts {
                ready: batch.ready,
                parked: batch.parked,
                in_flight: batch.in_flight,
            };
            assert_eq!(counted, batches.remove(&id).unwrap_or_default());
        }
        assert!(batches.is_empty(), "jobs of no batch: {batches:?}");
        for id in self.hosts.ids() {
            let host = self.hosts.get(id).unwrap();
            let (jobs, flying, lane) = hosts.remove(&id).unwrap_or_default();
            assert_eq!((host.jobs, host.in_flight), (jobs, flying));
            assert_eq!(self.by_host.get(&host.host), Some(&id));
            assert_eq!(host.lanes.iter().map(|l| l.live).sum::<usize>(), lane);
            for of in &host.lanes {
                let found = of.jobs.iter().filter(|id| self.jobs.get(**id).is_some());
                assert_eq!(found.count(), of.live);
                assert!(of.jobs.len() <= 2 * of.live + 64, "stale ids pile up");
            }
            let in_ring = self.ring.count(id);
            assert_eq!(in_ring, usize::from(host.in_ring));
            if host.jobs == 0 {
                assert!(host.in_ring || host.lingers, "nobody will forget {host:?}");
            }
            if host.lingers {
                assert!(self.lingering.contains(&id));
            }
            if host.has_queue() {
                self.recount_queue(id, host, now);
            }
        }
        assert!(hosts.is_empty(), "jobs of no host: {hosts:?}");
        assert_eq!(self.by_host.len(), self.hosts.len());
    }

    /// Where jobs wait, they are parked while they cannot be dispatched, and somebody will come for them.
    fn recount_queue(&self, id: Id, host: &HostState, now: Instant) {
        assert!(
            host.refuses_for(now, None).is_zero(),
            "jobs wait behind an open breaker"
        );
        assert_eq!(host.blocked, !host.is_open(now, self.settings.slow_start));
        if host.blocked {
            let later = host.opens_at().filter(|at| *at > now);
            if let Some(at) = later {
                assert!(host.wakes_at.is_some_and(|wakes_at| wakes_at <= at));
            } else {
                let mut jobs = self.jobs.values().filter(|slot| slot.host == id);
                let on_trial = jobs.any(|slot| slot.released && slot.call.is_some());
                assert!(
                    host.in_flight > 0 || on_trial,
                    "blocked by nothing: {host:?}"
                );
            }
        } else if !host.in_ring {
            for lane in host.lanes.iter().filter(|lane| lane.live > 0) {
                let batch = self.batches.get(lane.batch).unwrap();
                assert!(lane.listed && batch.stalled.contains(&id));
            }
        }
    }

    /// Nothing is left of what was.
    pub(super) fn is_bare(&self) -> Result<(), String> {
        let left = [
            ("jobs", self.jobs.len()),
            ("hosts", self.hosts.len()),
            ("names of hosts", self.by_host.len()),
            ("batches", self.batches.len()),
            ("ordered batches", self.ordered.len()),
            ("batches held back", self.backlogged.len()),
            ("hosts in the ring", self.ring.len()),
            ("delayed", self.delayed.len()),
            ("waking", self.waking.len()),
            ("deadlines", self.deadlines.len()),
            ("attempts to look at", self.looks.len()),
            ("lingering", self.lingering.len()),
            ("queued", self.queued),
            ("in flight", self.in_flight),
        ];
        let left: Vec<_> = left.iter().filter(|(_, count)| *count > 0).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    }
}
