//! Values that every step of an attempt needs.

use std::sync::Arc;

use crate::host::Host;
use crate::request::Request;
use crate::transport::Transport;

use super::digest_auth::DigestSessions;
use super::scope::AttemptScope;
use super::settings::{ClientDefaults, RequestSettings};
use super::token_store::TokenStore;

/// Transport and defaults that attempts are made with.
pub(crate) struct Engine {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) defaults: ClientDefaults,
    /// Nonces of servers that ask for digest authentication.
    pub(crate) digest_sessions: DigestSessions,
    /// Present tokens of the sources that the defaults name.
    pub(crate) tokens: TokenStore,
}

/// Request of an attempt, its settings, and the attempt's surroundings.
#[derive(Clone, Copy)]
pub(super) struct AttemptContext<'a> {
    pub(super) engine: &'a Engine,
    pub(super) settings: RequestSettings<'a>,
    pub(super) request: &'a Request,
    /// Host of the exchange. `None`: the request is not fit to be sent.
    pub(super) host: Option<&'a Host>,
    pub(super) scope: AttemptScope<'a>,
}
