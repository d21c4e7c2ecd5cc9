//! Places at which a file gave options, for messages.

use std::sync::OnceLock;

/// Options that the file of this process gave, each with `FILE:LINE`.
static GIVEN: OnceLock<Vec<(String, String)>> = OnceLock::new();

/// Keeps the options that the file gave. The arguments are read once, so later calls have no effect.
pub(super) fn set(places: Vec<(String, String)>) {
    let _ = GIVEN.set(places);
}

/// Returns `FILE:LINE` of the option if the file gave it.
pub(super) fn place_of(long: &str) -> Option<&'static str> {
    let given = GIVEN.get()?.iter().find(|(other, _)| other == long);
    given.map(|(_, place)| place.as_str())
}
