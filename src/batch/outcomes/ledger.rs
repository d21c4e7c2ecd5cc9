//! Account between the thread that takes a batch's outcomes and the schedule, which waits to be told of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use crate::executor::TakenOutcomes;
use crate::schedule::Bounds;

/// Account of outcomes handed out, and of those that the schedule has not been told of yet. Telling the schedule
/// ("settling") takes the executor's lock, so many outcomes are settled at once if nothing waits for it.
///
/// Invariants: every outcome handed out is given by [`pay`](Ledger::pay) once; while [`is_due`](Ledger::is_due), no
/// further outcome is handed out.
pub(super) struct Ledger {
    handed_out: u64,
    owed: OwedOutcomes,
    /// Number of owed outcomes at which they are settled at once.
    most_owed: usize,
    /// Bytes kept by owed outcomes; above this number the outcomes are settled at once.
    most_owed_bytes: u64,
    /// True if the window has room for all outcomes that may be owed, so that the schedule need not be told early and
    /// outcomes are settled only when they are due. False: they are settled before each wait.
    only_when_due: bool,
    /// True if a request may have ended without an attempt, or be past its deadline, so that the schedule is to be
    /// asked before the next wait.
    ask: bool,
    /// Time at which the schedule is to be asked because a request will be past its deadline. `None`: no request has a
    /// deadline.
    ask_at: Option<Instant>,
}

/// Record of owed outcomes.
enum OwedOutcomes {
    /// Known to the taking thread alone.
    Own(TakenOutcomes),
    /// Shared with the intakes, which settle too if they find the window full.
    Shared(Arc<SharedTakings>),
}

impl Ledger {
    /// Creates the account of a batch with these bounds. `takings` is given if other threads feed the batch.
    pub(super) fn new(
        bounds: &Bounds,
        workers: usize,
        takings: Option<Arc<SharedTakings>>,
    ) -> Ledger {
        let most_owed = (bounds.window / 8).clamp(1, 64);
        // An ordered batch keeps a place for its oldest request, which the schedule knows by the outcomes handed back.
        // Intakes wait for room that only the taking thread can tell of.
        let told_early = bounds.ordered || takings.is_some();
        Ledger {
            handed_out: 0,
            owed: takings.map_or(
                OwedOutcomes::Own(TakenOutcomes::default()),
                OwedOutcomes::Shared,
            ),
            most_owed,
            most_owed_bytes: bounds.bytes / 16,
            only_when_due: !told_early && bounds.window >= workers.saturating_add(4 * most_owed),
            ask: true,
            ask_at: None,
        }
    }

    /// Returns the number of outcomes handed out.
    pub(super) fn handed_out(&self) -> u64 {
        self.handed_out
    }

    /// Enters an outcome as handed out. `bytes` are the bytes that it kept in its place of the window; `None`: the
    /// outcome had no place, because its request ended without an attempt.
    #[inline]
    pub(super) fn hand_out(&mut self, bytes: Option<u64>) {
        self.handed_out += 1;
        let one = TakenOutcomes {
            outcomes: usize::from(bytes.is_some()),
            bytes: bytes.unwrap_or(0),
            handed_back: 1,
        };
        match &mut self.owed {
            OwedOutcomes::Own(owed) => owed.add(one),
            OwedOutcomes::Shared(takings) => takings.take(one),
        }
    }

