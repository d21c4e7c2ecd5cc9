//! Calls that a core asks its threads to make, and the answers.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::fleet::engine::{
    BegunEntry, LeaseReply, LeasedEntry, ParkedEntry, Sequence, SettleReply, SettledEntry,
};

use super::EntryKey;

/// Next step of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NextCall<C> {
    /// The call is to be made now.
    Call(C),
    /// The core is to be asked again at this time, or when it has changed. `None`: when it has changed.
    Wait(Option<Instant>),
    /// The thread ends.
    Over,
}

/// Call of the beat thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BeatCall {
    pub(crate) lane: u32,
    pub(crate) generation: u32,
    pub(crate) worker: String,
    /// True if the worker leaves the lane. False: it tells that it lives.
    pub(crate) leaves: bool,
    pub(crate) join: bool,
    /// Time from which on the beat counts.
    pub(crate) sent: Instant,
}

/// Call of the lease thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeaseCall {
    pub(crate) lane: u32,
    pub(crate) generation: u32,
    pub(crate) worker: String,
    pub(crate) step: LeaseStep,
    pub(crate) sent: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeaseStep {
    /// `early`: number of entries that were put aside and are taken before their time.
    Lease {
        most: usize,
        early: usize,
    },
    Reclaim {
        most: usize,
    },
    /// `known`: entries that the worker knew when the call was decided.
    Held {
        known: BTreeSet<Sequence>,
    },
    /// Number of entries in the lane, from its figures.
    Count,
}

/// Answer to a call of the lease thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeaseAnswer {
    Leased(LeaseReply),
    Held(Vec<LeasedEntry>),
    Count(u64),
}

/// Call of the begin thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BeginCall {
    pub(crate) lane: u32,
    pub(crate) generation: u32,
    pub(crate) worker: String,
    pub(crate) entries: Vec<BegunEntry>,
    /// Keys of the entries, in the same order.
    pub(crate) keys: Vec<EntryKey>,
    pub(crate) sent: Instant,
}

/// Call of the settle thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettleCall {
    pub(crate) lane: u32,
    pub(crate) generation: u32,
    pub(crate) worker: String,
    pub(crate) step: SettleStep,
    /// True if an earlier call for some of the entries has no answer: it may have been carried out.
    pub(crate) is_repeated: bool,
    pub(crate) sent: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SettleStep {
    Settle(Vec<SettledEntry>),
    /// `number`: higher than that of each call before.
    Park {
        number: u64,
        entries: Vec<ParkedEntry>,
    },
}

/// Answer to a call of the settle thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SettleAnswer {
    Settled(SettleReply),
    Parked(Vec<bool>),
}
