//! Steps of a race of two requests. Each is taken under the lock of the race, and none waits.

use std::sync::Arc;

use crate::transport::{AttemptNumber, CancelSlot, WakeWaiters};

/// State of a race. `B`: state that the second request begins with. `A`: answer to the second request.
pub(crate) struct RaceSteps<B, A> {
    /// Slot of the first request, and the number of its attempt.
    slot: Arc<CancelSlot>,
    attempt: AttemptNumber,
    stage: RaceStage<B, A>,
}

enum RaceStage<B, A> {
    /// Only the first request is under way. The second would begin with this state.
    First(B),
    Both {
        slot: Arc<CancelSlot>,
        attempt: AttemptNumber,
        /// True if the first request has ended without an acceptable answer, and its worker waits for the second.
        first_waits: bool,
        /// True if the second request is past the caller's hook, which may wait for the place of the first.
        exchanging: bool,
    },
    /// The second request has ended. `None`: without an acceptable answer.
    SecondEnded(Option<A>),
    /// The first request has its result: a second is not needed, now or later.
    Over,
}

/// End of a race for the first request.
pub(crate) enum RaceEnd<A> {
    /// No second request was sent.
    Unsent,
    /// The second request has ended without an acceptable answer.
    Unused,
    /// The second request is under way and not needed: its attempt is to be aborted, without the lock of the race.
    Abort(Arc<CancelSlot>, AttemptNumber),
    Answered(A),
}

impl<B, A> RaceSteps<B, A> {
    /// Returns the race of the current attempt of a slot. The second request would begin with the state `second`.
    pub(crate) fn new(slot: &Arc<CancelSlot>, second: B) -> RaceSteps<B, A> {
        RaceSteps {
            slot: Arc::clone(slot),
            attempt: slot.number(),
            stage: RaceStage::First(second),
        }
    }

    /// Notes that the second request begins. `None`: it is not needed.
    pub(crate) fn begin(&mut self, slot: &Arc<CancelSlot>, attempt: AttemptNumber) -> Option<B> {
        let begun = RaceStage::Both {
            slot: Arc::clone(slot),
            attempt,
            first_waits: false,
            exchanging: false,
        };
        match std::mem::replace(&mut self.stage, begun) {
            RaceStage::First(second) => Some(second),
            over => {
                self.stage = over;
                None
            }
        }
    }

    /// Notes that the second request is sent now. Returns false if it is not needed any more.
    pub(crate) fn sends(&mut self) -> bool {
        match &mut self.stage {
            RaceStage::Both { exchanging, .. } => {
                *exchanging = true;
                true
            }
            _ => false,
        }
    }

    /// Notes that the second request has ended, with an acceptable answer or without, and interrupts the first if that
    /// is not needed any more. A worker that [waits](Self::waits) is to be woken.
    pub(crate) fn second_ended(&mut self, answer: Option<A>) {
        let RaceStage::Both { first_waits, .. } = self.stage else {
            return;
        };
        if answer.is_some() && !first_waits {
            self.slot.outrun(self.attempt);
        }
        self.stage = RaceStage::SecondEnded(answer);
    }

    /// Notes that the first request has ended, with an acceptable answer (`stands`) or without. Afterwards its worker
    /// waits as long as [`waits`](Self::waits) says. `waiter` is woken by a cancel meanwhile.
    pub(crate) fn first_ended(
        &mut self,
        stands: bool,
        waiter: impl FnOnce() -> Arc<dyn WakeWaiters>,
    ) {
        self.slot.catch_up();
        if let RaceStage::Both {
            first_waits,
            exchanging: true,
            ..
        } = &mut self.stage
            && !stands
        {
            // The error is a cancel, which `waits` looks for.
            let _ = self.slot.publish_waiter(waiter());
            *first_waits = true;
        }
    }

    /// True if the worker of the first request is to wait for the second.
    pub(crate) fn waits(&self) -> bool {
        let first_waits = matches!(
            self.stage,
            RaceStage::Both {
                first_waits: true,
                ..
            }
        );
        first_waits && !self.slot.is_cancelled()
    }

    /// Ends the race. Later calls find it over.
    pub(crate) fn end(&mut self) -> RaceEnd<A> {
        match std::mem::replace(&mut self.stage, RaceStage::Over) {
            RaceStage::SecondEnded(Some(answer)) => RaceEnd::Answered(answer),
            RaceStage::SecondEnded(None) => RaceEnd::Unused,
            RaceStage::Both { slot, attempt, .. } => RaceEnd::Abort(slot, attempt),
            RaceStage::First(_) | RaceStage::Over => RaceEnd::Unsent,
        }
    }
}
