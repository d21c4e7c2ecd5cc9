//! Tables that a later run continues.

use super::*;
use crate::record::{RowFormat, Selection};

const NAMES: &[&str] = &[
    #[cfg(feature = "csv")]
    "run.csv",
    "run.tsv",
    #[cfg(feature = "gzip")]
    "run.tsv.gz",
];

fn selected(path: &Path, names: &str) -> Layout {
    let format = RowFormat::by_ending(path).unwrap();
    Layout::rows(format).select(Selection::parse(names).unwrap())
}

fn read(path: &Path) -> String {
    packed::text_of(path)
}

/// Runs the requests that are left, with the outcome that `outcome` makes of each. Returns their URLs.
fn run(
    journal: crate::sink::Journal,
    requests: impl IntoIterator<Item = Request>,
    outcome: impl Fn(u64, Request) -> Outcome,
) -> Vec<String> {
    let todo: Vec<_> = journal.remaining(requests).collect();
    let urls = todo
        .iter()
        .map(|request| request.url().to_owned())
        .collect();
    let mut journal = journal;
    Sink::<Response>::begin(&mut journal).unwrap();
    for (index, request) in todo.into_iter().enumerate() {
        let position = request.index().unwrap_or(index as u64);
        journal.write(&outcome(position, request)).unwrap();
    }
    journal.flush().unwrap();
    urls
}

fn get(n: u64) -> Request {
    Request::get(format!("http://h/{n}"))
}

/// Makes a failure with a line feed and quotes in its message.
fn fails(index: u64, request: Request) -> Outcome {
    let error = crate::Error::new(ErrorType::Connect, "no \"way\",\nat all");
    let mut outcome = sample::connect_timeout(index, request);
    outcome.state = crate::State::Failed(error);
    outcome
}

fn succeeds(index: u64, request: Request) -> Outcome {
    let answer = response(request.url(), 200, "text/plain", b"fine");
    sample::success(index, request, answer)
}

#[test]
fn a_table_goes_on_behind_its_last_row_under_one_title() {
    let dir = Dir::new("table");
    for name in NAMES {
        let path = dir.file(name);
        let journal = crate::sink::Journal::open(&path).unwrap();
        assert_eq!(run(journal, (0..3).map(get), fails).len(), 3);
        let journal = crate::sink::Journal::open(&path).unwrap();
        assert_eq!(journal.found(), 3);
        assert_eq!(
            run(journal, (0..5).map(get), succeeds),
            ["http://h/3", "http://h/4"]
        );
        let title = read(&path);
        let title = title.lines().next().unwrap().replace('\t', ",");
        let columns = Selection::default();
        assert_eq!(title, columns.names().collect::<Vec<_>>().join(","));
        assert_eq!(read(&path).matches("index").count(), 1);
    }
}

#[test]
fn a_table_has_its_title_without_any_outcome() {
    let dir = Dir::new("empty-table");
    for name in NAMES {
        let path = dir.file(name);
        run(crate::sink::Journal::open(&path).unwrap(), [], succeeds);
        run(
            crate::sink::Journal::open(&path).unwrap(),
            [get(0)],
            succeeds,
        );
        assert_eq!(read(&path).lines().count(), 2);
        run(
            crate::sink::Journal::overwrite(&path).unwrap(),
            [get(0)],
            succeeds,
        );
        assert_eq!(read(&path).lines().count(), 2);
    }
}

#[test]
fn failures_of_a_table_are_sent_again_once() {
    let dir = Dir::new("table-failures");
    for name in NAMES {
        for columns in [
            "index,outcome,key,error_msg,error_type,attempts",
            "key,outcome,supersedes,error_type,timestamp",
        ] {
            let path = dir.file(name);
            let _ = fs::remove_file(&path);
            let open = || {
                let journal = crate::sink::Journal::open_with(&path, selected(&path, columns));
                journal.unwrap().retry_failed(true)
            };
            let requests = || [get(1), get(1), get(2)];
            run(open(), requests(), |index, request| match index {
                0 => fails(index, request),
                _ => succeeds(index, request),
            });
            assert_eq!(run(open(), requests(), fails), ["http://h/1"], "{columns}");
            assert_eq!(
                run(open(), requests(), succeeds),
                ["http://h/1"],
                "{columns}"
            );
            assert_eq!(run(open(), requests(), succeeds), [""; 0], "{columns}");
        }
    }
}

#[test]
fn failures_of_a_table_are_sent_again_once_though_the_input_was_edited() {
    let dir = Dir::new("edited-input");
    for name in NAMES {
        let path = dir.file(name);
        let open = || {
            crate::sink::Journal::open(&path)
                .unwrap()
                .retry_failed(true)
        };
        run(open(), [get(1), get(1), get(2)], fails);
        let edited = || [get(8), get(9), get(2), get(1), get(1)];
        let sent = [
            "http://h/8",
            "http://h/9",
            "http://h/2",
            "http://h/1",
            "http://h/1",
        ];
        assert_eq!(run(open(), edited(), succeeds), sent);
        assert_eq!(run(open(), edited(), succeeds), [""; 0]);
        assert_eq!(run(open(), [get(2), get(1)], succeeds), [""; 0]);
        assert_eq!(open().found(), 8, "{name}");
    }
}

