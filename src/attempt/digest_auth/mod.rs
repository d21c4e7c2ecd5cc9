//! Digest authentication (RFC 7616): challenges, the answers to them, and the nonces that workers share.

mod algorithm;
mod challenge;
mod kept;
mod next_nonce;
mod session;
mod unmet;

use std::sync::Arc;

pub(super) use self::challenge::DigestChallenge;
pub(crate) use self::kept::DigestSessions;
pub(super) use self::next_nonce::next_nonce;
pub(super) use self::session::DigestSession;
pub(super) use self::unmet::unmet;
use crate::settings::DigestCredentials;

/// Digest authentication of a request.
#[derive(Clone)]
pub(super) struct DigestLogin {
    pub(super) credentials: Arc<DigestCredentials>,
    pub(super) answer: DigestAnswer,
    /// Reason why the last 401 has no challenge that can be answered. `None`: it has one, or there was none.
    pub(super) unmet: Option<String>,
}

/// Answer that the last exchange carried.
#[derive(Clone)]
pub(super) enum DigestAnswer {
    /// No answer: no session with the host was known.
    None,
    /// `Authorization` of the caller's hook, whose refusal is final.
    OfHook,
    /// Answer with a session that earlier requests have used.
    Kept(Arc<DigestSession>),
    /// Answer to a challenge of this request, after this many stale ones.
    Fresh(Arc<DigestSession>, u8),
}

impl DigestLogin {
    pub(super) fn new(credentials: Arc<DigestCredentials>) -> DigestLogin {
        DigestLogin {
            credentials,
            answer: DigestAnswer::None,
            unmet: None,
        }
    }
}
