//! Rows of a table of results, which an earlier run has written.

use std::collections::HashSet;

use super::row::{Object, Row, position};
use crate::record::credentials::UNKNOWN_ORIGIN;

/// Columns that only a table of results has together.
const REQUIRED: [&str; 4] = ["url", "method", "outcome", "key"];

/// Fields of a record that tell its request. The others say how it went.
const USED: [&str; 12] = [
    "id",
    "key",
    "outcome",
    "url",
    "method",
    "final_url",
    "error_type",
    "tag",
    "supersedes",
    "source",
    "page",
    "credentials_for",
];

/// True for the columns of a table of results.
pub(super) fn are_columns_of(columns: &[String]) -> bool {
    REQUIRED
        .iter()
        .all(|name| columns.iter().any(|column| column == name))
}

/// Upper bound for the number of rows without success that are remembered: about 100 MB.
const MOST_ROWS: usize = 1 << 20;

/// Positions of the columns that tell a row's request, and what later rows are compared with.
#[derive(Debug)]
pub(super) struct ResultColumns {
    used: Vec<(&'static str, usize)>,
    /// True if a column tells the hosts that credentials may go to.
    has_origins: bool,
    /// Columns by which a row takes the place of an earlier one. `None`: a column of its own tells it, or nothing does.
    replaces_by: Option<[usize; 2]>,
    /// Values of these columns in the rows without success.
    unsuccessful: HashSet<[Box<str>; 2]>,
}

impl ResultColumns {
    /// Finds the columns. `id`: name of the column with the id, if it is not named so.
    pub(super) fn of(columns: &[String], id: Option<&str>) -> ResultColumns {
        let at = |name: &str| match (name, id) {
            ("id", Some(own)) => position(columns, own),
            _ => columns.iter().position(|column| column == name),
        };
        let used = USED.iter().filter_map(|name| Some((*name, at(name)?)));
        let by_index = at("key").zip(at("index")).map(<[usize; 2]>::from);
        ResultColumns {
            used: used.collect(),
            has_origins: at("credentials_for").is_some(),
            replaces_by: by_index.filter(|_| at("supersedes").is_none()),
            unsuccessful: HashSet::new(),
        }
    }

    /// Returns the row as a record of its result, so that it is read as one of JSON Lines.
    pub(super) fn record(&mut self, row: &Row) -> String {
        let mut record = Object::new();
        record.add_json("v", "1");
        let mut is_success = false;
        for (name, at) in &self.used {
            let text = row.cell(*at);
            is_success |= *name == "outcome" && text == "success";
            match text {
                // The columns without a value in this row have none in its record.
                "" if !REQUIRED.contains(name) => {}
                text if *name == "tag" && text.starts_with(['{', '[']) && is_json(text) => {
                    record.add_json(name, text);
                }
                text if *name == "page" && is_json(text) => record.add_json(name, text),
                "true" if *name == "supersedes" => record.add_json(name, "true"),
                text => record.add(name, text),
            }
        }
        if !self.has_origins {
            record.add("credentials_for", UNKNOWN_ORIGIN);
        }
        if self.replaces_earlier(row, is_success) {
            record.add_json("supersedes", "true");
        }
        record.written().unwrap_or_default()
    }

    /// True if an earlier row without success has the same key and index.
    fn replaces_earlier(&mut self, row: &Row, is_success: bool) -> bool {
        let Some(columns) = self.replaces_by else {
            return false;
        };
        if is_success && self.unsuccessful.is_empty() {
            return false;
        }
        let values = columns.map(|at| row.cell(at).into());
        match is_success {
            true => self.unsuccessful.remove(&values),
            false if self.unsuccessful.len() < MOST_ROWS => !self.unsuccessful.insert(values),
            false => self.unsuccessful.contains(&values),
        }
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
        let mut columns = ResultColumns::of(rows.columns(), None);
        let mut record = || columns.record(&rows.next_row().unwrap().unwrap());
        assert_eq!(
            record(),
            r#"{"v":1,"id":"\"a","key":"k","outcome":"success","url":"http://h/","method":"GET","tag":{"n": 1},"credentials_for":"unknown"}"#
        );
        assert_eq!(
            record(),
            r#"{"v":1,"key":"k","outcome":"failed","url":"http://h/","method":"GET","tag":"{x\ty","credentials_for":"unknown"}"#
        );
    }

    #[test]
    fn tables_that_lack_a_column_are_no_results() {
        let columns = |names: &str| names.split(',').map(str::to_owned).collect::<Vec<_>>();
        assert!(are_columns_of(&columns("key,outcome,method,x,url")));
        assert!(!are_columns_of(&columns("Key,outcome,method,url")));
        assert!(!are_columns_of(&columns("id,url,method,body")));
    }

    #[test]
    fn a_row_takes_the_place_of_an_earlier_one_without_success() {
        let text = "key,index,outcome,url,method,n\n\
                    k,0,failed,http://h/,GET,1\nk,1,rejected,http://h/,GET,2\nk,0,failed,http://h/,GET,3\n\
                    k,0,success,http://h/,GET,4\nk,0,success,http://h/,GET,5\nk,1,success,http://h/,GET,6\n";
        let mut rows = RowReader::csv(Cursor::new(text), b',').unwrap();
        let mut columns = ResultColumns::of(rows.columns(), Some("n"));
        let mut replacing = Vec::new();
        while let Some(row) = rows.next_row() {
            let row = row.unwrap();
            let record = columns.record(&row);
            let n = row.value("n").unwrap();
            assert!(record.contains(&format!("\"id\":\"{n}\"")), "{record}");
            if record.contains(r#""supersedes":true"#) {
                replacing.push(n.to_owned());
            }
        }
        assert_eq!(replacing, ["3", "4", "6"]);
    }
}
