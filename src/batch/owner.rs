//! Owner of the workers: all clones of a client, and the batches under way.

use std::sync::Arc;
use std::time::Instant;

use crate::attempt::Engine;
use crate::executor::Executor;
use crate::schedule::EndReason;

/// Owner of the workers. The last owner to be dropped lets accepted requests run to their end and waits for the
/// workers. If its thread panics, queued requests are cancelled first. On one of its own workers it does not wait,
/// since that would be a wait for itself.
pub(crate) struct WorkersOwner {
    executor: Arc<Executor>,
    engine: Arc<Engine>,
}

impl WorkersOwner {
    pub(crate) fn new(executor: Arc<Executor>, engine: Arc<Engine>) -> Arc<WorkersOwner> {
        Arc::new(WorkersOwner { executor, engine })
    }

    pub(crate) fn executor(&self) -> &Arc<Executor> {
        &self.executor
    }

    /// Returns the transport and the defaults of the client.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits until the workers of a closed executor have left, or until `until`, and closes the idle connections.
    /// Returns true if the workers have left.
    pub(crate) fn join(&self, until: Option<Instant>) -> bool {
        let gone = self.executor.join(until);
        if gone {
            self.engine.transport.close_idle();
        }
        gone
    }
}

impl Drop for WorkersOwner {
    fn drop(&mut self) {
        let end = std::thread::panicking().then_some(EndReason::Cancelled);
        self.executor.close(end.as_ref(), false);
        self.join(None);
    }
}
