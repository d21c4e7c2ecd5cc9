//! Number of outcomes that a results file has of each key.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::path::Path;

use super::super::growing;
use super::super::stored::{RowPlace, StoredForm, StoredRows};
use super::chains::{EarlierChain, EarlierChains};
use super::counts::{at_most, take_one};
use super::file_version::FileVersion;
use super::intents::Announced;
use super::of_shard;
use super::replaced_rows::ReplaceableRows;
use super::rows::ResultReader;
use super::saves::BegunFiles;
use super::scan::ResultLine;
use super::settled::SettledIntents;
use super::whole::{FileTail, RefusedRow, RowReceiver, read_rows};
use crate::record::{Key, KeyVersion, Kind, Shard};
use crate::redact::escape::log_line;

/// Number of lines after which the length of lines, and so their number, is estimated: a table made large enough at
/// once takes less memory than one that grows.
const SAMPLE: u64 = 1_000;
const MOST_EXPECTED: u64 = 1 << 24;
/// Number of lines that are put into the table one right after the other: each waits for memory, and so they wait
/// together.
const TOGETHER: usize = 64;

/// Outcomes of a results file by key, and intents without an outcome.
#[derive(Default)]
pub(super) struct EarlierOutcomes {
    /// Counts by the digests of the keys, which are all of one version. Digests, because there may be ten million keys.
    keys: HashMap<[u8; 16], KeyCount, BuildHasherDefault<OfDigest>>,
    version: FileVersion,
    chains: EarlierChains,
    /// Number of a key's outcomes that are `interrupted`.
    cut_off: HashMap<Key, u32>,
    /// Intents without an outcome.
    unresolved: HashMap<Key, u32>,
    /// Files that were being saved and have no outcome.
    begun: BegunFiles,
    replaceable_rows: ReplaceableRows,
    intents: SettledIntents,
    lines: u64,
    /// True if the last record lacks its line feed.
    last_line_open: bool,
}

/// Counts of one key. Small, since there may be ten million of them.
#[derive(Default)]
struct KeyCount {
    done: u32,
    unsuccessful: u32,
}

/// Hasher that takes a part of the key's digest, since a digest is as good as a hash.
#[derive(Default)]
struct OfDigest(u64);

impl Hasher for OfDigest {
    fn write(&mut self, digest: &[u8]) {
        if let Some(part) = digest.first_chunk() {
            self.0 = u64::from_le_bytes(*part);
        }
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// State of the next request of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestProgress {
    /// The request has its outcome.
    Done,
    /// The request has an outcome that is no success, and is to be sent again.
    Again,
    /// The request has no outcome.
    New,
}

impl EarlierOutcomes {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.unresolved.is_empty()
    }

    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Number of outcomes of a key without an intent in the file of intents.
    pub(super) fn older(&self, key: Key) -> u32 {
        let is_counted = self.keys.contains_key(&key.digest());
        self.intents.older(key, is_counted)
    }

    pub(super) fn is_last_line_open(&self) -> bool {
        self.last_line_open
    }

    /// Returns the version of the keys. `None`: there are no keys.
    pub(super) fn version(&self) -> Option<KeyVersion> {
        self.version.get()
    }

    /// Keys of intents without an outcome.
    pub(super) fn open_intents(&self) -> HashSet<Key> {
        self.unresolved.keys().copied().collect()
    }

    /// Returns a copy of the intents without an outcome.
    pub(super) fn unresolved(&self) -> HashMap<Key, u32> {
        self.unresolved.clone()
    }

    /// Takes the files that were being saved and have no outcome.
    pub(super) fn take_begun(&mut self) -> BegunFiles {
        std::mem::take(&mut self.begun)
    }

    pub(super) fn set_replaceable_rows(&mut self, rows: ReplaceableRows) {
        self.replaceable_rows = rows;
    }

    /// Returns the index that the row of a request at `position` gets. In a table without the column `supersedes` it
    /// tells which row is replaced, so that it is not always the position: the input may have been edited since.
    pub(super) fn index_of_row(
        &mut self,
        key: Key,
        position: u64,
        progress: RequestProgress,
    ) -> u64 {
        let rows = &mut self.replaceable_rows;
        match progress {
            RequestProgress::Done => {
                rows.pass(key, position);
                position
            }
            RequestProgress::Again => rows.index_again(key, position),
            RequestProgress::New => rows.index_of_new(key, position),
        }
    }

    /// Takes the next request of this key and returns its state.
    pub(super) fn next(
        &mut self,
        key: Key,
        retry_failed: bool,
        resume_writes: bool,
    ) -> RequestProgress {
        let Some(count) = self
            .keys
            .get_mut(&key.digest())
            .filter(|count| count.done > 0)
        else {
            return RequestProgress::New;
        };
        count.done -= 1;
        let held_back = if resume_writes {
            0
        } else {
            self.cut_off.get(&key).copied().unwrap_or_default()
        };
        if retry_failed && count.unsuccessful > held_back {
            count.unsuccessful -= 1;
            return RequestProgress::Again;
        }
        RequestProgress::Done
    }

    /// Takes the next chain of pages that begins with a request of this key. `None`: there is none.
    pub(super) fn take_chain(&mut self, key: Key, position: u64) -> Option<EarlierChain> {
        self.chains.take(key, position)
    }

    /// True if a chain of pages is left to be taken.
    pub(super) fn has_chains(&self) -> bool {
        self.chains.is_any()
    }

    /// True if a request of this key was under way when its run was cut off. Each such request is returned once.
    pub(super) fn take_interrupted(&mut self, key: Key) -> bool {
        take_one(&mut self.unresolved, key)
    }

