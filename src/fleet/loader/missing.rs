//! Requests that have no outcome in files of results.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::super::error::FleetError;
use crate::key::Key;
use crate::record::{DecodedReader, Kind, Record};
use crate::request::{JournalFacts, Request};

/// Outcomes of earlier passes over an input, by the keys of their requests.
#[derive(Debug, Default)]
pub(in super::super) struct KnownOutcomes(HashMap<Key, KeyOutcomes>);

/// Requests that are not loaded a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum LeftOut {
    /// Each that has an outcome.
    Recorded,
    /// Each that has a successful outcome.
    Successful,
}

#[derive(Clone, Copy, Debug, Default)]
struct KeyOutcomes {
    successes: u32,
    /// Outcomes of the other kinds.
    others: u32,
}

impl KnownOutcomes {
    /// Reads files of results. Lines that are no records are passed over: a kill may have torn them.
    pub(in super::super) fn read<P: AsRef<Path>>(files: &[P]) -> Result<KnownOutcomes, FleetError> {
        let mut known = KnownOutcomes::default();
        for path in files {
            let path = path.as_ref();
            let wrong = |e| FleetError::usage(format!("{}: cannot be read: {e}", path.display()));
            let file = File::open(path).map_err(wrong)?;
            let mut lines = BufReader::new(DecodedReader::new(BufReader::new(file)));
            let mut line = String::new();
            loop {
                line.clear();
                match lines.read_line(&mut line) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(e) if e.kind() == std::io::ErrorKind::InvalidData => continue,
                    Err(e) => return Err(wrong(e)),
                }
                if let Ok(record) = Record::parse(line.trim_end()) {
                    known.add(record.key, record.outcome, record.supersedes);
                }
            }
        }
        Ok(known)
    }

    fn add(&mut self, key: Key, outcome: Kind, supersedes: bool) {
        let outcomes = self.0.entry(key).or_default();
        if supersedes && outcomes.others > 0 {
            outcomes.others -= 1;
        }
        match outcome {
            Kind::Success => outcomes.successes += 1,
            _ => outcomes.others += 1,
        }
    }

    /// Returns the request if it is to be loaded.
    pub(in super::super) fn missing(
        &mut self,
        key: Key,
        request: Request,
        left_out: LeftOut,
    ) -> Option<Request> {
        let Some(outcomes) = self.0.get_mut(&key) else {
            return Some(request);
        };
        if outcomes.successes > 0 {
            outcomes.successes -= 1;
            return None;
        }
        if outcomes.others == 0 {
            return Some(request);
        }
        outcomes.others -= 1;
        (left_out == LeftOut::Successful).then(|| {
            request.with_resumed(JournalFacts {
                supersedes: true,
                ..JournalFacts::default()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(outcomes: &[(Kind, bool)]) -> KnownOutcomes {
        let mut known = KnownOutcomes::default();
        for (outcome, supersedes) in outcomes {
            known.add(Key::of(&"http://h/".into()), *outcome, *supersedes);
        }
        known
    }

    fn loaded(known: &mut KnownOutcomes, left_out: LeftOut) -> Option<bool> {
        let request = Request::get("http://h/");
        let missing = known.missing(Key::of(&request), request, left_out)?;
        Some(missing.resumed().is_some_and(|resumed| resumed.supersedes))
    }

    #[test]
    fn each_outcome_stands_for_one_of_equal_requests() {
        let mut outcomes = known(&[(Kind::Success, false), (Kind::Failed, false)]);
        let found: Vec<_> = (0..3)
            .map(|_| loaded(&mut outcomes, LeftOut::Recorded))
            .collect();
        assert_eq!(found, [None, None, Some(false)]);
    }

    #[test]
    fn a_failure_is_loaded_again_and_its_outcome_takes_the_place_of_the_first() {
        let mut outcomes = known(&[(Kind::Failed, false)]);
        assert_eq!(loaded(&mut outcomes, LeftOut::Successful), Some(true));
        let mut mended = known(&[(Kind::Failed, false), (Kind::Success, true)]);
        assert_eq!(loaded(&mut mended, LeftOut::Successful), None);
        assert_eq!(loaded(&mut mended, LeftOut::Successful), Some(false));
    }
}
