//! Files of a merge: forms, torn ends, and what is refused.

use std::fs;
#[cfg(feature = "gzip")]
use std::io::Write as _;
use std::path::Path;

use haul::Request;
use haul::record::Key;
use haul::sink::{Journal, Merge};
use test_support::Folder;

use super::history::{History, Line, url};

fn refused(history: &History, input: Option<&[u64]>) -> String {
    let error = history.merge(input, 1 << 20).unwrap_err();
    assert!(!error.is_unwritten(), "{error}");
    assert!(!history.output().exists());
    error.to_string()
}

#[test]
fn a_torn_last_line_is_named_and_left_out() {
    let torn = r#"{"v":1,"index":1,"key":"2-"#;
    let history = History::of(&[Line::of(0).text() + "\n" + torn]);
    let report = history.merge(Some(&[0]), 1 << 20).unwrap();
    assert!(report.is_exact());
    let place = &report.torn().first()[0];
    assert_eq!((report.torn().count(), place.line), (1, 2));
    assert_eq!(place.text, "it is torn: the file ends within it");
    assert_eq!(
        fs::read_to_string(history.output()).unwrap(),
        Line::of(0).text() + "\n"
    );
}

#[test]
fn a_last_line_without_its_line_feed_is_a_record() {
    let history = History::of(&[
        Line::of(0).text(),
        Line::of(1).text() + "\0\0\0",
        String::new(),
    ]);
    let report = history.merge(Some(&[0, 1]), 1 << 20).unwrap();
    assert!(report.is_exact());
    assert_eq!(history.merged(), [Line::of(0).text(), Line::of(1).text()]);
}

#[test]
fn the_reason_of_a_torn_line_shows_no_value_of_it() {
    let history = History::of(&[Line::of(0).text() + "\n{\"password\": \"sesame\", \"v\n"]);
    let report = history.merge(None, 1 << 20).unwrap();
    assert!(!report.torn().first()[0].text.contains("sesame"));
}

#[test]
fn results_without_a_record_are_refused() {
    let history = History::of(&["http://h/1\n".to_owned(), String::new()]);
    let message = refused(&history, None);
    assert!(
        message.starts_with("no record is in the results"),
        "{message}"
    );
    assert!(
        message.contains("r-0.jsonl:1: it is no JSON object"),
        "{message}"
    );
}

#[test]
fn a_table_is_refused() {
    for text in ["id,index,url,key\n1,0,http://h/,x\n", "url\tkey\nx\ty\n"] {
        let message = refused(&History::of(&[text.to_owned()]), None);
        assert!(
            message.contains("it is a table, and merge reads JSON Lines"),
            "{message}"
        );
    }
    let folder = Folder::new();
    let table = folder.write("r.csv", "");
    let error = Merge::new()
        .run(&[table], folder.file("all.jsonl"))
        .unwrap_err();
    assert!(error.to_string().contains("it is a table"), "{error}");
}

#[test]
fn a_database_is_refused() {
    let history = History::of(&["SQLite format 3\0 and more".to_owned()]);
    let message = refused(&history, None);
    assert!(
        message.contains("it is a database, and merge reads JSON Lines"),
        "{message}"
    );
}

#[test]
fn keys_of_both_versions_are_refused() {
    let old = Line::of(1).text().replace("\"2-", "\"");
    let history = History::of(&[Line::of(0).text() + "\n", old + "\n"]);
    let message = refused(&history, Some(&[0, 1]));
    assert!(
        message.contains("r-1.jsonl:1: its key is of version 1, and that of"),
        "{message}"
    );
}

#[test]
fn results_with_keys_of_version_1_are_compared_by_the_old_rule() {
    // printf 'GET http://h/0\n' | sha256sum
    let old = r#"{"v":1,"index":0,"key":"52556aeeaba7a0c68e414563c9c2e943","outcome":"success","url":"http://h/0"}"#;
    let folder = Folder::new();
    let path = folder.write("old.jsonl", format!("{old}\n"));
    let report = Merge::new()
        .verify([url(0), url(1)], &[path], folder.file("all.jsonl"))
        .unwrap();
    assert_eq!((report.missing(), report.foreign().count()), (1, 0));
}

