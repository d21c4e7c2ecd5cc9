//! Results files as they are opened.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use super::intents::{self, IntentFile};
use super::of_shard::cannot_resume;
use super::out::{JournalTarget, JournalWriter, journal_error};
use super::rows::ResultReader;
use super::seen::{self, EarlierOutcomes};
use super::unfinished::UnfinishedSaves;
use super::{Before, Journal, Shared};
use crate::record::{KeyVersion, Layout, RecordOptions, Shard};
use crate::sink::SinkError;
use crate::sink::database::{OutcomeTable, check_supported, is_database};
use crate::sink::growing::{self, OpenForAppend};
use crate::sink::lines::LineWriter;
use crate::sink::lock;
use crate::sink::packing::Packing;
use crate::sink::stored::{ResultsForm, StoredForm};

/// Results that were opened, and what they held.
struct OpenedResults {
    to: JournalTarget,
    form: ResultsForm,
    layout: Layout,
    seen: EarlierOutcomes,
    version: KeyVersion,
}

impl Journal {
    /// Continues a results file, or begins one if there is none.
    ///
    /// # Errors
    /// When the file cannot be read or written, is being written by another process, or holds anything but records of
    /// this version; the error names the line, and the file stays as it was.
    pub fn open(path: impl AsRef<Path>) -> Result<Journal, SinkError> {
        let layout = Layout::by_ending(&path);
        Journal::open_with(path, layout)
    }

    /// Continues or begins a results file of this form, whatever its name is.
    ///
    /// Rows have the columns of the file's title, if the layout selects none.
    ///
    /// # Errors
    /// As [`open`](Journal::open), and when the form cannot be [continued](Layout::is_resumable), or the file has other
    /// columns than were selected.
    pub fn open_with(path: impl AsRef<Path>, layout: Layout) -> Result<Journal, SinkError> {
        Journal::open_as(path.as_ref(), layout, growing::as_they_are(), None)
    }

    pub(in crate::sink) fn open_as(
        path: &Path,
        layout: Layout,
        opened: OpenForAppend,
        shard: Option<&Shard>,
    ) -> Result<Journal, SinkError> {
        let form = match form_of(path, &layout)? {
            ResultsForm::File(form) => form,
            ResultsForm::Database => {
                return Journal::open_database(path, layout, opened, (Before::Stays, shard));
            }
        };
        let file = lock::options()
            .read(true)
            .create(true)
            .open(path)
            .map_err(|e| unopened(path, e))?;
        check_regular(path)?;
        lock::take(&file).map_err(|e| journal_error(path, "cannot be locked", e))?;
        let announced = intents::read(&intents::path_of(path))?;
        let own = announced.version;
        let mut reader = ResultReader::of(&layout);
        let rows = (form, &mut reader, shard);
        let mut seen = seen::read(&file, rows, announced).map_err(|e| cannot_resume(path, e))?;
        let version = version_of(path, &seen, own)?;
        let (layout, titled) = match reader.into_table() {
            Some(table) => {
                seen.set_replaceable_rows(table.replaceable);
                (table.layout, table.titled)
            }
            None => (layout, false),
        };
        let mut lines = LineWriter::at_end_of(path, opened(file))?.packed(form.packing);
        lines.set_title(layout.title().filter(|_| !titled));
        if seen.is_last_line_open() {
            lines.end_last_line();
        }
        let results = OpenedResults {
            to: JournalTarget::Lines(Box::new(lines)),
            form: ResultsForm::File(form),
            layout,
            seen,
            version,
        };
        Journal::of(path, results, opened, Before::Stays)
    }

    /// Opens a results database.
    fn open_database(
        path: &Path,
        layout: Layout,
        opened: OpenForAppend,
        (before, shard): (Before, Option<&Shard>),
    ) -> Result<Journal, SinkError> {
        check_regular(path)?;
        let table = OutcomeTable::open(path, before == Before::IsReplaced)?;
        let (seen, version) = match before {
            Before::IsReplaced => Default::default(),
            Before::Stays => {
                let announced = intents::read(&intents::path_of(path))?;
                let length = path.metadata().map_or(0, |about| about.len());
                let (rows, own) = ((length, shard), announced.version);
                let seen = seen::read_database(path, rows, announced)
                    .map_err(|e| cannot_resume(path, e))?;
                let version = version_of(path, &seen, own)?;
                (seen, version)
            }
        };
        let results = OpenedResults {
            to: JournalTarget::Database(table),
            form: ResultsForm::Database,
            layout,
            seen,
            version,
        };
        Journal::of(path, results, opened, before)
    }

