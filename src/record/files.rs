//! Files that bodies are saved to: names under one directory, each given once.

use std::path::{Component, Path, PathBuf};

use super::InvalidLine;
use super::names::{
    NamedFolder, OutputNames, cannot_be_named, last_part, no_free_name, numbers, with_added,
};
use super::register::{Existing, FileRegister};
use crate::request::{Request, SaveTo};

#[derive(Debug)]
pub(super) struct OutputFiles {
    folder: PathBuf,
    replace: bool,
    durable: bool,
    /// Rule for the names. `None`: the last part of the URL is the name.
    names: Option<OutputNames>,
    /// True if no link may lead out of the directory.
    confined: bool,
    /// True if lines are read only to be shown: no directory is made.
    is_preview: bool,
    /// True if each name made from a URL has a number, since other processes may use the one without.
    always_numbered: bool,
}

impl OutputFiles {
    pub(super) fn new(folder: PathBuf, replace: bool, durable: bool) -> OutputFiles {
        OutputFiles {
            folder,
            replace,
            durable,
            names: None,
            confined: false,
            is_preview: false,
            always_numbered: false,
        }
    }

    pub(super) fn named(self, names: OutputNames) -> OutputFiles {
        OutputFiles {
            names: Some(names),
            ..self
        }
    }

    pub(super) fn confined(self) -> OutputFiles {
        OutputFiles {
            confined: true,
            ..self
        }
    }

    pub(super) fn without_directories(self) -> OutputFiles {
        OutputFiles {
            is_preview: true,
            ..self
        }
    }

