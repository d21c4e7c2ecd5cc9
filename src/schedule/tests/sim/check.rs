//! Invariants of the schedule, written in the simplest way.

use crate::settings::{RateLimit, RateLimits};

use super::super::*;
use super::world::{Feast, Where, World, chance};

impl Feast {
    /// Number of places in the channel that are taken or reserved.
    pub(super) fn used(&self) -> usize {
        self.in_flight + self.finished
    }

    fn may_start(&self, index: usize, now: Instant) -> bool {
        let oldest = index == self.handed_back && self.used() < self.bounds.window;
        (self.bounds.ordered && oldest) || self.has_place(now)
    }

    /// True if there is a place for any job, not only for the oldest.
    pub(super) fn has_place(&self, now: Instant) -> bool {
        self.used() + usize::from(self.bounds.ordered) < self.bounds.window
            && self.bytes < self.bounds.bytes
            && self.held(now).is_none_or(|most| self.in_flight < most)
    }

    /// Upper bound for attempts in flight while responses wait for a core. `None`: there is no bound.
    pub(super) fn held(&self, now: Instant) -> Option<usize> {
        self.held
            .filter(|(_, until)| *until > now)
            .map(|(most, _)| most)
    }
}

/// Starts under some rates, and the time at which the next start is due by the even pace of the shortest window.
#[derive(Default)]
pub(super) struct Pace {
    due: Option<Instant>,
    starts: Vec<Instant>,
}

impl Pace {
    pub(super) fn note(&mut self, rates: &RateLimits, now: Instant) {
        self.starts.push(now);
        let shortest = rates.as_slice().first();
        self.due = shortest.map(|rate| self.due.map_or(now, |due| due.max(now)) + gap(*rate));
    }

    /// Time at which the next start is allowed. Longer windows allow so few starts that each start is counted by
    /// itself.
    pub(super) fn allows_at(&self, rates: &RateLimits) -> Option<Instant> {
        let (shortest, longer) = rates.as_slice().split_first()?;
        let counted = longer.iter().filter_map(|rate| {
            let before = self.starts.len().checked_sub(rate.count as usize)?;
            Some(self.starts[before] + rate.per)
        });
        let due = self.due?.checked_sub(gap(*shortest) * (shortest.burst - 1));
        counted.max().max(due)
    }
}

fn gap(rate: RateLimit) -> Duration {
    Duration::from_nanos((rate.per.as_nanos() as u64).div_ceil(rate.count as u64))
}

pub(super) fn assert_rate(rates: &RateLimits, starts: &[Instant]) {
    for rate in rates.as_slice() {
        let most = rate.count as usize + rate.burst as usize - 1;
        for window in starts.windows(most + 1) {
            let span = window[most] - window[0];
            assert!(
                span >= rate.per,
                "{} starts in {span:?}, allowed: {rate:?}",
                most + 1
            );
        }
    }
}

impl World {
    /// Returns every job that may start now, found by looking at each.
    pub(super) fn dispatchable(&mut self) -> Vec<usize> {
        let now = self.now;
        let paced = self.pace.allows_at(&self.settings.rate);
        if self.schedule.in_flight() >= self.settings.in_flight || paced.is_some_and(|at| at > now)
        {
            return Vec::new();
        }
        let open: Vec<bool> = (0..self.servers.len()).map(|at| self.is_open(at)).collect();
        let works = self.works.iter().enumerate().filter(|(_, work)| {
            let feast = &self.feasts[work.batch];
            matches!(work.place, Where::Waiting(from) if from <= now)
                && open[work.server]
                && work.deadline.is_none_or(|deadline| deadline > now)
                && feast.deadline.is_none_or(|deadline| deadline > now)
                && feast.may_start(work.index, now)
        });
        works.map(|(number, _)| number).collect()
    }

    fn is_open(&self, at: usize) -> bool {
        let server = &self.servers[at];
        let state = self.schedule.hosts.by_name.get(&server.host);
        let state = state.and_then(|id| self.schedule.hosts.get(*id));
        // An idle host is forgotten, and with it the fact that it was reached.
        let proven = state.is_some_and(|state| state.proven);
        assert!(server.told || !proven);
        let breaker = state.and_then(|state| state.breaker.as_ref());
        server.in_flight < server.limits.in_flight.most()
            && server.cool_until.is_none_or(|until| until <= self.now)
            && server
                .pace
                .allows_at(&server.limits.rate)
                .is_none_or(|at| at <= self.now)
            && breaker.is_none_or(|breaker| breaker.allows(self.now))
    }

