//! Where outcomes are written.
//!
//! A sink is told when a batch begins, of each outcome in the order they come, and how it ended. It runs on the thread
//! that takes the outcomes, never on a worker; while it is slow, the batch is.

mod failures;
mod growing;
mod journal;
mod jsonl;
mod known;
mod lines;
mod missing;
mod only;
mod recorded;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use failures::Failures;
pub use journal::{Journal, Remaining};
pub use jsonl::{JsonLines, Keep};
pub use only::Only;
pub(crate) use recorded::run;
pub use recorded::{Recorded, RunError};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;

use crate::outcome::Outcome;
use crate::response::Response;
use crate::summary::Summary;

/// A place for the outcomes of a batch. `T` is what a success carries.
///
/// Cancelled outcomes, and those ended by the batch's deadline, are given to sinks too; the sinks of this crate leave
/// them out, so that a resumed batch runs them.
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
    /// Before the first request is sent.
    ///
    /// # Errors
    /// When nothing can be written there.
    fn begin(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// One outcome. It may stay in a buffer until [`idle`](Sink::idle) or [`finish`](Sink::finish).
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&mut self, outcome: &Outcome<T>) -> Result<(), SinkError>;

    /// No further outcome is ready: what is in a buffer goes out, so that nobody waits for a line while the next
    /// request takes its time. Called before each wait for an outcome.
    ///
    /// # Errors
    /// When it cannot be written.
    fn idle(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// After the last outcome.
    ///
    /// # Errors
    /// When what is left cannot be written.
    fn finish(&mut self, summary: &Summary) -> Result<(), SinkError> {
        let _ = summary;
        self.idle()
    }

    /// Number of outcomes that it has written out since it was made, for a sink that writes all outcomes but the cancelled
    /// and those not done. If the sink fails, the figures of the batch count what is not written as not done, since a
    /// resumed batch runs it. Default `None`: it leaves outcomes out, or does not count them.
    fn written(&self) -> Option<u64> {
        None
    }
}

/// Something could not be written: names the file and the reason.
pub struct SinkError(Box<Inner>);

struct Inner {
    place: Place,
    action: &'static str,
    source: io::Error,
}

/// What a sink writes to, as errors name it.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    File(PathBuf),
    Named(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => path.display().fmt(f),
            Place::Named(name) => f.write_str(name),
        }
    }
}

impl SinkError {
    pub(crate) fn new(place: Place, action: &'static str, source: io::Error) -> SinkError {
        SinkError(Box::new(Inner {
            place,
            action,
            source,
        }))
    }

    /// An error of a sink outside this crate: `place` is the file, table or address that could not be written.
    pub fn other(place: impl Into<String>, source: io::Error) -> SinkError {
        SinkError::new(Place::Named(place.into()), "cannot be written", source)
    }

    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.0.place {
            Place::File(path) => Some(path),
            Place::Named(_) => None,
        }
    }

    /// What kind of failure it was, as [`std::io`] tells them apart.
    pub fn kind(&self) -> io::ErrorKind {
        self.0.source.kind()
    }

    /// Whether the reader at the other end went away, which for a command in a pipe is no failure.
    pub fn is_broken_pipe(&self) -> bool {
        self.kind() == io::ErrorKind::BrokenPipe
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            place,
            action,
            source,
        } = &*self.0;
        write!(f, "{place}: {action}: {source}")
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

/// Two sinks on one batch. An outcome that the first refuses is not given to the second. What they were given before
/// both write out, though one of them fails; the first error is returned.
///
/// A failure log beside a [`Journal`] is in step with it whatever fails, if it is [rebuilt](Failures::rebuild) from it.
impl<T, A: Sink<T>, B: Sink<T>> Sink<T> for (A, B) {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.0.begin()?;
        self.1.begin()
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

/// A sink there may be.
impl<T, S: Sink<T>> Sink<T> for Option<S> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.as_mut().map_or(Ok(()), S::begin)
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

/// Any number of sinks on one batch, none among them. An outcome that one of them refuses is not given to those after
/// it. What they were given before all write out, though one of them fails; the first error is returned.
impl<T, S: Sink<T>> Sink<T> for Vec<S> {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.iter_mut().try_for_each(S::begin)
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
