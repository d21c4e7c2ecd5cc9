//! A batch whose outcomes are written as they are taken.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use super::{Sink, SinkError};
use crate::batch::{End, Outcomes, Step};
use crate::outcome::Outcome;
use crate::redact::escape::log_line;
use crate::request::Request;
use crate::response::Response;
use crate::summary::{Counted, Summary};

/// The iterator of [`Outcomes::record_to`].
#[must_use = "nothing is sent until its outcomes are asked for"]
pub struct Recorded<'a, I, T, S: Sink<T> + ?Sized> {
    outcomes: Outcomes<I, T>,
    sink: &'a mut S,
    stage: Stage,
    /// The sink failed: what comes is handed out and not written.
    failed: bool,
    /// The outcome that could not be written.
    unwritten: Option<Outcome<T>>,
    /// When the sink last wrote out what it had.
    written_out: Option<Instant>,
    recent: Recent,
}

/// Counts of the outcomes that the sink may not have written yet.
#[derive(Default)]
struct Recent {
    /// Oldest first.
    counted: VecDeque<Counted>,
    /// Number of outcomes before them.
    before: u64,
    /// Number that the sink had written when the batch began.
    written_before: u64,
}

impl Recent {
    /// Lets go of those that the sink has written: all of them if it does not say.
    fn forget_written(&mut self, written: Option<u64>) {
        let written = match written {
            Some(written) => {
                let written = written.saturating_sub(self.written_before);
                written.saturating_sub(self.before)
            }
            None => u64::MAX,
        };
        let most = self.counted.len();
        let written = usize::try_from(written).map_or(most, |written| written.min(most));
        self.counted.drain(..written);
        self.before += written as u64;
    }
}

/// From so many outcomes on the sink is asked how many of them it has written. Its buffer holds fewer.
const RECENT: usize = 4096;

/// How long what was taken may wait for what comes next, to be written out with it. A write for each outcome costs more
/// than all else about a record, and whoever follows the file does not see a millisecond.
const TOGETHER: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Begun,
    Finished,
}

impl<I, T> Outcomes<I, T> {
    /// Writes each outcome to `sink`, on this thread, before it is handed out; a slow sink slows the batch, and nothing
    /// piles up. Several sinks are one: a tuple or a `Vec` of them.
    ///
    /// Where the sink fails, its error comes once, in its place among the outcomes, and the batch
    /// [ends](End::SinkFailed): nothing further is read, what is queued is cancelled, what runs is aborted. What was
    /// not written still comes out after the error, so that every request has its outcome, and counts as not done in the
    /// figures; what was written stays.
    ///
    /// Dropped half way, it finishes the sink with the figures so far.
    ///
    /// ```no_run
    /// use haul::sink::{Failures, JsonLines};
    ///
    /// # let client = haul::Client::new();
    /// let mut sinks = (JsonLines::create("run.jsonl")?, Failures::create("failures.jsonl")?);
    /// for outcome in client.as_completed(["https://example.com/"]).record_to(&mut sinks) {
    ///     println!("{:?}", outcome?.status());
    /// }
    /// # Ok::<(), haul::sink::SinkError>(())
    /// ```
    pub fn record_to<S: Sink<T> + ?Sized>(self, sink: &mut S) -> Recorded<'_, I, T, S> {
        Recorded {
            outcomes: self,
            sink,
            stage: Stage::New,
            failed: false,
            unwritten: None,
            written_out: None,
            recent: Recent::default(),
        }
    }
}

impl<I, T, S: Sink<T> + ?Sized> Recorded<'_, I, T, S> {
    /// Why the batch ended; `None` while it has not. See [`Outcomes::end`].
    pub fn end(&self) -> Option<End> {
        self.outcomes.end()
    }

    fn fail(&mut self, error: SinkError) -> SinkError {
        self.failed = true;
        log_line!(Error, "the batch ends: {}", error);
        self.outcomes.stop(End::SinkFailed);
        error
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.stage = Stage::Finished;
        let figures = self.outcomes.summary();
        let mut summary = figures.snapshot();
        self.recent.forget_written(self.sink.written());
        if self.failed {
            let unwritten = &self.recent.counted;
            unwritten.iter().for_each(|c| summary.take_back(*c));
        }
        let finished = self.sink.finish(&summary);
        self.recent.forget_written(self.sink.written());
        for counted in std::mem::take(&mut self.recent.counted) {
            figures.take_back(counted);
        }
        finished
    }

    /// Remembers how an outcome was counted, until it is known to be written.
    fn remember(&mut self, outcome: &Outcome<T>) {
        if outcome.is_final() {
            self.recent.counted.push_back(Counted::of(outcome));
            if self.recent.counted.len() >= RECENT && !self.failed {
                self.recent.forget_written(self.sink.written());
            }
        }
    }
}

