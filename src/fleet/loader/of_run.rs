//! Loading, as a run offers it.

use std::path::{Path, PathBuf};

use super::super::error::FleetError;
use super::super::run::Run;
use super::Loaded;
use super::course::{self, LoadPart};
use super::lines::{LinesApart, OwnLines};
use super::missing::LeftOut;
use crate::request::Request;

impl Run {
    /// Loads requests into the queue, and marks the end of the input.
    ///
    /// It waits while the queue is full. A call that was interrupted goes on where it ended: it is given the same
    /// requests from the first one on, and leaves out those that are loaded. A second caller takes the place of the
    /// first, which ends with an error, once its requests are known to be those that were loaded.
    ///
    /// The caller reads the requests: while it waits for one, it loads none of those before. For a slow input see
    /// [`load_with`](Run::load_with).
    ///
    /// # Errors
    /// [`OtherInput`](super::super::FleetErrorKind::OtherInput) if the first requests are not those that were loaded
    /// before; [`Usage`](super::super::FleetErrorKind::Usage) if another caller took over; [`Away`](super::super::FleetErrorKind::Away) if the server
    /// does not answer for ten minutes, or answers for as long that it is not ready;
    /// [`Cancelled`](super::super::FleetErrorKind::Cancelled).
    pub fn load<R>(&self, requests: R) -> Result<Loaded, FleetError>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
    {
        let mut requests = Some(requests);
        let open = || {
            let requests = requests.take().map(IntoIterator::into_iter);
            Ok(requests.map(|requests| OwnLines(requests.map(Into::into))))
        };
        course::load(self, open, LoadPart::Whole, || false)
    }

    /// Loads requests like [`load`](Run::load), until `stop` returns true, which is asked before each step.
    ///
    /// A thread of its own reads the requests, so that an input may be slow: each request is loaded about a second after it
    /// was read, at the latest.
    ///
    /// `open` opens the input. It is called again if the server lost requests that were loaded, as after a loss of power:
    /// what the server still has is left out. `None`: the input cannot be read again.
    ///
    /// # Errors
    /// As [`load`](Run::load); [`Lost`](super::super::FleetErrorKind::Lost) if the input is to be read again and cannot be.
    pub fn load_with<R>(
        &self,
        mut open: impl FnMut() -> Option<R>,
        stop: impl FnMut() -> bool,
    ) -> Result<Loaded, FleetError>
    where
        R: IntoIterator<IntoIter: Send + 'static>,
        R::Item: Into<Request>,
    {
        let open = || open().map(read_apart).transpose();
        course::load(self, open, LoadPart::Whole, stop)
    }

    /// Loads those of the requests that have no outcome in files of results.
    ///
    /// The run must be over, and its results collected. The files are read when that is known. The requests are read as
    /// by [`load_with`](Run::load_with), and the keys of all results are held in memory meanwhile. They are those that were
    /// loaded before, from the first one on, and are verified to be so before any is loaded: `open` is called a second time
    /// if more than a hundred thousand are to be loaded.
    ///
    /// A call that was interrupted goes on where it ended, given the same requests and files as they were then, also while
    /// requests are queued. Until then [`load`](Run::load) is refused. With other files a new load begins, once the requests
    /// of the interrupted one have ended, and their outcomes are in the files.
    ///
    /// # Errors
    /// As [`load_with`](Run::load_with); also [`Usage`](super::super::FleetErrorKind::Usage) if requests are queued, results
    /// wait to be collected, a file cannot be read or is no file of results, or none of the outcomes is one of these requests
    /// although the run has collected some.
    pub fn load_missing<R, P>(
        &self,
        open: impl FnMut() -> Option<R>,
        results: &[P],
        stop: impl FnMut() -> bool,
    ) -> Result<Loaded, FleetError>
    where
        R: IntoIterator<IntoIter: Send + 'static>,
        R::Item: Into<Request>,
        P: AsRef<Path>,
    {
        self.load_part(open, results, LeftOut::Recorded, stop)
    }

    /// Loads those of the requests that have no successful outcome in files of results.
    ///
    /// Works as [`load_missing`](Run::load_missing), and also loads requests whose outcome is no success. Their
    /// new outcomes take the place of the old ones (`supersedes`).
    ///
    /// # Errors
    /// As [`load_missing`](Run::load_missing).
    pub fn load_unsuccessful<R, P>(
        &self,
        open: impl FnMut() -> Option<R>,
        results: &[P],
        stop: impl FnMut() -> bool,
    ) -> Result<Loaded, FleetError>
    where
        R: IntoIterator<IntoIter: Send + 'static>,
        R::Item: Into<Request>,
        P: AsRef<Path>,
    {
        self.load_part(open, results, LeftOut::Successful, stop)
    }

    fn load_part<R, P>(
        &self,
        mut open: impl FnMut() -> Option<R>,
        results: &[P],
        left_out: LeftOut,
        stop: impl FnMut() -> bool,
    ) -> Result<Loaded, FleetError>
    where
        R: IntoIterator<IntoIter: Send + 'static>,
        R::Item: Into<Request>,
        P: AsRef<Path>,
    {
        let results = results.iter().map(|path| path.as_ref().to_owned());
        let results = results.collect::<Vec<PathBuf>>();
        let part = LoadPart::Missing { results, left_out };
        let open = || open().map(read_apart).transpose();
        course::load(self, open, part, stop)
    }
}

/// Begins to read requests.
fn read_apart<R>(requests: R) -> Result<LinesApart, FleetError>
where
    R: IntoIterator<IntoIter: Send + 'static>,
    R::Item: Into<Request>,
{
    let lines = LinesApart::read(requests.into_iter());
    lines.map_err(|error| FleetError::usage(format!("no thread to read the input: {error}")))
}
