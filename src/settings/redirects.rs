//! The redirect policy.

use std::fmt;
use std::sync::Arc;

use crate::host::Host;
use crate::redact::Redaction;
use http::{Method, Uri};

/// Policy for the redirects that are followed.
///
/// A request whose redirect is not allowed fails with class [`Redirect`](crate::ErrorType::Redirect), so that a request
/// meant to stay with one server is never taken for done. [`max_redirects`](crate::ClientBuilder::max_redirects) is the
/// upper bound for their number; 0 follows none.
///
/// ```
/// use haul::settings::RedirectPolicy;
/// use haul::Client;
///
/// let client = Client::builder()
///     .redirects(RedirectPolicy::when(|redirect| redirect.to.path().starts_with("/api/")))
///     .build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
#[derive(Clone, Default)]
#[doc(alias = "allow_redirects")]
#[doc(alias = "max-redirs")]
#[must_use = "a policy holds for the client it is given to with `ClientBuilder::redirects`"]
pub struct RedirectPolicy(AllowedRedirects);

#[derive(Clone, Default)]
enum AllowedRedirects {
    #[default]
    All,
    SameHost,
    SameOrigin,
    When(FollowWhen),
}

type FollowWhen = Arc<dyn Fn(&Redirecting<'_>) -> bool + Send + Sync>;

/// Redirect that a [`RedirectPolicy`] decides on.
#[derive(Clone)]
#[non_exhaustive]
pub struct Redirecting<'a> {
    /// URL that redirects.
    pub from: &'a Uri,
    /// URL that the redirect leads to.
    pub to: &'a Uri,
    /// Status of the response that redirects.
    pub status: u16,
    /// Method with which the redirect would be followed.
    pub method: &'a Method,
    /// Number of redirects followed before.
    pub hops: u32,
    pub(crate) redaction: &'a Redaction,
}

impl RedirectPolicy {
    /// Follows all redirects. The default.
    pub fn all() -> RedirectPolicy {
        RedirectPolicy(AllowedRedirects::All)
    }

    /// Follows redirects to the same host name, on any port and scheme.
    pub fn same_host() -> RedirectPolicy {
        RedirectPolicy(AllowedRedirects::SameHost)
    }

    /// Follows redirects that keep scheme, host and port.
    pub fn same_origin() -> RedirectPolicy {
        RedirectPolicy(AllowedRedirects::SameOrigin)
    }

    /// Follows redirects for which `allows` returns true.
    ///
    /// It runs on the worker, with no permit held; a panic in it ends the request with class
    /// [`Panic`](crate::ErrorType::Panic).
    pub fn when(
        allows: impl Fn(&Redirecting<'_>) -> bool + Send + Sync + 'static,
    ) -> RedirectPolicy {
        RedirectPolicy(AllowedRedirects::When(Arc::new(allows)))
    }

    /// True if the caller's own closure decides.
    pub(crate) fn asks(&self) -> bool {
        matches!(self.0, AllowedRedirects::When(_))
    }

    pub(crate) fn allows(&self, redirect: &Redirecting<'_>) -> bool {
        let (from, to) = (redirect.from, redirect.to);
        match &self.0 {
            AllowedRedirects::All => true,
            AllowedRedirects::SameHost => match (from.host(), to.host()) {
                (Some(from), Some(to)) => from.eq_ignore_ascii_case(to),
                _ => false,
            },
            AllowedRedirects::SameOrigin => Host::of(from) == Host::of(to),
            AllowedRedirects::When(allows) => allows(redirect),
        }
    }
}

impl fmt::Debug for RedirectPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            AllowedRedirects::All => "RedirectPolicy::all()",
            AllowedRedirects::SameHost => "RedirectPolicy::same_host()",
            AllowedRedirects::SameOrigin => "RedirectPolicy::same_origin()",
            AllowedRedirects::When(_) => "RedirectPolicy::when(..)",
        })
    }
}

impl fmt::Debug for Redirecting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirecting")
            .field("from", &self.redaction.uri(self.from))
            .field("to", &self.redaction.uri(self.to))
            .field("status", &self.status)
            .field("method", self.method)
            .field("hops", &self.hops)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_origin_are_told_apart() {
        let from = Uri::from_static("https://api.example.com/a");
        for (to, host, origin) in [
            ("https://api.example.com/b", true, true),
            ("https://API.example.com:443/b", true, true),
            ("https://api.example.com:8443/b", true, false),
            ("http://api.example.com/b", true, false),
            ("https://example.com/b", false, false),
            ("https://api.example.com.evil.org/b", false, false),
        ] {
            let to: Uri = to.parse().unwrap();
            let redirect = Redirecting {
                from: &from,
                to: &to,
                status: 302,
                method: &Method::GET,
                hops: 0,
                redaction: Redaction::USUAL,
            };
            assert!(RedirectPolicy::all().allows(&redirect));
            assert_eq!(RedirectPolicy::same_host().allows(&redirect), host, "{to}");
            assert_eq!(
                RedirectPolicy::same_origin().allows(&redirect),
                origin,
                "{to}"
            );
        }
    }
}
