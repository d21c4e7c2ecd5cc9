//! Names that files of the run have, so that no two are equal on any file system.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{BuildHasher, Hash, RandomState};
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
    /// Digests of the paths of directories that hold files of the run, as they are written.
    in_use: HashSet<u64>,
    /// Next number for a name that is taken, by the digest of its folded path.
    next: HashMap<u64, u64>,
    /// Names with a number of folders whose own names are those of files, by the digest of their folded path.
    moved: HashMap<u64, String>,
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
    /// Takes a name: the one that is wanted, or one with a number in the part that is taken. `number`: the number that
    /// is tried first. `None`: the numbers from 2 on, as names come.
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
        let Some((last, folders)) = wanted.parts.split_last() else {
            return Err(no_free_name());
        };
        let mut place = FilePlace::below(wanted.folder);
        for folder in folders {
            taken.go_into(&mut place, folder, number, wanted, register)?;
        }
        let plain = place.with(last);
        if let Some(file) = taken.enter(&plain, wanted, register) {
            return Ok(file);
        }
        let key = taken.digest(&plain.folded);
        let from = match number {
            Some(_) => 1,
            None => taken.next.get(&key).copied().unwrap_or(2),
        };
        for (more, added) in numbers(number, from) {
            let (stem, end) = halves(last);
            let numbered = FilePlace {
                is_numbered: true,
                ..place.with(&format!("{stem}-{added}{end}"))
            };
            if let Some(file) = taken.enter(&numbered, wanted, register) {
                if number.is_none() {
                    taken.next.insert(key, more + 1);
                }
                return Ok(file);
            }
        }
        Err(no_free_name())
    }
}

/// Path below a folder, part by part.
#[derive(Clone)]
struct FilePlace {
    path: PathBuf,
    /// Parts below the folder, with slashes between them, as [`folded`] makes them.
    folded: String,
    /// Number of parts.
    depth: usize,
    /// True if a part has got a number.
    is_numbered: bool,
}

impl FilePlace {
    fn below(folder: &Path) -> FilePlace {
        FilePlace {
            path: folder.to_owned(),
            folded: String::new(),
            depth: 0,
            is_numbered: false,
        }
    }

    /// Returns the place of this name in the folder at this place.
    fn with(&self, name: &str) -> FilePlace {
        let slash = if self.folded.is_empty() { "" } else { "/" };
        FilePlace {
            path: self.path.join(name),
            folded: format!("{}{slash}{}", self.folded, folded(name)),
            depth: self.depth + 1,
            is_numbered: self.is_numbered,
        }
    }
}

/// Returns the numbers that are tried in turn for a name, each with its position. `number`: the one that is tried first,
/// and begins the others. `None`: the numbers from `from` on.
pub(in crate::record) fn numbers(
    number: Option<u64>,
    from: u64,
) -> impl Iterator<Item = (u64, String)> {
    (from..from.saturating_add(TRIED)).map(move |more| {
        let added = match number {
            Some(number) if more == 1 => number.to_string(),
            Some(number) => format!("{number}-{more}"),
            None => more.to_string(),
        };
        (more, added)
    })
}

/// Returns the error of a file for which every name that was tried is taken.
pub(in crate::record) fn no_free_name() -> io::Error {
    io::Error::other(format!("there is no free name among {TRIED} with a number"))
}

impl Taken {
    /// Goes into a folder of a name, or into one with a number if a file has its name. Further names of that folder
    /// then go into the same one.
    fn go_into(
        &mut self,
        place: &mut FilePlace,
        name: &str,
        number: Option<u64>,
        wanted: &NameRequest<'_>,
        register: &FileRegister,
    ) -> io::Result<()> {
        let plain = place.with(name);
        let is_known = self.in_use.contains(&self.digest(&plain.path));
        if is_known || self.may_be_folder(&plain, wanted, register) {
            *place = plain;
            return Ok(());
        }
        let key = self.digest(&plain.folded);
        let known = self.moved.get(&key).map(|name| place.with(name));
        let found = known.filter(|known| self.may_be_folder(known, wanted, register));
        let numbered = match found {
            Some(known) => known,
            None => {
                let from = if number.is_some() { 1 } else { 2 };
                let names = numbers(number, from).map(|(_, added)| format!("{name}-{added}"));
                let free = names
                    .map(|name| (place.with(&name), name))
                    .find(|(place, _)| {
                        let is_new = !self.folders.contains(&self.digest(&place.folded));
                        is_new && self.may_be_folder(place, wanted, register)
                    });
                let (free, name) = free.ok_or_else(no_free_name)?;
                self.moved.insert(key, name);
                free
            }
        };
        *place = FilePlace {
            is_numbered: true,
            ..numbered
        };
        Ok(())
    }

    /// True if a folder of this name can be used or made: the run uses no file of this name, none was there before, and
    /// the name leads nowhere else.
    fn may_be_folder(
        &self,
        place: &FilePlace,
        wanted: &NameRequest<'_>,
        register: &FileRegister,
    ) -> bool {
        let is_in_the_way = |place: &Path| match place.metadata() {
            Ok(about) => !about.is_dir(),
            // A link that leads nowhere.
            Err(_) => place.symlink_metadata().is_ok(),
        };
        let inside = || !wanted.confined || !leads_outside(wanted.folder, &place.path.join("x"));
        !self.files.contains(&self.digest(&place.folded))
            && !is_in_the_way(&place.path)
            && !register.uses(&place.path)
            && inside()
    }

    /// Enters a name, whose folders can be used. `None`: it is taken, or a file was there before the run.
    fn enter(
        &mut self,
        place: &FilePlace,
        wanted: &NameRequest<'_>,
        register: &FileRegister,
    ) -> Option<NamedFile> {
        let file = self.digest(&place.folded);
        if self.files.contains(&file) || self.folders.contains(&file) {
            return None;
        }
        let folder = place.path.parent().map(|folder| self.digest(folder));
        let is_known = folder.is_some_and(|folder| self.in_use.contains(&folder));
        if wanted.confined && !is_known && leads_outside(wanted.folder, &place.path) {
            return None;
        }
        let replace = register.enter_saved(&place.path, place.depth - 1, wanted.existing);
        let replace = replace.ok()?;
        self.files.insert(file);
        if !is_known {
            let slashes = place.folded.match_indices('/');
            let folded = slashes.map(|(at, _)| self.keys.hash_one(&place.folded[..at]));
            self.folders.extend(folded);
            let folders = place.path.ancestors().skip(1).take(place.depth - 1);
            let folders = folders.map(|folder| self.keys.hash_one(folder));
            self.in_use.extend(folders);
        }
        Some(NamedFile {
            path: place.path.clone(),
            replace,
            numbered: place.is_numbered,
        })
    }

    fn digest(&self, path: impl Hash) -> u64 {
        self.keys.hash_one(path)
    }
}

/// Returns a name in a form that is equal for names that some file system takes for equal: without differences of case,
/// and with characters composed.
fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let composed = ComposingNormalizerBorrowed::new_nfc();
    // The sharp s and its like have two letters as capitals, so that a change to capitals comes first.
    let name = composed.normalize(name).to_uppercase().to_lowercase();
    composed.normalize(&name).into_owned()
}

/// Makes the directories of a file below `folder`. The folder itself is there, or is made by the run.
pub(super) fn make_parent(folder: &Path, path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent != folder => fs::create_dir_all(parent),
        _ => Ok(()),
    }
}
