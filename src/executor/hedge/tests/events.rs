//! Events of a hedged attempt, its circumstances, and faults.

/// Fault that the model is given, to check that it is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    None,
    /// The offer of a second request stands after the first has ended.
    OfferStands,
    /// A second request that is not needed any more goes on.
    NoShutdown,
    /// The place of a second request that was not needed is not given back.
    PlaceKept,
    /// The end of the second request does not wake the worker of the first.
    NoWordOfTheSecond,
    /// A panic in the second request does not end it for the race.
    PanicLeavesRace,
    /// The second request is offered again when it begins.
    OfferedTwice,
    /// The worker of the second request delivers its answer too.
    SecondDelivers,
    /// A cancel does not wake the worker that waits for the second request.
    DeafToCancel,
    /// The worker of the first request does not wait for the second.
    NoWait,
}

/// Circumstances of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// True if a worker and a place are free for the second request.
    pub(super) has_place: bool,
    /// True if the retry budget has tokens.
    pub(super) has_budget: bool,
}

impl Setting {
    pub(super) fn all() -> [Setting; 3] {
        [(true, true), (true, false), (false, true)].map(|(has_place, has_budget)| Setting {
            has_place,
            has_budget,
        })
    }
}

/// Next step of a worker, or the change from outside.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    First(Course),
    Second(Course),
    /// The time passes after which an answer is slow to come.
    TimePasses,
    /// The attempt's time limit passes.
    Timeout,
    /// The caller cancels the request.
    Cancel,
    /// The batch is drained: it starts nothing more.
    Drain,
}

/// Course that a step takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Course {
    /// The step ends well: an exchange with an answer.
    Good,
    /// The exchange fails, or is interrupted.
    Bad,
    /// The caller's code panics.
    Panic,
}

/// Next step of the worker of the first request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum FirstStep {
    Exchange,
    TakeOfferBack,
    Settle,
    EndRace,
    Shutdown,
    Hook,
    Deliver,
    Complete,
    Over,
}

/// Next step of the worker of the second request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SecondStep {
    /// The worker looks for work.
    Poll,
    Begin,
    Hook,
    Send,
    Exchange,
    EndRace,
    GiveBack,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Delivered {
    Answer,
    Failure,
    Cancelled,
}
