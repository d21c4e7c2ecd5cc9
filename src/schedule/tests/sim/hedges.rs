//! Second requests of a history: offered with an attempt, started, and ended by themselves or with the attempt.

use super::super::*;
use super::world::{Run, World, chance};

/// Offer of a second request for an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Offer {
    /// The attempt may not be hedged.
    #[default]
    Never,
    /// A second request may come due.
    Open,
    /// The offer was taken back, or the request was sent: none starts any more.
    Closed,
}

/// A second request under way.
pub(super) struct HedgeRun {
    pub(super) start: HedgeStart,
    server: usize,
    pub(super) ends: Instant,
}

impl World {
    /// Offers a second request for an attempt that has just begun.
    pub(super) fn offer_hedge(&mut self, id: Id) {
        if !chance(&mut self.rng, 2) {
            return;
        }
        let now = self.now;
        let due = self.schedule.offer_hedge(id, now, 1);
        let run = self.runs.last_mut().expect("it has just begun");
        run.offer = match due {
            true => Offer::Open,
            // The times of the attempt count although too few are known for a second request.
            false => Offer::Closed,
        };
    }

    /// Takes back the offers for attempts whose response heads have come.
    pub(super) fn withdraw_hedges(&mut self) {
        let now = self.now;
        for run in &mut self.runs {
            if run.offer == Offer::Open && run.has_head(now) {
                run.offer = Offer::Closed;
                self.schedule.withdraw_hedge(run.id);
            }
        }
    }

    /// Starts second requests as long as the schedule returns any.
    pub(super) fn start_hedges(&mut self) {
        let now = self.now;
        while let Some(start) = self.schedule.poll_hedge(now) {
            let server = self.note_hedge(&start);
            let ends = now + ms(self.rng.u64(..400));
            self.hedges.push(HedgeRun {
                start,
                server,
                ends,
            });
        }
        let next = self.schedule.hedges.next();
        assert!(next.is_none_or(|at| at > now), "a due request is left");
    }

    /// Checks a start: it is the only one of its attempt, and takes place, rate and budget like an attempt.
    /// Returns its server.
    fn note_hedge(&mut self, start: &HedgeStart) -> usize {
        let now = self.now;
        self.seen.hedges += 1;
        assert!(self.schedule.in_flight() <= self.settings.in_flight);
        let paced = self.pace.allows_at(&self.settings.rate);
        assert!(paced.is_none_or(|at| at <= now), "too early for the rates");
        let run = self.runs.iter_mut().find(|run| run.id == start.job);
        let run = run.expect("only attempts under way are hedged");
        assert_eq!(run.offer, Offer::Open);
        run.offer = Offer::Closed;
        let work = &self.works[run.work];
        assert!(!self.feasts[work.batch].stopped, "its batch was stopped");
        let server = &mut self.servers[work.server];
        assert!(server.cool_until.is_none_or(|until| until <= now));
        let paced = server.pace.allows_at(&server.limits.rate);
        assert!(paced.is_none_or(|at| at <= now), "too early for its host");
        server.in_flight += 1;
        assert!(server.in_flight <= server.limits.in_flight.most());
        server.withdrawn += 1.0;
        server.starts.push(now);
        server.pace.note(&server.limits.rate, now);
        self.pace.note(&self.settings.rate, now);
        self.starts.push(now);
        work.server
    }

    /// Ends the second requests whose time has come. An answer may end the attempt too.
    pub(super) fn end_hedges(&mut self) {
        let now = self.now;
        while let Some(at) = self.hedges.iter().position(|hedge| hedge.ends <= now) {
            let HedgeRun { start, server, .. } = self.hedges.swap_remove(at);
            let answers = self.rng.bool();
            let run = self.runs.iter_mut().find(|run| run.id == start.job);
            if let Some(run) = run.filter(|_| answers) {
                run.ends = now;
            }
            self.servers[server].in_flight -= 1;
            self.schedule.end_hedge(start, now);
            self.note_ended();
        }
    }

    /// Tells the schedule that an attempt which might have been hedged has ended, and shuts down its second request.
    pub(super) fn end_hedged(&mut self, run: &Run, heard: HostObservation) {
        if run.offer == Offer::Never {
            return;
        }
        let waited = match heard {
            HostObservation::Head { waited } => Some(waited),
            HostObservation::NoHead { .. } | HostObservation::Nothing => None,
        };
        self.schedule.end_hedged(run.id, waited);
        for hedge in &mut self.hedges {
            if hedge.start.job == run.id {
                hedge.ends = hedge.ends.min(self.now + ms(self.rng.u64(..3)));
            }
        }
    }
}