    /// Begins a new results file.
    ///
    /// # Errors
    /// When the file exists, or cannot be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Journal, SinkError> {
        let layout = Layout::by_ending(&path);
        Journal::create_with(path, layout)
    }

    /// Begins a new results file of this form, whatever its name is.
    ///
    /// # Errors
    /// When the file exists, or cannot be made, or the form cannot be [continued](Layout::is_resumable).
    pub fn create_with(path: impl AsRef<Path>, layout: Layout) -> Result<Journal, SinkError> {
        let path = path.as_ref();
        if is_database(path) {
            check_regular(path)?;
        }
        if path.exists() {
            // This call returns the error for the existing file.
            LineWriter::create(path)?;
        }
        Journal::anew(path, layout, lock::options().create_new(true))
    }

    /// Begins a new results file in place of an existing one.
    ///
    /// The existing file and its `RESULTS.journal` are emptied when the batch [begins](crate::sink::Sink::begin): a batch that does
    /// not begin loses nothing.
    ///
    /// # Errors
    /// When the file cannot be made, or is being written by another process.
    pub fn overwrite(path: impl AsRef<Path>) -> Result<Journal, SinkError> {
        let layout = Layout::by_ending(&path);
        Journal::overwrite_with(path, layout)
    }

    /// Begins a new results file of this form in place of an existing one, whatever its name is.
    ///
    /// # Errors
    /// As [`overwrite`](Journal::overwrite), and when the form cannot be [continued](Layout::is_resumable).
    pub fn overwrite_with(path: impl AsRef<Path>, layout: Layout) -> Result<Journal, SinkError> {
        let options = &mut lock::options();
        Journal::anew(path.as_ref(), layout, options.create(true))
    }

    fn anew(path: &Path, layout: Layout, options: &OpenOptions) -> Result<Journal, SinkError> {
        let opened = growing::as_they_are();
        let form = match form_of(path, &layout)? {
            ResultsForm::File(form) => form,
            ResultsForm::Database => {
                check_regular(path)?;
                // SQLite takes an empty file for an empty database.
                drop(options.open(path).map_err(|e| unopened(path, e))?);
                return Journal::open_database(path, layout, opened, (Before::IsReplaced, None));
            }
        };
        let file = options.open(path).map_err(|e| unopened(path, e))?;
        lock::take(&file).map_err(|e| journal_error(path, "cannot be locked", e))?;
        let mut lines = LineWriter::at_end_of(path, opened(file))?
            .packed(form.packing)
            .replacing();
        lines.set_title(layout.title());
        let results = OpenedResults {
            to: JournalTarget::Lines(Box::new(lines)),
            form: ResultsForm::File(form),
            layout,
            seen: EarlierOutcomes::default(),
            version: KeyVersion::default(),
        };
        Journal::of(path, results, opened, Before::IsReplaced)
    }

    /// Makes the journal of results that were opened.
    fn of(
        path: &Path,
        results: OpenedResults,
        opened: OpenForAppend,
        before: Before,
    ) -> Result<Journal, SinkError> {
        let OpenedResults {
            to,
            form,
            layout,
            mut seen,
            version,
        } = results;
        let (journal, begun) = (intents::path_of(path), seen.take_begun());
        let unfinished = UnfinishedSaves::read(&journal, &begun)?;
        let unresolved = seen.unresolved();
        let book = IntentFile::new(journal, unresolved, begun, opened, before);
        Ok(Journal {
            out: Arc::new(Mutex::new(JournalWriter::new(to, layout.clone()))),
            path: path.to_owned(),
            options: layout.adapt(RecordOptions::new().key_version(version)),
            layout,
            form,
            version,
            found: seen.lines(),
            unfinished,
            shared: Arc::new(Shared {
                seen: Mutex::new(seen),
                book,
                witness: OnceLock::new(),
            }),
            retry_failed: false,
            resume_writes: false,
            pages: None,
            arguments: None,
        })
    }
}

/// Returns the version of the keys of results and of their intents. `own`: that of the intents; `None`: there are none.
fn version_of(
    path: &Path,
    seen: &EarlierOutcomes,
    own: Option<KeyVersion>,
) -> Result<KeyVersion, SinkError> {
    match (seen.version(), own) {
        (Some(results), Some(own)) if results != own => {
            let reason = format!(
                "its keys are of version {}, and those of the results are of version {}",
                own.number(),
                results.number()
            );
            let reason = io::Error::new(io::ErrorKind::InvalidData, reason);
            let intents = intents::path_of(path);
            Err(journal_error(&intents, "cannot be resumed", reason))
        }
        (results, own) => Ok(results.or(own).unwrap_or_default()),
    }
}

fn unopened(path: &Path, error: io::Error) -> SinkError {
    journal_error(path, "cannot be opened for writing", error)
}

/// Refuses a file that exists and cannot be continued, like a pipe.
fn check_regular(path: &Path) -> Result<(), SinkError> {
    match path.metadata() {
        Ok(about) if !about.is_file() => {
            let reason = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
            Err(journal_error(path, "cannot be resumed", reason))
        }
        _ => Ok(()),
    }
}

/// Returns the form in which the results have their rows.
fn form_of(path: &Path, layout: &Layout) -> Result<ResultsForm, SinkError> {
    let refused = |reason: &str| {
        let reason = io::Error::new(io::ErrorKind::InvalidInput, reason);
        journal_error(path, "cannot be continued", reason)
    };
    if !layout.is_resumable() {
        return Err(refused(
            "a later run continues whole records, or CSV or TSV with the column \"key\"",
        ));
    }
    if is_database(path) {
        check_supported(path)?;
        return match layout.columns() {
            None => Ok(ResultsForm::Database),
            Some(_) => Err(refused(
                "a database has columns of its own, and none are selected",
            )),
        };
    }
    Ok(ResultsForm::File(StoredForm {
        packing: Packing::by_ending(path)?,
        quoted: layout
            .titled()
            .is_some_and(|(format, _)| format.has_quotes()),
    }))
}
