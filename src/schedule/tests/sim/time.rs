//! Time of a history: it moves to the next event, and attempts end.

use super::super::*;
use super::hedges::Offer;
use super::world::{Feast, Manner, Run, Server, Where, World, chance};

impl Run {
    pub(super) fn has_head(&self, now: Instant) -> bool {
        self.head_at.is_some_and(|at| at <= now)
    }

    /// True if the head comes, or came, when the host may have counted as slow.
    fn is_late(&self) -> bool {
        self.head_at.is_some_and(|at| at - self.starts > SLOW_AFTER)
    }
}

impl Server {
    /// Updates the model by the end of an attempt.
    fn hear(&mut self, heard: HostObservation) {
        (self.answering, self.late) = match heard {
            HostObservation::Head { waited } => (true, waited > SLOW_AFTER),
            HostObservation::NoHead { waited } => (false, waited > SLOW_AFTER),
            HostObservation::Nothing => return,
        };
        self.told |= self.answering;
    }
}

impl World {
    /// Moves time to the next event. There is always one: the schedule wakes every caller that waits.
    pub(super) fn advance(&mut self) {
        let mut next: Vec<Instant> = self.runs.iter().map(|run| run.ends).collect();
        next.extend(self.runs.iter().filter_map(|run| run.connects));
        next.extend(self.hedges.iter().map(|hedge| hedge.ends));
        let offered = self.runs.iter().filter(|run| run.offer == Offer::Open);
        next.extend(offered.filter_map(|run| run.head_at));
        if self.schedule.in_flight() < self.settings.in_flight {
            // Else no worker is idle, and a worker whose attempt ends polls again.
            next.extend(self.schedule.next_wakeup());
        }
        let heads = self
            .runs
            .iter()
            .filter(|run| run.is_late() && !run.head_told);
        next.extend(heads.filter_map(|run| run.head_at));
        let looks = self.feasts.iter().filter(|feast| !feast.gone);
        next.extend(looks.filter_map(|feast| feast.looks_at));
        let waits = |feast: &Feast| !feast.gone;
        if self.feasts.iter().any(waits) {
            next.extend(self.schedule.next_deadline());
        }
        let takers = self.feasts.iter().filter(|feast| {
            let over = |work: &usize| self.works[*work].place == Where::Over;
            !feast.gone
                && (!feast.channel.is_empty()
                    || feast.works.iter().all(over)
                    || self
                        .schedule
                        .batches
                        .get(feast.id)
                        .is_some_and(|b| !b.ended.is_empty()))
        });
        next.extend(takers.map(|feast| feast.takes_at));
        let next = next.into_iter().min();
        let next = next.unwrap_or_else(|| panic!("all wait, for nothing: {self:#?}"));
        self.now = self.now.max(next);
        self.look_at_runs();
        self.deliver();
        while let Some(at) = self
            .runs
            .iter()
            .position(|run| run.connects.is_some_and(|c| c <= self.now))
        {
            self.runs[at].connects = None;
            let (id, work) = (self.runs[at].id, self.runs[at].work);
            self.servers[self.works[work].server].told = true;
            self.schedule.connected(id);
        }
        for run in &mut self.runs {
            if run.is_late() && !run.head_told && run.has_head(self.now) {
                run.head_told = true;
                self.schedule.head_came(run.id, self.now);
            }
        }
        self.withdraw_hedges();
        self.end_hedges();
        loop {
            let due = self
                .runs
                .iter()
                .enumerate()
                .filter(|(_, run)| run.ends <= self.now);
            let due: Vec<usize> = due.map(|(at, _)| at).collect();
            let Some(at) = self.rng.choice(due) else {
                break;
            };
            let run = self.runs.swap_remove(at);
            self.end_run(run);
            self.note_ended();
        }
    }

    /// Has some attempts begin to wait and others go on, and counts those that hang if it is time.
    fn look_at_runs(&mut self) {
        if !self.schedule.must_look(self.now) {
            return;
        }
        self.seen.looked_at += 1;
        for run in &mut self.runs {
            if chance(&mut self.rng, 4) {
                run.waits_since = self.rng.bool().then_some(self.now);
            }
        }
        let runs = &self.runs;
        self.schedule.count_hanging(self.now, |id| {
            let run = runs.iter().find(|run| run.id == id);
            run.expect("it is under way").waits_since
        });
        assert!(!self.schedule.must_look(self.now), "each is looked at once");
        self.note_ended();
    }

