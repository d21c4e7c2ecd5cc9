//! Comparison of two runs.

mod display;
mod examples;
mod join;
mod latency;

use std::collections::BTreeMap;

use serde::Serialize;

use super::cases::FoundRequests;
use super::keyed::ResultEntry;
use super::{Report, ReportError, ReportReader};
use crate::record::Kind;
pub use examples::{Differences, DifferentRequest};
use join::JoinTarget;
pub use latency::LatencyChange;

/// Comparison of the results of two runs.
///
/// A comparison tells which requests failed newly, were mended or still fail, which statuses and bodies changed, and
/// which hosts became slower or faster.
///
/// Requests are joined by their [key](crate::record::Key), equal ones in their order. A request fails here if its
/// outcome is failed or rejected. Memory is flat, whatever the number of results.
///
/// ```
/// use haul::report::{Comparison, ReportReader};
///
/// let line = |rest: &str| format!(r#"{{"key":"2-528540e82974ac2984fc2b5f2594fe2f","url":"https://x/",{rest}}}"#);
/// let mut old = ReportReader::new().comparable();
/// old.read("old.jsonl", line(r#""outcome":"success","status":200"#).as_bytes())?;
/// let mut new = ReportReader::new().comparable();
/// new.read("new.jsonl", line(r#""outcome":"failed","error_type":"timeout""#).as_bytes())?;
/// let comparison = Comparison::of(old, new)?;
/// assert_eq!(comparison.newly_failed().count(), 1);
/// assert_eq!(comparison.newly_failed().examples()[0].url, "https://x/");
/// # Ok::<(), haul::report::ReportError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    joined: u64,
    only_old: u64,
    only_new: u64,
    only_new_failed: u64,
    without_key: u64,
    newly_failed: Differences,
    mended: Differences,
    still_failing: Differences,
    changed_statuses: Differences,
    /// Pairs of an old and a new status, with their counts.
    #[serde(serialize_with = "statuses")]
    status_changes: BTreeMap<(u16, u16), u64>,
    changed_bodies: Differences,
    compared_bodies: u64,
    latency_changes: Vec<LatencyChange>,
    hosts_with_few_responses: u64,
    old: Report,
    new: Report,
}

fn statuses<S: serde::Serializer>(
    changes: &BTreeMap<(u16, u16), u64>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(
        changes
            .iter()
            .map(|((old, new), count)| (format!("{old} -> {new}"), count)),
    )
}

impl Comparison {
    /// Compares the results that two readers have read.
    ///
    /// Both must be [comparable](ReportReader::comparable).
    ///
    /// # Errors
    /// When a reader is not comparable, or a temporary file fails.
    pub fn of(old: ReportReader, new: ReportReader) -> Result<Comparison, ReportError> {
        let (mut of_old, mut of_new) = (old.finish_comparable()?, new.finish_comparable()?);
        let (latency_changes, hosts_with_few_responses) =
            latency::changes(of_old.report.summary(), of_new.report.summary());
        let comparison = Comparison {
            joined: 0,
            only_old: 0,
            only_new: 0,
            only_new_failed: 0,
            without_key: of_old.results.without_key + of_new.results.without_key,
            newly_failed: Differences::default(),
            mended: Differences::default(),
            still_failing: Differences::default(),
            changed_statuses: Differences::default(),
            status_changes: BTreeMap::new(),
            changed_bodies: Differences::default(),
            compared_bodies: 0,
            latency_changes,
            hosts_with_few_responses,
            old: of_old.report,
            new: of_new.report,
        };
        let (old, new) = (&mut of_old.results.parts, &mut of_new.results.parts);
        let cases = comparison.new.cases.as_ref();
        let mut joining = JoinedRuns {
            known: cases
                .filter(|cases| cases.are_kept())
                .map(|_| FoundRequests::default()),
            comparison,
        };
        join::join(old, new, &mut joining).map_err(ReportError::temporary)?;
        let JoinedRuns {
            mut comparison,
            known,
        } = joining;
        if let (Some(cases), Some(known)) = (&mut comparison.new.cases, known) {
            cases.mark_known(&known);
        }
        comparison.settle();
        Ok(comparison)
    }

