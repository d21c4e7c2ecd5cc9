//! Shared state of a run, as workers, loaders and collectors see it: one method for each step that happens as a whole.
//!
//! Two engines hold it: a Redis server, with one script for each step, and one in memory, which tests use. An engine
//! value is one connection, bound to one run. Times that an engine compares are its own, never those of its callers.
//!
//! The requests of a run lie in one or several lanes. An entry of a lane is *queued* until a worker leases it, then
//! *leased* by that worker, or *parked* until a time. The worker that leased it is its *holder*; only the holder may
//! begin, settle or park it. A worker is a *member* of a lane from its first beat until it is declared dead or leaves.

mod error;
mod facts;
mod limits;
mod loading;
mod server_use;

use std::time::Duration;

pub(crate) use error::{EngineError, ErrorCause};
pub(crate) use facts::{LaneFigures, LaterNote, MOST_LANES, NewRun, RunFacts, RunState};
pub(crate) use limits::{HostWait, ListedWait, PermitCall, PermitReply, SlotWindow};
pub(crate) use loading::{FinishReply, LoadReply, QueueBounds};
pub(crate) use server_use::{MemoryUse, ServerUse};

use crate::host::Host;

/// Number of an entry in its run: the position of its line in the input, from 1.
pub(crate) type Sequence = u64;

/// Request in the queue of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) sequence: Sequence,
    /// Request as a line of input. Empty if `fault` says why there is none.
    pub(crate) line: Vec<u8>,
    /// Digest of the key that its record has.
    pub(crate) key: [u8; 16],
    /// Position of the line in the input, from 0.
    pub(crate) index: u64,
    /// True if its record takes the place of an earlier one.
    pub(crate) supersedes: bool,
    /// Reason why the line is not fit to be sent. `None`: it is fit.
    pub(crate) fault: Option<String>,
}

impl Entry {
    /// Number of bytes for which the entry counts among those that are queued.
    pub(crate) fn size(&self) -> u64 {
        (self.line.len() + self.fault.as_ref().map_or(0, String::len)) as u64
    }
}

/// Entry that a worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeasedEntry {
    pub(crate) entry: Entry,
    /// Number of attempts that were made before it was parked.
    pub(crate) attempts: u32,
    /// Number of times that the entry was handed to a worker, this one included. Taking a parked entry up again does
    /// not count; being taken from a worker that died does.
    pub(crate) deliveries: u32,
    /// Number of workers that began the entry again after a delivery, and neither settled nor parked it.
    pub(crate) begun_again: u32,
    /// Worker that began it and must not be followed by another, since the request must not be repeated. `None`: no
    /// worker did.
    pub(crate) intent: Option<String>,
}

/// Answer to [`FleetEngine::beat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BeatReply {
    /// The worker is a member: state of the run, and number of members.
    Member { state: RunState, workers: u32 },
    /// The worker was declared dead, or never joined.
    Dead,
}

/// Answer to [`FleetEngine::lease`] and [`FleetEngine::reclaim`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeaseReply {
    pub(crate) state: RunState,
    /// False if the worker is no member, and was given nothing.
    pub(crate) is_member: bool,
    pub(crate) entries: Vec<LeasedEntry>,
}

/// Entry that is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BegunEntry {
    pub(crate) sequence: Sequence,
    /// True if its request must not be repeated: the worker's name is kept as its intent.
    pub(crate) once: bool,
    /// True if the entry was delivered before: it is counted as begun again.
    pub(crate) again: bool,
}

/// Result class of an entry, under which it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ResultClass {
    Success,
    Rejected,
    Failed,
    /// Failed, since workers died with it too often. Counted as failed and as given up.
    GivenUp,
}

/// Entry that has its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettledEntry {
    pub(crate) sequence: Sequence,
    pub(crate) class: ResultClass,
    /// Size of the entry, see [`Entry::size`].
    pub(crate) size: u64,
    /// Record of the outcome, without a line feed.
    pub(crate) record: Vec<u8>,
}

