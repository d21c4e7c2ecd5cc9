//! Saving of a body to a file, under another name until the file is complete.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::request::{NamedFile, SaveTo, part_name};
use crate::response::{Response, Saved};
#[cfg(unix)]
use crate::transport::connection::descriptors;
use crate::transport::connection::descriptors::SpareDescriptor;

/// Error of a body that could not be saved.
#[derive(Debug)]
pub(crate) struct Unsaved {
    path: PathBuf,
    pub(in crate::transport) error: io::Error,
}

impl Unsaved {
    fn new(path: &Path, error: io::Error) -> Unsaved {
        Unsaved {
            path: path.to_owned(),
            error,
        }
    }

    pub(crate) fn message(&self) -> String {
        format!("cannot save to {}: {}", self.path.display(), self.error)
    }

    pub(crate) fn into_error(self) -> io::Error {
        self.error
    }
}

/// Checks for reasons that make saving impossible, before the request is sent. The directory's permissions are not
/// checked: only the creation of a file there would tell.
pub(in crate::transport) fn check(to: &SaveTo) -> Result<(), Unsaved> {
    let checked = name_of(&to.path).and_then(|_| {
        if !fs::metadata(directory(&to.path))?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        match to.path.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false if !to.replace => refuse_existing(&to.path),
            false => Ok(()),
        }
    });
    checked.map_err(|error| Unsaved::new(&to.path, error))
}

/// File that is being written. It is removed if it is dropped before it is complete.
pub(crate) struct PartialFile {
    to: SaveTo,
    /// Name until the file is complete, in the directory of the complete file.
    part: String,
    /// Open file. `None`: the file is complete.
    file: Option<File>,
    size: u64,
    hash: Sha256,
    in_place: bool,
    /// Name that the response gave the file. `None`: its request names it.
    named: Option<NamedFile>,
}

impl PartialFile {
    /// Creates the file, in place of the descriptor that was held for it.
    pub(in crate::transport) fn create(
        to: &SaveTo,
        spare: &SpareDescriptor,
    ) -> Result<PartialFile, Unsaved> {
        let create = || {
            let name = name_of(&to.path)?;
            loop {
                let part = part_name(name, fastrand::u64(..));
                // Logged before the file exists: a kill in between leaves a name in the log and no file.
                if let Some(log) = &to.log {
                    log.begin(&to.path, part.as_ref())?;
                }
                let mut options = OpenOptions::new();
                options.write(true).create_new(true);
                let path = directory(&to.path).join(&part);
                let error = match spare.give_way(|| options.open(&path)) {
                    Ok(file) => return Ok((file, part)),
                    Err(error) => error,
                };
                if let Some(log) = &to.log {
                    log.give_up(&to.path, part.as_ref());
                }
                if error.kind() != io::ErrorKind::AlreadyExists {
                    return Err(error);
                }
            }
        };
        let (file, part) = create().map_err(|error| Unsaved::new(&to.path, error))?;
        Ok(PartialFile {
            to: to.clone(),
            part,
            file: Some(file),
            size: 0,
            hash: Sha256::new(),
            in_place: false,
            named: None,
        })
    }

    /// Returns the number of bytes written.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Writes the next bytes of the body.
    pub(in crate::transport) fn append(&mut self, bytes: &[u8]) -> Result<(), Unsaved> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes)
                .map_err(|error| Unsaved::new(&self.to.path, error))?;
        }
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Has the response name the file, if the request wants that.
    pub(crate) fn name(&mut self, response: &Response) -> Result<(), Unsaved> {
        let Some(namer) = &self.to.namer else {
            return Ok(());
        };
        let name = || {
            let named = namer.name(response)?;
            // Logged under this name before the file has it: after a kill, a later run gives the name again.
            if let Some(log) = &self.to.log {
                log.begin(&named.path, self.part.as_ref())?;
            }
            Ok(named)
        };
        let named = name().map_err(|error| Unsaved::new(&self.to.path, error))?;
        self.named = Some(named);
        Ok(())
    }

    /// Returns the final name of the file, and true if an existing file may be replaced.
    fn target(&self) -> (&Path, bool) {
        match &self.named {
            Some(named) => (&named.path, named.replace),
            None => (&self.to.path, self.to.replace),
        }
    }

    /// Gives the complete file its final name.
    pub(crate) fn put_in_place(mut self) -> Result<Saved, Unsaved> {
        self.finish()
            .map_err(|error| Unsaved::new(self.target().0, error))?;
        let named = self.named.as_ref();
        Ok(Saved {
            path: self.target().0.to_owned(),
            numbered: named.map_or(self.to.numbered, |named| named.numbered),
            size: self.size,
            sha256: hex(&self.hash.clone().finish()),
        })
    }

    /// Returns the path of the file until it is complete.
    pub(crate) fn path(&self) -> PathBuf {
        directory(&self.to.path).join(&self.part)
    }

    fn finish(&mut self) -> io::Result<()> {
        let file = self.file.take().filter(|_| self.to.durable);
        if let Some(file) = &file {
            file.sync_all()?;
        }
        let path = self.path();
        let (target, replace) = self.target();
        match replace {
            true => fs::rename(path, target)?,
            false => rename_to_new(&path, target)?,
        }
        self.in_place = true;
        if let (Some(log), Some(_)) = (&self.to.log, &self.named) {
            log.give_up(&self.to.path, self.part.as_ref());
        }
        if let Some(file) = file {
            sync(directory(self.target().0), file)?;
        }
        Ok(())
    }
}

impl fmt::Debug for PartialFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partial({}, {} bytes)", self.path().display(), self.size)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.in_place {
            // A failed removal cannot be reported from a drop; the name of the file shows that it is a partial one.
            let removed = fs::remove_file(self.path());
            if let Some(log) = self.to.log.as_ref().filter(|_| removed.is_ok()) {
                log.give_up(&self.to.path, self.part.as_ref());
                if let Some(named) = &self.named {
                    log.give_up(&named.path, self.part.as_ref());
                }
            }
        }
    }
}

/// Renames a file to a name that does not exist.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;

        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Some file systems cannot do both in one step.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            renamed => return renamed.map_err(io::Error::from),
        }
    }
    refuse_existing(to)?;
    fs::rename(from, to)
}

fn refuse_existing(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => Ok(()),
    }
}

fn name_of(path: &Path) -> io::Result<&OsStr> {
    let ends_in_slash = || {
        let text = path.as_os_str().as_encoded_bytes();
        text.last()
            .is_some_and(|&last| std::path::is_separator(last.into()))
    };
    path.file_name()
        .filter(|_| !ends_in_slash())
        .ok_or_else(|| io::Error::other("it names no file"))
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the new name survive a loss of power. The directory takes the descriptor of the file.
#[cfg(unix)]
fn sync(directory: &Path, file: File) -> io::Result<()> {
    descriptors::replace(file, || File::open(directory))?.sync_all()
}

/// On these systems directories cannot be opened, and need not be.
#[cfg(not(unix))]
fn sync(_: &Path, _: File) -> io::Result<()> {
    Ok(())
}

fn hex(digest: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    digest
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests;
