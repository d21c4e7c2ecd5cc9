//! Reports on finished runs: the figures of results that were written before.
//!
//! [`ReportReader`] reads results, of any number of files, and makes a [`Report`]. [`Summary::read`] is the short way
//! to the summary of one reader. Memory stays flat, whatever the number of lines: results, which a later line may
//! take the place of, wait in a temporary file.
//!
//! ```
//! use haul::report::{Grouping, ReportReader};
//!
//! let lines = concat!(
//!     r#"{"v":1,"index":0,"key":"2-528540e82974ac2984fc2b5f2594fe2f","outcome":"success","url":"https://x/1","#,
//!     r#""method":"GET","status":200,"attempts":1,"elapsed_ms":142.7,"ttfb_ms":120.1}"#,
//!     "\n",
//! );
//! let mut reader = ReportReader::new().by(Grouping::Status);
//! reader.read("run.jsonl", lines.as_bytes())?;
//! let report = reader.finish()?;
//! assert_eq!(report.summary().succeeded(), 1);
//! assert_eq!(report.groups().unwrap().rows()[0].name.as_deref(), Some("200"));
//! # Ok::<(), haul::report::ReportError>(())
//! ```

mod body_digest;
mod cases;
mod compare;
mod counted;
#[cfg(feature = "sqlite")]
mod database;
mod error;
mod figures;
mod github;
mod groups;
mod html;
mod junit;
mod keyed;
mod markdown;
mod markup;
mod packed;
mod reader;
mod result_line;
mod span;
mod spool;
mod standing;
#[cfg(test)]
mod tests;
mod written;

use std::io::Read;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

pub use cases::RequestCases;
pub use compare::{Comparison, Differences, DifferentRequest, LatencyChange};
pub use error::{ReportError, UnreadLine};
pub use groups::{GroupFigures, Grouping, Groups, InvalidGrouping};
pub use reader::ReportReader;

use crate::summary::Summary;

/// Figures of a finished run, or of several: the summary, and what else was asked for.
///
/// Reports add up, and read back from JSON, also from that of a summary alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    #[serde(flatten)]
    summary: Summary,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Groups>,
    #[serde(default)]
    unread_lines: u64,
    /// Single requests. `None`: they were not asked for.
    #[serde(skip)]
    cases: Option<RequestCases>,
}

impl Report {
    /// Figures of the run.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Figures by group. `None`: no groups were asked for.
    pub fn groups(&self) -> Option<&Groups> {
        self.groups.as_ref()
    }

    /// Number of lines that are no results, and count nowhere else.
    pub fn unread_lines(&self) -> u64 {
        self.unread_lines
    }
}

impl From<Summary> for Report {
    fn from(summary: Summary) -> Report {
        Report {
            summary,
            ..Report::default()
        }
    }
}

/// Adds the figures of another report. Groups of another kind than those that are there count nowhere.
impl AddAssign<&Report> for Report {
    fn add_assign(&mut self, other: &Report) {
        self.summary += &other.summary;
        self.unread_lines += other.unread_lines;
        match (&mut self.cases, &other.cases) {
            (Some(cases), Some(others)) => cases.extend(others),
            // The single requests of a part are not those of the whole.
            (cases, _) => *cases = None,
        }
        match (&mut self.groups, &other.groups) {
            (Some(groups), Some(others)) if groups.by() == others.by() => *groups += others,
            (groups @ None, Some(others)) => *groups = Some(others.clone()),
            _ => {}
        }
    }
}

impl Summary {
    /// Reads the results of a finished run and sums them up.
    ///
    /// The results are lines as [`JsonLines`](crate::JsonLines) writes them.
    /// Lines that are no results are left out; [`ReportReader`] tells them. As far as results hold less than outcomes,
    /// the figures differ from those of the run: requests that were not done are not known; received bytes are those of
    /// bodies, and connections those of the last response of each request. The wall time goes from the first start to
    /// the last end.
    ///
    /// # Errors
    /// When the reader or the temporary file fails.
    pub fn read(reader: impl Read) -> Result<Summary, ReportError> {
        let mut results = ReportReader::new();
        results.read("results", reader)?;
        Ok(results.finish()?.summary)
    }
}
