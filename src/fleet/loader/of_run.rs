//! Loading, as a run offers it.

use std::path::Path;

use super::super::error::FleetError;
use super::super::run::Run;
use super::missing::LeftOut;
use super::{KnownOutcomes, LoadPart, Loaded};
use crate::request::Request;

impl Run {
    /// Loads requests into the queue, and marks the end of the input.
    ///
    /// It waits while the queue is full. A call that was interrupted goes on where it ended: it is given the same
    /// requests from the first one on, and leaves out those that are loaded. A second caller takes the place of the
    /// first, which ends with an error.
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
        self.load_with(|| requests.take(), || false)
    }

    /// Loads requests like [`load`](Run::load), until `stop` returns true, which is asked before each step.
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
        R: IntoIterator,
        R::Item: Into<Request>,
    {
        let open = || open().map(|requests| requests.into_iter().map(Into::into));
        super::load(self, open, LoadPart::Whole, stop)
    }

    /// Loads those of the requests that have no outcome in files of results.
    ///
    /// The run must be over, and its results collected.
    ///
    /// The keys of all results are held in memory meanwhile.
    ///
    /// # Errors
    /// As [`load`](Run::load); also [`Usage`](super::super::FleetErrorKind::Usage) if requests are queued, results wait to be
    /// collected, or a file cannot be read.
    pub fn load_missing<R, P>(
        &self,
        requests: R,
        results: &[P],
        stop: impl FnMut() -> bool,
    ) -> Result<Loaded, FleetError>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
        P: AsRef<Path>,
    {
        self.load_part(requests, results, LeftOut::Recorded, stop)
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
        requests: R,
        results: &[P],
        stop: impl FnMut() -> bool,
    ) -> Result<Loaded, FleetError>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
        P: AsRef<Path>,
    {
        self.load_part(requests, results, LeftOut::Successful, stop)
    }

    fn load_part<R, P>(
        &self,
        requests: R,
        results: &[P],
        left_out: LeftOut,
        stop: impl FnMut() -> bool,
    ) -> Result<Loaded, FleetError>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
        P: AsRef<Path>,
    {
        let known = KnownOutcomes::read(results)?;
        let mut requests = Some(requests.into_iter().map(Into::into));
        let part = LoadPart::Missing { known, left_out };
        super::load(self, || requests.take(), part, stop)
    }
}
