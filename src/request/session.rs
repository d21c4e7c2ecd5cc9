//! Settings of a request in place of its session's.

use super::Request;
use crate::settings::RedirectPolicy;

impl Request {
    /// Sets the redirects that are followed.
    ///
    /// The policy stands in place of the client's [policy](crate::ClientBuilder::redirects).
    pub fn redirects(mut self, policy: RedirectPolicy) -> Request {
        self.options_mut().redirects = Some(policy);
        self
    }

    /// Sets the jar for its cookies, in place of the client's. So a batch has cookies of its own:
    ///
    /// ```no_run
    /// use haul::cookies::CookieJar;
    /// use haul::{Client, Request};
    ///
    /// let jar = CookieJar::new();
    /// let requests = (0..100).map(|i| Request::get(format!("https://example.com/{i}")).cookies(jar.clone()));
    /// for outcome in Client::new().as_completed(requests) {
    ///     println!("{} {:?}", outcome.url(), outcome.status());
    /// }
    /// ```
    ///
    /// Feature `cookies`.
    #[cfg(feature = "cookies")]
    pub fn cookies(mut self, jar: crate::cookies::CookieJar) -> Request {
        self.options_mut().cookies = Some(jar);
        self
    }
}
