//! Figures of reports and comparisons, against those that SQLite computes over the same results.

mod comparison;
mod database;
mod figures;
mod random;
