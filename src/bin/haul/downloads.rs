//! Settings of downloads, as the arguments ask for them.

use std::fs;
use std::path::Path;

use haul::ClientBuilder;
use haul::record::{Checksums, InputLines};

use crate::arguments::{DownloadArguments, name_of};
use crate::failure::CommandError;

/// Limits the bytes that are received in a second.
pub(crate) fn limited(builder: ClientBuilder, given: &DownloadArguments) -> ClientBuilder {
    match given.limit_rate {
        Some(rate) => builder.bandwidth(rate),
        None => builder,
    }
}

/// Applies the settings of downloads to the lines.
pub(crate) fn downloading(
    lines: InputLines,
    given: &DownloadArguments,
) -> Result<InputLines, CommandError> {
    let lines = lines
        .resume_downloads(given.go_on())
        .skip_existing(given.skip_existing)
        .timestamping(given.timestamping);
    Ok(match &given.checksums {
        Some(path) => lines.checksums(read(path)?),
        None => lines,
    })
}

fn read(path: &Path) -> Result<Checksums, CommandError> {
    let list = fs::read(path).map_err(|e| {
        let (option, path) = (name_of("checksums"), path.display());
        CommandError::usage(format!("{option}: {path}: cannot be read: {e}"))
    })?;
    Checksums::parse(list).map_err(|wrong| {
        let (path, line, reason) = (path.display(), wrong.line(), wrong.reason());
        CommandError::usage(format!("{path}:{line}: {reason}"))
    })
}
