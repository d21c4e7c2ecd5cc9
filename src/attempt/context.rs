//! Values that every step of an attempt needs.

use crate::host::Host;
use crate::request::Request;

use super::engine::Engine;
use super::scope::Scope;
use super::settings::Settings;

/// Request of an attempt, its settings, and the attempt's surroundings.
#[derive(Clone, Copy)]
pub(super) struct AttemptContext<'a> {
    pub(super) engine: &'a Engine,
    pub(super) settings: Settings<'a>,
    pub(super) request: &'a Request,
    /// Host of the exchange. `None`: the request is not fit to be sent.
    pub(super) host: Option<&'a Host>,
    pub(super) scope: Scope<'a>,
}
