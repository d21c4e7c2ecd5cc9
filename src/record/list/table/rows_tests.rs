//! Tests of rows, read from pieces of all sizes.

use std::io::{BufReader, Cursor};

use super::*;

fn reader(text: impl AsRef<[u8]>, step: usize) -> BufReader<Cursor<Vec<u8>>> {
    BufReader::with_capacity(step, Cursor::new(text.as_ref().to_vec()))
}

/// Returns line and cells of each row, or line and reason.
fn rows(text: impl AsRef<[u8]>, step: usize) -> Vec<(u64, Result<Vec<String>, String>)> {
    let mut rows = RowReader::csv(reader(text, step), b',').unwrap();
    let read = std::iter::from_fn(|| {
        Some(match rows.next_row()? {
            Ok(row) => {
                let cells = row.cells().map(|(_, cell)| cell.to_owned());
                (row.line(), Ok(cells.collect()))
            }
            Err(wrong) => (wrong.line(), Err(wrong.mistake().to_string())),
        })
    });
    read.collect()
}

fn cells(cells: &[&str]) -> Result<Vec<String>, String> {
    Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
}

/// True if the reason begins so. Cells are not shown, since they may be long.
fn is_refused(read: &Result<Vec<String>, String>, begin: &str) -> bool {
    read.as_ref().is_err_and(|reason| reason.starts_with(begin))
}

/// Writes cells as RFC 4180 says, quoting more than is needed by chance.
fn written(rows: &[Vec<String>], random: &mut fastrand::Rng) -> String {
    let mut text = String::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            let must = cell.contains([',', '"', '\n', '\r']) || cell.is_empty();
            match must || random.bool() {
                true => text += &format!("\"{}\"", cell.replace('"', "\"\"")),
                false => text += cell,
            }
        }
        text += if random.bool() { "\r\n" } else { "\n" };
    }
    if random.bool() {
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
    }
    text
}

#[test]
fn cells_written_with_quotes_read_back() {
    let mut random = fastrand::Rng::with_seed(4180);
    let letters = ['a', ',', '"', '\n', '\r', ' ', '余', ';', '\t', '\\', '#'];
    for _ in 0..3000 {
        let width = random.usize(1..5);
        let mut table = vec![(0..width).map(|at| format!("c{at}")).collect::<Vec<_>>()];
        for _ in 0..random.usize(0..6) {
            let mut cell = || -> String {
                let length = random.usize(0..6);
                (0..length)
                    .map(|_| *random.choice(&letters).unwrap())
                    .collect()
            };
            let mut row: Vec<String> = (0..width).map(|_| cell()).collect();
            // Rows without any text are skipped.
            row[0].push('x');
            table.push(row);
        }
        let text = written(&table, &mut random);
        let step = random.usize(1..20);
        let read = rows(&text, step);
        let read: Vec<_> = read.into_iter().map(|(_, cells)| cells.unwrap()).collect();
        assert_eq!(read, table[1..], "{text:?}");
    }
}

#[test]
fn the_line_of_a_row_is_the_one_in_which_it_begins() {
    let text = "# a list\r\n\r\nid,url\r\n1,\"a\r\n\r\nb\"\r\n\r\n\n2,c";
    for step in [1, 2, 3, 100] {
        let expected = [(4, cells(&["1", "a\r\n\r\nb"])), (9, cells(&["2", "c"]))];
        assert_eq!(rows(text, step), expected);
    }
}

#[test]
fn a_row_with_another_number_of_cells_spoils_no_other() {
    let read = rows("a,b\n1\n1,2\n1,2,3\n", 2);
    let wrong = |count: &str| Err(format!("the row has {count}, and the header 2"));
    let expected = [
        (2, wrong("1 cell")),
        (3, cells(&["1", "2"])),
        (4, wrong("3 cells")),
    ];
    assert_eq!(read, expected);
}

#[test]
fn a_quote_that_is_never_closed_is_told_with_the_line_where_it_opens() {
    let text = "a,b\n1,2\n\"x\ny\",\"open\n3,4\n5,6\n";
    for step in [1, 4, 100] {
        let read = rows(text, step);
        assert_eq!(read[0], (2, cells(&["1", "2"])));
        assert_eq!(read[1].0, 4);
        assert!(is_refused(&read[1].1, "a quote is never closed"));
        assert_eq!(read.len(), 2);
    }
    assert_eq!(rows("a,b\n1,\"2\"", 3), [(2, cells(&["1", "2"]))]);
}

#[test]
fn a_row_that_is_too_long_takes_no_memory_and_spoils_no_other() {
    let mut text = b"a,b\n1,".to_vec();
    text.resize(text.len() + LONGEST_LINE + 9, b'x');
    let open = [&text[..4], b"1,\"2", &text[6..], b"\n3,4\n"].concat();
    text.extend_from_slice(b"\n3,4\n");
    let read = rows(&text, 1 << 16);
    assert!(is_refused(&read[0].1, "the row is too long"));
    assert_eq!(read[1], (3, cells(&["3", "4"])));
    let read = rows(open, 1 << 16);
    assert!(is_refused(&read[0].1, "a quote is never closed"));
    assert_eq!((read[0].0, read.len()), (2, 1));
    let commas = format!("a,b\n{}\n3,4\n", ",".repeat(MOST_CELLS + 9));
    let read = rows(commas, 1 << 16);
    assert!(is_refused(&read[0].1, "the row is too long"));
    assert_eq!(read[1], (3, cells(&["3", "4"])));
}

