//! Rule about test vectors: each row of the tables in `tests/vectors/` is named by a test, and each row that the name of
//! a test refers to stands in a table. `tests/vectors/README.md` says how rows and tests are named.

use std::collections::BTreeMap;
use std::path::Path;

/// Paths and texts of the tables.
pub(crate) fn tables(root: &Path) -> Vec<(String, String)> {
    let folder = root.join("tests/vectors");
    let entries = std::fs::read_dir(folder).expect("a folder of tables");
    let mut tables: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry of that folder").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            (format!("tests/vectors/{name}"), text)
        })
        .collect();
    tables.sort();
    tables
}

/// Rows without a test, rows with the number of another, and names of tests that refer to no row.
pub(crate) fn unmatched(tables: &[(String, String)], sources: &[(String, String)]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut rows = BTreeMap::new();
    for (place, row) in tables.iter().flat_map(|(path, text)| rows_of(path, text)) {
        if let Some(first) = rows.get(&row) {
            complaints.push(format!("{place}: row {row} stands at {first} too"));
        } else {
            rows.insert(row, place);
        }
    }
    let mut without_test = rows.clone();
    for (place, name) in sources.iter().flat_map(|(path, text)| tests_of(path, text)) {
        for row in rows_named(name) {
            without_test.remove(&row);
            if !rows.contains_key(&row) {
                complaints.push(format!(
                    "{place}: {name} refers to row {row}, which no table in tests/vectors has"
                ));
            }
        }
    }
    complaints.extend(
        without_test
            .iter()
            .map(|(row, place)| format!("{place}: no test has row {row} in its name")),
    );
    complaints
}

/// Places and numbers of the rows of a file. The number is the first cell: digits, with or without a letter in front.
fn rows_of<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = (String, String)> + 'a {
    (1..).zip(text.lines()).filter_map(move |(line, text)| {
        let cell = text.strip_prefix('|')?.split('|').next()?.trim();
        let digits = cell.trim_start_matches(|c: char| c.is_ascii_uppercase());
        let is_number = cell.len() - digits.len() <= 1 && number(digits).is_some();
        is_number.then(|| (format!("{path}:{line}"), cell.to_owned()))
    })
}

/// Places and names of the tests of a file.
fn tests_of<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = (String, &'a str)> {
    let mut is_test = false;
    (1..).zip(text.lines()).filter_map(move |(line, text)| {
        let text = text.trim_start();
        is_test |= text.starts_with("#[test]");
        let name = text.strip_prefix("fn ")?.split(['(', '<']).next()?;
        std::mem::take(&mut is_test).then(|| (format!("{path}:{line}"), name))
    })
}

/// Numbers of the rows with which the name of a test begins: `vector_8_...`, `vectors_18_to_20_and_24_...`, `v4_...`,
/// `f1_to_f3_...`.
fn rows_named(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let (letter, mut at) = match words[0] {
        "vector" | "vectors" => ("", 1),
        word => (word.get(..1).unwrap_or_default(), 0),
    };
    let row = |at: usize| number(words.get(at)?.strip_prefix(letter)?);
    let mut rows: Vec<u32> = Vec::new();
    while let Some(first) = row(at) {
        let is_range = words.get(at + 1) == Some(&"to");
        let last = row(at + 2).filter(|_| is_range);
        rows.extend(first..=last.unwrap_or(first));
        at += if last.is_some() { 3 } else { 1 };
        at += usize::from(words.get(at) == Some(&"and"));
    }
    let letter = letter.to_uppercase();
    rows.iter().map(|row| format!("{letter}{row}")).collect()
}

fn number(digits: &str) -> Option<u32> {
    let only_digits = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| only_digits)
}
