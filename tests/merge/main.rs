//! Results of several runs in one file: the counting rules, and the files.

mod files;
mod history;
mod model;
mod random;
mod rules;
mod scale;
