//! Rule about the beginnings of comments. Doc comments say in plain words what an item is or does; other comments have a
//! subject, too.

/// Words that no comment begins with: they make a reader guess what it is about.
const RIDDLES: &[&str] = &[
    "What", "Whether", "Who", "Whoever", "Where", "Of", "Those", "These", "Such", "Nothing", "It",
    "Its", "How", "Until", "Once",
];

/// Pairs of words that no comment begins with.
const RIDDLING_PAIRS: &[&str] = &["As many", "The same", "So many"];

/// Complaints about comments of a file that begin with a word which does not say what they are about.
pub(crate) fn beginnings(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut before = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        let marker = ["///", "//!", "//"]
            .into_iter()
            .find(|marker| line.starts_with(marker));
        let begins = marker.is_some() && marker != before;
        before = marker;
        let comment = line.trim_start_matches(['/', '!']).trim_start();
        if begins && let Some(words) = riddle(comment) {
            complaints.push(format!(
                "{path}:{number}: a comment begins with a noun phrase or a verb, not with {words:?}"
            ));
        }
    }
    complaints
}

fn riddle(comment: &str) -> Option<&'static str> {
    let word = comment.split(|c: char| !c.is_alphanumeric()).next()?;
    let pair = RIDDLING_PAIRS
        .iter()
        .find(|pair| comment.starts_with(**pair));
    pair.or_else(|| RIDDLES.iter().find(|riddle| **riddle == word))
        .copied()
}