    fn end_run(&mut self, run: Run) {
        let now = self.now;
        let work = &mut self.works[run.work];
        let server = &mut self.servers[work.server];
        if !run.released {
            server.in_flight -= 1;
        }
        let rng = &mut self.rng;
        let mut cool = None;
        let failed = match server.manner {
            Manner::Fast | Manner::Slow => false,
            Manner::Flaky(tenths) => rng.u8(..10) < tenths,
            Manner::Dead => true,
            Manner::Hanging => rng.bool(),
            Manner::Recovering(at) => now < at,
            Manner::Limited(gap) => {
                let lately = server.starts.iter().rev().nth(1);
                let throttled = lately.is_some_and(|at| now - *at < ms(gap));
                cool = throttled.then(|| now + ms(rng.u64(..200)));
                throttled
            }
            Manner::Redirecting => {
                if work.hops < 3 && rng.bool() {
                    work.hops += 1;
                    return self.redirect(run);
                }
                false
            }
        };
        let with_head = run.head_at.is_some() && (!failed || cool.is_some() || rng.bool());
        let heard = match chance(rng, 20) {
            true => HostObservation::Nothing,
            false if with_head => HostObservation::Head {
                waited: run.head_at.unwrap_or(now) - run.starts,
            },
            false => HostObservation::NoHead {
                waited: now - run.starts,
            },
        };
        server.hear(heard);
        self.end_hedged(&run, heard);
        let (work, rng) = (&mut self.works[run.work], &mut self.rng);
        let server = &mut self.servers[work.server];
        let call = match (failed, cool) {
            _ if chance(rng, 20) => CallEnd::Ignored,
            (true, None) => CallEnd::Failure {
                retry_after: chance(rng, 5).then(|| ms(rng.u64(..500))),
            },
            (true, Some(_)) => CallEnd::Ignored,
            (false, _) => CallEnd::Success,
        };
        if let Some(until) = cool {
            self.seen.cooled += 1;
            server.cool_until = server.cool_until.max(Some(until));
        }
        work.attempts += 1;
        let cost = f64::from(rng.u8(1..=2));
        let at = now + ms(if chance(rng, 4) { 0 } else { rng.u64(..400) });
        let in_time = work.deadline.is_none_or(|d| at < d) || chance(rng, 5);
        let mut again = failed && work.attempts < self.max_attempts && in_time;
        if again {
            again = self.schedule.withdraw(run.id, cost, now);
            if again {
                server.withdrawn += cost;
            } else {
                self.seen.refused_by_budget += 1;
            }
        }
        let deadline = work.deadline;
        let feast = &mut self.feasts[work.batch];
        feast.in_flight -= 1;
        if again {
            self.seen.retries += 1;
            work.place = Where::Waiting(at);
            let verdict = Verdict::Retry {
                job: run.work,
                at,
                deadline,
                cool,
                call,
            };
            let back = self.schedule.complete(run.id, heard, verdict, now);
            self.note_back(back, run.work);
            return;
        }
        let bytes = rng.u64(..100);
        // The outcome is in the channel before its completion is told, and may even be taken.
        work.place = Where::Over;
        work.outcomes += 1;
        if !feast.gone {
            feast.bytes += bytes;
            feast.finished += 1;
            if !feast.bounds.delivered {
                assert!(
                    feast.channel.len() < feast.bounds.window,
                    "a worker would block"
                );
                feast.channel.push_back((run.work, bytes));
            }
        }
        let verdict = Verdict::Done { bytes, cool, call };
        assert_eq!(self.schedule.complete(run.id, heard, verdict, now), None);
    }

    fn redirect(&mut self, run: Run) {
        let now = self.now;
        let to = self.rng.usize(..self.servers.len());
        let work = &mut self.works[run.work];
        let heard = HostObservation::Head {
            waited: now - run.starts,
        };
        self.servers[work.server].hear(heard);
        self.end_hedged(&run, heard);
        let work = &mut self.works[run.work];
        work.server = to;
        let at = if chance(&mut self.rng, 4) {
            now + ms(self.rng.u64(1..200))
        } else {
            now
        };
        work.place = Where::Waiting(at);
        self.feasts[work.batch].in_flight -= 1;
        self.seen.redirects += 1;
        let verdict = Verdict::Redirect {
            job: run.work,
            host: self.servers[to].host.clone(),
            at,
            deadline: work.deadline,
        };
        let back = self.schedule.complete(run.id, heard, verdict, now);
        self.note_back(back, run.work);
    }
}
