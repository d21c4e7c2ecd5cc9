//! Downloads that cannot be written: the disk or the file is full, or an unfinished file is not the user's.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use test_support::{Answer, Scenario, Server};

use super::command::{Done, Folder, Haul, haul};

/// A server of a large file and two small ones, with a validator for each.
fn server() -> Server {
    let file = |bytes: usize| Answer::text("x".repeat(bytes)).header("ETag", "\"1\"");
    Scenario::new()
        .on("/small", file(10))
        .on("/large", file(3 << 20))
        .on("/other", file(1000))
        .start()
}

fn urls(server: &Server) -> [String; 3] {
    ["/large", "/small", "/other"].map(|path| server.url(path))
}

#[track_caller]
fn of(results: &[Value], path: &str) -> Value {
    let is = |record: &&Value| record["url"].as_str().unwrap().ends_with(path);
    results.iter().find(is).unwrap().clone()
}

/// Checks that the large file failed with path and remedy, and that the others are there.
#[track_caller]
fn only_the_large_one_failed(done: Done, file: &str, remedy: &str, kept: bool) {
    let done = done.exits(3);
    let results = done.results();
    assert_eq!(results.len(), 3, "{}", done.stderr);
    for path in ["/small", "/other"] {
        assert_eq!(of(&results, path)["outcome"], "success");
    }
    let failed = of(&results, "/large");
    assert_eq!(
        (&failed["error_type"], &failed["stop_reason"]),
        (&"io".into(), &"not_retryable".into())
    );
    let message = failed["error_msg"].as_str().unwrap();
    assert!(
        message.starts_with(&format!("cannot save to {file}: ")),
        "{message}"
    );
    assert!(message.contains(remedy), "{message}");
    let stays = format!("; what has come stays in {file}.part");
    assert_eq!(message.ends_with(&stays), kept, "{message}");
    done.says(&format!("haul: {message}"));
}

#[test]
fn a_file_that_may_not_grow_fails_alone_and_goes_on_in_the_next_run() {
    for goes_on in [false, true] {
        let (folder, server) = (Folder::new(), server());
        let out = folder.at("out");
        let option = if goes_on { &["--continue"][..] } else { &[] };
        let run = || haul(["--output-dir", &out]).and(option).and(urls(&server));
        let done = run().file_blocks(1000).done();
        only_the_large_one_failed(
            done,
            &format!("{out}/large"),
            "allows no larger file",
            goes_on,
        );
        let part = format!("{out}/large.part");
        assert_eq!(fs::metadata(&part).is_ok(), goes_on);
        assert!(fs::metadata(format!("{out}/large")).is_err());
        let left = fs::read_dir(&out).unwrap().count();
        assert_eq!(left, if goes_on { 4 } else { 2 });
        let again = haul(["--output-dir", &out, "--skip-existing"]).and(option);
        again.and(urls(&server)).done().exits(0);
        assert_eq!(fs::metadata(format!("{out}/large")).unwrap().len(), 3 << 20);
        assert_eq!(server.last("/large").header("range").is_some(), goes_on);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 3);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_what_does_not_fit_and_is_told() {
    for goes_on in [false, true] {
        let (folder, server) = (Folder::new(), server());
        let out = folder.at("out");
        fs::create_dir(&out).unwrap();
        let option = if goes_on { &["--continue"][..] } else { &[] };
        // The small files come first: what has come of the large one stays, and leaves no room.
        let [large, small, other] = urls(&server);
        let run = haul(["-j", "1", "--output-dir", &out]).and(option);
        let Some(run) = run.and([small, other, large]).on_small_disk(&out) else {
            return;
        };
        let file = format!("{out}/large");
        only_the_large_one_failed(run.done(), &file, "; free space on that disk", goes_on);
    }
}

#[test]
fn several_bodies_that_do_not_fit_are_counted() {
    let (folder, server) = (Folder::new(), server());
    let large = ["/large?1", "/large?2"].map(|path| server.url(path));
    haul(["--output-dir", &folder.at("out")])
        .and(large)
        .file_blocks(100)
        .done()
        .exits(3)
        .says("(and 1 more, which are among the results)");
}

#[test]
fn an_unfinished_file_that_may_not_be_written_fails_alone() {
    for described in [true, false] {
        let (folder, server) = (Folder::new(), server());
        let out = folder.at("out");
        let run = || -> Option<Haul> {
            let run = haul(["--continue", "--output-dir", &out]).and(urls(&server));
            run.by_other_user()
        };
        fs::create_dir(&out).unwrap();
        let open = |path: &str, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        open(&out, 0o777);
        let part = format!("{out}/large.part");
        fs::write(&part, "xxx").unwrap();
        open(&part, 0o444);
        if described {
            let url = server.url("/large");
            let text = format!("{{\"v\":1,\"url\":\"{url}\",\"etag\":\"\\\"1\\\"\"}}");
            fs::write(format!("{part}.json"), text).unwrap();
            open(&format!("{part}.json"), 0o444);
        }
        let Some(run) = run() else {
            return;
        };
        let done = run.done().exits(1);
        let results = done.results();
        for path in ["/small", "/other"] {
            assert_eq!(of(&results, path)["outcome"], "success", "{}", done.stderr);
        }
        let message = of(&results, "/large")["error_msg"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            message.starts_with(&format!("cannot save to {part}: ")),
            "{message}"
        );
        assert!(
            message.ends_with("change the permissions, or remove the file"),
            "{message}"
        );
        // The file stays as it was.
        assert_eq!(fs::read_to_string(&part).unwrap(), "xxx");
    }
}
