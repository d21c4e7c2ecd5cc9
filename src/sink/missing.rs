//! Failures that a log lacks, rebuilt from the results file and the input, and outcomes that only the log has.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::journal::{JournalFlush, Recovery, UnsuccessfulRecords, Witness};
use super::known::{FailureMark, KnownFailures};
use super::stored::RowPlace;
use super::{Journal, Keep, SinkError, SinkTarget};
use crate::error::ErrorType;
use crate::record::{Key, KeyMaker, Kind, Record, RecordOptions};
use crate::redact::Redaction;
use crate::redact::escape::log_line;
use crate::request::Request;

/// Failure log that is kept in step with a results file.
pub(super) trait Log: Send {
    /// Adds a line for this request to the failure log.
    ///
    /// # Errors
    /// When the line cannot be written. No further line is added then.
    fn add(&mut self, record: Record<'static>, request: &Request) -> Result<(), SinkError>;

    /// Finds the failures that the log holds and the results lack, which ended at this time or later.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn unrecorded(
        &mut self,
        known: KnownFailures,
        begun: SystemTime,
    ) -> Result<Unrecorded, SinkError>;

    /// Reads the failure at this place in the log.
    ///
    /// # Errors
    /// When the failure cannot be read.
    fn at(&mut self, place: u64) -> Result<Record<'static>, SinkError>;
}

/// Failures that a log holds and the results lack, by their keys in the log.
#[derive(Default)]
pub(super) struct Unrecorded(HashMap<Key, VecDeque<LoggedFailure>>);

/// A failure that the results lack.
#[derive(Clone, Copy)]
struct LoggedFailure {
    /// Place of the failure in the log.
    at: u64,
    /// True if the failure replaces an earlier failure of the same request.
    supersedes: bool,
}

impl Unrecorded {
    /// Adds a failure, in the order of the log.
    pub(super) fn add(&mut self, key: Key, at: u64, supersedes: bool) {
        let found = LoggedFailure { at, supersedes };
        self.0.entry(key).or_default().push_back(found);
    }

    /// Takes the failures of a request: the first, and those that replace it; if the results have an outcome of the
    /// request, only the replacements.
    fn take(&mut self, key: Key, has_outcome: bool) -> Vec<LoggedFailure> {
        let Entry::Occupied(mut entry) = self.0.entry(key) else {
            return Vec::new();
        };
        let found = entry.get_mut();
        let mut taken: Vec<_> = match has_outcome {
            true => Vec::new(),
            false => found.pop_front().into_iter().collect(),
        };
        while let Some(next) = found.front().filter(|next| next.supersedes) {
            taken.push(*next);
            found.pop_front();
        }
        if found.is_empty() {
            entry.remove();
        }
        taken
    }
}

/// First error while failures were rebuilt. The next call of the sink returns it, since the input cannot return an
/// error. `None`: no error.
pub(super) type FirstError = Arc<Mutex<Option<SinkError>>>;

/// Takes and returns the error, if there is one.
pub(super) fn told(first_error: &FirstError) -> Result<(), SinkError> {
    let mut first_error = first_error.lock().unwrap_or_else(PoisonError::into_inner);
    first_error.take().map_or(Ok(()), Err)
}

/// The records without a failure in the log, and the failures of the log without a record.
pub(super) struct MissingFailures<L> {
    records: UnsuccessfulRecords,
    unrecorded: Unrecorded,
    /// Outcomes that only the log has are written to this journal.
    ahead: JournalFlush,
    /// True if the journal's records have bodies.
    bodies: bool,
    path: PathBuf,
    /// Places of the records in the results file, by the key of their request.
    places: HashMap<Key, Vec<RowPlace>>,
    secrets: bool,
    /// Rule that the keys of the log are made by.
    keys: KeyMaker,
    redaction: Redaction,
    log: L,
    first_error: FirstError,
    failed: bool,
}

