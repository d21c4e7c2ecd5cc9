//! Names that are known when the response is.

use std::io;
use std::path::PathBuf;

use super::taken::{NameRequest, make_parent};
use super::values::ending;
use super::{NamedRequest, OutputNames, disposition, safe_part, types};
use crate::record::register::{Existing, FileRegister};
use crate::request::{NamedFile, SaveNamer};
use crate::response::Response;
use http::header::CONTENT_DISPOSITION;

/// Ending of a file of which neither the content type nor the URL tells one.
const UNKNOWN: &str = "bin";

/// Rule by which the response names the file of a request.
#[derive(Debug)]
pub(super) struct LateNames {
    pub(super) rule: OutputNames,
    pub(super) subject: NamedRequest,
    pub(super) folder: PathBuf,
    pub(super) existing: Existing,
    pub(super) register: FileRegister,
    pub(super) confined: bool,
}

impl SaveNamer for LateNames {
    fn name(&self, response: &Response) -> io::Result<NamedFile> {
        let parts = self.rule.parts(&self.subject, &self.ext(response));
        let mut parts = parts.map_err(|wrong| io::Error::other(wrong.to_string()))?;
        let header = response.head().headers.first(&CONTENT_DISPOSITION);
        let sent = header.filter(|_| self.rule.content_disposition);
        if let (Some(name), Some(last)) = (sent.and_then(disposition::file_name), parts.last_mut())
        {
            *last = safe_part(&name);
        }
        let wanted = NameRequest {
            folder: &self.folder,
            parts: &parts,
            existing: self.existing,
            confined: self.confined,
        };
        let file = self.rule.taken.take(&wanted, None, &self.register)?;
        make_parent(&self.folder, &file.path)?;
        Ok(file)
    }
}

impl LateNames {
    /// Returns the value of `{ext}`: the ending of the content type, else of the URL.
    fn ext(&self, response: &Response) -> String {
        let by_type = response.content_type().and_then(types::ending);
        let answered = || ending(response.head().url.uri().path());
        let asked = || ending(self.subject.url.last_part());
        by_type
            .map(str::to_owned)
            .or_else(answered)
            .or_else(asked)
            .unwrap_or_else(|| UNKNOWN.to_owned())
    }
}
