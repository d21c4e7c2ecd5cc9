//! Promises of a fleet, checked against what the world saw.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::fleet::engine::{
    FleetEngine, LaneFigures, ParkedEntry, ResultClass, RunState, SettledEntry,
};
use crate::fleet::worker::core::EntryKey;

use super::world::SimWorld;

impl SimWorld {
    /// Checks a request as it is sent. `is_delayed`: the machine stood still before the first byte.
    pub(super) fn check_sent(
        &mut self,
        machine: usize,
        key: EntryKey,
        index: usize,
        is_delayed: bool,
    ) {
        let sequence = key.sequence;
        let line = &self.history.lines[index];
        self.truth.hits[sequence as usize] += 1;
        self.seen.hits += 1;
        let hits = self.truth.hits[sequence as usize];
        if line.once && !self.history.resume_writes {
            assert!(hits == 1, "request {sequence} was sent twice");
        }
        self.seen.repeated += u64::from(hits > 1);
        if is_delayed {
            self.seen.delayed += 1;
            return;
        }
        match self.history.is_rated(index) {
            true => self.truth.paced.push(self.now),
            false => self.truth.unpaced += 1,
        }
        let of_holder = self.holder_of(key.lane, sequence);
        let cancelled_at = self.truth.cancelled_at;
        let lasts = cancelled_at.map(|at| (self.now - at).as_secs_f64());
        let lease = self.history.lease.as_secs_f64();
        assert!(
            lasts.is_none_or(|time| time < lease * 0.7),
            "a start {lasts:?} s after the run was cancelled"
        );
        let not_before = self.truth.not_before.get(&sequence).copied();
        let not_before = not_before.unwrap_or_default();
        assert!(
            self.now >= not_before,
            "request {sequence} was to wait until {not_before:?}"
        );
        let Some((holder, beat)) = of_holder else {
            panic!("request {sequence} is sent, and no worker holds it");
        };
        assert_eq!(holder, machine, "request {sequence} is held by another");
        let silent = (self.now - beat).as_secs_f64() / self.history.lease.as_secs_f64();
        assert!(silent < 0.7, "a start {silent} leases after the last beat");
    }

    /// Machine of the worker that holds an entry, and the time of its last beat. `None`: no worker holds it.
    pub(super) fn holder_of(&self, lane: u32, sequence: u64) -> Option<(usize, Duration)> {
        let holder = self.engine.holder(lane, sequence)?;
        self.truth.beats.get(&(lane, holder)).copied()
    }

    /// Checks that a worker whose entries are taken away was dead, or stood still, or could not be heard.
    pub(super) fn check_reclaimed(&self, lane: u32, holder: &str) {
        let name = (lane, holder.to_owned());
        let (machine, beat) = &self.truth.beats[&name];
        let is_silent = self.now - *beat > self.history.lease;
        assert!(
            is_silent || self.truth.left.contains(&name),
            "entries of {holder} were taken, whose beats came"
        );
        let machine = &self.machines[*machine];
        let long_ago = self.now.saturating_sub(self.history.lease * 3);
        let was_disturbed = machine.disturbed_until >= long_ago
            || machine
                .partitions
                .iter()
                .any(|(begin, end)| *begin <= self.now && *end >= long_ago);
        let is_same = machine
            .process
            .as_ref()
            .is_some_and(|process| process.core.is_named(holder));
        assert!(
            was_disturbed || !is_same,
            "entries of {holder} were taken, which lives"
        );
    }

    /// Checks that an entry whose request another worker may have sent is not handed on, and that the number of its
    /// attempts is.
    pub(super) fn check_parked(&self, entry: &ParkedEntry, worker: &str, held: bool) {
        let attempts = self.truth.attempts.get(&entry.sequence).copied();
        assert!(
            !held || attempts <= Some(entry.attempts),
            "{attempts:?} attempts became {}",
            entry.attempts
        );
        let announced = self.truth.announced.get(&entry.sequence);
        let by_other = announced.is_some_and(|workers| workers.iter().any(|name| name != worker));
        let is_wrong = held && by_other && !self.history.resume_writes;
        assert!(
            !is_wrong,
            "entry {} was to end as interrupted",
            entry.sequence
        );
    }

    pub(super) fn settled(&mut self, entry: &SettledEntry, held: bool) {
        if !held {
            return;
        }
        let record = String::from_utf8(entry.record.clone()).expect("it is a text");
        let line = &self.history.lines[entry.sequence as usize - 1];
        if record.contains("interrupted") {
            assert!(line.once, "request {} may be repeated", entry.sequence);
            let announced = self.truth.announced.get(&entry.sequence);
            let announced = announced.is_some_and(|workers| !workers.is_empty());
            assert!(announced, "no worker announced request {}", entry.sequence);
        }
        if entry.class == ResultClass::GivenUp {
            let begun = self.truth.begun_again.get(&entry.sequence);
            let begun = begun.map_or(0, BTreeSet::len) as u32 + 1;
            let most = self.history.max_deliveries;
            assert!(
                begun >= most,
                "entry {} was begun {begun} times",
                entry.sequence
            );
            self.seen.given_up += 1;
        }
        let before = self
            .truth
            .settled
            .insert(entry.sequence, (entry.class, record));
        assert_eq!(before, None, "entry {} is settled twice", entry.sequence);
    }

    fn figures(&self) -> Vec<LaneFigures> {
        let mut engine = self.engine.clone();
        let lanes = 0..self.history.lanes;
        lanes
            .map(|lane| engine.figures(lane).expect("the run is there"))
            .collect()
    }

