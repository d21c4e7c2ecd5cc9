//! Values of the caller's own types that travel with a request.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::Request;

/// Values by their types. Clones share the values.
pub(crate) type Extensions = Vec<(TypeId, Arc<dyn Any + Send + Sync>)>;

impl Request {
    /// Attaches a value of any type, which comes back with the outcome.
    ///
    /// [`Outcome::extension`](crate::Outcome::extension) returns it. There is one value of each type: a second of the
    /// same type takes the place of the first. Clones of the request share the value.
    ///
    /// The value stays in this program: unlike a [`tag`](Request::tag) it is in no record, and a run that is resumed
    /// does not have it.
    ///
    /// ```
    /// use haul::{Client, Request};
    /// use haul::testing::{Script, any, status};
    ///
    /// #[derive(Debug, PartialEq)]
    /// struct Row { line: usize, name: &'static str }
    ///
    /// let script = Script::new().on(any(), status(200));
    /// let client = Client::builder().transport(script).build()?;
    /// let request = Request::get("http://h/").extension(Row { line: 7, name: "pen" });
    /// let outcome = client.send(request);
    /// assert_eq!(outcome.extension::<Row>().map(|row| row.line), Some(7));
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    #[doc(alias = "meta")]
    #[doc(alias = "user_data")]
    pub fn extension<T: Any + Send + Sync>(mut self, value: T) -> Request {
        let extensions = self.options_mut().extensions.get_or_insert_default();
        extensions.retain(|(own, _)| *own != TypeId::of::<T>());
        extensions.push((TypeId::of::<T>(), Arc::new(value)));
        self
    }

    /// Returns the attached value of this type. `None`: there is none.
    pub fn extension_value<T: Any + Send + Sync>(&self) -> Option<&T> {
        let extensions = self.options()?.extensions.as_ref()?;
        let (_, value) = extensions
            .iter()
            .find(|(own, _)| *own == TypeId::of::<T>())?;
        value.downcast_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_type() {
        let request = Request::get("http://h/").extension(7_u8).extension("text");
        assert_eq!(request.extension_value::<u8>(), Some(&7));
        assert_eq!(request.extension_value::<&str>(), Some(&"text"));
        assert_eq!(request.extension_value::<u16>(), None);
    }

    #[test]
    fn a_second_value_of_a_type_replaces_the_first() {
        let request = Request::get("http://h/").extension(7_u8).extension(8_u8);
        assert_eq!(request.extension_value::<u8>(), Some(&8));
    }

    #[test]
    fn clones_share_the_value() {
        let request = Request::get("http://h/").extension(String::from("x"));
        let clone = request.clone();
        let (one, other) = (
            request.extension_value::<String>(),
            clone.extension_value::<String>(),
        );
        assert!(std::ptr::eq(one.unwrap(), other.unwrap()));
    }
}
