//! Comparison as text.

use std::fmt;

use super::{Comparison, Differences};
use crate::redact::escape::Escaped;
use crate::summary::numbers::tenths;

/// Requests and hosts that are shown of each kind.
const ROWS: usize = 10;

/// Lines for people: the numbers, then the first requests of each kind of difference, and the hosts that became slower
/// or faster.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests in both runs", self.joined)?;
        if self.only_old > 0 {
            write!(f, ", {} only in the old one", self.only_old)?;
        }
        if self.only_new > 0 {
            let failed = self.only_new_failed;
            write!(
                f,
                ", {} only in the new one ({failed} failed)",
                self.only_new
            )?;
        }
        writeln!(f)?;
        for (name, differences) in [
            ("newly failed", &self.newly_failed),
            ("mended", &self.mended),
            ("still failing", &self.still_failing),
            ("status changed", &self.changed_statuses),
        ] {
            writeln!(f, "  {name:<16}{:>9}", differences.count())?;
        }
        let bodies = self.changed_bodies.count();
        write!(
            f,
            "  {:<16}{bodies:>9} of {} compared",
            "body changed", self.compared_bodies
        )?;
        if self.without_key > 0 {
            write!(
                f,
                "\n  {:<16}{:>9} results without a key",
                "not compared", self.without_key
            )?;
        }
        let changes = self.status_changes.iter();
        let changes = changes.map(|((old, new), count)| format!("{old} to {new}: {count}"));
        let changes: Vec<String> = changes.take(ROWS).collect();
        if !changes.is_empty() {
            write!(f, "\nStatuses      {}", changes.join("   "))?;
        }
        self.latencies(f)?;
        requests(f, "Newly failed", &self.newly_failed)?;
        requests(f, "Still failing", &self.still_failing)?;
        requests(f, "Mended", &self.mended)?;
        requests(f, "Body changed", &self.changed_bodies)
    }
}

impl Comparison {
    fn latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, is_slower) in [("Slower", true), ("Faster", false)] {
            let changes = self.latency_changes.iter();
            let changes = changes.filter(|change| (change.change > 0.0) == is_slower);
            for (at, change) in changes.take(ROWS).enumerate() {
                let title = if at == 0 { title } else { "" };
                write!(
                    f,
                    "\n{title:<14}{}  {} {} ms (of {}) to {} ms (of {}), {}",
                    Escaped(&change.host),
                    change.quantile,
                    tenths(change.old.as_secs_f64() * 1e3),
                    change.old_responses,
                    tenths(change.new.as_secs_f64() * 1e3),
                    change.new_responses,
                    change.percent(),
                )?;
            }
        }
        match self.hosts_with_few_responses {
            0 => Ok(()),
            1 => write!(
                f,
                "\nLatency       1 host has too few responses for a comparison"
            ),
            hosts => write!(
                f,
                "\nLatency       {hosts} hosts have too few responses for a comparison"
            ),
        }
    }
}

fn requests(f: &mut fmt::Formatter<'_>, title: &str, differences: &Differences) -> fmt::Result {
    for (at, request) in differences.examples().iter().take(ROWS).enumerate() {
        let title = if at == 0 { title } else { "" };
        write!(f, "\n{title:<14}")?;
        match &request.place {
            Some(place) => write!(f, "{}", Escaped(place))?,
            None => write!(f, "line {}", request.index + 1)?,
        }
        write!(f, " {}", Escaped(&request.url))?;
        if request.old == request.new {
            write!(f, "  {}", Escaped(&request.new))?;
        } else {
            write!(
                f,
                "  {}, was {}",
                Escaped(&request.new),
                Escaped(&request.old)
            )?;
        }
    }
    let others = differences.count().saturating_sub(ROWS as u64);
    match others {
        0 => Ok(()),
        _ => write!(f, "\n{:<14}and {others} more", ""),
    }
}
