//! Reasons for which a body cannot be saved: the path, the directory, the disk.

use std::fs;
use std::path::Path;

use haul::{ErrorType, Outcome, Request};
use test_support::{Answer, Folder, Server, client};

use super::{bytes, class};

/// Asserts that the request failed on this side, for a reason that a further attempt would not change, and that the
/// message names the path and the reason.
#[track_caller]
fn cannot_be_saved(outcome: &Outcome, path: &Path, reason: &str) {
    assert_eq!(class(outcome), ErrorType::Io);
    assert!(outcome.attempts() <= 1, "{}", outcome.attempts());
    let message = outcome.error().unwrap().message();
    let begin = format!("cannot save to {}: ", path.display());
    assert!(message.starts_with(&begin), "{message}");
    assert!(message.contains(reason), "{message}");
}

#[test]
fn a_path_that_cannot_be_written_is_found_before_anything_is_sent() {
    let server = Server::always(Answer::text("here"));
    let folder = Folder::new();
    fs::write(folder.file("file"), "").unwrap();
    fs::create_dir(folder.file("folder")).unwrap();
    for (name, reason) in [
        ("missing/a", "No such file"),
        ("file/a", "Not a directory"),
        ("folder", "directory"),
    ] {
        let path = folder.file(name);
        let outcome = client(2).send(Request::get(server.url("/")).save_to(&path));
        cannot_be_saved(&outcome, &path, reason);
    }
    assert_eq!(server.requests(), 0);
    assert_eq!(folder.names(), ["file", "folder"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_takes_no_file_is_named() {
    let server = Server::always(Answer::text("here"));
    // No process can make a file there, not even as root.
    let path = Path::new("/proc/self/a");
    let outcome = client(2).send(Request::get(server.url("/")).save_to(path));
    cannot_be_saved(&outcome, path, "");
}

#[cfg(unix)]
#[test]
fn a_name_too_long_for_the_disk_is_named() {
    let server = Server::always(Answer::text("here"));
    let folder = Folder::new();
    let path = folder.file(&"x".repeat(300));
    let outcome = client(2).send(Request::get(server.url("/")).save_to(&path));
    cannot_be_saved(&outcome, &path, "File name too long");
    assert_eq!(folder.names(), [""; 0]);
}

#[cfg(unix)]
mod full {
    use super::*;
    use std::env;
    use std::process::Command;

    /// Runs in a process that may write no file over a quarter of a MiB, which is like a full disk.
    #[test]
    fn a_full_disk_leaves_nothing_half_written() {
        let server = Server::start(|seen| match seen.path() {
            "/large" => Answer::status(200).body(bytes(1 << 20)),
            _ => Answer::text("small"),
        });
        let folder = Folder::new();
        let quota = "trap '' XFSZ && ulimit -f 512 && exec \"$@\"";
        let output = Command::new("sh")
            .args(["-c", quota, "sh"])
            .arg(env::current_exe().unwrap())
            .args(["--exact", "disk::full::child", "--ignored", "--nocapture"])
            .env("HAUL_BASE", server.url(""))
            .env("HAUL_FOLDER", folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
        assert_eq!(folder.names(), ["small"]);
        assert_eq!(fs::read(folder.file("small")).unwrap(), b"small");
        assert_eq!(server.requests_to("/large"), 1);
    }

    #[test]
    #[ignore = "runs as the child of another test"]
    fn child() {
        let Some((base, folder)) = env::var("HAUL_BASE").ok().zip(env::var_os("HAUL_FOLDER"))
        else {
            return;
        };
        let folder = Path::new(&folder);
        let request = |name: &str| Request::get(format!("{base}/{name}"));
        let client = client(2);
        let large = client.send(request("large").save_to(folder.join("large")));
        cannot_be_saved(&large, &folder.join("large"), "File too large");
        let small = client.send(request("small").save_to(folder.join("small")));
        assert!(small.is_success(), "{small:?}");
    }
}