    pub(super) fn note_start(&mut self, start: &Start<usize>) {
        let now = self.now;
        let work = &self.works[start.job];
        let feast = &self.feasts[work.batch];
        assert_eq!(start.batch, feast.id);
        assert!(work.deadline.is_none_or(|deadline| deadline > now));
        assert!(feast.deadline.is_none_or(|deadline| deadline > now));
        assert!(!feast.stopped, "its batch was stopped");
        let kept = feast.bounds.ordered && !feast.has_place(now);
        self.seen.kept_place += u64::from(kept);
        if work.untouched && !kept {
            let older = feast.works[..work.index].iter().find(|older| {
                let older = &self.works[**older];
                older.untouched
                    && older.server == work.server
                    && matches!(older.place, Where::Waiting(_))
            });
            assert_eq!(older, None, "first in, first out");
        }
        self.feasts[work.batch].served = self.feasts.len() + self.starts.len();
        let server = &mut self.servers[work.server];
        server.served = self.starts.len() + 1;
        server.in_flight += 1;
        server.starts.push(now);
        server.pace.note(&server.limits.rate, now);
        self.pace.note(&self.settings.rate, now);
        self.starts.push(now);
        assert!(server.in_flight <= server.limits.in_flight.most());
        assert!(self.schedule.in_flight() <= self.settings.in_flight);
        assert_eq!(start.unproven, {
            let id = self.schedule.hosts.by_name[&server.host];
            !self.schedule.hosts.get(id).unwrap().proven
        });
    }

    /// Takes the jobs that the schedule has ended, and checks that it had reason to.
    pub(super) fn note_ended(&mut self) {
        let now = self.now;
        let mut ended: Vec<(usize, EndReason)> = self.schedule.undelivered();
        for (number, _) in &ended {
            let work = &mut self.works[*number];
            let feast = &self.feasts[work.batch];
            assert!(feast.bounds.delivered || feast.gone);
            work.outcomes += 1;
        }
        let lists = self.schedule.batches.values();
        ended.extend(lists.flat_map(|batch| batch.ended.iter().cloned()));
        for (number, why) in ended {
            let work = &mut self.works[number];
            let feast = &mut self.feasts[work.batch];
            if work.place == Where::Ended && !matches!(why, EndReason::Invalid(_)) {
                continue;
            }
            match why {
                EndReason::Deadline | EndReason::DeadlineForToken(_) => {
                    let own = work.deadline.is_some_and(|deadline| deadline <= now);
                    let all = feast.deadline.is_some_and(|deadline| deadline <= now);
                    assert!(own || all, "ended before its time");
                    feast.stopped |= all;
                    self.seen.past_deadline += 1;
                }
                EndReason::BreakerOpen { remaining } => {
                    let breaker = self.servers[work.server].limits.breaker;
                    assert!(breaker.is_some() && !remaining.is_zero());
                    self.seen.refused_by_breaker += 1;
                }
                EndReason::GivenBack { until } => {
                    let longest = now + feast.bounds.max_delay.expect("it has a bound");
                    assert!(
                        until.is_some_and(|until| until > longest),
                        "within the bound"
                    );
                    self.seen.delayed_too_long += 1;
                }
                EndReason::Cancelled => self.seen.cancelled += 1,
                EndReason::Invalid(_)
                | EndReason::Interrupted
                | EndReason::GivenUp
                | EndReason::NoToken(_)
                | EndReason::Known
                | EndReason::NoWorker(_) => {}
            }
            let over = feast.bounds.delivered || feast.gone;
            work.place = if over { Where::Over } else { Where::Ended };
        }
    }

    /// Checks the job that `complete` returned: it returns one only if the batch was abandoned.
    pub(super) fn note_back(&mut self, back: Option<usize>, work: usize) {
        let batch = self.works[work].batch;
        assert_eq!(back.is_some(), self.feasts[batch].gone);
        if let Some(number) = back {
            assert_eq!(number, work);
            self.works[number].place = Where::Over;
            self.works[number].outcomes += 1;
            self.seen.given_back += 1;
        }
    }

    pub(super) fn recount(&self) {
        let hedges = self.hedges.iter().map(|hedge| &hedge.start);
        self.schedule.recount(hedges, self.now);
    }

