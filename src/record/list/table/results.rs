//! Rows of a table of results, which an earlier run has written.

use super::row::{Object, Row};

/// Columns that only a table of results has together.
const REQUIRED: [&str; 4] = ["url", "method", "outcome", "key"];

/// Fields of a record that tell its request. The others say how it went.
const USED: [&str; 8] = [
    "id",
    "key",
    "outcome",
    "url",
    "method",
    "final_url",
    "error_type",
    "tag",
];

/// True for the columns of a table of results.
pub(super) fn are_columns_of(columns: &[String]) -> bool {
    REQUIRED
        .iter()
        .all(|name| columns.iter().any(|column| column == name))
}

/// Positions of the columns that tell a row's request.
#[derive(Debug)]
pub(super) struct ResultColumns(Vec<(&'static str, usize)>);

impl ResultColumns {
    pub(super) fn of(columns: &[String]) -> ResultColumns {
        let used = USED.iter().filter_map(|name| {
            let at = columns.iter().position(|column| column == name)?;
            Some((*name, at))
        });
        ResultColumns(used.collect())
    }

    /// Returns the row as a record of its result, so that it is read as one of JSON Lines.
    pub(super) fn record(&self, row: &Row) -> String {
        let mut record = Object::new();
        record.add_json("v", "1");
        for (name, at) in &self.0 {
            match row.cell(*at) {
                // The columns without a value in this row have none in its record.
                "" if !REQUIRED.contains(name) => {}
                text if *name == "tag" && text.starts_with(['{', '[']) && is_json(text) => {
                    record.add_json(name, text);
                }
                text => record.add(name, text),
            }
        }
        record.written().unwrap_or_default()
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::RowReader;
    use super::{ResultColumns, are_columns_of};

    #[test]
    fn cells_of_a_result_become_its_record() {
        let text = "id\turl\tstatus\tmethod\toutcome\tkey\ttag\n\
                    \"a\thttp://h/\t200\tGET\tsuccess\tk\t{\"n\": 1}\n\
                    \thttp://h/\t\tGET\tfailed\tk\t{x\\ty\n";
        let mut rows = RowReader::tsv(Cursor::new(text)).unwrap();
        assert!(are_columns_of(rows.columns()));
        let columns = ResultColumns::of(rows.columns());
        let mut record = || columns.record(&rows.next_row().unwrap().unwrap());
        assert_eq!(
            record(),
            r#"{"v":1,"id":"\"a","key":"k","outcome":"success","url":"http://h/","method":"GET","tag":{"n": 1}}"#
        );
        assert_eq!(
            record(),
            r#"{"v":1,"key":"k","outcome":"failed","url":"http://h/","method":"GET","tag":"{x\ty"}"#
        );
    }

    #[test]
    fn tables_that_lack_a_column_are_no_results() {
        let columns = |names: &str| names.split(',').map(str::to_owned).collect::<Vec<_>>();
        assert!(are_columns_of(&columns("key,outcome,method,x,url")));
        assert!(!are_columns_of(&columns("Key,outcome,method,url")));
        assert!(!are_columns_of(&columns("id,url,method,body")));
    }
}
