//! Sessions that workers share, one for each host and credentials.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::challenge::DigestChallenge;
use super::session::DigestSession;
use crate::host::Host;
use crate::settings::DigestCredentials;

/// Upper bound for the sessions that are kept. A host whose session is dropped has one challenge more.
const MOST: usize = 4096;

/// Sessions whose nonces are used again.
#[derive(Default)]
pub(crate) struct DigestSessions {
    kept: Mutex<HashMap<SessionKey, Arc<DigestSession>>>,
    /// The session of each host's last challenge, while a request uses it: requests that are challenged at the same time
    /// with one nonce take turns at its count.
    challenged: Mutex<HashMap<SessionKey, Weak<DigestSession>>>,
}

/// Host, and the credentials that it knows the session by.
type SessionKey = (Host, Arc<DigestCredentials>);

impl DigestSessions {
    pub(in crate::attempt) fn of(&self, key: &SessionKey) -> Option<Arc<DigestSession>> {
        self.lock().get(key).map(Arc::clone)
    }

    /// Returns the session that answers a challenge: one with this nonce that other requests use, or else a new one.
    pub(in crate::attempt) fn for_challenge(
        &self,
        key: &SessionKey,
        challenge: DigestChallenge,
    ) -> Arc<DigestSession> {
        let mut challenged = self
            .challenged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = challenged.get(key).and_then(Weak::upgrade);
        if let Some(known) = known.filter(|known| !known.is_renewed_by(&challenge)) {
            return known;
        }
        if challenged.len() >= MOST {
            challenged.retain(|_, session| session.strong_count() > 0);
        }
        let session = Arc::new(DigestSession::new(challenge, &key.1));
        if challenged.len() < MOST {
            challenged.insert(key.clone(), Arc::downgrade(&session));
        }
        session
    }

    /// Keeps a session in place of an earlier one with this key.
    pub(in crate::attempt) fn keep(&self, key: SessionKey, session: Arc<DigestSession>) {
        let mut kept = self.lock();
        if kept.len() >= MOST && !kept.contains_key(&key) {
            let any = kept.keys().next().cloned();
            any.and_then(|any| kept.remove(&any));
        }
        kept.insert(key, session);
    }

    /// Drops a session that the host does not accept any more, unless another has replaced it.
    pub(in crate::attempt) fn forget(&self, key: &SessionKey, session: &Arc<DigestSession>) {
        let mut kept = self.lock();
        if kept
            .get(key)
            .is_some_and(|other| Arc::ptr_eq(other, session))
        {
            kept.remove(key);
        }
    }

    /// Returns the sessions. A thread that panicked has left them whole, since each change is one call.
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, Arc<DigestSession>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(credentials: &DigestCredentials) -> Arc<DigestSession> {
        let challenge = br#"Digest realm="r", nonce="n""#.as_slice();
        let challenge = DigestChallenge::strongest([challenge].into_iter()).unwrap();
        Arc::new(DigestSession::new(challenge, credentials))
    }

    fn key(port: usize, credentials: &Arc<DigestCredentials>) -> SessionKey {
        let url = format!("http://h:{}/", port + 1).parse().unwrap();
        (Host::of(&url).unwrap(), Arc::clone(credentials))
    }

    #[test]
    fn sessions_are_bounded_whatever_the_number_of_hosts() {
        let credentials = Arc::new(DigestCredentials::new("u", "p").unwrap());
        let (sessions, session) = (DigestSessions::default(), session(&credentials));
        for port in 0..MOST + 10 {
            sessions.keep(key(port, &credentials), Arc::clone(&session));
        }
        assert_eq!(sessions.lock().len(), MOST);
        assert!(sessions.of(&key(MOST + 9, &credentials)).is_some());
    }

    #[test]
    fn equal_credentials_share_a_session_and_others_do_not() {
        let made = |user| Arc::new(DigestCredentials::new(user, "p").unwrap());
        let sessions = DigestSessions::default();
        sessions.keep(key(1, &made("u")), session(&made("u")));
        assert!(sessions.of(&key(1, &made("u"))).is_some());
        assert!(sessions.of(&key(1, &made("v"))).is_none());
        assert!(sessions.of(&key(2, &made("u"))).is_none());
    }

    #[test]
    fn challenges_with_one_nonce_share_a_session_while_it_is_used() {
        let credentials = Arc::new(DigestCredentials::new("u", "p").unwrap());
        let (sessions, key) = (DigestSessions::default(), key(1, &credentials));
        let challenge = |nonce: &str| {
            let text = format!("Digest realm=\"r\", qop=\"auth\", nonce=\"{nonce}\"");
            DigestChallenge::strongest([text.as_bytes()].into_iter()).unwrap()
        };
        let first = sessions.for_challenge(&key, challenge("n"));
        let same = sessions.for_challenge(&key, challenge("n"));
        let other = sessions.for_challenge(&key, challenge("m"));
        assert!(Arc::ptr_eq(&first, &same) && !Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn a_session_that_was_replaced_is_not_forgotten() {
        let credentials = Arc::new(DigestCredentials::new("u", "p").unwrap());
        let (sessions, key) = (DigestSessions::default(), key(1, &credentials));
        let (old, new) = (session(&credentials), session(&credentials));
        sessions.keep(key.clone(), Arc::clone(&old));
        sessions.keep(key.clone(), Arc::clone(&new));
        sessions.forget(&key, &old);
        assert!(sessions.of(&key).is_some());
        sessions.forget(&key, &new);
        assert!(sessions.of(&key).is_none());
    }
}
