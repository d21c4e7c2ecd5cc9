//! Failures that a log lacks, made again of the results file and the input.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::journal::{Unsuccessful, Witness};
use super::known::Known;
use super::{Journal, Keep, Place, SinkError};
use crate::record::{Key, Keys, Kind, Record, RecordOptions};
use crate::redact::Redaction;
use crate::request::Request;

/// Failure log that missing failures are added to.
pub(super) trait Log: Send {
    /// Adds a line of a failure log, which has this request.
    ///
    /// # Errors
    /// When it cannot be written. Nothing more is added then.
    fn add(&mut self, record: Record<'static>, request: &Request) -> Result<(), SinkError>;

    /// Finds the failures that the log holds and the results lack: those that were not taken from `known`, of the run
    /// whose first outcome was begun at that time.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn find_unrecorded(&mut self, known: Known, begun: SystemTime) -> Result<(), SinkError>;

    /// Writes the outcome of this request to the results, with this key, if it was found. `of_log` is the key in the log.
    ///
    /// # Errors
    /// When it cannot be written there, or read.
    fn recover(&mut self, of_log: Key, key: Key) -> Result<bool, SinkError>;

    /// True if any were found.
    fn has_unrecorded(&self) -> bool;
}

/// Why failures could not be made again: told by the sink when it is called next, since the input has nobody to tell.
pub(super) type Trouble = Arc<Mutex<Option<SinkError>>>;

/// Takes what went wrong, if anything did.
pub(super) fn told(trouble: &Trouble) -> Result<(), SinkError> {
    let mut trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
    trouble.take().map_or(Ok(()), Err)
}

/// The records without a failure in the log.
pub(super) struct Missing<L> {
    records: Unsuccessful,
    path: PathBuf,
    /// Positions of the records in the results file, by the key of their request.
    places: HashMap<Key, Vec<u64>>,
    secrets: bool,
    /// Rule by which keys of the log are made.
    keys: Keys,
    redaction: Redaction,
    log: L,
    trouble: Trouble,
    failed: bool,
}

impl<L: Log + 'static> Missing<L> {
    /// Finds the records of the journal that the log does not hold, and has them written when their requests come by in
    /// the input. Returns their number.
    ///
    /// # Errors
    /// When the results file cannot be read, or another log is rebuilt from this journal.
    pub(super) fn rebuild(
        journal: &Journal,
        keep: Keep,
        mut known: Known,
        (options, redaction): (&RecordOptions, &Redaction),
        mut log: L,
        trouble: &Trouble,
    ) -> Result<u64, SinkError> {
        let mut places = HashMap::<Key, Vec<u64>>::new();
        let mut count = 0;
        let records = journal.unsuccessful(|at, record| {
            let wanted = record.outcome == Kind::Failed || keep == Keep::Unsuccessful;
            if wanted && !known.take(record) {
                places.entry(record.key).or_default().push(at);
                count += 1;
            }
        })?;
        if let Some(begun) = journal.begun()? {
            log.find_unrecorded(known, begun)?;
        }
        let idle = count == 0 && !log.has_unrecorded();
        let missing = Missing {
            records,
            path: journal.path().to_owned(),
            places,
            secrets: options.keeps_secrets(),
            keys: options.keys().clone(),
            redaction: redaction.clone(),
            log,
            trouble: Arc::clone(trouble),
            failed: false,
        };
        if !idle && !journal.watch(Box::new(missing)) {
            let reason = std::io::Error::other("another failure log is rebuilt from it");
            let place = Place::File(journal.path().to_owned());
            return Err(SinkError::new(place, "cannot be rebuilt from", reason));
        }
        Ok(count)
    }

    /// Writes the failures of these records, of this request or as much of it as they tell.
    fn write(&mut self, places: Vec<u64>, request: Option<&Request>) {
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
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert(error);
    }

    fn write_one(&mut self, at: u64, request: Option<&Request>) -> Result<(), SinkError> {
        let mut record = self.records.at(at).map_err(|e| {
            SinkError::new(Place::File(self.path.clone()), "cannot be read again", e)
        })?;
        let lost;
        let request = match request {
            Some(request) => {
                // The results file may have keys of version 1.
                record.key = self.keys.of(request);
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

/// The request of a record whose input no longer has it: not to be sent, since its headers and body are not known.
fn request_without_input(record: &Record<'_>) -> Request {
    let request = Request::new(&*record.method, &*record.url);
    let request = match &record.id {
        Some(id) => request.id(&**id),
        None => request,
    };
    request.spoiled("it was not in the input of the run that was resumed".to_owned())
}

impl<L: Log + 'static> Witness for Missing<L> {
    fn sees(&mut self, key: Key, request: &Request) {
        if let Some(places) = self.places.remove(&key) {
            let request = request.clone().under(&self.redaction);
            self.write(places, Some(&request));
        }
    }

    fn recovers(&mut self, key: Key, request: &Request) -> bool {
        if !self.log.has_unrecorded() {
            return false;
        }
        let recovered = self.log.recover(self.keys.of(request), key);
        recovered.unwrap_or_else(|error| {
            // The batch ends, and its request must not be sent: it has its outcome.
            self.fail(error);
            true
        })
    }

    fn ends(&mut self) {
        for (_, places) in std::mem::take(&mut self.places) {
            self.write(places, None);
        }
    }
}
