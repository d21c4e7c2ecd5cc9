//! Inputs of other formats than lines: tables, arrays, sitemaps.

mod format;
mod refusal;
#[cfg(feature = "csv")]
mod row;
#[cfg(feature = "csv")]
mod rows;

pub use format::InputFormat;
pub use refusal::InvalidInput;
#[cfg(feature = "csv")]
pub use row::Row;
#[cfg(feature = "csv")]
pub use rows::{InvalidRow, RowReader};