    fn add(&mut self, line: &ResultLine) {
        self.lines += 1;
        let page = line.page.as_deref();
        let begins = page.is_none_or(|page| self.chains.add(line, page));
        let settles = line.interrupted || line.sent;
        if settles && !self.intents.is_older(line.key) && take_one(&mut self.unresolved, line.key) {
            self.intents.add_settled(line.key);
        }
        if let Some(file) = line.saved {
            self.begun.settle(file);
        }
        if page.is_some_and(|page| page.number > 1) {
            let counted = self.keys.contains_key(&line.key.digest());
            self.intents
                .add_outcome(line.key, settles, counted, counted);
            return;
        }
        let mut counted = true;
        let count = self.keys.entry(line.key.digest()).or_insert_with(|| {
            counted = false;
            KeyCount::default()
        });
        self.intents.add_outcome(line.key, settles, counted, true);
        // A line that replaces an earlier one counts in its place.
        if line.supersedes && count.unsuccessful > 0 {
            count.unsuccessful -= 1;
            // An interrupted request is sent again only with `resume_writes`, and after all other failures of its key.
            at_most(&mut self.cut_off, line.key, count.unsuccessful);
        } else if begins {
            count.done += 1;
        }
        count.unsuccessful += u32::from(line.outcome != Kind::Success);
        if line.interrupted {
            *self.cut_off.entry(line.key).or_default() += 1;
        }
    }
}

/// Reads a results file of this form from its beginning, and cuts off a torn last line or member. `shard`: the shard that
/// all records must belong to. `None`: any records are taken.
pub(super) fn read(
    file: &File,
    (form, reader, shard): (StoredForm, &mut ResultReader, Option<&Shard>),
    announced: Announced,
) -> io::Result<EarlierOutcomes> {
    form.packing.check_content(file)?;
    form.cut_torn_member(file)?;
    let length = file.metadata()?.len();
    let rows = form.rows(file)?;
    let (mut seen, tail) = read_all(rows, (reader, shard), length, announced)?;
    match tail {
        FileTail::Whole => {}
        FileTail::Open(end) => {
            seen.last_line_open = true;
            if form.packing.coder().is_none() && end < length {
                growing::cut(file, end)?;
            }
        }
        FileTail::Torn(_) if form.packing.coder().is_some() => {
            let reason = "its last line is torn, within data that haul did not write";
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        FileTail::Torn(whole) => {
            log_line!(
                Warn,
                "a last line that was torn is cut off, at byte {whole}"
            );
            growing::cut(file, whole)?;
        }
    }
    Ok(seen)
}

/// Reads a results database. `length`: length of its file in bytes. `shard`: as in [`read`].
pub(super) fn read_database(
    path: &Path,
    (length, shard): (u64, Option<&Shard>),
    announced: Announced,
) -> io::Result<EarlierOutcomes> {
    let rows = StoredRows::of_database(path, RowPlace::default())?;
    let reader = &mut ResultReader::Records;
    read_all(rows, (reader, shard), length, announced).map(|(seen, _)| seen)
}

/// Reads all rows of results of this length in bytes.
fn read_all(
    rows: StoredRows<'_>,
    (reader, shard): (&mut ResultReader, Option<&Shard>),
    length: u64,
    announced: Announced,
) -> io::Result<(EarlierOutcomes, FileTail)> {
    let mut results = ResultRows {
        reader,
        shard,
        seen: EarlierOutcomes {
            unresolved: announced.open,
            begun: announced.begun,
            intents: SettledIntents::new(announced.older),
            ..EarlierOutcomes::default()
        },
        length,
        read: 0,
        count: 0,
        next: Vec::with_capacity(TOGETHER),
    };
    let tail = read_rows(rows, &mut results)?;
    results.put_in();
    Ok((results.seen, tail))
}

/// Receiver of the rows of a results file.
struct ResultRows<'r> {
    reader: &'r mut ResultReader,
    /// Shard that all records must belong to. `None`: any records are taken.
    shard: Option<&'r Shard>,
    seen: EarlierOutcomes,
    /// Length of the file in bytes.
    length: u64,
    /// Number of bytes in the rows so far.
    read: u64,
    count: u64,
    /// Outcomes that are put into the table together.
    next: Vec<ResultLine>,
}

impl RowReceiver for ResultRows<'_> {
    fn take(&mut self, _: RowPlace, row: &[u8]) -> Result<(), RefusedRow> {
        self.read += row.len() as u64;
        self.count += 1;
        if self.count == SAMPLE {
            let expected = (self.length / (self.read / SAMPLE)).min(MOST_EXPECTED);
            self.seen.keys.reserve(expected as usize);
        }
        let foreign = |reason, reader: &ResultReader| match self.count {
            1 => reader.foreign(row).unwrap_or(reason),
            _ => reason,
        };
        let read = self.reader.read(row);
        let Some(line) = read.map_err(|reason| foreign(reason, self.reader))? else {
            return Ok(());
        };
        let foreign = |shard| of_shard::refusal(shard, self.reader, &line, row);
        if let Some(reason) = self.shard.and_then(foreign) {
            return Err(RefusedRow::Foreign(reason));
        }
        self.seen.version.check(line.key)?;
        self.next.push(line);
        if self.next.len() == TOGETHER {
            self.put_in();
        }
        Ok(())
    }

    fn is_torn(&self, row: &[u8]) -> Result<bool, String> {
        self.reader.is_torn(row)
    }
}

impl ResultRows<'_> {
    fn put_in(&mut self) {
        self.next.drain(..).for_each(|line| self.seen.add(&line));
    }
}
