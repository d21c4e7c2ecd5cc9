//! Iterator that writes the outcomes of a batch as they are taken.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use super::{Sink, SinkError};
use crate::batch::{End, NextOutcome, Outcomes, Requests};
use crate::outcome::Outcome;
use crate::redact::escape::log_line;
use crate::response::Response;
use crate::summary::{CountedOutcome, Summary};

/// Iterator that writes each outcome before it hands it out, from [`Outcomes::record_to`].
#[must_use = "nothing is sent until its outcomes are asked for"]
pub struct Recorded<'a, I, T, S: Sink<T> + ?Sized> {
    outcomes: Outcomes<I, T>,
    sink: &'a mut S,
    stage: RecordingStage,
    /// True if the sink failed: further outcomes are handed out and not written.
    failed: bool,
    /// The outcome that could not be written, handed out after its error. `None`: there is none.
    unwritten: Option<Outcome<T>>,
    /// Time at which the sink last wrote out its buffer. `None`: it did not yet.
    written_out: Option<Instant>,
    recent: RecentCounts,
}

/// Counts of the outcomes that the sink may not have written yet.
#[derive(Default)]
struct RecentCounts {
    /// Counts of the outcomes, oldest first.
    counted: VecDeque<CountedOutcome>,
    /// Number of outcomes before those in `counted`.
    before: u64,
    /// Number of outcomes that the sink had written when the batch began.
    written_before: u64,
}

impl RecentCounts {
    /// Forgets the outcomes that the sink has written; all of them if `written` is `None`.
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

/// Number of remembered outcomes at which the sink is asked how many of them it has written. Its buffer holds fewer.
const RECENT: usize = 4096;

/// Longest time that taken outcomes wait to be written out together with the next. A write for each outcome costs more
/// than all else about a record, and a reader that follows the file does not notice a millisecond.
const TOGETHER: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, PartialEq, Eq)]
enum RecordingStage {
    New,
    Begun,
    Finished,
}

impl<I, T> Outcomes<I, T> {
    /// Writes each outcome to `sink` before it is handed out.
    ///
    /// The sink runs on the calling thread: a slow sink slows the batch, and no outcomes pile up. A tuple or a `Vec` of
    /// sinks is a sink too.
    ///
    /// If the sink fails, its error is yielded once, in its place among the outcomes, and the batch
    /// [ends](End::SinkFailed): no further input is read, queued jobs are cancelled, running attempts are aborted. The
    /// outcomes that were not written are still yielded after the error, so that every request has its outcome, and
    /// count as not done in the figures; written records stay.
    ///
    /// An iterator that is dropped half way finishes the sink with the figures so far.
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
            stage: RecordingStage::New,
            failed: false,
            unwritten: None,
            written_out: None,
            recent: RecentCounts::default(),
        }
    }
}

impl<I, T, S: Sink<T> + ?Sized> Recorded<'_, I, T, S> {
    /// Reason why the batch ended. `None`: it has not ended. See [`Outcomes::end`].
    pub fn end(&self) -> Option<End> {
        self.outcomes.end()
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.stage = RecordingStage::Finished;
        let figures = self.outcomes.summary();
        let mut summary = figures.snapshot();
        self.recent.forget_written(self.sink.written());
        if self.failed {
            let unwritten = &self.recent.counted;
            unwritten.iter().for_each(|c| summary.take_back(c.clone()));
        }
        let finished = self.sink.finish(&summary);
        self.recent.forget_written(self.sink.written());
        for counted in std::mem::take(&mut self.recent.counted) {
            figures.take_back(counted);
        }
        finished
    }

    /// Remembers how an outcome was counted, until the outcome is known to be written.
    fn remember(&mut self, outcome: &Outcome<T>) {
        if outcome.is_final() {
            self.recent.counted.push_back(CountedOutcome::of(outcome));
            if self.recent.counted.len() >= RECENT && !self.failed {
                self.recent.forget_written(self.sink.written());
            }
        }
    }
}

impl<I, T, S> Recorded<'_, I, T, S>
where
    I: Requests<T>,
    S: Sink<T> + ?Sized,
{
    fn fail(&mut self, error: SinkError) -> SinkError {
        self.failed = true;
        log_line!(Error, "the batch ends: {}", error);
        self.outcomes.stop(End::SinkFailed);
        error
    }

    /// Returns the next outcome. Before it waits for an outcome for longer than [`TOGETHER`], the sink writes out its
    /// buffer.
    fn advance(&mut self) -> Result<Option<Outcome<T>>, SinkError> {
        let clock = self.outcomes.clock();
        let until = match self.written_out {
            // A virtual clock would stop at that time, which changes when the batch does what.
            Some(at) if clock.as_virtual().is_none() => at + TOGETHER,
            _ => clock.now(),
        };
        let step = match self.outcomes.advance(Some(until)) {
            NextOutcome::Late => {
                if !self.failed {
                    self.sink.idle()?;
                    self.recent.forget_written(self.sink.written());
                }
                self.written_out = Some(self.outcomes.clock().now());
                self.outcomes.advance(None)
            }
            step => step,
        };
        Ok(match step {
            NextOutcome::Outcome(outcome) => Some(outcome),
            NextOutcome::End | NextOutcome::Late => None,
        })
    }
}

impl<I, T, S> Iterator for Recorded<'_, I, T, S>
where
    I: Requests<T>,
    S: Sink<T> + ?Sized,
{
    type Item = Result<Outcome<T>, SinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(outcome) = self.unwritten.take() {
            return Some(Ok(outcome));
        }
        if self.stage == RecordingStage::New {
            self.stage = RecordingStage::Begun;
            self.recent.written_before = self.sink.written().unwrap_or_default();
            let begun = match self.outcomes.is_follow() {
                true => self.sink.begin_follow(),
                false => self.sink.begin(),
            };
            if let Err(error) = begun {
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
            Ok(None) if self.stage == RecordingStage::Finished => None,
            Ok(None) => match self.finish() {
                // A sink that failed before has had its error returned already.
                Err(error) if !self.failed => Some(Err(self.fail(error))),
                _ => None,
            },
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // An error may be yielded beside the outcomes.
        let (least, most) = self.outcomes.size_hint();
        (least, most.and_then(|most| most.checked_add(2)))
    }
}

impl<I, T, S> FusedIterator for Recorded<'_, I, T, S>
where
    I: Requests<T>,
    S: Sink<T> + ?Sized,
{
}

impl<I, T, S: Sink<T> + ?Sized> Drop for Recorded<'_, I, T, S> {
    fn drop(&mut self) {
        if self.stage == RecordingStage::Begun {
            // An error cannot be returned from here.
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

/// Error of a batch that could not be recorded to its end: the reason, and the figures so far.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct RunError {
    source: SinkError,
    summary: Box<Summary>,
}

impl RunError {
    /// Error of the sink: names the target that could not be written.
    pub fn sink_error(&self) -> &SinkError {
        &self.source
    }

    /// Figures of all outcomes.
    ///
    /// Outcomes that were not written count as not done: a resumed batch runs their requests.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

/// Runs a batch to its end, writes its outcomes to the sink and returns its figures.
pub(crate) fn run<I, S>(outcomes: Outcomes<I, Response>, sink: &mut S) -> Result<Summary, RunError>
where
    I: Requests<Response>,
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
