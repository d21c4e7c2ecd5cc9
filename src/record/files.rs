//! Files that bodies are saved to: names under one directory, none given twice.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::InvalidLine;
use crate::redact;
use crate::request::Request;

/// Of so many names it is remembered that they are taken.
const REMEMBERED: usize = 1_000_000;

/// The longest name made, in bytes: file systems take 255, and while it is written it has more.
const LONGEST: usize = 180;

/// What is called like its directory.
const UNNAMED: &str = "index.html";

#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    replace: bool,
    durable: bool,
    make_directories: bool,
    /// Digests of the names given: of a million names they take as little room as they can.
    taken: HashSet<u64>,
    digest: RandomState,
}

impl Files {
    pub(super) fn new(folder: PathBuf, replace: bool, durable: bool) -> Files {
        Files {
            folder,
            replace,
            durable,
            make_directories: true,
            taken: HashSet::new(),
            digest: RandomState::new(),
        }
    }

    pub(super) fn without_directories(self) -> Files {
        Files {
            make_directories: false,
            ..self
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The request, its body going to a file of its own. In a line of a failure log the name that it was given before
    /// stands with the directory.
    pub(super) fn place(
        &mut self,
        request: Request,
        logged: bool,
        number: u64,
    ) -> Result<Request, InvalidLine> {
        let path = match request.saves_to() {
            Some(path) if logged => {
                let name = path.strip_prefix(&self.folder).unwrap_or(path).to_owned();
                self.given(&name.to_string_lossy())?
            }
            Some(path) => {
                let name = path.to_string_lossy().into_owned();
                self.given(&name)?
            }
            None => {
                let name = self.of_url(request.url(), number);
                self.folder.join(name)
            }
        };
        Ok(if self.durable {
            request.save_durably(path)
        } else {
            request.save_to(path)
        })
    }

    /// The path of a name that a line gives.
    fn given(&mut self, name: &str) -> Result<PathBuf, InvalidLine> {
        let wrong = |what: &str| Err(InvalidLine::new(format!("output_file: {what}: {name:?}")));
        let parts: Vec<Component<'_>> = Path::new(name).components().collect();
        let plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
        if parts.is_empty() || !parts.iter().all(plain) || name.contains('\0') {
            return wrong("a relative path without .. is expected");
        }
        if name.ends_with(['/', '\\']) {
            return wrong("a file is expected, not a directory");
        }
        let relative: PathBuf = parts.iter().collect();
        if !self.take(&relative.to_string_lossy()) {
            return wrong("an earlier line has the same");
        }
        let path = self.folder.join(relative);
        if self.make_directories
            && parts.len() > 1
            && let Some(parent) = path.parent()
            && let Err(e) = std::fs::create_dir_all(parent)
        {
            return wrong(&format!("its directory cannot be made: {e}"));
        }
        Ok(path)
    }

    /// A name made from a URL.
    fn of_url(&mut self, url: &str, number: u64) -> String {
        let name = last_part(url);
        let known = self.taken.len() < REMEMBERED;
        if known && self.is_free(&name) {
            return name;
        }
        let mut numbered = with(&name, &number.to_string());
        for more in 2_u64.. {
            if self.is_free(&numbered) {
                break;
            }
            numbered = with(&name, &format!("{number}-{more}"));
        }
        numbered
    }

    fn is_free(&mut self, name: &str) -> bool {
        let there = !self.replace && self.folder.join(name).symlink_metadata().is_ok();
        !there && self.take(name)
    }

    /// Takes a name, false where it was taken.
    fn take(&mut self, name: &str) -> bool {
        let digest = self.digest.hash_one(name);
        if self.taken.len() < REMEMBERED {
            self.taken.insert(digest)
        } else {
            !self.taken.contains(&digest)
        }
    }
}

/// The last part of the path of a URL as the name of a file.
fn last_part(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path,
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain = percent_decode_str(last).decode_utf8_lossy();
    let harmless = |c: char| {
        if c.is_control() || "/\\:*?\"<>|".contains(c) {
            '_'
        } else {
            c
        }
    };
    let name: String = plain.chars().map(harmless).collect();
    // No hidden file, and neither `.` nor `..`.
    let name = name.trim_start_matches('.').trim();
    if name.is_empty() {
        return UNNAMED.to_owned();
    }
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let (stem, end) = halves(name);
    let end = if end.len() <= 16 { end } else { "" };
    format!("{}{end}", redact::beginning(stem, LONGEST - end.len()))
}

/// The name with something added before its ending.
fn with(name: &str, added: &str) -> String {
    let (stem, end) = halves(name);
    format!("{stem}-{added}{end}")
}

/// A name up to its ending, and the ending with its dot.
fn halves(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_the_path_made_harmless() {
        for (url, name) in [
            ("http://h/a/logo.png?v=1", "logo.png"),
            ("http://h/a/%E4%BD%A0.txt", "你.txt"),
            ("http://h/a/b/", "index.html"),
            ("http://h", "index.html"),
            ("items/7", "7"),
            ("http://h/..%2f..%2fetc%2fpasswd", "_.._etc_passwd"),
            ("http://h/%2e%2e", "index.html"),
            ("http://h/.bashrc", "bashrc"),
            ("http://h/a%00b%0ac", "a_b_c"),
        ] {
            assert_eq!(last_part(url), name, "{url}");
        }
        let long = last_part(&format!("http://h/{}.tar", "x".repeat(500)));
        assert!(long.len() == LONGEST && long.ends_with("x.tar"), "{long}");
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut files = Files::new("/nowhere".into(), false, false);
        let mut name = |url: &str, number| files.of_url(url, number);
        assert_eq!(name("http://h/a.png", 1), "a.png");
        assert_eq!(name("http://h/b/a.png", 2), "a-2.png");
        assert_eq!(name("http://h/a-3.png", 9), "a-3.png");
        assert_eq!(name("http://h/a.png", 3), "a-3-2.png");
        assert_eq!(name("http://h/README", 4), "README");
        assert_eq!(name("http://h/README", 5), "README-5");
    }

    #[test]
    fn a_file_that_is_there_is_not_replaced_unless_told_to() {
        let folder = std::env::temp_dir().join(format!("haul-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.png"), "").unwrap();
        let mut keeps = Files::new(folder.clone(), false, false);
        assert_eq!(keeps.of_url("http://h/a.png", 7), "a-7.png");
        let mut replaces = Files::new(folder.clone(), true, false);
        assert_eq!(replaces.of_url("http://h/a.png", 7), "a.png");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_given_name_stays_under_the_directory_and_is_given_once() {
        let folder = std::env::temp_dir().join(format!("haul-given-{}", std::process::id()));
        let mut files = Files::new(folder.clone(), false, false);
        for name in [
            "",
            ".",
            "..",
            "../a",
            "a/../../b",
            "/etc/passwd",
            "a/",
            "a\0b",
        ] {
            assert!(files.given(name).is_err(), "{name:?}");
        }
        assert_eq!(files.given("a/b.bin"), Ok(folder.join("a/b.bin")));
        assert!(folder.join("a").is_dir());
        let again = files.given("a/./b.bin").unwrap_err().to_string();
        assert_eq!(
            again,
            r#"output_file: an earlier line has the same: "a/./b.bin""#
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
