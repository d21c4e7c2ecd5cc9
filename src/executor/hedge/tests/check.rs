//! Promises of a hedged attempt.

use std::sync::atomic::Ordering;

use super::events::{Delivered, FirstStep, SecondStep};
use super::model::{Model, STARTS, TOKENS};

impl Model {
    /// Returns everything that the next events depend on.
    pub(super) fn signature(&self) -> String {
        let offered = self.schedule.next_wakeup();
        format!(
            "{:?}",
            (
                (self.first, self.second, self.hedges, self.hedge.is_some()),
                self.sleep.0.load(Ordering::Relaxed),
                (&self.delivered, self.answered, self.second_in_time),
                self.facts(),
                (self.timed_out, self.cancelled, self.drained),
                (self.now == self.begin, self.schedule.in_flight()),
                offered.map(|at| at - self.begin),
            )
        )
    }

    /// Checks the promises that hold in each state.
    pub(super) fn check(&self) {
        assert!(self.hedges <= 1, "two second requests");
        assert!(self.delivered.len() <= 1, "two outcomes");
        self.schedule.recount(self.hedge.iter(), self.now);
        let asleep = self.sleep.0.load(Ordering::Relaxed);
        if self.first == FirstStep::EndRace && asleep {
            assert!(!self.cancelled, "a cancel wakes the worker that waits");
            let ends = !matches!(self.second, SecondStep::Poll | SecondStep::GiveBack);
            assert!(ends, "it waits for nothing");
        }
        if self.first == FirstStep::Exchange && self.second_has_answered() {
            assert!(self.first_is_shut_down(), "the first request goes on");
        }
        if let (Some(delivered), FirstStep::Complete) = (self.delivered.first(), self.first) {
            self.check_outcome(*delivered);
        }
    }

    /// Checks that a second request starts only while the first is under way, with a place and a budget.
    pub(super) fn check_start(&self) {
        let setting = self.setting;
        assert!(setting.has_place && setting.has_budget && !self.drained);
        let over = matches!(
            self.first,
            FirstStep::Hook | FirstStep::Deliver | FirstStep::Complete | FirstStep::Over
        );
        assert!(!over, "the first request has ended");
    }

    /// Checks that a second request is ended under way only if the first has its result.
    pub(super) fn check_abort(&self) {
        let over = self.first_stands || self.first_panicked || self.cancelled;
        let exchanging = self.second == SecondStep::Exchange;
        assert!(over || !exchanging, "a good answer may be lost");
    }

    fn check_outcome(&self, delivered: Delivered) {
        assert_eq!(delivered == Delivered::Cancelled, self.cancelled);
        if self.second_in_time && !self.cancelled {
            assert_eq!(delivered, Delivered::Answer, "a good answer is lost");
        }
        let goes_on = matches!(self.second, SecondStep::Exchange);
        assert!(
            !goes_on || self.second_slot.is_cancelled(),
            "the second request goes on"
        );
    }

    /// Checks that everything was given back once, and that the rate and the budget were paid for each start.
    pub(super) fn check_end(mut self: &mut Model) {
        assert_eq!(
            (self.first, self.second),
            (FirstStep::Over, SecondStep::Poll)
        );
        assert_eq!(self.delivered.len(), 1, "no outcome");
        assert_eq!(self.schedule.in_flight(), 0);
        let model = &mut self;
        let now = model.now;
        model.schedule.taken(model.batch, 1, 0);
        let batch = model.schedule.open(Model::bounds(), None);
        let (mut starts, mut tokens) = (0, 0);
        while starts < 2 * STARTS {
            model.schedule.push(batch, &Model::host(), (), now);
            let Some(start) = model.schedule.poll(now) else {
                break;
            };
            starts += 1;
            tokens += u32::from(model.schedule.withdraw(start.id, 1.0, now));
            model.complete(start.id);
        }
        let paid = model.hedges;
        assert_eq!(starts, STARTS - 1 - paid, "each start pays the rate once");
        let left = match model.setting.has_budget {
            true => TOKENS as u32 - paid,
            false => 0,
        };
        assert_eq!(tokens, left, "each second request pays one token");
    }
}
