//! Names of files that another program saves the bodies to.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use super::InputLines;
#[cfg(feature = "fleet")]
use crate::record::FileRegister;
use crate::record::InvalidLine;
#[cfg(feature = "fleet")]
use crate::record::files::OutputFiles;
use crate::record::files::plain_parts;
use crate::record::register::Digests;
use crate::request::Request;

/// Names that lines gave so far.
#[derive(Debug, Default)]
pub(super) struct NamesElsewhere {
    keys: RandomState,
    given: Digests,
    /// Directories of the names.
    directories: Digests,
}

impl NamesElsewhere {
    /// Enters the name of a line. Each is given once.
    pub(super) fn enter(&mut self, path: &Path) -> Result<(), InvalidLine> {
        let text = path.to_string_lossy();
        let parts = plain_parts(&text)?;
        let digest = |count: usize| self.keys.hash_one(&parts[..count]);
        let name = digest(parts.len());
        let directories: Vec<u64> = (1..parts.len()).map(digest).collect();
        let is_taken = self.given.contains(name)
            || self.directories.contains(name)
            || directories
                .iter()
                .any(|directory| self.given.contains(*directory));
        if is_taken {
            return Err(InvalidLine::new(
                "output_file: an earlier line has the same",
            ));
        }
        self.given.insert(name);
        for directory in directories {
            self.directories.insert(directory);
        }
        Ok(())
    }
}

impl InputLines {
    /// Leaves the `output_file` of lines as it is, for requests whose bodies another program saves.
    ///
    /// That program [saves](InputLines::save_in) them in a directory of its own. Each name is checked, and given once.
    /// Default: a line with an `output_file` is refused unless there is a directory.
    ///
    /// ```
    /// use haul::record::InputLines;
    ///
    /// let mut lines = InputLines::new().saved_elsewhere();
    /// let request = lines.read(r#"{"url": "https://h/a", "output_file": "a.html"}"#)?.request;
    /// assert_eq!(request.saves_to(), Some("a.html".as_ref()));
    /// assert!(lines.read(r#"{"url": "https://h/b", "output_file": "a.html"}"#).is_err());
    /// # Ok::<(), haul::record::InvalidLine>(())
    /// ```
    pub fn saved_elsewhere(mut self) -> InputLines {
        self.elsewhere = Some(NamesElsewhere::default());
        self
    }

    /// Returns a request without a directory for its body, if it needs none here.
    pub(super) fn left_as_it_is(&mut self, request: Request) -> Result<Request, InvalidLine> {
        match (request.saves_to(), &mut self.elsewhere) {
            (None, _) => Ok(request),
            (Some(path), Some(names)) => names.enter(path).map(|()| request),
            (Some(_), None) => Err(InvalidLine::new(
                "output_file: no directory to save it in was given (--output-dir)",
            )),
        }
    }

    /// True if bodies are saved in a directory.
    #[cfg(feature = "fleet")]
    pub(crate) fn saves_files(&self) -> bool {
        self.files.is_some()
    }

    /// Adds the number of its request to each file that is named by a URL, since other processes save files of the same
    /// list.
    #[cfg(feature = "fleet")]
    pub(crate) fn always_numbered(mut self) -> InputLines {
        self.files = self.files.map(OutputFiles::always_numbered);
        self
    }

    /// Sets the index of the request of the next line.
    #[cfg(feature = "fleet")]
    pub(crate) fn set_index(&mut self, index: u64) {
        self.number = index;
    }

    /// Returns the register of the files that lines name.
    #[cfg(feature = "fleet")]
    pub(crate) fn file_register(&self) -> FileRegister {
        self.register.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_and_given_once() {
        let mut names = NamesElsewhere::default();
        let mut entered = |name: &str| names.enter(Path::new(name)).map_err(|e| e.to_string());
        for good in ["a", "b/a"] {
            assert!(entered(good).is_ok(), "{good}");
        }
        for (name, part) in [
            ("a", "an earlier line"),
            ("b//a", "an earlier line"),
            ("b", "an earlier line"),
            ("a/b", "an earlier line"),
            ("", "relative path"),
            ("./c", "relative path"),
            ("../a", "relative path"),
            ("/a", "relative path"),
            ("b/../d", "relative path"),
            ("d/", "not a directory"),
        ] {
            let refused = entered(name).unwrap_err();
            assert!(refused.contains(part), "{name}: {refused}");
        }
    }
}
