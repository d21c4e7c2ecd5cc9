//! Names that files of the run have, so that no two are equal on any file system.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use icu_normalizer::ComposingNormalizerBorrowed;

use super::safe::halves;
use crate::record::local_files::leads_outside;
use crate::record::register::{Existing, FileRegister};
use crate::request::NamedFile;

/// Number of names in a row that are tried for a file.
const TRIED: u64 = if cfg!(test) { 500 } else { 100_000 };

/// Names of the run's files. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct TakenNames(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    keys: RandomState,
    /// Digests of the folded paths of files.
    files: HashSet<u64>,
    /// Digests of the folded paths of directories.
    folders: HashSet<u64>,
    /// Next number for a name that is taken, by the digest of its folded path.
    next: HashMap<u64, u64>,
}

/// Name that is wanted for a file.
pub(super) struct NameRequest<'a> {
    pub(super) folder: &'a Path,
    pub(super) parts: &'a [String],
    pub(super) existing: Existing,
    /// True if no link may lead out of the directory.
    pub(super) confined: bool,
}

impl TakenNames {
    /// Takes a name: the one that is wanted, or if that is taken one with a number. `number`: the number that is tried
    /// first. `None`: the numbers from 2 on, as names come.
    ///
    /// # Errors
    /// When none of many names is free.
    pub(super) fn take(
        &self,
        wanted: &NameRequest<'_>,
        number: Option<u64>,
        register: &FileRegister,
    ) -> io::Result<NamedFile> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = &mut *taken;
        if let Some(file) = taken.enter(wanted, wanted.parts, register) {
            return Ok(file);
        }
        let plain = taken.digest(&folded(wanted.parts));
        let from = match number {
            Some(_) => 1,
            None => taken.next.get(&plain).copied().unwrap_or(2),
        };
        for more in from..from.saturating_add(TRIED) {
            let added = match number {
                Some(number) if more == 1 => number.to_string(),
                Some(number) => format!("{number}-{more}"),
                None => more.to_string(),
            };
            // If a folder is in the way, or the name of a folder is a file, only other folders help.
            for folders_too in [false, true] {
                let parts = numbered(wanted.parts, &added, folders_too);
                if let Some(file) = taken.enter(wanted, &parts, register) {
                    if number.is_none() {
                        taken.next.insert(plain, more + 1);
                    }
                    return Ok(NamedFile {
                        numbered: true,
                        ..file
                    });
                }
            }
        }
        let what = format!("there is no free name among {TRIED} with a number");
        Err(io::Error::other(what))
    }
}

impl Taken {
    /// Enters a name. `None`: it is taken, or a file was there before the run.
    fn enter(
        &mut self,
        wanted: &NameRequest<'_>,
        parts: &[String],
        register: &FileRegister,
    ) -> Option<NamedFile> {
        let own = folded(parts);
        let file = self.digest(&own);
        let slashes = own.match_indices('/');
        let folders: Vec<u64> = slashes.map(|(at, _)| self.digest(&own[..at])).collect();
        let is_taken = self.files.contains(&file)
            || self.folders.contains(&file)
            || folders.iter().any(|folder| self.files.contains(folder));
        if is_taken {
            return None;
        }
        let path: PathBuf = parts
            .iter()
            .fold(wanted.folder.to_owned(), |path, part| path.join(part));
        let depth = parts.len() - 1;
        let is_blocked = |folder: &Path| folder.metadata().is_ok_and(|about| !about.is_dir());
        if path.ancestors().skip(1).take(depth).any(is_blocked) {
            return None;
        }
        if wanted.confined && leads_outside(wanted.folder, &path) {
            return None;
        }
        let replace = register.enter_saved(&path, depth, wanted.existing).ok()?;
        self.files.insert(file);
        self.folders.extend(folders);
        Some(NamedFile {
            path,
            replace,
            numbered: false,
        })
    }

    fn digest(&self, path: &str) -> u64 {
        self.keys.hash_one(path)
    }
}

/// Returns the path in a form that is equal for names that some file system takes for equal: without differences of
/// case, and with characters composed.
fn folded(parts: &[String]) -> String {
    let path = parts.join("/");
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    let composed = ComposingNormalizerBorrowed::new_nfc();
    // The sharp s and its like have two letters as capitals, so that a change to capitals comes first.
    let path = composed.normalize(&path).to_uppercase().to_lowercase();
    composed.normalize(&path).into_owned()
}

/// Adds a number to the last part of a name, before its ending, and to its folders too if `folders_too`.
fn numbered(parts: &[String], number: &str, folders_too: bool) -> Vec<String> {
    let last = parts.len() - 1;
    let part = |(at, part): (usize, &String)| match (at == last, folders_too) {
        (true, _) => {
            let (stem, end) = halves(part);
            format!("{stem}-{number}{end}")
        }
        (false, true) => format!("{part}-{number}"),
        (false, false) => part.clone(),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Makes the directories of a file below `folder`. The folder itself is there, or is made by the run.
pub(super) fn make_parent(folder: &Path, path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent != folder => fs::create_dir_all(parent),
        _ => Ok(()),
    }
}
