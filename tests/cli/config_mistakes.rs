//! `--config`: files of other tools, contradictions and keys that stand twice, each told with file, line and option.

use super::command::{Folder, haul};
use super::config_file::{UNASKED, with_config};

/// Runs the command with a file of options, which is to be refused with this message.
fn is_refused(text: &str, says: &str) {
    let done = with_config(text, &[UNASKED], &[]).exits(2);
    done.says(says).never_says("s3cret");
}

#[test]
fn a_line_of_curls_configuration_is_told_as_a_line_of_toml() {
    let of_curl = "this is a line of curl's configuration, and haul's is TOML (haul has";
    for (text, named, has) in [
        ("user = ada:s3cret", "user", "user = \"..\")"),
        ("\nuser=ada:s3cret", "user", "user = \"..\")"),
        ("user: \"ada:s3cret\"", "user", "user = \"..\")"),
        ("-u ada:s3cret", "-u", "user = \"..\")"),
        ("-uada:s3cret", "-u", "user = \"..\")"),
        ("-u = ada:s3cret", "-u", "user = \"..\")"),
        ("--user ada:s3cret", "--user", "user = \"..\")"),
        ("header = X-A: s3cret", "header", "header = [\"..\"])"),
        ("max-time = 5s", "max-time", "max-time = \"..\")"),
        ("breaker = yes", "breaker", "breaker = true)"),
        ("output = s3cret.txt", "output", "output = \"..\")"),
        ("url = http://h/s3cret", "url", "no option for its input"),
        ("proxy-user = a:s3cret", "proxy-user", "-x/--proxy, with"),
        ("next", "", ""),
        ("remote-name", "remote-name", "-o/--output for the results"),
        ("-O", "-O", "-o/--output for the results"),
        ("data-binary = @s3cret", "data-binary", "-d/--data"),
        ("compressed", "compressed", "compressed = true)"),
    ] {
        let told = match named {
            // haul has nothing of that kind to name.
            "" => "not TOML: ".to_owned(),
            _ => format!("{named}: {of_curl} {has}"),
        };
        let line = 1 + usize::from(text.starts_with('\n'));
        is_refused(text, &format!("haul: haul.toml:{line}: {told}"));
    }
}

#[test]
fn a_key_or_a_table_that_stands_twice_is_told_with_both_lines() {
    for (text, says) in [
        (
            "header = \"X-A: s3cret\"\n\nheader = \"X-B: s3cret\"",
            "haul.toml:3: header: line 1 has this key already (several values stand in one list: header = [\"..\", \"..\"])",
        ),
        (
            "jobs = 1\njobs = 2",
            "haul.toml:2: jobs: line 1 has this key already\n",
        ),
        (
            "retry = 1\n[host.\"a\"]\nretry = 1\nretry = 2",
            "haul.toml:4: retry: line 3 has this key already",
        ),
        (
            "[host.\"a\"]\nretry = 1\n[host.\"a\"]\nretry = 2",
            "haul.toml:3: [host.\"a\"]: line 1 has this table already",
        ),
        (
            "[host.\"a\"]\nretry = 1\n[host.\"A\"]\nretry = 2",
            "haul.toml:3: host.A: haul.toml:1 has a table for these hosts already",
        ),
    ] {
        is_refused(text, says);
    }
}

#[test]
fn a_contradiction_is_told_with_the_line_of_the_option() {
    for (text, says) in [
        (
            "\nhead = true\nrequest = \"GET\"",
            "haul.toml:2: the argument head cannot be used with request",
        ),
        (
            "\ncontinue = true",
            "haul.toml:2: continue: it needs --output-dir <DIR> beside it\n",
        ),
        (
            "retry = 1\nresume = true",
            "haul.toml:2: resume: it needs --output <FILE> beside it\n",
        ),
        (
            "output = \"-\"\ndurable = true",
            "haul.toml:2: durable: it needs a file for the results (-o FILE)",
        ),
        (
            "noproxy = \"h\"",
            "haul.toml:1: noproxy: it needs <--proxy <URL>|--proxy-from-env> beside it",
        ),
        (
            "resume-writes = true",
            "haul.toml:1: resume-writes: it needs --resume or --retry-failed",
        ),
        ("digest = true", "haul.toml:1: digest: it needs -u/--user"),
        ("burst = 2", "haul.toml:1: burst: it needs --rate"),
        (
            "user = \"ada:s3cret\"\nbearer = \"s3cret\"",
            "haul.toml:1: the argument user cannot be used with bearer\n",
        ),
        (
            "line = \"\"",
            "haul.toml:1: invalid value '' for line: a line",
        ),
        (
            "url-template = \"\"",
            "haul.toml:1: a value is required for url-template but none was supplied\n",
        ),
    ] {
        is_refused(text, says);
    }
}

#[test]
fn an_option_that_needs_another_is_left_out_with_it() {
    let text = "output-dir = \"out\"\ncontinue = true\noutput-name = \"{id}\"\n";
    with_config(text, &["--head-or-get", "--dry-run", UNASKED], &[]).exits(0);
}

#[test]
fn a_table_that_is_none_of_a_host_is_told() {
    for text in ["[defaults]\nretry = 1", "[hosts.\"a\"]\nretry = 1"] {
        is_refused(text, "there is no such table (a table for each host");
    }
    is_refused(
        "[host.\"a\"]\nmax-tiem = \"s3cret\"",
        "haul.toml:2: unknown key: \"max-tiem\" (is max-time meant?)",
    );
}

#[test]
fn a_file_that_is_no_text_in_utf_8_is_told() {
    let folder = Folder::new();
    let utf16 = |first: &[u8]| [first, b"r\0e\0t\0r\0y\0=\x001\0"].concat();
    for (name, bytes, says) in [
        ("bom", utf16(b"\xff\xfe"), "bom:1: it is in UTF-16"),
        ("bare", utf16(b""), "bare:1: it is in UTF-16"),
        ("latin", b"# \n# \xe9\n".to_vec(), "latin:2: not UTF-8"),
        ("long", vec![b'#'; (1 << 20) + 1], "larger than 1 MiB"),
    ] {
        std::fs::write(folder.at(name), bytes).unwrap();
        let done = haul(["--config", name, UNASKED]).current_dir(&folder);
        done.done().exits(2).says(says);
    }
    std::fs::write(folder.at("marked"), b"\xef\xbb\xbfretry = 1\r\n").unwrap();
    let run = |file: &str| haul(["--dry-run", "--config", file, UNASKED]).current_dir(&folder);
    run("marked").done().exits(0);
    for (file, says) in [
        (".", "--config: .: cannot be read: "),
        ("none", "--config: none: cannot be read: "),
        ("", "a value is required for '--config <FILE>'"),
    ] {
        run(file).done().exits(2).says(says);
    }
}
