//! Small file that describes an unfinished file: `PATH.part.json` beside `PATH.part`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::range::Validators;

/// Version of the file's format.
const VERSION: u32 = 1;

/// Largest size of the file in bytes: a URL, a validator and a number are shorter.
const LONGEST: u64 = 256 * 1024;

/// Description of an unfinished file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartState {
    v: u32,
    /// URL that was asked for, with secrets masked.
    pub(super) url: String,
    #[serde(flatten)]
    pub(super) validators: Validators,
    /// Length of the whole file. `None`: the server did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) length: Option<u64>,
}

impl PartState {
    pub(super) fn new(url: &str, validators: Validators, length: Option<u64>) -> PartState {
        PartState {
            v: VERSION,
            url: url.to_owned(),
            validators,
            length,
        }
    }

    /// Reads the description. `None`: there is none that can be used, because it is missing, a link, torn, of another
    /// version or another URL, or has no validator.
    ///
    /// # Errors
    /// When something stands in its place that is no file, or the file cannot be read.
    pub(super) fn read(path: &Path, url: &str) -> io::Result<Option<PartState>> {
        // A link may lead anywhere, and is replaced.
        if !is_file(path)? {
            return Ok(None);
        }
        let mut text = Vec::new();
        File::open(path)?.take(LONGEST).read_to_end(&mut text)?;
        let state: Option<PartState> = serde_json::from_slice(&text).ok();
        Ok(state.filter(|state| {
            let fits = state.v == VERSION && state.url == url;
            fits && state.validators.if_range().is_some()
        }))
    }

    /// Writes the description, in place of another one. A kill in the middle leaves a text that is no JSON.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        remove(path)?;
        let text = serde_json::to_string(self).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(text.as_bytes())
    }
}

/// True if there is a regular file. False: there is none, or a link, which is replaced and never followed.
///
/// # Errors
/// When a directory, a pipe or a device is there.
pub(super) fn is_file(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(about) if about.is_file() => Ok(true),
        Ok(about) if about.is_symlink() => Ok(false),
        Ok(_) => Err(io::Error::other("it is there and no regular file")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Removes a file that may be missing.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_description_of_the_same_url_is_used() {
        let path = std::env::temp_dir().join(format!("haul-state-{:016x}", fastrand::u64(..)));
        let read = |url| PartState::read(&path, url).unwrap();
        assert_eq!(read("http://h/"), None);
        let validators = Validators {
            etag: Some("\"a\"".to_owned()),
            last_modified: None,
        };
        let state = PartState::new("http://h/", validators, Some(7));
        state.write(&path).unwrap();
        assert_eq!(read("http://h/"), Some(state.clone()));
        assert_eq!(read("http://h/2"), None);
        let text = fs::read_to_string(&path).unwrap();
        for cut in 0..text.len() {
            fs::write(&path, &text[..cut]).unwrap();
            assert_eq!(read("http://h/"), None, "{cut}");
        }
        for other in [
            text.replace("\"v\":1", "\"v\":2"),
            text.replace("etag", "e"),
        ] {
            fs::write(&path, other).unwrap();
            assert_eq!(read("http://h/"), None);
        }
        state.write(&path).unwrap();
        assert_eq!(read("http://h/"), Some(state));
        fs::remove_file(path).unwrap();
    }
}
