//! Values of the caller's own types that came with the request.

use std::any::Any;

use super::Outcome;

impl<T> Outcome<T> {
    /// Returns the value of this type that was attached to the request, as
    /// [`Request::extension`](crate::Request::extension) says. `None`: there is none.
    pub fn extension<V: Any + Send + Sync>(&self) -> Option<&V> {
        self.request.extension_value()
    }
}
