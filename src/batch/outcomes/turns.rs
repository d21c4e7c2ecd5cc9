//! Order of outcomes that the caller decides on.

use super::Outcomes;
use crate::outcome::Outcome;
use crate::response::Response;

/// Order in which the outcomes of a batch are handed out, for [`Outcomes::in_turns`].
///
/// An outcome that waits for its turn has no place in the batch's [window](crate::ClientBuilder::window), and its body
/// does not count in the [`byte_budget`](crate::ClientBuilder::byte_budget): the order bounds what it holds, by the
/// requests that it lets the program hand in.
pub trait Turns<T = Response> {
    /// Takes an outcome that has come.
    fn take(&mut self, outcome: Outcome<T>);

    /// Returns the outcome whose turn it is. `None`: it has not come yet.
    ///
    /// `over`: true if no further outcome comes, so that each outcome that is left has its turn.
    fn next(&mut self, over: bool) -> Option<Outcome<T>>;
}

/// Order of a batch, which is used on the thread that takes its outcomes.
pub(super) type BoxedTurns<T> = Box<dyn Turns<T> + Send>;

impl<I, T> Outcomes<I, T> {
    /// Hands outcomes out in an order of the caller's, in place of the order of the batch.
    ///
    /// To be called before the first outcome is taken. Each outcome is given to the order as it comes, and is handed
    /// out, counted and recorded when its turn has come.
    ///
    /// ```
    /// use haul::Outcome;
    /// use haul::batch::Turns;
    ///
    /// /// Failures last.
    /// #[derive(Default)]
    /// struct FailuresLast(Vec<Outcome>, Vec<Outcome>);
    ///
    /// impl Turns for FailuresLast {
    ///     fn take(&mut self, outcome: Outcome) {
    ///         let FailuresLast(successes, failures) = self;
    ///         if outcome.is_failed() { failures.push(outcome) } else { successes.push(outcome) }
    ///     }
    ///
    ///     fn next(&mut self, over: bool) -> Option<Outcome> {
    ///         self.0.pop().or_else(|| if over { self.1.pop() } else { None })
    ///     }
    /// }
    ///
    /// # use haul::testing::{Script, get, status};
    /// # let script = Script::new().on(get("/a"), status(200)).on(get("/b"), status(404));
    /// # let client = haul::Client::builder().transport(script).build()?;
    /// let urls = ["http://host/b", "http://host/a"];
    /// let outcomes = client.as_completed(urls).in_turns(FailuresLast::default());
    /// let statuses: Vec<_> = outcomes.map(|outcome| outcome.status()).collect();
    /// assert_eq!(statuses, [Some(200), Some(404)]);
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    pub fn in_turns(mut self, turns: impl Turns<T> + Send + 'static) -> Self {
        self.inbox.set_turns(Box::new(turns));
        self
    }
}
