//! Options for runs on many machines without a server.

use clap::{Args, ValueEnum};
use haul::record::Shard;

#[derive(Debug, Args)]
#[command(next_help_heading = "Many machines")]
pub(crate) struct ShardArguments {
    /// Run the lines of shard I of N, from 0; auto/N takes I from Kubernetes or Slurm
    ///
    /// Each of N machines reads the whole input and runs its own shard of it, also again after a crash (--resume). auto
    /// takes I from JOB_COMPLETION_INDEX, else from SLURM_ARRAY_TASK_ID. {shard} in the name of a file or directory that
    /// is written becomes I, with zeros in front as N needs them ({shard:06}: six digits); {{ is one {, and other
    /// placeholders are refused, but those of --output-name. Pages (--paginate, --follow-sitemaps) belong to the shard of their line.
    /// --rate, --rate-cost and --max-cost are divided by N, and with --shard-by key also --rate-per-host and
    /// --jobs-per-host (at least 1); all other limits hold for each shard. --unique works for lines without an id.
    #[arg(hide_short_help = true, long, value_name = "I/N")]
    pub(crate) shard: Option<String>,
    /// Part of a line that chooses its shard: key (all that is sent) or host [default: key]
    ///
    /// By key, shards are equally large. By host, all lines of a host are in one shard, and its limits are not divided.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "key|host",
        hide_possible_values = true,
        requires = "shard"
    )]
    pub(crate) shard_by: Option<ShardBy>,
    /// The shard of this run, once it is known.
    #[arg(skip)]
    pub(crate) own: Option<Shard>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShardBy {
    Key,
    Host,
}
