//! Reader of results.

use std::borrow::Cow;
use std::io::{self, Read};

use serde_json::Value;

use super::cases::RequestCases;
use super::counted::HostNames;
use super::keyed::{ComparedRun, KeyedResults};
use super::packed::{PackedParts, pack, unpack};
use super::result_line::BorrowedResult;
use super::span::RunSpan;
use super::spool::Spool;
use super::standing::{ContestedResults, SupersededKeys};
use super::{Grouping, Groups, Report, ReportError, UnreadLine};
use crate::record::ResultSplitter;
use crate::summary::{OutcomeFacts, ResultFacts, Summary};

/// Upper bound for the number of lines without a result that are told one by one.
const TOLD: usize = 100;

/// Upper bound for the length of a group's name, in bytes, beside the ellipsis of a longer one.
const LONGEST_NAME: usize = 256;

/// Reads results of finished runs and sums them up, in flat memory.
///
/// The results of all readers count as those of one run. A line that is marked `supersedes` takes the place of an
/// earlier line of its key, in whichever file that is: of one without success if there is one. Equal requests that were
/// sent twice count twice.
#[derive(Debug, Default)]
#[must_use = "a reader reads nothing until it is given results"]
pub struct ReportReader {
    groups: Option<Groups>,
    summary: Summary,
    hosts: HostNames,
    pub(super) spans: Vec<RunSpan>,
    /// Results with a key, which another result may take the place of.
    waiting: Spool,
    superseded: SupersededKeys,
    /// Results for a comparison. `None`: they are not kept.
    keyed: Option<KeyedResults>,
    /// Single requests. `None`: they are not kept.
    cases: Option<RequestCases>,
    results: u64,
    unread: u64,
    told: Vec<UnreadLine>,
}

impl ReportReader {
    /// Makes a reader that has read nothing.
    pub fn new() -> ReportReader {
        ReportReader::default()
    }

    /// Groups the requests by this property too. Default: no groups.
    pub fn by(mut self, grouping: Grouping) -> ReportReader {
        self.groups = Some(Groups::new(grouping));
        self
    }

    /// Keeps the single requests in `cases`, for [`Report::junit`]. Default: not kept.
    pub fn cases(mut self, cases: RequestCases) -> ReportReader {
        self.cases = Some(cases);
        self
    }

    /// Keeps the results for a [`Comparison`](super::Comparison), in a temporary file. Default: not kept.
    pub fn comparable(mut self) -> ReportReader {
        self.keyed = Some(KeyedResults::new());
        self
    }

    /// True if the results are kept for a comparison, which needs their bodies.
    #[cfg(feature = "sqlite")]
    pub(super) fn is_comparable(&self) -> bool {
        self.keyed.is_some()
    }

