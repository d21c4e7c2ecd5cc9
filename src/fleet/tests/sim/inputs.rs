//! Inputs of loaders: the one of the history, and others.

use crate::fleet::engine::{Entry, FleetEngine};

use super::world::SimWorld;

/// Difference of an input from the one of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WrongInput {
    Shorter,
    Longer,
    /// Each line has another key.
    Changed,
}

impl SimWorld {
    /// Line of a loader's input. `None`: the input ends before it.
    pub(super) fn line_of(&self, loader: usize, index: usize, sequence: u64) -> Option<Entry> {
        let count = self.history.lines.len();
        let wrong = self.loaders[loader].wrong;
        let last = match wrong {
            Some(WrongInput::Shorter) => count - 1,
            Some(WrongInput::Longer) => count + 1,
            _ => count,
        };
        if index >= last {
            return None;
        }
        let mut entry = self.history.entry(index.min(count - 1), sequence);
        if wrong == Some(WrongInput::Changed) || index >= count {
            entry.key[14] ^= 1;
        }
        Some(entry)
    }

    /// Adds a loader whose input is not the one that was noted. An input that nothing was noted of is anyone's, and so is
    /// the beginning of one until its end is known.
    pub(super) fn add_wrong_loader(&mut self) {
        let facts = self.engine.facts().expect("the run is there");
        let wrong = match self.rng.u64(0..3) {
            0 if facts.is_input_read => WrongInput::Shorter,
            1 if facts.is_input_read => WrongInput::Longer,
            _ if facts.position > 0 => WrongInput::Changed,
            _ => return,
        };
        self.add_loader(Some(wrong));
    }
}
