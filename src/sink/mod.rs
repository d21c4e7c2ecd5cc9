//! Sinks: targets that outcomes are written to.
//!
//! A batch calls its sink when it begins, for each outcome in the order in which outcomes are taken, and when it ended.
//! The sink runs on the thread that takes the outcomes, never on a worker; a slow sink slows the batch.

mod database;
mod failures;
mod growing;
mod journal;
mod jsonl;
mod known;
#[cfg(feature = "fleet")]
mod last_lines;
mod lines;
mod lock;
mod merge;
mod missing;
mod only;
mod packing;
#[cfg(feature = "fleet")]
mod record_lines;
mod recorded;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stored;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use failures::Failures;
pub use journal::{Journal, Remaining};
pub use jsonl::{JsonLines, Keep};
pub use merge::{Merge, MergeError, MergeReport, MergedLine, MergedLines};
pub use only::Only;
#[cfg(feature = "fleet")]
pub(crate) use record_lines::{ExistingFile, ForeignRecords};
pub(crate) use recorded::run;
pub use recorded::{Recorded, RunError};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::read_outcomes;

use crate::outcome::Outcome;
use crate::response::Response;
use crate::summary::Summary;

/// A target for the outcomes of a batch. `T` is the value that a success carries.
///
/// Sinks are also given outcomes that were cancelled or ended by the batch's deadline. The sinks of this crate leave
/// them out, so that a resumed batch runs their requests.
///
/// ```
/// use haul::{Outcome, sink::{Sink, SinkError}};
///
/// struct Slowest(Option<(std::time::Duration, String)>);
///
/// impl<T> Sink<T> for Slowest {
///     fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
///         if self.0.as_ref().is_none_or(|(longest, _)| outcome.elapsed() > *longest) {
///             self.0 = Some((outcome.elapsed(), outcome.url()));
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Sink<T = Response> {
    /// Begins the output. Called before the first request is sent.
    ///
    /// # Errors
    /// When the target cannot be written.
    fn begin(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Begins the output of a batch whose outcomes lead to further requests.
    ///
    /// Called in place of [`begin`](Sink::begin) for a batch of [`Client::follow`](crate::Client::follow). By default it
    /// calls that.
    ///
    /// # Errors
    /// When the target cannot be written, or cannot take such a batch: a [`Journal`] could not continue it.
    fn begin_follow(&mut self) -> Result<(), SinkError> {
        self.begin()
    }

    /// Writes one outcome.
    ///
    /// The outcome may stay in a buffer until [`idle`](Sink::idle) or [`finish`](Sink::finish).
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError>;

    /// Writes out buffered outcomes.
    ///
    /// Called before each wait for an outcome, so that no reader of the output waits for a line while the next request
    /// takes its time.
    ///
    /// # Errors
    /// When it cannot be written.
    fn idle(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Ends the output. Called after the last outcome.
    ///
    /// # Errors
    /// When the buffered outcomes cannot be written.
    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        let _ = summary;
        self.idle()
    }

    /// Number of outcomes that the sink has written out since it was made.
    ///
    /// `None` (the default): the sink leaves outcomes out, or does not count them.
    ///
    /// Only a sink that writes all outcomes but the cancelled and those not done returns a number. If the sink fails,
    /// the figures of the batch count the unwritten outcomes as not done, since a resumed batch runs their requests.
    fn written(&self) -> Option<u64> {
        None
    }
}

/// Error of a sink that could not write: names the file and the reason.
pub struct SinkError(Box<SinkErrorFacts>);

struct SinkErrorFacts {
    place: SinkTarget,
    action: &'static str,
    source: io::Error,
}

/// Target of a sink, as errors name it.
#[derive(Clone, Debug)]
pub(crate) enum SinkTarget {
    File(PathBuf),
    /// Line or row of a file, from 1.
    Line(PathBuf, u64),
    Named(String),
}

impl fmt::Display for SinkTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SinkTarget::File(path) => path.display().fmt(f),
            SinkTarget::Line(path, line) => write!(f, "{}:{line}", path.display()),
            SinkTarget::Named(name) => f.write_str(name),
        }
    }
}

impl SinkError {
    pub(crate) fn new(place: SinkTarget, action: &'static str, source: io::Error) -> SinkError {
        SinkError(Box::new(SinkErrorFacts {
            place,
            action,
            source,
        }))
    }

    /// Makes an error for a sink outside this crate.
    ///
    /// The `place` is the file, table or address that could not be written.
    pub fn other(place: impl Into<String>, source: io::Error) -> SinkError {
        SinkError::new(SinkTarget::Named(place.into()), "cannot be written", source)
    }

