//! What is called in an attempt beside the transport: the caller's hooks, and a journal.

use crate::error::{Error, ErrorType, StopReason};
use crate::request::Request;
use crate::response::Response;
use crate::settings::Outgoing;
use crate::settings::{Finding, Judgement};

use super::engine::Engine;
use super::failure::Failure;
use super::settings::Settings;
use crate::executor::current_worker;
use crate::executor::current_worker::release_own;
use crate::executor::job::Progress;

impl Progress {
    /// Lets the caller's hook change the headers of a new attempt. False where the hook waited for something, and the
    /// permit was given back meanwhile: the attempt needs another. The error is the hook's.
    pub(crate) fn sign(&mut self, engine: &Engine, request: &Request) -> Result<bool, Error> {
        let Some(hook) = &engine.defaults.before_attempt else {
            return Ok(true);
        };
        if self.redirected || std::mem::take(&mut self.signed_ahead) {
            return Ok(true);
        }
        let held = current_worker::holds();
        let mut headers = (*self.prepared.headers).clone();
        let signed = hook(&mut Outgoing {
            attempt: self.tally.attempts() + 1,
            method: &self.prepared.method,
            uri: self.prepared.uri(),
            headers: &mut headers,
            body: if self.prepared.with_body {
                request.body_bytes()
            } else {
                &[]
            },
            id: request.get_id(),
            redaction: request.redaction(),
        });
        signed.map_err(|error| {
            Error::new(ErrorType::Sign, error.to_string())
                .because(Some(error))
                .stopped(StopReason::NotRetryable)
        })?;
        // The hook may not have looked where an attempt after a redirect goes.
        self.dropped.take_off(&mut headers, request.redaction());
        self.signed = Some(Box::new(headers));
        self.signed_ahead = held && !current_worker::holds();
        Ok(!self.signed_ahead)
    }

    /// Writes down that a request which must not be repeated is about to be sent, once for all its attempts. Where that
    /// cannot be done, it is not sent.
    pub(crate) fn announce(&mut self, request: &Request) -> Result<(), Error> {
        if self.announced || self.prepared.repeatable || self.prepared.method.is_idempotent() {
            return Ok(());
        }
        let intents = request.resumed().and_then(|r| r.intents.as_ref());
        if let Some(intents) = intents {
            intents.announce(request).map_err(|e| {
                Error::new(
                    ErrorType::Io,
                    format!("not sent, since that could not be written down first: {e}"),
                )
                .stopped(StopReason::NotRetryable)
                .because(Some(Box::new(e)))
            })?;
        }
        self.announced = true;
        Ok(())
    }

    /// Asks the caller's hook, if there is one.
    pub(crate) fn ask(
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
