//! Figures by group: by host, status, class of failure, tag or minute.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::ops::AddAssign;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::summary::{OutcomeFacts, ResultFacts, Sketch};
use crate::timing::{millis, millis_option};

/// Upper bound for the number of groups with figures of their own.
const MOST: usize = 100_000;

/// Number of groups whose latencies are kept to one per cent; those of the later groups are kept to six per cent, so
/// that many groups take little memory.
const FINE: usize = 1000;

/// Property of requests by which they are grouped.
///
/// ```
/// use haul::report::Grouping;
///
/// assert_eq!("tag:/customer".parse(), Ok(Grouping::Tag("/customer".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grouping {
    /// Host of the URL.
    Host,
    /// Status of the last response.
    Status,
    /// Class of the failure. Requests without failure are in the group `success` or `rejected`.
    Error,
    /// Value in the tag at this JSON pointer (RFC 6901). The empty pointer is the whole tag.
    Tag(String),
    /// Minute in which the last attempt began, in UTC.
    Minute,
}

/// Text that names no grouping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no grouping (host, status, error, tag:/POINTER or minute is expected)")]
pub struct InvalidGrouping(String);

impl FromStr for Grouping {
    type Err = InvalidGrouping;

    fn from_str(text: &str) -> Result<Grouping, InvalidGrouping> {
        match text {
            "host" => return Ok(Grouping::Host),
            "status" => return Ok(Grouping::Status),
            "error" => return Ok(Grouping::Error),
            "minute" => return Ok(Grouping::Minute),
            _ => {}
        }
        let pointer = text.strip_prefix("tag:");
        let pointer = pointer.filter(|pointer| pointer.is_empty() || pointer.starts_with('/'));
        let grouping = pointer.map(|pointer| Grouping::Tag(pointer.to_owned()));
        grouping.ok_or_else(|| InvalidGrouping(text.to_owned()))
    }
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grouping::Host => f.write_str("host"),
            Grouping::Status => f.write_str("status"),
            Grouping::Error => f.write_str("error"),
            Grouping::Tag(pointer) => write!(f, "tag:{pointer}"),
            Grouping::Minute => f.write_str("minute"),
        }
    }
}

/// Figures of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct GroupFigures {
    /// Value that the requests of the group share. `None`: they have no such value.
    #[serde(rename = "group")]
    pub name: Option<String>,
    /// Number of requests.
    pub requests: u64,
    /// Number of requests that succeeded.
    pub succeeded: u64,
    /// Number of rejected requests.
    pub rejected: u64,
    /// Number of failed requests.
    pub failed: u64,
    /// Number of responses, of whose latencies the other figures are.
    pub responses: u64,
    /// Latency that half of the responses did not exceed. `None`: there was no response.
    #[serde(rename = "p50_ms", with = "millis_option")]
    pub p50: Option<Duration>,
    /// Latency that 95 % of the responses did not exceed. `None`: there was no response.
    #[serde(rename = "p95_ms", with = "millis_option")]
    pub p95: Option<Duration>,
    /// Longest latency. `None`: there was no response.
    #[serde(rename = "max_ms", with = "millis_option")]
    pub max: Option<Duration>,
}

/// Figures by group. They add up.
///
/// At most 100,000 groups have figures of their own, those that came first; the others are summed up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "GroupsWire", into = "GroupsWire")]
pub struct Groups {
    by: Grouping,
    rows: HashMap<Option<String>, GroupRow>,
    others: GroupRow,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct GroupRow {
    requests: u64,
    succeeded: u64,
    rejected: u64,
    failed: u64,
    latency: Sketch,
    max_us: u64,
    is_coarse: bool,
}

impl Groups {
    /// Makes groups without any request.
    pub(super) fn new(by: Grouping) -> Groups {
        Groups {
            by,
            rows: HashMap::new(),
            others: GroupRow::coarse(),
        }
    }

    /// Property by which the requests are grouped.
    pub fn by(&self) -> &Grouping {
        &self.by
    }

