//! The `haul` command itself, run against servers on loopback: its requests, output, files and exit status.

mod support;

#[path = "cli/as_written.rs"]
mod as_written;
#[cfg(feature = "rustls")]
#[allow(dead_code)]
#[path = "sessions/authority.rs"]
mod authority;
#[path = "cli/bad_lines.rs"]
mod bad_lines;
#[path = "cli/command.rs"]
mod command;
#[cfg(feature = "rustls")]
#[path = "cli/connection.rs"]
mod connection;
#[path = "cli/downloads.rs"]
mod downloads;
#[path = "cli/dry_run.rs"]
mod dry_run;
#[path = "cli/ending.rs"]
mod ending;
#[path = "cli/escapes.rs"]
mod escapes;
#[cfg(unix)]
#[path = "cli/few_files.rs"]
mod few_files;
#[cfg(unix)]
#[path = "cli/files.rs"]
mod files;
#[cfg(unix)]
#[path = "cli/foreign_lists.rs"]
mod foreign_lists;
#[path = "cli/formats.rs"]
mod formats;
#[cfg(feature = "rustls")]
#[allow(dead_code)]
#[path = "sessions/gateway.rs"]
mod gateway;
#[path = "cli/header_lines.rs"]
mod header_lines;
#[path = "cli/help.rs"]
mod help;
#[cfg(unix)]
#[path = "cli/holding.rs"]
mod holding;
#[cfg(unix)]
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/input.rs"]
mod input;
#[path = "cli/kinds.rs"]
mod kinds;
#[path = "cli/line_ends.rs"]
mod line_ends;
#[path = "cli/messages.rs"]
mod messages;
#[cfg(unix)]
#[path = "cli/not_done.rs"]
mod not_done;
#[path = "cli/pace.rs"]
mod pace;
#[path = "cli/pages.rs"]
mod pages;
#[path = "cli/places.rs"]
mod places;
#[path = "cli/recorded.rs"]
mod recorded;
#[cfg(unix)]
#[path = "cli/recording.rs"]
mod recording;
#[cfg(unix)]
#[path = "cli/replaced.rs"]
mod replaced;
#[path = "cli/requests.rs"]
mod requests;
#[path = "cli/results.rs"]
mod results;
#[path = "cli/resuming.rs"]
mod resuming;
#[cfg(unix)]
#[path = "cli/run_limit.rs"]
mod run_limit;
#[path = "cli/scale.rs"]
mod scale;
#[path = "cli/secrets.rs"]
mod secrets;
#[cfg(feature = "rustls")]
#[allow(dead_code)]
#[path = "sessions/secure.rs"]
mod secure;
#[cfg(unix)]
#[path = "cli/signals.rs"]
mod signals;
#[cfg(feature = "rustls")]
#[allow(dead_code)]
#[path = "sessions/socks_gateway.rs"]
mod socks_gateway;
#[path = "cli/streams.rs"]
mod streams;
#[cfg(unix)]
#[path = "cli/unfinished.rs"]
mod unfinished;
#[path = "cli/unique.rs"]
mod unique;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/wire.rs"]
mod wire;
