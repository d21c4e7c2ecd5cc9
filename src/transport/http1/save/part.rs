//! Unfinished file of a download that goes on: found again, locked, read, and continued or started over.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use http::HeaderValue;

use super::range::{RangeAnswer, RangeStep, Validators, WantedRange, decide};
use super::state::{PartState, is_file, remove};
use super::{PartialFile, Unsaved, directory, name_of};
use crate::digest::Sha256;
use crate::request::{SaveTo, continued_name, state_name};
use crate::response::Headers;
use crate::transport::connection::descriptors::{self, SpareDescriptor};

/// Unfinished file as this process has read or left it, so that the next exchange does not read it again.
#[derive(Clone)]
pub(crate) struct HashedPart {
    pub(crate) size: u64,
    pub(super) modified: SystemTime,
    pub(super) hash: Sha256,
}

/// Unfinished file of a download before an exchange.
pub(crate) struct DownloadPart {
    name: String,
    path: PathBuf,
    state_path: PathBuf,
    /// URL that is asked for, with secrets masked.
    url: String,
    /// Bytes that are there and can be continued. `None`: the whole file is asked for.
    known: Option<KnownPart>,
    /// The open file of `known`, until it is continued.
    file: Cell<Option<File>>,
    /// True if this process has told the log of the file already.
    is_logged: bool,
}

struct KnownPart {
    state: PartState,
    hashed: HashedPart,
}

impl DownloadPart {
    /// Takes no notice of an unfinished file: the whole file is asked for.
    pub(crate) fn anew(to: &SaveTo, url: &str) -> Result<DownloadPart, Unsaved> {
        let name = name_of(&to.path).map_err(|error| Unsaved::new(&to.path, error))?;
        let name = continued_name(name);
        let folder = directory(&to.path);
        Ok(DownloadPart {
            path: folder.join(&name),
            state_path: folder.join(state_name(&name)),
            name,
            url: url.to_owned(),
            known: None,
            file: Cell::new(None),
            is_logged: false,
        })
    }

