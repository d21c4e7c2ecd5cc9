//! A body on its way to a file: under another name until all of it is there.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::request::{SaveTo, part_name};
use crate::response::Saved;
#[cfg(unix)]
use crate::transport::connection::descriptors;
use crate::transport::connection::descriptors::Spare;

/// A body could not be saved.
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

/// Looks for what will make saving impossible, before the request is sent. The directory's permissions are not looked
/// at: only making a file there tells.
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

/// A file that is being written. Dropped, it is removed.
pub(crate) struct Partial {
    to: SaveTo,
    /// Name until the file is complete, in the directory of the complete file.
    part: String,
    /// `None` once it is complete.
    file: Option<File>,
    size: u64,
    hash: Sha256,
    in_place: bool,
}

impl Partial {
    /// Makes the file, in place of the descriptor that was kept for it.
    pub(in crate::transport) fn create(to: &SaveTo, spare: &Spare) -> Result<Partial, Unsaved> {
        let create = || {
            let name = name_of(&to.path)?;
            loop {
                let part = part_name(name, fastrand::u64(..));
                // Before the file is there: a kill in between leaves a name behind and no file.
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
        Ok(Partial {
            to: to.clone(),
            part,
            file: Some(file),
            size: 0,
            hash: Sha256::new(),
            in_place: false,
        })
    }

    /// Bytes written.
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

    /// Gives the complete file its name.
    pub(crate) fn put_in_place(mut self) -> Result<Saved, Unsaved> {
        self.finish()
            .map_err(|error| Unsaved::new(&self.to.path, error))?;
        Ok(Saved {
            path: self.to.path.clone(),
            size: self.size,
            sha256: hex(&self.hash.clone().finish()),
        })
    }

    /// Path of the file until it is complete.
    fn path(&self) -> PathBuf {
        directory(&self.to.path).join(&self.part)
    }

    fn finish(&mut self) -> io::Result<()> {
        let file = self.file.take().filter(|_| self.to.durable);
        if let Some(file) = &file {
            file.sync_all()?;
        }
        let path = self.path();
        match self.to.replace {
            true => fs::rename(path, &self.to.path)?,
            false => rename_to_new(&path, &self.to.path)?,
        }
        self.in_place = true;
        if let Some(file) = file {
            sync(directory(&self.to.path), file)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partial({}, {} bytes)", self.path().display(), self.size)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.in_place {
            // Where even that fails nobody is there to be told, and its name says what it is.
            let removed = fs::remove_file(self.path());
            if let Some(log) = self.to.log.as_ref().filter(|_| removed.is_ok()) {
                log.give_up(&self.to.path, self.part.as_ref());
            }
        }
    }
}

/// Renames a file to a name that nothing has.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;

        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Not every file system can do both in one step.
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

/// Makes the new name itself survive a loss of power. The directory takes the descriptor of the file.
#[cfg(unix)]
fn sync(directory: &Path, file: File) -> io::Result<()> {
    descriptors::replace(file, || File::open(directory))?.sync_all()
}

/// Directories cannot be opened there, and need not be.
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
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::request::SaveLog;

    /// An empty directory, removed at the end.
    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Directory {
            let name = format!("haul-save-{:016x}", fastrand::u64(..));
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Directory(path)
        }

        fn to(&self, name: &str) -> SaveTo {
            SaveTo {
                durable: true,
                ..SaveTo::new(self.0.join(name))
            }
        }

        fn names(&self) -> Vec<String> {
            names_in(&self.0)
        }
    }

    fn names_in(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).into_iter().flatten();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_complete() {
        let directory = Directory::new();
        let mut partial = Partial::create(&directory.to("a"), &Spare::default()).unwrap();
        partial.append(b"abc").unwrap();
        let names = directory.names();
        assert!(names[0].starts_with(".a.") && names[0].ends_with(".part"));
        let saved = partial.put_in_place().unwrap();
        assert_eq!(directory.names(), ["a"]);
        assert_eq!(
            (saved.size, fs::read(&saved.path).unwrap()),
            (3, b"abc".to_vec())
        );
        // printf abc | sha256sum
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(saved.sha256, digest);
    }

