//! Limits of a run as an engine tells them: slots of rates, hosts that are left alone.

use std::time::Duration;

/// Answer to [`FleetEngine::permit`](super::FleetEngine::permit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PermitReply {
    /// All slots that were asked for: the first after this time, each further one an interval later.
    Granted(Duration),
    /// Only this number of slots, the first after this time: more would exceed the rate for a longer window.
    Fewer(Duration, u32),
    /// Slot for one request, at once: the request that shows whether a host that rested answers again. See
    /// [`FleetEngine::probe`](super::FleetEngine::probe).
    Probe,
    /// No slot, since the first one would come too late: to be asked again after this time.
    Later(Duration),
    /// No slot, since the host rests for this time.
    Rests(Duration),
}

/// Slots of a rate that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PermitCall {
    /// Time from one start to the next. Zero: starts are not paced.
    pub(crate) interval: Duration,
    /// Time by which starts may come early: the burst, less one, times the interval.
    pub(crate) tolerance: Duration,
    /// Number of slots, at least 1.
    pub(crate) count: u32,
    /// Longest time to the first slot.
    pub(crate) longest_wait: Duration,
    /// Rates for longer windows, which hold at the same time.
    pub(crate) windows: Vec<SlotWindow>,
}

/// Largest number of slots in any time of a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotWindow {
    pub(crate) length: Duration,
    pub(crate) most: u32,
}

/// Reason for which workers leave a host alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostWait {
    /// A pause, for which its server asked.
    Asked,
    /// A rest, since its calls fail.
    Failing,
}

/// Host that workers leave alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedWait {
    pub(crate) host: String,
    pub(crate) reason: HostWait,
    pub(crate) left: Duration,
}