#[test]
fn a_row_that_was_torn_is_cut_wherever_it_is_torn() {
    let dir = Dir::new("torn-row");
    for name in NAMES.iter().filter(|name| !name.ends_with(".gz")) {
        let path = dir.file(name);
        run(crate::sink::Journal::open(&path).unwrap(), [get(0)], fails);
        let first = fs::read(&path).unwrap().len();
        run(
            crate::sink::Journal::open(&path).unwrap(),
            [get(0), get(1)],
            fails,
        );
        let whole = fs::read(&path).unwrap();
        for length in 1..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let left = run(
                crate::sink::Journal::open(&path).unwrap(),
                [get(0), get(1)],
                fails,
            );
            assert_eq!(
                read(&path),
                String::from_utf8_lossy(&whole),
                "{name} at {length}"
            );
            // The key is the last field: a row that lacks only its line feed is whole.
            let expected =
                2 - usize::from(length + 1 >= first) - usize::from(length + 1 >= whole.len());
            assert_eq!(left.len(), expected, "{name} at {length}");
        }
    }
}

#[test]
fn a_table_that_cannot_be_continued_is_refused_and_stays() {
    let dir = Dir::new("refused-table");
    let path = dir.file("run.tsv");
    let refused = |text: &str, layout: Layout, said: &str| {
        fs::write(&path, text).unwrap();
        let error = crate::sink::Journal::open_with(&path, layout).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    };
    let any = || Layout::by_ending("run.tsv");
    refused(
        "id\tstatus\n",
        any(),
        "line 1: the file has no column \"key\"",
    );
    refused("a\tb\n", any(), "line 1: it is no title of columns");
    refused("{\"v\":1}", any(), "line 1: it is no title of columns");
    refused(
        "key\tid\n",
        selected(&path, "id,key"),
        "other columns than were selected: key,id",
    );
    refused(
        "key\tid\nx\t1\n",
        any(),
        "line 2: its field \"key\" is no key",
    );
    refused(
        "key\tid\n1\n",
        any(),
        "line 2: it has 1 fields, and the title has 2",
    );
    let keyless = selected(&path, "id,status");
    refused("", keyless, "or CSV or TSV with the column \"key\"");
}

#[cfg(feature = "csv")]
#[test]
fn a_quote_that_is_not_closed_cuts_off_no_whole_rows() {
    let dir = Dir::new("open-quote");
    let path = dir.file("run.csv");
    run(
        crate::sink::Journal::open(&path).unwrap(),
        (0..4).map(get),
        succeeds,
    );
    let text = fs::read_to_string(&path).unwrap();
    let second = text.match_indices('\n').nth(1).unwrap().0 + 1;
    let damaged = format!("{}\"{}", &text[..second], &text[second..]);
    fs::write(&path, &damaged).unwrap();
    let error = crate::sink::Journal::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("line 3: a quote is opened and not closed"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
}

#[cfg(feature = "csv")]
#[test]
fn a_quote_that_is_not_closed_brings_only_some_of_the_rows_into_memory() {
    let dir = Dir::new("long-open-quote");
    let path = dir.file("run.csv");
    run(
        crate::sink::Journal::open(&path).unwrap(),
        (0..2).map(get),
        succeeds,
    );
    let text = fs::read_to_string(&path).unwrap();
    let row = text.lines().last().unwrap();
    let many = format!("{row}\n").repeat((crate::record::LONGEST_LINE / row.len()) * 2);
    // The field is closed again behind all of these rows, where the row has other fields than the title.
    fs::write(&path, format!("{text}\"{many}\"\n{row}\n")).unwrap();
    let error = crate::sink::Journal::open(&path).unwrap_err().to_string();
    let expected = "line 4: a quote is opened and not closed";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_row_may_be_longer_than_a_line_of_a_failure_log() {
    let dir = Dir::new("long-row");
    for name in NAMES {
        let path = dir.file(name);
        let columns = "index,outcome,body,key";
        let open = || crate::sink::Journal::open_with(&path, selected(&path, columns)).unwrap();
        let journal = open().records(RecordOptions::new().body_limit(usize::MAX));
        let long = |index, request: Request| {
            let body = format!("{:1000}\n", "a line").repeat(crate::record::LONGEST_LINE / 1000);
            let answer = response(request.url(), 200, "text/plain", body.as_bytes());
            sample::success(index, request, answer)
        };
        run(journal, [get(0)], long);
        assert_eq!(open().found(), 1, "{name}");
        assert_eq!(run(open(), [get(0), get(1)], succeeds), ["http://h/1"]);
    }
}

#[test]
fn failures_cannot_be_sent_again_without_the_columns_that_tell_them() {
    let dir = Dir::new("no-outcome");
    let path = dir.file("run.tsv");
    for columns in [
        "key,outcome",
        "key,error_type,attempts,index",
        "key,outcome,attempts,index",
        "key,outcome,error_type,index",
        "key,outcome,error_type,timestamp",
    ] {
        let journal = crate::sink::Journal::open_with(&path, selected(&path, columns)).unwrap();
        let mut journal = journal.retry_failed(true);
        let error = Sink::<Response>::begin(&mut journal)
            .unwrap_err()
            .to_string();
        let needed = "\"outcome\", \"error_type\", \"attempts\" or \"timestamp\", and \"supersedes\" or \"index\"";
        assert!(error.contains(needed), "{columns}: {error}");
        drop(journal);
        let _ = fs::remove_file(&path);
    }
}
