//! Bodies that were written to files.

use std::path::PathBuf;

/// Body that was written to a file, see [`Request::save_to`](crate::Request::save_to).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// Path of the file, as the request named it.
    pub path: PathBuf,
    /// Size of the file in bytes, that of the body after decompression.
    pub size: u64,
    /// SHA-256 of the file, in 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// True if the name has a number, because the name without it was taken.
    pub numbered: bool,
}
