//! Saving of a body to a file, under another name until the file is complete.

mod part;
mod range;
mod state;
mod unsaved;

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::Sha256;
use crate::request::{DownloadOptions, NamedFile, SaveTo, hexadecimal, part_name};
use crate::response::{Response, Saved};
#[cfg(unix)]
use crate::transport::connection::descriptors;
use crate::transport::connection::descriptors::SpareDescriptor;

pub(in crate::transport) use part::ContinuableHead;
pub(crate) use part::{DownloadPart, HashedPart};
pub(in crate::transport) use range::RangeStep;
pub(crate) use unsaved::Unsaved;

/// Checks for reasons that make saving impossible, before the request is sent. The directory's permissions are not
/// checked: only the creation of a file there would tell.
pub(in crate::transport) fn check(to: &SaveTo) -> Result<(), Unsaved> {
    check_path(to).map_err(|error| Unsaved::new(&to.path, error))
}

fn check_path(to: &SaveTo) -> io::Result<()> {
    name_of(&to.path)?;
    match to.path.symlink_metadata() {
        Ok(about) if about.is_dir() || (about.is_symlink() && to.path.is_dir()) => {
            Err(io::ErrorKind::IsADirectory.into())
        }
        Ok(_) if !to.replace => Err(io::ErrorKind::AlreadyExists.into()),
        Ok(about) if about.is_file() || about.is_symlink() => Ok(()),
        // A pipe or a device is never replaced.
        Ok(_) => Err(io::Error::other("it is there and no regular file")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            match fs::metadata(directory(&to.path))?.is_dir() {
                true => Ok(()),
                false => Err(io::ErrorKind::NotADirectory.into()),
            }
        }
        Err(e) => Err(e),
    }
}

/// File that is being written. If it is dropped before it has its final name, it is removed, unless a later attempt can
/// continue it.
pub(crate) struct PartialFile {
    to: SaveTo,
    /// Name until the file is complete, in the directory of the complete file.
    part: String,
    /// Open file. `None`: the file is complete.
    file: Option<File>,
    /// Number of bytes that were there before this attempt.
    before: u64,
    size: u64,
    hash: Sha256,
    in_place: bool,
    /// Name that the response gave the file. `None`: its request names it.
    named: Option<NamedFile>,
    /// Path of the description by which a later attempt continues the file. `None`: no attempt continues it.
    state: Option<PathBuf>,
    /// True if the body has come to its end. A file that is whole and not wanted is removed.
    is_whole: bool,
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
            before: 0,
            size: 0,
            hash: Sha256::new(),
            in_place: false,
            named: None,
            state: None,
            is_whole: false,
        })
    }

    /// Returns the number of bytes written.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Writes the next bytes of the body.
    pub(in crate::transport) fn append(&mut self, bytes: &[u8]) -> Result<(), Unsaved> {
        if bytes.is_empty() {
            return Ok(());
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes).map_err(|error| {
                let unsaved = Unsaved::new(&self.to.path, error);
                match self.is_continued() {
                    true => unsaved.keeping(self.path()),
                    false => unsaved,
                }
            })?;
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

    /// Marks the file as whole. `length`: length that it must have. `None`: any.
    ///
    /// # Errors
    /// When it has another length than that.
    pub(in crate::transport) fn complete(&mut self, length: Option<u64>) -> Result<(), u64> {
        // A file that is too long is of no use, so it is not continued either.
        self.is_whole = length.is_none_or(|length| self.size >= length);
        match length.filter(|length| *length != self.size) {
            Some(length) => Err(length),
            None => Ok(()),
        }
    }

    /// Returns the number of bytes that were there before this attempt.
    pub(crate) fn before(&self) -> u64 {
        self.before
    }

    /// Returns the file as it is left for the next attempt. `None`: it is not left.
    pub(crate) fn left(&self) -> Option<HashedPart> {
        let file = self.file.as_ref().filter(|_| self.is_continued())?;
        Some(HashedPart {
            size: self.size,
            modified: file.metadata().and_then(|about| about.modified()).ok()?,
            hash: self.hash.clone(),
        })
    }

    /// True if a later attempt continues the file when this one is cut off.
    pub(in crate::transport) fn can_be_continued(&self) -> bool {
        self.state.is_some()
    }

    /// True if the file stays when it is dropped now.
    fn is_continued(&self) -> bool {
        self.state.is_some() && !self.is_whole && self.size > 0
    }

    /// Returns the difference between the complete file and the expected one. `None`: there is none.
    pub(crate) fn differs(&self, expected: &DownloadOptions) -> Option<String> {
        if let Some(size) = expected.size.filter(|size| *size != self.size) {
            let came = self.size;
            return Some(format!(
                "the body has {came} bytes, and {size} were expected"
            ));
        }
        let digest = expected.sha256?;
        let came = self.hash.clone().finish();
        (came != digest).then(|| {
            let (came, expected) = (hexadecimal(&came), hexadecimal(&digest));
            format!("the SHA-256 of the body is {came}, and {expected} was expected")
        })
    }

    /// Gives the complete file its final name. `modified`: time that the file gets. `None`: the present time.
    pub(crate) fn put_in_place(mut self, modified: Option<SystemTime>) -> Result<Saved, Unsaved> {
        self.is_whole = true;
        self.finish(modified)
            .map_err(|error| Unsaved::new(self.target().0, error))?;
        let named = self.named.as_ref();
        Ok(Saved {
            path: self.target().0.to_owned(),
            numbered: named.map_or(self.to.numbered, |named| named.numbered),
            size: self.size,
            sha256: hexadecimal(&self.hash.clone().finish()),
        })
    }

    /// Returns the path of the file until it is complete.
    pub(crate) fn path(&self) -> PathBuf {
        directory(&self.to.path).join(&self.part)
    }

    fn finish(&mut self, modified: Option<SystemTime>) -> io::Result<()> {
        let file = self.file.take();
        if let (Some(file), Some(modified)) = (&file, modified) {
            file.set_modified(modified)?;
        }
        // A file that may be continued is locked until it has its name.
        let (file, _lock) = match self.to.durable {
            true => (file, None),
            false => (None, file),
        };
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
        if let Some(state) = &self.state {
            // A description that stays behind belongs to no file, and is replaced by the next one.
            let _ = state::remove(state);
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
        if self.is_continued() {
            return;
        }
        if !self.in_place {
            if let Some(state) = &self.state {
                let _ = state::remove(state);
            }
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

#[cfg(test)]
mod tests;