#[test]
fn a_file_that_a_run_writes_is_refused() {
    let history = History::of_lines(&[&[Line::of(0)]]);
    let _journal = Journal::open(&history.results[0]).unwrap();
    if cfg!(unix) {
        let message = refused(&history, None);
        assert!(
            message.contains("r-0.jsonl: a run is still writing it"),
            "{message}"
        );
    }
}

#[test]
fn a_missing_file_and_a_directory_are_named() {
    let history = History::of_lines(&[&[Line::of(0)]]);
    let folder = history.folder.path();
    for (path, told) in [
        (folder.join("none"), "none: cannot be read"),
        (folder.to_owned(), "it is a directory"),
    ] {
        let error = Merge::new().run(&[path], history.output()).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn an_output_that_exists_or_is_a_result_is_refused() {
    let history = History::of_lines(&[&[Line::of(0)]]);
    let result = &history.results[0];
    let run = |output: &Path, overwrite| {
        let merge = Merge::new().overwrite(overwrite);
        merge
            .run(&history.results, output)
            .map(drop)
            .map_err(|e| e.to_string())
    };
    let other = history.folder.write("other.jsonl", "x");
    assert!(
        run(&other, false)
            .unwrap_err()
            .ends_with("other.jsonl: it exists")
    );
    assert!(
        run(result, true)
            .unwrap_err()
            .contains("it is read already (results)")
    );
    // The output gets no name that is another file's.
    let beside = history.folder.write("other.jsonl.tmp", "y");
    assert_eq!(fs::read_to_string(&other).unwrap(), "x");
    run(&other, true).unwrap();
    assert_eq!(fs::read_to_string(&beside).unwrap(), "y");
}

#[test]
fn a_folder_of_temporary_files_that_is_gone_leaves_no_output() {
    let lines: Vec<Line> = (0..20_000).map(|n| Line::of(n % 30).at(n)).collect();
    let history = History::of_lines(&[&lines]);
    let gone = history.folder.file("gone");
    let merge = Merge::new().temp_dir(&gone);
    let error = merge.run(&history.results, history.output()).unwrap_err();
    assert!(error.is_unwritten());
    let expected = format!("{}: a temporary file failed: ", gone.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(!history.output().exists());
}

#[test]
fn an_output_in_a_folder_that_is_not_there_is_named() {
    let history = History::of_lines(&[&[Line::of(0)]]);
    let output = history.folder.file("no").join("all.jsonl");
    let error = Merge::new().run(&history.results, &output).unwrap_err();
    assert!(
        error.is_unwritten() && error.to_string().contains("no/all.jsonl"),
        "{error}"
    );
}

#[test]
fn relative_urls_are_compared_with_the_base_url() {
    let key = Key::of(&Request::get("http://h/items/1"));
    let line = format!(
        r#"{{"v":1,"index":0,"key":"{key}","outcome":"success","url":"http://h/items/1"}}"#
    );
    let history = History::of(&[line]);
    let merge = Merge::new().base_url("http://h/items/").overwrite(true);
    let verify = |merge: Merge| {
        merge
            .verify(["1"], &history.results, history.output())
            .unwrap()
    };
    assert!(verify(merge).is_exact());
    assert!(!verify(Merge::new().overwrite(true)).is_exact());
}

#[cfg(feature = "gzip")]
#[test]
fn compressed_results_are_read_and_written() {
    use std::io::Read as _;

    let folder = Folder::new();
    let packed = |text: String| {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(text.as_bytes()).unwrap();
        to.finish().unwrap()
    };
    let mut bytes = packed(Line::of(0).text() + "\n");
    let whole = bytes.len();
    let torn = packed(Line::of(1).text() + "\n");
    bytes.extend_from_slice(&torn[..20]);
    // The name says nothing of the compression.
    let path = folder.write("r.jsonl", bytes);
    let output = folder.file("all.jsonl.gz");
    let report = Merge::new().verify([url(0)], &[path], &output).unwrap();
    assert!(report.is_exact());
    let place = &report.torn().first()[0];
    assert!(
        place
            .text
            .ends_with(&format!("from byte {whole} on has no end")),
        "{}",
        place.text
    );
    let mut text = String::new();
    let mut file = flate2::read::MultiGzDecoder::new(fs::File::open(output).unwrap());
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, Line::of(0).text() + "\n");
}