    #[cfg(feature = "fleet")]
    pub(super) fn always_numbered(self) -> OutputFiles {
        OutputFiles {
            always_numbered: true,
            ..self
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives the request a file of its own for its body. In a line of a failure log the name given before begins with
    /// the directory. `replace`: true if an existing file may be replaced, whatever holds otherwise, unless the response names it.
    pub(super) fn place(
        &self,
        request: Request,
        logged: bool,
        number: u64,
        register: &FileRegister,
        replace: bool,
    ) -> Result<Request, InvalidLine> {
        let replaced = self.replace || replace;
        let existing = |usual| match replaced {
            true => Existing::Replace,
            false => usual,
        };
        let (path, replace, numbered) = match request.saves_to() {
            Some(path) => {
                let name = match path.strip_prefix(&self.folder) {
                    Ok(name) if logged => name,
                    _ => path,
                };
                let (path, replace) =
                    self.given(&name.to_string_lossy(), register, existing(Existing::Leave))?;
                (path, replace, false)
            }
            None => match &self.names {
                Some(names) => {
                    let to = NamedFolder {
                        folder: &self.folder,
                        replace: self.replace,
                        replace_known: replace,
                        durable: self.durable,
                        is_preview: self.is_preview,
                        confined: self.confined,
                    };
                    return names.place(request, number, register, &to);
                }
                None => {
                    let url = request.redaction().shown(request.url());
                    self.of_url(&url, number, register, existing(Existing::Refuse))?
                }
            },
        };
        Ok(request.saving(SaveTo {
            durable: self.durable,
            replace,
            numbered,
            ..SaveTo::new(path)
        }))
    }

    /// Returns the path of a name that a line gives, and true if an existing file may be replaced. An existing file is
    /// refused only when the request is sent, since a resumed run also reads the lines of files that it has.
    fn given(
        &self,
        name: &str,
        register: &FileRegister,
        existing: Existing,
    ) -> Result<(PathBuf, bool), InvalidLine> {
        let parts = plain_parts(name)?;
        let wrong = |what: &str| InvalidLine::new(format!("output_file: {what}"));
        let path = self.folder.join(parts.iter().collect::<PathBuf>());
        let replace = register
            .enter_saved(&path, parts.len() - 1, existing)
            .map_err(|refused| wrong(&refused.to_string()))?;
        if !self.is_preview
            && parts.len() > 1
            && let Some(parent) = path.parent()
            && let Err(e) = std::fs::create_dir_all(parent)
        {
            #[cfg(feature = "fleet")]
            register.note_unmade(parent, &e);
            return Err(wrong(&format!("its directory cannot be made: {e}")));
        }
        Ok((path, replace))
    }

    /// Returns a path made from a URL, true if an existing file may be replaced, and true if the name has a number. The
    /// number tells the path from a file that the run uses, and from a file that was there before.
    fn of_url(
        &self,
        url: &str,
        number: u64,
        register: &FileRegister,
        existing: Existing,
    ) -> Result<(PathBuf, bool, bool), InvalidLine> {
        let name = last_part(url);
        let plain = self.folder.join(&name);
        if !self.always_numbered
            && let Ok(replace) = register.enter_saved(&plain, 0, existing)
        {
            return Ok((plain, replace, false));
        }
        for (_, added) in numbers(Some(number), 1) {
            let path = self.folder.join(with_added(&name, &added));
            if let Ok(replace) = register.enter_saved(&path, 0, existing) {
                return Ok((path, replace, !self.always_numbered));
            }
        }
        Err(cannot_be_named(&no_free_name()))
    }
}

/// Returns the parts of a name that a line gives: directories, and a file.
pub(super) fn plain_parts(name: &str) -> Result<Vec<Component<'_>>, InvalidLine> {
    let wrong = |what: &str| Err(InvalidLine::new(format!("output_file: {what}")));
    let parts: Vec<Component<'_>> = Path::new(name).components().collect();
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
    if parts.is_empty() || !parts.iter().all(plain) || name.contains('\0') {
        return wrong("a relative path without .. is expected");
    }
    match name.ends_with(['/', '\\']) {
        true => wrong("a file is expected, not a directory"),
        false => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: impl Into<PathBuf>, replace: bool) -> OutputFiles {
        OutputFiles::new(folder.into(), replace, false)
    }

    /// An empty directory, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Folder {
            let name = format!("haul-files-{:016x}", fastrand::u64(..));
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let (files, register) = (files("/nowhere", false), FileRegister::new());
        let name = |url: &str, number| {
            let (path, ..) = files
                .of_url(url, number, &register, Existing::Refuse)
                .unwrap();
            path.strip_prefix("/nowhere")
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(name("http://h/a.png", 1), "a.png");
        assert_eq!(name("http://h/b/a.png", 2), "a-2.png");
        assert_eq!(name("http://h/a-3.png", 9), "a-3.png");
        assert_eq!(name("http://h/a.png", 3), "a-3-2.png");
        assert_eq!(name("http://h/README", 4), "README");
        assert_eq!(name("http://h/README", 5), "README-5");
    }

    #[test]
    fn a_file_that_is_there_is_not_replaced_unless_told_to() {
        let folder = Folder::new();
        std::fs::write(folder.0.join("a.png"), "").unwrap();
        let name = |replace| {
            let files = files(&folder.0, false);
            let register = FileRegister::new();
            files
                .of_url("http://h/a.png", 7, &register, replace)
                .unwrap()
        };
        let path = |name| folder.0.join(name);
        assert_eq!(name(Existing::Refuse), (path("a-7.png"), false, true));
        assert_eq!(name(Existing::Replace), (path("a.png"), true, false));
    }

    #[test]
    fn a_file_that_an_earlier_run_began_is_replaced() {
        let folder = Folder::new();
        let register = FileRegister::new();
        for name in ["a.png", "given"] {
            std::fs::write(folder.0.join(name), "").unwrap();
        }
        register.resume_files(["a.png", "given"].map(|name| folder.0.join(name)));
        let files = files(&folder.0, false);
        let path = |name| folder.0.join(name);
        let of_url = |number| {
            let url = "http://h/a.png";
            files
                .of_url(url, number, &register, Existing::Refuse)
                .unwrap()
        };
        assert_eq!(of_url(1), (path("a.png"), true, false));
        assert_eq!(of_url(2), (path("a-2.png"), false, true));
        let given = |name| files.given(name, &register, Existing::Leave);
        assert_eq!(given("given"), Ok((path("given"), true)));
        assert_eq!(given("other"), Ok((path("other"), false)));
    }

    #[test]
    fn a_given_name_stays_under_the_directory() {
        let (folder, register) = (Folder::new(), FileRegister::new());
        let files = files(&folder.0, false);
        let given = |name| files.given(name, &register, Existing::Leave);
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
            assert!(given(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn no_two_bodies_get_one_name() {
        let (folder, register) = (Folder::new(), FileRegister::new());
        let files = files(&folder.0, false);
        let given = |name| files.given(name, &register, Existing::Leave);
        assert_eq!(given("a/b.bin"), Ok((folder.0.join("a/b.bin"), false)));
        assert!(folder.0.join("a").is_dir());
        let again = given("a/./b.bin").unwrap_err().to_string();
        assert_eq!(again, "output_file: an earlier line has the same");
        assert!(given("a/b.bin/c").is_err(), "a file is no directory");
    }

    #[test]
    fn a_server_does_not_choose_the_file_that_is_replaced() {
        let response = crate::Response::builder(200);
        let response = response.header("content-disposition", "attachment; filename=a");
        let response = response.build();
        for (overwrite, name) in [(false, "a-2"), (true, "a")] {
            let folder = Folder::new();
            std::fs::write(folder.0.join("a"), "").unwrap();
            let names = OutputNames::of_url().content_disposition(true);
            let files = files(&folder.0, overwrite).named(names);
            let request = Request::get("http://h/x");
            let placed = files.place(request, false, 1, &FileRegister::new(), true);
            let options = placed.unwrap().options().cloned().unwrap();
            let namer = options.save.and_then(|save| save.namer).unwrap();
            let named = namer.name(&response).unwrap();
            assert_eq!(
                (named.path, named.replace),
                (folder.0.join(name), overwrite)
            );
        }
    }
}
