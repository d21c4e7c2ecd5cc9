//! Engine in the memory of the process, for tests. It is the specification of the steps: plain, and obviously right.
//! Its clock is set by the test. All handles of one store see the same run.

mod lane;
mod limits;
mod member;
mod members;
mod results;
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::host::Host;

use super::engine::{
    BeatReply, BegunEntry, EngineError, Entry, FinishReply, FleetEngine, LaneFigures, LaterNote,
    LeaseReply, LeasedEntry, ListedWait, LoadReply, NewRun, ParkedEntry, PermitCall, PermitReply,
    QueueBounds, ResultSource, RunFacts, RunState, Sequence, ServerUse, SettleReply, SettledEntry,
    WaitingResult,
};
use lane::MemoryLane;
use limits::MemoryLimits;

/// Connection to a run in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryEngine {
    store: Arc<Mutex<MemoryStore>>,
    /// Text by which the run differs from others of its name. Empty: the engine serves any run.
    id: String,
}

/// Everything that the engine keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryStore {
    /// Time since some instant before the test.
    now: Duration,
    run: Option<MemoryRun>,
    limits: MemoryLimits,
}

#[derive(Clone, Debug)]
struct MemoryRun {
    new: NewRun,
    is_input_read: bool,
    position: u64,
    digest: String,
    /// Loader that noted last.
    noter: String,
    later: LaterNote,
    /// Loader that noted a later load last.
    later_noter: String,
    /// Number of loaders that have begun.
    loaders: u64,
    lanes: Vec<MemoryLane>,
}

impl MemoryEngine {
    /// Time of the engine's clock.
    pub(crate) fn now(&self) -> Duration {
        self.lock().now
    }

    pub(crate) fn set_now(&self, now: Duration) {
        self.lock().now = now;
    }

    /// Copy of everything as it is now.
    pub(crate) fn snapshot(&self) -> MemoryStore {
        self.lock().clone()
    }

    /// Goes back to an earlier copy, as a server does that lost the end of its log. The clock goes on.
    pub(crate) fn restore(&self, earlier: MemoryStore) {
        let mut store = self.lock();
        let now = store.now;
        *store = earlier;
        store.now = now;
    }

    /// Worker that holds an entry. `None`: no worker does.
    pub(crate) fn holder(&self, lane: u32, sequence: Sequence) -> Option<String> {
        let store = self.lock();
        let lane = &store.run.as_ref()?.lanes[lane as usize];
        lane.holder(sequence).map(str::to_owned)
    }

    /// Binds the engine to a run.
    pub(crate) fn bind(&mut self, id: &str) {
        id.clone_into(&mut self.id);
    }

    fn lock(&self) -> MutexGuard<'_, MemoryStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out a step on the run.
    fn on_run<T>(&self, step: impl FnOnce(&mut MemoryRun) -> T) -> Result<T, EngineError> {
        self.lock().run.as_mut().map(step).ok_or(EngineError::NoRun)
    }

    /// Carries out a step on the run that the engine is bound to.
    fn on_own_run<T>(&self, step: impl FnOnce(&mut MemoryRun) -> T) -> Result<T, EngineError> {
        self.on_run(|run| match self.id.is_empty() || self.id == run.new.id {
            true => Ok(step(run)),
            false => Err(EngineError::OtherRun),
        })?
    }

    /// Carries out a step on a lane, with the time and the length of a lease.
    fn on_lane<T>(
        &self,
        lane: u32,
        step: impl FnOnce(&mut MemoryLane, Duration, Duration) -> T,
    ) -> Result<T, EngineError> {
        let now = self.now();
        self.on_run(|run| step(&mut run.lanes[lane as usize], now, run.new.lease))
    }
}

impl FleetEngine for MemoryEngine {
    fn create(&mut self, run: &NewRun) -> Result<bool, EngineError> {
        let mut store = self.lock();
        if store.run.is_some() {
            return Ok(false);
        }
        store.run = Some(MemoryRun {
            new: run.clone(),
            is_input_read: false,
            position: 0,
            digest: String::new(),
            noter: String::new(),
            later: LaterNote::default(),
            later_noter: String::new(),
            loaders: 0,
            lanes: (0..run.lanes).map(|_| MemoryLane::default()).collect(),
        });
        Ok(true)
    }

