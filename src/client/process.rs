//! Batches whose responses are processed on the worker that received them.

use std::error::Error as StdError;
use std::sync::Arc;

use super::Client;
use crate::batch::{BatchBounds, OutcomeOrder, Outcomes, processed};
use crate::outcome::Context;
use crate::request::Request;
use crate::response::Response;

impl Client {
    /// Runs a batch, and `f` on each success, on the worker that received it.
    ///
    /// The outcome carries the value that `f` returns. So bodies are parsed while other workers wait for theirs, and
    /// only the needed part is kept. A closure that needs the request too, its id or its tag, is for
    /// [`process_with`](Client::process_with).
    ///
    /// For bodies of 32 KiB and more as many calls of `f` run at a time as there are cores, so that few half-made
    /// values are in memory. This does not hold if `f` is seen to wait (for a disk, for a lock) rather than to compute,
    /// and if no call ends for 250 ms another one starts. While more bodies wait for their turn than keep the cores
    /// busy, fewer requests of the batch are under way than there are workers; as soon as a core has nothing to do
    /// there are more.
    ///
    /// An error that `f` returns is a failure of class [`Process`](crate::ErrorType::Process), unless it is a
    /// [`Rejection`](crate::Rejection), which makes the outcome rejected. A panic in `f` is a failure of class
    /// [`Panic`](crate::ErrorType::Panic); the worker and every other outcome are unharmed. The requests are not
    /// [hedged](crate::RetryPolicy::hedge).
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let urls = ["https://example.com/1.json", "https://example.com/2.json"];
    /// let names = client.process(urls, |response| {
    ///     Ok::<_, serde_json::Error>(response.value()?["name"].to_string())
    /// });
    /// for outcome in names { println!("{:?}", outcome.success()) }
    /// ```
    pub fn process<R, T, E, F>(&self, requests: R, f: F) -> Outcomes<R::IntoIter, T>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
        F: Fn(&Response) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.process_with(requests, move |_, response| f(response))
    }

    /// Runs a batch as [`process`](Client::process) does, with a closure that gets the request too.
    ///
    /// ```no_run
    /// use haul::Request;
    ///
    /// # let client = haul::Client::new();
    /// let pages = (1..=9).map(|n| Request::get(format!("https://example.com/{n}")).id(format!("page-{n}")));
    /// let written = client.process_with(pages, |context, response| {
    ///     let name = format!("{}.html", context.id().unwrap_or("unnamed"));
    ///     std::fs::write(name, response.bytes())
    /// });
    /// for outcome in written { println!("{}: {:?}", outcome.url(), outcome.error()) }
    /// ```
    pub fn process_with<R, T, E, F>(&self, requests: R, f: F) -> Outcomes<R::IntoIter, T>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
        F: Fn(&Context<'_>, &Response) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let permits = Arc::clone(self.owner.executor().cpu());
        let make =
            move |context: &Context<'_>, response| processed(&permits, context, response, &f);
        let shape = BatchBounds {
            processes: true,
            ..self.shape
        };
        Outcomes::new(
            &self.owner,
            requests.into_iter(),
            OutcomeOrder::Completed,
            shape,
            make,
        )
    }
}