#[test]
fn a_quoted_cell_that_is_too_long_spoils_no_other() {
    let long = "x\n".repeat(LONGEST_LINE / 2 + 9);
    let text = format!("a,b\n1,\"{long}\"\"{long}\"\n3,4\n5,\"6");
    let mut rows = RowReader::csv(reader(text, 1 << 16), b',').unwrap();
    let wrong = rows.next_row().unwrap().unwrap_err();
    let reason = "line 2: the row is too long, since a cell is (at most";
    assert!(wrong.to_string().starts_with(reason));
    assert_eq!(wrong.mistake().text(), Some("b"));
    let lines = 2 * (LONGEST_LINE as u64 / 2 + 9);
    let row = rows.next_row().unwrap().unwrap();
    assert_eq!((row.line(), row.value("b")), (lines + 3, Some("4")));
    let wrong = rows.next_row().unwrap().unwrap_err();
    assert_eq!((wrong.line(), rows.next_row().is_none()), (lines + 4, true));
    assert!(wrong.to_string().contains("a quote is never closed"));
}

#[test]
fn a_quote_that_opens_behind_a_cell_that_is_too_long_is_told_with_its_line() {
    let long = "x".repeat(LONGEST_LINE + 9);
    let read = rows(format!("a,b,c\n\"{long}\",\"1\n2\",\"3\n4,5"), 1 << 16);
    assert_eq!((read[0].0, read.len()), (3, 1));
    assert!(is_refused(&read[0].1, "a quote is never closed"));
}

#[test]
fn rows_without_text_are_skipped() {
    assert_eq!(rows("a,b\n,\n  \n1,2\n,,,\n", 3), [(4, cells(&["1", "2"]))]);
}

#[test]
fn a_cell_that_is_not_utf8_names_its_column() {
    let mut rows = RowReader::csv(reader(b"a,b\n1,\xff\n1,2\n", 4), b',').unwrap();
    let wrong = rows.next_row().unwrap().unwrap_err();
    assert_eq!(wrong.to_string(), "line 2: a cell is not UTF-8");
    assert_eq!(wrong.mistake().text(), Some("b"));
    assert!(rows.next_row().unwrap().is_ok());
}

#[test]
fn excel_sets_the_delimiter_in_a_line_of_its_own() {
    for text in ["sep=;\r\na;b\r\n1;2\r\n", "SEP=,\na,b\n1,2\n"] {
        let mut rows = RowReader::csv(reader(text, 3), b',').unwrap();
        assert_eq!(rows.columns(), ["a", "b"]);
        let row = rows.next_row().unwrap().unwrap();
        assert_eq!((row.line(), row.value("b")), (3, Some("2")));
    }
}

#[test]
fn cells_of_tsv_have_escapes_and_quotes() {
    let text = "a\tb\tc\nx\\ty\tC:\\\\dir\\n\t\"p\tq\"\n";
    let mut rows = RowReader::tsv(reader(text, 3)).unwrap();
    let row = rows.next_row().unwrap().unwrap();
    let read: Vec<_> = row.cells().collect();
    assert_eq!(read, [("a", "x\ty"), ("b", "C:\\dir\n"), ("c", "p\tq")]);
}

#[test]
fn a_table_without_a_header_is_refused() {
    for text in ["", "\n\n", "# nothing\n"] {
        let refused = RowReader::csv(reader(text, 3), b',').unwrap_err();
        assert!(
            refused.to_string().contains("it has no header"),
            "{refused}"
        );
    }
    let refused = RowReader::csv(reader("\n\"url", 3), b',').unwrap_err();
    let start = "it is read as CSV, line 2, column 1: a quote is never closed";
    assert!(refused.to_string().starts_with(start), "{refused}");
}

#[test]
fn a_column_is_found_by_its_name_in_any_case() {
    let mut rows = RowReader::csv(reader(" SKU ,sku,Url\n1,2,3\n", 9), b',').unwrap();
    let row = rows.next_row().unwrap().unwrap();
    assert_eq!(row.value("sku"), Some("2"));
    assert_eq!(row.value("SKU"), Some("1"));
    assert_eq!((row.value("URL"), row.value("no")), (Some("3"), None));
}

#[test]
fn random_bytes_never_panic() {
    let mut random = fastrand::Rng::with_seed(30);
    for _ in 0..3000 {
        let length = random.usize(..40);
        let bytes = (0..length).map(|_| *random.choice(b"a,\"\n\r;\xff#\0=sep").unwrap());
        let bytes: Vec<u8> = bytes.collect();
        let Ok(mut rows) = RowReader::csv(reader(bytes, 3), b',') else {
            continue;
        };
        while rows.next_row().is_some() {}
    }
}
