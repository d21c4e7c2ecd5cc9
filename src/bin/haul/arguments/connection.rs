//! How connections are made, and what may come over them.

use clap::Args;

use crate::units::size;

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// A larger body fails [default: 10M; none with --output-dir]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_filesize: Option<u64>,
}
