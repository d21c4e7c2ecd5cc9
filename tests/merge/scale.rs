//! A list of many requests in little memory, with one outcome too few and one too many.

use std::fmt::Write as _;

use super::history::{History, Line, url};

#[test]
fn one_missing_and_one_doubled_outcome_among_many_are_found_in_parts() {
    let (requests, missing, doubled) = (100_000, 77_777, 4_242);
    let mut files = vec![String::new(); 16];
    for n in (0..requests).filter(|n| *n != missing) {
        writeln!(files[n as usize % 16], "{}", Line::of(n).text()).unwrap();
    }
    writeln!(files[15], "{}", Line::of(doubled).later(1).text()).unwrap();
    let history = History::of(&files);
    let input: Vec<u64> = (0..requests).collect();
    // Parts of 22 KiB are divided again.
    let report = history.merge(Some(&input), 8 << 10).unwrap();
    assert_eq!(report.missing_positions().collect::<Vec<_>>(), [missing]);
    assert_eq!((report.doubled().count(), report.foreign().count()), (1, 0));
    assert_eq!(report.doubled().first()[0].text, url(doubled));
    assert_eq!(report.kept(), requests - 1);
}
