//! Inputs of every format: lines, arrays, tables, sitemaps.

mod bounded;
mod entry;
mod format;
mod kept;
mod line_ends;
mod lines;
mod options;
mod reader;
mod recognize;
mod refusal;
mod sitemap;
mod table;
mod unread;
mod values;

pub use entry::InputEntry;
pub use format::InputFormat;
pub use options::InputOptions;
pub use reader::InputReader;
pub use refusal::InvalidInput;
#[cfg(feature = "csv")]
pub use table::{InvalidRow, Row, RowReader};
