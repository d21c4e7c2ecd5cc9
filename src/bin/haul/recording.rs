//! Output of results and failures, in an order that leaves no outcome in one of them for good that the other lacks.
//!
//! - Results in a file are written first. Failures follow: a failure is in its log only after its record is in the
//!   results file, and `--resume` writes missing failures to the log.
//! - Results in a pipe or on a terminal cannot be read again. Failures are written first, and an outcome that their log
//!   refuses is not among the results. Failures that the log has and the results refused are named.
//! - If the log is a pipe too, each failure is in the results file before it is written there, and is named if it is
//!   refused.

use haul::sink::Sink;
use haul::sink::SinkError;
use haul::{ErrorType, Outcome, Summary};

use crate::output::{Failed, Output, ResultsSink};

/// Upper bound for the number of outcomes that a message names.
const NAMED: usize = 10;

impl Output {
    /// Names the outcomes that are in the results or in the failure log, but not in both, and stay so. `None`: there
    /// are no such outcomes.
    pub(crate) fn apart(&self) -> Option<String> {
        let log = self.log.as_ref()?.display();
        if let Some(name) = &self.apart.in_results {
            return Some(format!(
                "{log} lacks an outcome that the results have: {name}"
            ));
        }
        let written = self.results.written();
        let lacking = self
            .apart
            .in_log
            .iter()
            .filter(|(number, _)| *number > written);
        let names: Vec<&str> = lacking.map(|(_, name)| &**name).collect();
        let shown = names[..names.len().min(NAMED)].join(", ");
        match names.len() {
            0 => None,
            1 => Some(format!(
                "{log} has an outcome that the results lack: {shown}"
            )),
            n if n <= NAMED => Some(format!(
                "{log} has {n} outcomes that the results lack: {shown}"
            )),
            n => Some(format!(
                "{log} has {n} outcomes that the results lack: {shown} and {} more",
                n - NAMED
            )),
        }
    }

    fn write_to_stream(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        if outcome.is_failed() && !outcome.is_not_done() && !outcome.is_cancelled() {
            if let Some(log) = self.failures.sink() {
                log.write(outcome)?;
            }
            if let Failed::Database(database) = &mut self.failures {
                database.flush()?;
            }
            if !matches!(self.failures, Failed::Nowhere) {
                let written = self.results.written();
                let in_log = &mut self.apart.in_log;
                while in_log.front().is_some_and(|(number, _)| *number <= written) {
                    in_log.pop_front();
                }
                in_log.push_back((self.apart.given + 1, name_of(outcome)));
            }
        }
        self.results.sink().write(outcome)?;
        if !outcome.is_not_done() && !outcome.is_cancelled() {
            self.apart.given += 1;
        }
        Ok(())
    }

    /// Calls the lines beside the results. Once their reader has closed the pipe, they are left out: the results go on.
    fn with_lines(
        &mut self,
        call: impl FnOnce(&mut dyn Sink) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        match self.lines.as_mut().map_or(Ok(()), |lines| call(lines)) {
            Err(e) if e.is_broken_pipe() => {
                self.lines = None;
                Ok(())
            }
            done => done,
        }
    }

    /// Writes an outcome to a results file, and then to its log.
    fn write_to_file(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        self.results.sink().write(outcome)?;
        if !self.log_is_stream {
            return self.failures.sink().write(outcome);
        }
        if outcome.is_failed() {
            self.results.sink().idle()?;
            if let Err(error) = self.failures.sink().write(outcome) {
                self.apart.in_results = Some(name_of(outcome));
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Returns the name of an outcome in messages.
fn name_of(outcome: &Outcome) -> String {
    let request = outcome.request();
    let unread = |error: &haul::Error| error.error_type() == ErrorType::InvalidRequest;
    match request.place() {
        // The text of a line that could not be read may hold a secret.
        Some(place) if outcome.error().is_some_and(unread) => place.to_string(),
        Some(place) => format!("{place} ({})", outcome.url()),
        None => outcome.url(),
    }
}

impl Sink for Output {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.failures.sink().begin()?;
        self.results.sink().begin()?;
        self.with_lines(|lines| lines.begin())
    }

    fn write(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        match self.results {
            ResultsSink::Journal(_) => self.write_to_file(outcome),
            ResultsSink::Stdout(_) | ResultsSink::Stream(_) => self.write_to_stream(outcome),
        }?;
        self.with_lines(|lines| lines.write(outcome))
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.results.sink().idle()?;
        self.failures.sink().idle()?;
        self.with_lines(|lines| lines.idle())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        let results = self.results.sink().finish(summary);
        let failures = self.failures.sink().finish(summary);
        let lines = self.with_lines(|lines| lines.finish(summary));
        results.and(failures).and(lines)
    }

    fn written(&self) -> Option<u64> {
        Some(self.results.written())
    }
}
