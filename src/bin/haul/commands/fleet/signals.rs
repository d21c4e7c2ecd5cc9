//! Signals INT and TERM for commands of the fleet that have no requests under way.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use crate::failure::CommandError;
use crate::messages::Messages;
use crate::signals::arrivals;

/// Signal that came, if one did.
#[derive(Clone, Default)]
pub(super) struct StopSignal(Arc<AtomicU8>);

impl StopSignal {
    /// Number of the signal. `None`: none came.
    pub(super) fn number(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Acquire)).filter(|number| *number != 0)
    }
}

/// Note about the first signal for commands that write what was begun.
pub(super) const WRITES: &str =
    "interrupted: ends as soon as what was begun is written; a second signal ends it at once";

/// Notes the first signal, and tells `note` if it is not empty; the second one ends the process.
pub(super) fn watch(messages: &Messages, note: &'static str) -> Result<StopSignal, CommandError> {
    let wrong = |e| CommandError::unwritten(format!("signals cannot be watched: {e}"));
    let arrivals = arrivals::arrivals().map_err(wrong)?;
    let (signal, messages) = (StopSignal::default(), messages.clone());
    let noted = signal.clone();
    let watching = move || {
        for (nth, number) in (1..).zip(arrivals) {
            let number = u8::try_from(number).unwrap_or_default();
            if nth > 1 {
                process::exit(128 + i32::from(number));
            }
            noted.0.store(number, Ordering::Release);
            if !note.is_empty() {
                messages.note(note);
            }
        }
    };
    let thread = thread::Builder::new().name("haul-signals".to_owned());
    thread.spawn(watching).map_err(wrong)?;
    Ok(signal)
}
