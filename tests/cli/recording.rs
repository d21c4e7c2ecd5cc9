//! Results and failure log after a full disk, a file that may grow no further, a kill, and a pipe that takes no more:
//! each outcome is in both exactly once after `--resume`, and no POST is sent twice.

#[path = "recording/alike.rs"]
mod alike;
#[path = "recording/full.rs"]
mod full;
#[path = "recording/kills.rs"]
mod kills;
#[path = "recording/last_line.rs"]
mod last_line;
#[path = "recording/long_lines.rs"]
mod long_lines;
#[path = "recording/only_in_log.rs"]
mod only_in_log;
#[path = "recording/streams.rs"]
mod streams;

use super::command;
use super::support;
