//! Figures of a merge.

use super::marks::NumberSet;

/// Figures of a merge, made by [`Merge::run`](super::Merge::run) or [`verify`](super::Merge::verify).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeReport {
    pub(super) records: u64,
    pub(super) kept: u64,
    pub(super) copies: u64,
    pub(super) replaced: u64,
    pub(super) requests: Option<u64>,
    pub(super) missing: NumberSet,
    pub(super) missing_count: u64,
    pub(super) doubled: MergedLines,
    pub(super) foreign: MergedLines,
    pub(super) torn: MergedLines,
    pub(super) begun: Vec<(String, u64)>,
}

/// Lines of results of one kind: their number, and the places of the first ten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergedLines {
    pub(super) count: u64,
    pub(super) first: Vec<MergedLine>,
}

/// Place of a line of results.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MergedLine {
    /// File, as it was given.
    pub source: String,
    /// Number of the line, from 1.
    pub line: u64,
    /// URL of the record, with secrets masked; of a line that is no record the reason.
    pub text: String,
}

impl MergeReport {
    /// True if the input and the results agree: no request is missing, no line is doubled or foreign.
    ///
    /// Without an input only doubled lines are known. Torn lines are no fault if no request is missing.
    pub fn is_exact(&self) -> bool {
        self.missing_count == 0 && self.doubled.count == 0 && self.foreign.count == 0
    }

    /// Number of records in all files of results.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Number of records in the output.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// Number of requests of the input. `None`: the results were merged without an input.
    pub fn requests(&self) -> Option<u64> {
        self.requests
    }

    /// Number of lines left out because a line before has the same bytes.
    pub fn copies(&self) -> u64 {
        self.copies
    }

    /// Number of lines left out because a line marked `supersedes` takes their place.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Number of requests of the input without an outcome.
    pub fn missing(&self) -> u64 {
        self.missing_count
    }

    /// Returns the positions in the input of requests without an outcome, from 0, in ascending order.
    ///
    /// Of equal requests the last ones are missing.
    pub fn missing_positions(&self) -> impl Iterator<Item = u64> {
        self.missing.iter()
    }

    /// True if the request at this position of the input, from 0, has no outcome.
    pub fn is_missing(&self, position: u64) -> bool {
        self.missing.contains(position)
    }

    /// Outcomes beyond the number of equal requests. They were left out.
    ///
    /// Without an input, outcomes with the key and the index of another one.
    pub fn doubled(&self) -> &MergedLines {
        &self.doubled
    }

    /// Outcomes of requests that are not in the input. They were left out.
    pub fn foreign(&self) -> &MergedLines {
        &self.foreign
    }

    /// Lines that are no records, such as one that a kill cut off. They were left out.
    pub fn torn(&self) -> &MergedLines {
        &self.torn
    }
}

impl MergeReport {
    /// Returns the files of runs that had begun requests without an outcome, each with the number of these.
    ///
    /// Such a run was killed while requests that must not be repeated were under way. Resumed, it gives them the outcome
    /// [`Interrupted`](crate::ErrorType::Interrupted). With an input they are missing, unless another file has their
    /// outcomes. Only files with a [journal](crate::Journal) beside them tell.
    pub fn begun(&self) -> impl Iterator<Item = (&str, u64)> {
        self.begun
            .iter()
            .map(|(file, count)| (file.as_str(), *count))
    }
}

impl MergedLines {
    /// Number of lines.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Places of the first lines, at most ten.
    pub fn first(&self) -> &[MergedLine] {
        &self.first
    }
}
