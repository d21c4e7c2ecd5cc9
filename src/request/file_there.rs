//! Files that are there before their request is sent.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::Request;
use super::download::DownloadOptions;
use crate::digest::Sha256;

impl Request {
    /// True if the request is not sent, since its file [is there](Request::skip_existing) already.
    ///
    /// A program can leave such a request out of its own limits. The file is read if there is a
    /// [`sha256`](Request::sha256).
    ///
    /// ```
    /// let request = haul::Request::get("https://example.com/a").save_to("no/such/file").skip_existing(true);
    /// assert!(!request.finds_its_file());
    /// ```
    pub fn finds_its_file(&self) -> bool {
        let path = self.saves_to().filter(|_| self.skips_existing());
        path.is_some_and(|path| self.download().agree_with(path, &|| true) == Some(true))
    }
}

impl DownloadOptions {
    /// True if there is a regular file that the request would not replace by another one. `None`: `goes_on` returned
    /// false while the file was read.
    pub(crate) fn agree_with(&self, path: &Path, goes_on: &dyn Fn() -> bool) -> Option<bool> {
        let Ok(about) = fs::metadata(path) else {
            return Some(false);
        };
        let size = self.size.is_none_or(|size| size == about.len());
        match self.sha256 {
            _ if !about.is_file() || !size => Some(false),
            None => Some(true),
            Some(digest) => match digest_of(path, goes_on) {
                Ok(own) => Some(own? == digest),
                Err(_) => Some(false),
            },
        }
    }
}

fn digest_of(path: &Path, goes_on: &dyn Fn() -> bool) -> io::Result<Option<[u8; 32]>> {
    let read = Sha256::of_file(&mut File::open(path)?, goes_on)?;
    Ok(read.map(|(_, hash)| hash.finish()))
}
