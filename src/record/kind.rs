//! State of an outcome in a record.

use serde::{Deserialize, Serialize};

/// State of an outcome in a record. Exhaustive: a fourth state would be another version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)]
pub enum Kind {
    /// The exchange worked and the response was accepted.
    Success,
    /// The exchange worked and the application rejected the response.
    Rejected,
    /// No usable response.
    Failed,
}

impl Kind {
    /// Returns the name in a record.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Success => "success",
            Kind::Rejected => "rejected",
            Kind::Failed => "failed",
        }
    }
}
