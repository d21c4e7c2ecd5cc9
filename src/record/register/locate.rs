//! The file that a path leads to, found without opening anything.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf, absolute};

/// Number of symbolic links that are followed one after the other, as on Linux.
const MOST_LINKS: usize = 40;

/// The file that a path leads to.
#[derive(Debug)]
pub(super) struct Located {
    /// Canonical path of the file; of one that is not there, its name in the canonical path of its directory.
    pub(super) place: PathBuf,
    /// Metadata of what stands there, links followed. `None`: there is nothing yet.
    pub(super) about: Option<Metadata>,
    /// The last part of the path is a symbolic link.
    pub(super) is_link: bool,
}

impl Located {
    /// Device and inode. `None`: there is no file yet, or the system has no such numbers.
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

/// Canonical paths of directories. The last one is remembered: most files go to one directory.
#[derive(Debug, Default)]
pub(super) struct Directories(Option<(PathBuf, PathBuf)>);

impl Directories {
    /// Finds where the path leads. A link to nothing leads to the file that opening it would make.
    pub(super) fn locate(&mut self, path: &Path) -> Located {
        let about = fs::symlink_metadata(path).ok();
        let is_link = about.as_ref().is_some_and(Metadata::is_symlink);
        if !is_link {
            let place = self.in_directory(path);
            return Located {
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
        Located {
            place,
            about,
            is_link,
        }
    }

    /// Returns the canonical path of the directory with the name behind it.
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
                // A directory that is not there yet may become a link.
                self.0 = found
                    .exists()
                    .then(|| (directory.to_owned(), found.clone()));
                found
            }
        }
    }
}

/// Canonical path of a directory. Parts of it that are not there are taken as they are written.
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

/// Follows links to a file that is not there.
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
