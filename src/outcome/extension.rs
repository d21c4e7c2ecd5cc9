//! Values of the caller's own types that came with the request.

use std::any::Any;

use super::Outcome;

impl<T> Outcome<T> {
    /// Returns the value of this type that was attached to the request. `None`: there is none.
    ///
    /// [`Request::extension`](crate::Request::extension) attaches it.
    pub fn extension<V: Any + Send + Sync>(&self) -> Option<&V> {
        self.request.extension_value()
    }
}
