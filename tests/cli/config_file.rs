//! `--config`: options from a TOML file.

use test_support::{Answer, Scenario, Server};

use super::command::{Done, Folder, haul};

/// Address at which nothing answers, and nothing is to be asked.
pub(super) const UNASKED: &str = "http://127.0.0.1:1/";

/// Runs the command with a file of options `haul.toml` in its working directory.
pub(super) fn with_config(text: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let folder = Folder::new();
    folder.file("haul.toml", text);
    let mut run = haul(["--config", "haul.toml"]).current_dir(&folder);
    for (name, value) in variables {
        run = run.env(name, value);
    }
    run.and(arguments.iter().copied()).done()
}

#[test]
fn options_of_a_file_hold_as_if_they_had_been_typed() {
    let server = Server::always(Answer::status(404));
    let text = "# Options of the team.\n\
                header = [\"X-Team: a\", \"X-Other: b\"]\n\
                user = \"ada:pw\"\nmax-time = 1.5\nretry = 0\nquiet = 1\nbreaker = true\nhedge = false\n\
                accept = [200, \"404..=404\"]\nurl-query = \"q=1\"\n";
    let done = with_config(text, &[&server.url("/")], &[]).exits(0);
    assert_eq!(done.stderr, "");
    let seen = server.last("/");
    let sent = ["x-team", "x-other", "authorization"].map(|name| seen.header(name));
    assert_eq!(sent, [Some("a"), Some("b"), Some("Basic YWRhOnB3")]);
    assert_eq!(seen.query(), Some("q=1"));
}

#[test]
fn typed_options_come_first_then_variables_then_the_file_then_defaults() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    let agent = |text: &str, arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments: Vec<&str> = arguments.iter().copied().chain([&*url]).collect();
        with_config(text, &arguments, variables).exits(0);
        server.last("/").header("user-agent").unwrap().to_owned()
    };
    let file = "user-agent = \"file\"\n";
    let variable = [("HAUL_USER_AGENT", "variable")];
    assert_eq!(agent(file, &["-A", "typed"], &variable), "typed");
    assert_eq!(agent(file, &[], &variable), "variable");
    assert_eq!(agent(file, &[], &[]), "file");
    assert_eq!(
        agent("", &[], &[]),
        concat!("haul/", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_typed_list_takes_the_place_of_a_list_of_the_file() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    let text = "header = [\"X-A: file\", \"X-B: file\"]\n";
    with_config(text, &["-H", "X-A: typed", &url], &[]).exits(0);
    let seen = server.last("/");
    assert_eq!(
        (seen.header("x-a"), seen.header("x-b")),
        (Some("typed"), None)
    );
}

#[test]
fn an_option_of_the_file_yields_to_a_typed_one_that_contradicts_it() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    with_config("user = \"a:b\"\n", &["--bearer", "t", &url], &[]).exits(0);
    assert_eq!(server.last("/").header("authorization"), Some("Bearer t"));
    let text = "oauth2-url = \"http://127.0.0.1:1/\"\noauth2-id = \"i\"\noauth2-secret = \"s\"\n";
    with_config(text, &["--bearer", "u", &url], &[]).exits(0);
    assert_eq!(server.last("/").header("authorization"), Some("Bearer u"));
    let text = "proxy = \"http://127.0.0.1:1/\"\nnoproxy = \"x\"\n";
    with_config(text, &["--proxy-from-env", &url], &[("http_proxy", "")]).exits(0);
    let both = with_config("user = \"a:b\"\nbearer = \"s3cret\"\n", &[&url], &[]);
    both.exits(2)
        .says("haul: haul.toml:1: the argument user cannot be used with bearer\n")
        .never_says("s3cret");
}

