//! The figures of a batch while it runs: summary, progress, and the bar on the terminal.

use crate::batch::progress::{ProgressHandle, SummaryHandle};
use crate::batch::requests::Requests;

use super::Outcomes;

impl<I, T> Outcomes<I, T> {
    /// Returns the figures of the outcomes handed out so far. They stay readable after the batch.
    pub fn summary(&self) -> SummaryHandle {
        self.summary.clone()
    }
}

impl<I, T> Outcomes<I, T>
where
    I: Requests<T>,
{
    /// Returns the progress of the batch, which any thread can read while the batch runs.
    ///
    /// Take it before the loop.
    #[doc(alias = "tqdm")]
    pub fn progress(&self) -> ProgressHandle {
        if let (least, Some(most)) = self.size_hint()
            && least == most
        {
            self.summary
                .set_total(self.ledger.handed_out() + most as u64);
        }
        ProgressHandle::new(&self.summary, self.batch.executor(), self.batch.id())
    }

    /// Shows a bar on the terminal, on stderr, until the batch ends or is dropped.
    ///
    /// The bar has the number of requests done, the total with a percentage, the numbers of successes, failures and
    /// attempts in flight, the rate per second, and the time left. It names the host that keeps most requests waiting
    /// and, while no request has finished for five seconds, the host that holds the most places and for how long; if
    /// there is neither, the slowest host. If stderr is no terminal, no bar is shown.
    ///
    /// Feature `progress`.
    ///
    /// A thread of its own draws the bar, ten times a second. Text that the program prints to the same terminal
    /// meanwhile comes in between; if that matters, print after the batch is over, or to a file.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let urls = (0..1000).map(|i| format!("https://example.com/{i}"));
    /// let failed = client.as_completed(urls).with_bar().filter(|outcome| outcome.is_failed()).count();
    /// ```
    #[cfg(feature = "progress")]
    #[doc(alias = "tqdm")]
    pub fn with_bar(mut self) -> Self {
        let bar = crate::batch::progress::Bar::on_stderr(self.progress());
        self.display(bar);
        self
    }

    /// Keeps a display until the batch ends or is dropped.
    #[cfg(feature = "progress")]
    pub(in super::super) fn display<D: Send + Sync + 'static>(&mut self, display: Option<D>) {
        self.display = display.map(|display| Box::new(display) as _);
    }
}