/// Answer to [`FleetEngine::settle`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SettleReply {
    /// True for each entry whose holder the worker was, in order. Those are settled; the others count as stale.
    Settled(Vec<bool>),
    /// No entry was settled, since too many results wait to be collected.
    Full,
}

/// Entry that is to be run later, or elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParkedEntry {
    pub(crate) sequence: Sequence,
    pub(crate) delay: Duration,
    pub(crate) attempts: u32,
    pub(crate) deliveries: u32,
    /// True if this worker began it again: that beginning does not count any more.
    pub(crate) begun_again: bool,
    /// True if it is parked only so that others find room: it may be handed out before its time.
    pub(crate) is_aside: bool,
}

/// Result that waits to be collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingResult {
    /// Name of the result in its lane, by the engine's choice.
    pub(crate) name: String,
    pub(crate) record: Vec<u8>,
}

/// Results that a collector asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultSource {
    /// Results that it was given before and did not collect, from the first one on.
    Own,
    /// Results that no collector was given.
    New,
    /// Results that another collector was given and did not collect for this time.
    Abandoned(Duration),
}

/// Connection to the shared state of one run. Each method is one step, and happens as a whole or not at all.
///
/// # Errors
/// Every method: [`EngineError::NoRun`] if the run was removed, except for `server_use`, and for `permit`, `cool`, `vote`,
/// `probe` and `waiting_hosts`, whose facts outlive the run by some minutes; [`EngineError::Away`] if no answer came.
///
/// `facts`, `set_state`, `begin_loading_after`, `finish_loading`, `beat` and `remove`: [`EngineError::OtherRun`] if the
/// engine is bound to another run of this name. The other steps need not look: a worker or loader of another run is no
/// member and not the newest loader, and a collector looks at the facts.
pub(crate) trait FleetEngine: Send {
    /// Creates the run. Returns false, and changes nothing, if it exists.
    fn create(&mut self, run: &NewRun) -> Result<bool, EngineError>;

    /// Facts of the run.
    fn facts(&mut self) -> Result<RunFacts, EngineError>;

    /// Sets the state of the run in all lanes: to `Running`, `Paused` or `Cancelled`. A cancelled run stays cancelled:
    /// returns false then, unless it is to be cancelled.
    ///
    /// A pause and the end of the input are kept apart. A run that is paused stays paused when it becomes `Loaded`, and
    /// a run that is `Running` again after a pause is `Loaded` if it became so before. Of two calls at once, the one that
    /// the first lane takes last holds in all lanes, as soon as both have ended.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for `Loaded`, which only [`finish_loading`](FleetEngine::finish_loading) sets.
    fn set_state(&mut self, state: RunState) -> Result<bool, EngineError>;

    /// Sets the state of each lane to that of the first one. They differ after a call of `set_state` that was interrupted.
    fn align_lanes(&mut self) -> Result<(), EngineError>;

    /// Makes this loader the newest one, in all lanes, if no other has begun, noted or finished since these
    /// [facts](FleetEngine::facts) were read. The run is not `Loaded` any more, so that workers stay.
    ///
    /// A loader that is the newest one already stays it: the answer to its first call was lost. Returns false, and
    /// changes no lane, if another loader has begun or noted: a call that comes late does not take the place of a loader
    /// that has begun after its own, and the caller first verifies its input as far as the run's is known.
    fn begin_loading_after(&mut self, loader: &str, facts: &RunFacts) -> Result<bool, EngineError>;

    /// Makes this loader the newest one, in place of all that have begun before.
    #[cfg(test)]
    fn begin_loading(&mut self, loader: &str) -> Result<(), EngineError> {
        loop {
            let facts = self.facts()?;
            if self.begin_loading_after(loader, &facts)? {
                return Ok(());
            }
        }
    }

