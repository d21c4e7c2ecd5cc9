//! Contradictory or impossible arguments: status 2, a message that says what would be right, and nothing sent.

use test_support::{Answer, Server};

use super::command::{Folder, haul};

#[test]
fn values_that_are_none_are_named_with_what_would_be_right() {
    for (arguments, said) in [
        (
            &["--rate", "fast"][..],
            "a rate above zero is expected, such as 50, 0.5, 50/s, 3000/m or 10/h",
        ),
        (
            &["-m", "soon"][..],
            "a time is expected, such as 500ms, 2s or 1.5",
        ),
        (
            &["--body-limit", "big"][..],
            "a size is expected, such as 64K or 10M",
        ),
        (
            &["--max-failures", "0"][..],
            "a number above zero is expected, or a share such as 5%",
        ),
        (
            &["--require", "code"][..],
            "POINTER=VALUE is expected, such as /code=0",
        ),
        (&["--url-query", "x"][..], "NAME=VALUE is expected"),
        (&["--accept", "7"][..], "--accept <CODES>"),
        (
            &["-j", "0"][..],
            "'-j/--jobs <N>': a number from 1 to 4194304 is expected",
        ),
        (&["-j", "many"][..], "invalid value 'many'"),
        (
            &["--retry", "x"][..],
            "'--retry <N>': a whole number from 0 to 4294967295 is expected",
        ),
        (
            &["--max-redirs", "1.5"][..],
            "'--max-redirs <N>': a whole number from 0 to",
        ),
        (
            &["--jobs-per-host", "-1"][..],
            "'--jobs-per-host <N|auto>': a whole number from 0 to",
        ),
        (
            &["--burst", "0"][..],
            "'--burst <N>': a whole number from 1 to",
        ),
        (
            &["-X", "NO METHOD"][..],
            "--request: the method is not valid: \"NO METHOD\"",
        ),
        (&["-H", "no colon"][..], "'NAME: VALUE' is expected"),
        (&["-H", "sp ace: x"][..], "is not valid"),
        (
            &["-H", "@/no/such"][..],
            "--header: /no/such: cannot be read",
        ),
        (&["--json", "{"][..], "--json: not JSON"),
        (
            &["--bearer", "@/no/such"][..],
            "--bearer: /no/such: cannot be read",
        ),
        (&["--base-url", "nowhere"][..], "--base-url: "),
        (&["--progress", "often"][..], "invalid value 'often'"),
        (&["--color", "blue"][..], "invalid value 'blue'"),
        (
            &["--no-such-option"][..],
            "unexpected argument '--no-such-option'",
        ),
        (&["--retrys", "3"][..], "--retry"),
        (&["-d", "a", "--json", "1"][..], "cannot be used with"),
        (&["-u", "a:b", "--bearer", "t"][..], "cannot be used with"),
        (
            &["--overwrite", "--resume", "-o", "x"][..],
            "cannot be used with",
        ),
        (
            &["--fail-early", "--max-failures", "3"][..],
            "cannot be used with",
        ),
        (
            &["--resume-writes"][..],
            "--resume-writes: it needs --resume or --retry-failed",
        ),
        (
            &["-o", "same", "--failures", "same"][..],
            "same: it is to be written twice",
        ),
        (&["--demo"][..], "cannot be used with"),
    ] {
        let done = haul(arguments.iter().copied().chain(["http://127.0.0.1:1/"]))
            .done()
            .exits(2);
        assert!(done.stderr.starts_with("haul: "), "{}", done.stderr);
        assert_eq!(done.stdout, "");
        done.says(said);
    }
}

/// Names in the library of the settings that the command's options set.
const SETTINGS: &[&str] = &[
    "workers",
    "max_per_host",
    "rate_per_host",
    "base_url",
    "basic_auth",
    "digest_auth",
    "user_agent",
    "header_limit",
    "address_policy",
    "exempt_proxy",
    "ca_file",
    "client_cert",
    "client_key",
    "timeouts",
    "tls:",
    "proxy:",
    "header:",
    "retry:",
];

