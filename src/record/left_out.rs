//! Names of the parts of a request that a line leaves out, since they are secret or cannot be written.

use std::borrow::Cow;

use crate::request::Options;

/// Names that a line has under `redacted`, each one once.
#[derive(Default)]
pub(super) struct LeftOutNames<'a>(Vec<Cow<'a, str>>);

impl<'a> LeftOutNames<'a> {
    /// Adds a header.
    pub(super) fn add(&mut self, name: impl Into<Cow<'a, str>>) {
        let name = name.into();
        if !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    /// Adds a query parameter.
    pub(super) fn add_parameter(&mut self, name: &str) {
        self.add(format!("?{name}"));
    }

    /// Adds a value that a template puts into the request.
    pub(super) fn add_value(&mut self, name: &str) {
        self.add(format!("{{{name}}}"));
    }

    /// Adds the parts that were left out before, and that the request still needs.
    pub(super) fn add_needed(&mut self, options: &'a Options) {
        for name in &options.needs_headers {
            self.add(name.as_str());
        }
        for name in &options.needs_query {
            self.add_parameter(name);
        }
        for name in &options.needs_values {
            self.add_value(name);
        }
    }

    pub(super) fn into_names(self) -> Vec<Cow<'a, str>> {
        self.0
    }
}
