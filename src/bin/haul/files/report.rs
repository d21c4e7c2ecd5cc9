//! Files of a report.

use std::path::Path;

use haul::record::FileRegister;

use super::{Access, Use, formats, is_file_name, is_stream, refusal};
use crate::failure::CommandError;
use crate::shard;

/// Enters the files of a report: inputs, each with its name in messages, and outputs, each with the option that names
/// it. No file is opened.
///
/// # Errors
/// When a file that is to be written is read too, or written twice; when its name promises another format; when it
/// exists and is not to be replaced.
pub(crate) fn enter_report(
    inputs: &[(&'static str, &Path)],
    outputs: &[(&'static str, &Path)],
    overwrite: bool,
) -> Result<(), CommandError> {
    let register = FileRegister::new();
    for (name, path) in inputs {
        let used = Use::new(Access::Read, *name, *path);
        let entered = register.enter_read(&used.path, &used.name);
        entered.map_err(|clash| refusal(&used, &clash))?;
    }
    enter_outputs(&register, outputs, overwrite)
}

/// Enters the outputs of a command beside a run, each with the option that names it.
///
/// # Errors
/// As [`enter_report`].
pub(super) fn enter_outputs(
    register: &FileRegister,
    outputs: &[(&'static str, &Path)],
    overwrite: bool,
) -> Result<(), CommandError> {
    shard::refuse_in(outputs)?;
    let stdout = Use::new(Access::Open, "standard output", "/dev/stdout");
    let outputs = outputs.iter().filter(|(_, path)| is_file_name(path));
    let outputs = outputs.map(|(name, path)| Use::new(Access::Write, *name, *path));
    for used in std::iter::once(stdout).chain(outputs) {
        let entered = register.enter_written(&used.path, &used.name);
        entered.map_err(|clash| refusal(&used, &clash))?;
        if used.access != Access::Write {
            continue;
        }
        formats::check(&used)?;
        let is_there = used.path.symlink_metadata().is_ok();
        let is_file = is_there && !is_stream(&used.path) && !used.path.is_dir();
        if is_file && !overwrite {
            return Err(CommandError::usage(format!(
                "{}: it exists (--overwrite replaces it)",
                used.path.display()
            )));
        }
    }
    Ok(())
}
