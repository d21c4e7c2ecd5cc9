//! Rows that a kill kept out of the database and that are rebuilt, and rows that only the database has.

use std::path::PathBuf;
use std::time::SystemTime;

use super::super::SinkError;
use super::super::database::writer::OrderSender;
use super::super::known::{KnownFailures, MarkFields, stamp};
use super::super::missing::{Log, Unrecorded};
use super::row::FailureRow;
use super::rows::{self, RunStart};
use crate::record::Record;
use crate::request::Request;

/// Adds rebuilt rows to the database, each with the run of its record.
pub(super) struct RebuiltRows {
    pub(super) orders: OrderSender<FailureRow>,
    pub(super) path: PathBuf,
    pub(super) results: PathBuf,
    /// The runs of the database, oldest first.
    pub(super) earlier: Vec<RunStart>,
    /// The coming run.
    pub(super) coming: String,
    pub(super) fields: MarkFields,
}

impl RebuiltRows {
    /// Returns the run of a record: the last run that had begun when the record's attempt started.
    fn run_of(&self, record: &Record<'_>) -> String {
        let at = record.timestamp.map(stamp);
        let begun = |started: &String| at.as_ref().is_none_or(|at| started <= at);
        let mut runs = self.earlier.iter().rev();
        let run = runs.find(|(started, _)| begun(started));
        run.map_or_else(|| self.coming.clone(), |(_, run_id)| run_id.clone())
    }
}

impl Log for RebuiltRows {
    fn add(&mut self, record: Record<'static>, _: &Request) -> Result<(), SinkError> {
        let run_id = self.run_of(&record);
        // If the writing thread is gone, the sink returns its error at the next outcome.
        self.orders.add(FailureRow::of(&record, run_id));
        Ok(())
    }

    fn unrecorded(
        &mut self,
        known: KnownFailures,
        begun: SystemTime,
    ) -> Result<Unrecorded, SinkError> {
        let known = (known, self.fields);
        rows::unrecorded(&self.path, &self.results, known, begun)
    }

    fn at(&mut self, place: u64) -> Result<Record<'static>, SinkError> {
        rows::record(&self.path, place)
    }
}