    fn facts(&mut self) -> Result<RunFacts, EngineError> {
        self.on_own_run(|run| RunFacts {
            id: run.new.id.clone(),
            settings: run.new.settings.clone(),
            lanes: run.new.lanes,
            lease: run.new.lease,
            state: run.lanes[0].state(),
            is_loaded: run.lanes[0].is_loaded(),
            is_input_read: run.is_input_read,
            position: run.position,
            digest: run.digest.clone(),
            later: run.later.clone(),
            loaders: run.loaders,
        })
    }

    fn set_state(&mut self, state: RunState) -> Result<bool, EngineError> {
        if state == RunState::Loaded {
            let reason = "only its loader may mark a run as loaded";
            return Err(EngineError::Refused(reason.to_owned()));
        }
        self.on_own_run(|run| {
            let set = run.lanes.iter_mut().map(|lane| lane.set_state(state));
            set.fold(true, |all, set| all & set)
        })
    }

    fn align_lanes(&mut self) -> Result<(), EngineError> {
        // A single step sets all lanes.
        self.on_run(|_| ())
    }

    fn begin_loading_after(&mut self, loader: &str, facts: &RunFacts) -> Result<bool, EngineError> {
        let seen = facts.loaders;
        self.on_run(|run| {
            if run.new.id != facts.id {
                return Err(EngineError::OtherRun);
            }
            let is_newest = run.lanes[0].is_newest(loader);
            let is_loaded = run.lanes[0].is_loaded();
            let is_known = (facts.position, &facts.digest) == (run.position, &run.digest)
                && (facts.is_input_read, facts.is_loaded) == (run.is_input_read, is_loaded)
                && facts.later == run.later;
            if !is_newest && seen >= run.loaders && is_known {
                run.loaders = seen + 1;
                for lane in &mut run.lanes {
                    lane.begin_loading(loader);
                }
            }
            Ok(run.lanes[0].is_newest(loader))
        })?
    }

    fn note_loaded(
        &mut self,
        loader: &str,
        position: u64,
        digest: &str,
        is_end: bool,
    ) -> Result<bool, EngineError> {
        self.on_run(|run| {
            if !run.lanes[0].is_newest(loader) {
                return false;
            }
            let is_late = (position, is_end) < (run.position, run.is_input_read);
            if run.noter != loader || !is_late {
                loader.clone_into(&mut run.noter);
                run.position = position;
                digest.clone_into(&mut run.digest);
                run.is_input_read = is_end;
            }
            true
        })
    }

    fn note_later(&mut self, loader: &str, position: u64, text: &str) -> Result<bool, EngineError> {
        self.on_run(|run| {
            if !run.lanes[0].is_newest(loader) {
                return false;
            }
            let is_late = (position, false) < (run.later.position, run.later.is_over);
            if run.later_noter != loader || !is_late {
                loader.clone_into(&mut run.later_noter);
                run.later = LaterNote {
                    position,
                    text: text.to_owned(),
                    is_over: false,
                };
            }
            true
        })
    }

    fn finish_loading(&mut self, loader: &str) -> Result<FinishReply, EngineError> {
        self.on_own_run(|run| {
            let replies = run.lanes.iter_mut().map(|lane| lane.finish_loading(loader));
            let other = replies
                .into_iter()
                .find(|reply| *reply != FinishReply::Finished);
            run.later.is_over |= other.is_none();
            other.unwrap_or(FinishReply::Finished)
        })
    }

    fn load(
        &mut self,
        lane: u32,
        loader: &str,
        expected_last: Sequence,
        bounds: QueueBounds,
        entries: &[Entry],
    ) -> Result<LoadReply, EngineError> {
        self.on_lane(lane, |lane, _, _| {
            lane.load(loader, expected_last, bounds, entries)
        })?
    }

    fn beat(&mut self, lane: u32, worker: &str, join: bool) -> Result<BeatReply, EngineError> {
        self.on_own_run(|_| {})?;
        self.on_lane(lane, |lane, now, lease| lane.beat(worker, join, now, lease))
    }

