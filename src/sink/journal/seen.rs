//! Number of outcomes that a results file has of each key.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, BufRead, BufReader, Seek};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::growing;
use super::chains::{EarlierChain, EarlierChains};
use super::counts::take_one;
use super::saves::BegunFiles;
use super::scan::{self, ResultLine};
use crate::record::{Key, KeyVersion, Kind, Version};
use crate::redact::escape::log_line;

/// First bytes of every record. A line without them cannot be the torn beginning of a record.
pub(super) const BEGINNING: &[u8] = b"{\"v\":1,";

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

/// Version of the keys of a file, which is that of its first key.
#[derive(Clone, Copy, Default)]
pub(super) struct FileVersion(Option<KeyVersion>);

impl FileVersion {
    /// Checks that a further key is of the same version. The error is the reason why the line is refused.
    pub(super) fn check(&mut self, key: Key) -> Result<(), String> {
        let (first, own) = (*self.0.get_or_insert(key.version()), key.version());
        if first == own {
            return Ok(());
        }
        Err(format!(
            "its key is of version {}, and the keys before it are of version {} (two results files in one?)",
            own.number(),
            first.number()
        ))
    }

    /// Returns the version. `None`: the file has no keys.
    pub(super) fn get(self) -> Option<KeyVersion> {
        self.0
    }
}

/// State of the next request of a key.
#[derive(Debug, PartialEq, Eq)]
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
    pub(super) fn take_unresolved(&mut self) -> HashMap<Key, u32> {
        self.unresolved.clone()
    }

    /// Takes the files that were being saved and have no outcome.
    pub(super) fn take_begun(&mut self) -> BegunFiles {
        std::mem::take(&mut self.begun)
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
        if line.interrupted || line.sent {
            take_one(&mut self.unresolved, line.key);
        }
        if let Some(file) = line.saved {
            self.begun.settle(file);
        }
        if page.is_some_and(|page| page.number > 1) {
            return;
        }
        let count = self.keys.entry(line.key.digest()).or_default();
        // A line that replaces an earlier one counts in its place.
        if line.supersedes && count.unsuccessful > 0 {
            count.unsuccessful -= 1;
            take_one(&mut self.cut_off, line.key);
        } else if begins {
            count.done += 1;
        }
        count.unsuccessful += u32::from(line.outcome != Kind::Success);
        if line.interrupted {
            *self.cut_off.entry(line.key).or_default() += 1;
        }
    }
}

/// Reads a results file from its beginning, and cuts off a torn last line.
pub(super) fn read(
    file: &File,
    announced: HashMap<Key, u32>,
    begun: BegunFiles,
) -> io::Result<EarlierOutcomes> {
    let mut seen = EarlierOutcomes {
        unresolved: announced,
        begun,
        ..EarlierOutcomes::default()
    };
    let length = file.metadata()?.len();
    let (mut read, mut count) = (0, 0);
    let mut next = Vec::with_capacity(TOGETHER);
    let tail = whole_lines(file, |_, line| {
        read += line.len() as u64;
        count += 1;
        if count == SAMPLE {
            let expected = (length / (read / SAMPLE)).min(MOST_EXPECTED);
            seen.keys.reserve(expected as usize);
        }
        let line = scan::read(line).map_err(|e| refusal(line, &e))?;
        seen.version.check(line.key)?;
        next.push(line);
        if next.len() == TOGETHER {
            next.drain(..).for_each(|line| seen.add(&line));
        }
        Ok(())
    })?;
    next.drain(..).for_each(|line| seen.add(&line));
    match tail {
        FileTail::Whole => {}
        FileTail::Open(end) => {
            seen.last_line_open = true;
            if end < length {
                growing::cut(file, end)?;
            }
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

/// End of a file of lines.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum FileTail {
    /// The file ends with a line feed, or is empty.
    Whole,
    /// The file ends with a record, up to this byte, that lacks its line feed.
    Open(u64),
    /// The file ends with the beginning of a record, from this byte on.
    Torn(u64),
}

/// Calls `each` for each whole line, without its line feed, with the position of its first byte. The last line needs no
/// line feed.
pub(in super::super) fn whole_lines(
    mut file: &File,
    mut each: impl FnMut(u64, &[u8]) -> Result<(), String>,
) -> io::Result<FileTail> {
    file.rewind()?;
    let mut reader = BufReader::with_capacity(256 << 10, file);
    let (mut line, mut number, mut whole) = (Vec::new(), 0_u64, 0);
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(FileTail::Whole);
        }
        number += 1;
        let is_last = line.pop_if(|last| *last == b'\n').is_none();
        if is_last {
            // A machine's crash may leave zeros in place of the bytes that were to come.
            let end = line.iter().rposition(|byte| *byte != 0);
            line.truncate(end.map_or(0, |at| at + 1));
            if !is_complete(&line) && is_beginning(&line) {
                return Ok(FileTail::Torn(whole));
            }
        }
        let told = match line.iter().all(u8::is_ascii_whitespace) {
            true => Ok(()),
            false => each(whole, &line),
        };
        told.map_err(|reason| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("line {number}: {reason}"),
            )
        })?;
        if is_last {
            return Ok(FileTail::Open(whole + line.len() as u64));
        }
        whole += length as u64;
    }
}

/// True if the line is JSON to its end. A record that was cut off is not: its last brace is missing.
fn is_complete(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// True if the line begins as a record does.
fn is_beginning(line: &[u8]) -> bool {
    let most = line.len().min(BEGINNING.len());
    line[..most] == BEGINNING[..most]
}

/// Returns the reason why a line is refused. Another version comes before all other reasons, since the line's other
/// keys may then be anything.
pub(super) fn refusal(line: &[u8], error: &serde_json::Error) -> String {
    #[derive(Deserialize)]
    struct OtherVersion {
        v: u64,
    }
    let other = serde_json::from_slice::<OtherVersion>(line)
        .ok()
        .and_then(|line| Version::refusal(line.v));
    other.unwrap_or_else(|| format!("not a record: {error}"))
}
