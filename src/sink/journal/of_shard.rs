//! Results of a shard, and the refusal of results that belong to another one.

use std::io;
use std::path::Path;

use super::Journal;
use super::out::journal_error;
use super::rows::ResultReader;
use super::scan::ResultLine;
use super::whole::ForeignRecord;
use crate::record::{KeyVersion, Layout, Shard};
use crate::sink::growing;
use crate::sink::{SinkError, SinkTarget};

impl Journal {
    /// Continues or begins the results file of a shard, as [`open_with`](Journal::open_with) does.
    ///
    /// Each record must belong to the shard. A [page](crate::batch::Pages) belongs to the shard of its first page. By
    /// [host](Shard::by_host), further pages and rows of a table without the column `url` are not checked.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// use haul::record::{Layout, Shard};
    /// use haul::sink::Journal;
    ///
    /// let shard: Shard = "3/16".parse()?;
    /// let urls = (0..100_000).map(|i| format!("https://example.com/items/{i}"));
    /// let mut journal = Journal::open_shard("r-03.jsonl", Layout::records(), &shard)?;
    /// client.run(journal.remaining(shard.of(urls)), &mut journal)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`open_with`](Journal::open_with), and when a record belongs to another shard; the error names the line.
    pub fn open_shard(
        path: impl AsRef<Path>,
        layout: Layout,
        shard: &Shard,
    ) -> Result<Journal, SinkError> {
        Journal::open_as(path.as_ref(), layout, growing::as_they_are(), Some(shard))
    }
}

/// Makes the error for results that cannot be resumed.
pub(super) fn cannot_resume(path: &Path, error: io::Error) -> SinkError {
    let foreign = error.get_ref().and_then(|e| e.downcast_ref());
    match foreign {
        Some(ForeignRecord { line, .. }) => {
            SinkError::new(SinkTarget::Line(path.to_owned(), *line), "", error)
        }
        None => journal_error(path, "cannot be resumed", error),
    }
}

/// Returns the reason why a record is refused because of its shard. `None`: it belongs to the shard.
pub(super) fn refusal(
    shard: &Shard,
    reader: &ResultReader,
    line: &ResultLine,
    row: &[u8],
) -> Option<String> {
    let page = line.page.as_deref();
    let key = page.map_or(line.key, |page| page.seed);
    let url = match shard.is_by_host() {
        // The host of a further page is not that of its line.
        true if page.is_some_and(|page| page.number > 1) => return None,
        true => Some(reader.url(row)?),
        false if key.version() != KeyVersion::default() => {
            return Some(format!(
                "its key is of version {}, which no shard writes (--shard {shard} was given)",
                key.version().number()
            ));
        }
        false => None,
    };
    let url = url
        .as_ref()
        .map(|(url, tried_again)| (url.as_str(), *tried_again));
    let owner = shard.other_owner(key, url)?;
    Some(format!(
        "belongs to shard {owner} (--shard {shard} was given)"
    ))
}
