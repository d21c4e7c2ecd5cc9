//! Steps of an attempt for digest authentication: a 401 with a challenge is answered within the same attempt, and later
//! requests to the host answer with the same nonce at once.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

use super::context::AttemptContext;
use super::digest_auth::{DigestAnswer, DigestChallenge, next_nonce, unmet};
use super::next::AttemptEnd;
use super::stage::Stage;
use super::state::AttemptState;
use crate::transport::Reply;

/// Upper bound for the answers in a row that a server may call stale. Servers that want counts in order refuse some of
/// the answers that workers give at once with one nonce.
const MOST_STALE: u8 = 3;

impl AttemptState {
    /// Returns the `Authorization` of the next exchange. `None`: no session with the host is known, or the headers have
    /// one already.
    pub(super) fn digest_answer(&mut self, context: AttemptContext<'_>) -> Option<HeaderValue> {
        let login = self.prepared.digest.as_deref_mut()?;
        let headers = self.signed.as_deref().unwrap_or(&self.prepared.headers);
        if headers.contains_key(AUTHORIZATION) {
            login.answer = DigestAnswer::OfHook;
            return None;
        }
        if !matches!(login.answer, DigestAnswer::Fresh(..)) {
            let key = (context.host?.clone(), Arc::clone(&login.credentials));
            login.answer = match context.engine.digest_sessions.of(&key) {
                Some(session) => DigestAnswer::Kept(session),
                None => DigestAnswer::None,
            };
        }
        let (DigestAnswer::Kept(session) | DigestAnswer::Fresh(session, _)) = &login.answer else {
            return None;
        };
        let target = self.prepared.url.path_and_query();
        let answer = session.answer(&self.prepared.method, target);
        if answer.is_none() {
            login.answer = DigestAnswer::None;
        }
        answer
    }

    /// Returns the reason why the last response, a 401, has no challenge that can be answered.
    pub(super) fn unmet_challenge(&self) -> Option<&str> {
        self.prepared.digest.as_deref()?.unmet.as_deref()
    }

    /// Answers the challenge of a 401 by another exchange. `None`: the response stands. A session that has led to
    /// another status is kept for later requests.
    pub(super) fn meet_challenge(
        &mut self,
        context: AttemptContext<'_>,
        reply: &Reply,
    ) -> Option<AttemptEnd> {
        let login = self.prepared.digest.as_deref_mut()?;
        let host = context.host?.clone();
        let key = (host.clone(), Arc::clone(&login.credentials));
        let sessions = &context.engine.digest_sessions;
        let answer = std::mem::replace(&mut login.answer, DigestAnswer::None);
        login.unmet = None;
        if reply.status != 401 {
            let told = reply.headers.get("authentication-info");
            let next = told.and_then(|told| next_nonce(told.as_bytes()));
            match (answer, next) {
                (DigestAnswer::Fresh(session, _) | DigestAnswer::Kept(session), Some(next)) => {
                    sessions.keep(key, Arc::new(session.with_nonce(next)));
                }
                (DigestAnswer::Fresh(session, _), None) => sessions.keep(key, session),
                (DigestAnswer::Kept(_) | DigestAnswer::None | DigestAnswer::OfHook, _) => {}
            }
            return None;
        }
        let values = reply.headers.get_all(WWW_AUTHENTICATE);
        let challenge = DigestChallenge::strongest(values.iter().map(HeaderValue::as_bytes));
        if let DigestAnswer::Kept(session) = &answer {
            sessions.forget(&key, session);
        }
        let Some(challenge) = challenge else {
            if matches!(answer, DigestAnswer::None | DigestAnswer::Kept(_)) {
                login.unmet = Some(unmet(values.iter().map(HeaderValue::as_bytes)));
            }
            return None;
        };
        let stale = match answer {
            DigestAnswer::None | DigestAnswer::Kept(_) => 0,
            DigestAnswer::Fresh(session, stale)
                if challenge.stale && stale < MOST_STALE && session.is_renewed_by(&challenge) =>
            {
                stale + 1
            }
            DigestAnswer::Fresh(..) | DigestAnswer::OfHook => return None,
        };
        if self.prepared.with_body && !context.settings.body().is_replayable() {
            return None;
        }
        let session = sessions.for_challenge(&key, challenge);
        login.answer = DigestAnswer::Fresh(session, stale);
        self.stage = Stage::Redirect;
        Some(AttemptEnd::Redirect {
            host,
            delay: Duration::ZERO,
        })
    }
}
