//! Rows that a kill kept from the database, made again of the results file and the input.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::journal::{Unsuccessful, Witness};
use super::super::{Journal, Keep, Place, SinkError};
use super::known::Known;
use super::row::{Failure, stamp};
use super::writer::Orders;
use crate::record::{Key, Keys, Kind, Record, RecordOptions, line_with};
use crate::redact::Redaction;
use crate::request::Request;

/// Why a row could not be made again.
pub(super) type Trouble = Arc<Mutex<Option<SinkError>>>;

/// The records without a row.
pub(super) struct Missing {
    records: Unsuccessful,
    path: PathBuf,
    /// Where they stand in the results file, by the key of their request.
    places: HashMap<Key, Vec<u64>>,
    runs: Runs,
    secrets: bool,
    /// Rule by which keys of rows are made.
    keys: Keys,
    redaction: Redaction,
    orders: Orders,
    trouble: Trouble,
}

/// The runs of the database, oldest first, and the one that is to come.
pub(super) struct Runs {
    pub(super) earlier: Vec<(String, String)>,
    pub(super) coming: String,
}

impl Runs {
    /// The run a record is of: the last that had begun by then.
    fn of(&self, record: &Record<'_>) -> String {
        let at = record.timestamp.map(stamp);
        let begun = |started: &String| at.as_ref().is_none_or(|at| started <= at);
        let mut runs = self.earlier.iter().rev();
        let run = runs.find(|(started, _)| begun(started));
        run.map_or_else(|| self.coming.clone(), |(_, run_id)| run_id.clone())
    }
}

impl Missing {
    /// Finds the records of the journal that the database has no row of. Their number is the second value.
    pub(super) fn find(
        journal: &Journal,
        keep: Keep,
        mut known: Known,
        runs: Runs,
        shown: (&RecordOptions, Redaction),
        orders: Orders,
        trouble: Trouble,
    ) -> Result<(Missing, u64), SinkError> {
        let mut places = HashMap::<Key, Vec<u64>>::new();
        let mut count = 0;
        let records = journal.unsuccessful(|at, record| {
            let wanted = record.outcome == Kind::Failed || keep == Keep::Unsuccessful;
            if wanted && !known.take(record) {
                places.entry(record.key).or_default().push(at);
                count += 1;
            }
        })?;
        let missing = Missing {
            records,
            path: journal.path().to_owned(),
            places,
            runs,
            secrets: shown.0.keeps_secrets(),
            keys: shown.0.keys().clone(),
            redaction: shown.1,
            orders,
            trouble,
        };
        Ok((missing, count))
    }

    /// Writes the rows of these records, of this request or as much of it as they tell.
    fn write(&mut self, places: Vec<u64>, request: Option<&Request>) {
        for at in places {
            let mut record = match self.records.at(at) {
                Ok(record) => record,
                Err(e) => {
                    let place = Place::File(self.path.clone());
                    let failed = SinkError::new(place, "cannot be read again", e);
                    let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
                    trouble.get_or_insert(failed);
                    return;
                }
            };
            let request = match request {
                Some(request) => {
                    // The results file may have keys of version 1.
                    record.key = self.keys.of(request);
                    line_with(request, self.secrets, record.mistake().as_ref())
                }
                None => line_with(&lost(&record), self.secrets, None),
            };
            let run_id = self.runs.of(&record);
            // Where the thread is gone, the sink says why at its next outcome.
            self.orders.add(Failure::of(record, request, run_id));
        }
    }
}

/// The request of a record whose input no longer has it: not to be sent, since its headers and body are not known.
fn lost(record: &Record<'_>) -> Request {
    let request = Request::new(&*record.method, &*record.url);
    let request = match &record.id {
        Some(id) => request.id(&**id),
        None => request,
    };
    request.spoiled("it was not in the input of the run that was resumed".to_owned())
}

impl Witness for Missing {
    fn sees(&mut self, key: Key, request: &Request) {
        if let Some(places) = self.places.remove(&key) {
            let request = request.clone().under(&self.redaction);
            self.write(places, Some(&request));
        }
    }

    fn ends(&mut self) {
        for (_, places) in std::mem::take(&mut self.places) {
            self.write(places, None);
        }
    }
}
