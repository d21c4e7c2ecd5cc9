//! Parts of a summary that a report shows beside the counts: phases, the slowest requests, the course, redirects.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Summary;
use super::facts::OutcomeFacts;
use super::sketch::Sketch;
use super::slowest::{SlowRequest, Slowest};
use super::timeline::{TimeSlice, Timeline};
use crate::timing::{Phase, millis};

/// Figures of a time: the count, the mean and the longest exactly, quantiles to one per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeFigures {
    /// Number of times counted. Without any, all other figures are zero.
    pub count: u64,
    /// Mean of the times.
    pub mean: Duration,
    /// Time that half of the times do not exceed.
    pub p50: Duration,
    /// Time that 95 % of the times do not exceed.
    pub p95: Duration,
    /// Longest time.
    pub max: Duration,
}

impl Summary {
    /// Times from the start of the last attempt of each request to the head of its response.
    pub fn first_byte(&self) -> TimeFigures {
        self.details.first_byte.figures()
    }

    /// Times of the phases of the last attempts that got a response, in the order of the phases.
    ///
    /// Resolving, connecting and the TLS handshake count only if the attempt opened a connection. A phase that no
    /// attempt had is left out.
    pub fn phases(&self) -> Vec<(Phase, TimeFigures)> {
        let rows = self.details.phases.had();
        rows.map(|(phase, row)| (phase, row.figures())).collect()
    }

    /// The slowest requests that got a response, slowest first. At most 20.
    ///
    /// The time of the last attempt counts.
    pub fn slowest(&self) -> &[SlowRequest] {
        self.details.slowest.as_slice()
    }

    /// Counts of the outcomes over time, oldest first, in at most 512 slices of one width.
    ///
    /// An outcome counts at the end of its last attempt; requests that were not sent do not count. Slices without an
    /// outcome are left out. The width is the smallest power of two in seconds with which the slices suffice.
    pub fn over_time(&self) -> Vec<TimeSlice> {
        self.details.timeline.slices()
    }

    /// Number of requests of which a redirect was followed.
    pub fn redirected_requests(&self) -> u64 {
        self.details.redirected_requests
    }

    /// Number of redirects that were followed.
    pub fn redirects(&self) -> u64 {
        self.details.redirects
    }
}

/// Parts of a summary that are shown beside the counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SummaryDetails {
    redirected_requests: u64,
    redirects: u64,
    first_byte: TimeRow,
    phases: PhaseRows,
    slowest: Slowest,
    #[serde(rename = "over_time")]
    pub(super) timeline: Timeline,
}

impl SummaryDetails {
    pub(super) fn count(&mut self, facts: &OutcomeFacts<'_>) {
        self.redirected_requests += u64::from(facts.redirects > 0);
        self.redirects += u64::from(facts.redirects);
        if let Some(first_byte) = facts.times.first_byte {
            self.first_byte.record(first_byte);
            self.slowest.offer(facts);
        }
        let Some(phases) = facts.times.phases else {
            return;
        };
        // Every outcome comes here: no list of the phases is made.
        let rows = &mut self.phases;
        if !facts.times.reused {
            rows.of(Phase::Resolve).record(phases.resolve);
            rows.of(Phase::Connect).record(phases.connect);
            if !phases.tls.is_zero() {
                rows.of(Phase::Tls).record(phases.tls);
            }
        }
        rows.of(Phase::Send).record(phases.send);
        rows.of(Phase::Wait).record(phases.wait);
        rows.of(Phase::Receive).record(phases.receive);
    }
}

impl AddAssign<&SummaryDetails> for SummaryDetails {
    fn add_assign(&mut self, other: &SummaryDetails) {
        self.redirected_requests += other.redirected_requests;
        self.redirects += other.redirects;
        self.first_byte += &other.first_byte;
        for (phase, row) in other.phases.had() {
            *self.phases.of(phase) += row;
        }
        self.slowest += &other.slowest;
        self.timeline += &other.timeline;
    }
}

/// Times of each phase, by the number of the phase: every outcome counts in several of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Phase, TimeRow>", into = "BTreeMap<Phase, TimeRow>")]
struct PhaseRows([TimeRow; PHASES.len()]);

/// The phases, in their order.
const PHASES: [Phase; 7] = [
    Phase::Resolve,
    Phase::Connect,
    Phase::Tls,
    Phase::Send,
    Phase::Wait,
    Phase::Receive,
    Phase::Total,
];