    /// Notes the input up to this line, before lines behind an earlier note are loaded, and whether that is its end. Returns false, and notes nothing,
    /// if a newer loader is at work. A note of less than this loader has noted comes late, and changes nothing.
    fn note_loaded(
        &mut self,
        loader: &str,
        position: u64,
        digest: &str,
        is_end: bool,
    ) -> Result<bool, EngineError>;

    /// Notes a later load, like [`note_loaded`](FleetEngine::note_loaded): it is under way until the run is `Loaded`.
    fn note_later(&mut self, loader: &str, position: u64, text: &str) -> Result<bool, EngineError>;

    /// Makes the run `Loaded` in all lanes, if this loader is the newest one.
    fn finish_loading(&mut self, loader: &str) -> Result<FinishReply, EngineError>;

    /// Appends entries to a lane, in the order of their numbers, if `expected_last` is the number of the last entry that
    /// was ever added (0: there was none) and this loader is the newest one. A lane that holds entries takes none beyond
    /// the bounds. A cancelled run takes none. The checks are made in this order: state, newest loader,
    /// last entry, bounds.
    fn load(
        &mut self,
        lane: u32,
        loader: &str,
        expected_last: Sequence,
        bounds: QueueBounds,
        entries: &[Entry],
    ) -> Result<LoadReply, EngineError>;

    /// Tells that a worker lives. `join`: it becomes a member, if it is none. Beats are unbroken while each comes within
    /// two thirds of a lease after the one before.
    fn beat(&mut self, lane: u32, worker: &str, join: bool) -> Result<BeatReply, EngineError>;

    /// Takes a worker that ends off the members. Entries that it holds stay with it until they are reclaimed.
    fn leave(&mut self, lane: u32, worker: &str) -> Result<(), EngineError>;

    /// Hands up to `most` entries to a worker: parked ones that are due first, then those that were put aside and are
    /// due, then up to `early` that were put aside and are not due, then queued ones in order. Parked entries come by
    /// their time, those of one time by their number. Nothing is handed out while the run is paused, or once it is
    /// cancelled.
    fn lease(
        &mut self,
        lane: u32,
        worker: &str,
        most: usize,
        early: usize,
    ) -> Result<LeaseReply, EngineError>;

    /// Notes that a worker is about to send entries. Returns for each, in order, whether it is their holder. A worker that
    /// begins an entry a second time, since the first answer was lost, counts once.
    fn begin(
        &mut self,
        lane: u32,
        worker: &str,
        entries: &[BegunEntry],
    ) -> Result<Vec<bool>, EngineError>;

    /// Takes the outcomes of entries, and removes the entries with their intents and counts. `most_bytes`: nothing is
    /// taken while results of so many bytes wait.
    fn settle(
        &mut self,
        lane: u32,
        worker: &str,
        most_bytes: u64,
        entries: &[SettledEntry],
    ) -> Result<SettleReply, EngineError>;

    /// Parks entries. Their own intents go; the intent of a worker that died stays. Returns for each, in order, whether
    /// it was parked: the worker was its holder. An entry that says `begun_again` and was not begun again by the worker,
    /// since the call was lost, is parked all the same.
    ///
    /// `number`: number of the call, higher than those of the worker's earlier calls in this lane. A call that is carried
    /// out after one with the same number or a higher one parks nothing: the worker may hold its entries anew.
    fn park(
        &mut self,
        lane: u32,
        worker: &str,
        number: u64,
        entries: &[ParkedEntry],
    ) -> Result<Vec<bool>, EngineError>;

    /// Takes up to `most` entries from workers that are silent for longer than a lease, or are no members, if the caller's
    /// own beats are unbroken for a lease up to now. Entries that were handed to such a worker within the last lease stay
    /// with it. Workers are looked at in the order of their names, and their entries in the order of their numbers. A
    /// worker from which entries are taken, or that has none left, is declared dead. Nothing is done while the run is
    /// paused, or once it is cancelled.
    ///
    /// One worker does this at a time: the first whose beats suffice, and it alone until a lease has passed since its
    /// last call.
    fn reclaim(&mut self, lane: u32, worker: &str, most: usize) -> Result<LeaseReply, EngineError>;

