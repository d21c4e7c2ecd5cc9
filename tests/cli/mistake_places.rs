//! Places of mistakes in lists: file, format, line and column.

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

/// Runs over a list and asserts that these messages come, each for its line.
#[track_caller]
fn says(list: (&str, &str), given: &[&str], expected: &[(u64, &str)]) {
    let folder = Folder::new();
    let path = folder.file(list.0, list.1);
    for dry in [&["--retry", "0"][..], &["--dry-run"]] {
        let done = haul(dry).and(given).and([&path]).done().exits(1);
        for (line, text) in expected {
            done.stderr
                .lines()
                .find(|said| {
                    said.starts_with(&format!("haul: {path}:{line}: ")) && said.ends_with(text)
                })
                .unwrap_or_else(|| panic!("{line} {text}: {}", done.stderr));
        }
    }
}

#[test]
fn a_mistake_names_format_line_and_column() {
    let object = json!({"url": "http://h/", "retry": "x"});
    says(
        (
            "list",
            &format!("{object}\n{{\"url\":\"http://h:x/\"}}\n{{\"url\":\"http://h/\"\n"),
        ),
        &[],
        &[
            (1, "(JSON Lines, column 10)"),
            (2, "(JSON Lines, at byte 10 of the URL)"),
            (3, "(JSON Lines, column 18)"),
        ],
    );
    says(
        ("list", "http://h:x/\nexample\nhttp://h/ more\n"),
        &[],
        &[
            (1, "(URLs, column 10)"),
            (2, "(URLs, column 1)"),
            (3, "(URLs, column 11)"),
        ],
    );
    says(
        (
            "list",
            "[{\"url\":5},\n \"http://h:x/\",\n {\"url\":\n  7}]",
        ),
        &[],
        &[
            (1, "(JSON, column 9)"),
            (2, "(JSON, at byte 10 of the URL)"),
            (3, "(JSON, line 4, column 3)"),
        ],
    );
    says(
        (
            "list",
            "<?xml version='1.0'?>\n<urlset>\n<url><loc>ftp://h/</loc></url></urlset>",
        ),
        &[],
        &[(3, "(a sitemap, at byte 1 of the URL)")],
    );
}

#[test]
fn a_row_whose_request_is_bad_names_the_column() {
    let table = "id,url,method,header:x-own,param:q\n\
        1,http://h:x/,,,\n2,http://h/,GE T,,\n3,http://h/,,\"a\u{1}\",\n4,,,,\n5,http://h/\n";
    let expected = [
        (2, "(CSV, column 2, at byte 10 of the URL)"),
        (3, "(CSV, column 3)"),
        (4, "(CSV, column 4)"),
        (5, "(CSV, column 2)"),
    ];
    says(("list.csv", table), &[], &expected);
    let tabs = table.replace(',', "\t");
    let expected = expected.map(|(line, text)| (line, text.replace("CSV", "TSV")));
    let expected: Vec<(u64, &str)> = expected
        .iter()
        .map(|(line, text)| (*line, &**text))
        .collect();
    says(("list.tsv", &tabs), &[], &expected);
    says(
        ("list.csv", "link,n\nhttp://h:x/,1\n"),
        &["--url-column", "LINK"],
        &[(2, "(CSV, column 1, at byte 10 of the URL)")],
    );
    says(
        ("list.csv", "n,sku\n1,..\n"),
        &["--url-template", "http://h/{sku}/x"],
        &[(2, "\"sku\" (CSV, column 2)")],
    );
}

#[test]
fn a_line_without_a_value_lists_its_keys() {
    let given = ["--url-template", "http://h/{sku}", "--secret", "pin"];
    says(
        (
            "list",
            "{\"skuu\":1,\"b\":{}}\n{}\n{\"pin\":\"sesame\",\"sesame\":1}\n\"text\"\n",
        ),
        &given,
        &[
            (1, "(its keys are \"skuu\", \"b\"): \"sku\" (JSON Lines)"),
            (2, "(it has no keys): \"sku\" (JSON Lines)"),
            (
                4,
                "(it is text, of which only {line} is a value): \"sku\" (JSON Lines)",
            ),
        ],
    );
    let many: String = (0..50).map(|n| format!("\"k{n}\":1,")).collect();
    let line = format!("{{{many}\"last\":1}}\n");
    says(
        ("list", &line),
        &given,
        &[(1, "\"k10\", \"k11\", ...): \"sku\" (JSON Lines)")],
    );
    // The name of a key may be a secret of the line.
    let line = "{\"token\":\"sesame\",\"sesame\":1}\n";
    let template = json!({"url": "http://h/{sku}", "headers": {"Authorization": "{token}"}});
    let folder = Folder::new();
    let template = folder.file("request.json", template.to_string());
    let list = folder.file("list", line);
    haul(["--template", &template, &list])
        .done()
        .exits(1)
        .says("its keys are \"token\", \"***\"")
        .never_says("sesame");
}

#[test]
fn lists_of_several_formats_are_told_apart() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let lines = folder.file("a", "http://h:x/\n");
    let table = folder.file("b.csv", "n,url\n1,http://h:x/\n");
    let done = haul([&lines, &table, "-"])
        .input(format!("{{\"url\":7}}\n{}\n", server.url("/")))
        .done()
        .exits(1);
    let done = done
        .says("/a:1: the port is no number between 1 and 65535: \"http://***\" (URLs, column 10)");
    done.says("/b.csv:2: the port is no number between 1 and 65535: \"http://***\" (CSV, column 2, at byte 10 of the URL)")
        .says("stdin:1: url: text is expected, not a number (JSON Lines, column 8)");
}
