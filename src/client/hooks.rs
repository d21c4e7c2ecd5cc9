//! Hooks: the caller's own code around attempts.

use std::sync::Arc;

use super::ClientBuilder;
use crate::settings::{HookResult, Outgoing, Retrying};

impl ClientBuilder {
    /// Hook that is called on the worker just before each attempt, to sign it or to look at it.
    ///
    /// It may change the headers.
    ///
    /// The hook returns nothing, or a `Result<(), E>`: an error means that the attempt is not made, and the request
    /// ends with class [`Sign`](crate::ErrorType::Sign), the error as its [`source`](std::error::Error::source). Such a
    /// request is not tried again, and the attempt does not count. A panic ends the request with class
    /// [`Panic`](crate::ErrorType::Panic).
    ///
    /// ```
    /// let client = haul::Client::builder().before_attempt(|outgoing| {
    ///     let stamp = haul::http::HeaderValue::from(outgoing.attempt);
    ///     outgoing.headers.insert("x-attempt", stamp);
    /// });
    ///
    /// let client = haul::Client::builder()
    ///     .before_attempt(|outgoing| {
    ///         let token = std::fs::read_to_string("/run/secrets/no-such-token")?;
    ///         let value = format!("Bearer {}", token.trim()).parse().map_err(std::io::Error::other)?;
    ///         outgoing.headers.insert("authorization", value);
    ///         Ok::<_, std::io::Error>(())
    ///     })
    ///     .build()?;
    /// let outcome = client.get("https://example.com/");
    /// assert_eq!(outcome.error().unwrap().error_type(), haul::ErrorType::Sign);
    /// assert_eq!(outcome.attempts(), 0);
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    pub fn before_attempt<R: HookResult>(
        mut self,
        hook: impl Fn(&mut Outgoing<'_>) -> R + Send + Sync + 'static,
    ) -> Self {
        let hook = move |outgoing: &mut Outgoing<'_>| hook(outgoing).into_result();
        self.defaults.before_attempt = Some(Arc::new(hook));
        self
    }

    /// Hook that is called on the worker for each attempt that another will follow.
    ///
    /// A panic in it is logged and changes nothing.
    pub fn on_retry(mut self, hook: impl Fn(&Retrying<'_>) + Send + Sync + 'static) -> Self {
        self.defaults.on_retry = Some(Arc::new(hook));
        self
    }
}
