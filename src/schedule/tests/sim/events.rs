//! Events of a history.

use super::super::*;
use super::hedges::Offer;
use super::world::{Feast, Manner, Run, Where, World, chance};

/// Number of events of each kind, so that a history in which one never happens is noticed.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) starts: u64,
    pub(super) retries: u64,
    pub(super) redirects: u64,
    pub(super) cooled: u64,
    pub(super) refused_by_budget: u64,
    pub(super) refused_by_breaker: u64,
    pub(super) past_deadline: u64,
    pub(super) cancelled: u64,
    pub(super) given_back: u64,
    pub(super) released: u64,
    pub(super) kept_place: u64,
    pub(super) nudges: u64,
    pub(super) paced: u64,
    pub(super) held_back: u64,
    pub(super) looked_at: u64,
    pub(super) kept_free: u64,
    pub(super) slow: u64,
    pub(super) read_ahead: u64,
    pub(super) hedges: u64,
    pub(super) delayed_too_long: u64,
}

impl Totals {
    fn all(&mut self) -> [&mut u64; 20] {
        [
            &mut self.starts,
            &mut self.retries,
            &mut self.redirects,
            &mut self.cooled,
            &mut self.refused_by_budget,
            &mut self.refused_by_breaker,
            &mut self.past_deadline,
            &mut self.cancelled,
            &mut self.given_back,
            &mut self.released,
            &mut self.kept_place,
            &mut self.nudges,
            &mut self.paced,
            &mut self.held_back,
            &mut self.looked_at,
            &mut self.kept_free,
            &mut self.slow,
            &mut self.read_ahead,
            &mut self.hedges,
            &mut self.delayed_too_long,
        ]
    }

    pub(super) fn add(&mut self, other: &Totals) {
        let mut other = Totals { ..*other };
        for (sum, more) in self.all().into_iter().zip(other.all()) {
            *sum += *more;
        }
    }

    pub(super) fn cover_everything(&mut self) {
        assert!(self.all().iter().all(|count| **count > 0), "{self:?}");
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unfinished = self.works.iter().filter(|work| work.place != Where::Over);
        writeln!(f, "{:?}", unfinished.collect::<Vec<_>>())?;
        for feast in self.feasts.iter().filter(|feast| !feast.gone) {
            writeln!(f, "{feast:?}\n{:?}", self.schedule.batches.get(feast.id))?;
        }
        for host in self.schedule.hosts.values() {
            writeln!(f, "{host:?}")?;
        }
        Ok(())
    }
}

impl World {
    pub(super) fn run(mut self) -> Totals {
        for step in 0.. {
            assert!(step < 50_000, "it does not come to an end");
            self.disturb();
            for at in 0..self.feasts.len() {
                self.feed(at);
            }
            self.work();
            self.check();
            self.consume();
            if self.is_over() {
                break;
            }
            // Outcomes that were taken made room, and feeding makes jobs ready, before time passes.
            if self.runs_short() {
                continue;
            }
            self.check_slow();
            self.advance();
        }
        self.finish();
        self.seen
    }

    fn is_over(&self) -> bool {
        self.feasts.iter().all(|feast| feast.gone) && self.runs.is_empty() && self.hedges.is_empty()
    }

    /// True if a caller or a worker may have work at this very instant.
    fn runs_short(&mut self) -> bool {
        self.deliver();
        let fed =
            |feast: &Feast| feast.gone || feast.waits_for_room || feast.fed == feast.works.len();
        let hungry = !self.feasts.iter().all(fed);
        let looks = |feast: &Feast| !feast.gone && feast.must_look;
        hungry || self.feasts.iter().any(looks) || self.schedule.is_dispatchable(self.now)
    }

    fn feed(&mut self, at: usize) {
        loop {
            let feast = &mut self.feasts[at];
            if feast.gone || feast.fed == feast.works.len() || feast.waits_for_room {
                return;
            }
            if self.schedule.is_over(feast.id) {
                // Work that was not fed never becomes a request.
                feast.works.truncate(feast.fed);
                return;
            }
            let room = self.schedule.room(feast.id);
            if room == 0 {
                self.schedule.want_room(feast.id);
                feast.waits_for_room = true;
                return;
            }
            self.note_room(at, room);
            let feast = &mut self.feasts[at];
            let left = feast.works.len() - feast.fed;
            for _ in 0..room.min(left).min(self.rng.usize(1..10)) {
                let feast = &mut self.feasts[at];
                let number = feast.works[feast.fed];
                feast.fed += 1;
                let work = &mut self.works[number];
                work.place = Where::Waiting(self.now);
                if chance(&mut self.rng, 40) {
                    work.place = Where::Ended;
                    let why = EndReason::Invalid("a reason".into());
                    self.schedule.push_ended(feast.id, number, why);
                } else {
                    let host = &self.servers[work.server].host;
                    self.schedule.push(feast.id, host, number, self.now);
                }
                self.note_ended();
            }
        }
    }