    /// Looks for an unfinished file that can be continued, and reads it unless it is as `before` says. `is_logged`: true
    /// if this process has told the log of the file already. If `goes_on` returns false while the file is read, the
    /// whole file is asked for.
    pub(crate) fn look(
        to: &SaveTo,
        url: &str,
        before: Option<&HashedPart>,
        is_logged: bool,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<DownloadPart, Unsaved> {
        let mut part = DownloadPart::anew(to, url)?;
        part.is_logged = is_logged;
        let state = PartState::read(&part.state_path, url);
        let state = state.map_err(|error| Unsaved::new(&part.state_path, error))?;
        let Some(state) = state else {
            // A name that cannot be used is found before the request is sent.
            is_file(&part.path).map_err(|error| Unsaved::new(&part.path, error))?;
            return Ok(part);
        };
        let found = part.find(state, before, goes_on);
        part.known = found.map_err(|error| Unsaved::new(&part.path, error))?;
        Ok(part)
    }

    fn find(
        &self,
        state: PartState,
        before: Option<&HashedPart>,
        goes_on: &dyn Fn() -> bool,
    ) -> io::Result<Option<KnownPart>> {
        let opened = open_locked(&self.path, || {
            descriptors::open(|| OpenOptions::new().read(true).write(true).open(&self.path))
        });
        let mut file = match opened {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let about = file.metadata()?;
        if about.len() == 0 || state.length.is_some_and(|length| about.len() > length) {
            return Ok(None);
        }
        let modified = about.modified()?;
        let same = before.filter(|part| part.size == about.len() && part.modified == modified);
        let read = match same {
            Some(part) => Some((part.size, part.hash.clone())),
            None => Sha256::of_file(&mut file, goes_on)?,
        };
        let Some((size, hash)) = read else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(size))?;
        self.file.set(Some(file));
        let hashed = HashedPart {
            size,
            modified,
            hash,
        };
        Ok(Some(KnownPart { state, hashed }))
    }

    /// Returns the file as it was found. `None`: it cannot be continued.
    pub(crate) fn hashed(&self) -> Option<HashedPart> {
        self.known.as_ref().map(|known| known.hashed.clone())
    }

    /// Returns the number of bytes that are there and can be continued.
    pub(crate) fn size(&self) -> u64 {
        self.known.as_ref().map_or(0, |known| known.hashed.size)
    }

    /// Returns the values for `Range` and `If-Range`. `None`: the whole file is asked for.
    pub(crate) fn range(&self) -> Option<(HeaderValue, HeaderValue)> {
        let known = self.known.as_ref()?;
        let range = format!("bytes={}-", known.hashed.size);
        let if_range = known.state.validators.if_range()?;
        Some((range.parse().ok()?, if_range.parse().ok()?))
    }

    /// Returns the use of a response of a status to the request.
    pub(in crate::transport) fn step(&self, status: u16, headers: &Headers) -> RangeStep {
        let answer = RangeAnswer::of(status, headers);
        let nothing = Validators::default();
        let wanted = match &self.known {
            Some(known) => WantedRange {
                from: known.hashed.size,
                length: known.state.length,
                validators: &known.state.validators,
            },
            None => WantedRange {
                from: 0,
                length: None,
                validators: &nothing,
            },
        };
        decide(wanted, &answer)
    }

    /// Continues the file, or takes it as complete.
    pub(in crate::transport) fn go_on(&self, to: &SaveTo) -> Result<PartialFile, Unsaved> {
        let (Some(known), Some(file)) = (&self.known, self.file.take()) else {
            unreachable!("a part is continued once, and only if it was found");
        };
        self.log(to)?;
        Ok(self.partial(to, file, known.hashed.size, known.hashed.hash.clone()))
    }

    /// Begins the file, with a description by which a later attempt continues it. If another request is writing it, or
    /// the response has no validator, the file is one that no attempt continues.
    pub(in crate::transport) fn begin(
        &self,
        to: &SaveTo,
        spare: &SpareDescriptor,
        head: &ContinuableHead,
    ) -> Result<PartialFile, Unsaved> {
        let validators = head.validators.clone();
        let validators = validators.filter(|validators| validators.if_range().is_some());
        let Some(validators) = validators else {
            self.give_up(to);
            return PartialFile::create(to, spare);
        };
        self.log(to)?;
        let state = PartState::new(&self.url, validators, head.length);
        match self.start_over(spare, &state)? {
            Some(file) => Ok(self.partial(to, file, 0, Sha256::new())),
            None => PartialFile::create(to, spare),
        }
    }

    /// Empties the file and describes it anew. `None`: another request is writing it.
    ///
    /// The old description goes first, and the new one is there before the first byte that it describes: a kill in
    /// between leaves a file without description, which is not continued.
    fn start_over(
        &self,
        spare: &SpareDescriptor,
        state: &PartState,
    ) -> Result<Option<File>, Unsaved> {
        let of_part = |error| Unsaved::new(&self.path, error);
        let of_state = |error| Unsaved::new(&self.state_path, error);
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let opened =
                    open_locked(&self.path, || spare.give_way(|| open_or_make(&self.path)));
                match opened.map_err(of_part)? {
                    Some(file) => file,
                    None => return Ok(None),
                }
            }
        };
        remove(&self.state_path).map_err(of_state)?;
        file.set_len(0).map_err(of_part)?;
        file.rewind().map_err(of_part)?;
        state.write(&self.state_path).map_err(|error| {
            // Without its description the file is of no use.
            let _ = remove(&self.state_path);
            let _ = remove(&self.path);
            of_state(error)
        })?;
        Ok(Some(file))
    }

    /// Removes a file that has a description and that no other request is writing, since it will not be continued.
    fn give_up(&self, to: &SaveTo) {
        let found = || {
            let described = self.state_path.symlink_metadata().is_ok();
            let open = || OpenOptions::new().read(true).write(true).open(&self.path);
            open_locked(&self.path, open)
                .ok()
                .flatten()
                .filter(|_| described)
        };
        let Some(_lock) = self.file.take().or_else(found) else {
            return;
        };
        // A failed removal leaves a file that the next download starts over.
        let _ = remove(&self.state_path).and_then(|()| remove(&self.path));
        if let Some(log) = to.log.as_ref().filter(|_| self.is_logged) {
            log.give_up(&to.path, self.name.as_ref());
        }
    }

    fn log(&self, to: &SaveTo) -> Result<(), Unsaved> {
        match to.log.as_ref().filter(|_| !self.is_logged) {
            Some(log) => log
                .begin(&to.path, self.name.as_ref())
                .map_err(|error| Unsaved::new(&to.path, error)),
            None => Ok(()),
        }
    }

    fn partial(&self, to: &SaveTo, file: File, size: u64, hash: Sha256) -> PartialFile {
        PartialFile {
            to: to.clone(),
            part: self.name.clone(),
            file: Some(file),
            before: size,
            size,
            hash,
            in_place: false,
            named: None,
            state: Some(self.state_path.clone()),
            is_whole: false,
        }
    }
}

/// Facts of a response by which its body is continued when it is cut.
#[derive(Debug, Default)]
pub(in crate::transport) struct ContinuableHead {
    /// `None`: the body cannot be continued.
    validators: Option<Validators>,
    /// Length of the body. `None`: not known.
    pub(in crate::transport) length: Option<u64>,
}

impl ContinuableHead {
    /// Reads the facts from a head whose headers are as they came.
    pub(in crate::transport) fn of(status: u16, headers: &Headers) -> ContinuableHead {
        let answer = RangeAnswer::of(status, headers);
        ContinuableHead {
            validators: (status == 200 && !answer.coded).then_some(answer.validators),
            length: None,
        }
    }
}

/// Opens a file and keeps other requests and processes from writing it. `None`: another one is writing it.
fn open_locked(path: &Path, open: impl Fn() -> io::Result<File>) -> io::Result<Option<File>> {
    loop {
        // A link may lead anywhere, so it is no file of a download. A file that is missing may be made by another request
        // at any moment, and is not removed.
        if !is_file(path)? && path.is_symlink() {
            remove(path)?;
        }
        let file = open()?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Some file systems have no locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        // The request that wrote the file may have given it its final name meanwhile.
        if is_at(path, &file)? {
            return Ok(Some(file));
        }
    }
}

#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;

    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(about) => Ok((about.dev(), about.ino()) == (own.dev(), own.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// On these systems a file that is open elsewhere is not renamed.
#[cfg(not(unix))]
fn is_at(path: &Path, _: &File) -> io::Result<bool> {
    fs::exists(path)
}

fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    loop {
        match options.create_new(false).open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        match options.create_new(true).open(path) {
            // Another request has made it meanwhile.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && !path.is_symlink() => {}
            made => return made,
        }
    }
}
