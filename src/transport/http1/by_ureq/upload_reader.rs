//! Reader through which ureq gets a streamed body.

use std::io::{self, Read};

use crate::transport::http1::upload::{Unsent, Upload};

/// Reader of a streamed body that keeps its own error: ureq learns only that there was an error, and may report it in
/// other words.
pub(super) struct UploadReader<'u, 'a> {
    upload: &'u mut Upload<'a>,
    /// Error that broke off the body. `None`: no error.
    pub(super) broke: Option<Unsent>,
}

impl<'u, 'a> UploadReader<'u, 'a> {
    pub(super) fn new(upload: &'u mut Upload<'a>) -> UploadReader<'u, 'a> {
        UploadReader {
            upload,
            broke: None,
        }
    }
}

impl Read for UploadReader<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.upload.read(into).map_err(|unsent| {
            self.broke = Some(unsent);
            io::Error::other("the request body broke off")
        })
    }
}
