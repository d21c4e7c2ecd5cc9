//! Places at which a file gave options, for messages.

use std::sync::OnceLock;

/// Options of the file of this process.
struct GivenByFile {
    /// Options, each with `FILE:LINE`.
    places: Vec<(String, String)>,
    /// Messages about options that yield to others.
    yielded: Vec<String>,
}

static GIVEN: OnceLock<GivenByFile> = OnceLock::new();

/// Keeps the options that the file gave, and the messages about those that yield to others. The arguments are read once,
/// so later calls have no effect.
pub(super) fn set(places: Vec<(String, String)>, yielded: Vec<String>) {
    let _ = GIVEN.set(GivenByFile { places, yielded });
}

/// Returns `FILE:LINE` of the option if the file gave it.
pub(super) fn place_of(long: &str) -> Option<&'static str> {
    let mut places = GIVEN.get()?.places.iter();
    let given = places.find(|(other, _)| other == long);
    given.map(|(_, place)| place.as_str())
}

/// Returns a message about each option of the file that yields to one that was given otherwise.
pub(crate) fn yielded() -> &'static [String] {
    GIVEN.get().map_or(&[], |given| &given.yielded)
}
