//! Facts and figures of a run.

use std::time::Duration;

use super::Sequence;

/// Upper bound for the number of lanes: a step that concerns a whole run takes a call for each of them.
pub(crate) const MOST_LANES: u32 = 1024;

/// Settings of a new run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewRun {
    /// Random text by which the run differs from others of its name.
    pub(crate) id: String,
    /// Options of the run, in a form of the callers' own.
    pub(crate) settings: String,
    pub(crate) lanes: u32,
    pub(crate) lease: Duration,
}

/// State of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RunState {
    #[default]
    Running,
    /// No entry is leased until the run is resumed.
    Paused,
    /// No entry is leased any more.
    Cancelled,
    /// All of the input is loaded: the run is over as soon as the queue is empty.
    Loaded,
}

impl RunState {
    /// Returns the state that is set, however much of the input is loaded.
    pub(crate) fn without_end(self) -> RunState {
        match self {
            RunState::Loaded => RunState::Running,
            state => state,
        }
    }
}

/// Facts of a run that all its workers share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunFacts {
    /// Text by which the run differs from others of its name. Empty: it was created without one.
    pub(crate) id: String,
    pub(crate) settings: String,
    pub(crate) lanes: u32,
    pub(crate) lease: Duration,
    pub(crate) state: RunState,
    /// True once all of the input is loaded, also while the run is paused.
    pub(crate) is_loaded: bool,
    /// True once a loader has read its input to the end.
    pub(crate) is_input_read: bool,
    /// Number of lines of the input that are loaded or were about to be, and the digest over their keys.
    pub(crate) position: u64,
    pub(crate) digest: String,
    /// Note of the last later load.
    pub(crate) later: LaterNote,
    /// Number of loaders that have begun.
    pub(crate) loaders: u64,
}

/// Note of a later load: of lines that an input had already, and whose outcomes are missing or are to be replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaterNote {
    /// Number of lines of the input that were read. 0: there was no such load.
    pub(crate) position: u64,
    /// Facts by which its loaders know it, in a form of their own.
    pub(crate) text: String,
    /// True if the run was marked as loaded since.
    pub(crate) is_over: bool,
}

impl LaterNote {
    /// True if the load has begun and has not come to its end.
    pub(crate) fn is_under_way(&self) -> bool {
        self.position > 0 && !self.is_over
    }
}

/// Figures of a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaneFigures {
    /// State of the lane: that of the run, unless a step that set it was interrupted or is under way.
    pub(crate) state: RunState,
    /// Number of the last entry that was loaded, 0 if there is none, and of all entries that were loaded.
    pub(crate) last: Sequence,
    pub(crate) loaded: u64,
    /// Entries of the queue: all, those that are leased, those that are parked.
    pub(crate) entries: u64,
    pub(crate) leased: u64,
    pub(crate) parked: u64,
    /// Results that wait to be collected.
    pub(crate) results: u64,
    /// Counts of all entries that were settled.
    pub(crate) success: u64,
    pub(crate) rejected: u64,
    pub(crate) failed: u64,
    pub(crate) given_up: u64,
    pub(crate) stale: u64,
    pub(crate) reclaimed: u64,
    pub(crate) collected: u64,
    pub(crate) queued_bytes: u64,
    pub(crate) result_bytes: u64,
    /// Members in the order of their names: name, time since the last beat.
    pub(crate) workers: Vec<(String, Duration)>,
}
