//! Accepted statuses as a line writes them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::InvalidLine;
use crate::settings::StatusSet;

/// A status, or a range of them: `404`, `"200..=299"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum StatusCodes {
    One(u16),
    Range(String),
}

/// Returns the set as codes and ranges. Numbers that are no status are left out, since reading refuses them.
pub(super) fn codes_of(set: &StatusSet) -> Vec<StatusCodes> {
    let code = |text: &str| text.parse::<u16>().ok();
    set.to_string()
        .split(',')
        .filter_map(|part| {
            let (from, to) = part.split_once("..=").unwrap_or((part, part));
            let (from, to) = (code(from)?.max(100), code(to)?.min(599));
            match from.cmp(&to) {
                Ordering::Less => Some(StatusCodes::Range(format!("{from}..={to}"))),
                Ordering::Equal => Some(StatusCodes::One(from)),
                Ordering::Greater => None,
            }
        })
        .collect()
}

/// Message for a value that cannot be read as codes.
pub(super) const EXPECTED: &str =
    "accept: a list of statuses and ranges is expected, such as [404, \"200..=299\"]";

pub(super) fn status_set(codes: &[StatusCodes]) -> Result<StatusSet, InvalidLine> {
    if codes.is_empty() {
        return Ok(StatusSet::default());
    }
    let parts: Vec<String> = codes
        .iter()
        .map(|part| match part {
            StatusCodes::One(code) => code.to_string(),
            StatusCodes::Range(range) => range.clone(),
        })
        .collect();
    parts
        .join(",")
        .parse()
        .map_err(|_| InvalidLine::new(EXPECTED))
}
