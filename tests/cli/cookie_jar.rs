//! `-b` and `-c`: cookies that go from one run to the next, in Netscape's format.

use test_support::{Answer, Scenario, Server};

use super::command::{Folder, haul};

/// Address at which nothing answers, and nothing is to be asked.
const UNASKED: &str = "http://127.0.0.1:1/";

#[test]
fn a_jar_of_cookies_goes_from_one_run_to_the_next() {
    let server = Scenario::new()
        .on(
            "/set",
            Answer::text("")
                .header("set-cookie", "sid=1; Path=/; HttpOnly")
                .header("set-cookie", "gone=1; Max-Age=0"),
        )
        .on("/get", Answer::text(""))
        .start();
    let folder = Folder::new();
    let jar = folder.at("jar");
    // The jar need not exist when the first run reads it.
    haul(["-b", &jar, "-c", &jar, &server.url("/set")])
        .done()
        .exits(0);
    let written = folder.read("jar");
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "# Netscape HTTP Cookie File");
    assert!(written.ends_with("\n\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\t1\n"));
    let more = folder.file("more", "127.0.0.1\tFALSE\t/get\tFALSE\t0\tb\t2\n");
    let url = server.url("/get");
    haul(["-b", &jar, "-b", &more, "-b", "own=3", &url])
        .done()
        .exits(0);
    assert_eq!(
        server.last("/get").header("cookie"),
        Some("own=3; b=2; sid=1")
    );
    haul(["-b", "a=1", "-b", "b=2", &url]).done().exits(0);
    assert_eq!(server.last("/get").header("cookie"), Some("a=1; b=2"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = std::fs::metadata(&jar).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_jar_goes_to_standard_output_if_results_go_elsewhere() {
    let server = Server::always(Answer::text("").header("set-cookie", "n=v"));
    let (url, folder) = (server.url("/"), Folder::new());
    let out = folder.at("out.jsonl");
    let done = haul(["-c", "-", "-o", &out, &url]).done().exits(0);
    assert!(done.stdout.ends_with("\tn\tv\n"), "{}", done.stdout);
    let done = haul(["-c", "-", &url]).done().exits(2);
    done.says("-c/--cookie-jar: a file is expected");
}

#[test]
fn a_file_that_is_none_of_cookies_is_named_and_kept() {
    let folder = Folder::new();
    let list = folder.file("urls.txt", "http://h/s3cret\n");
    let bad = folder.file(
        "bad",
        "# Netscape HTTP Cookie File\nh\tTRUE\t/\tFALSE\tx\tn\ts3cret\n",
    );
    let jar = folder.file("jar", "");
    for (arguments, says) in [
        (&["-c", "16"][..], "-j/--jobs 16"),
        (&["-c16"], "-j/--jobs 16"),
        (&["-c", &list], "urls.txt:1: this is no cookie"),
        (&["-b", &bad], "bad:2: the fifth field"),
        (&["-c", &bad], "bad:2: the fifth field"),
        (&["-c", &jar, "-o", &jar], "is to be written twice"),
        (
            &["-b", &jar, "-o", &jar, "--overwrite"],
            "is read: -b/--cookie",
        ),
    ] {
        let done = haul(arguments.iter().copied().chain([UNASKED])).done();
        done.exits(2).says(says).never_says("s3cret");
    }
    assert_eq!(folder.read("urls.txt"), "http://h/s3cret\n");
    let unwritable = haul(["-c", "no/such/jar", UNASKED]).done().exits(3);
    unwritable.says("no/such/jar");
    // A run that sends nothing replaces nothing.
    let full = folder.file("full", "h\tFALSE\t/\tFALSE\t0\tn\tv\n");
    haul(["-c", &full, "-o", "no/such/out", UNASKED])
        .done()
        .exits(3);
    haul(["-c", &full, "no/such/list"]).done().exits(2);
    assert!(folder.read("full").ends_with("\tn\tv\n"));
    let new = folder.at("new");
    haul(["-c", &new, "--dry-run", UNASKED]).done().exits(0);
    assert!(!folder.has("new"));
}

#[cfg(unix)]
#[test]
fn a_jar_is_written_after_an_interruption_and_after_failures() {
    let server = Scenario::new()
        .on("/set", Answer::text("").header("set-cookie", "n=v"))
        .on("/hangs", Answer::never())
        .start();
    let folder = Folder::new();
    let jar = folder.at("jar");
    let (set, hangs) = (server.url("/set"), server.url("/hangs"));
    let mut run = haul(["-c", &jar, "--grace", "1ms", &set, &hangs]).start();
    run.next_result();
    server.wait_for_requests_to("/hangs", 1);
    run.signal(rustix::process::Signal::INT);
    run.finish().exits(130);
    assert!(folder.read("jar").ends_with("\tn\tv\n"));
    std::fs::remove_file(&jar).unwrap();
    haul(["-c", &jar, "--retry", "0", &set, UNASKED])
        .done()
        .exits(1);
    assert!(folder.read("jar").ends_with("\tn\tv\n"));
    // A device is written to, not replaced.
    haul(["-c", "/dev/null", &set]).done().exits(0);
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

/// Arguments of a run whose results nothing reads, more than a pipe holds: it cannot end by itself. Each answer sets a
/// cookie.
#[cfg(unix)]
fn unread_results(jar: &str) -> (Server, Vec<String>) {
    let body = "x".repeat(100_000);
    let server = Server::start(move |_| Answer::text(&*body).header("set-cookie", "n=v"));
    let urls = (0..40).map(|i| server.url(&format!("/{i}")));
    let arguments = ["-q", "-j", "4", "-c", jar].map(str::to_owned);
    let arguments = arguments.into_iter().chain(urls).collect();
    (server, arguments)
}

#[cfg(unix)]
#[test]
fn a_jar_is_written_by_a_run_that_signals_end_at_once() {
    let folder = Folder::new();
    let jar = folder.at("jar");
    let (server, arguments) = unread_results(&jar);
    let mut run = haul(&arguments).start();
    server.wait_for_requests(10);
    while !run.is_over() {
        run.signal(rustix::process::Signal::INT);
        std::thread::yield_now();
    }
    assert_eq!(run.status(), Some(130));
    assert!(folder.read("jar").ends_with("\tn\tv\n"));
    assert_eq!(folder.paths().len(), 1, "no unfinished file is left");
}

#[cfg(unix)]
#[test]
fn a_jar_is_written_by_a_run_that_its_time_limit_ends() {
    let folder = Folder::new();
    let jar = folder.at("jar");
    let (_server, arguments) = unread_results(&jar);
    let mut run = haul(["--max-run-time", "2s"]).and(&arguments).start();
    while !run.is_over() {
        std::thread::yield_now();
    }
    assert_eq!(run.status(), Some(4));
    assert!(folder.read("jar").ends_with("\tn\tv\n"));
}

#[cfg(unix)]
#[test]
fn a_jar_is_written_by_a_run_that_ends_with_an_error() {
    let server = Server::always(Answer::text("x".repeat(5000)).header("set-cookie", "n=v"));
    let folder = Folder::new();
    let jar = folder.file("jar", "h\tFALSE\t/\tFALSE\t0\told\t1\n");
    let out = folder.at("out.jsonl");
    haul(["-b", &jar, "-c", &jar, "-o", &out, &server.url("/")])
        .file_blocks(1)
        .done()
        .exits(3);
    let written = folder.read("jar");
    assert!(
        written.contains("\tn\tv\n") && written.contains("\told\t1\n"),
        "{written}"
    );
}
