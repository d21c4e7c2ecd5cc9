//! The workers of a hedged attempt, one step at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::events::{Course, Delivered, Event, Fault, FirstStep, SecondStep, Setting};
use crate::attempt::{RaceEnd, RaceSteps};
use crate::host::Host;
use crate::schedule::{
    Bounds, CallEnd, EndReason, HedgeStart, HostLimits, HostObservation, Id, Schedule,
    ScheduleSettings, Verdict,
};
use crate::settings::{RateLimit, RetryBudget};
use crate::transport::{AttemptNumber, CancelSlot, WakeWaiters};

/// Time that most answers take.
const USUAL: Duration = Duration::from_millis(100);

/// Number of starts that the rate allows.
pub(super) const STARTS: u32 = 4;

/// Tokens that the retry budget has.
pub(super) const TOKENS: f64 = 2.0;

/// Sleep of the worker that waits for the second request.
#[derive(Default)]
pub(super) struct Sleep(pub(super) AtomicBool);

impl WakeWaiters for Sleep {
    fn wake(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

struct Deaf;

impl WakeWaiters for Deaf {
    fn wake(&self) {}
}

pub(super) struct Model {
    fault: Fault,
    pub(super) setting: Setting,
    pub(super) schedule: Schedule<()>,
    pub(super) batch: Id,
    pub(super) job: Id,
    pub(super) begin: Instant,
    pub(super) now: Instant,
    first_slot: Arc<CancelSlot>,
    first_number: AttemptNumber,
    pub(super) second_slot: Arc<CancelSlot>,
    second_number: AttemptNumber,
    race: RaceSteps<(), ()>,
    pub(super) first: FirstStep,
    pub(super) second: SecondStep,
    /// Second requests that were started, and the one under way.
    pub(super) hedges: u32,
    pub(super) hedge: Option<HedgeStart>,
    pub(super) sleep: Arc<Sleep>,
    /// True if the exchange of the first request has panicked, which ends the attempt.
    pub(super) first_panicked: bool,
    /// True if the first request has an acceptable answer of its own.
    pub(super) first_stands: bool,
    /// True if the second request has one.
    second_stands: bool,
    /// True if the race knows that the second request has ended.
    second_ended: bool,
    /// Loser of the race, until it is shut down.
    loser: Option<(Arc<CancelSlot>, AttemptNumber)>,
    /// True if the attempt has an acceptable answer, of its own or of the second request.
    pub(super) answered: bool,
    /// True if the second request had answered before the race was over.
    pub(super) second_in_time: bool,
    pub(super) delivered: Vec<Delivered>,
    pub(super) timed_out: bool,
    pub(super) cancelled: bool,
    pub(super) drained: bool,
}

impl Model {
    pub(super) fn new(setting: Setting, fault: Fault) -> Model {
        let workers = if setting.has_place { 2 } else { 1 };
        let rate = RateLimit::new(f64::from(STARTS), Duration::from_secs(86_400)).burst(STARTS);
        let budget = RetryBudget::new()
            .reserve(if setting.has_budget { TOKENS } else { 0.0 })
            .per_request(0.0)
            .per_second(0.0);
        let mut schedule = Schedule::new(ScheduleSettings {
            slow_start: workers,
            host: HostLimits {
                rate: rate.into(),
                budget: Some(budget),
                ..HostLimits::default()
            },
            ..ScheduleSettings::new(workers)
        });
        let (batch, now) = (schedule.open(Model::bounds(), None), Instant::now());
        schedule.push(batch, &Model::host(), (), now);
        let job = schedule.poll(now).expect("a job").id;
        for _ in 0..20 {
            schedule.end_hedged(job, Some(USUAL));
        }
        assert!(schedule.offer_hedge(job, now, 1));
        let (first_slot, second_slot) = (CancelSlot::new(), CancelSlot::new());
        let first_number = first_slot.begin();
        Model {
            fault,
            setting,
            schedule,
            batch,
            job,
            begin: now,
            now,
            race: RaceSteps::new(&first_slot, ()),
            first_number,
            first_slot,
            second_number: second_slot.begin(),
            second_slot,
            first: FirstStep::Exchange,
            second: SecondStep::Poll,
            hedges: 0,
            hedge: None,
            sleep: Arc::default(),
            first_panicked: false,
            first_stands: false,
            second_stands: false,
            second_ended: false,
            loser: None,
            answered: false,
            second_in_time: false,
            delivered: Vec::new(),
            timed_out: false,
            cancelled: false,
            drained: false,
        }
    }

    pub(super) fn bounds() -> Bounds {
        Bounds {
            window: 10,
            max_parked: 10,
            bytes: 1 << 20,
            max_delay: None,
            delivered: false,
            ordered: false,
        }
    }

    pub(super) fn host() -> Host {
        Host::of(&"http://h/".parse().unwrap()).unwrap()
    }

    /// True if the race has an answer to the second request.
    pub(super) fn second_has_answered(&self) -> bool {
        self.second_ended && self.second_stands
    }

    /// True if the first request was shut down.
    pub(super) fn first_is_shut_down(&self) -> bool {
        self.first_slot.is_cancelled()
    }

    /// Returns the parts of the state that are private to the workers.
    pub(super) fn facts(&self) -> impl std::fmt::Debug {
        let slots = [&self.first_slot, &self.second_slot].map(|slot| slot.is_cancelled());
        let stands = (
            self.first_panicked,
            self.first_stands,
            self.second_stands,
            self.second_ended,
        );
        (slots, stands, self.loser.is_some(), self.race.waits())
    }

    /// Returns the events that may happen next.
    pub(super) fn events(&self) -> Vec<Event> {
        use Course::{Bad, Good, Panic};
        let courses = |exchanges: bool, slot: &CancelSlot| match exchanges {
            _ if slot.is_cancelled() => &[Bad][..],
            _ if self.timed_out => &[Bad, Panic],
            _ => &[Good, Bad, Panic],
        };
        let first = match self.first {
            FirstStep::Exchange => courses(true, &self.first_slot),
            FirstStep::EndRace if self.sleep.0.load(Ordering::Relaxed) => &[],
            FirstStep::Hook => &[Good, Panic],
            FirstStep::Over => &[],
            _ => &[Good],
        };
        let second = match self.second {
            SecondStep::Exchange => courses(true, &self.second_slot),
            SecondStep::Hook => &[Good, Bad, Panic],
            SecondStep::Poll if self.schedule.next_wakeup().is_none_or(|at| at > self.now) => &[],
            SecondStep::Poll if !self.setting.has_place && self.first != FirstStep::Over => &[],
            _ => &[Good],
        };
        let first = first.iter().map(|course| Event::First(*course));
        let second = second.iter().map(|course| Event::Second(*course));
        let is_running = self.first != FirstStep::Over;
        let outside = [
            (self.now == self.begin, Event::TimePasses),
            (!self.timed_out && is_running, Event::Timeout),
            (!self.cancelled && is_running, Event::Cancel),
            (!self.drained, Event::Drain),
        ];
        let outside = outside.into_iter().filter(|(may, _)| *may);
        first
            .chain(second)
            .chain(outside.map(|(_, event)| event))
            .collect()
    }

    pub(super) fn play(&mut self, event: Event) {
        match event {
            Event::First(course) => self.play_first(course),
            Event::Second(course) => self.play_second(course),
            Event::TimePasses => self.now += USUAL,
            Event::Timeout => self.timed_out = true,
            Event::Cancel => {
                let waiting = self.schedule.cancel(self.job, self.now);
                self.cancelled |= waiting || self.first_slot.abort(self.first_number);
            }
            Event::Drain => {
                self.drained = true;
                let why = EndReason::Cancelled;
                self.schedule
                    .end_queued_of(Some(self.batch), &why, self.now);
            }
        }
    }

    fn play_first(&mut self, course: Course) {
        self.first = match self.first {
            FirstStep::Exchange if course == Course::Panic => {
                self.first_panicked = true;
                FirstStep::EndRace
            }
            FirstStep::Exchange => {
                self.first_stands = course == Course::Good;
                FirstStep::TakeOfferBack
            }
            FirstStep::TakeOfferBack => {
                if self.fault != Fault::OfferStands {
                    self.schedule.withdraw_hedge(self.job);
                }
                FirstStep::Settle
            }
            FirstStep::Settle => {
                let sleep = Arc::clone(&self.sleep);
                let deaf = self.fault == Fault::DeafToCancel;
                self.race.first_ended(self.first_stands, || match deaf {
                    true => Arc::new(Deaf),
                    false => sleep,
                });
                let waits = self.race.waits() && self.fault != Fault::NoWait;
                self.sleep.0.store(waits, Ordering::Relaxed);
                match waits {
                    true => FirstStep::EndRace,
                    // The lock of the race is held from the one to the other.
                    false => self.end_race(),
                }
            }
            FirstStep::EndRace => self.end_race(),
            FirstStep::Shutdown => {
                // After a cancel there is nothing to withdraw.
                let _ = self.first_slot.withdraw();
                // A panic in the exchange has left the offer.
                if self.fault != Fault::OfferStands {
                    self.schedule.withdraw_hedge(self.job);
                }
                if let Some((slot, number)) = self.loser.take()
                    && self.fault != Fault::NoShutdown
                {
                    slot.abort(number);
                }
                FirstStep::Hook
            }
            FirstStep::Hook => {
                let ends_well = course == Course::Good && !self.first_panicked;
                self.answered &= ends_well;
                self.second_in_time &= ends_well;
                // The place is free while the caller's code runs.
                self.schedule.release(self.job, self.now);
                FirstStep::Deliver
            }
            FirstStep::Deliver => {
                self.delivered
                    .push(match (self.first_slot.end(), self.answered) {
                        (true, _) => Delivered::Cancelled,
                        (false, true) => Delivered::Answer,
                        (false, false) => Delivered::Failure,
                    });
                FirstStep::Complete
            }
            FirstStep::Complete => {
                self.schedule.end_hedged(self.job, None);
                self.complete(self.job);
                FirstStep::Over
            }
            FirstStep::Over => unreachable!("it has no step"),
        }
    }

    fn end_race(&mut self) -> FirstStep {
        assert!(!self.race.waits() || self.fault == Fault::NoWait);
        self.second_in_time = self.second_has_answered();
        self.answered = self.first_stands;
        match self.race.end() {
            RaceEnd::Abort(slot, number) => {
                self.check_abort();
                self.loser = Some((slot, number));
            }
            RaceEnd::Answered(()) => self.answered = true,
            RaceEnd::Unsent | RaceEnd::Unused => {}
        }
        FirstStep::Shutdown
    }

    fn play_second(&mut self, course: Course) {
        self.second = match self.second {
            SecondStep::Poll => match self.schedule.poll_hedge(self.now) {
                Some(start) => {
                    self.hedges += 1;
                    self.hedge = Some(start);
                    self.second_number = self.second_slot.begin();
                    self.check_start();
                    SecondStep::Begin
                }
                None => SecondStep::Poll,
            },
            SecondStep::Begin => match self.race.begin(&self.second_slot, self.second_number) {
                Some(()) => {
                    if self.fault == Fault::OfferedTwice {
                        self.schedule.offer_hedge(self.job, self.begin, 1);
                    }
                    SecondStep::Hook
                }
                None => SecondStep::GiveBack,
            },
            SecondStep::Hook | SecondStep::Exchange if course == Course::Panic => {
                match self.fault {
                    Fault::PanicLeavesRace => SecondStep::GiveBack,
                    _ => SecondStep::EndRace,
                }
            }
            SecondStep::Hook if course == Course::Bad => SecondStep::EndRace,
            SecondStep::Hook => SecondStep::Send,
            SecondStep::Send => match self.race.sends() {
                true => SecondStep::Exchange,
                false => SecondStep::EndRace,
            },
            SecondStep::Exchange => {
                self.second_stands = course == Course::Good;
                SecondStep::EndRace
            }
            SecondStep::EndRace => {
                self.second_ended = true;
                self.race.second_ended(self.second_stands.then_some(()));
                if self.fault != Fault::NoWordOfTheSecond {
                    self.sleep.wake();
                }
                if self.fault == Fault::SecondDelivers && self.second_stands {
                    self.delivered.push(Delivered::Answer);
                }
                SecondStep::GiveBack
            }
            SecondStep::GiveBack => {
                self.second_slot.end();
                if let Some(start) = self.hedge.take()
                    && self.fault != Fault::PlaceKept
                {
                    self.schedule.end_hedge(start, self.now);
                }
                SecondStep::Poll
            }
        }
    }

    /// Completes a job in flight.
    pub(super) fn complete(&mut self, job: Id) {
        let done = Verdict::Done {
            bytes: 0,
            cool: None,
            call: CallEnd::Success,
        };
        let heard = HostObservation::Nothing;
        assert!(self.schedule.complete(job, heard, done, self.now).is_none());
    }
}