    /// Returns true if so much is owed that the schedule is to be told before another outcome is handed out.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        let owed = match &self.owed {
            OwedOutcomes::Own(owed) => *owed,
            OwedOutcomes::Shared(takings) => takings.owed(),
        };
        owed.handed_back >= self.most_owed || owed.bytes > self.most_owed_bytes
    }

    /// Returns true if the schedule is to be told and asked before a wait, although nothing is due.
    #[inline]
    pub(super) fn settles_before_wait(&self) -> bool {
        !self.only_when_due || self.ask
    }

    /// Takes the owed outcomes out, for a caller that tells the schedule of them.
    pub(super) fn pay(&mut self) -> TakenOutcomes {
        match &mut self.owed {
            OwedOutcomes::Own(owed) => std::mem::take(owed),
            OwedOutcomes::Shared(takings) => takings.pay(),
        }
    }

    /// Makes the taking thread ask the schedule before the next wait.
    pub(super) fn ask_soon(&mut self) {
        self.ask = true;
    }

    /// Notes the schedule's reply. `more`: true if there may be more to ask for at once. `ask_at`: time to ask again.
    pub(super) fn settled(&mut self, more: bool, ask_at: Option<Instant>) {
        self.ask = more;
        self.ask_at = ask_at;
    }

    /// Returns when the schedule is to be asked if nothing happens before. `None`: at no given time.
    pub(super) fn ask_at(&self) -> Option<Instant> {
        self.ask_at
    }

    /// Returns the record shared with the intakes. `None`: the batch has an input.
    pub(super) fn takings(&self) -> Option<&Arc<SharedTakings>> {
        match &self.owed {
            OwedOutcomes::Own(_) => None,
            OwedOutcomes::Shared(takings) => Some(takings),
        }
    }
}

/// Record of outcomes taken that the taking thread shares with the intakes of its batch: outcomes owed to the schedule,
/// and the threads that handle outcomes. A thread that handles outcomes must not wait for room in the window, since it
/// makes room itself.
#[derive(Default)]
pub(in super::super) struct SharedTakings(Mutex<TakingsState>);

#[derive(Default)]
struct TakingsState {
    owed: TakenOutcomes,
    /// Thread that took the last outcome. `None`: no outcome was taken.
    taker: Option<ThreadId>,
    /// Threads on which a closure has an outcome of the batch, with an entry for each closure: rayon may run one
    /// closure inside another.
    in_closures: Vec<ThreadId>,
}

impl SharedTakings {
    /// Enters outcomes that the calling thread has taken.
    fn take(&self, taken: TakenOutcomes) {
        let mut record = self.lock();
        record.owed.add(taken);
        record.taker = Some(thread::current().id());
    }

    fn owed(&self) -> TakenOutcomes {
        self.lock().owed
    }

    /// Takes the owed outcomes out, for a caller that tells the schedule of them.
    pub(in super::super) fn pay(&self) -> TakenOutcomes {
        std::mem::take(&mut self.lock().owed)
    }

