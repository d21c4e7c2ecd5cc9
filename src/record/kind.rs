//! The state of an outcome in a record.

use serde::{Deserialize, Serialize};

/// The state of an outcome on the wire. Exhaustive: a fourth state would be another version of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)]
pub enum Kind {
    /// The exchange worked and the answer is what was asked for.
    Success,
    /// The exchange worked and the application said no.
    Rejected,
    /// No usable answer.
    Failed,
}

impl Kind {
    /// The name on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::Success => "success",
            Kind::Rejected => "rejected",
            Kind::Failed => "failed",
        }
    }
}
