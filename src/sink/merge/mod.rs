//! Results of several runs in one file, compared with the input of the runs.

mod copy;
mod count;
mod entry;
mod error;
mod marks;
mod report;
mod resolve;
mod source;

use std::path::{Path, PathBuf};

pub use error::MergeError;
pub use report::{MergeReport, MergedLine, MergedLines};

use crate::record::{FileRegister, KeyMaker};
use crate::request::Request;
use crate::spill::{Partitions, each_part};
use crate::url::Base;
use count::CountedResults;
use entry::{InputForm, SlotKind, of_request};
use resolve::MergeDecisions;

/// Default of [`Merge::memory`], in bytes: 512 MiB.
const MEMORY: u64 = 512 << 20;

/// Merges results of several runs into one file, and tells if each request has exactly one outcome.
///
/// Such runs are those of the [shards](crate::record::Shard) of one list.
///
/// The results are JSON Lines as [`Journal`](super::Journal) writes them, also compressed (features `gzip`, `zstd`). A
/// request with *c* equal ones in the input and *d* outcomes has *c* - *d* missing or *d* - *c* doubled ones; without any
/// in the input its outcomes are foreign. The output has the smaller number of both, successes first. Requests are told
/// by their [`Key`](crate::record::Key), [pages](crate::batch::Pages) by the key of their first page and their number.
///
/// - A line that is marked `supersedes` takes the place of one of its key without success, in whichever file that is.
/// - Byte-identical lines count once.
/// - Without an input, an outcome is doubled if another one has its key and its index.
/// - Of two outcomes, the one in the later file or line is the doubled one.
/// - A line that is no record, such as one that a kill tore, is left out.
/// - Requests that a killed run had begun and that have no outcome are counted for each file.
///
/// Memory is bounded, whatever the number of lines (but not of begun requests): entries of 32 bytes for each line of results and of 24 bytes for each
/// request are sorted in parts, in temporary files.
///
/// ```
/// use haul::sink::Merge;
/// # let folder = std::env::temp_dir().join(format!("haul-merge-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let paths = ["r-0.jsonl", "r-1.jsonl"].map(|name| folder.join(name));
/// # let all = folder.join("all.jsonl");
/// # let line = |index: u32| {
/// #     let key = haul::record::Key::of(&format!("https://example.com/{index}").into());
/// #     format!(r#"{{"v":1,"index":{index},"key":"{key}","outcome":"success","url":"https://example.com/{index}"}}"#) + "\n"
/// # };
/// # std::fs::write(&paths[0], line(0))?;
/// # std::fs::write(&paths[1], line(2))?;
///
/// let urls = (0..3).map(|n| format!("https://example.com/{n}"));
/// let report = Merge::new().verify(urls, &paths, &all)?;
/// assert_eq!((report.kept(), report.missing()), (2, 1));
/// assert_eq!(report.missing_positions().collect::<Vec<_>>(), [1]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a merge does nothing until it is run"]
pub struct Merge {
    memory: u64,
    temp_dir: Option<PathBuf>,
    base: Option<String>,
    overwrite: bool,
}

impl Default for Merge {
    fn default() -> Merge {
        Merge {
            memory: MEMORY,
            temp_dir: None,
            base: None,
            overwrite: false,
        }
    }
}

impl Merge {
    /// Makes a merge with the default settings.
    pub fn new() -> Merge {
        Merge::default()
    }

    /// Sets the number of bytes of entries that are sorted at once.
    ///
    /// Default: 512 MiB. Beside them a merge takes about 10 MiB, and a bit for each line and each request.
    pub fn memory(mut self, bytes: u64) -> Merge {
        self.memory = bytes;
        self
    }

    /// Sets the directory of temporary files, which take 32 bytes for each line and 24 for each request.
    ///
    /// Default: the system's.
    pub fn temp_dir(mut self, folder: impl Into<PathBuf>) -> Merge {
        self.temp_dir = Some(folder.into());
        self
    }

    /// Sets the base URL of the client that sent the requests.
    ///
    /// Relative URLs of the input are resolved against it.
    /// Default: none.
    pub fn base_url(mut self, url: impl Into<String>) -> Merge {
        self.base = Some(url.into());
        self
    }

    /// True: an output that exists is replaced. Default false: it is an error.
    pub fn overwrite(mut self, overwrite: bool) -> Merge {
        self.overwrite = overwrite;
        self
    }

