//! Calls of the settle thread: outcomes, and entries that are to run later or elsewhere.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::fleet::engine::{
    EngineError, LeasedEntry, ParkedEntry, ResultClass, Sequence, SettleReply, SettledEntry,
};

use super::trouble::CallThread;
use super::{NextCall, SettleAnswer, SettleCall, SettleStep, WorkerCore};

/// Number of entries that are not waited for: a call takes as many at the most.
const MOST: usize = 200;

/// Number of bytes of records in one call, beyond which no further record is added.
const MOST_BYTES: usize = 1 << 20;

/// Longest time for which an entry waits for others.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Longest pause while too many results wait to be collected.
const LONGEST_FULL: Duration = Duration::from_secs(1);

/// Longest pause after a call that failed, while the worker runs and while it ends.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_LAST: Duration = Duration::from_millis(500);

/// Entries of a lane that wait for the engine.
#[derive(Debug, Default)]
pub(super) struct ClosedEntries {
    settles: VecDeque<ClosedEntry<SettledEntry>>,
    parks: VecDeque<ClosedEntry<ParkedEntry>>,
    /// Number of the last call that parks entries. A repeated call has a number of its own, so that the engine leaves
    /// out the first one if that comes late.
    last_park: u64,
}

#[derive(Debug)]
struct ClosedEntry<T> {
    generation: u32,
    since: Instant,
    is_repeated: bool,
    entry: T,
}

impl ClosedEntries {
    pub(super) fn settle(&mut self, generation: u32, entry: SettledEntry, now: Instant) {
        self.settles.push_back(ClosedEntry {
            generation,
            since: now,
            is_repeated: false,
            entry,
        });
    }

    pub(super) fn park(&mut self, generation: u32, entry: ParkedEntry, now: Instant) {
        self.parks.push_back(ClosedEntry {
            generation,
            since: now,
            is_repeated: false,
            entry,
        });
    }

    /// Number of entries that wait, without those of a call that is on its way.
    pub(super) fn len(&self) -> usize {
        self.settles.len() + self.parks.len()
    }

    /// Takes the counts of an entry that waits to be parked and was handed out anew: other workers may have had it since.
    pub(super) fn renew_park(&mut self, generation: u32, leased: &LeasedEntry) {
        let place = (generation, leased.entry.sequence);
        let parks = self.parks.iter_mut();
        let of_entry = parks.filter(|park| (park.generation, park.entry.sequence) == place);
        for park in of_entry {
            park.entry.attempts = leased.attempts;
            park.entry.deliveries = leased.deliveries;
        }
    }
}

/// Time at which a queue is to be settled. `None`: it is empty.
fn due<T>(queue: &VecDeque<ClosedEntry<T>>, at_once: bool, now: Instant) -> Option<Instant> {
    let first = queue.front()?;
    match at_once || queue.len() >= MOST || first.is_repeated {
        true => Some(now),
        false => Some(first.since + LONGEST_WAIT),
    }
}

/// Takes entries from the front that one call can hold. Returns them with their generation, and whether they are
/// repeated.
fn take<T>(
    queue: &mut VecDeque<ClosedEntry<T>>,
    size: impl Fn(&T) -> usize,
) -> Option<(u32, bool, Vec<T>)> {
    let first = queue.front()?;
    let (generation, is_repeated) = (first.generation, first.is_repeated);
    let (mut taken, mut bytes) = (Vec::new(), 0);
    while let Some(next) = queue.front() {
        let fits = (next.generation, next.is_repeated) == (generation, is_repeated);
        if !fits || taken.len() >= MOST || bytes >= MOST_BYTES {
            break;
        }
        let next = queue.pop_front().expect("it was looked at");
        bytes += size(&next.entry);
        taken.push(next.entry);
    }
    Some((generation, is_repeated, taken))
}

/// Puts entries of a call back that was not carried out, or has no answer.
fn put_back<T>(
    queue: &mut VecDeque<ClosedEntry<T>>,
    (generation, is_repeated): (u32, bool),
    entries: Vec<T>,
    now: Instant,
) {
    for entry in entries.into_iter().rev() {
        queue.push_front(ClosedEntry {
            generation,
            since: now,
            is_repeated,
            entry,
        });
    }
}

