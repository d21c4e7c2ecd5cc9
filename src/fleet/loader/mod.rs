//! Loader of a run: it reads the input, and appends its lines to the queue.

mod course;
mod digest;
mod lines;
mod missing;
mod of_run;
mod plan;
#[cfg(test)]
mod tests;
mod unfit;

pub(super) use plan::{LoadEnd, LoadPlan, LoadStep};
use unfit::UnfitLines;

use super::engine::Entry;
use super::run::Run;
use super::stored_line;
use crate::key::Key;
use crate::request::Request;

/// Largest number of entries in one call.
const MOST_AT_ONCE: usize = 500;

/// Numbers of requests that were loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    read: u64,
    found: u64,
    is_whole: bool,
}

impl Loaded {
    /// Number of requests that were read, and are in the queue or were in it.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Number of them that an earlier call had loaded, or that have an outcome.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// True if the input was read to its end, and the run knows that.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// Number of entries in one call: a part of a small queue, since an empty lane takes any number.
fn most_at_once(run: &Run) -> usize {
    let part = run.settings.bounds().entries / 4;
    usize::try_from(part).map_or(MOST_AT_ONCE, |part| part.clamp(1, MOST_AT_ONCE))
}

/// Makes the entry of a request, and tells what the queue does not hold of it.
fn entry_of(
    request: &Request,
    (key, sequence, position): (Key, u64, u64),
    saves_files: bool,
    told: &mut UnfitLines,
) -> Entry {
    let written = stored_line::write(request, saves_files);
    told.tell(request, &written);
    Entry {
        sequence,
        line: written.line,
        key: key.digest(),
        index: request.index().unwrap_or(position),
        supersedes: request.resumed().is_some_and(|resumed| resumed.supersedes),
        fault: written.fault,
    }
}
