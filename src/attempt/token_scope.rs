//! Requests that a token source serves.

use std::sync::Arc;

use http::header::AUTHORIZATION;

use crate::host::Host;
use crate::request::Request;
use crate::schedule::TokenNeed;
use crate::settings::{HostRule, TokenSource};
use crate::url::Url;

use super::settings::{ClientDefaults, RequestSettings};

impl ClientDefaults {
    /// Returns the need of a request for a token, if the request goes to this URL first. `None`: it has credentials of
    /// its own, or no source serves its host.
    pub(super) fn token_need(&self, request: &Request, url: &Url) -> Option<Arc<TokenNeed>> {
        match self.tokens.all.is_empty() {
            true => None,
            false => self.need_of_source(request, url),
        }
    }

    #[inline(never)]
    fn need_of_source(&self, request: &Request, url: &Url) -> Option<Arc<TokenNeed>> {
        let edits = request.header_edits();
        if request.digest().is_some() || edits.iter().any(|(name, _)| name == AUTHORIZATION) {
            return None;
        }
        let host = url.host()?;
        // A request that left its origin gets no token.
        if request.is_away(Some(&host)) {
            return None;
        }
        let source = self.tokens.number_of(self.token_source(&host)?)?;
        let from = self.tokens.name_of(source);
        let of_host = self.host_settings(Some(&host));
        let settings = RequestSettings::of(self, &of_host, request, false);
        let limit = settings.deadline();
        Some(Arc::new(TokenNeed {
            source,
            from,
            limit,
        }))
    }

    /// Returns the source of the token for a host. `None`: a rule has other credentials for it, or no source serves it.
    fn token_source(&self, host: &Host) -> Option<&TokenSource> {
        let says = |rule: &&HostRule| {
            rule.token.is_some()
                || rule.digest.is_some()
                || rule.headers.contains_key(AUTHORIZATION)
        };
        if let Some(rule) = self.hosts.matching(host).find(says) {
            return rule.token.as_ref();
        }
        let serves = match &self.base {
            Some(base) => base.host().as_ref() == Some(host),
            None => true,
        };
        self.tokens.client.as_ref().filter(|_| serves)
    }
}