#[test]
fn one_line_tells_which_option_of_the_file_yields_and_to_which() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    let told = |text: &str, typed: &[&str], variables: &[(&str, &str)]| -> Vec<String> {
        let done = with_config(text, &[typed, &["-q", &url]].concat(), variables).exits(0);
        done.stderr.lines().map(str::to_owned).collect()
    };
    let user = "\nuser = \"a:s3cret\"\n";
    assert_eq!(
        told(user, &["--bearer", "t"], &[]),
        ["haul: warning: haul.toml:2: user: it yields to --bearer, which contradicts it"]
    );
    assert_eq!(
        told(user, &[], &[("HAUL_BEARER", "t")]),
        ["haul: warning: haul.toml:2: user: it yields to HAUL_BEARER, which contradicts it"]
    );
    // Another value of the same option, and an option that the file does not give, contradict nothing.
    for (text, typed) in [
        (user, &["-u", "b:c"][..]),
        (user, &["--retry", "0"]),
        ("head = false\n", &["--json", "{}"]),
    ] {
        assert_eq!(told(text, typed, &[]), [""; 0], "{text}");
    }
    let login = "oauth2-url = \"http://h/\"\noauth2-id = \"i\"\noauth2-secret = \"s\"\n";
    assert_eq!(told(login, &["--bearer", "u"], &[]).len(), 1);
    // So do options whose contradiction is told by a later check.
    let pages = "paginate = \"link\"\nmax-pages = 3\n";
    assert_eq!(
        told(pages, &["--max-cost", "9"], &[]),
        ["haul: warning: haul.toml:1: paginate: it yields to --max-cost, which contradicts it"]
    );
    let told = told(
        "max-cost = 9\n",
        &["--paginate-cursor", "/next=cursor"],
        &[],
    );
    assert!(
        told[0].ends_with("max-cost: it yields to --paginate-cursor, which contradicts it"),
        "{told:?}"
    );
}

#[test]
fn a_mistake_names_file_line_and_key_and_shows_no_secret() {
    for (text, says) in [
        (
            "\nmax_time = 3\n",
            "haul.toml:2: unknown key: \"max_time\" (max-time is expected)",
        ),
        (
            "retyr = 3",
            "haul.toml:1: unknown key: \"retyr\" (is retry meant?)",
        ),
        ("m = 3", "unknown key: \"m\" (max-time is expected)"),
        ("timeout = 3", "(haul has -m/--max-time"),
        ("zzyzx = 3", "haul --help"),
        ("url = \"http://h/s3cret\"", "haul urls.txt"),
        ("config = \"x\"", "haul.toml:1: config: a file cannot give"),
        (
            "breaker = \"s3cret\"",
            "haul.toml:1: breaker: true or false is expected",
        ),
        (
            "bearer = true",
            "haul.toml:1: bearer: text or a number is expected",
        ),
        ("bearer = 1979-05-27", "text or a number is expected"),
        (
            "retry = [1, 2]",
            "haul.toml:1: retry: one value is expected",
        ),
        ("[retry]\na = 1", "text or a number is expected"),
        (
            "header = [\"a: b\", []]",
            "a list of texts or numbers is expected",
        ),
        ("verbose = 99", "a number from 0 to 9 is expected"),
        ("a = 1\n\njobs = 0", "haul.toml:1: unknown key"),
        (
            "\n\njobs = 0",
            "haul: haul.toml:3: invalid value '0' for jobs: ",
        ),
        ("user = \"s3cret", "haul.toml:1: not TOML"),
        ("\nuser = s3cret", "haul.toml:2: user: this is a line of"),
        (
            "retry = 1\nretry = 2",
            "haul.toml:2: retry: line 1 has this key already",
        ),
        (
            "header = [\"s3cret\"]",
            "haul.toml:1: header: 'NAME: VALUE' is expected",
        ),
        (
            "url-query = [\"s3cret\"]",
            "haul.toml:1: invalid value '***' for url-query",
        ),
        (
            "base-url = \"s3cret\"\nrate = [\"1/s\", \"2/s\"]",
            "haul.toml:2: rate: there are two rates",
        ),
        (
            "--max-time s3cret",
            "haul.toml:1: --max-time: this is a line of curl's",
        ),
        ("max-time 30", "(haul has max-time = \"..\")"),
        ("header: \"s3cret\"", "(haul has header = [\"..\"])"),
        ("silent", "(haul has silent = true)"),
        ("-o s3cret", "(haul has output = \"..\")"),
        ("--url s3cret", "this is a line of curl's configuration"),
        (
            "output = \"haul.toml\"\noverwrite = true",
            "haul.toml: it would be written by haul.toml:1: output",
        ),
    ] {
        let done = with_config(text, &[UNASKED], &[]).exits(2);
        done.says(says).never_says("s3cret");
    }
    let folder = Folder::new();
    haul(["--config", &folder.at("none"), UNASKED])
        .done()
        .exits(2)
        .says("haul: --config: ");
    let done = haul([UNASKED]).env("HAUL_CONFIG", "no/such").done();
    done.exits(2)
        .says("haul: HAUL_CONFIG: no/such: cannot be read");
}

