//! Origin of a request that was added because of another request's outcome.

use super::Outcome;

/// Origin of a request that a closure of [`Client::follow`](crate::Client::follow) added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// Number of outcomes that led to the request, from 1.
    pub(crate) depth: u32,
    /// Index of the request whose outcome led to this one.
    pub(crate) parent: u64,
}

impl<T> Outcome<T> {
    /// Number of outcomes that led to the request, one after the other.
    ///
    /// In a batch of [`Client::follow`](crate::Client::follow) seeds have depth 0; in other batches all requests do.
    pub fn depth(&self) -> u32 {
        self.report
            .rare()
            .lineage
            .map_or(0, |lineage| lineage.depth)
    }

    /// Returns the [`index`](Outcome::index) of the request whose outcome led to this one.
    ///
    /// `None`: the request is a seed of a batch of [`Client::follow`](crate::Client::follow), or of another kind of
    /// batch.
    pub fn parent(&self) -> Option<u64> {
        self.report.rare().lineage.map(|lineage| lineage.parent)
    }

    /// Sets the origin of the request. `None`: it has none.
    pub(crate) fn set_lineage(&mut self, lineage: Option<Lineage>) {
        if lineage.is_some() {
            self.report.rare_mut().lineage = lineage;
        }
    }
}
