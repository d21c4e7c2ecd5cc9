//! Tables: CSV and TSV, in builds that read them.

#[cfg(not(feature = "csv"))]
mod absent;
#[cfg(feature = "csv")]
mod invalid_row;
#[cfg(feature = "csv")]
mod long_rows;
#[cfg(feature = "csv")]
mod pushback;
#[cfg(feature = "csv")]
mod requests;
#[cfg(feature = "csv")]
mod results;
#[cfg(feature = "csv")]
mod row;
#[cfg(feature = "csv")]
mod rows;
#[cfg(feature = "csv")]
mod tsv_quotes;

#[cfg(not(feature = "csv"))]
pub(super) use absent::Table;
#[cfg(feature = "csv")]
pub use invalid_row::InvalidRow;
#[cfg(feature = "csv")]
pub(super) use requests::Table;
#[cfg(feature = "csv")]
pub use row::Row;
#[cfg(feature = "csv")]
pub use rows::RowReader;
