//! Opening a batch: its bounds, its channel, and how much may be owed before the schedule is told.

use std::sync::Arc;

use crate::executor::{Owner, Receiver, Taken};
use crate::outcome::{Context, State};
use crate::response::Response;

use super::inbox::results;
use super::reorder::Reorder;
use super::{Order, Outcomes, Shape};
use crate::batch::channel::{Count, Intake};
use crate::batch::ending::Control;
use crate::batch::feed::Feeder;
use crate::batch::progress::tally::SummaryHandle;

impl<I, T> Outcomes<I, T>
where
    T: Send + 'static,
{
    pub(crate) fn new<F>(
        owner: &Arc<Owner>,
        input: Option<I>,
        order: Order,
        shape: Shape,
        make: F,
    ) -> Outcomes<I, T>
    where
        F: Fn(&Context<'_>, Response) -> State<T> + Send + Sync + 'static,
    {
        let mut bounds = shape.bounds;
        bounds.ordered = order == Order::Input;
        let (receiver, inbox) = results(bounds.window, make);
        let receiver: Arc<dyn Receiver> = Arc::new(receiver);
        let chunk = (bounds.window / 8).clamp(1, 64);
        Outcomes {
            batch: owner.executor().open(bounds, Some(Arc::clone(&receiver))),
            owner: Arc::clone(owner),
            input,
            count: None,
            feeder: Feeder::within(bounds.window),
            receiver,
            inbox,
            fed: 0,
            received: 0,
            handed_out: 0,
            try_feed: true,
            must_look: true,
            next_look: None,
            owed: Taken::default(),
            chunk,
            owed_bytes: bounds.bytes / 16,
            // The oldest request of an ordered batch is known by what was handed back.
            lazy: !bounds.ordered && bounds.window >= shape.workers.saturating_add(4 * chunk),
            reorder: bounds.ordered.then(Reorder::default),
            summary: SummaryHandle::new(shape.workers),
            shown: None,
            control: Control::default(),
            begun: false,
            ended: false,
        }
    }

    /// A batch fed through the [`Intake`].
    pub(crate) fn channel<F>(
        owner: &Arc<Owner>,
        order: Order,
        shape: Shape,
        make: F,
    ) -> (Intake, Outcomes<I, T>)
    where
        F: Fn(&Context<'_>, Response) -> State<T> + Send + Sync + 'static,
    {
        let mut outcomes = Outcomes::new(owner, None, order, shape, make);
        // Whoever feeds waits for room that only this end can tell of.
        outcomes.lazy = false;
        let count = Count::new();
        outcomes.count = Some(Arc::clone(&count));
        let receiver = Arc::clone(&outcomes.receiver);
        let intake = Intake::new(Arc::clone(owner), outcomes.batch, receiver, count);
        (intake, outcomes)
    }
}
