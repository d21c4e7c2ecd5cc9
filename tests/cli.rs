//! The `haul` command itself, run against servers on loopback: what it sends, prints, writes and exits with.

mod support;

#[path = "cli/command.rs"]
mod command;
#[path = "cli/downloads.rs"]
mod downloads;
#[path = "cli/ending.rs"]
mod ending;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/input.rs"]
mod input;
#[path = "cli/messages.rs"]
mod messages;
#[path = "cli/pace.rs"]
mod pace;
#[path = "cli/requests.rs"]
mod requests;
#[path = "cli/results.rs"]
mod results;
#[path = "cli/resuming.rs"]
mod resuming;
#[path = "cli/scale.rs"]
mod scale;
#[cfg(unix)]
#[path = "cli/signals.rs"]
mod signals;
#[path = "cli/streams.rs"]
mod streams;
#[path = "cli/usage.rs"]
mod usage;
