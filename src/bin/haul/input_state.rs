//! Facts about the reading of an input, and places of its lines.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use haul::Request;

use crate::failure::CommandError;
use crate::source::STDIN;

/// Number of requests that were left out because an equal one came before. Clones share one number.
#[derive(Clone, Default)]
pub(crate) struct Duplicates(Arc<AtomicU64>);

impl Duplicates {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reason why the reading ended before the end of the input, if an input turned out to be no list. Clones share one
/// state.
#[derive(Clone, Default)]
pub(crate) struct InputRefusal(Arc<OnceLock<String>>);

impl InputRefusal {
    /// Sets the reason. The first reason stays.
    pub(crate) fn set(&self, reason: String) {
        let _ = self.0.set(reason);
    }

    pub(crate) fn failure(&self) -> Option<CommandError> {
        self.0.get().map(CommandError::usage)
    }
}

/// The place of a line, or of a URL among the arguments.
#[derive(Clone)]
pub(crate) enum LinePlace {
    Line(Arc<str>, u64),
    Argument(u64),
}

impl LinePlace {
    pub(crate) fn is_stdin(&self) -> bool {
        matches!(self, LinePlace::Line(name, _) if &**name == STDIN)
    }

    pub(crate) fn of(self, request: Request) -> Request {
        match self {
            LinePlace::Line(name, number) => request.read_at(name, number),
            LinePlace::Argument(number) => request.read_from_argument(number),
        }
    }
}
