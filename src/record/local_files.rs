//! Files of this machine that lines written by others may reach.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::InvalidLine;
use crate::request::{PieceSource, Request, RequestContent};

/// Files that a line may name.
#[derive(Debug)]
pub(super) struct LocalFiles {
    /// Directory of the files that may be read. `None`: no file may be read.
    readable: Option<Folder>,
}

/// A directory that files may be read from.
#[derive(Debug)]
struct Folder {
    /// Path as it was given, made absolute.
    written: PathBuf,
    /// Path with all links resolved.
    real: PathBuf,
}

impl LocalFiles {
    /// Allows no files.
    pub(super) fn none() -> LocalFiles {
        LocalFiles { readable: None }
    }

    /// Allows regular files in this directory and below it.
    ///
    /// # Errors
    /// When the directory cannot be found, or is no directory.
    pub(super) fn below(folder: &Path) -> io::Result<LocalFiles> {
        let real = fs::canonicalize(folder)?;
        if !real.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let written = without_dots(folder)?;
        Ok(LocalFiles {
            readable: Some(Folder { written, real }),
        })
    }

    /// Refuses a request that reads a file outside the allowed directory, or is saved outside `output` by way of a
    /// link. `names_files`: true if the line names the files of the body, false if the program does.
    pub(super) fn check(
        &self,
        request: &Request,
        names_files: bool,
        output: Option<&Path>,
    ) -> Result<(), InvalidLine> {
        if let RequestContent::Streamed(stream) = request.sends()
            && names_files
        {
            let key = match stream.file() {
                Some(_) => "body_file",
                None => "body_pieces",
            };
            for piece in &stream.pieces {
                if let PieceSource::File(path) = &piece.source {
                    self.check_read(path)
                        .map_err(|reason| InvalidLine::new(format!("{key}: {reason}")))?;
                }
            }
        }
        match (request.saves_to(), output) {
            (Some(path), Some(folder)) if leads_outside(folder, path) => Err(InvalidLine::new(
                "output_file: it leads outside the directory of the saved files (--output-dir), by its path or a link",
            )),
            _ => Ok(()),
        }
    }

    fn check_read(&self, path: &Path) -> Result<(), String> {
        let Some(folder) = &self.readable else {
            return Err(
                "a line that may come from others reads no file of this machine (--public-only; \
                        --allow-files-from DIR allows those of one directory)"
                    .to_owned(),
            );
        };
        let wrong = |e: io::Error| format!("it cannot be read: {e}");
        let outside = || {
            Err("it is outside the directory that files may be read from (--allow-files-from), by its path or a link"
                .to_owned())
        };
        // The file system is not asked about a path that leads elsewhere, not even if such a file exists.
        let written = without_dots(path).map_err(wrong)?;
        if !written.starts_with(&folder.written) && !written.starts_with(&folder.real) {
            return outside();
        }
        let real = fs::canonicalize(path).map_err(wrong)?;
        if !real.starts_with(&folder.real) {
            return outside();
        }
        match fs::metadata(&real) {
            Ok(about) if about.is_file() => Ok(()),
            Ok(_) => Err("it is not a regular file".to_owned()),
            Err(e) => Err(wrong(e)),
        }
    }
}

/// Returns the absolute path, with `.` and `..` resolved by its text alone.
fn without_dots(path: &Path) -> io::Result<PathBuf> {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Ok(plain)
}

