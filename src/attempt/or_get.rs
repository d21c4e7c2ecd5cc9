//! HEAD that a server refuses, asked again by GET.

use std::time::Duration;

use http::Method;

use crate::transport::Reply;

use super::context::AttemptContext;
use super::next::AttemptEnd;
use super::stage::Stage;
use super::state::AttemptState;

impl AttemptState {
    /// Turns a HEAD that the server refuses into a GET, if the request wants that. The GET is no further attempt, but
    /// has the time of a whole one and is signed anew. `None`: the response stands.
    pub(super) fn by_get(
        &mut self,
        context: AttemptContext<'_>,
        reply: &Reply,
    ) -> Option<AttemptEnd> {
        let refused = matches!(reply.status, 403 | 404 | 405 | 501);
        let is_head = refused && self.prepared.method == Method::HEAD;
        if !is_head || !context.settings.or_get() {
            return None;
        }
        let host = self.prepared.url.host()?;
        self.prepared.method = Method::GET;
        self.report.rare_mut().method = Some(Method::GET);
        self.stage = Stage::NewAttempt;
        Some(AttemptEnd::Redirect {
            host,
            delay: Duration::ZERO,
        })
    }
}
