//! What can be wrong with a client's settings.

/// A client cannot be built as asked: names the setting and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct BuildError {
    pub(super) setting: &'static str,
    pub(super) reason: String,
}

impl BuildError {
    /// The setting that is wrong, by the name of its method.
    pub fn setting(&self) -> &str {
        self.setting
    }

    /// Says what is wrong with the setting.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