impl PhaseRows {
    fn of(&mut self, phase: Phase) -> &mut TimeRow {
        &mut self.0[phase as usize]
    }

    /// Returns the phases that some attempt had, with their times.
    fn had(&self) -> impl Iterator<Item = (Phase, &TimeRow)> {
        let rows = PHASES.into_iter().zip(&self.0);
        rows.filter(|(_, row)| !row.sketch.is_empty())
    }
}

impl From<BTreeMap<Phase, TimeRow>> for PhaseRows {
    fn from(rows: BTreeMap<Phase, TimeRow>) -> PhaseRows {
        let mut phases = PhaseRows::default();
        for (phase, row) in rows {
            *phases.of(phase) = row;
        }
        phases
    }
}

impl From<PhaseRows> for BTreeMap<Phase, TimeRow> {
    fn from(phases: PhaseRows) -> BTreeMap<Phase, TimeRow> {
        phases
            .had()
            .map(|(phase, row)| (phase, row.clone()))
            .collect()
    }
}

/// Sum, longest and sketch of a time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "TimeRowWire", into = "TimeRowWire")]
struct TimeRow {
    sum_us: u64,
    max_us: u64,
    sketch: Sketch,
}

impl TimeRow {
    fn record(&mut self, time: Duration) {
        let us = millis::micros(time);
        self.sum_us = self.sum_us.saturating_add(us);
        self.max_us = self.max_us.max(us);
        self.sketch.record_us(us);
    }

    fn figures(&self) -> TimeFigures {
        let count = self.sketch.count();
        let max = Duration::from_micros(self.max_us);
        let quantile = |share| self.sketch.quantile(share).unwrap_or_default().min(max);
        TimeFigures {
            count,
            mean: Duration::from_micros(self.sum_us.checked_div(count).unwrap_or(0)),
            p50: quantile(0.5),
            p95: quantile(0.95),
            max,
        }
    }
}

impl AddAssign<&TimeRow> for TimeRow {
    fn add_assign(&mut self, other: &TimeRow) {
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.max_us = self.max_us.max(other.max_us);
        self.sketch += &other.sketch;
    }
}

/// JSON form: the figures that people ask for, and the counts that addition needs.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct TimeRowWire {
    n: u64,
    #[serde(with = "millis")]
    mean_ms: Duration,
    #[serde(with = "millis")]
    p50_ms: Duration,
    #[serde(with = "millis")]
    p95_ms: Duration,
    #[serde(with = "millis")]
    max_ms: Duration,
    sum_us: u64,
    counts_us: Vec<(u64, u64)>,
}

impl From<TimeRow> for TimeRowWire {
    fn from(row: TimeRow) -> TimeRowWire {
        let figures = row.figures();
        TimeRowWire {
            n: figures.count,
            mean_ms: figures.mean,
            p50_ms: figures.p50,
            p95_ms: figures.p95,
            max_ms: figures.max,
            sum_us: row.sum_us,
            counts_us: row.sketch.pairs(),
        }
    }
}

impl From<TimeRowWire> for TimeRow {
    fn from(wire: TimeRowWire) -> TimeRow {
        TimeRow {
            sum_us: wire.sum_us,
            max_us: millis::micros(wire.max_ms),
            sketch: Sketch::of_pairs(&wire.counts_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_has_its_own_times() {
        let mut rows = PhaseRows::default();
        for (phase, ms) in PHASES.into_iter().zip(1..) {
            rows.of(phase).record(Duration::from_millis(ms));
        }
        rows.of(Phase::Total).record(Duration::ZERO);
        let counted = rows.had().map(|(phase, row)| (phase, row.max_us / 1000));
        assert_eq!(
            counted.collect::<Vec<_>>(),
            PHASES.into_iter().zip(1..).collect::<Vec<_>>()
        );
        let json = serde_json::to_string(&rows).unwrap();
        assert_eq!(serde_json::from_str::<PhaseRows>(&json).unwrap(), rows);
        let one = serde_json::json!({"wait": {"n": 1, "max_ms": 2.0, "sum_us": 2000, "counts_us": [[2000, 1]]}});
        let one: PhaseRows = serde_json::from_value(one).unwrap();
        assert_eq!(
            one.had().map(|(phase, _)| phase).collect::<Vec<_>>(),
            [Phase::Wait]
        );
    }
}
