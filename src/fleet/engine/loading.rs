//! Answers to loaders, and bounds of what they load.

use super::Sequence;

/// Answer to [`FleetEngine::load`](super::FleetEngine::load).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoadReply {
    /// All entries are in the queue.
    Loaded,
    /// No entry was added, since the lane is full.
    Full,
    /// No entry was added, since a newer loader is at work.
    OtherLoader,
    /// No entry was added, since the run is cancelled.
    Cancelled,
    /// No entry was added, since the last entry of the lane is another: `last`.
    Conflict { last: Sequence },
}

/// Answer to [`FleetEngine::finish_loading`](super::FleetEngine::finish_loading).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FinishReply {
    /// The run is loaded.
    Finished,
    /// The run is not loaded, since a newer loader is at work. Lanes that were marked as loaded before it began are marked
    /// anew as it begins.
    OtherLoader,
    /// The run is not loaded, since it is cancelled, as far as its lanes were not marked before: they become cancelled
    /// all the same.
    Cancelled,
}

/// Bounds of a lane's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueBounds {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}
