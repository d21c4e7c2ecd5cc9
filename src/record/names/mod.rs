//! Names of the files that bodies are saved to, made by a template or sent by the server.

mod disposition;
mod late;
mod safe;
mod taken;
#[cfg(test)]
mod tests;
mod types;
mod values;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::register::{Existing, FileRegister};
use super::template::{Template, TemplateValue, ValueEscaping};
use super::{InvalidLine, InvalidTemplate};
use crate::redact;
use crate::request::{Request, SaveTo};
use crate::url::Base;
use late::LateNames;
use taken::{NameRequest, TakenNames};
use values::UrlParts;

use safe::safe_part;

pub(super) use safe::{last_part, with_added};
pub(super) use taken::{no_free_name, numbers};

/// Names that a template can use.
const NAMES: [&str; 10] = [
    "id", "index", "host", "port", "path", "name", "ext", "query", "scheme", "stem",
];

/// Name whose value the response decides.
const EXT: &str = "ext";

/// Rule for the names of the files that bodies are saved to, for [`InputLines::output_names`].
///
/// [`InputLines::output_names`]: super::InputLines::output_names
///
/// A template is a relative path in which these names are replaced:
///
/// | name | value |
/// |---|---|
/// | `{id}` | id of the request |
/// | `{index}` | position in the input, from 0; `{index:06}` with zeros in front |
/// | `{scheme}`, `{host}`, `{port}` | of the URL; the host without the port |
/// | `{path}` | of the URL, with its folders; `index` in place of a last part that is empty |
/// | `{name}`, `{stem}` | last part of the path, with and without its ending |
/// | `{query}` | of the URL |
/// | `{ext}` | ending of the content type, else of the URL that answered, else `bin` |
///
/// A value never leads out of the directory: characters that a name cannot have on Linux, macOS or Windows become `_`,
/// dots in front of a part are left out, and parts that are too long are cut. Two files get no names that differ only in
/// case or in the form of their characters: the second gets a number, as one whose name existed before the run. If a file
/// is where a name needs a folder, only that folder gets a number, and all further names of the folder go into it.
///
/// ```
/// use haul::record::{InputLines, OutputNames};
///
/// let names = OutputNames::parse("{host}/{index:03}.html")?;
/// let mut lines = InputLines::new()
///     .save_in("downloads", false, false)
///     .without_directories()
///     .output_names(names);
/// let request = lines.read("https://example.com/a?b")?.request;
/// assert_eq!(request.saves_to().unwrap().to_str(), Some("downloads/example.com/000.html"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "names hold for the lines that they are given to"]
pub struct OutputNames {
    /// `None`: the last part of the URL is the name.
    template: Option<Template>,
    content_disposition: bool,
    base: Option<Base>,
    taken: TakenNames,
}

/// Error of a template that makes no names of files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidOutputName {
    /// The template has a mistake.
    Template(InvalidTemplate),
    /// The template uses an unknown name.
    Unknown(String),
    /// The text between the placeholders leads elsewhere, or cannot be a name.
    Path(&'static str),
}