    fn settle(&mut self) {
        for differences in [
            &mut self.newly_failed,
            &mut self.mended,
            &mut self.still_failing,
            &mut self.changed_statuses,
            &mut self.changed_bodies,
        ] {
            differences.settle();
        }
    }

    /// Requests that succeeded in the old run and fail in the new one.
    pub fn newly_failed(&self) -> &Differences {
        &self.newly_failed
    }

    /// Requests that failed in the old run and succeed in the new one.
    pub fn mended(&self) -> &Differences {
        &self.mended
    }

    /// Requests that fail in both runs.
    pub fn still_failing(&self) -> &Differences {
        &self.still_failing
    }

    /// Requests whose response has another status.
    pub fn changed_statuses(&self) -> &Differences {
        &self.changed_statuses
    }

    /// Numbers of requests whose status changed, by the old and the new status.
    pub fn status_changes(&self) -> &BTreeMap<(u16, u16), u64> {
        &self.status_changes
    }

    /// Requests that succeed in both runs with the same status, and whose body has another digest.
    pub fn changed_bodies(&self) -> &Differences {
        &self.changed_bodies
    }

    /// Number of requests whose bodies were compared: both are in the results, in the same form.
    pub fn compared_bodies(&self) -> u64 {
        self.compared_bodies
    }

    /// Hosts that became slower or faster, the greatest change first.
    pub fn latency_changes(&self) -> &[LatencyChange] {
        &self.latency_changes
    }

    /// Number of hosts of both runs that gave too few responses for a comparison of latencies.
    pub fn hosts_with_few_responses(&self) -> u64 {
        self.hosts_with_few_responses
    }

    /// Number of requests that are in both runs.
    pub fn joined(&self) -> u64 {
        self.joined
    }

    /// Number of requests that are only in the old run.
    pub fn only_old(&self) -> u64 {
        self.only_old
    }

    /// Numbers of requests that are only in the new run: all, and those that fail.
    pub fn only_new(&self) -> (u64, u64) {
        (self.only_new, self.only_new_failed)
    }

    /// Number of results of both runs that have no key, and are not compared.
    pub fn without_key(&self) -> u64 {
        self.without_key
    }

    /// Figures of the old run.
    pub fn old_report(&self) -> &Report {
        &self.old
    }

    /// Figures of the new run.
    pub fn new_report(&self) -> &Report {
        &self.new
    }
}

/// Comparison of which the results are being joined.
struct JoinedRuns {
    comparison: Comparison,
    /// Requests that fail in both runs. `None`: the single requests of the new run are not kept.
    known: Option<FoundRequests>,
}

impl JoinTarget for JoinedRuns {
    fn joined(&mut self, old: Option<ResultEntry<'_>>, new: Option<ResultEntry<'_>>) {
        let comparison = &mut self.comparison;
        let fails = |entry: &ResultEntry<'_>| entry.kind != Kind::Success;
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, Some(new)) => {
                comparison.only_new += 1;
                comparison.only_new_failed += u64::from(fails(&new));
                return;
            }
            (old, None) => {
                comparison.only_old += u64::from(old.is_some());
                return;
            }
        };
        comparison.joined += 1;
        match (fails(&old), fails(&new)) {
            (false, true) => comparison.newly_failed.count_pair(&old, &new),
            (true, false) => comparison.mended.count_pair(&old, &new),
            (true, true) => {
                comparison.still_failing.count_pair(&old, &new);
                if let Some(known) = &mut self.known {
                    known.add(new.index, new.url);
                }
            }
            (false, false) => {}
        }
        if old.status != new.status {
            if old.status != 0 && new.status != 0 {
                let change = (old.status, new.status);
                *comparison.status_changes.entry(change).or_default() += 1;
                comparison.changed_statuses.count_pair(&old, &new);
            }
            return;
        }
        if let Some(differs) = old.body.differs(new.body) {
            comparison.compared_bodies += 1;
            if differs {
                comparison.changed_bodies.count_pair(&old, &new);
            }
        }
    }
}