    /// Runs a closure that has an outcome of the batch.
    pub(in super::super) fn during<R>(&self, closure: impl FnOnce() -> R) -> R {
        struct ClosureGuard<'a>(&'a SharedTakings, ThreadId);
        impl Drop for ClosureGuard<'_> {
            fn drop(&mut self) {
                let in_closures = &mut self.0.lock().in_closures;
                if let Some(at) = in_closures.iter().position(|thread| *thread == self.1) {
                    in_closures.swap_remove(at);
                }
            }
        }
        let thread = thread::current().id();
        self.lock().in_closures.push(thread);
        let _leave = ClosureGuard(self, thread);
        closure()
    }

    /// Returns true if the calling thread handles outcomes of the batch, so that no room is made while it waits.
    pub(in super::super) fn is_taken_here(&self) -> bool {
        let thread = thread::current().id();
        let record = self.lock();
        record.taker == Some(thread) || record.in_closures.contains(&thread)
    }

    fn lock(&self) -> MutexGuard<'_, TakingsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn bounds(window: usize) -> Bounds {
        Bounds {
            window,
            max_parked: 100,
            bytes: 1600,
            max_delay: None,
            delivered: false,
            ordered: false,
        }
    }

    fn elsewhere<R: Send>(run: impl FnOnce() -> R + Send) -> R {
        thread::scope(|scope| scope.spawn(run).join().unwrap())
    }

    #[test]
    fn each_outcome_handed_out_is_paid_once() {
        for takings in [None, Some(Arc::default())] {
            let mut ledger = Ledger::new(&bounds(100), 4, takings);
            ledger.hand_out(Some(7));
            ledger.hand_out(None);
            ledger.hand_out(Some(0));
            let paid = ledger.pay();
            assert_eq!((paid.outcomes, paid.bytes, paid.handed_back), (2, 7, 3));
            assert_eq!(ledger.pay().handed_back, 0);
            assert_eq!(ledger.handed_out(), 3);
        }
    }

    #[test]
    fn an_eighth_of_the_window_is_due() {
        for takings in [None, Some(Arc::default())] {
            let mut ledger = Ledger::new(&bounds(16), 4, takings);
            ledger.hand_out(Some(0));
            assert!(!ledger.is_due());
            ledger.hand_out(None);
            assert!(ledger.is_due());
            ledger.pay();
            assert!(!ledger.is_due());
        }
    }

    #[test]
    fn more_than_a_sixteenth_of_the_byte_budget_is_due() {
        let mut ledger = Ledger::new(&bounds(1000), 4, None);
        ledger.hand_out(Some(100));
        assert!(!ledger.is_due());
        ledger.hand_out(Some(1));
        assert!(ledger.is_due());
    }

    #[test]
    fn only_a_wide_unordered_window_without_intakes_waits_until_outcomes_are_due() {
        let ordered = Bounds {
            ordered: true,
            ..bounds(1000)
        };
        // Four times 64 outcomes may be owed beside those of the workers.
        for (bounds, workers, takings, expected) in [
            (bounds(1000), 744, None, false),
            (bounds(1000), 745, None, true),
            (ordered, 4, None, true),
            (bounds(1000), 4, Some(Arc::default()), true),
        ] {
            let mut ledger = Ledger::new(&bounds, workers, takings);
            assert!(ledger.settles_before_wait(), "at the beginning");
            ledger.settled(false, None);
            assert_eq!(ledger.settles_before_wait(), expected, "{bounds:?}");
        }
    }

    #[test]
    fn the_schedule_is_asked_again_while_it_has_more() {
        let mut ledger = Ledger::new(&bounds(1000), 4, None);
        let now = Instant::now();
        ledger.settled(true, Some(now));
        assert!(ledger.settles_before_wait());
        assert_eq!(ledger.ask_at(), Some(now));
        ledger.settled(false, None);
        assert!(!ledger.settles_before_wait());
        ledger.ask_soon();
        assert!(ledger.settles_before_wait());
    }

    #[test]
    fn the_thread_that_took_the_last_outcome_is_known() {
        let takings = SharedTakings::default();
        assert!(!takings.is_taken_here());
        takings.take(TakenOutcomes::default());
        assert!(takings.is_taken_here());
        elsewhere(|| {
            assert!(!takings.is_taken_here());
            takings.take(TakenOutcomes::default());
        });
        assert!(!takings.is_taken_here());
    }

    #[test]
    fn the_thread_of_a_closure_is_known_while_the_closure_runs() {
        let takings = SharedTakings::default();
        takings.during(|| {
            assert!(takings.is_taken_here());
            assert!(!elsewhere(|| takings.is_taken_here()));
        });
        assert!(!takings.is_taken_here());
    }

    #[test]
    fn the_end_of_an_inner_closure_leaves_the_outer_one() {
        let (takings, other) = (SharedTakings::default(), SharedTakings::default());
        takings.during(|| {
            takings.during(|| ());
            other.during(|| assert!(takings.is_taken_here()));
            assert!(takings.is_taken_here());
            assert!(!other.is_taken_here());
        });
        assert!(!takings.is_taken_here());
    }

    #[test]
    fn a_panic_ends_a_closure_too() {
        let takings = SharedTakings::default();
        let panicked = catch_unwind(AssertUnwindSafe(|| takings.during(|| panic!("on purpose"))));
        assert!(panicked.is_err());
        assert!(!takings.is_taken_here());
    }
}
