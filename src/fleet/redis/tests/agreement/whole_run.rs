//! Steps of a history on results and on the run as a whole.

use crate::fleet::engine::{FleetEngine, RunState};

use super::{History, TICK, kind};

impl History {
    pub(super) fn collected(&mut self) {
        let lane = self.lane();
        let of_lane = self.names.iter().filter(|((of, _), _)| *of == lane);
        let known: Vec<_> = of_lane
            .map(|((_, theirs), ours)| (theirs.clone(), ours.clone()))
            .collect();
        let chosen: Vec<_> = known
            .into_iter()
            .filter(|_| self.random.u8(0..3) == 0)
            .collect();
        let ours: Vec<_> = chosen.iter().map(|(_, ours)| ours.clone()).collect();
        let theirs: Vec<_> = chosen
            .into_iter()
            .map(|(name, (_, bytes))| (name, bytes))
            .collect();
        self.trace.push(format!("collected {lane} {theirs:?}"));
        let ours = kind(self.trial.engine.collected(lane, &ours));
        let theirs = kind(self.memory.collected(lane, &theirs));
        assert_eq!(ours, theirs, "redis, memory\n{}", self.trace.join("\n"));
    }

    pub(super) fn set_state(&mut self) {
        let states = [RunState::Running, RunState::Running, RunState::Paused];
        let at = self.random.usize(0..4);
        let Some(&state) = states.get(at) else {
            let loader = format!("loader {}", self.random.u8(0..2));
            self.both(format!("finish_loading {loader}"), |e| {
                e.finish_loading(&loader)
            });
            return;
        };
        self.both(format!("set_state {state:?}"), |e| e.set_state(state));
    }

    /// Cancels or removes the run, and creates it anew.
    pub(super) fn rarely(&mut self) {
        match self.random.u8(0..8) {
            0 => {
                self.both("cancel".into(), |e| e.set_state(RunState::Cancelled));
            }
            1 => {
                self.both("remove".into(), |e| e.remove());
                self.names.clear();
            }
            2 => self.bind(""),
            _ => {
                self.create();
                self.begin_loading();
            }
        }
    }

    pub(super) fn pass(&mut self) {
        let ticks = self.random.u32(1..4);
        self.trace.push(format!("{ticks} ticks pass"));
        self.trial.pass(TICK * ticks);
        let now = self.memory.now();
        self.memory.set_now(now + TICK * ticks);
    }
}
