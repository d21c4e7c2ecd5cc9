//! Files of a run: every path that an option or an argument names, its use, and the checks that come before a file is
//! opened.

mod formats;
mod merge;
mod report;
mod summary;
#[cfg(test)]
mod tests;
mod uses;
mod whole;
mod writable;

use std::ffi::{OsStr, OsString};
use std::path::{Display, Path, PathBuf};

use haul::record::{FileClash, FileRegister};
use haul::sink::Journal;

use crate::arguments::{Arguments, name_of};
use crate::failure::CommandError;
use crate::source::STDIN;

pub(crate) use merge::enter_merge;
#[cfg(feature = "fleet")]
pub(crate) use merge::{enter_collected, read_paths};
pub(crate) use report::enter_report;
pub(crate) use summary::SummaryFile;
use uses::{BESIDE_INPUT, LOCK};
pub(crate) use whole::{WholeFile, check as check_whole, write as write_whole};
pub(crate) use writable::NewOutputs;

/// Name in messages of a file among the arguments.
pub(crate) const INPUT: &str = "an input";

/// Endings of the files that SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A path that the run uses.
#[derive(Debug)]
pub(crate) struct Use {
    /// Name of the use in messages: an option (`--output`), or words.
    name: String,
    path: PathBuf,
    access: Access,
}

/// Use that a run makes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Reads the file.
    Read,
    /// Writes the file that an option names.
    Write,
    /// Writes a file beside one that an option names.
    Beside,
    /// Makes files in the directory.
    Fill,
    /// Writes to a stream that is open already.
    Open,
}

impl Use {
    fn new(access: Access, name: impl Into<String>, path: impl Into<PathBuf>) -> Use {
        Use {
            name: name.into(),
            path: path.into(),
            access,
        }
    }

    /// Returns the name as the user knows it.
    fn shown(&self) -> String {
        shown(&self.name)
    }
}

fn shown(name: &str) -> String {
    match name.rsplit_once("--") {
        Some((before, long)) => format!("{before}{}", name_of(long)),
        None => name.to_owned(),
    }
}

/// Returns every path that the arguments name; paths that are read come first.
pub(crate) fn uses(arguments: &Arguments) -> Vec<Use> {
    let mut uses = uses::read(arguments);
    uses.extend(uses::written(arguments));
    uses
}

/// False for `-`, which is standard output.
fn is_file_name(path: &Path) -> bool {
    path != Path::new(STDIN)
}

/// Returns the path of the results file. `None`: results go to standard output.
pub(crate) fn results_path(arguments: &Arguments) -> Option<&Path> {
    let path = arguments.results.output.as_deref();
    path.filter(|path| is_file_name(path))
}

/// True for an existing path that is neither a regular file nor a directory, like a pipe.
pub(crate) fn is_stream(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// True if results or failures are written to the file as a database.
pub(crate) fn is_database(path: &Path) -> bool {
    Journal::is_database(path)
}

/// Returns the part of a name after its last dot, also of a name like `.csv`. Empty if there is no dot.
fn ending(path: &Path) -> &OsStr {
    let name = path.file_name().unwrap_or_default();
    let whole = || name.to_str()?.strip_prefix('.').map(OsStr::new);
    path.extension().or_else(whole).unwrap_or_default()
}

/// Path of a file that SQLite keeps beside a database: links are followed, as SQLite does, also to a file that does not
/// exist yet.
fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(FileRegister::place_of(path));
    name.push(end);
    name.into()
}

/// Files of a run, each checked to be used once.
pub(crate) struct RunFiles {
    register: FileRegister,
    uses: Vec<Use>,
}

/// Enters all files of the run. No file is opened.
///
/// # Errors
/// When a file that is to be written is read too, or written twice; when its name promises another format; when it
/// exists and is not to be replaced.
pub(crate) fn enter(arguments: &Arguments) -> Result<RunFiles, CommandError> {
    let (register, uses) = (FileRegister::new(), uses(arguments));
    let failures = arguments.results.failures.as_deref();
    let adds_to_database = failures.is_some_and(is_database);
    for used in &uses {
        let (path, name) = (&used.path, used.name.as_str());
        let entered = match used.access {
            Access::Read => register.enter_read(path, name),
            Access::Write | Access::Beside | Access::Fill | Access::Open => {
                register.enter_written(path, name)
            }
        };
        let Err(clash) = entered else {
            continue;
        };
        // A database that is an input is read to its end before the first row is added to it.
        let may_add = adds_to_database && name.ends_with("--failures");
        match (used.access, clash.other()) {
            (Access::Write, INPUT) | (Access::Beside, BESIDE_INPUT) if may_add => {}
            _ => return Err(refusal(used, &clash)),
        }
    }
    let files = RunFiles { register, uses };
    for used in files.of(Access::Write) {
        formats::check(used)?;
    }
    files.refuse_existing(arguments)?;
    Ok(files)
}

