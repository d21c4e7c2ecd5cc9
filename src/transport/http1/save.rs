//! A body on its way to a file: under another name until all of it is there.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::redact;
use crate::request::SaveTo;
use crate::response::Saved;
#[cfg(unix)]
use crate::transport::descriptors;
use crate::transport::descriptors::Spare;

/// How much of the file's name is in that of the unfinished one: file systems allow 255 bytes in all.
const NAME: usize = 200;

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
            false => Ok(()),
        }
    });
    checked.map_err(|error| Unsaved::new(&to.path, error))
}

/// A file that is being written. Dropped, it is removed.
pub(crate) struct Partial {
    to: SaveTo,
    /// Its name until it is complete.
    name: PathBuf,
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
            let wanted = name_of(&to.path)?.to_string_lossy();
            let shown = redact::beginning(&wanted, NAME);
            loop {
                let random = fastrand::u64(..);
                let name = directory(&to.path).join(format!(".{shown}.{random:016x}.part"));
                let mut options = OpenOptions::new();
                options.write(true).create_new(true);
                match spare.give_way(|| options.open(&name)) {
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                    result => return Ok((result?, name)),
                }
            }
        };
        let (file, name) = create().map_err(|error| Unsaved::new(&to.path, error))?;
        Ok(Partial {
            to: to.clone(),
            name,
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

    fn finish(&mut self) -> io::Result<()> {
        let file = self.file.take().filter(|_| self.to.durable);
        if let Some(file) = &file {
            file.sync_all()?;
        }
        fs::rename(&self.name, &self.to.path)?;
        self.in_place = true;
        if let Some(file) = file {
            sync(directory(&self.to.path), file)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partial({}, {} bytes)", self.name.display(), self.size)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.in_place {
            // Where even that fails nobody is there to be told, and its name says what it is.
            let _ = fs::remove_file(&self.name);
        }
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
    use super::*;

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
                path: self.0.join(name),
                durable: true,
            }
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
            entries
                .map(|entry| name(entry).into_string().unwrap())
                .collect()
        }
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