/// True if a file of this path would not be below the directory: because of the path, or because an existing part of
/// the path is a link that leads elsewhere.
pub(super) fn leads_outside(folder: &Path, path: &Path) -> bool {
    // In a line of a failure log the path begins with the directory.
    let name = path.strip_prefix(folder).unwrap_or(path);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if !name.components().all(plain) {
        return true;
    }
    let Ok(real) = fs::canonicalize(folder) else {
        // The directory does not exist yet, so it holds no links.
        return false;
    };
    let path = folder.join(name);
    let on_the_way = path.ancestors().skip(1);
    let there = on_the_way.filter(|path| path.symlink_metadata().is_ok());
    match there.map(fs::canonicalize).next() {
        Some(Ok(nearest)) => !nearest.starts_with(real),
        // A link that leads nowhere.
        Some(Err(_)) => true,
        None => false,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Bed(PathBuf);

    impl Bed {
        /// Makes `allowed/` and `outside/`, each with a file, and links from each into the other.
        fn new() -> Bed {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("haul-local-{}-{number}", std::process::id());
            let bed = Bed(std::env::temp_dir().join(name));
            for folder in ["allowed/sub", "outside/sub", "allowed-not"] {
                fs::create_dir_all(bed.at(folder)).unwrap();
            }
            for file in [
                "allowed/a",
                "allowed/sub/a",
                "outside/a",
                "outside/sub/a",
                "allowed-not/a",
            ] {
                fs::write(bed.at(file), "x").unwrap();
            }
            for (to, from) in [
                ("outside", "allowed/leads"),
                ("outside/a", "allowed/link"),
                ("allowed/a", "allowed/own"),
                ("allowed/sub", "outside/back"),
                ("nowhere", "allowed/dangling"),
            ] {
                symlink(bed.at(to), bed.at(from)).unwrap();
            }
            bed
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.join(path)
        }
    }

    impl Drop for Bed {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_of_the_directory_may_be_read_however_their_path_is_written() {
        let bed = Bed::new();
        let files = LocalFiles::below(&bed.at("allowed")).unwrap();
        for path in [
            "allowed/a",
            "allowed/sub/a",
            "allowed/sub/../a",
            "allowed/own",
            "outside/../allowed/a",
        ] {
            assert_eq!(files.check_read(&bed.at(path)), Ok(()), "{path}");
        }
        // The directory may itself be a link, and be named by the link or by its target.
        let linked = LocalFiles::below(&bed.at("outside/back")).unwrap();
        for path in ["allowed/sub/a", "outside/back/a"] {
            assert_eq!(linked.check_read(&bed.at(path)), Ok(()), "{path}");
        }
        assert!(linked.check_read(&bed.at("allowed/a")).is_err());
    }

    #[test]
    fn files_outside_may_not_be_read_by_any_way() {
        let bed = Bed::new();
        let files = LocalFiles::below(&bed.at("allowed")).unwrap();
        for path in [
            "outside/a",
            "allowed/../outside/a",
            "allowed/link",
            "allowed/leads/a",
            "allowed/leads/sub/a",
            "allowed-not/a",
            "allowed/leads/../outside/a",
            "outside/back/a",
        ] {
            let reason = files.check_read(&bed.at(path)).unwrap_err();
            assert!(reason.contains("outside"), "{path}: {reason}");
        }
        for path in [Path::new("/etc/passwd"), Path::new("/proc/self/environ")] {
            assert!(files.check_read(path).is_err());
        }
    }

    #[test]
    fn only_a_regular_file_may_be_read() {
        let bed = Bed::new();
        let _socket = std::os::unix::net::UnixListener::bind(bed.at("allowed/socket")).unwrap();
        symlink("/dev/zero", bed.at("allowed/zero")).unwrap();
        let files = LocalFiles::below(&bed.at("allowed")).unwrap();
        for path in [
            "allowed/sub",
            "allowed/socket",
            "allowed/zero",
            "allowed/dangling",
            "allowed/none",
            "allowed",
        ] {
            assert!(files.check_read(&bed.at(path)).is_err(), "{path}");
        }
        let all = LocalFiles::below(Path::new("/")).unwrap();
        assert!(
            all.check_read(Path::new("/dev/zero"))
                .unwrap_err()
                .contains("regular")
        );
    }

    #[test]
    fn a_saved_file_stays_below_its_directory_whatever_links_there_are() {
        let bed = Bed::new();
        let folder = bed.at("allowed");
        let outside = |path: &str| leads_outside(&folder, Path::new(path));
        for path in [
            "leads/x",
            "leads/sub/x",
            "leads/new/x",
            "dangling/x",
            "../outside/x",
            "sub/../../x",
            "/etc/x",
        ] {
            assert!(outside(path), "{path}");
        }
        for path in ["x", "sub/x", "new/deep/x", "./x", "own", "link", "sub/./x"] {
            assert!(!outside(path), "{path}");
        }
        assert!(!leads_outside(&folder, &folder.join("sub/x")));
        assert!(leads_outside(&folder, &folder.join("leads/x")));
        assert!(!leads_outside(&bed.at("not-made"), Path::new("a/b")));
    }

    #[test]
    fn a_directory_that_is_none_is_an_error() {
        let bed = Bed::new();
        for path in ["allowed/a", "none", "allowed/dangling"] {
            assert!(LocalFiles::below(&bed.at(path)).is_err(), "{path}");
        }
    }
}
