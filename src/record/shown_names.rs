//! Names of columns and keys in messages.

/// Upper bound for the number of names that a message shows.
const MOST: usize = 12;

/// Upper bound for the length of a name that is shown, in characters.
const LONGEST: usize = 60;

/// Returns the first few names for a message.
pub(super) fn shown_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut names = names.into_iter();
    let shown = names.by_ref().take(MOST).map(|name| {
        let name = name.as_ref();
        match name.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{:?}", format!("{}...", &name[..end])),
            None => format!("{name:?}"),
        }
    });
    let mut shown: Vec<String> = shown.collect();
    if names.next().is_some() {
        shown.push("...".to_owned());
    }
    shown.join(", ")
}