impl WorkerCore {
    /// Next call of the settle thread.
    pub(crate) fn next_settle(&mut self, now: Instant) -> NextCall<SettleCall> {
        self.look_at_end(now);
        if self.phase.is_over() {
            return NextCall::Over;
        }
        let at_once = self.phase.is_ending();
        let count = self.lanes.len();
        let mut earliest = None::<Instant>;
        for number in self.settle_turns.order(count) {
            let lane = &mut self.lanes[number];
            let closed = &mut lane.closed;
            let waits = self.settle_turns.waits_until(&lane.settle_redial, now);
            let full_until = lane.full_redial.waits_until(now);
            let later =
                |at: Instant, until: Option<Instant>| until.map_or(at, |until| until.max(at));
            let parks = due(&closed.parks, at_once, now).filter(|_| !lane.is_leasing);
            let parks = parks.map(|at| later(at, waits));
            let settles = due(&closed.settles, at_once, now);
            let settles = settles.map(|at| later(later(at, full_until), waits));
            let taken = if parks.is_some_and(|at| at <= now) {
                closed.last_park += 1;
                lane.is_parking = true;
                let number = closed.last_park;
                take(&mut closed.parks, |_| 0)
                    .map(|(g, r, entries)| (g, r, SettleStep::Park { number, entries }))
            } else if settles.is_some_and(|at| at <= now) {
                take(&mut closed.settles, |entry| entry.record.len())
                    .map(|(g, r, entries)| (g, r, SettleStep::Settle(entries)))
            } else {
                None
            };
            if let Some((generation, is_repeated, step)) = taken {
                self.settle_turns.take(number, count);
                return NextCall::Call(SettleCall {
                    lane: number as u32,
                    generation,
                    worker: lane.name_of(generation).to_owned(),
                    step,
                    is_repeated,
                    sent: now,
                });
            }
            earliest = earliest.into_iter().chain(parks).chain(settles).min();
        }
        NextCall::Wait(earliest)
    }

    /// Takes the answer to a call of the settle thread.
    pub(crate) fn settle_done(
        &mut self,
        call: SettleCall,
        answer: Result<SettleAnswer, EngineError>,
        now: Instant,
    ) {
        self.note_answer((call.lane, CallThread::Settle), &answer, now);
        let lane = self.lane_mut(call.lane);
        if answer.is_ok() {
            lane.settle_redial.succeeded();
        }
        if let SettleStep::Park { .. } = call.step {
            lane.is_parking = false;
        }
        match (call.step, answer) {
            (
                SettleStep::Settle(entries),
                Ok(SettleAnswer::Settled(SettleReply::Settled(held))),
            ) => {
                (lane.full_since, lane.full_redial) = (None, super::Redial::default());
                for (entry, held) in entries.iter().zip(held) {
                    // An entry whose first call has no answer was most likely settled by it.
                    match held || call.is_repeated {
                        true => self.count(entry.class),
                        false => self.figures.stale += 1,
                    }
                    self.forget_closed(call.lane, call.generation, entry.sequence);
                }
            }
            (SettleStep::Settle(entries), Ok(_)) => {
                lane.full_since.get_or_insert(now);
                lane.full_redial.failed_for(LONGEST_FULL, now);
                let back = (call.generation, call.is_repeated);
                put_back(&mut lane.closed.settles, back, entries, now);
            }
            (SettleStep::Park { entries, .. }, Ok(_)) => {
                for entry in entries {
                    self.forget_closed(call.lane, call.generation, entry.sequence);
                }
            }
            (step, Err(error)) => {
                let is_lost = matches!(error, EngineError::Away(_));
                let back = (call.generation, call.is_repeated || is_lost);
                self.settle_failed(call.lane, call.sent, now);
                let closed = &mut self.lane_mut(call.lane).closed;
                match step {
                    SettleStep::Settle(entries) => {
                        put_back(&mut closed.settles, back, entries, now);
                    }
                    SettleStep::Park { entries, .. } => {
                        put_back(&mut closed.parks, back, entries, now);
                    }
                }
            }
        }
        self.look_at_end(now);
    }

    /// Lets a lane pause after a call that failed. In the end the pauses are short, since there is little time left.
    fn settle_failed(&mut self, lane: u32, sent: Instant, now: Instant) {
        let longest = match self.phase.is_ending() {
            true => LONGEST_LAST,
            false => LONGEST_PAUSE,
        };
        self.lane_mut(lane).settle_redial.failed_for(longest, now);
        let has_others = self
            .lanes
            .iter()
            .any(|lane| !lane.settle_redial.is_failing());
        self.settle_turns.failed(sent, has_others, now);
    }

    /// True if a thread that waits would find something to do: the first outcome that waits, or a full call of them, or
    /// room for further entries.
    pub(crate) fn has_work(&self) -> bool {
        let mut lanes = self.lanes.iter();
        let is_due = |count: usize| count == 1 || count >= MOST;
        self.has_room()
            || self.phase.is_ending()
            || lanes.any(|lane| is_due(lane.closed.settles.len()))
    }

    fn forget_closed(&mut self, lane: u32, generation: u32, sequence: Sequence) {
        if let Some(key) = self.in_hand(lane, generation, sequence) {
            self.forget(key);
        }
    }

    fn count(&mut self, class: ResultClass) {
        match class {
            ResultClass::Success => self.figures.success += 1,
            ResultClass::Rejected => self.figures.rejected += 1,
            ResultClass::Failed => self.figures.failed += 1,
            ResultClass::GivenUp => {
                self.figures.failed += 1;
                self.figures.given_up += 1;
            }
        }
    }
}
