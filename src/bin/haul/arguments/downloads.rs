//! Options for files that are downloaded.

use std::path::PathBuf;

use clap::Args;

use crate::units::size;

#[derive(Debug, Args)]
#[command(next_help_heading = "Downloads")]
pub(crate) struct DownloadArguments {
    /// Go on with downloads that were cut, in the next attempt and the next run
    ///
    /// A file that is not whole is called FILE.part, with a small FILE.part.json beside it. Only the rest is asked for, if
    /// the server has not changed the file; otherwise the download starts over. A run that is killed or stopped is
    /// continued by the same command; --resume keeps such files. An attempt that adds 64 KiB or more spends no --retry. A
    /// whole file that was there before the run is downloaded again and replaced, unless --skip-existing is given too.
    #[arg(hide_short_help = true, long = "continue", requires = "output_dir")]
    pub(crate) going_on: bool,
    /// Another name of --continue; only - is taken, as haul finds the place itself
    #[arg(
        hide_short_help = true,
        short = 'C',
        long,
        value_name = "-",
        value_parser = offset,
        allow_hyphen_values = true,
        requires = "output_dir"
    )]
    pub(crate) continue_at: Option<()>,
    /// Check saved files against a list of SHA-256, as sha256sum writes it
    ///
    /// A name in the list is the path of a file under --output-dir, else the last part of a URL. A file that differs fails
    /// with class checksum after one more download, and never gets its name. A file without an entry is saved and counted
    /// as unchecked. The sha256 and size of a line are checked too, and come first.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "FILE",
        requires = "output_dir"
    )]
    pub(crate) checksums: Option<PathBuf>,
    /// Do not ask for files that are there already
    ///
    /// If a line or --checksums says what the file must be, that holds only for a file that agrees; another is replaced.
    #[arg(hide_short_help = true, long, requires = "output_dir")]
    pub(crate) skip_existing: bool,
    /// Replace files that are there only by newer ones, and give saved files the server's time
    #[arg(hide_short_help = true, long, requires = "output_dir")]
    pub(crate) timestamping: bool,
    /// Receive at most this many bytes in a second, over all requests together
    ///
    /// The time limit of an attempt (--max-time) goes on meanwhile; with --output-dir there is none by default.
    #[arg(hide_short_help = true, long, value_name = "SIZE", value_parser = rate)]
    pub(crate) limit_rate: Option<u64>,
}

impl DownloadArguments {
    /// True if downloads that were cut go on.
    pub(crate) fn go_on(&self) -> bool {
        self.going_on || self.continue_at.is_some()
    }

    /// Returns an option by which the file of a request is looked for before it is sent. `None`: there is none.
    pub(crate) fn looks_for_files(&self) -> Option<&'static str> {
        match self {
            _ if self.go_on() => Some("continue"),
            DownloadArguments {
                skip_existing: true,
                ..
            } => Some("skip-existing"),
            DownloadArguments {
                timestamping: true, ..
            } => Some("timestamping"),
            _ => None,
        }
    }
}

/// Reads the offset of `-C`, which is always found by haul itself.
fn offset(text: &str) -> Result<(), String> {
    match text {
        "-" => Ok(()),
        _ => Err(
            "- is expected: haul finds the place to go on from by itself, for each file (-C -, or --continue)"
                .to_owned(),
        ),
    }
}

/// Reads a number of bytes in a second: `500K`, `2M`, `2M/s`.
fn rate(text: &str) -> Result<u64, String> {
    match size(text.strip_suffix("/s").unwrap_or(text)) {
        Ok(0) | Err(_) => {
            Err("a size above zero is expected, such as 500K or 2M (bytes in a second)".to_owned())
        }
        Ok(rate) => Ok(rate),
    }
}