    /// Returns the entries that a worker holds, but for those whose numbers are known to it.
    fn held(
        &mut self,
        lane: u32,
        worker: &str,
        known: &dyn Fn(Sequence) -> bool,
    ) -> Result<Vec<LeasedEntry>, EngineError>;

    /// Hands up to `most` results to a collector, in their order. The time after which they count as abandoned begins anew.
    fn results(
        &mut self,
        lane: u32,
        collector: &str,
        from: ResultSource,
        most: usize,
    ) -> Result<Vec<WaitingResult>, EngineError>;

    /// Removes results that are in a collector's file. Returns how many were there.
    fn collected(&mut self, lane: u32, results: &[(String, u64)]) -> Result<u64, EngineError>;

    /// Grants slots of a rate: of a host, or of all hosts together.
    ///
    /// A host that rests lets one request through when its rest is over: [`PermitReply::Probe`]. If no answer to it
    /// comes within another rest of the same length, one more is let through. Such a request takes a slot of the rate: as
    /// long as there is none at once, the answer is `Later`.
    ///
    /// `Later` says when the first slot comes within `longest_wait`. A window is kept as long as calls name its length.
    ///
    /// An engine whose clock is set back grants slots again after a time that the calls' numbers bound; no pause and no
    /// rest, and no window, holds for longer than its length from then on.
    fn permit(
        &mut self,
        host: Option<&Host>,
        call: &PermitCall,
    ) -> Result<PermitReply, EngineError>;

    /// Keeps all workers from a host for this time: no slot before its end is granted, whatever the tolerance.
    fn cool(&mut self, host: &Host, pause: Duration) -> Result<(), EngineError>;

    /// Tells how this worker fares with a host: `tripped` if most of its calls fail. If as many workers say so as 30 %
    /// of those that called in the last ten seconds, and at least two, the host rests for `rest`. Each worker has one
    /// vote, its last of these ten seconds; votes that made a host rest are used up. Returns whether the host rests. A
    /// host that rests does not rest longer for more votes, and those that come meanwhile are for no rest: they tell of
    /// calls that were begun before.
    fn vote(
        &mut self,
        host: &Host,
        worker: &str,
        tripped: bool,
        rest: Duration,
    ) -> Result<bool, EngineError>;

    /// Tells how the one request ended that was let through to a host that rests: after a success it is open again,
    /// after a failure it rests twice as long as before, up to five minutes. Nothing happens if no request was let
    /// through.
    fn probe(&mut self, host: &Host, succeeded: bool) -> Result<(), EngineError>;

    /// Returns when all that was written over this connection is on the engine's disk.
    ///
    /// # Errors
    /// [`EngineError::Busy`] if that takes too long; [`EngineError::Refused`] if the engine cannot tell.
    fn wait_for_disk(&mut self) -> Result<(), EngineError>;

    /// Returns when all that was written over this connection is on the engine's disk, as far as that can be known. An
    /// engine without a disk returns at once.
    fn secure(&mut self) -> Result<(), EngineError>;

    /// Memory and files of the engine's server.
    fn server_use(&mut self) -> Result<ServerUse, EngineError>;

    /// Hosts that workers leave alone for a second or longer from a pause on, or from the begin of a rest, in the order of
    /// their names. The list may lack some, and those that have the shortest time beyond a thousand.
    fn waiting_hosts(&mut self) -> Result<Vec<ListedWait>, EngineError>;

    /// Figures of a lane.
    fn figures(&mut self, lane: u32) -> Result<LaneFigures, EngineError>;

    /// Deletes the keys of the run.
    fn remove(&mut self) -> Result<(), EngineError>;

    /// Error of the way to the engine that was the reason of the last step's error. It is returned once, and holds no
    /// secret. `None`: there was none.
    fn take_cause(&mut self) -> Option<ErrorCause> {
        None
    }
}