    /// Reads results as [`JsonLines`](crate::JsonLines) writes them, to their end.
    ///
    /// `name` stands in messages. Empty lines are skipped. A line that is no result is [told](ReportReader::unread) and left out.
    ///
    /// # Errors
    /// When the reader or a temporary file fails. The results that were read before count.
    pub fn read(&mut self, name: &str, reader: impl Read) -> Result<(), ReportError> {
        let mut lines = ResultSplitter::new(reader);
        let mut span = None;
        let ended = loop {
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => break Ok(()),
                Err(e) => break Err(ReportError::unread(name, e)),
            };
            let taken = match line.bytes {
                Some(bytes) if line.is_ended => self.take_line(name, line.number, bytes, &mut span),
                Some(bytes) => match BorrowedResult::parse(bytes) {
                    Ok(result) => self.take(&result, &mut span),
                    Err(_) => {
                        let reason = "it is torn: the file ends within it".to_owned();
                        self.leave_out(name, line.number, reason);
                        Ok(())
                    }
                },
                None => {
                    let reason = "it is longer than 256 MiB".to_owned();
                    self.leave_out(name, line.number, reason);
                    Ok(())
                }
            };
            if let Err(error) = taken {
                break Err(ReportError::temporary(error));
            }
        };
        self.spans.extend(span);
        ended
    }

    /// Counts the line, unless it is empty, or tells that it is no result.
    pub(super) fn take_line(
        &mut self,
        name: &str,
        number: u64,
        line: &[u8],
        span: &mut Option<RunSpan>,
    ) -> io::Result<()> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        match BorrowedResult::parse(line) {
            Ok(result) => self.take(&result, span),
            Err(reason) => {
                self.leave_out(name, number, reason);
                Ok(())
            }
        }
    }

    /// Number of results read.
    pub fn results(&self) -> u64 {
        self.results
    }

    /// Lines that are no results: the first 100 of them, and the number of all.
    pub fn unread(&self) -> (&[UnreadLine], u64) {
        (&self.told, self.unread)
    }

    /// Ends the reading and returns the report.
    ///
    /// # Errors
    /// When a temporary file fails.
    pub fn finish(mut self) -> Result<Report, ReportError> {
        self.count_waiting()?;
        Ok(self.into_report().0)
    }

    /// Ends the reading and returns the report with the results.
    pub(super) fn finish_comparable(mut self) -> Result<ComparedRun, ReportError> {
        self.count_waiting()?;
        match self.into_report() {
            (report, Some(results)) => Ok(ComparedRun { report, results }),
            (_, None) => Err(ReportError::not_comparable()),
        }
    }

    fn into_report(mut self) -> (Report, Option<KeyedResults>) {
        self.summary.set_wall(RunSpan::covered(self.spans));
        let report = Report {
            summary: self.summary,
            groups: self.groups,
            unread_lines: self.unread,
            cases: self.cases,
        };
        (report, self.keyed)
    }

    /// Counts the results that waited until all were read, except those that another one took the place of.
    fn count_waiting(&mut self) -> Result<(), ReportError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.count_standing(waiting).map_err(ReportError::temporary)
    }

    fn count_standing(&mut self, mut waiting: Spool) -> io::Result<()> {
        let replaced = match self.superseded.is_empty() {
            true => Vec::new(),
            false => self.replaced(&mut waiting)?,
        };
        let mut replaced = replaced.into_iter().peekable();
        let mut number = 0;
        waiting.each(|bytes| {
            number += 1;
            match replaced.next_if_eq(&number) {
                Some(_) => Ok(()),
                None => self.count(&waited(bytes)?),
            }
        })
    }

    /// Returns the numbers of the results that another one took the place of, counted from 1.
    fn replaced(&mut self, waiting: &mut Spool) -> io::Result<Vec<u64>> {
        let mut contested = ContestedResults::new(std::mem::take(&mut self.superseded));
        let mut number = 0;
        waiting.each(|bytes| {
            number += 1;
            contested.add(number, &waited(bytes)?);
            Ok(())
        })?;
        Ok(contested.replaced())
    }

    fn leave_out(&mut self, name: &str, line: u64, reason: String) {
        self.unread += 1;
        if self.told.len() < TOLD {
            self.told.push(UnreadLine {
                source: name.to_owned(),
                line,
                reason,
            });
        }
    }

    /// Keeps a result until all are read, since another one may take its place.
    fn take(&mut self, result: &BorrowedResult<'_>, span: &mut Option<RunSpan>) -> io::Result<()> {
        self.results += 1;
        if let Some(other) = result.span() {
            RunSpan::extend(span, other);
        }
        self.superseded.enter(result);
        let by = self.groups.as_ref().map(Groups::by);
        let parts = PackedParts {
            names: self.cases.is_some(),
            tag: matches!(by, Some(Grouping::Tag(_))),
            digest: self.keyed.is_some(),
        };
        self.waiting.add(|to| pack(result, parts, to))
    }

    fn count(&mut self, result: &BorrowedResult<'_>) -> io::Result<()> {
        let facts = result.facts(&mut self.hosts);
        self.summary.count(&facts);
        if let Some(cases) = &mut self.cases {
            cases.add(&facts);
        }
        if let Some(groups) = &mut self.groups {
            let name = name_of_group(groups.by(), result, &facts);
            groups.count(name, &facts);
        }
        match &mut self.keyed {
            Some(keyed) => keyed.add(result, &facts),
            None => Ok(()),
        }
    }
}

/// Reads a result that waited.
fn waited(bytes: &[u8]) -> io::Result<BorrowedResult<'_>> {
    unpack(bytes).ok_or_else(|| io::Error::other("it holds other bytes than were written"))
}

/// Returns the name of the group that a request belongs to. `None`: it has no value of the kind.
fn name_of_group(
    by: &Grouping,
    result: &BorrowedResult<'_>,
    facts: &OutcomeFacts<'_>,
) -> Option<String> {
    match by {
        Grouping::Host => facts.host.as_ref().map(ToString::to_string),
        Grouping::Status => facts.status.map(|status| status.to_string()),
        Grouping::Error => Some(match &facts.result {
            ResultFacts::Success => "success".to_owned(),
            ResultFacts::Rejected(_) => "rejected".to_owned(),
            ResultFacts::Failed(failure) => failure.error_type.to_string(),
            ResultFacts::Cancelled | ResultFacts::NotDone => return None,
        }),
        Grouping::Tag(pointer) => {
            let tag: Value = serde_json::from_str(result.tag?.get()).ok()?;
            let name = match tag.pointer(pointer)? {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            };
            // Every group keeps its name in memory.
            let mut kept = LONGEST_NAME.min(name.len());
            while !name.is_char_boundary(kept) {
                kept -= 1;
            }
            Some(match kept < name.len() {
                true => format!("{}…", &name[..kept]),
                false => name.into_owned(),
            })
        }
        Grouping::Minute => {
            let minute = result.started?.strftime("%Y-%m-%dT%H:%MZ");
            Some(minute.to_string())
        }
    }
}
