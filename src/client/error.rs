//! Errors in a client's settings.

/// Error of a client that cannot be built as asked: names the setting and says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct BuildError {
    pub(super) setting: &'static str,
    pub(super) reason: String,
}

impl BuildError {
    /// Returns the name of the method that made the wrong setting.
    pub fn setting(&self) -> &str {
        self.setting
    }

    /// Returns the reason why the setting is wrong.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