impl<L: Log + 'static> MissingFailures<L> {
    /// Finds the records of the journal that the log does not hold, and has them written when their requests come by in
    /// the input. Returns their number.
    ///
    /// # Errors
    /// When the results file cannot be read, or another log is rebuilt from this journal.
    pub(super) fn rebuild(
        journal: &Journal,
        keep: Keep,
        mut known: KnownFailures,
        (options, redaction): (&RecordOptions, &Redaction),
        mut log: L,
        first_error: &FirstError,
    ) -> Result<u64, SinkError> {
        // The file may still hold the records of results that are replaced.
        if journal.found() == 0 {
            return Ok(0);
        }
        check_columns(journal)?;
        let fields = journal.mark_fields();
        let mut places = HashMap::<Key, Vec<RowPlace>>::new();
        let mut count = 0;
        let records = journal.unsuccessful(|at, record| {
            let wanted = record.outcome == Kind::Failed || keep == Keep::Unsuccessful;
            let is_missing = wanted && !known.add_recorded(FailureMark::of(fields, record));
            if is_missing {
                places.entry(record.key).or_default().push(at);
                count += 1;
            }
            is_missing
        })?;
        let unrecorded = match journal.begun()? {
            Some(begun) if known.has_unrecorded() && journal.can_recover() => {
                log.unrecorded(known, begun)?
            }
            _ => Unrecorded::default(),
        };
        tell_lacking(journal, count);
        let idle = count == 0 && unrecorded.0.is_empty();
        let missing = MissingFailures {
            records,
            unrecorded,
            ahead: journal.ahead(),
            bodies: journal.keeps_bodies(),
            path: journal.path().to_owned(),
            places,
            secrets: options.keeps_secrets(),
            keys: options.keys().clone(),
            redaction: redaction.clone(),
            log,
            first_error: Arc::clone(first_error),
            failed: false,
        };
        if !idle && !journal.watch(Box::new(missing)) {
            let reason = io::Error::other("another failure log is rebuilt from it");
            let place = SinkTarget::File(journal.path().to_owned());
            return Err(SinkError::new(place, "cannot be rebuilt from", reason));
        }
        Ok(count)
    }

    /// Writes the failures of these records. `request`: the request of the records, or `None` if the input lacks it;
    /// then the records alone tell what is written.
    fn write(&mut self, places: Vec<RowPlace>, request: Option<&Request>) {
        for at in places {
            if self.failed {
                return;
            }
            if let Err(error) = self.write_one(at, request) {
                self.fail(error);
            }
        }
    }

    fn fail(&mut self, error: SinkError) {
        self.failed = true;
        let mut first_error = self
            .first_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        first_error.get_or_insert(error);
    }

    /// Writes outcomes of a request that only the log has to the journal.
    fn recover(
        &mut self,
        found: &[LoggedFailure],
        key: Key,
        has_outcome: bool,
    ) -> Result<Recovery, SinkError> {
        let mut recovery = Recovery::None;
        for (nth, found) in found.iter().enumerate() {
            let mut record = self.log.at(found.at)?.into_result(key, self.bodies);
            record.supersedes = has_outcome || nth > 0;
            recovery = Recovery::Recorded {
                sent: record.timestamp.is_some(),
                interrupted: record.error_type == Some(ErrorType::Interrupted),
            };
            self.ahead.add(&record)?;
        }
        Ok(recovery)
    }

    fn write_one(&mut self, at: RowPlace, request: Option<&Request>) -> Result<(), SinkError> {
        let mut record = self.records.at(at).map_err(|e| {
            SinkError::new(
                SinkTarget::File(self.path.clone()),
                "cannot be read again",
                e,
            )
        })?;
        let lost;
        let request = match request {
            Some(request) => {
                // The results file may have keys of version 1.
                record.key = self.keys.of(request);
                // A table need not have columns for these.
                let own = |text: &str| text.to_owned().into();
                record.id = record.id.or_else(|| request.request_id().map(own));
                record.source = record.source.or_else(|| request.source().map(own));
                record.line = record.line.or(request.line());
                record.tag = record.tag.or_else(|| request.written_tag().cloned());
                request
            }
            None => {
                lost = request_without_input(&record);
                &lost
            }
        };
        let record = record.into_failure(request, self.secrets);
        self.log.add(record, request)
    }
}

/// Refuses a table whose rows tell too little of a failure.
fn check_columns(journal: &Journal) -> Result<(), SinkError> {
    let lacking = journal.lacks_for_failures();
    if lacking.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "it lacks the columns {}, and failures that a kill kept from the log would be lost (without a failure log the \
         batch goes on)",
        lacking.join(", ")
    );
    let place = SinkTarget::File(journal.path().to_owned());
    let reason = io::Error::new(io::ErrorKind::InvalidInput, reason);
    Err(SinkError::new(
        place,
        "no failure log can be rebuilt from it",
        reason,
    ))
}

/// Warns of fields that this number of rebuilt failures does not have.
fn tell_lacking(journal: &Journal, count: u64) {
    let lacking = journal.lacks_beside();
    if count > 0 && !lacking.is_empty() {
        log_line!(
            Warn,
            "{}: {count} failures that the failure log lacks are added to it without {}, for which the table has no columns",
            journal.path().display(),
            lacking.join(", ")
        );
    }
}

/// Makes the request of a record that the input no longer has. The request is not to be sent, since its headers and
/// body are not known.
fn request_without_input(record: &Record<'_>) -> Request {
    let request = Request::new(&*record.method, &*record.url);
    let request = match &record.id {
        Some(id) => request.id(&**id),
        None => request,
    };
    request.spoiled("it was not in the input of the run that was resumed".to_owned())
}

impl<L: Log + 'static> Witness for MissingFailures<L> {
    fn sees(&mut self, key: Key, request: &Request) {
        if let Some(places) = self.places.remove(&key) {
            let request = request.clone().under(&self.redaction);
            self.write(places, Some(&request));
        }
    }

    fn recovers(&mut self, key: Key, request: &Request, has_outcome: bool) -> Recovery {
        if self.unrecorded.0.is_empty() {
            return Recovery::None;
        }
        let found = self.unrecorded.take(self.keys.of(request), has_outcome);
        self.recover(&found, key, has_outcome)
            .unwrap_or_else(|error| {
                self.fail(error);
                Recovery::Failed
            })
    }

    fn ends(&mut self) {
        for (_, places) in std::mem::take(&mut self.places) {
            self.write(places, None);
        }
    }
}
