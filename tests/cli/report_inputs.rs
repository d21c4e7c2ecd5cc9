//! Inputs of `haul report`: the same one twice, torn ones, and lines of any length.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::command::{Folder, haul};

/// Results with a key of their own.
fn results(from: u32, count: u32) -> String {
    let line = |n: u32| {
        format!(
            "{{\"key\":\"2-{n:032x}\",\"outcome\":\"success\",\"url\":\"http://h/{n}\",\"status\":200,\"attempts\":1,\"elapsed_ms\":{n}}}\n"
        )
    };
    (from..from + count).map(line).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::none());
    coder.write_all(text.as_bytes()).unwrap();
    coder.finish().unwrap()
}

#[test]
fn standard_input_is_given_once() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", results(0, 2));
    for inputs in [
        vec!["--against", "-", "-"],
        vec!["--against", "-"],
        vec!["-", "-"],
        vec!["-", &run, "/dev/stdin"],
    ] {
        let done = haul(["report"]).and(inputs).input(results(0, 2)).done();
        done.exits(2).says("standard input is given twice");
    }
    let done = haul(["report", "--against", "-", &run]).input(results(0, 2));
    done.done().exits(0);
}

#[test]
fn a_file_that_is_given_twice_is_told() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", results(0, 2));
    let link = folder.at("link.jsonl");
    std::os::unix::fs::symlink(&run, &link).unwrap();
    for other in [&run, &link] {
        let done = haul(["report", &run, other]).done().exits(2);
        done.says("it is given twice");
    }
    haul(["report", "--against", &run, &run]).done().exits(0);
}

#[test]
fn a_file_and_its_compressed_form_are_told() {
    let folder = Folder::new();
    let run = folder.file("run.jsonl", results(0, 200));
    let packed = folder.file("run.jsonl.gz", gzip(&results(0, 200)));
    for inputs in [[&run, &packed], [&packed, &run]] {
        let done = haul(["report"]).and(inputs).done().exits(2);
        done.says("give one of them, or their requests count twice");
    }
    // Another run may have written the compressed file.
    fs::write(&packed, gzip(&results(500, 10))).unwrap();
    let done = haul(["report", &run, &packed]).done().exits(0);
    assert!(done.stdout.contains("210 requests"), "{}", done.stdout);
}

#[test]
fn a_comparison_with_a_broken_file_is_of_the_results_before() {
    let folder = Folder::new();
    let whole = folder.file("old.jsonl", results(0, 3_000));
    let mut bytes = gzip(&results(0, 3_000));
    let at = bytes.len() - 8;
    bytes[at] ^= 1;
    let broken = folder.file("new.jsonl.gz", bytes);
    let page = folder.at("page.html");
    for arguments in [[&whole, &broken], [&broken, &whole]] {
        let done = haul(["report", "--overwrite", "--html", &page, "--against"]).and(arguments);
        let done = done.done().exits(2);
        assert!(
            done.stdout.contains(" requests in both runs"),
            "{}",
            done.stdout
        );
        done.says("new.jsonl.gz: cannot be read to its end");
        assert!(folder.read("page.html").contains("id=\"comparison\""));
    }
    let nothing = [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], &[0xff; 5_000]].concat();
    let nothing = folder.file("nothing.gz", nothing);
    let done = haul(["report", "--against", &whole, &nothing])
        .done()
        .exits(2);
    assert_eq!(done.stdout, "");
}

#[test]
fn results_without_a_key_are_told_in_a_comparison() {
    let folder = Folder::new();
    let lines = results(0, 2);
    let empty = lines.replace(&format!("2-{:032x}", 1), "");
    let (old, new) = (
        folder.file("old.jsonl", lines),
        folder.file("new.jsonl", empty),
    );
    let done = haul(["report", "--against", &old, &new]).done().exits(0);
    done.says("1 result has no key, or an empty one, and cannot be compared");
}

#[test]
fn a_condition_that_holds_for_nothing_says_0_per_cent() {
    let done = haul(["report", "--fail-if", "not_done>=0%"]).input(results(0, 3));
    done.done()
        .exits(1)
        .says("not_done>=0% (it is 0 % (0 of 3))");
}

#[test]
fn the_longest_time_is_shown_in_few_digits() {
    let longest = results(0, 8).replace("\"elapsed_ms\":7", "\"elapsed_ms\":18446744073709000");
    let figures = ["report", "--by", "host", "--fail-if", "max>1s"];
    let done = haul(figures).input(longest.clone()).done().exits(1);
    let digits = |text: &str| {
        let runs = text.split(|c: char| !c.is_ascii_digit());
        runs.map(str::len).max().unwrap_or(0)
    };
    assert!(digits(&done.stdout) < 10, "{}", done.stdout);
    assert!(digits(&done.stderr) < 10, "{}", done.stderr);
    for form in ["--markdown", "--html=-"] {
        let done = haul(["report", form])
            .input(longest.clone())
            .done()
            .exits(0);
        let shown = done.stdout.rsplit("</style>").next().unwrap().to_owned();
        assert!(!shown.contains("18446744073709"), "{form}");
        assert!(!shown.contains("18,446"), "{form}");
    }
}

#[test]
fn a_summary_that_cannot_be_made_leaves_no_file() {
    let folder = Folder::new();
    let random = folder.file("random.jsonl", "no results\n");
    let run = folder.file("run.jsonl", results(0, 2));
    let summary = folder.at("summary.json");
    let report = |run: &str| haul(["report", "-q", "--summary-json", &summary, run]).done();
    report(&random).exits(2);
    assert!(!fs::exists(&summary).unwrap());
    report(&run).exits(0);
    assert!(fs::metadata(&summary).unwrap().len() > 0);
}

#[test]
fn a_run_without_results_is_told_where_nothing_can_be_newly_failed() {
    let folder = Folder::new();
    let empty = folder.file("empty.jsonl", "");
    let run = folder.file("run.jsonl", results(0, 2));
    for (old, new, name) in [(&empty, &run, "old"), (&run, &empty, "new")] {
        haul(["report", "--fail-on", "newly-failed", "--against", old, new])
            .done()
            .says(&format!("the {name} run has no results"));
    }
}
