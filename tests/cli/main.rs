//! The `haul` command itself, run against servers on loopback: its requests, output, files and exit status.

mod announced;
mod as_written;
mod bad_lines;
mod bare_domains;
mod bodiless;
mod checked;
mod command;
mod config_file;
mod config_mistakes;
#[cfg(feature = "rustls")]
mod connection;
mod continued;
#[cfg(unix)]
mod continued_outputs;
mod cookie_jar;
mod costs;
mod credentials;
mod curl_options;
mod downloads;
mod dry_run;
mod ending;
mod escapes;
#[cfg(unix)]
mod everyday_jobs;
mod exchanges;
#[cfg(unix)]
mod few_files;
#[cfg(unix)]
mod files;
mod folder;
#[cfg(unix)]
mod foreign_lists;
mod formats;
#[cfg(unix)]
mod full_disk;
mod header_lines;
mod hedging;
mod help;
#[cfg(unix)]
mod holding;
#[cfg(unix)]
mod hostile;
mod input;
mod input_formats;
mod kinds;
mod line_ends;
mod merge;
mod messages;
#[cfg(unix)]
mod mistake_places;
mod not_done;
#[cfg(unix)]
mod output_files;
#[cfg(unix)]
mod output_formats;
mod output_names;
mod pace;
mod pages;
mod places;
mod recorded;
#[cfg(unix)]
mod recording;
#[cfg(unix)]
mod replaced;
mod report;
#[cfg(unix)]
mod report_forms;
mod report_histories;
#[cfg(unix)]
mod report_inputs;
#[cfg(unix)]
mod report_page;
mod requests;
mod results;
mod results_database;
mod resuming;
mod retry_after;
mod round_trips;
#[cfg(unix)]
mod run_limit;
mod scale;
mod secret_columns;
mod secret_rows;
mod secrets;
#[cfg(unix)]
mod shards;
#[cfg(unix)]
mod signals;
mod sitemaps;
mod streams;
mod tables;
mod templates;
#[cfg(unix)]
mod unfinished;
mod unique;
mod usage;
mod wire;
