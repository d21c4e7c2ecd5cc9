//! Opening of a batch: its bounds, its channel, its source.

use std::sync::Arc;

use crate::batch::ending::EndConditions;
use crate::batch::open_batch::OpenBatch;
use crate::batch::owner::WorkersOwner;
use crate::batch::progress::SummaryHandle;
use crate::batch::results::results;

use crate::outcome::{Context, State};
use crate::response::Response;

use super::inbox::Inbox;
use super::ledger::{Ledger, SharedTakings};
use super::source::RequestSource;
use super::{BatchBounds, OutcomeOrder, Outcomes};

impl<I, T> Outcomes<I, T>
where
    T: Send + 'static,
{
    /// Opens a batch that reads `input`.
    pub(crate) fn new<F>(
        owner: &Arc<WorkersOwner>,
        input: I,
        order: OutcomeOrder,
        shape: BatchBounds,
        make: F,
    ) -> Outcomes<I, T>
    where
        F: Fn(&Context<'_>, Response) -> State<T> + Send + Sync + 'static,
    {
        let source = RequestSource::input(input, shape.bounds.window);
        Outcomes::open(owner, source, None, order, shape, make)
    }

    /// Opens a batch that `source` feeds. `takings` is given if the source is intakes.
    pub(in super::super) fn open<F>(
        owner: &Arc<WorkersOwner>,
        source: RequestSource<I>,
        takings: Option<Arc<SharedTakings>>,
        order: OutcomeOrder,
        shape: BatchBounds,
        make: F,
    ) -> Outcomes<I, T>
    where
        F: Fn(&Context<'_>, Response) -> State<T> + Send + Sync + 'static,
    {
        let mut bounds = shape.bounds;
        bounds.ordered = order == OutcomeOrder::Input;
        let make = Arc::new(make);
        let on_workers = Arc::clone(&make);
        let (sender, receiver) =
            results(bounds.window, shape.processes, move |context, response| {
                on_workers(context, response)
            });
        Outcomes {
            batch: OpenBatch::new(owner, bounds, sender),
            source,
            inbox: Inbox::new(receiver, bounds.ordered),
            ledger: Ledger::new(&bounds, shape.workers, takings),
            ending: EndConditions::default(),
            summary: SummaryHandle::new(shape.workers, owner.executor().clock().clone()),
            make,
            stop_when: None,
            display: None,
        }
    }
}

impl<I, T> Outcomes<I, T> {
    /// Returns the batch, to be shared with an intake.
    pub(in super::super) fn batch(&self) -> &OpenBatch {
        &self.batch
    }
}
