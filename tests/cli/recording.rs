//! Results and failure log after a full disk, a file that may grow no further, a kill, and a pipe that takes no more:
//! each outcome is in both exactly once after `--resume`, and no POST is sent twice.

mod alike;
mod full;
mod kills;
mod last_line;
mod long_lines;
mod only_in_log;
mod streams;

use super::command;
