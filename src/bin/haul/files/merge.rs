//! Files of a merge.

use std::path::{Path, PathBuf};

use haul::record::FileRegister;

use super::report::enter_outputs;
#[cfg(feature = "fleet")]
use super::writable;
use super::{Access, Use, refusal, uses};
use crate::arguments::Arguments;
use crate::failure::CommandError;

/// Enters the files of a merge: those that the requests are read from, the results, and the outputs, each with the
/// option that names it. No file is opened. Returns the register for the lines of the input.
///
/// # Errors
/// When a file that is to be written is read too, or written twice; when its name promises another format; when it
/// exists and is not to be replaced.
pub(crate) fn enter_merge(
    requests: &Arguments,
    results: &[PathBuf],
    (output, missing): (&Path, Option<&Path>),
    overwrite: bool,
) -> Result<FileRegister, CommandError> {
    let register = FileRegister::new();
    let of_results = results
        .iter()
        .map(|path| Use::new(Access::Read, "results", path));
    for used in uses::read(requests).into_iter().chain(of_results) {
        let entered = register.enter_read(&used.path, &used.name);
        entered.map_err(|clash| refusal(&used, &clash))?;
    }
    let mut outputs = vec![("--output", output)];
    outputs.extend(missing.map(|path| ("--missing", path)));
    enter_outputs(&register, &outputs, overwrite)?;
    Ok(register)
}

/// Returns the paths of the files that the arguments name to be read, made absolute.
#[cfg(feature = "fleet")]
pub(crate) fn read_paths(arguments: &Arguments) -> Vec<PathBuf> {
    let read = uses::read(arguments).into_iter();
    let files = read.filter(|used| used.path.is_file());
    files
        .filter_map(|used| std::path::absolute(used.path).ok())
        .collect()
}

/// Enters the files that a collector of a fleet writes. `reads`: files that it reads, each with its option. `exist`: the
/// files may be there already.
///
/// # Errors
/// As [`enter_merge`]; when an output cannot be written.
#[cfg(feature = "fleet")]
pub(crate) fn enter_collected(
    output: &Path,
    failures: Option<&Path>,
    reads: &[(&str, &Path)],
    exist: bool,
) -> Result<(), CommandError> {
    let register = FileRegister::new();
    for (name, path) in reads {
        let entered = register.enter_read(path, *name);
        entered.map_err(|clash| refusal(&Use::new(Access::Read, *name, *path), &clash))?;
    }
    let mut outputs = vec![("--output", output)];
    outputs.extend(failures.map(|path| ("--failures", path)));
    // Another file with the same name is told first.
    enter_outputs(&register, &outputs, true)?;
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    if let Some((_, path)) = outputs.iter().find(|(_, path)| !exist && is_there(path)) {
        return Err(CommandError::usage(format!(
            "{}: it exists (--resume goes on from it, --overwrite replaces it, though the server has nothing more of what was collected)",
            path.display()
        )));
    }
    // A server is not asked for files that cannot be written.
    outputs
        .iter()
        .try_for_each(|(_, path)| writable::check(path))
}
