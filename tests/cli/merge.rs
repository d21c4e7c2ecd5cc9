//! `haul merge`: results of several runs in one file, compared with their input.

mod hostile;
mod missing;
#[cfg(target_os = "linux")]
mod scale;

use std::fs;

use test_support::{Answer, Server};

use super::command::{Done, Folder, haul};

/// Server whose paths that end with 7 fail.
fn server() -> Server {
    Server::start(|request| match request.path().ends_with('7') {
        true => Answer::status(500),
        false => Answer::text("yes"),
    })
}

/// Writes a list of URLs, and runs its lines in parts. Returns the list and the files of results.
fn run_in_parts(server: &Server, folder: &Folder, lines: u64) -> (String, Vec<String>) {
    let urls: Vec<String> = (0..lines).map(|n| server.url(&format!("/{n}"))).collect();
    let list = folder.at("urls.txt");
    fs::write(&list, urls.join("\n") + "\n").unwrap();
    let run = |(part, urls): (usize, &[String])| {
        let results = folder.at(&format!("r-{part}.jsonl"));
        haul(["-q", "--exit-zero", "--retry", "0", "-o", &results, "-"])
            .input(urls.join("\n"))
            .done()
            .exits(0);
        results
    };
    let parts = urls.chunks(8).enumerate().map(run).collect();
    (list, parts)
}

/// Merges the results with the list as the input.
fn verify(folder: &Folder, list: &str, results: &[String], more: &[&str]) -> Done {
    let all = folder.at("all.jsonl");
    let merge = haul(["merge", "--overwrite", "-o", &all, "--verify", list]);
    merge.and(more).and(results).done()
}

#[test]
fn results_of_parts_are_all_there() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = run_in_parts(&server, &folder, 20);
    haul([
        "-q",
        "--exit-zero",
        "--retry",
        "0",
        "--retry-failed",
        "-o",
        &results[0],
        &list,
    ])
    .done()
    .exits(0);
    let done = verify(&folder, &list, &results[1..], &[]).exits(1);
    assert!(
        done.stdout.contains("missing           8\n"),
        "{}",
        done.stdout
    );
    // The first part was continued with the whole list.
    let done = verify(&folder, &list, &results[..1], &[]).exits(0);
    assert!(
        done.stdout.contains("20 records kept, of 21 in 1 file\n"),
        "{}",
        done.stdout
    );
    assert!(
        done.stdout.contains("replaced          1\n"),
        "{}",
        done.stdout
    );
    let all = fs::read_to_string(folder.at("all.jsonl")).unwrap();
    assert_eq!(all.lines().count(), 20);
}

#[test]
fn missing_lines_are_written_as_they_stand_and_can_be_run() {
    let (server, folder) = (server(), Folder::new());
    let (_, mut results) = run_in_parts(&server, &folder, 10);
    let line = format!(
        r#"{{"url": "{}",  "id": "a", "json": {{"b": 1.0}}}}"#,
        server.url("/x")
    );
    let list = folder.at("more.txt");
    let urls = fs::read_to_string(folder.at("urls.txt")).unwrap();
    fs::write(&list, format!("# a remark\n\n{line}\n{urls}no://url\n")).unwrap();
    let missing = folder.at("missing.txt");
    let done = verify(&folder, &list, &results, &["--missing", &missing]).exits(1);
    let told = format!(
        "missing           2\n    {list}:3: {}\n    {list}:14: ",
        server.url("/x")
    );
    assert!(done.stdout.contains(&told), "{}", done.stdout);
    assert_eq!(
        fs::read_to_string(&missing).unwrap(),
        format!("{line}\nno://url\n")
    );
    let more = folder.at("r-more.jsonl");
    haul(["-qq", "--exit-zero", "-o", &more, &missing])
        .done()
        .exits(0);
    results.push(more);
    verify(&folder, &list, &results, &["--missing", &missing]).exits(0);
    assert_eq!(fs::read_to_string(&missing).unwrap(), "");
}

#[test]
fn the_options_for_requests_are_those_of_the_run() {
    let (server, folder) = (server(), Folder::new());
    let (list, results, base) = (
        folder.at("list.csv"),
        folder.at("r.jsonl"),
        server.url("/a/"),
    );
    fs::write(&list, "sku,id\n1,x\n\"2,3\",y\n").unwrap();
    let options = [
        "--base-url",
        &base,
        "--url-template",
        "{sku}?n=1",
        "-d",
        "body",
        "-X",
        "PUT",
    ];
    haul(["-q", "-o", &results, &list])
        .and(options)
        .done()
        .exits(0);
    let results = [results];
    verify(&folder, &list, &results, &options).exits(0);
    verify(&folder, &list, &results, &options[..6]).exits(1);
    let config = folder.at("haul.toml");
    let text = format!("base-url = \"{base}\"\nrate = 5\noutput = \"x\"\ndata = \"body\"\n");
    fs::write(&config, text).unwrap();
    let of_file = ["--config", &config, "--url-template", "{sku}?n=1"];
    verify(&folder, &list, &results, &of_file).exits(1);
    let all = folder.at("of_variable.jsonl");
    haul(["merge", "-o", &all, "--verify", &list, &results[0]])
        .and(of_file)
        .env("HAUL_REQUEST", "PUT")
        .done()
        .exits(0);
}