    /// Starts jobs as long as the schedule returns any.
    fn work(&mut self) {
        loop {
            self.start_hedges();
            // Hosts that open at this very instant are open before the model looks at them.
            self.schedule.is_dispatchable(self.now);
            self.note_ended();
            let possible = self.dispatchable();
            let possible = self.shared(possible);
            let Some(start) = self.schedule.poll(self.now) else {
                self.note_ended();
                assert!(possible.is_empty(), "{possible:?} could start and do not");
                self.seen.paced += u64::from(self.schedule.total.paced_until.is_some());
                self.seen.kept_free += u64::from(self.schedule.demand.kept_free_until.is_some());
                return;
            };
            self.note_ended();
            assert!(possible.contains(&start.job), "{start:?} may not start");
            self.note_choice(&start, &possible);
            self.begin(start);
        }
    }

    fn begin(&mut self, start: Start<usize>) {
        let now = self.now;
        self.note_start(&start);
        self.note_gap(start.job);
        let work = &mut self.works[start.job];
        let server = &mut self.servers[work.server];
        let first = work.attempts == 0 && work.hops == 0;
        server.firsts += f64::from(u8::from(first));
        if first && chance(&mut self.rng, 4) {
            work.deadline = Some(now + ms(self.rng.u64(1..1_500)));
        }
        let rng = &mut self.rng;
        let time = match server.manner {
            Manner::Fast | Manner::Redirecting | Manner::Limited(_) => rng.u64(..8),
            Manner::Flaky(_) | Manner::Recovering(_) => rng.u64(..30),
            Manner::Slow | Manner::Dead => rng.u64(50..300),
            Manner::Hanging => rng.u64(500..4_000),
        };
        let reachable = !matches!(server.manner, Manner::Dead);
        work.place = Where::Running;
        work.untouched = false;
        self.feasts[work.batch].in_flight += 1;
        self.seen.starts += 1;
        self.runs.push(Run {
            id: start.id,
            work: start.job,
            starts: now,
            ends: now + ms(time),
            // The head may come well before the end: some bodies take long.
            head_at: reachable.then(|| now + ms(rng.u64(..=time))),
            head_told: false,
            connects: (start.unproven && reachable).then(|| now + ms(rng.u64(..=time))),
            released: false,
            waits_since: rng.bool().then_some(now),
            offer: Offer::default(),
        });
        self.offer_hedge(start.id);
    }

    /// Does as users do: cancels, abandons, releases.
    fn disturb(&mut self) {
        if self.calm {
            return;
        }
        let now = self.now;
        let at = self.rng.usize(..self.feasts.len());
        match self.rng.u32(..300) {
            0 => {
                let feast = &mut self.feasts[at];
                feast.stopped |= !feast.bounds.delivered;
                self.schedule
                    .end_queued_of(Some(feast.id), &EndReason::Cancelled, now);
            }
            1 => self.abandon(at),
            10..12 => {
                let number = self.rng.usize(..self.works.len().max(1));
                self.cancel(number);
            }
            12 => {
                let feast = &mut self.feasts[at];
                if !feast.bounds.delivered && !feast.stopped {
                    let deadline = now + ms(self.rng.u64(..500));
                    feast.deadline = Some(feast.deadline.map_or(deadline, |d| d.min(deadline)));
                    self.schedule
                        .set_deadline(feast.id, feast.deadline.unwrap_or(deadline));
                }
            }
            2 if chance(&mut self.rng, 4) => {
                for feast in &mut self.feasts {
                    feast.stopped |= !feast.bounds.delivered;
                }
                self.schedule
                    .end_queued_of(None, &EndReason::Cancelled, now);
            }
            3..10 if !self.runs.is_empty() => {
                let at = self.rng.usize(..self.runs.len());
                let run = &mut self.runs[at];
                if !std::mem::replace(&mut run.released, true) {
                    self.servers[self.works[run.work].server].in_flight -= 1;
                    self.seen.released += 1;
                }
                self.schedule.release(run.id, now);
                self.schedule.give_way(run.id, now);
            }
            10..20 if !self.runs.is_empty() => self.hold_back(),
            _ => {}
        }
        self.note_ended();
    }

    /// Ends work on a response while more responses wait than keep the cores busy.
    fn hold_back(&mut self) {
        let run = &self.runs[self.rng.usize(..self.runs.len())];
        let feast = &mut self.feasts[self.works[run.work].batch];
        let holds_for = ms(self.rng.u64(1..200));
        let most = feast.in_flight.saturating_sub(1).max(1);
        let most = feast.held(self.now).map_or(most, |held| held.min(most));
        feast.held = Some((most, self.now + holds_for));
        self.seen.held_back += 1;
        let seen = CpuPressure {
            waiting: 3,
            cores: 1,
            starved: false,
            holds_for,
        };
        self.schedule.see_backlog(run.id, seen, self.now);
    }

    /// Cancels the job `number` if it waits. Also tries to cancel a job in flight, which does nothing.
    fn cancel(&mut self, number: usize) {
        let now = self.now;
        let waits =
            matches!(self.works.get(number), Some(work) if matches!(work.place, Where::Waiting(_)));
        let of = |id: &Id| self.schedule.jobs.get(*id).and_then(|slot| slot.job) == Some(number);
        let id = self.schedule.jobs.ids().find(of);
        assert_eq!(id.is_some(), waits);
        if let Some(id) = id {
            assert!(self.schedule.cancel(id, now));
            assert!(!self.schedule.cancel(id, now), "it is over");
        }
        if let Some(run) = self.runs.first() {
            assert!(!self.schedule.cancel(run.id, now), "it is in flight");
        }
    }
}
