//! Checks that find outputs that cannot be written before a request is sent.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf, absolute};

use super::{Access, RunFiles};
use crate::failure::CommandError;

impl RunFiles {
    /// Finds outputs that cannot be written, and changes no file. A directory that the run makes counts as existing.
    ///
    /// # Errors
    /// When an output cannot be written.
    pub(crate) fn check_writable(&self) -> Result<(), CommandError> {
        let made = self.of(Access::Fill).next().map(|used| used.path.as_path());
        for used in &self.uses {
            let path = used.path.as_path();
            match used.access {
                Access::Write => {
                    check_file(path, made).map_err(|e| unwritable(path, "cannot be written", &e))?
                }
                Access::Fill => {
                    check_folder(path).map_err(|e| unwritable(path, "cannot be used", &e))?;
                }
                Access::Read | Access::Beside | Access::Open => {}
            }
        }
        Ok(())
    }

    /// Makes the directory that bodies are saved in, and checks that files can be made in it.
    ///
    /// # Errors
    /// When the directory or a file in it cannot be made.
    pub(crate) fn make_folder(&self) -> Result<(), CommandError> {
        for used in self.of(Access::Fill) {
            let path = &used.path;
            fs::create_dir_all(path).map_err(|e| unwritable(path, "cannot be made", &e))?;
            try_file_in(path).map_err(|e| unwritable(path, "no file can be made in it", &e))?;
        }
        Ok(())
    }

    /// Returns the outputs that do not exist yet.
    pub(crate) fn new_outputs(&self) -> NewOutputs {
        let outputs = self.uses.iter();
        let outputs = outputs.filter(|used| matches!(used.access, Access::Write | Access::Beside));
        let new = outputs.filter(|used| used.path.symlink_metadata().is_err());
        NewOutputs(
            new.map(|used| (used.name.clone(), used.path.clone()))
                .collect(),
        )
    }
}

/// Outputs that did not exist before the run, with the options that they belong to.
pub(crate) struct NewOutputs(Vec<(String, PathBuf)>);

impl NewOutputs {
    /// Removes the files of these options that this run has opened and written no outcomes to, since they would be in
    /// the way of the next run.
    pub(crate) fn remove(&self, options: &[&str]) {
        for (name, path) in &self.0 {
            if options.iter().any(|option| name.ends_with(option)) {
                // A file that cannot be removed is an empty one.
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Finds a file that cannot be written, and does not change it.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn check(path: &Path) -> Result<(), CommandError> {
    check_file(path, None).map_err(|e| unwritable(path, "cannot be written", &e))
}

fn unwritable(path: &Path, what: &str, error: &io::Error) -> CommandError {
    CommandError::unwritten(
        match path.is_dir() && error.kind() == io::ErrorKind::IsADirectory {
            true => format!("{}: it is a directory (a file is expected)", path.display()),
            false => format!("{}: {what}: {error}", path.display()),
        },
    )
}

/// Makes a file in the directory; without a name if the system has such files, since a kill leaves none of them behind.
fn try_file_in(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Mode, OFlags, open};
        use rustix::io::Errno;

        let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
        match open(folder, flags, Mode::RUSR | Mode::WUSR) {
            // Some file systems have no files without a name.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {}
            made => return made.map(drop).map_err(io::Error::from),
        }
    }
    let path = folder.join(format!(".haul-{:016x}", fastrand::u64(..)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).open(&path)?;
    fs::remove_file(path)
}

fn check_file(path: &Path, made: Option<&Path>) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(about) => may_write(path).and_then(|()| match is_device(&about) {
            // A full device (`/dev/full`) may return its error for a write of no bytes.
            true => OpenOptions::new()
                .write(true)
                .open(path)?
                .write(b"")
                .map(drop),
            false => Ok(()),
        }),
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        Err(_) => {
            let folder = parent(path);
            // The run makes this directory before it opens the file.
            if !folder.exists() && made.is_some_and(|made| is_above(folder, made)) {
                return Ok(());
            }
            let about = fs::metadata(folder).map_err(|error| missing(folder, error))?;
            if !about.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            may_add(folder)
        }
    }
}

/// Names a directory that does not exist.
fn missing(folder: &Path, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let reason = format!("its directory {} does not exist", folder.display());
            io::Error::new(error.kind(), reason)
        }
        _ => error,
    }
}

/// True if making the directory `made` makes `folder` too.
fn is_above(folder: &Path, made: &Path) -> bool {
    let paths = (absolute(folder), absolute(made));
    matches!(paths, (Ok(folder), Ok(made)) if made.starts_with(&folder))
}

#[cfg(unix)]
fn is_device(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;

    about.file_type().is_char_device()
}

#[cfg(not(unix))]
fn is_device(_: &fs::Metadata) -> bool {
    false
}

/// Checks a directory that is made if it does not exist.
fn check_folder(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => may_add(path),
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
        Err(e) if e.kind() == io::ErrorKind::NotFound && parent(path) != path => {
            check_folder(parent(path))
        }
        Err(e) => Err(e),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

#[cfg(unix)]
fn may_write(path: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};

    Ok(access(path, Access::WRITE_OK)?)
}

#[cfg(unix)]
fn may_add(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};

    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Does nothing: on this system only opening the file tells.
#[cfg(not(unix))]
fn may_write(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn may_add(_: &Path) -> io::Result<()> {
    Ok(())
}