    /// Merges the files of results into `output`, which appears whole or not at all.
    ///
    /// While it is written, it has a new name of its own in the same directory. Output named `.gz` or `.zst` is compressed.
    ///
    /// # Errors
    /// When a file cannot be read to its end, is still written by a run, or is a table or a database; when keys of both
    /// versions are among the results, or there is no record at all; when the output exists or is one of the results, or
    /// it or a temporary file cannot be written. No output is made then.
    pub fn run<P: AsRef<Path>>(
        &self,
        results: &[P],
        output: impl AsRef<Path>,
    ) -> Result<MergeReport, MergeError> {
        self.merge(None::<std::iter::Empty<Request>>, results, output.as_ref())
    }

    /// Merges as [`run`](Merge::run) does, and compares the results with the requests of the input.
    ///
    /// The requests are those that the runs were given, in any order. They are read once, after the results.
    ///
    /// # Errors
    /// As [`run`](Merge::run), and when the base URL cannot be parsed.
    pub fn verify<I, P>(
        &self,
        requests: I,
        results: &[P],
        output: impl AsRef<Path>,
    ) -> Result<MergeReport, MergeError>
    where
        I: IntoIterator<Item: Into<Request>>,
        P: AsRef<Path>,
    {
        self.merge(Some(requests), results, output.as_ref())
    }

    fn merge<I, P>(
        &self,
        requests: Option<I>,
        results: &[P],
        output: &Path,
    ) -> Result<MergeReport, MergeError>
    where
        I: IntoIterator<Item: Into<Request>>,
        P: AsRef<Path>,
    {
        self.check_files(results, output)?;
        let folder = self.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
        let failed = |error| MergeError::temporary(&folder, error);
        let kind = match requests {
            Some(_) => SlotKind::Page,
            None => SlotKind::Index,
        };
        let mut counted = CountedResults::new(kind, &folder);
        for path in results {
            counted.read(path.as_ref(), &folder)?;
        }
        if counted.records == 0 {
            return Err(no_records(&counted));
        }
        let mut input = Partitions::<InputForm>::new(&folder);
        let read =
            requests.map(|requests| self.read_input(requests, &counted, &mut input, &folder));
        let requests = read.transpose()?;
        let mut decided = MergeDecisions::new(requests.is_some(), self.memory, counted.left_out);
        each_part(&mut input, &mut counted.entries, self.memory, &mut decided).map_err(failed)?;
        // Their temporary files are as large as the output may be.
        drop((input, counted.entries));
        let mut report = MergeReport {
            records: counted.records,
            copies: decided.copies,
            replaced: decided.replaced,
            requests,
            missing: decided.missing,
            missing_count: decided.missing_count,
            torn: counted.torn,
            begun: counted.begun,
            ..MergeReport::default()
        };
        let shown = &mut [
            (&decided.doubled, &mut report.doubled),
            (&decided.foreign, &mut report.foreign),
        ];
        report.kept = copy::copy(
            (&counted.files, counted.rows),
            &decided.dropped,
            shown,
            output,
        )?;
        Ok(report)
    }

    /// Adds an entry for each request, and returns their number.
    fn read_input<I: IntoIterator<Item: Into<Request>>>(
        &self,
        requests: I,
        counted: &CountedResults,
        input: &mut Partitions<InputForm>,
        folder: &Path,
    ) -> Result<u64, MergeError> {
        let base = self.base.as_deref().map(Base::parse).transpose();
        let base = base.map_err(|error| MergeError::refused(format!("the base URL: {error}")))?;
        let keys = KeyMaker {
            version: counted.version(),
            base,
        };
        let mut position = 0;
        for request in requests {
            let key = keys.of(&request.into());
            let added = input.add(&of_request(key.digest(), position));
            added.map_err(|error| MergeError::temporary(folder, error))?;
            position += 1;
        }
        Ok(position)
    }

    /// Refuses an output that exists, or is one of the results.
    fn check_files<P: AsRef<Path>>(&self, results: &[P], output: &Path) -> Result<(), MergeError> {
        let register = FileRegister::new();
        for path in results {
            // A file that is given twice is read twice: its lines are copies.
            let _ = register.enter_read(path.as_ref(), "results");
        }
        if let Err(clash) = register.enter_written(output, "the output") {
            return Err(MergeError::refused(clash.to_string()));
        }
        let is_there = output.symlink_metadata().is_ok();
        let is_stream = output.metadata().is_ok_and(|about| !about.is_file());
        match is_there && !is_stream && !self.overwrite {
            true => Err(MergeError::refused(format!(
                "{}: it exists",
                output.display()
            ))),
            false => Ok(()),
        }
    }
}

/// Makes the error of results without a record.
fn no_records(counted: &CountedResults) -> MergeError {
    let first = counted.torn.first.first();
    let first = first.map(|line| format!("; {}:{}: {}", line.source, line.line, line.text));
    MergeError::refused(format!(
        "no record is in the results (files that haul wrote with -o are expected){}",
        first.unwrap_or_default()
    ))
}
