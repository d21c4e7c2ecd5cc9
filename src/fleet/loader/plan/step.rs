//! Steps of a loader, and its ends.

use std::time::Duration;

use crate::fleet::engine::{Entry, RunFacts, Sequence};

/// Next step of a loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoadStep {
    /// The next line of the input is to be handed in, or its end.
    Read,
    /// The input is to be read again from its first line on, after data of the engine were lost.
    Rewind,
    /// The loader is to become the newest one, if the run is still as these facts say.
    Begin(RunFacts),
    /// The facts of the run are to be read again, since they are others than before.
    Look,
    Load {
        lane: u32,
        expected_last: Sequence,
        entries: Vec<Entry>,
    },
    /// The memory of the engine's server is to be looked at.
    Weigh,
    /// The lanes are full, or the memory: the loader waits, looks at the state of the run, and goes on.
    Wait(Duration),
    Note {
        position: u64,
        digest: String,
        is_end: bool,
    },
    /// A later load is to be noted with so many lines of the input, and the digest over their keys.
    NoteLater {
        position: u64,
        digest: String,
    },
    /// The entries that were loaded are to be made durable, or to be given the time that this takes.
    Secure,
    /// Number of the last entry in a lane, from its figures.
    Check {
        lane: u32,
    },
    /// The state of the run becomes `Loaded`.
    Finish,
    Over(LoadEnd),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadEnd {
    Done,
    /// A newer loader is at work.
    OtherLoader,
    /// The input is not the one that was loaded.
    OtherInput,
    /// A later load of the run is not finished.
    LaterUnfinished,
    Cancelled,
}
