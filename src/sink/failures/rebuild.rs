//! A failure log in step with the results file that it is written beside.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::Failures;
use crate::error::ErrorType;
use crate::record::{Key, Record};
use crate::redact::Redaction;
use crate::request::Request;
use crate::sink::journal::{FileTail, Follower, JournalFlush, whole_lines};
use crate::sink::known::{FailureMark, KnownFailures, MarkFields};
use crate::sink::lines::LineWriter;
use crate::sink::missing::{Log, MissingFailures, Unrecorded};
use crate::sink::{Journal, SinkError, SinkTarget};

impl Failures {
    /// Keeps the log in step with a journal's records, whatever ends the batch.
    ///
    /// The end may be a kill, a full disk, a limit.
    ///
    /// To be called on the first run too, after the settings of both and before [`Journal::remaining`].
    ///
    /// From then on a failure is in the log only after its record is in the results file, so that no failure stands for
    /// an outcome that a later run has once more; failures are written as often as results are. Failures on record that
    /// the log lacks are rebuilt; returns their number. Each is written when its request comes by in the input, from
    /// which it takes headers and body. A failure whose request the input no longer has is written without them, and
    /// cannot be run again. `redaction` is the [client's](crate::Client::redaction).
    ///
    /// A [table](crate::record::RowFormat) gives what its columns hold, so that a rebuilt failure may lack its `timestamp`
    /// or response: a warning names these fields. It needs the columns `key`, `index`, `url`, `method`, `outcome`,
    /// `error_type`, `error_msg` and `attempts`, which a table has by default.
    ///
    /// An outcome of the same run that only the log has, as after a machine's crash, is written to the results when its
    /// request comes by, and the request is not sent again; a table needs the columns `timestamp` and `supersedes` for it. A
    /// last line of the log that a kill left torn is cut off.
    ///
    /// A log that is no regular file is left as it is: lines written to it before cannot be read back.
    ///
    /// ```no_run
    /// # let (client, urls) = (haul::Client::new(), ["https://example.com/"]);
    /// use haul::sink::{Failures, Journal};
    ///
    /// let (mut journal, mut failures) = (Journal::open("run.jsonl")?, Failures::append("failures.jsonl")?);
    /// failures.rebuild(&journal, client.redaction())?;
    /// client.run(journal.remaining(urls), &mut (journal, failures))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the results file or the log cannot be read, another log is rebuilt from this journal, or a table with rows
    /// lacks a column that is needed.
    pub fn rebuild(&mut self, journal: &Journal, redaction: &Redaction) -> Result<u64, SinkError> {
        match self.regular_file() {
            Some(path) => self.follow(&path, journal, redaction),
            None => Ok(0),
        }
    }

    fn regular_file(&self) -> Option<PathBuf> {
        let path = self.lines().path()?.to_owned();
        path.is_file().then_some(path)
    }
}

impl<W: Write + Send + 'static> Failures<W> {
    /// Writes failures after their records from now on, and adds the failures that the file at `path` lacks.
    pub(in super::super) fn follow(
        &mut self,
        path: &Path,
        journal: &Journal,
        redaction: &Redaction,
    ) -> Result<u64, SinkError> {
        self.follower = Some(Follower::of(journal));
        let is_replaced = self.lines().is_untouched();
        let known = match is_replaced {
            true => KnownFailures::default(),
            false => self.read(path, journal.mark_fields())?,
        };
        let shown = (&self.options, redaction);
        let log = RebuiltLines {
            lines: Arc::clone(&self.lines),
            secrets: self.options.keeps_secrets(),
            ahead: Arc::new(journal.ahead()),
            open_intents: journal.open_intents(),
            path: path.to_owned(),
            fields: journal.mark_fields(),
        };
        MissingFailures::rebuild(journal, self.keep, known, shown, log, &self.first_error)
    }

    /// Reads the failures that the log holds, and repairs its last line.
    fn read(&self, path: &Path, fields: MarkFields) -> Result<KnownFailures, SinkError> {
        let wrong = |e| SinkError::new(SinkTarget::File(path.to_owned()), "cannot be read", e);
        let file = File::open(path).map_err(wrong)?;
        let mut known = KnownFailures::default();
        let tail = whole_lines(&file, |_, line| {
            // A line that does not parse (torn in an earlier run, or added by hand) stands for no record.
            if let Ok(record) = Record::parse(&String::from_utf8_lossy(line)) {
                known.add(FailureMark::of(fields, &record));
            }
            Ok(())
        });
        match tail.map_err(wrong)? {
            FileTail::Whole => {}
            FileTail::Open(end) => self.lines().cut_to(end, false)?,
            FileTail::Torn(whole) => self.lines().cut_to(whole, true)?,
        }
        Ok(known)
    }
}

