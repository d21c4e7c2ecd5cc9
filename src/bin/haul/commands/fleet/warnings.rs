//! Warnings of the library about the server of a fleet, printed as messages of the command.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::messages::Messages;

/// Time in which a text is printed once: several threads meet the same outage, again and again.
const ONCE_IN: Duration = Duration::from_secs(60);

struct PrintedWarnings {
    messages: Messages,
    printed: Mutex<Vec<(String, Instant)>>,
}

/// Prints warnings of the fleet from now on.
pub(super) fn print(messages: &Messages) {
    let logger = PrintedWarnings {
        messages: messages.clone(),
        printed: Mutex::default(),
    };
    // A logger that is there already, for more than warnings, prints them too.
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

impl Log for PrintedWarnings {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.level() <= Level::Warn && about.target().starts_with("haul::fleet")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.retain(|(_, at)| at.elapsed() < ONCE_IN);
        if printed.iter().all(|(other, _)| *other != text) {
            self.messages.warning(&text);
            printed.push((text, Instant::now()));
        }
    }

    fn flush(&self) {}
}