    fn leave(&mut self, lane: u32, worker: &str) -> Result<(), EngineError> {
        self.on_lane(lane, |lane, _, _| lane.leave(worker))
    }

    fn lease(
        &mut self,
        lane: u32,
        worker: &str,
        most: usize,
        early: usize,
    ) -> Result<LeaseReply, EngineError> {
        self.on_lane(lane, |lane, now, _| lane.lease(worker, most, early, now))
    }

    fn begin(
        &mut self,
        lane: u32,
        worker: &str,
        entries: &[BegunEntry],
    ) -> Result<Vec<bool>, EngineError> {
        self.on_lane(lane, |lane, _, _| lane.begin(worker, entries))
    }

    fn settle(
        &mut self,
        lane: u32,
        worker: &str,
        most_bytes: u64,
        entries: &[SettledEntry],
    ) -> Result<SettleReply, EngineError> {
        self.on_lane(lane, |lane, _, _| lane.settle(worker, most_bytes, entries))
    }

    fn park(
        &mut self,
        lane: u32,
        worker: &str,
        number: u64,
        entries: &[ParkedEntry],
    ) -> Result<Vec<bool>, EngineError> {
        self.on_lane(lane, |lane, now, _| lane.park(worker, number, entries, now))
    }

    fn reclaim(&mut self, lane: u32, worker: &str, most: usize) -> Result<LeaseReply, EngineError> {
        self.on_lane(lane, |lane, now, lease| {
            lane.reclaim(worker, most, now, lease)
        })
    }

    fn held(
        &mut self,
        lane: u32,
        worker: &str,
        known: &dyn Fn(Sequence) -> bool,
    ) -> Result<Vec<LeasedEntry>, EngineError> {
        self.on_lane(lane, |lane, _, _| lane.held(worker, known))
    }

    fn results(
        &mut self,
        lane: u32,
        collector: &str,
        from: ResultSource,
        most: usize,
    ) -> Result<Vec<WaitingResult>, EngineError> {
        self.on_lane(lane, |lane, now, _| {
            lane.results.hand_out(collector, from, most, now)
        })
    }

    fn collected(&mut self, lane: u32, results: &[(String, u64)]) -> Result<u64, EngineError> {
        self.on_lane(lane, |lane, _, _| lane.collected(results))
    }

    fn permit(
        &mut self,
        host: Option<&Host>,
        call: &PermitCall,
    ) -> Result<PermitReply, EngineError> {
        let mut store = self.lock();
        let now = store.now;
        Ok(store.limits.of(host).permit(call, now))
    }

    fn cool(&mut self, host: &Host, pause: Duration) -> Result<(), EngineError> {
        let mut store = self.lock();
        let now = store.now;
        store.limits.of(Some(host)).cool(pause, now);
        Ok(())
    }

    fn vote(
        &mut self,
        host: &Host,
        worker: &str,
        tripped: bool,
        rest: Duration,
    ) -> Result<bool, EngineError> {
        let mut store = self.lock();
        let now = store.now;
        let limits = store.limits.of(Some(host));
        Ok(limits.vote(worker, tripped, rest, now))
    }

    fn probe(&mut self, host: &Host, succeeded: bool) -> Result<(), EngineError> {
        let mut store = self.lock();
        let now = store.now;
        store.limits.of(Some(host)).probe(succeeded, now);
        Ok(())
    }

    fn wait_for_disk(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn secure(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn server_use(&mut self) -> Result<ServerUse, EngineError> {
        Ok(ServerUse::default())
    }

    fn waiting_hosts(&mut self) -> Result<Vec<ListedWait>, EngineError> {
        let store = self.lock();
        Ok(store.limits.waiting(store.now))
    }

    fn figures(&mut self, lane: u32) -> Result<LaneFigures, EngineError> {
        self.on_lane(lane, |lane, now, _| lane.figures(now))
    }

    fn remove(&mut self) -> Result<(), EngineError> {
        self.on_own_run(|_| {})?;
        self.lock().run = None;
        Ok(())
    }
}
