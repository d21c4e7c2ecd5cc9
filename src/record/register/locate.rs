//! Finds the file that a path leads to, without opening it.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf, absolute};

/// Number of symbolic links that are followed one after the other, as on Linux.
const MOST_LINKS: usize = 40;

/// The file that a path leads to.
#[derive(Debug)]
pub(super) struct LocatedFile {
    /// Canonical path of the file. If it does not exist, its name in the canonical path of its directory.
    pub(super) place: PathBuf,
    /// Metadata of the file, with links followed. `None`: the file does not exist yet.
    pub(super) about: Option<Metadata>,
    /// True if the last part of the path is a symbolic link.
    pub(super) is_link: bool,
}

impl LocatedFile {
    /// Device and inode. `None`: the file does not exist yet, or the system has no such numbers.
    pub(super) fn inode(&self) -> Option<(u64, u64)> {
        self.about.as_ref().and_then(inode)
    }

    /// False for devices, pipes, terminals and directories, which are never replaced.
    pub(super) fn is_file_or_new(&self) -> bool {
        self.about.as_ref().is_none_or(Metadata::is_file)
    }
}

#[cfg(unix)]
fn inode(about: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;

    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Canonical paths of directories. The last path is remembered, since most files go to one directory.
#[derive(Debug, Default)]
pub(super) struct Directories(Option<(PathBuf, PathBuf)>);

impl Directories {
    /// Finds the file that the path leads to. A dangling link leads to the file that opening it would make.
    pub(super) fn locate(&mut self, path: &Path) -> LocatedFile {
        let about = fs::symlink_metadata(path).ok();
        let is_link = about.as_ref().is_some_and(Metadata::is_symlink);
        if !is_link {
            let place = self.in_directory(path);
            return LocatedFile {
                place,
                about,
                is_link,
            };
        }
        let about = fs::metadata(path).ok();
        let place = match fs::canonicalize(path) {
            Ok(place) => place,
            Err(_) => self.in_directory(&target(path)),
        };
        LocatedFile {
            place,
            about,
            is_link,
        }
    }

    /// Returns the canonical path of the directory, joined with the name.
    fn in_directory(&mut self, path: &Path) -> PathBuf {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => self.canonical(parent).join(name),
            // `..`, or the root.
            _ => canonical(path),
        }
    }

    fn canonical(&mut self, directory: &Path) -> PathBuf {
        match &self.0 {
            Some((known, canonical)) if known == directory => canonical.clone(),
            _ => {
                let found = canonical(directory);
                // A directory that does not exist yet may become a link.
                self.0 = found
                    .exists()
                    .then(|| (directory.to_owned(), found.clone()));
                found
            }
        }
    }
}

/// Returns the canonical path of a directory. Parts that do not exist are taken as they are written.
pub(super) fn canonical(directory: &Path) -> PathBuf {
    let directory = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    if let Ok(found) = fs::canonicalize(directory) {
        return found;
    }
    match (directory.parent(), directory.file_name()) {
        (Some(parent), Some(name)) => canonical(parent).join::<&OsStr>(name),
        (Some(parent), None) => {
            let parent = canonical(parent);
            parent.parent().map_or(parent.clone(), Path::to_owned)
        }
        _ => absolute(directory).unwrap_or_else(|_| directory.to_owned()),
    }
}

/// Follows links to a file that does not exist.
fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&path) else {
            break;
        };
        path = match path.parent() {
            Some(parent) => parent.join(next),
            None => next,
        };
    }
    path
}
