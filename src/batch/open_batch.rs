//! Handle of a batch in the schedule, for the threads that feed the batch and take its outcomes.

use std::sync::Arc;
use std::time::Instant;

use crate::attempt::ClientDefaults;
use crate::executor::{Executor, Receiver};
use crate::schedule::{Bounds, EndReason, Id};

use super::owner::WorkersOwner;

/// An open batch: the executor that runs it, its id there, and the receiver of its outcomes. Clones are the same batch.
#[derive(Clone)]
pub(super) struct OpenBatch {
    owner: Arc<WorkersOwner>,
    id: Id,
    receiver: Arc<dyn Receiver>,
}

impl OpenBatch {
    /// Opens a batch with these bounds, whose outcomes go to `receiver`.
    pub(super) fn new(
        owner: &Arc<WorkersOwner>,
        bounds: Bounds,
        receiver: Arc<dyn Receiver>,
    ) -> OpenBatch {
        let id = owner.executor().open(bounds, Some(Arc::clone(&receiver)));
        OpenBatch {
            owner: Arc::clone(owner),
            id,
            receiver,
        }
    }

    pub(super) fn executor(&self) -> &Arc<Executor> {
        self.owner.executor()
    }

    /// Returns the client's defaults, which apply to every request of the batch.
    pub(super) fn defaults(&self) -> &ClientDefaults {
        &self.owner.engine().defaults
    }

    pub(super) fn id(&self) -> Id {
        self.id
    }

    pub(super) fn receiver(&self) -> &Arc<dyn Receiver> {
        &self.receiver
    }

    /// Sets the instant at which the batch ends.
    pub(super) fn set_deadline(&self, deadline: Instant) {
        self.receiver.set_deadline(deadline);
        self.executor().set_deadline(self.id, deadline);
    }

    /// Ends the batch now: queued requests are cancelled and running ones aborted.
    pub(super) fn stop(&self) {
        self.executor().stop(self.id, &EndReason::Cancelled);
    }

    /// Ends the batch now: queued requests are cancelled, and running ones end by themselves.
    pub(super) fn drain(&self) {
        self.executor().drain(self.id);
    }
}
