//! Requests of the rows of a table.

use std::io::BufRead;

use super::super::entry::{EntryRead, TextKind};
use super::super::{InputFormat, InputOptions, InvalidInput};
use super::results::{self, ResultColumns};
use super::row::{ColumnUses, Row};
use super::rows::RowReader;

/// Table whose rows are requests.
pub(in super::super) struct Table {
    rows: RowReader,
    uses: RowUses,
    format: InputFormat,
    /// True if the text of a row is an object of all its cells.
    whole_rows: bool,
}

/// Ways in which a row becomes a request.
enum RowUses {
    Request(ColumnUses),
    /// The row is a result of an earlier run.
    Result(ResultColumns),
}

impl RowUses {
    fn request(&mut self, row: &Row) -> String {
        match self {
            RowUses::Request(uses) => uses.request(row),
            RowUses::Result(columns) => columns.record(row),
        }
    }
}

impl Table {
    pub(in super::super) fn open(
        from: Box<dyn BufRead + Send>,
        delimiter: u8,
        format: InputFormat,
        options: &InputOptions,
    ) -> Result<Table, InvalidInput> {
        let delimiter = match format {
            InputFormat::Tsv => b'\t',
            _ => delimiter,
        };
        let rows = RowReader::new(from, delimiter, format)?;
        let (columns, id) = (rows.columns(), options.id_column.as_deref());
        let url = options.url_column.as_deref();
        let uses = match &options.template {
            Some(template) => RowUses::Request(ColumnUses::beside(template, columns, id, format)?),
            None => {
                let uses = ColumnUses::of(columns, url, id, format)?;
                match url.is_none() && results::are_columns_of(columns) {
                    true => RowUses::Result(ResultColumns::of(columns, id)),
                    false => RowUses::Request(uses),
                }
            }
        };
        Ok(Table {
            rows,
            uses,
            format,
            whole_rows: options.template.is_some(),
        })
    }

    pub(in super::super) fn columns(&self) -> &[String] {
        self.rows.columns()
    }

    /// Reads the next row. The text becomes its request, or its cells if it is none.
    pub(in super::super) fn next_entry(&mut self, text: &mut Vec<u8>) -> Option<EntryRead> {
        text.clear();
        let mut row_keys = None;
        let (line, wrong) = match self.rows.next_row()? {
            Ok(row) => {
                let json = match self.whole_rows {
                    true => {
                        row_keys = Some(self.uses.request(&row));
                        row.to_object()
                    }
                    false => self.uses.request(&row),
                };
                text.extend_from_slice(json.as_bytes());
                (row.line(), None)
            }
            Err(wrong) => {
                text.extend_from_slice(wrong.cells().as_bytes());
                (wrong.line(), Some(wrong.placed(self.format)))
            }
        };
        Some(EntryRead {
            row_keys,
            ..EntryRead::new(line, wrong, TextKind::Made)
        })
    }
}