    /// Path of the file. `None`: the target is no file.
    pub fn path(&self) -> Option<&Path> {
        match &self.0.place {
            SinkTarget::File(path) | SinkTarget::Line(path, _) => Some(path),
            SinkTarget::Named(_) => None,
        }
    }

    /// Kind of the failure, as [`std::io`] defines it.
    pub fn kind(&self) -> io::ErrorKind {
        self.0.source.kind()
    }

    /// True if the reader at the other end of a pipe closed it.
    ///
    /// In a pipe of commands that is no failure.
    pub fn is_broken_pipe(&self) -> bool {
        self.kind() == io::ErrorKind::BrokenPipe
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SinkErrorFacts {
            place,
            action,
            source,
        } = &*self.0;
        match place {
            SinkTarget::Line(..) => write!(f, "{place}: {source}"),
            SinkTarget::File(_) | SinkTarget::Named(_) => write!(f, "{place}: {action}: {source}"),
        }
    }
}

impl fmt::Debug for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinkError({self})")
    }
}

impl std::error::Error for SinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.source)
    }
}

macro_rules! pass_on {
    ($($holder:ty),*) => { $(
        impl<T, S: Sink<T> + ?Sized> Sink<T> for $holder {
            fn begin(&mut self) -> Result<(), SinkError> {
                (**self).begin()
            }

            fn begin_follow(&mut self) -> Result<(), SinkError> {
                (**self).begin_follow()
            }

            fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
                (**self).write(outcome)
            }

            fn idle(&mut self) -> Result<(), SinkError> {
                (**self).idle()
            }

            fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
                (**self).finish(summary)
            }

            fn written(&self) -> Option<u64> {
                (**self).written()
            }
        }
    )* };
}

pass_on!(&mut S, Box<S>);

/// Two sinks on one batch. An outcome that the first sink refuses is not given to the second. Both sinks write out the
/// outcomes given to them before, even if one of them fails; the first error is returned.
///
/// A failure log beside a [`Journal`] stays in step with it, whatever fails, if the log is [rebuilt](Failures::rebuild)
/// from the journal.
impl<T, A: Sink<T>, B: Sink<T>> Sink<T> for (A, B) {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.0.begin()?;
        self.1.begin()
    }

    fn begin_follow(&mut self) -> Result<(), SinkError> {
        self.0.begin_follow()?;
        self.1.begin_follow()
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        self.0.write(outcome)?;
        self.1.write(outcome)
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.0.idle().and(self.1.idle())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.0.finish(summary).and(self.1.finish(summary))
    }

    fn written(&self) -> Option<u64> {
        let both = [self.0.written(), self.1.written()];
        both.into_iter().flatten().min()
    }
}

/// An optional sink. `None`: outcomes are not written.
impl<T, S: Sink<T>> Sink<T> for Option<S> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.as_mut().map_or(Ok(()), S::begin)
    }

    fn begin_follow(&mut self) -> Result<(), SinkError> {
        self.as_mut().map_or(Ok(()), S::begin_follow)
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        self.as_mut().map_or(Ok(()), |sink| sink.write(outcome))
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.as_mut().map_or(Ok(()), S::idle)
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        self.as_mut().map_or(Ok(()), |sink| sink.finish(summary))
    }

    fn written(&self) -> Option<u64> {
        self.as_ref()?.written()
    }
}

/// Any number of sinks on one batch, also none. An outcome that one sink refuses is not given to the sinks after it.
/// All sinks write out the outcomes given to them before, even if one of them fails; the first error is returned.
impl<T, S: Sink<T>> Sink<T> for Vec<S> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.iter_mut().try_for_each(S::begin)
    }

    fn begin_follow(&mut self) -> Result<(), SinkError> {
        self.iter_mut().try_for_each(S::begin_follow)
    }

    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError> {
        self.iter_mut().try_for_each(|sink| sink.write(outcome))
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        tell_all(self, |sink| sink.idle())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        tell_all(self, |sink| sink.finish(summary))
    }

    fn written(&self) -> Option<u64> {
        self.iter().filter_map(S::written).min()
    }
}

fn tell_all<S>(
    sinks: &mut [S],
    mut tell: impl FnMut(&mut S) -> Result<(), SinkError>,
) -> Result<(), SinkError> {
    let mut first = Ok(());
    for sink in sinks {
        let told = tell(sink);
        first = first.and(told);
    }
    first
}