    #[test]
    fn what_is_given_up_is_removed_and_leaves_the_old_file_alone() {
        let directory = Directory::new();
        fs::write(directory.0.join("a"), "old").unwrap();
        let mut partial = Partial::create(&directory.to("a"), &Spare::default()).unwrap();
        partial.append(b"new").unwrap();
        drop(partial);
        assert_eq!(directory.names(), ["a"]);
        assert_eq!(fs::read(directory.0.join("a")).unwrap(), b"old");
    }

    #[test]
    fn a_file_that_may_not_be_replaced_is_not_even_when_it_comes_late() {
        let directory = Directory::new();
        let to = SaveTo {
            replace: false,
            ..directory.to("a")
        };
        assert!(check(&to).is_ok());
        let mut partial = Partial::create(&to, &Spare::default()).unwrap();
        partial.append(b"new").unwrap();
        fs::write(&to.path, "old").unwrap();
        let unsaved = partial.put_in_place().unwrap_err();
        assert_eq!(unsaved.error.kind(), io::ErrorKind::AlreadyExists);
        let unsaved = check(&to).unwrap_err();
        assert_eq!(unsaved.error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(directory.names(), ["a"]);
        assert_eq!(fs::read(to.path).unwrap(), b"old");
    }

    /// Lines of a log, each with the names in the directory when it was written.
    #[derive(Default)]
    struct Lines(Mutex<Vec<(String, Vec<String>)>>);

    impl Lines {
        fn add(&self, what: &str, path: &Path, part: &OsStr) {
            let line = format!("{what} {}", part.to_str().unwrap());
            let names = names_in(directory(path));
            self.0.lock().unwrap().push((line, names));
        }
    }

    impl SaveLog for Lines {
        fn begin(&self, path: &Path, part: &OsStr) -> io::Result<()> {
            self.add("begin", path, part);
            Ok(())
        }

        fn give_up(&self, path: &Path, part: &OsStr) {
            self.add("give up", path, part);
        }
    }

    #[test]
    fn a_log_has_the_name_before_the_file_is_made_and_hears_of_its_end() {
        let directory = Directory::new();
        let lines = Arc::new(Lines::default());
        let to = SaveTo {
            log: Some(Arc::clone(&lines) as _),
            ..directory.to("a")
        };
        let part = Partial::create(&to, &Spare::default())
            .unwrap()
            .part
            .clone();
        let given_up = [format!("begin {part}"), format!("give up {part}")].map(|l| (l, vec![]));
        assert_eq!(*lines.0.lock().unwrap(), given_up);
        let partial = Partial::create(&to, &Spare::default()).unwrap();
        let begun = format!("begin {}", partial.part);
        partial.put_in_place().unwrap();
        assert_eq!(lines.0.lock().unwrap()[2..], [(begun, vec![])]);
        // A file that could not be made is given up.
        let nowhere = SaveTo {
            path: directory.0.join("missing/a"),
            ..to
        };
        assert!(Partial::create(&nowhere, &Spare::default()).is_err());
        let (last, _) = lines.0.lock().unwrap().pop().unwrap();
        assert!(last.starts_with("give up "), "{last}");
    }

    #[test]
    fn names_as_long_as_the_system_allows_can_be_saved_to() {
        let directory = Directory::new();
        for name in ["x".repeat(255), "余".repeat(85)] {
            let partial = Partial::create(&directory.to(&name), &Spare::default()).unwrap();
            partial.put_in_place().unwrap();
            assert_eq!(directory.names(), [name.as_str()]);
            fs::remove_file(directory.0.join(name)).unwrap();
        }
    }

    #[test]
    fn what_can_be_known_beforehand_is_found_beforehand() {
        let directory = Directory::new();
        assert!(check(&directory.to("a")).is_ok());
        for (path, reason) in [
            ("missing/a", "No such"),
            ("", "names no file"),
            ("..", "names no file"),
            ("a/", "names no file"),
        ] {
            let unsaved = check(&directory.to(path)).unwrap_err();
            assert!(unsaved.message().contains(reason), "{}", unsaved.message());
        }
        fs::create_dir(directory.0.join("d")).unwrap();
        assert!(
            check(&directory.to("d"))
                .unwrap_err()
                .message()
                .contains("directory")
        );
        fs::write(directory.0.join("f"), "").unwrap();
        assert!(check(&directory.to("f/a")).is_err());
    }
}
