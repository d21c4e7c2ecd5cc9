//! Messages on standard error: errors, warnings, notes, and a line per request.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use haul::redact::Escaped;

use crate::arguments::{Color, MessageArguments, yielded};
use crate::list_forms::ListForms;

/// Number of messages of one kind that are printed, for kinds that may come for every line.
const SAID: u32 = 10;

/// Prints messages on standard error, as far as the arguments want them. Clones share one state.
#[derive(Clone)]
pub(crate) struct Messages(Arc<MessagesState>);

struct MessagesState {
    quiet: u8,
    color: bool,
    /// True if a progress bar stands on the line of the cursor.
    bar: AtomicBool,
    complaints: AtomicU32,
    skipped_keys: AtomicU32,
    lists: ListForms,
}

#[derive(Clone, Copy)]
pub(crate) enum MessageColor {
    Plain,
    Good,
    Odd,
    Bad,
}

impl Messages {
    pub(crate) fn new(messages: &MessageArguments) -> Messages {
        let color = match messages.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                !unwanted && io::stderr().is_terminal()
            }
        };
        Messages(Arc::new(MessagesState {
            quiet: messages.quiet,
            color,
            bar: AtomicBool::new(false),
            complaints: AtomicU32::new(0),
            skipped_keys: AtomicU32::new(0),
            lists: ListForms::default(),
        }))
    }

    /// Tells which options of a file yield to others.
    pub(crate) fn of_file(&self) {
        yielded().iter().for_each(|text| self.warning(text));
    }

    /// Returns the formats of the lists that were read so far.
    pub(crate) fn lists(&self) -> &ListForms {
        &self.0.lists
    }

    pub(crate) fn set_bar(&self, shown: bool) {
        self.0.bar.store(shown, Ordering::Release);
    }

    /// True if summary and notes are not wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.0.quiet > 0
    }

    pub(crate) fn error(&self, text: &str) {
        if self.0.quiet < 2 {
            self.print(MessageColor::Bad, "haul:", text);
        }
    }

    pub(crate) fn warning(&self, text: &str) {
        if self.0.quiet < 2 {
            self.print(MessageColor::Odd, "haul: warning:", text);
        }
    }

    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet() {
            self.print(MessageColor::Plain, "haul:", text);
        }
    }

    /// Prints the message of a line that is no request: the first few are printed, all are among the results.
    pub(crate) fn bad_line(&self, text: &str) {
        match self.0.complaints.fetch_add(1, Ordering::AcqRel) {
            n if n < SAID => self.error(text),
            SAID => self.error("further bad lines are only in the results"),
            _ => {}
        }
    }

    /// Prints the message of a key that was skipped.
    pub(crate) fn skipped_key(&self, text: &str) {
        match self.0.skipped_keys.fetch_add(1, Ordering::AcqRel) {
            n if n < SAID => self.warning(text),
            SAID => self.warning("further unknown keys are skipped without a warning"),
            _ => {}
        }
    }

    /// Prints words in a colour, and then text without one.
    pub(crate) fn print(&self, paint: MessageColor, painted: &str, text: &str) {
        let code = match paint {
            _ if !self.0.color => "",
            MessageColor::Plain => "",
            MessageColor::Good => "\x1b[32m",
            MessageColor::Odd => "\x1b[33m",
            MessageColor::Bad => "\x1b[31m",
        };
        let end = if code.is_empty() { "" } else { "\x1b[0m" };
        let text = Escaped(text);
        self.write(&format!("{code}{painted}{end} {text}\n"));
    }

    /// Prints text that is printable as it is.
    pub(crate) fn block(&self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    fn write(&self, text: &str) {
        // The bar is cleared, and is drawn again below the text.
        let clear = if self.0.bar.load(Ordering::Acquire) {
            "\r\x1b[K"
        } else {
            ""
        };
        // If standard error is closed, there is no other place for the message.
        let _ = io::stderr().write_all(format!("{clear}{text}").as_bytes());
    }
}
