//! Errors of an engine.

/// Error of the way to an engine that is the reason of its own error.
pub(crate) type ErrorCause = Box<dyn std::error::Error + Send + Sync>;

/// Error of an engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EngineError {
    /// The run does not exist (any more).
    #[error("there is no such run")]
    NoRun,
    /// The run was removed, and another one has its name.
    #[error("the run was removed and created again")]
    OtherRun,
    /// No answer came: the step was carried out, or not.
    #[error("{0}")]
    Away(String),
    /// The server refused the step, which was not carried out. It may accept it later.
    #[error("{0}")]
    Busy(String),
    /// The server refuses the step, and will refuse it again.
    #[error("{0}")]
    Refused(String),
}
