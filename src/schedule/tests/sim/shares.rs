//! The rules for workers, slow hosts and reading ahead, written in the simplest way.

use super::super::super::lanes::HostState;
use super::super::*;
use super::world::{Feast, Run, World};

impl World {
    fn state(&self, server: usize) -> Option<&HostState> {
        let id = self
            .schedule
            .hosts
            .by_name
            .get(&self.servers[server].host)?;
        self.schedule.hosts.get(*id)
    }

    /// True if the host answers, as far as that is remembered.
    fn answers(&self, server: usize) -> bool {
        let state = self.state(server);
        let known = state.is_some_and(|state| state.ended_at.is_some());
        let answers = known && self.servers[server].answering;
        assert_eq!(state.is_some_and(|state| state.answering), answers);
        answers
    }

    /// True if the hosts that are not answering hold as many places as they may while the others have demand.
    fn others_are_full(&self) -> bool {
        let servers = (0..self.servers.len()).filter(|server| !self.answers(*server));
        let places: usize = servers.map(|server| self.servers[server].in_flight).sum();
        places >= (self.settings.in_flight / 2).max(1)
    }

    /// Returns the jobs of `possible` that may have a worker while enough workers are left to the answering hosts.
    pub(super) fn shared(&self, mut possible: Vec<usize>) -> Vec<usize> {
        let now = self.now;
        let demands = |work: &usize| {
            let work = &self.works[*work];
            self.answers(work.server) && self.feasts[work.batch].has_place(now)
        };
        let in_gap = |(at, server): &(Instant, usize)| {
            let open = self.state(*server).is_some_and(|state| !state.blocked);
            now - *at < Duration::from_secs(1) && self.answers(*server) && open
        };
        let demanded = possible.iter().any(demands) || self.gaps.iter().any(in_gap);
        if demanded && self.others_are_full() {
            possible.retain(|work| self.answers(self.works[*work].server));
        }
        possible
    }

    /// Checks the choice of a job: fewest places first, then served longest ago; the batch counts first, then the host.
    pub(super) fn note_choice(&self, start: &Start<usize>, possible: &[usize]) {
        let now = self.now;
        let in_order = |work: &&usize| self.feasts[self.works[**work].batch].has_place(now);
        let rank = |work: &usize| {
            let work = &self.works[*work];
            let (feast, server) = (&self.feasts[work.batch], &self.servers[work.server]);
            let state = self.state(work.server).unwrap();
            let reached = self.answers(work.server) || state.proven;
            let unconnected = !reached && server.in_flight >= self.settings.slow_start;
            let served = match state.turn.is_served() {
                true => server.served,
                false => 0,
            };
            let host = (server.in_flight, served);
            (unconnected, feast.in_flight, feast.served, host)
        };
        if in_order(&&start.job) {
            let least = possible.iter().filter(in_order).map(rank).min();
            assert_eq!(Some(rank(&start.job)), least, "another comes first");
        }
    }

    /// Notes a gap if the host of a job that has started ran out of work.
    pub(super) fn note_gap(&mut self, work: usize) {
        let server = self.works[work].server;
        let state = self.state(server).unwrap();
        if !state.has_queue() && !state.blocked && self.answers(server) {
            self.gaps.push((self.now, server));
        }
    }

    /// Checks that the room is within the window, or beyond it only because a host is slow.
    pub(super) fn note_room(&mut self, at: usize, room: usize) {
        let feast = &self.feasts[at];
        let (workers, window) = (self.settings.in_flight, feast.bounds.window);
        let batch = self.schedule.batches.get(feast.id).unwrap();
        let unfinished = batch.ready + batch.ended.len() + feast.used();
        if unfinished < window {
            assert!(room <= window - unfinished);
            return;
        }
        let known = self.schedule.hosts.values();
        let mut slow = known.filter(|host| host.slow).flat_map(|host| &host.lanes);
        assert!(
            slow.any(|lane| lane.batch == feast.id),
            "read ahead, and no host is slow"
        );
        assert!(batch.ahead + room <= 16 * window);
        assert!(batch.ready - batch.spare + room <= workers);
        assert!(unfinished + room <= window + batch.spare.saturating_sub(workers));
        self.seen.read_ahead += 1;
    }

    /// Has the caller of a batch look, if it is time.
    pub(super) fn look(&mut self, at: usize) {
        let (now, runs) = (self.now, &self.runs);
        let feast = &mut self.feasts[at];
        let due = feast.looks_at.is_some_and(|looks_at| looks_at <= now);
        if feast.gone || !(due || feast.must_look) {
            return;
        }
        feast.must_look = false;
        self.schedule.watch(now, || {
            let with_head = runs.iter().filter(|run| run.has_head(now));
            with_head.map(|run| run.id).collect()
        });
        feast.looks_at = self.schedule.next_look(feast.id);
    }

    /// Checks that a host is slow only for a reason, and that a caller that waits for room finds a slow host.
    pub(super) fn check_slow(&mut self) {
        for at in 0..self.servers.len() {
            let Some(state) = self.state(at) else {
                continue;
            };
            let long = |run: &&Run| {
                self.works[run.work].server == at && self.now - run.starts >= SLOW_AFTER
            };
            if state.slow {
                let late = state.ended_at.is_some() && self.servers[at].late;
                let mut waiting = self.runs.iter().filter(long);
                assert!(late || waiting.any(|run| !run.head_told), "{state:?}");
                self.seen.slow += 1;
                continue;
            }
            let waits = |feast: &Feast| feast.waits_for_room && !feast.gone && !feast.must_look;
            let has_lane = |feast: &Feast| state.lanes.iter().any(|lane| lane.batch == feast.id);
            let mut feasts = self.feasts.iter();
            let asleep = feasts.any(|feast| waits(feast) && has_lane(feast));
            assert!(
                !asleep || !state.waits_long(self.now),
                "it is slow, and whoever waits for room does not look: {state:?}"
            );
        }
    }
}
