//! The `haul` command itself, run against servers on loopback: its requests, output, files and exit status.

mod announced;
mod as_written;
mod bad_lines;
mod bodiless;
mod command;
#[cfg(feature = "rustls")]
mod connection;
#[cfg(unix)]
mod continued_outputs;
mod costs;
mod credentials;
mod downloads;
mod dry_run;
mod ending;
mod escapes;
mod exchanges;
#[cfg(unix)]
mod few_files;
#[cfg(unix)]
mod files;
#[cfg(unix)]
mod foreign_lists;
mod formats;
mod header_lines;
mod help;
#[cfg(unix)]
mod holding;
#[cfg(unix)]
mod hostile;
mod input;
mod kinds;
mod line_ends;
mod messages;
#[cfg(unix)]
mod not_done;
#[cfg(unix)]
mod output_files;
#[cfg(unix)]
mod output_formats;
mod pace;
mod pages;
mod places;
mod recorded;
#[cfg(unix)]
mod recording;
#[cfg(unix)]
mod replaced;
mod requests;
mod results;
mod results_database;
mod resuming;
mod retry_after;
#[cfg(unix)]
mod run_limit;
mod scale;
mod secrets;
#[cfg(unix)]
mod signals;
mod streams;
#[cfg(unix)]
mod unfinished;
mod unique;
mod usage;
mod wire;
