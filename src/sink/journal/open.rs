//! Results files as they are opened.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use super::intents::{self, IntentFile};
use super::out::{JournalWriter, journal_error};
use super::rows::ResultReader;
use super::seen::{self, EarlierOutcomes};
use super::unfinished::UnfinishedSaves;
use super::{Before, Journal, Shared};
use crate::record::{KeyVersion, Layout, RecordOptions};
use crate::sink::SinkError;
use crate::sink::growing::{self, OpenForAppend};
use crate::sink::lines::LineWriter;
use crate::sink::lock;
use crate::sink::packing::Packing;
use crate::sink::stored::StoredForm;

/// A results file that was opened, and what it held.
struct OpenedResults {
    file: File,
    form: StoredForm,
    layout: Layout,
    /// True if the file has the title of its columns.
    titled: bool,
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
        Journal::open_as(path.as_ref(), layout, growing::as_they_are())
    }

    pub(in crate::sink) fn open_as(
        path: &Path,
        layout: Layout,
        opened: OpenForAppend,
    ) -> Result<Journal, SinkError> {
        let form = form_of(path, &layout)?;
        let file = lock::options()
            .read(true)
            .create(true)
            .open(path)
            .map_err(|e| journal_error(path, "cannot be opened for writing", e))?;
        let regular = file.metadata().map(|about| about.is_file());
        match regular {
            Ok(true) => {}
            Ok(false) => {
                let reason = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
                return Err(journal_error(path, "cannot be resumed", reason));
            }
            Err(e) => return Err(journal_error(path, "cannot be read", e)),
        }
        lock::take(&file).map_err(|e| journal_error(path, "cannot be locked", e))?;
        let intents = intents::path_of(path);
        let announced = intents::read(&intents)?;
        let mut reader = ResultReader::of(&layout);
        let seen = seen::read(&file, (form, &mut reader), announced.open, announced.begun)
            .map_err(|e| journal_error(path, "cannot be resumed", e))?;
        let version = match (seen.version(), announced.version) {
            (Some(own), Some(other)) if own != other => {
                let reason = format!(
                    "its keys are of version {}, and those of the results are of version {}",
                    other.number(),
                    own.number()
                );
                let reason = io::Error::new(io::ErrorKind::InvalidData, reason);
                return Err(journal_error(&intents, "cannot be resumed", reason));
            }
            (own, other) => own.or(other).unwrap_or_default(),
        };
        let (layout, titled) = reader.into_layout().unwrap_or((layout, false));
        let results = OpenedResults {
            file,
            form,
            layout,
            titled,
            seen,
            version,
        };
        Journal::of(path, results, opened, Before::Stays)
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
        if path.exists() {
            // This call returns the error for the existing file.
            LineWriter::create(path)?;
        }
        Journal::anew(path, layout, lock::options().create_new(true))
    }

    /// Begins a new results file in place of an existing one.
    ///
    /// The existing file and its `RESULTS.journal` are emptied when the batch [begins](Sink::begin): a batch that does
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
        let form = form_of(path, &layout)?;
        let file = options
            .open(path)
            .map_err(|e| journal_error(path, "cannot be opened for writing", e))?;
        lock::take(&file).map_err(|e| journal_error(path, "cannot be locked", e))?;
        let results = OpenedResults {
            file,
            form,
            layout,
            titled: false,
            seen: EarlierOutcomes::default(),
            version: KeyVersion::default(),
        };
        Journal::of(path, results, growing::as_they_are(), Before::IsReplaced)
    }

    /// Makes the journal of a file that is positioned at its end.
    fn of(
        path: &Path,
        results: OpenedResults,
        opened: OpenForAppend,
        before: Before,
    ) -> Result<Journal, SinkError> {
        let OpenedResults {
            file,
            form,
            layout,
            titled,
            mut seen,
            version,
        } = results;
        let (journal, begun) = (intents::path_of(path), seen.take_begun());
        let unfinished = UnfinishedSaves::read(&journal, &begun)?;
        let mut lines = LineWriter::at_end_of(path, opened(file))?.packed(form.packing);
        if before == Before::IsReplaced {
            lines = lines.replacing();
        }
        lines.set_title(layout.title().filter(|_| !titled));
        let unresolved = seen.take_unresolved();
        let book = IntentFile::new(journal, unresolved, begun, opened, before);
        if seen.is_last_line_open() {
            lines.end_last_line();
        }
        Ok(Journal {
            out: Arc::new(Mutex::new(JournalWriter::new(lines))),
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
        })
    }
}

/// Returns the form in which the file has its rows.
fn form_of(path: &Path, layout: &Layout) -> Result<StoredForm, SinkError> {
    if !layout.is_resumable() {
        let reason = "a later run continues whole records, or CSV or TSV with the column \"key\"";
        let reason = io::Error::new(io::ErrorKind::InvalidInput, reason);
        return Err(journal_error(path, "cannot be continued", reason));
    }
    Ok(StoredForm {
        packing: Packing::by_ending(path)?,
        quoted: layout
            .titled()
            .is_some_and(|(format, _)| format.has_quotes()),
    })
}
