//! Warnings of lines that the queue does not hold as they are.

use super::super::stored_line::WrittenLine;
use crate::redact::escape::log_line;
use crate::request::Request;

/// Number of lines that get a warning of their own.
const TOLD: u64 = 10;

/// Tells of the first lines that are not fit for the queue, or that go into it without their secrets.
#[derive(Debug, Default)]
pub(super) struct UnfitLines {
    unfit: u64,
    without_secrets: u64,
}

impl UnfitLines {
    pub(super) fn tell(&mut self, request: &Request, written: &WrittenLine) {
        let place = || match request.place() {
            Some(place) => format!("{place}: "),
            None => String::new(),
        };
        if let Some(fault) = &written.fault {
            self.unfit += 1;
            match self.unfit {
                n if n <= TOLD => log_line!(Warn, "{}this line will fail: {fault}", place()),
                n if n == TOLD + 1 => {
                    log_line!(Warn, "more lines cannot be sent: the results name them")
                }
                _ => {}
            }
        } else if !written.left_out.is_empty() {
            self.without_secrets += 1;
            match self.without_secrets {
                n if n <= TOLD => log_line!(
                    Warn,
                    "{}its secrets stay out of the queue, and each worker sends those that it is given: {} ({})",
                    place(),
                    written.left_out.join(", "),
                    options_for(&written.left_out)
                ),
                n if n == TOLD + 1 => log_line!(
                    Warn,
                    "the secrets of further lines stay out of the queue without a warning"
                ),
                _ => {}
            }
        }
    }
}

/// Returns the options of a worker that give these secrets, all of which it must be given.
fn options_for(names: &[String]) -> String {
    let mut options = Vec::new();
    for name in names {
        let option = match (name.strip_prefix('?'), name.as_str()) {
            (Some(name), _) => format!("--url-query {name}=VALUE"),
            (None, "authorization") => "-u USER:PASSWORD or --bearer TOKEN".to_owned(),
            (None, "cookie") => "-b COOKIES".to_owned(),
            (None, name) => format!("-H '{name}: VALUE'"),
        };
        options.push(option);
    }
    format!("haul fleet work {}", options.join(", "))
}