    /// Returns the figures of the groups.
    ///
    /// Minutes are in the order of time, other groups by their failed requests, then by all requests, most first.
    pub fn rows(&self) -> Vec<GroupFigures> {
        let rows = self.rows.iter();
        let mut rows: Vec<_> = rows.map(|(name, row)| row.figures(name.clone())).collect();
        match self.by {
            Grouping::Minute => rows.sort_by(|a, b| a.name.cmp(&b.name)),
            _ => rows.sort_by(|a, b| {
                let order = |row: &GroupFigures| (Reverse(row.failed), Reverse(row.requests));
                order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name))
            }),
        }
        rows
    }

    /// Returns the sum of the groups beyond the first 100,000. `None`: there are no more.
    pub fn others(&self) -> Option<GroupFigures> {
        (self.others.requests > 0).then(|| self.others.figures(None))
    }

    /// Counts a request of the group `name`.
    pub(super) fn count(&mut self, name: Option<String>, facts: &OutcomeFacts<'_>) {
        self.row(name).count(facts);
    }

    fn row(&mut self, key: Option<String>) -> &mut GroupRow {
        let len = self.rows.len();
        if len >= MOST && !self.rows.contains_key(&key) {
            return &mut self.others;
        }
        self.rows.entry(key).or_insert_with(|| match len < FINE {
            true => GroupRow::default(),
            false => GroupRow::coarse(),
        })
    }
}

impl GroupRow {
    fn coarse() -> GroupRow {
        GroupRow {
            is_coarse: true,
            ..GroupRow::default()
        }
    }

    fn count(&mut self, facts: &OutcomeFacts<'_>) {
        self.requests += 1;
        match facts.result {
            ResultFacts::Success => self.succeeded += 1,
            ResultFacts::Rejected(_) => self.rejected += 1,
            ResultFacts::Failed(_) => self.failed += 1,
            ResultFacts::Cancelled | ResultFacts::NotDone => {}
        }
        for latency in facts.logged.iter().copied().chain(facts.latency) {
            self.max_us = self.max_us.max(millis::micros(latency));
            match self.is_coarse {
                true => self.latency.record_coarsely(latency),
                false => self.latency.record(latency),
            }
        }
    }

    fn figures(&self, name: Option<String>) -> GroupFigures {
        let max = Duration::from_micros(self.max_us);
        let quantile = |share| Some(self.latency.quantile(share)?.min(max));
        GroupFigures {
            name,
            requests: self.requests,
            succeeded: self.succeeded,
            rejected: self.rejected,
            failed: self.failed,
            responses: self.latency.count(),
            p50: quantile(0.5),
            p95: quantile(0.95),
            max: quantile(1.0).map(|_| max),
        }
    }
}

impl AddAssign<&GroupRow> for GroupRow {
    fn add_assign(&mut self, other: &GroupRow) {
        self.requests += other.requests;
        self.succeeded += other.succeeded;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.latency += &other.latency;
        self.max_us = self.max_us.max(other.max_us);
    }
}

impl AddAssign<&Groups> for Groups {
    fn add_assign(&mut self, other: &Groups) {
        for (key, row) in &other.rows {
            *self.row(key.clone()) += row;
        }
        self.others += &other.others;
    }
}

/// JSON form.
#[derive(Serialize, Deserialize)]
struct GroupsWire {
    by: String,
    rows: Vec<GroupLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    others: Option<GroupLine>,
}

#[derive(Serialize, Deserialize)]
struct GroupLine {
    #[serde(flatten)]
    figures: GroupFigures,
    #[serde(default)]
    counts_us: Vec<(u64, u64)>,
}

impl GroupLine {
    fn of(figures: GroupFigures, row: &GroupRow) -> GroupLine {
        GroupLine {
            figures,
            counts_us: row.latency.pairs(),
        }
    }

    fn row(&self) -> GroupRow {
        GroupRow {
            requests: self.figures.requests,
            succeeded: self.figures.succeeded,
            rejected: self.figures.rejected,
            failed: self.figures.failed,
            latency: Sketch::of_pairs(&self.counts_us),
            max_us: millis::micros(self.figures.max.unwrap_or_default()),
            is_coarse: false,
        }
    }
}

impl From<Groups> for GroupsWire {
    fn from(groups: Groups) -> GroupsWire {
        let line = |figures: GroupFigures| {
            let row = groups.rows.get(&figures.name);
            row.map(|row| GroupLine::of(figures, row))
        };
        GroupsWire {
            by: groups.by.to_string(),
            rows: groups.rows().into_iter().filter_map(line).collect(),
            others: groups
                .others()
                .map(|figures| GroupLine::of(figures, &groups.others)),
        }
    }
}

impl TryFrom<GroupsWire> for Groups {
    type Error = InvalidGrouping;

    fn try_from(wire: GroupsWire) -> Result<Groups, InvalidGrouping> {
        let mut groups = Groups::new(wire.by.parse()?);
        for line in &wire.rows {
            *groups.row(line.figures.name.clone()) += &line.row();
        }
        if let Some(others) = &wire.others {
            groups.others += &others.row();
        }
        Ok(groups)
    }
}