impl fmt::Display for InvalidOutputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidOutputName::Template(wrong) => write!(f, "{wrong}"),
            InvalidOutputName::Unknown(name) => {
                let shown = redact::beginning(name, 60);
                write!(
                    f,
                    "unknown name {shown:?} (the names are {})",
                    NAMES.join(", ")
                )
            }
            InvalidOutputName::Path(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for InvalidOutputName {}

impl OutputNames {
    /// Names each file by the last part of its URL.
    ///
    /// [`content_disposition`](OutputNames::content_disposition) has the server name it.
    pub fn of_url() -> OutputNames {
        OutputNames {
            template: None,
            content_disposition: false,
            base: None,
            taken: TakenNames::default(),
        }
    }

    /// Names each file by this template.
    ///
    /// # Errors
    /// When the template has a mistake or an unknown name, or leads out of its directory.
    pub fn parse(template: &str) -> Result<OutputNames, InvalidOutputName> {
        let parsed = Template::parse(template).map_err(InvalidOutputName::Template)?;
        if let Some(name) = parsed.names().find(|name| !NAMES.contains(name)) {
            return Err(InvalidOutputName::Unknown(name.to_owned()));
        }
        // A value in place of each placeholder shows which parts the text has.
        let sample = parsed.fill(ValueEscaping::None, |_| Some("0".into()));
        safe::check(&sample.unwrap_or_default()).map_err(InvalidOutputName::Path)?;
        Ok(OutputNames {
            template: Some(parsed),
            ..OutputNames::of_url()
        })
    }

    /// True: the file name of a `Content-Disposition` (RFC 6266) is the last part of the name.
    ///
    /// A name that the header gives as a path is its last part, and is made safe as all names are. Default false.
    pub fn content_disposition(mut self, take: bool) -> OutputNames {
        self.content_disposition = take;
        self
    }

    /// Sets the URL that relative URLs are resolved against.
    ///
    /// Give it the [client's](crate::ClientBuilder::base_url). Default: none.
    pub fn base_url(mut self, url: impl AsRef<str>) -> OutputNames {
        self.base = Base::parse(url.as_ref()).ok();
        self
    }

    /// True if the response decides about the name: by its `Content-Disposition`, or by its type (`{ext}`).
    ///
    /// Such a name is not known before the request is sent, so that no file of an earlier run can be looked for:
    /// [`resume`](Request::resume), [`skip_existing`](Request::skip_existing) and
    /// [`timestamping`](Request::timestamping) cannot be used with it, and a request that has both fails.
    pub fn depend_on_response(&self) -> bool {
        let by_type = |template: &Template| template.names().any(|name| name == EXT);
        self.content_disposition || self.template.as_ref().is_some_and(by_type)
    }

    /// Returns the parts of the name of a request's file. `ext`: value of `{ext}`.
    fn parts(&self, subject: &NamedRequest, ext: &str) -> Result<Vec<String>, InvalidLine> {
        let url = &subject.url;
        let Some(template) = &self.template else {
            return Ok(vec![url.last_part().to_owned()]);
        };
        let name = template.fill(ValueEscaping::None, |name| {
            let value = match name {
                "id" => return subject.id.as_deref().map(|id| one_part(id).into()),
                "index" => return Some(TemplateValue::from(subject.number - 1)),
                "path" => return Some(url.path().into()),
                EXT => return Some(ext.to_owned().into()),
                name => url.value(name),
            };
            Some(one_part(&value).into())
        });
        let name = name.map_err(|wrong| {
            let name = wrong.text().unwrap_or_default().to_owned();
            InvalidLine::new("the request has no value for the name of its file").showing(&name)
        })?;
        Ok(safe::parts(&name))
    }
}

/// Facts of a request that its file is named by.
#[derive(Clone, Debug)]
struct NamedRequest {
    id: Option<String>,
    /// Number of the request in the input, from 1.
    number: u64,
    url: UrlParts,
}

/// Replaces the characters that would make more than one part of a path.
fn one_part(value: &str) -> String {
    value.replace(['/', '\\'], "_")
}

/// Returns the error of a line whose file gets no name.
pub(super) fn cannot_be_named(reason: &io::Error) -> InvalidLine {
    InvalidLine::new(format!("the file cannot be named: {reason}"))
}

/// Directory that files are named in.
pub(super) struct NamedFolder<'a> {
    pub(super) folder: &'a Path,
    /// True if any file that is there is replaced.
    pub(super) replace: bool,
    /// True if a file that is there is replaced if its name is known before the response. A server that names the file
    /// must not choose which of the files that are there is replaced.
    pub(super) replace_known: bool,
    pub(super) durable: bool,
    /// True if no directories are made.
    pub(super) is_preview: bool,
    /// True if no link may lead out of the directory.
    pub(super) confined: bool,
}

impl OutputNames {
    /// Gives the request a file of its own, or a rule by which the response names it.
    pub(super) fn place(
        &self,
        request: Request,
        number: u64,
        register: &FileRegister,
        to: &NamedFolder<'_>,
    ) -> Result<Request, InvalidLine> {
        let subject = NamedRequest {
            id: request.request_id().map(str::to_owned),
            number,
            url: UrlParts::of(
                &request.redaction().shown(request.url()),
                self.base.as_ref(),
            ),
        };
        let is_late = self.depend_on_response();
        let existing = match to.replace || (to.replace_known && !is_late) {
            true => Existing::Replace,
            false => Existing::Refuse,
        };
        if is_late {
            let mut parts = self.parts(&subject, "{ext}")?;
            // The directories of a name that is not known yet are made when it is.
            let is_open = |part: &String| part.contains("{ext}");
            if let Some(first) = parts.iter().position(is_open) {
                parts.truncate(first + 1);
            }
            if self.content_disposition
                && let Some(last) = parts.last_mut()
            {
                last.push_str(".{filename}");
            }
            let path: PathBuf = [to.folder.to_owned()]
                .into_iter()
                .chain(parts.iter().map(PathBuf::from))
                .collect();
            if !to.is_preview {
                taken::make_parent(to.folder, &path).map_err(|e| cannot_be_named(&e))?;
            }
            let names = LateNames {
                rule: self.clone(),
                subject,
                folder: to.folder.to_owned(),
                existing,
                register: register.clone(),
                confined: to.confined,
            };
            return Ok(request.saving(SaveTo {
                durable: to.durable,
                namer: Some(Arc::new(names)),
                ..SaveTo::new(path)
            }));
        }
        let parts = self.parts(&subject, "")?;
        let wanted = NameRequest {
            folder: to.folder,
            parts: &parts,
            existing,
            confined: to.confined,
        };
        let file = self.taken.take(&wanted, Some(number), register);
        let file = file.map_err(|e| cannot_be_named(&e))?;
        if !to.is_preview {
            taken::make_parent(to.folder, &file.path).map_err(|e| cannot_be_named(&e))?;
        }
        Ok(request.saving(SaveTo {
            durable: to.durable,
            replace: file.replace,
            numbered: file.numbered,
            ..SaveTo::new(file.path)
        }))
    }
}