#[test]
fn a_setting_that_is_refused_is_named_by_its_option() {
    let folder = Folder::new();
    let text = folder.file("text.pem", "no certificate");
    for (arguments, option) in [
        (&["-j", "0"][..], "-j/--jobs"),
        (&["--jobs=0"], "-j/--jobs"),
        (&["-P", "-1"], "-j/--jobs"),
        (&["-j", "99999999999"], "-j/--jobs"),
        (&["--jobs-per-host", "-1"], "--jobs-per-host"),
        (&["--rate-per-host", "0"], "--rate-per-host"),
        (&["-m", "-1"], "-m/--max-time"),
        (&["--connect-timeout", "60s"], "--connect-timeout"),
        (&["--retry", "-1"], "--retry"),
        (&["--retry-max-time", "0"], "--retry-max-time"),
        (&["--max-redirs", "-1"], "--max-redirs"),
        (&["-H", "sp ace: x"], "-H/--header"),
        (&["-H", "X: a\u{1}"], "-H/--header"),
        (&["-H", "sp ace:"], "-H/--header"),
        (&["-H", "none"], "-H/--header"),
        (&["-H", "@/no/such"], "-H/--header"),
        (&["-X", "NO METHOD"], "-X/--request"),
        (&["-X", "CONNECT"], "-X/--request"),
        (&["-X", "connect"], "-X/--request"),
        (&["-X", "GET\r\nX: y"], "-X/--request"),
        (&["-u", "a\nb:c"], "-u/--user"),
        (&["-u", "a:b\r"], "-u/--user"),
        (&["-u", "a\tb:c", "--digest"], "-u/--user"),
        (&["--digest"], "--digest: it needs -u/--user"),
        (&["-x", "http://a%0ab:c@h:1"], "-x/--proxy"),
        (&["-d", "@/no/such"], "-d/--data"),
        (&["--json", "{"], "--json"),
        (&["-u", "a\u{1}:b", "--base-url", "x"], "--base-url"),
        (&["--bearer", "a\u{1}"], "--bearer"),
        (&["-A", "a\u{1}"], "-A/--user-agent"),
        (&["-b", "a=\u{1}"], "-b/--cookie"),
        (&["--base-url", "nowhere"], "--base-url"),
        (&["-x", "ftp://h"], "-x/--proxy"),
        (
            &["-x", "http://h:1", "--noproxy", "10.0.0.0/99"],
            "--noproxy",
        ),
        (&["-x", "http://h:1", "--public-only"], "--public-only"),
        (&["--cacert", "/no/such"], "--cacert: /no/such"),
        (&["--cacert", &text], "--cacert"),
        (&["-E", "/no/such"], "-E/--cert: /no/such"),
        (&["-E", &text], "-E/--cert"),
        (&["--max-filesize", "-1"], "--max-filesize"),
        (&["-d", "a", "--json", "1"], "-d/--data"),
        (&["-u", "a:b", "--bearer", "t"], "-u/--user"),
    ] {
        let done = haul(arguments.iter().copied().chain(["http://127.0.0.1:1/"]))
            .done()
            .exits(2);
        for setting in SETTINGS {
            let bare = match setting.ends_with(':') {
                true => format!("haul: {setting}"),
                false => (*setting).to_owned(),
            };
            assert!(!done.stderr.contains(&bare), "{setting}: {}", done.stderr);
        }
        done.says(option);
    }
}

#[test]
fn a_value_from_the_environment_is_named_by_its_variable() {
    for (variable, value) in [
        ("HAUL_JOBS", "0"),
        ("HAUL_RATE", "fast"),
        ("HAUL_BREAKER", "perhaps"),
        ("HAUL_HEADER", "none"),
        ("HAUL_CACERT", "/no/such"),
        ("HAUL_BASE_URL", "nowhere"),
        ("HAUL_JSON", "{"),
        ("HAUL_PROGRESS", "often"),
    ] {
        let run = haul(["http://127.0.0.1:1/"]).env(variable, value);
        let done = run.done().exits(2).says(variable);
        let option = variable.trim_start_matches("HAUL_").to_lowercase();
        let option = format!("--{}", option.replace('_', "-"));
        assert!(!done.stderr.contains(&option), "{}", done.stderr);
    }
    // A typed option counts before the environment, in messages too.
    let run = haul(["-j", "0", "http://127.0.0.1:1/"]).env("HAUL_JOBS", "4");
    run.done()
        .exits(2)
        .says("-j/--jobs")
        .never_says("HAUL_JOBS");
    let run = haul(["--bearer", "t", "http://127.0.0.1:1/"]).env("HAUL_USER", "a:b");
    run.done().exits(2).says("cannot be used with HAUL_USER");
}