/// Returns the path as messages show it: standard streams have names of their own.
fn shown_path(path: &Path) -> Display<'_> {
    match path.to_str() {
        Some("/dev/stdin") => Path::new("stdin").display(),
        Some("/dev/stdout") => Path::new("stdout").display(),
        _ => path.display(),
    }
}

/// Makes the message that a file is used already. It does not mention --overwrite, with which the file would be lost.
fn refusal(used: &Use, clash: &FileClash) -> CommandError {
    let (own, other) = (used.shown(), shown(clash.other()));
    let what = match clash.is_read() {
        true => format!("it would be written by {own}, and is read: {other}"),
        false => format!("it is to be written twice, by {other} and by {own}"),
    };
    let link = match clash.other_path() == used.path {
        true => String::new(),
        false => format!(
            "; it is the same file as {}",
            shown_path(clash.other_path())
        ),
    };
    let path = shown_path(&used.path);
    CommandError::usage(format!(
        "{path}: {what} (a file for each is expected{link})"
    ))
}

impl RunFiles {
    pub(crate) fn register(&self) -> &FileRegister {
        &self.register
    }

    fn of(&self, access: Access) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(move |used| used.access == access)
    }

    /// Returns the files with content that `--overwrite` empties when the run begins, each with the option that writes
    /// it.
    pub(crate) fn replaced(&self, arguments: &Arguments) -> Vec<(&Path, String)> {
        let is_emptied = |used: &&Use| {
            let (path, name) = (used.path.as_path(), used.name.as_str());
            let is_kept =
                name.ends_with("--failures") && is_database(path) || name.ends_with("--cookie-jar");
            let about = path.metadata();
            !is_kept && about.is_ok_and(|about| about.is_file() && about.len() > 0)
        };
        let outputs = match arguments.ending.overwrite {
            true => self.uses.as_slice(),
            false => &[],
        };
        let written = outputs.iter().filter(|used| used.access == Access::Write);
        let emptied = written.filter(is_emptied);
        emptied
            .map(|used| (used.path.as_path(), used.shown()))
            .collect()
    }

    /// Refuses files that existed before the run and are not to be replaced.
    fn refuse_existing(&self, arguments: &Arguments) -> Result<(), CommandError> {
        let ending = &arguments.ending;
        let resumes = ending.resume || ending.retry_failed;
        if ending.overwrite {
            return Ok(());
        }
        let mut main_is_new = true;
        for used in &self.uses {
            let path = used.path.as_path();
            let is_there = path.symlink_metadata().is_ok();
            let is_file = is_there && !is_stream(path) && !path.is_dir();
            let refused = match used.access {
                Access::Write => {
                    main_is_new = !is_there;
                    match &*used.name {
                        // Only a file of cookies is replaced.
                        "--cookie-jar" => false,
                        "--summary-json" if resumes => is_file && !summary::is_summary(path),
                        "--html" | "--junit" if resumes => is_file && !whole::is_report(path),
                        // Each run has its own rows in a database.
                        "--failures" if is_database(path) => false,
                        _ => is_file && !resumes,
                    }
                }
                Access::Beside if used.name == LOCK => false,
                Access::Beside => is_there && main_is_new && !resumes,
                Access::Read | Access::Fill | Access::Open => false,
            };
            if refused {
                return Err(exists(used, resumes));
            }
        }
        Ok(())
    }
}

fn exists(used: &Use, resumes: bool) -> CommandError {
    let path = used.path.display();
    CommandError::usage(match (&*used.name, used.access) {
        ("--summary-json", _) if resumes => {
            format!(
                "{path}: it exists, and is no summary of an earlier run (another name is expected)"
            )
        }
        ("--html" | "--junit", _) if resumes => {
            format!("{path}: it exists, and is no report of haul (another name is expected)")
        }
        ("--summary-json" | "--html" | "--junit", _) => {
            format!("{path}: it exists (--overwrite replaces it)")
        }
        (_, Access::Beside) => {
            format!(
                "{path}: it exists, and would be {} (--overwrite replaces it)",
                used.shown()
            )
        }
        _ => format!("{path}: it exists (--resume goes on from it, --overwrite replaces it)"),
    })
}