impl<I, T, S> Recorded<'_, I, T, S>
where
    I: Iterator,
    I::Item: Into<Request>,
    S: Sink<T> + ?Sized,
{
    /// The next outcome. Before it waits for one for longer than moments, the sink writes out what it has.
    fn advance(&mut self) -> Result<Option<Outcome<T>>, SinkError> {
        let until = match self.written_out {
            Some(at) => at + TOGETHER,
            None => Instant::now(),
        };
        let step = match self.outcomes.advance(Some(until)) {
            Step::Late => {
                if !self.failed {
                    self.sink.idle()?;
                    self.recent.forget_written(self.sink.written());
                }
                self.written_out = Some(Instant::now());
                self.outcomes.advance(None)
            }
            step => step,
        };
        Ok(match step {
            Step::Outcome(outcome) => Some(outcome),
            Step::End | Step::Late => None,
        })
    }
}

impl<I, T, S> Iterator for Recorded<'_, I, T, S>
where
    I: Iterator,
    I::Item: Into<Request>,
    S: Sink<T> + ?Sized,
{
    type Item = Result<Outcome<T>, SinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(outcome) = self.unwritten.take() {
            return Some(Ok(outcome));
        }
        if self.stage == Stage::New {
            self.stage = Stage::Begun;
            self.recent.written_before = self.sink.written().unwrap_or_default();
            if let Err(error) = self.sink.begin() {
                return Some(Err(self.fail(error)));
            }
        }
        match self.advance() {
            Err(error) => Some(Err(self.fail(error))),
            Ok(Some(outcome)) if self.failed => {
                self.remember(&outcome);
                Some(Ok(outcome))
            }
            Ok(Some(outcome)) => {
                let written = self.sink.write(&outcome);
                self.remember(&outcome);
                match written {
                    Ok(()) => Some(Ok(outcome)),
                    Err(error) => {
                        self.unwritten = Some(outcome);
                        Some(Err(self.fail(error)))
                    }
                }
            }
            Ok(None) if self.stage == Stage::Finished => None,
            Ok(None) => match self.finish() {
                // Whatever else is to be said of a sink that failed, it has been said.
                Err(error) if !self.failed => Some(Err(self.fail(error))),
                _ => None,
            },
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // An error may come beside the outcomes.
        let (least, most) = self.outcomes.size_hint();
        (least, most.and_then(|most| most.checked_add(2)))
    }
}

impl<I, T, S> FusedIterator for Recorded<'_, I, T, S>
where
    I: Iterator,
    I::Item: Into<Request>,
    S: Sink<T> + ?Sized,
{
}

impl<I, T, S: Sink<T> + ?Sized> Drop for Recorded<'_, I, T, S> {
    fn drop(&mut self) {
        if self.stage == Stage::Begun {
            // Nobody is left to be told.
            let _ = self.finish();
        }
    }
}

impl<I, T, S: Sink<T> + ?Sized> fmt::Debug for Recorded<'_, I, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded")
            .field("outcomes", &self.outcomes)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// A batch could not be recorded to its end: why, and its figures so far.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct RunError {
    source: SinkError,
    summary: Box<Summary>,
}

impl RunError {
    /// What could not be written.
    pub fn sink_error(&self) -> &SinkError {
        &self.source
    }

    /// The figures of all outcomes. Those that were not written count as not done: a resumed batch runs their requests.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

/// Runs a batch to its end for what it writes.
pub(crate) fn run<I, S>(outcomes: Outcomes<I, Response>, sink: &mut S) -> Result<Summary, RunError>
where
    I: Iterator,
    I::Item: Into<Request>,
    S: Sink + ?Sized,
{
    let figures = outcomes.summary();
    let first = outcomes
        .record_to(sink)
        .fold(None, |first, outcome| first.or(outcome.err()));
    let mut summary = figures.snapshot();
    match first {
        None => Ok(summary),
        Some(source) => {
            summary.set_interrupted(true);
            Err(RunError {
                source,
                summary: Box::new(summary),
            })
        }
    }
}
