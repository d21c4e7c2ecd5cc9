//! Requests that have no outcome in files of results.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::BufReader;
use std::path::Path;

use crate::fleet::error::FleetError;
use crate::key::Key;
use crate::record::{DecodedReader, Kind, Record, ResultSplitter, SplitLine};
use crate::redact::escape::log_line;
use crate::request::{JournalFacts, Request};

/// Outcomes of earlier passes over an input.
#[derive(Debug, Default)]
pub(super) struct KnownOutcomes {
    /// In the order of the keys of their requests.
    of_keys: Vec<KeyOutcomes>,
    /// Number of records, without copies, and a digest over them.
    records: u64,
    digest: u64,
    /// True if a request had an outcome.
    has_match: bool,
}

/// Requests that are not loaded a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// Each that has an outcome.
    Recorded,
    /// Each that has a successful outcome.
    Successful,
}

/// Outcomes of a key.
#[derive(Clone, Copy, Debug)]
struct KeyOutcomes {
    key: Key,
    counts: OutcomeCounts,
    /// Outcomes that do not stand for a request yet.
    left: OutcomeCounts,
}

#[derive(Clone, Copy, Debug)]
struct OutcomeCounts {
    successes: u32,
    /// Outcomes of the other kinds.
    others: u32,
}

/// Record, as far as it tells which requests have an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RecordMark {
    key: Key,
    index: u64,
    supersedes: bool,
    is_success: bool,
    /// Hash of its line, equal for copies.
    hash: u64,
}

impl KnownOutcomes {
    /// Reads files of results. A last line that a kill has torn is passed over.
    ///
    /// # Errors
    /// When a file cannot be read to its end, or its lines are no records.
    pub(super) fn read<P: AsRef<Path>>(files: &[P]) -> Result<KnownOutcomes, FleetError> {
        let mut marks = Vec::new();
        for path in files {
            read_file(path.as_ref(), &mut marks)?;
        }
        Ok(KnownOutcomes::of(marks))
    }

    /// Counts the outcomes of each key. Copies of a record count once, and so does a record with the one that took its
    /// place, in whichever order they come.
    fn of(mut marks: Vec<RecordMark>) -> KnownOutcomes {
        marks.sort_unstable();
        marks.dedup();
        let mut digest = DefaultHasher::new();
        for mark in &marks {
            (mark.key.digest(), mark.hash).hash(&mut digest);
        }
        let of_keys = marks.chunk_by(|one, next| one.key == next.key);
        KnownOutcomes {
            of_keys: of_keys.map(KeyOutcomes::of).collect(),
            records: marks.len() as u64,
            digest: digest.finish(),
            has_match: false,
        }
    }

    /// Number of records, of which copies count once.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Digest over the records, in whichever order and files they are.
    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    /// True if a request had an outcome.
    pub(super) fn has_match(&self) -> bool {
        self.has_match
    }

    /// Prepares for the first request, which comes again.
    pub(super) fn rewind(&mut self) {
        for outcomes in &mut self.of_keys {
            outcomes.left = outcomes.counts;
        }
    }

    /// Returns the request if it is to be loaded.
    pub(super) fn missing(
        &mut self,
        key: Key,
        request: Request,
        left_out: LeftOut,
    ) -> Option<Request> {
        let found = self.of_keys.binary_search_by_key(&key, |of_key| of_key.key);
        let Some(of_key) = found.ok().and_then(|at| self.of_keys.get_mut(at)) else {
            return Some(request);
        };
        self.has_match = true;
        let outcomes = &mut of_key.left;
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

impl KeyOutcomes {
    /// Counts the outcomes of one key, whose records are in order.
    fn of(marks: &[RecordMark]) -> KeyOutcomes {
        let key = marks[0].key;
        let (mut successes, mut others, mut superseding) = (0_u32, 0_u32, 0_u32);
        for of_line in marks.chunk_by(|one, next| one.index == next.index) {
            match of_line.iter().any(|mark| mark.is_success) {
                true => successes += 1,
                false => others += 1,
            }
            // The record whose place it takes has another index, as in the results of another list.
            superseding += u32::from(of_line.iter().all(|mark| mark.supersedes));
        }
        // The last record of a chain takes the place of others, and none takes its own.
        let replaced = superseding.min(others).min(successes + others - 1);
        let counts = OutcomeCounts {
            successes,
            others: others - replaced,
        };
        KeyOutcomes {
            key,
            counts,
            left: counts,
        }
    }
}

/// Adds the records of a file.
fn read_file(path: &Path, marks: &mut Vec<RecordMark>) -> Result<(), FleetError> {
    let name = path.display();
    let refused = |reason: &str| FleetError::usage(format!("{name}{reason}"));
    let file = File::open(path).map_err(|e| refused(&format!(": cannot be read: {e}")))?;
    let content = DecodedReader::new(BufReader::new(file)).accept_torn_end(true);
    let mut lines = ResultSplitter::new(content);
    let (mut is_first, mut broken, mut first_broken) = (true, 0_u64, 0);
    loop {
        let next = lines.number() + 1;
        let line = lines.next();
        let line = line.map_err(|e| refused(&format!(":{next}: cannot be read: {e}")))?;
        let Some(line) = line else { break };
        let text = text_of(&line);
        if text.is_some_and(str::is_empty) {
            continue;
        }
        let begins = line.bytes.is_some_and(|bytes| bytes.starts_with(b"{"));
        let is_torn = !line.is_ended && begins;
        let record = text.and_then(|text| Some((text, Record::parse(text).ok()?)));
        match record {
            Some((text, record)) => marks.push(RecordMark {
                key: record.key,
                index: record.index,
                supersedes: record.supersedes,
                is_success: record.outcome == Kind::Success,
                hash: hash_of(text),
            }),
            None if is_torn => {}
            None if is_first => {
                return Err(refused(&format!(
                    ":{}: it is no record of haul (a file that haul wrote with -o is expected)",
                    line.number
                )));
            }
            None => {
                broken += 1;
                first_broken = if broken == 1 {
                    line.number
                } else {
                    first_broken
                };
            }
        }
        is_first = false;
    }
    if broken > 0 {
        log_line!(
            Warn,
            "{name}:{first_broken}: it is no record of haul ({broken} such lines in the file); requests whose outcomes they held count as missing"
        );
    }
    Ok(())
}

fn hash_of(line: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    hash.write(line.as_bytes());
    hash.finish()
}

/// Returns the text of a line, without the zeros that a machine's crash may leave at the end of a file. `None`: it is no
/// text, or too long.
fn text_of<'a>(line: &SplitLine<'a>) -> Option<&'a str> {
    let text = std::str::from_utf8(line.bytes?).ok()?;
    Some(match line.is_ended {
        true => text.trim(),
        false => text.trim_end_matches('\0').trim(),
    })
}

#[cfg(test)]
mod tests;