#[test]
fn an_option_of_another_tool_is_answered_with_hauls_own() {
    for (arguments, option) in [
        (&["--timeout", "5"][..], "--max-time"),
        (&["--timeout=5"], "--max-time"),
        (&["-timeout", "5"], "--max-time"),
        (&["--concurrency", "5"], "--jobs"),
        (&["--concurrency=5"], "--jobs"),
        (&["-K", "f"], "--config"),
        (&["--save-cookies", "f"], "--cookie-jar"),
        (&["--threads", "5"], "--jobs"),
        (&["--max_workers", "5"], "--jobs"),
        (&["--retries", "5"], "--retry"),
        (&["--tries=5"], "--retry"),
        (&["--out", "f"], "--output"),
        (&["-O"], "--output-dir"),
        (&["--output-document=f"], "--output"),
        (&["--no-check-certificate"], "--insecure"),
        (&["--data-binary", "@f"], "--data"),
        (&["--method=POST"], "--request"),
        (&["--rps", "5"], "--rate"),
        (&["--input-file=f"], "haul urls.txt"),
        (&["--fail-fast"], "--fail-early"),
        (&["--keep-order"], "--ordered"),
        (&["--dryrun"], "--dry-run"),
        (&["--max_time", "3"], "--max-time"),
    ] {
        let done = haul(arguments.iter().copied().chain(["http://127.0.0.1:1/"]))
            .done()
            .exits(2);
        let first = done.stderr.lines().next().unwrap();
        assert!(
            first.contains(" found: haul has ") && first.contains(option),
            "{first}"
        );
        done.never_says("similar argument");
    }
}

#[test]
fn curl_options_for_default_behaviour_are_accepted() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    for arguments in [
        &["-L", "-s", "-Z", "--compressed"][..],
        &["--location", "--silent", "--parallel"],
        &["-fsSL"],
        &["-sSL", "-sSL"],
    ] {
        haul(arguments.iter().copied().chain([&*url]))
            .done()
            .exits(0);
    }
    // The last of the two options counts.
    let said = |arguments: &[&str]| {
        let arguments = arguments.iter().copied().chain(["-q", &url]);
        haul(arguments).done().exits(0).stderr
    };
    assert!(said(&["-s", "--progress", "plain"]).contains(" done, "));
    assert_eq!(said(&["--progress", "plain", "-s"]), "");
    let run = haul(["-q", "-s", &url]).env("HAUL_PROGRESS", "plain");
    assert_eq!(run.done().exits(0).stderr, "");
}

#[test]
fn outputs_that_cannot_be_written_are_found_before_anything_is_sent() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let url = server.url("/");
    let here = folder.path().to_str().unwrap().to_owned();
    let no_folder = folder.at("no/such/file");
    let file = folder.file("file", "");
    let below_a_file = folder.at("file/below");
    for option in ["-o", "--failures", "--summary-json"] {
        haul([option, &here, &url])
            .done()
            .exits(3)
            .says(&format!("{here}: it is a directory"));
        haul([option, &no_folder, &url])
            .done()
            .exits(3)
            .says(&no_folder);
    }
    haul(["--output-dir", &file, &url])
        .done()
        .exits(3)
        .says(&file);
    haul(["--output-dir", &below_a_file, &url])
        .done()
        .exits(3)
        .says(&below_a_file);
    let text = folder.file("text.db", "this is no database, whatever its name says");
    haul(["--failures", &text, &url])
        .done()
        .exits(2)
        .says(&text);
    assert_eq!(server.requests(), 0);
}

#[test]
fn no_message_shows_a_secret() {
    for arguments in [
        &["-H", "Authorization secret"][..],
        &["-H", "Authorization: sec\u{1}ret"][..],
        &["-u", "us\u{1}er:secret", "-m", "x"][..],
        &["--bearer", "sec\u{1}ret"][..],
    ] {
        let done = haul(arguments.iter().copied().chain(["http://127.0.0.1:1/"]))
            .done()
            .exits(2);
        assert!(!done.stderr.contains("ret"), "{}", done.stderr);
    }
}

#[test]
fn a_failure_log_is_a_file() {
    haul(["--failures", "-", "http://127.0.0.1:9/"])
        .done()
        .exits(2)
        .says("--failures: a file is expected");
}
