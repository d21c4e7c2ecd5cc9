use std::sync::{Arc, Mutex};

use super::*;
use crate::request::{SaveLog, SaveNamer};

/// Empty directory, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        let name = format!("haul-save-{:016x}", fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn to(&self, name: &str) -> SaveTo {
        SaveTo {
            durable: true,
            ..SaveTo::new(self.0.join(name))
        }
    }

    fn names(&self) -> Vec<String> {
        names_in(&self.0)
    }
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_has_its_name_only_when_it_is_complete() {
    let directory = Directory::new();
    let mut partial = PartialFile::create(&directory.to("a"), &SpareDescriptor::default()).unwrap();
    partial.append(b"abc").unwrap();
    let names = directory.names();
    assert!(names[0].starts_with(".a.") && names[0].ends_with(".part"));
    let saved = partial.put_in_place(None).unwrap();
    assert_eq!(directory.names(), ["a"]);
    assert_eq!(
        (saved.size, fs::read(&saved.path).unwrap()),
        (3, b"abc".to_vec())
    );
    // printf abc | sha256sum
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(saved.sha256, digest);
}

#[test]
fn a_body_given_up_leaves_the_old_file_alone() {
    let directory = Directory::new();
    fs::write(directory.0.join("a"), "old").unwrap();
    let mut partial = PartialFile::create(&directory.to("a"), &SpareDescriptor::default()).unwrap();
    partial.append(b"new").unwrap();
    drop(partial);
    assert_eq!(directory.names(), ["a"]);
    assert_eq!(fs::read(directory.0.join("a")).unwrap(), b"old");
}

#[test]
fn a_file_that_may_not_be_replaced_is_not_even_when_it_comes_late() {
    let directory = Directory::new();
    let to = SaveTo {
        replace: false,
        ..directory.to("a")
    };
    assert!(check(&to).is_ok());
    let mut partial = PartialFile::create(&to, &SpareDescriptor::default()).unwrap();
    partial.append(b"new").unwrap();
    fs::write(&to.path, "old").unwrap();
    let unsaved = partial.put_in_place(None).unwrap_err();
    assert_eq!(unsaved.error.kind(), io::ErrorKind::AlreadyExists);
    let unsaved = check(&to).unwrap_err();
    assert_eq!(unsaved.error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(directory.names(), ["a"]);
    assert_eq!(fs::read(to.path).unwrap(), b"old");
}

/// Lines of a log, each with the names in the directory at the time when the line was written.
#[derive(Default)]
struct Lines(Mutex<Vec<(String, Vec<String>)>>);

impl Lines {
    fn add(&self, what: &str, path: &Path, part: &OsStr) {
        let line = format!("{what} {}", part.to_str().unwrap());
        let names = names_in(directory(path));
        self.0.lock().unwrap().push((line, names));
    }
}

impl SaveLog for Lines {
    fn begin(&self, path: &Path, part: &OsStr) -> io::Result<()> {
        self.add("begin", path, part);
        Ok(())
    }

    fn give_up(&self, path: &Path, part: &OsStr) {
        self.add("give up", path, part);
    }
}

#[test]
fn a_log_hears_of_a_file_before_and_after_it_is_made() {
    let directory = Directory::new();
    let lines = Arc::new(Lines::default());
    let to = SaveTo {
        log: Some(Arc::clone(&lines) as _),
        ..directory.to("a")
    };
    let part = PartialFile::create(&to, &SpareDescriptor::default())
        .unwrap()
        .part
        .clone();
    let given_up = [format!("begin {part}"), format!("give up {part}")].map(|l| (l, vec![]));
    assert_eq!(*lines.0.lock().unwrap(), given_up);
    let partial = PartialFile::create(&to, &SpareDescriptor::default()).unwrap();
    let begun = format!("begin {}", partial.part);
    partial.put_in_place(None).unwrap();
    assert_eq!(lines.0.lock().unwrap()[2..], [(begun, vec![])]);
    // A file that could not be created is given up.
    let nowhere = SaveTo {
        path: directory.0.join("missing/a"),
        ..to
    };
    assert!(PartialFile::create(&nowhere, &SpareDescriptor::default()).is_err());
    let (last, _) = lines.0.lock().unwrap().pop().unwrap();
    assert!(last.starts_with("give up "), "{last}");
}

#[test]
fn names_as_long_as_the_system_allows_can_be_saved_to() {
    let directory = Directory::new();
    for name in ["x".repeat(255), "余".repeat(85)] {
        let partial =
            PartialFile::create(&directory.to(&name), &SpareDescriptor::default()).unwrap();
        partial.put_in_place(None).unwrap();
        assert_eq!(directory.names(), [name.as_str()]);
        fs::remove_file(directory.0.join(name)).unwrap();
    }
}

#[test]
fn a_path_that_cannot_be_saved_to_is_found_beforehand() {
    let directory = Directory::new();
    assert!(check(&directory.to("a")).is_ok());
    for (path, reason) in [
        ("missing/a", "No such"),
        ("", "names no file"),
        ("..", "names no file"),
        ("a/", "names no file"),
    ] {
        let unsaved = check(&directory.to(path)).unwrap_err();
        assert!(unsaved.message().contains(reason), "{}", unsaved.message());
    }
    fs::create_dir(directory.0.join("d")).unwrap();
    assert!(
        check(&directory.to("d"))
            .unwrap_err()
            .message()
            .contains("directory")
    );
    fs::write(directory.0.join("f"), "").unwrap();
    assert!(check(&directory.to("f/a")).is_err());
}

/// Rule that names a file `late` in a directory.
struct Late(PathBuf);

impl SaveNamer for Late {
    fn name(&self, _: &Response) -> io::Result<NamedFile> {
        Ok(NamedFile {
            path: self.0.join("late"),
            replace: false,
            numbered: true,
        })
    }
}

#[test]
fn a_log_hears_of_the_name_that_a_response_gives_before_the_file_has_it() {
    let directory = Directory::new();
    let lines = Arc::new(Lines::default());
    let to = SaveTo {
        log: Some(Arc::clone(&lines) as _),
        namer: Some(Arc::new(Late(directory.0.clone()))),
        ..directory.to("early")
    };
    let mut partial = PartialFile::create(&to, &SpareDescriptor::default()).unwrap();
    let part = partial.part.clone();
    partial.name(&Response::builder(200).build()).unwrap();
    let saved = partial.put_in_place(None).unwrap();
    assert_eq!(
        (&*saved.path, saved.numbered),
        (&*directory.0.join("late"), true)
    );
    assert_eq!(directory.names(), ["late"]);
    let heard = [
        (format!("begin {part}"), vec![]),
        (format!("begin {part}"), vec![part.clone()]),
        (format!("give up {part}"), vec!["late".to_owned()]),
    ];
    assert_eq!(*lines.0.lock().unwrap(), heard);
    // A name that another file has meanwhile is not taken from it.
    let mut partial = PartialFile::create(&to, &SpareDescriptor::default()).unwrap();
    partial.name(&Response::builder(200).build()).unwrap();
    let unsaved = partial.put_in_place(None).unwrap_err();
    assert!(unsaved.message().contains("late"), "{}", unsaved.message());
    assert_eq!(directory.names(), ["late"]);
}