#[test]
fn a_table_of_a_host_is_a_rule_for_it() {
    let server = Scenario::new()
        .hosts(2)
        .on(
            "/",
            Answer::status(503)
                .times(1)
                .then(Answer::text("").times(99)),
        )
        .start();
    let (one, other) = (server.url_on(0, "/"), server.url_on(1, "/"));
    let host = one.trim_start_matches("http://").trim_end_matches('/');
    let text = format!(
        "retry = 0\nbreaker = true\nheader = [\"X-All: 1\"]\n\
         [host.\"{host}\"]\nretry = 1\nretry-delay = \"1ms\"\nbreaker = false\n\
         header = [\"X-Host: 1\"]\nuser = \"ada:pw\"\nmax-time = 5\njobs-per-host = 1\n\
         rate-per-host = [\"100/s\"]\nburst = 5\nuser-agent = \"ruled\"\n"
    );
    with_config(&text, &[&one], &[]).exits(0);
    let seen = server.last("/");
    let sent = ["x-all", "x-host", "authorization", "user-agent"].map(|name| seen.header(name));
    assert_eq!(
        sent,
        [Some("1"), Some("1"), Some("Basic YWRhOnB3"), Some("ruled")]
    );
    assert_eq!(server.requests(), 2, "the rule's retry");
    with_config(&text, &[&other], &[]).exits(0);
    let seen = server.last("/");
    assert_eq!(
        (seen.header("x-host"), seen.header("authorization")),
        (None, None)
    );
}

#[test]
fn a_mistake_in_a_table_of_a_host_names_its_place() {
    for (text, says) in [
        (
            "[host.\"h\"]\nmax-filesize = \"1M\"",
            "haul.toml:2: max-filesize: no option for a host",
        ),
        (
            "[host.\"h\"]\nretyr = 1",
            "haul.toml:2: unknown key: \"retyr\" (is retry meant?)",
        ),
        (
            "[host.\"h\"]\nretry = \"x\"",
            "haul.toml:2: host \"h\": invalid value 'x'",
        ),
        (
            "[host.\"h\"]\noauth2-param = [\"s3cret\"]",
            "haul.toml:2: host \"h\": invalid value '***'",
        ),
        (
            "[host.\"h\"]\nuser = \"s3cret\"\nbearer = \"x\"",
            "cannot be used with",
        ),
        (
            "[host.\"h\"]\nheader = [\"s3cret\"]",
            "haul.toml:1: host \"h\": -H/--header",
        ),
        (
            "[host.\"h\"]\nheader = [\"X:\"]",
            "cannot be left out for some hosts",
        ),
        ("[host.\"h\"]\nburst = 2", "burst: it needs rate-per-host"),
        ("\n[host.\"a b\"]\nretry = 1", "haul.toml:2: host \"a b\""),
        (
            "[host.api.example.com]\nretry = 1",
            "a name with dots has to stand in quotes",
        ),
        ("host = 3", "haul.toml:1: host: a table for each host"),
        ("host.h = 3", "haul.toml:1: host.h: a table for each host"),
    ] {
        let done = with_config(text, &[UNASKED], &[]).exits(2);
        done.says(says).never_says("s3cret");
    }
}
