//! Outcomes that stand for requests, and files that are no results.

use std::fs;
use std::path::PathBuf;

use super::{Key, Kind, KnownOutcomes, LeftOut, RecordMark, Request};

fn mark(index: u64, outcome: Kind, supersedes: bool) -> RecordMark {
    RecordMark {
        key: Key::of(&"http://h/".into()),
        index,
        supersedes,
        is_success: outcome == Kind::Success,
        hash: 0,
    }
}

/// Hands in this number of equal requests. Returns for each that is loaded if its outcome is to take the place of another.
fn loaded(mut known: KnownOutcomes, left_out: LeftOut, count: usize) -> Vec<Option<bool>> {
    let mut one = || {
        let request = Request::get("http://h/");
        let missing = known.missing(Key::of(&request), request, left_out)?;
        Some(missing.resumed().is_some_and(|resumed| resumed.supersedes))
    };
    (0..count).map(|_| one()).collect()
}

#[test]
fn each_outcome_stands_for_one_of_equal_requests() {
    let marks = vec![mark(0, Kind::Success, false), mark(1, Kind::Failed, false)];
    let found = loaded(KnownOutcomes::of(marks), LeftOut::Recorded, 3);
    assert_eq!(found, [None, None, Some(false)]);
}

#[test]
fn a_copy_of_a_record_stands_for_no_other_request() {
    let marks = vec![mark(0, Kind::Success, false); 2];
    let found = loaded(KnownOutcomes::of(marks), LeftOut::Recorded, 2);
    assert_eq!(found, [None, Some(false)]);
}

#[test]
fn records_are_counted_and_known_again_without_their_copies() {
    let of = |marks: &[RecordMark]| {
        let known = KnownOutcomes::of(marks.to_vec());
        (known.records(), known.digest())
    };
    let (one, other) = (mark(0, Kind::Failed, true), mark(1, Kind::Failed, true));
    let again = RecordMark { hash: 1, ..one };
    assert_eq!(of(&[one, other]), of(&[other, one, one]));
    assert_eq!(of(&[one, other]).0, 2);
    assert_eq!(of(&[one, other, again]).0, 3);
    assert_ne!(of(&[one]).1, of(&[again]).1);
}

#[test]
fn outcomes_stand_for_requests_again_after_a_rewind() {
    let mut known = KnownOutcomes::of(vec![mark(0, Kind::Success, false)]);
    assert!(!known.has_match());
    for _ in 0..2 {
        let found = [(); 2].map(|()| {
            let request = Request::get("http://h/");
            let missing = known.missing(Key::of(&request), request, LeftOut::Recorded);
            missing.is_some()
        });
        assert_eq!(found, [false, true]);
        known.rewind();
    }
    assert!(known.has_match());
}

#[test]
fn a_failure_is_loaded_again_and_its_outcome_takes_the_place_of_the_first() {
    let marks = vec![mark(0, Kind::Failed, false)];
    let found = loaded(KnownOutcomes::of(marks), LeftOut::Successful, 1);
    assert_eq!(found, [Some(true)]);
}

#[test]
fn a_record_takes_the_place_of_a_failure_in_whichever_order_they_are_read() {
    let (failure, success) = (mark(0, Kind::Failed, false), Kind::Success);
    for index in [0, 7] {
        let mended = mark(index, success, true);
        for marks in [vec![failure, mended], vec![mended, failure]] {
            let found = loaded(KnownOutcomes::of(marks), LeftOut::Successful, 2);
            assert_eq!(found, [None, Some(false)], "{index}");
        }
    }
}

#[test]
fn a_failure_that_took_the_place_of_a_failure_is_one_outcome() {
    for index in [0, 7] {
        let marks = vec![
            mark(0, Kind::Failed, false),
            mark(index, Kind::Failed, true),
        ];
        let found = loaded(KnownOutcomes::of(marks), LeftOut::Recorded, 2);
        assert_eq!(found, [None, Some(false)], "{index}");
    }
}

fn record(url: &str, index: u64) -> String {
    let key = Key::of(&url.into());
    format!(
        "{{\"v\":1,\"index\":{index},\"key\":\"{key}\",\"outcome\":\"success\",\"url\":\"{url}\",\"method\":\"GET\",\"attempts\":1}}\n"
    )
}

/// Reads a file with this content. Returns the number of keys, or the error behind the name of the file.
fn read(content: &[u8]) -> Result<usize, String> {
    let path: PathBuf = std::env::temp_dir().join(format!("haul-{:016x}", fastrand::u64(..)));
    fs::write(&path, content).unwrap();
    let known = KnownOutcomes::read(std::slice::from_ref(&path));
    fs::remove_file(&path).unwrap();
    let name = path.display().to_string();
    let told = |error: crate::fleet::FleetError| error.to_string().replace(&name, "FILE");
    known.map(|known| known.of_keys.len()).map_err(told)
}

#[test]
fn a_torn_last_line_and_an_empty_file_are_no_faults() {
    let (one, two) = (record("http://h/1", 0), record("http://h/2", 1));
    let torn = format!("{one}{}", &two[..30]);
    assert_eq!(read(torn.as_bytes()), Ok(1));
    assert_eq!(read(&two.as_bytes()[..30]), Ok(0));
    assert_eq!(read(format!("{one}{two}\0\0").as_bytes()), Ok(2));
    assert_eq!(read(b""), Ok(0));
}

#[test]
fn a_file_of_something_else_is_refused() {
    let reason = "FILE:1: it is no record of haul (a file that haul wrote with -o is expected)";
    for other in ["http://h/1\n", "http://h/1", "key,outcome\n", "{}\n"] {
        assert_eq!(read(other.as_bytes()), Err(reason.to_owned()), "{other}");
    }
}

#[test]
fn a_line_that_is_no_text_hides_none_of_the_others() {
    let (one, two) = (record("http://h/1", 0), record("http://h/2", 1));
    let content = [one.as_bytes(), b"\xff\xff\n", two.as_bytes()].concat();
    assert_eq!(read(&content), Ok(2));
}

#[cfg(feature = "gzip")]
#[test]
fn broken_compressed_data_are_an_error() {
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write as _;

    let mut coder = GzEncoder::new(Vec::new(), Compression::default());
    let lines: String = (0..2_000)
        .map(|n| record(&format!("http://h/{}", fastrand::u64(n..)), n))
        .collect();
    coder.write_all(lines.as_bytes()).unwrap();
    let mut packed = coder.finish().unwrap();
    let half = packed.len() / 2;
    packed[half..half + 64].fill(0xff);
    let error = read(&packed).unwrap_err();
    assert!(error.contains("broken gzip data"), "{error}");
}
