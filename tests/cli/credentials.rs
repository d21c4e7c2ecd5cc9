//! Options that log in while the run goes on: OAuth 2, and a command that prints a token.

use super::command::{Folder, haul};
use test_support::{Answer, Seen, Server};

/// Server whose `/token` gives the token `t`, and which accepts that elsewhere.
fn server() -> Server {
    Server::start(
        |seen: &Seen| match (seen.path(), seen.header("authorization")) {
            ("/token", _) => Answer::json(r#"{"access_token": "t", "expires_in": 3600}"#),
            (_, Some("Bearer t")) => Answer::text("ok"),
            _ => Answer::status(401),
        },
    )
}

#[test]
fn oauth2_logs_in_once_with_the_secret_of_a_file_or_a_variable() {
    let folder = Folder::new();
    let file = format!("@{}", folder.file("secret", "sesame\n"));
    let given = |server: &Server| {
        let [token, one, two] = ["/token", "/1", "/2"].map(|path| server.url(path));
        let id = ["--oauth2-url", &token, "--oauth2-id", "me"].map(str::to_owned);
        let more = ["--oauth2-scope", "read", "--oauth2-param", "audience=a"].map(str::to_owned);
        id.into_iter()
            .chain(more)
            .chain([one, two])
            .collect::<Vec<_>>()
    };
    let typed = server();
    let secret = ["--oauth2-secret".to_owned(), file];
    haul(given(&typed).into_iter().chain(secret))
        .done()
        .exits(0);
    let set = server();
    haul(given(&set))
        .env("HAUL_OAUTH2_SECRET", "sesame")
        .done()
        .exits(0);
    for server in [typed, set] {
        assert_eq!(server.requests_to("/token"), 1);
        let seen = server.last("/token");
        assert_eq!(seen.header("authorization"), Some("Basic bWU6c2VzYW1l"));
        assert_eq!(
            seen.text(),
            "grant_type=client_credentials&scope=read&audience=a"
        );
    }
}

#[test]
fn a_command_prints_the_token_and_is_run_again_after_a_401() {
    let (server, folder) = (server(), Folder::new());
    let count = folder.path().join("count").display().to_string();
    let command =
        format!("echo x >> '{count}'; test $(wc -l < '{count}') = 1 && echo old || echo t");
    haul([
        "--bearer-command",
        &command,
        &server.url("/a"),
        &server.url("/b"),
    ])
    .done()
    .exits(0);
    let runs = std::fs::read_to_string(&count).unwrap();
    assert_eq!(runs.lines().count(), 2);
}

#[test]
fn a_command_that_fails_is_told_with_its_error_output_and_without_its_output() {
    let url = "http://127.0.0.1:1/";
    let command = "echo sesame; echo no network >&2; exit 7";
    let done = haul(["--bearer-command", command, "--retry-delay", "1ms", url]).done();
    let done = done.exits(1).says("no network").says("exit status: 7");
    let record = &done.results()[0];
    assert_eq!(record["error_type"], "auth");
    assert_eq!(record["layer"], "local");
    assert!(!done.stdout.contains("sesame") && !done.stderr.contains("sesame"));
}

#[test]
fn no_output_shows_a_token_or_a_secret() {
    let server = Server::start(|seen: &Seen| match seen.path() {
        "/token" => Answer::json(r#"{"access_token": "sesame"}"#),
        _ => Answer::status(401),
    });
    let (token, url) = (server.url("/token"), server.url("/a"));
    let login = [
        "--oauth2-url",
        &token,
        "--oauth2-id",
        "me",
        "--oauth2-secret",
        "sesame",
    ];
    let done = haul(login.into_iter().chain(["-vv", &url])).done().exits(1);
    assert!(!done.stdout.contains("sesame"), "{}", done.stdout);
    assert!(!done.stderr.contains("sesame"), "{}", done.stderr);
}

#[test]
fn a_dry_run_runs_no_command_and_shows_no_token() {
    let folder = Folder::new();
    let file = folder.path().join("ran").display().to_string();
    let command = format!("touch '{file}'; echo t");
    let done = haul(["--dry-run", "--bearer-command", &command, "http://h/"])
        .done()
        .exits(0);
    assert!(
        done.stdout.contains(r#""authorization":["***"]"#),
        "{}",
        done.stdout
    );
    assert!(!std::path::Path::new(&file).exists());
}

#[test]
fn credentials_that_exclude_each_other_are_refused() {
    let login = [
        "--oauth2-url",
        "http://h/",
        "--oauth2-id",
        "me",
        "--oauth2-secret",
        "s",
    ];
    for other in [
        ["-u", "a:b"],
        ["--bearer", "t"],
        ["--bearer-command", "echo t"],
    ] {
        haul(
            login
                .into_iter()
                .chain(other)
                .chain(["http://127.0.0.1:1/"]),
        )
        .done()
        .exits(2)
        .says("--oauth2-url")
        .says("cannot be used with");
    }
    haul([
        "--bearer-command",
        "echo t",
        "--bearer",
        "t",
        "http://127.0.0.1:1/",
    ])
    .done()
    .exits(2)
    .says("--bearer-command");
    haul(["--oauth2-url", "http://h/", "http://127.0.0.1:1/"])
        .done()
        .exits(2)
        .says("--oauth2-id");
    let mut wrong = login;
    wrong[1] = "nowhere";
    haul(wrong.into_iter().chain(["http://127.0.0.1:1/"]))
        .done()
        .exits(2)
        .says("--oauth2-url: the token URL is not valid");
    for (mistake, said) in [
        (
            ["--oauth2-param", "grant_type=x"],
            "--oauth2-param: grant_type=x: the login sets grant_type by itself",
        ),
        (
            ["--oauth2-param", "client_secret=sesame"],
            "--oauth2-param: client_secret=***: ",
        ),
        (["--oauth2-id", ""], "--oauth2-id: the client id is empty"),
    ] {
        let given = ["--oauth2-url", "http://h/", "--oauth2-secret", "s"];
        let id = match mistake[0] {
            "--oauth2-id" => &[][..],
            _ => &["--oauth2-id", "me"],
        };
        let given = given.iter().chain(id).chain(&mistake);
        haul(given.chain(&["http://127.0.0.1:1/"]))
            .done()
            .exits(2)
            .says(said);
    }
}

#[cfg(unix)]
mod ended_commands {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use rustix::process::{Pid, Signal, test_kill_process};

    /// Command that writes the number of a process of its own to a file, and waits for that process.
    fn waits(file: &Path) -> String {
        let file = file.display();
        format!("sleep 300 & echo $! > '{file}.new'; mv '{file}.new' '{file}'; wait")
    }

    /// Waits until the command has written its file, and returns the process.
    fn process(file: &Path) -> Pid {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Ok(text) = std::fs::read_to_string(file) {
                return Pid::from_raw(text.trim().parse().unwrap()).unwrap();
            }
            assert!(Instant::now() < until, "the command did not start");
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    /// Waits until a process is gone, or is a zombie that nobody has waited for.
    fn is_gone(process: Pid) {
        let until = Instant::now() + Duration::from_secs(30);
        let state = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_pid()));
            stat.unwrap_or_default()
        };
        while test_kill_process(process).is_ok() && !state().contains(") Z ") {
            assert!(Instant::now() < until, "the process is left behind");
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_signal_ends_the_command_and_its_processes() {
        for (signals, status) in [
            (&[Signal::INT][..], 130),
            (&[Signal::TERM], 143),
            (&[Signal::INT, Signal::INT], 130),
        ] {
            let folder = Folder::new();
            let file = folder.path().join("process");
            let command = waits(&file);
            let run = haul(["--bearer-command", &command, "http://127.0.0.1:1/"]).start();
            let process = process(&file);
            for signal in signals {
                run.signal(*signal);
            }
            run.finish().exits(status);
            is_gone(process);
        }
    }

    #[test]
    fn the_end_of_the_run_ends_the_command_and_its_processes() {
        let (folder, gate) = (Folder::new(), test_support::Gate::closed());
        let server = Server::always(Answer::status(404).behind(&gate));
        let own = server.url("/own");
        let lines = format!(
            "{{\"url\": \"{own}\", \"headers\": {{\"authorization\": \"own\"}}}}\n{}\n",
            server.url("/waits")
        );
        let list = folder.file("requests.jsonl", lines);
        let file = folder.path().join("process");
        let run = haul(["--fail-early", "--bearer-command", &waits(&file), &list]).start();
        let process = process(&file);
        gate.open();
        run.finish().exits(4);
        is_gone(process);
    }
}