#[test]
fn options_that_make_lines_invalid_are_those_of_the_run() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = (folder.at("list"), folder.at("r.jsonl"));
    let other = folder.at("other");
    fs::create_dir(&other).unwrap();
    fs::write(folder.at("body"), "b").unwrap();
    let body = format!(
        r#"{{"url": "{}", "body_file": "{}"}}"#,
        server.url("/b"),
        folder.at("body")
    );
    let no_id = format!(r#"{{"url": "{}"}}"#, server.url("/no-id"));
    fs::write(&list, format!("{body}\n{no_id}\n{}", server.url("/1"))).unwrap();
    let saved = folder.at("saved");
    let runs: [&[&str]; 3] = [
        &["--public-only"],
        &["--public-only", "--allow-files-from", &other],
        &["--output-dir", &saved, "--output-name", "{id}.x"],
    ];
    for options in runs {
        haul([
            "-qq",
            "--exit-zero",
            "--overwrite",
            "--retry",
            "0",
            "-o",
            &results,
        ])
        .and(options)
        .and([&list])
        .done()
        .exits(0);
        verify(&folder, &list, std::slice::from_ref(&results), options).exits(0);
        assert!(!fs::exists(&saved).unwrap() || options.len() == 4);
    }
}

#[test]
fn pages_belong_to_the_lines_of_their_lists() {
    let server = Server::start(|request| match request.query() {
        Some("page=3") => Answer::text("end"),
        Some("page=2") => Answer::text("2").header("Link", "</l?page=3>; rel=\"next\""),
        _ => Answer::text("1").header("Link", "</l?page=2>; rel=\"next\""),
    });
    let folder = Folder::new();
    let (list, results) = (folder.at("lists.txt"), folder.at("r.jsonl"));
    fs::write(&list, server.url("/l") + "\n").unwrap();
    haul(["-q", "--paginate", "link", "-o", &results, &list])
        .done()
        .exits(0);
    let done = verify(&folder, &list, &[results], &[]).exits(0);
    assert!(
        done.stdout.starts_with("3 records kept, of 3"),
        "{}",
        done.stdout
    );
}

#[test]
fn no_secret_is_printed() {
    let (server, folder) = (server(), Folder::new());
    let (list, mut results) = run_in_parts(&server, &folder, 1);
    let secret = server.url("/s?api_key=sesame&a=1");
    fs::write(&list, format!("{secret}\n{}\n", server.url("/0"))).unwrap();
    let done = verify(&folder, &list, &results, &[]).exits(1);
    assert!(done.stdout.contains("api_key=***"), "{}", done.stdout);
    let one = folder.at("one.jsonl");
    haul(["-q", "-o", &one, &secret]).done().exits(0);
    results.push(one);
    let other = folder.at("other.txt");
    fs::write(&other, server.url("/0")).unwrap();
    let foreign = verify(&folder, &other, &results, &[]).exits(1);
    assert!(
        foreign.stdout.contains("foreign           1\n"),
        "{}",
        foreign.stdout
    );
    for done in [done, foreign] {
        assert!(!done.stdout.contains("sesame") && !done.stderr.contains("sesame"));
    }
}

#[test]
fn requests_that_a_killed_run_had_begun_are_told() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = (folder.at("list"), folder.at("r.jsonl"));
    let line = |n: u32| {
        format!(
            r#"{{"url": "{}", "method": "POST"}}"#,
            server.url(&format!("/{n}"))
        )
    };
    fs::write(&list, (0..4).map(|n| line(n) + "\n").collect::<String>()).unwrap();
    haul(["-q", "-o", &results, &list]).done().exits(0);
    let records = folder.records("r.jsonl");
    let intent = |at: usize| format!("{{\"v\":1,\"key\":{}}}\n", records[at]["key"]);
    let kept = format!("{}\n{}\n", records[0], records[1]);
    fs::write(&results, kept).unwrap();
    // The first begun request has its outcome, and the second was never sent.
    let withdrawn = intent(3).replace('}', ",\"withdrawn\":true}");
    let journal = [
        intent(0),
        intent(2),
        intent(3),
        withdrawn,
        intent(3),
        "{\"v\":1,\"ke".into(),
    ];
    let journal = journal.concat();
    fs::write(folder.at("r.jsonl.journal"), &journal).unwrap();
    let all = folder.at("all.jsonl");
    let told = format!(
        "  begun             2\n    {results}: 2 requests were begun and have no outcome (run the shard again with --resume)\n"
    );
    let done = haul(["merge", "--overwrite", "-o", &all, &results, &results]).done();
    assert!(done.exits(0).stdout.ends_with(&told), "the same file twice");
    let done = verify(&folder, &list, std::slice::from_ref(&results), &[]).exits(1);
    assert!(done.stdout.contains("missing           2\n") && done.stdout.ends_with(&told));
    let left = fs::read_to_string(folder.at("r.jsonl.journal")).unwrap();
    assert_eq!(left, journal, "merge changes nothing");
    haul(["-qq", "--resume", "--exit-zero", "-o", &results, &list])
        .done()
        .exits(0);
    let done = verify(&folder, &list, &[results], &[]).exits(0);
    assert!(!done.stdout.contains("begun"), "{}", done.stdout);
}

#[test]
fn quiet_prints_no_counts() {
    let (server, folder) = (server(), Folder::new());
    let (list, results) = run_in_parts(&server, &folder, 1);
    let done = verify(&folder, &list, &results, &["-q"]).exits(0);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""));
}

#[test]
fn a_file_of_this_name_is_given_with_its_folder() {
    let (server, folder) = (server(), Folder::new());
    fs::write(folder.at("merge"), server.url("/1")).unwrap();
    let done = haul(["-q", "./merge"]).current_dir(&folder).done().exits(0);
    assert_eq!(done.results().len(), 1);
    let help = haul(["merge", "--help"]).done().exits(0);
    assert!(
        help.stdout
            .contains("haul merge [OPTIONS] --output <ALL> <RESULTS>...")
    );
}
