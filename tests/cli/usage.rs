//! What cannot be meant: status 2, a message that says what would be right, and nothing sent.

use super::command::{Folder, haul};
use super::support::{Answer, Server};

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
        (&["-j", "0"][..], "workers: at least one is needed"),
        (&["-j", "many"][..], "invalid value 'many'"),
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
        (&["--base-url", "nowhere"][..], "base_url: "),
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
            .exits(2)
            .says(&format!("{here}: it is a directory"));
        haul([option, &no_folder, &url])
            .done()
            .exits(2)
            .says(&no_folder);
    }
    haul(["--output-dir", &file, &url])
        .done()
        .exits(2)
        .says(&file);
    haul(["--output-dir", &below_a_file, &url])
        .done()
        .exits(2)
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