    pub(super) fn check(&mut self) {
        self.deliver();
        if chance(&mut self.rng, 3) {
            self.recount();
        }
        let now = self.now;
        for feast in &self.feasts {
            assert!(feast.bounds.delivered || feast.used() <= feast.bounds.window);
            if feast.waits_for_room && !feast.gone {
                assert_eq!(
                    self.schedule.room(feast.id),
                    0,
                    "nobody was told of the room"
                );
            }
        }
        for server in &self.servers {
            let Some(budget) = server.limits.budget else {
                continue;
            };
            let time = (now - self.begin).as_secs_f64();
            let most =
                budget.reserve + server.firsts * budget.per_request + time * budget.per_second;
            assert!(
                server.withdrawn <= most + 1e-6,
                "{} > {most}",
                server.withdrawn
            );
        }
        let moved = self.works.iter().filter(|work| work.outcomes > 1).count();
        assert_eq!(moved, 0, "two outcomes for one request");
    }

    /// Delivers nudges to the callers of their batches.
    pub(super) fn deliver(&mut self) {
        let nudged: Vec<Id> = self.schedule.nudges().collect();
        self.seen.nudges += nudged.len() as u64;
        for feast in &mut self.feasts {
            if nudged.contains(&feast.id) {
                feast.waits_for_room = false;
                feast.must_look = true;
            }
        }
    }

    /// Has each caller look and take outcomes, if it is time.
    pub(super) fn consume(&mut self) {
        self.deliver();
        if self.feasts.iter().any(|feast| !feast.gone) {
            self.schedule.expire(self.now);
            self.note_ended();
        }
        for at in 0..self.feasts.len() {
            self.look(at);
            let feast = &mut self.feasts[at];
            if feast.gone || feast.takes_at > self.now {
                continue;
            }
            feast.takes_at = self.now + ms(feast.pause);
            if feast.bounds.delivered {
                // Each outcome has a caller of its own, who takes it at once.
                feast.finished = 0;
                feast.bytes = 0;
            } else {
                self.take(at);
            }
            let feast = &self.feasts[at];
            let works = feast.works.iter().map(|work| &self.works[*work]);
            let received = works.filter(|work| work.place == Where::Over).count();
            if received == feast.works.len() && feast.channel.is_empty() && feast.early.is_empty() {
                self.abandon(at);
            }
        }
    }

    fn take(&mut self, at: usize) {
        let feast = &mut self.feasts[at];
        let most = if feast.pause == 0 {
            usize::MAX
        } else {
            self.rng.usize(1..5)
        };
        let mut came: Vec<(usize, Option<u64>)> = Vec::new();
        while came.len() < most {
            if let Some((work, bytes)) = feast.channel.pop_front() {
                came.push((work, Some(bytes)));
            } else if let Some((work, _)) = self.schedule.take_ended(feast.id) {
                self.works[work].outcomes += 1;
                self.works[work].place = Where::Over;
                came.push((work, None));
            } else {
                break;
            }
        }
        let handed: Vec<(usize, Option<u64>)> = if feast.bounds.ordered {
            for (work, bytes) in came {
                feast.early.insert(self.works[work].index, (work, bytes));
            }
            std::iter::from_fn(|| {
                let (_, next) = feast.early.remove_entry(&feast.handed_back)?;
                feast.handed_back += 1;
                Some(next)
            })
            .collect()
        } else {
            came
        };
        if handed.is_empty() {
            return;
        }
        let took: Vec<u64> = handed.iter().filter_map(|(_, bytes)| *bytes).collect();
        feast.finished -= took.len();
        feast.bytes -= took.iter().sum::<u64>();
        self.schedule.taken(feast.id, took.len(), took.iter().sum());
        self.schedule.handed_back(feast.id, handed.len());
        feast.must_look = true;
        if !feast.by_intake {
            feast.waits_for_room = false;
        }
    }

    /// Abandons a batch: its outcomes are not taken any more.
    pub(super) fn abandon(&mut self, at: usize) {
        let feast = &mut self.feasts[at];
        if feast.gone || feast.bounds.delivered && feast.fed < feast.works.len() {
            return;
        }
        feast.gone = true;
        feast.stopped |= !feast.bounds.delivered;
        feast.works.truncate(feast.fed);
        let dropped = self.schedule.abandon(feast.id, self.now);
        for (number, _) in dropped {
            let work = &mut self.works[number];
            work.place = Where::Over;
            work.outcomes += 1;
            self.seen.given_back += 1;
        }
        self.note_ended();
    }
}