    /// Checks that a worker that saw the end of the run is right.
    pub(super) fn check_complete(&self) {
        let state = self.engine.clone().facts().expect("the run is there").state;
        let mut queued = self.figures().into_iter().map(|figures| figures.entries);
        let is_reloading = self.history.second_loader || state != RunState::Loaded;
        assert!(
            is_reloading || queued.all(|entries| entries == 0),
            "the run is not over"
        );
    }

    pub(super) fn check_end(&mut self) {
        self.seen.histories += 1;
        self.check_rate();
        let figures = self.figures();
        let sum = |count: fn(&LaneFigures) -> u64| figures.iter().map(count).sum::<u64>();
        let lines = self.history.lines.len() as u64;
        let settled = self.truth.settled.len() as u64;
        let of_class = |class| {
            let settled = self.truth.settled.values();
            settled.filter(|(of_entry, _)| *of_entry == class).count() as u64
        };
        assert_eq!(sum(|f| f.success), of_class(ResultClass::Success));
        assert_eq!(sum(|f| f.rejected), of_class(ResultClass::Rejected));
        let given_up = of_class(ResultClass::GivenUp);
        assert_eq!(sum(|f| f.given_up), given_up);
        assert_eq!(sum(|f| f.failed), of_class(ResultClass::Failed) + given_up);
        assert_eq!(
            sum(|f| f.entries) + settled,
            sum(|f| f.loaded),
            "entries are lost"
        );
        let is_cancelled = self.history.cancels
            && self
                .engine
                .clone()
                .facts()
                .is_ok_and(|f| f.state == RunState::Cancelled);
        self.check_files(is_cancelled);
        if is_cancelled {
            self.seen.cancelled += 1;
            return;
        }
        assert_eq!(settled, lines, "lines have no outcome");
        assert_eq!(sum(|f| f.queued_bytes), 0);
        assert_eq!(sum(|f| f.result_bytes), 0);
        assert_eq!(sum(|f| f.collected), settled);
        assert_eq!(sum(|f| f.leased), 0);
    }

    /// Checks that the files of the collectors hold the outcomes that were settled, and copies of them at the most.
    fn check_files(&self, is_cancelled: bool) {
        let all: usize = self.collectors.iter().map(|c| c.file.len()).sum();
        let records = self.collectors.iter().flat_map(|collector| &collector.file);
        let mut written: BTreeMap<u64, &[u8]> = BTreeMap::new();
        for record in records {
            let text = std::str::from_utf8(record).expect("it is a text");
            let sequence = text
                .split(' ')
                .next()
                .and_then(|number| number.parse().ok());
            let sequence = sequence.expect("it begins with the number");
            let before = written.insert(sequence, record);
            assert!(
                before.is_none_or(|before| before == record.as_slice()),
                "two outcomes of {sequence}"
            );
            let settled = self.truth.settled.get(&sequence);
            assert_eq!(settled.map(|(_, text)| text.as_str()), Some(text));
        }
        assert!(is_cancelled || written.len() == self.truth.settled.len());
        let loses_none = self.history.restarts == 0 && !self.history.loses_collector;
        let is_undisturbed = self.history.is_calm() && loses_none;
        assert!(
            !is_undisturbed || all == written.len(),
            "copies without a reason"
        );
    }

    /// Checks that no worker that lives holds an entry whose outcome may still come.
    pub(super) fn check_nothing_comes(&self) {
        for lane in 0..self.history.lanes {
            for sequence in 1..=self.history.lines.len() as u64 {
                let Some(holder) = self.engine.holder(lane, sequence) else {
                    continue;
                };
                let (machine, _) = self.truth.beats[&(lane, holder.clone())];
                // A worker that was silent for long may be heard of again just now.
                let machine = &self.machines[machine];
                let was_disturbed = machine.disturbed_until + self.history.lease * 3 >= self.now;
                let may_return = was_disturbed || !machine.partitions.is_empty();
                let has_left = self.truth.left.contains(&(lane, holder.clone()));
                let process = machine.process.as_ref();
                let is_there = process.is_some_and(|process| process.core.is_named(&holder));
                assert!(
                    may_return || has_left || !is_there,
                    "{holder} lives and has request {sequence}"
                );
            }
        }
    }

    /// Checks a worker that was told to end: it kept to its grace, and handed back what it had.
    pub(super) fn check_drained(&self, machine: usize, names: &[(u32, String)]) {
        let drained = &self.machines[machine];
        let (told, latest) = drained.told_to_end.expect("it was told to end");
        let was_stopped = drained.disturbed_until >= told;
        let is_late = self.now > latest + self.history.lease.mul_f64(0.05);
        assert!(!is_late || was_stopped, "it was to end by {latest:?}");
        let is_cut_off = drained.partitions.iter().any(|(_, end)| *end >= told);
        if was_stopped || is_cut_off || !self.history.is_calm() {
            return;
        }
        for (lane, name) in names {
            let mut held = 1..=self.history.lines.len() as u64;
            let held =
                held.find(|number| self.engine.holder(*lane, *number).as_ref() == Some(name));
            assert_eq!(held, None, "{name} has left, and holds a request");
        }
    }

    /// Checks that the paced host saw no more requests in any time than its rate permits. A slot may be used up to a
    /// second late.
    fn check_rate(&self) {
        let Some(rate) = self.history.rate else {
            return;
        };
        let gap = rate.per.as_secs_f64() / rate.count;
        let slack = f64::from(rate.burst) + 2.0 + self.history.workers as f64;
        let times = &self.truth.paced;
        for (first, begin) in times.iter().enumerate() {
            for (last, end) in times.iter().enumerate().skip(first) {
                let most = ((*end - *begin).as_secs_f64() + 1.2) / gap + slack;
                let count = last - first + 1;
                assert!(
                    count as f64 <= most,
                    "{count} requests in {:?}",
                    *end - *begin
                );
            }
        }
    }
}
