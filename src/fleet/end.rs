//! Reasons for which workers and collectors end.

/// Reason for which a worker or a collector of a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetEnd {
    /// Each request of the run has its outcome; for a collector, each outcome is in a file too.
    Complete,
    /// The run was cancelled.
    Cancelled,
    /// The program told it to stop.
    #[default]
    Stopped,
}
