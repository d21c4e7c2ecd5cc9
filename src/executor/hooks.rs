//! Where the caller's hooks are called in an attempt.

use crate::hooks::Outgoing;
use crate::policy::{Finding, Judgement};
use crate::request::Request;
use crate::response::Response;

use super::attempt::Engine;
use super::failure::Failure;
use super::here;
use super::here::release_own;
use super::job::Progress;
use super::prepare::Settings;

impl Progress {
    /// Lets the caller's hook change the headers of a new attempt. False where the hook waited for something, and the
    /// permit was given back meanwhile: the attempt needs another.
    pub(super) fn sign(&mut self, engine: &Engine, request: &Request) -> bool {
        let Some(hook) = &engine.defaults.before_attempt else {
            return true;
        };
        if self.redirected || std::mem::take(&mut self.signed_ahead) {
            return true;
        }
        let held = here::holds();
        let mut headers = self.prepared.headers.clone();
        hook(&mut Outgoing {
            attempt: self.tally.attempts() + 1,
            method: &self.prepared.method,
            uri: &self.prepared.uri,
            headers: &mut headers,
            body: if self.prepared.with_body {
                request.body_bytes()
            } else {
                &[]
            },
            id: request.get_id(),
        });
        self.signed = Some(headers);
        self.signed_ahead = held && !here::holds();
        !self.signed_ahead
    }

    /// Asks the caller's hook, if there is one.
    pub(super) fn ask(
        &self,
        settings: Settings<'_>,
        request: &Request,
        failure: &Failure,
        response: Option<&Response>,
        failed: bool,
    ) -> Option<Judgement> {
        let hook = settings.retry().classify.as_ref()?;
        let error = failed.then(|| failure.error_without_response());
        release_own();
        hook(&Finding {
            method: &self.prepared.method,
            url: request.url(),
            id: request.get_id(),
            attempt: self.tally.attempts() + 1,
            status: response.map(Response::status),
            headers: response.map(Response::headers),
            body: response.map_or(&[], Response::bytes),
            error: error.as_ref(),
        })
    }
}
