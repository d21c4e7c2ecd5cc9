use std::fs;
use std::path::PathBuf;

use super::*;

/// An empty directory, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let name = format!("haul-register-{:016x}", fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(&self, name: &str) -> PathBuf {
        fs::write(self.at(name), "before").unwrap();
        self.at(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the clash of a second use of a file that was entered under the first path.
fn clash(first: PathBuf, second: PathBuf) -> Option<FileClash> {
    let register = FileRegister::new();
    register.enter_read(first, "an input").unwrap();
    register.enter_written(second, "the results").err()
}

#[test]
fn a_file_that_is_read_cannot_be_written() {
    let folder = Folder::new();
    let clash = clash(folder.file("a"), folder.at("a")).unwrap();
    assert_eq!(
        (clash.other(), clash.other_path(), clash.is_read()),
        ("an input", &*folder.at("a"), true)
    );
    let text = format!(
        "{}: it is read already (an input)",
        folder.at("a").display()
    );
    assert_eq!(clash.to_string(), text);
}

#[test]
fn a_file_may_be_written_by_one_part_of_a_run_alone() {
    let folder = Folder::new();
    let (register, path) = (FileRegister::new(), folder.at("a"));
    register.enter_read(&path, "one").unwrap();
    register.enter_read(&path, "two").unwrap();
    let (register, path) = (FileRegister::new(), folder.at("b"));
    register.enter_written(&path, "one").unwrap();
    assert!(!register.enter_written(&path, "two").unwrap_err().is_read());
    assert!(register.enter_read(&path, "three").is_err());
}

#[test]
fn other_files_do_not_clash() {
    let folder = Folder::new();
    assert_eq!(clash(folder.file("a"), folder.file("b")), None);
    assert_eq!(clash(folder.at("new"), folder.at("other")), None);
    fs::create_dir(folder.at("d")).unwrap();
    assert_eq!(clash(folder.file("a"), folder.file("d/a")), None);
}

#[test]
fn a_file_is_known_by_other_spellings_of_its_path() {
    let folder = Folder::new();
    fs::create_dir(folder.at("d")).unwrap();
    for name in ["there", "new"] {
        if name == "there" {
            folder.file(name);
        }
        for spelled in [
            format!("./{name}"),
            format!("d/../{name}"),
            format!("d/.././{name}"),
        ] {
            assert!(
                clash(folder.at(name), folder.at(&spelled)).is_some(),
                "{spelled}"
            );
            assert!(
                clash(folder.at(&spelled), folder.at(name)).is_some(),
                "{spelled}"
            );
        }
    }
    // A clash is also found in a directory that does not exist yet.
    assert!(clash(folder.at("no/x/../a"), folder.at("no/a")).is_some());
}

#[test]
fn a_file_that_is_made_after_it_was_entered_is_the_same() {
    let folder = Folder::new();
    let register = FileRegister::new();
    register.enter_written(folder.at("new"), "one").unwrap();
    folder.file("new");
    assert!(register.enter_written(folder.at("./new"), "two").is_err());
    // The clash is also found for a file that was replaced.
    let register = FileRegister::new();
    register.enter_written(folder.at("new"), "one").unwrap();
    fs::rename(folder.file("other"), folder.at("new")).unwrap();
    assert!(register.enter_written(folder.at("new"), "two").is_err());
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_known_by_its_hard_and_symbolic_links() {
        let folder = Folder::new();
        let file = folder.file("file");
        fs::hard_link(&file, folder.at("hard")).unwrap();
        symlink("file", folder.at("soft")).unwrap();
        symlink("soft", folder.at("softer")).unwrap();
        symlink(&folder.0, folder.at("here")).unwrap();
        for name in ["hard", "soft", "softer", "here/file", "here/here/hard"] {
            assert!(clash(file.clone(), folder.at(name)).is_some(), "{name}");
            assert!(clash(folder.at(name), file.clone()).is_some(), "{name}");
        }
    }

    #[test]
    fn a_link_to_nothing_is_the_file_that_it_leads_to() {
        let folder = Folder::new();
        fs::create_dir(folder.at("d")).unwrap();
        symlink("d/new", folder.at("soft")).unwrap();
        symlink(folder.at("soft"), folder.at("softer")).unwrap();
        symlink("loop", folder.at("loop")).unwrap();
        for name in ["soft", "softer"] {
            assert!(
                clash(folder.at(name), folder.at("d/new")).is_some(),
                "{name}"
            );
            assert!(
                clash(folder.at("d/new"), folder.at(name)).is_some(),
                "{name}"
            );
        }
        assert_eq!(clash(folder.at("loop"), folder.at("new")), None);
    }

    #[test]
    fn devices_directories_and_pipes_never_clash() {
        let folder = Folder::new();
        let pipe = folder.at("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        for path in ["/dev/null".into(), folder.0.clone(), pipe] {
            assert_eq!(clash(path.clone(), path.clone()), None, "{path:?}");
        }
    }

    #[test]
    fn a_body_is_saved_to_no_link_to_a_file_of_the_run() {
        let folder = Folder::new();
        let register = FileRegister::new();
        register
            .enter_read(folder.file("list"), "an input")
            .unwrap();
        register
            .enter_written(folder.at("run.jsonl"), "the results")
            .unwrap();
        register.enter_sent(&folder.file("body")).unwrap();
        fs::hard_link(folder.at("list"), folder.at("hard")).unwrap();
        symlink("run.jsonl", folder.at("soft")).unwrap();
        fs::hard_link(folder.at("body"), folder.at("of-body")).unwrap();
        symlink(&folder.0, folder.at("here")).unwrap();
        for existing in [Existing::Refuse, Existing::Leave, Existing::Replace] {
            let saved = |name| register.enter_saved(&folder.at(name), 0, existing);
            for name in ["list", "hard", "here/list"] {
                assert_eq!(
                    saved(name),
                    Err(RefusedFile::Used("an input".into())),
                    "{name}"
                );
            }
            for name in ["run.jsonl", "soft", "here/soft"] {
                assert_eq!(
                    saved(name),
                    Err(RefusedFile::Used("the results".into())),
                    "{name}"
                );
            }
            for name in ["body", "of-body"] {
                assert_eq!(saved(name), Err(RefusedFile::Sent), "{name}");
            }
        }
    }

    #[test]
    fn a_pipe_in_the_directory_of_saved_bodies_is_never_replaced() {
        let folder = Folder::new();
        symlink("/dev/null", folder.at("null")).unwrap();
        fs::create_dir(folder.at("d")).unwrap();
        for name in ["null", "d"] {
            let saved = FileRegister::new().enter_saved(&folder.at(name), 0, Existing::Replace);
            assert_eq!(saved, Err(RefusedFile::NoFile), "{name}");
        }
    }

    #[test]
    fn a_link_is_no_file_that_an_earlier_run_began() {
        let folder = Folder::new();
        symlink(folder.file("precious"), folder.at("a")).unwrap();
        let register = FileRegister::new();
        register.resume_files([folder.at("a")]);
        let saved = register.enter_saved(&folder.at("a"), 0, Existing::Refuse);
        assert_eq!(saved, Err(RefusedFile::Exists));
    }
}

#[test]
fn no_two_bodies_are_saved_to_one_path() {
    let folder = Folder::new();
    let register = FileRegister::new();
    let saved = |name: &str| {
        let depth = name.matches('/').count();
        register.enter_saved(&folder.at(name), depth, Existing::Leave)
    };
    assert_eq!(saved("a"), Ok(false));
    for name in ["a", "./a", "a/b", "a/b/c"] {
        assert_eq!(saved(name), Err(RefusedFile::Saved), "{name}");
    }
    assert_eq!(saved("b/c"), Ok(false));
    assert_eq!(saved("b/d"), Ok(false));
}

#[test]
fn a_line_cannot_send_a_file_that_the_run_writes() {
    let folder = Folder::new();
    let register = FileRegister::new();
    register.enter_read(folder.at("list"), "an input").unwrap();
    register
        .enter_written(folder.at("run.jsonl"), "the results")
        .unwrap();
    register
        .enter_saved(&folder.at("saved"), 0, Existing::Leave)
        .unwrap();
    assert_eq!(register.enter_sent(&folder.at("list")), Ok(()));
    assert_eq!(register.enter_sent(&folder.at("body")), Ok(()));
    assert_eq!(register.enter_sent(&folder.at("body")), Ok(()));
    let written = Err(RefusedFile::Used("the results".into()));
    assert_eq!(register.enter_sent(&folder.at("run.jsonl")), written);
    folder.file("saved");
    assert_eq!(
        register.enter_sent(&folder.at("saved")),
        Err(RefusedFile::Saved)
    );
}

#[test]
fn a_file_from_before_is_replaced_only_with_permission() {
    let folder = Folder::new();
    for name in ["a", "b", "c", "own"] {
        folder.file(name);
    }
    let register = FileRegister::new();
    register.resume_files([folder.at("own"), folder.at("gone")]);
    let saved = |name, existing| register.enter_saved(&folder.at(name), 0, existing);
    assert_eq!(saved("a", Existing::Refuse), Err(RefusedFile::Exists));
    assert_eq!(saved("b", Existing::Leave), Ok(false));
    assert_eq!(saved("c", Existing::Replace), Ok(true));
    assert_eq!(saved("own", Existing::Refuse), Ok(true));
    assert_eq!(saved("gone", Existing::Refuse), Ok(false));
}
