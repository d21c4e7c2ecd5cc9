//! Options about files that lines name. They decide which lines are requests, so that other commands than a run have them
//! too.

use std::path::PathBuf;

use clap::Args;

/// Files of this machine that lines may send.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct SentFileArguments {
    /// Refuse private and local addresses, and files of this machine
    ///
    /// For lists that come from others: no line and no redirect leads into this network. Each address is checked right
    /// before haul connects to it. A line with a body_file is refused (--allow-files-from allows a directory), and so
    /// is a line whose output_file leads out of --output-dir through a link. Files that options name (-d @FILE) are
    /// sent. Lines that a failure log lists as unreadable are not read again from their files.
    #[arg(long)]
    pub(crate) public_only: bool,
    /// With --public-only, lines may send files of this directory
    ///
    /// A body_file must be a regular file in DIR or below it, after .. and links are resolved. Its path is still
    /// relative to the working directory, not to DIR.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "DIR",
        requires = "public_only"
    )]
    pub(crate) allow_files_from: Option<PathBuf>,
}

/// Files that bodies are saved to.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct SavedFileArguments {
    /// Save each body to a file and record its path
    ///
    /// The directory is made if it does not exist. The output_file of a line names its file, else the last part of its
    /// URL does; if that name is taken, the number of the request is added (a-2.html). A file appears whole or not at
    /// all; --continue goes on with one that was cut. --overwrite replaces files that were there before the run; without
    /// it, a line whose output_file exists fails.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["require", "expect_json"])]
    pub(crate) output_dir: Option<PathBuf>,
    /// Name the files by a template, such as '{host}/{path}', '{id}.{ext}' or '{index:06}.html'
    ///
    /// Names: id, index (from 0), scheme, host (without the port), port, path (with its folders; index for /), name (its
    /// last part), stem (without ending), query, ext (of the content type, else of the URL, else bin). Characters that a
    /// name cannot have become _, and no name leads out of the directory. If a name is taken, a number is added (a-2.html),
    /// also if it differs only in case. The output_file of a line comes before.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "TEMPLATE",
        requires = "output_dir"
    )]
    pub(crate) output_name: Option<String>,
    /// Name the files as servers do in Content-Disposition
    ///
    /// A name that is a path is its last part. It takes the place of the last part of --output-name, or of the URL.
    #[arg(hide_short_help = true, long, requires = "output_dir")]
    pub(crate) content_disposition: bool,
}
