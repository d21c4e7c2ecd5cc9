//! Who keeps the workers: all clones of a client, and the batches under way.

use std::sync::Arc;

use crate::schedule::Ended;

use super::shared::Executor;

/// The last one to go lets what was accepted run to its end and waits for the workers. While its thread panics, what is
/// queued is cancelled first; on one of its own workers it does not wait, since that would be for itself.
pub(crate) struct Owner(Arc<Executor>);

impl Owner {
    pub(crate) fn new(executor: Arc<Executor>) -> Arc<Owner> {
        Arc::new(Owner(executor))
    }

    pub(crate) fn executor(&self) -> &Arc<Executor> {
        &self.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let end = std::thread::panicking().then_some(Ended::Cancelled);
        self.0.close(end.as_ref(), false);
        self.0.join(None);
    }
}
