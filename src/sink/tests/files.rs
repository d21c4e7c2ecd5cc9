//! New files, existing files, and files that cannot be written.

use super::*;

#[test]
fn an_existing_file_is_refused_unchanged() {
    let dir = Dir::new("exists");
    let path = dir.file("out.jsonl");
    fs::write(&path, "precious\n").unwrap();
    for error in [
        JsonLines::create(&path).err().unwrap(),
        Failures::create(&path).err().unwrap(),
    ] {
        assert_eq!(error.path(), Some(&*path));
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        let shown = error.to_string();
        assert!(shown.contains("out.jsonl: "), "{shown}");
        assert!(shown.contains("exists"), "{shown}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious\n");
}

#[test]
fn an_existing_file_is_replaced_or_appended_to_on_request() {
    let dir = Dir::new("replace");
    let path = dir.file("out.jsonl");
    write_all(JsonLines::create(&path).unwrap(), &[success(0)]);
    write_all(JsonLines::append(&path).unwrap(), &[success(1)]);
    assert_eq!(indices(&fs::read_to_string(&path).unwrap()), [0, 1]);
    write_all(JsonLines::overwrite(&path).unwrap(), &[success(2)]);
    assert_eq!(indices(&fs::read_to_string(&path).unwrap()), [2]);
    write_all(
        JsonLines::append(dir.file("new.jsonl")).unwrap(),
        &[success(3)],
    );
    let new = fs::read_to_string(dir.file("new.jsonl")).unwrap();
    assert_eq!(indices(&new), [3]);
}

#[test]
fn a_line_without_its_end_does_not_swallow_the_next() {
    let dir = Dir::new("torn");
    let path = dir.file("out.jsonl");
    fs::write(&path, "{\"v\":1,\"to").unwrap();
    write_all(JsonLines::append(&path).unwrap(), &[success(7)]);
    let text = fs::read_to_string(&path).unwrap();
    let (torn, rest) = text.split_once('\n').unwrap();
    assert_eq!((torn, &*indices(rest)), ("{\"v\":1,\"to", &[7][..]));
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let dir = Dir::new("nowhere");
    let path = dir.file("no/such/out.jsonl");
    let error = JsonLines::create(&path).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("no/such/out.jsonl"), "{error}");
    let error = JsonLines::create(&dir.0).err().unwrap();
    assert_eq!(error.path(), Some(&*dir.0));
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_an_error_that_names_the_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = Dir::new("read-only");
    let locked = dir.file("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    // A process that may write anywhere (root) is kept out of /proc all the same.
    let path = match fs::write(locked.join("probe"), "") {
        Err(_) => locked.join("out.jsonl"),
        Ok(()) => PathBuf::from("/proc/out.jsonl"),
    };
    let result = JsonLines::create(&path).err();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    if let Some(error) = result {
        assert_eq!(error.path(), Some(&*path));
        assert!(error.to_string().contains("opened for writing"), "{error}");
    } else {
        panic!("{} could be written", path.display());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let mut sink = JsonLines::create("/dev/full").unwrap();
    sink.write(&success(0)).unwrap();
    let error = Sink::<crate::Response>::finish(&mut sink, &Summary::new()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let shown = error.to_string();
    assert!(
        shown.starts_with("/dev/full: cannot be written: "),
        "{shown}"
    );
}

#[test]
#[cfg(not(windows))]
fn a_file_that_is_being_written_is_not_replaced() {
    let dir = Dir::new("locked");
    let (log, results) = (dir.file("log.jsonl"), dir.file("results.jsonl"));
    let first = Failures::append(&log).unwrap();
    drop(Failures::append(&log).unwrap());
    let refused = Failures::overwrite(&log).unwrap_err();
    assert!(refused.to_string().contains("log.jsonl: "), "{refused}");
    assert!(
        refused.to_string().contains("cannot be locked"),
        "{refused}"
    );
    drop(first);
    drop(Failures::overwrite(&log).unwrap());
    let journal = Journal::open(&results).unwrap();
    for refused in [Failures::append(&results), Failures::overwrite(&results)] {
        let shown = refused.unwrap_err().to_string();
        assert!(shown.contains("another process is writing it"), "{shown}");
    }
    drop(journal);
    drop(Failures::append(&results).unwrap());
}
