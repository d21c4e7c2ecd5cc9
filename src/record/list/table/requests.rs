//! Requests of the rows of a table.

use std::io::BufRead;

use super::super::entry::{EntryRead, TextKind};
use super::super::{InputFormat, InputOptions, InvalidInput};
use super::row::ColumnUses;
use super::rows::RowReader;

/// Table whose rows are requests.
pub(in super::super) struct Table {
    rows: RowReader,
    uses: ColumnUses,
    /// True if the text of a row is an object of all its cells.
    whole_rows: bool,
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
        let uses = match &options.template {
            Some(template) => ColumnUses::beside(template, columns, id, format)?,
            None => ColumnUses::of(columns, options.url_column.as_deref(), id, format)?,
        };
        Ok(Table {
            rows,
            uses,
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
                    false => row.as_record().unwrap_or_else(|| self.uses.request(&row)),
                };
                text.extend_from_slice(json.as_bytes());
                (row.line(), None)
            }
            Err(wrong) => {
                text.extend_from_slice(wrong.cells().as_bytes());
                (wrong.line(), Some(wrong.mistake().clone()))
            }
        };
        Some(EntryRead {
            row_keys,
            ..EntryRead::new(line, wrong, TextKind::Made)
        })
    }
}