/// Adds rebuilt failures to the log.
struct RebuiltLines<W: Write> {
    lines: Arc<Mutex<LineWriter<W>>>,
    secrets: bool,
    ahead: Arc<JournalFlush>,
    /// Keys of requests that end as interrupted in the coming run, because an earlier one announced them.
    open_intents: HashSet<Key>,
    path: PathBuf,
    fields: MarkFields,
}

impl<W: Write> RebuiltLines<W> {
    fn log_error(&self, error: io::Error) -> SinkError {
        SinkError::new(SinkTarget::File(self.path.clone()), "cannot be read", error)
    }

    fn read(&self, at: u64) -> io::Result<Record<'static>> {
        let mut file = BufReader::new(File::open(&self.path)?);
        file.seek(SeekFrom::Start(at))?;
        let mut line = Vec::new();
        file.read_until(b'\n', &mut line)?;
        Record::parse(String::from_utf8_lossy(&line).trim_end())
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    }
}

impl<W: Write + Send> Log for RebuiltLines<W> {
    fn add(&mut self, record: Record<'static>, request: &Request) -> Result<(), SinkError> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_full() {
            // Failures of this run wait among the lines, and a failure may not be written before its record.
            self.ahead.commit()?;
            lines.flush()?;
        }
        lines.take(|lines| record.write_fitting(request, self.secrets, lines));
        Ok(())
    }

    fn unrecorded(
        &mut self,
        mut known: KnownFailures,
        begun: SystemTime,
    ) -> Result<Unrecorded, SinkError> {
        let file = File::open(&self.path).map_err(|e| self.log_error(e))?;
        let mut unrecorded = Unrecorded::default();
        // A failure without a time was not sent. It belongs to the batch of the timed failure before it; at the
        // beginning of a log, to that of the first timed failure after it. `None`: no timed failure was read yet.
        let mut of_batch: Option<bool> = None;
        let mut untimed = Vec::new();
        let read = whole_lines(&file, |at, line| {
            let Ok(record) = Record::parse(&String::from_utf8_lossy(line)) else {
                return Ok(());
            };
            if let Some(started) = record.timestamp {
                let ended = started.checked_add(record.elapsed.unwrap_or_default());
                let is_of_batch = ended.is_some_and(|ended| ended >= begun);
                of_batch = Some(is_of_batch);
                let first = untimed.drain(..).filter(|_| is_of_batch);
                first.for_each(|(key, at, supersedes)| unrecorded.add(key, at, supersedes));
            }
            if known.take_recorded(FailureMark::of(self.fields, &record)) {
                return Ok(());
            }
            // A request that cannot be sent fails in the same way in every run.
            let unsendable = record.error_type == Some(ErrorType::InvalidRequest);
            // The request would be written as interrupted once more, which tells no more than this failure does.
            let interrupted = record.error_type == Some(ErrorType::Interrupted)
                && self.open_intents.contains(&record.key);
            match of_batch {
                _ if unsendable || interrupted => unrecorded.add(record.key, at, record.supersedes),
                Some(true) => unrecorded.add(record.key, at, record.supersedes),
                Some(false) => {}
                None => untimed.push((record.key, at, record.supersedes)),
            }
            Ok(())
        });
        read.map_err(|e| self.log_error(e))?;
        Ok(unrecorded)
    }

    fn at(&mut self, place: u64) -> Result<Record<'static>, SinkError> {
        self.read(place).map_err(|e| self.log_error(e))
    }
}
