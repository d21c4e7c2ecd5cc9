//! Requests of the rows of a table.

use std::io::BufRead;

use super::super::reader::{EntryRead, TextKind};
use super::super::{InputFormat, InputOptions, InvalidInput};
use super::row::ColumnUses;
use super::rows::RowReader;

/// Table whose rows are requests.
pub(in super::super) struct Table {
    rows: RowReader,
    /// Uses of the columns. `None`: each row is an object of all its cells.
    uses: Option<ColumnUses>,
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
        let uses = match options.whole_rows {
            true => None,
            false => Some(ColumnUses::of(
                rows.columns(),
                options.url_column.as_deref(),
                options.id_column.as_deref(),
                format,
            )?),
        };
        Ok(Table { rows, uses })
    }

    pub(in super::super) fn columns(&self) -> &[String] {
        self.rows.columns()
    }

    /// Reads the next row. The text becomes its request, or its cells if it is none.
    pub(in super::super) fn next_entry(&mut self, text: &mut Vec<u8>) -> Option<EntryRead> {
        text.clear();
        let (line, wrong) = match self.rows.next_row()? {
            Ok(row) => {
                let json = match &self.uses {
                    Some(uses) => uses.request(&row),
                    None => row.to_object(),
                };
                text.extend_from_slice(json.as_bytes());
                (row.line(), None)
            }
            Err(wrong) => {
                text.extend_from_slice(wrong.cells().as_bytes());
                (wrong.line(), Some(wrong.mistake().clone()))
            }
        };
        Some(EntryRead::new(line, wrong, TextKind::Made))
    }
}
