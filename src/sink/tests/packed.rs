//! Compressed files: members of their own, torn ones, and foreign ones.

use super::*;
use crate::sink::packing::Packing;
use crate::sink::stored::StoredForm;

/// Returns the content of a file, decompressed as its name tells.
pub(super) fn text_of(path: &Path) -> String {
    let (file, form) = (fs::File::open(path).unwrap(), form_of(path));
    let (mut rows, mut row, mut text) = (form.rows(&file).unwrap(), Vec::new(), String::new());
    while rows.next(&mut row).unwrap().is_some() {
        text += std::str::from_utf8(&row).unwrap();
    }
    text
}

fn form_of(path: &Path) -> StoredForm {
    StoredForm {
        packing: Packing::by_ending(path).unwrap(),
        quoted: false,
    }
}

const NAMES: &[&str] = &[
    #[cfg(feature = "gzip")]
    "run.jsonl.gz",
    #[cfg(feature = "zstd")]
    "run.jsonl.zst",
];

fn member(path: &Path, text: &str) -> Vec<u8> {
    let mut member = Vec::new();
    let coder = form_of(path).packing.coder().unwrap();
    coder.pack(text.as_bytes(), &mut member).unwrap();
    member
}

/// Writes outcomes of these positions, each in a member of its own.
fn write_each(path: &Path, indices: std::ops::Range<u64>) {
    let journal = crate::sink::Journal::open(path).unwrap();
    let todo: Vec<_> = journal.remaining(indices.clone().map(url)).collect();
    let mut journal = journal;
    Sink::<Response>::begin(&mut journal).unwrap();
    for (index, request) in indices.zip(todo) {
        let answer = response(request.url(), 200, "text/plain", b"fine");
        let outcome = sample::success(index, request, answer);
        journal.write(&outcome).unwrap();
        Sink::<Response>::idle(&mut journal).unwrap();
    }
    journal.flush().unwrap();
}

fn url(index: u64) -> String {
    format!("http://h/{index}")
}

#[test]
fn each_flush_is_a_member_that_can_be_read_by_itself() {
    let dir = Dir::new("members");
    for name in NAMES {
        let path = dir.file(name);
        write_each(&path, 0..3);
        assert_eq!(indices(&text_of(&path)), [0, 1, 2]);
        let bytes = fs::read(&path).unwrap();
        let single = member(&path, text_of(&path).split_inclusive('\n').next().unwrap());
        assert_eq!(bytes[..single.len()], single);
    }
}

#[test]
fn a_torn_last_member_is_cut_wherever_it_is_torn() {
    let dir = Dir::new("torn-member");
    for name in NAMES {
        let path = dir.file(name);
        write_each(&path, 0..1);
        let first = fs::read(&path).unwrap().len();
        write_each(&path, 0..2);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            for zeros in [0, 7] {
                let mut torn = whole[..length].to_vec();
                torn.resize(length + zeros, 0);
                fs::write(&path, &torn).unwrap();
                let found = crate::sink::Journal::open(&path).map(|journal| journal.found());
                // The last bytes of a member may be zeros.
                let is_kept = |end: &usize| torn.starts_with(&whole[..*end]);
                let ends = [first, whole.len()].into_iter().filter(is_kept);
                let kept: Vec<usize> = ends.collect();
                assert_eq!(
                    found.unwrap(),
                    kept.len() as u64,
                    "{name}: {length} bytes, {zeros} zeros"
                );
                let end = kept.last().copied().unwrap_or_default();
                assert_eq!(fs::read(&path).unwrap(), whole[..end]);
            }
        }
        write_each(&path, 0..4);
        assert_eq!(indices(&text_of(&path)), [0, 1, 2, 3]);
    }
}

#[test]
fn lines_that_are_appended_behind_a_torn_member_can_be_read() {
    let dir = Dir::new("append-torn");
    for name in NAMES {
        let path = dir.file(name);
        write_each(&path, 0..2);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let mut lines = JsonLines::append(&path).unwrap();
        let other = JsonLines::append(&path).unwrap();
        lines.write(&success(7)).unwrap();
        lines.flush().unwrap();
        drop((lines, other));
        assert_eq!(indices(&text_of(&path)), [0, 7], "{name}");
        let mut bytes = fs::read(&path).unwrap();
        bytes[15] ^= 0xff;
        fs::write(&path, &bytes).unwrap();
        let error = JsonLines::append(&path).unwrap_err().to_string();
        assert!(error.contains("damaged behind byte 0: "), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_file_of_another_program_is_continued() {
    let dir = Dir::new("foreign");
    for name in NAMES {
        let path = dir.file(name);
        write_each(&path, 0..5);
        let text = text_of(&path);
        // Members may end anywhere, and the last line feed may be missing.
        let (one, other) = text.trim_end().split_at(text.len() / 3);
        fs::write(&path, [member(&path, one), member(&path, other)].concat()).unwrap();
        assert_eq!(crate::sink::Journal::open(&path).unwrap().found(), 5);
        write_each(&path, 0..6);
        assert_eq!(text_of(&path).lines().count(), 6);
        assert_eq!(crate::sink::Journal::open(&path).unwrap().found(), 6);
    }
}

#[test]
fn a_large_member_of_another_program_is_not_cut_off() {
    let dir = Dir::new("foreign-torn");
    for name in NAMES {
        let path = dir.file(name);
        write_each(&path, 0..1);
        let line = text_of(&path);
        let mut random = fastrand::Rng::with_seed(1);
        let many: String = (0..1000)
            .map(|_| line.replace("fine", &random.u64(..).to_string()))
            .collect();
        let mut bytes = member(&path, &many);
        bytes.truncate(bytes.len() - 5);
        fs::write(&path, &bytes).unwrap();
        let error = crate::sink::Journal::open(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let error = error.to_string();
        assert!(
            error.contains("a member that haul did not write, at byte 0 ("),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn damage_before_the_last_member_is_an_error_that_names_its_place() {
    let dir = Dir::new("damaged");
    for name in NAMES {
        let path = dir.file(name);
        write_each(&path, 0..1);
        let first = fs::read(&path).unwrap().len();
        write_each(&path, 0..2);
        let second = fs::read(&path).unwrap().len();
        write_each(&path, 0..6);
        let whole = fs::read(&path).unwrap();
        for at in first..second {
            let mut bytes = whole.clone();
            bytes[at] ^= [0x01, 0x10, 0xff][at % 3];
            fs::write(&path, &bytes).unwrap();
            // A bit may mean nothing, as the time in the head of a member does.
            let Err(error) = crate::sink::Journal::open(&path) else {
                assert_eq!(fs::read(&path).unwrap(), bytes, "{name}: byte {at}");
                assert_eq!(indices(&text_of(&path)), [0, 1, 2, 3, 4, 5]);
                continue;
            };
            let error = error.to_string();
            let place = format!("damaged behind byte {first}: ");
            assert!(error.contains(&place), "{name}: byte {at}: {error}");
            assert_eq!(fs::read(&path).unwrap(), bytes, "{name}: byte {at}");
        }
    }
}

#[test]
fn a_last_member_with_damage_and_without_zeros_behind_it_is_not_cut_off() {
    let dir = Dir::new("damaged-last");
    for name in NAMES {
        let path = dir.file(name);
        write_each(&path, 0..1);
        let first = fs::read(&path).unwrap().len();
        write_each(&path, 0..2);
        let mut bytes = fs::read(&path).unwrap();
        // The last byte but seven belongs to the checksum of gzip; zstd's is in the last four.
        let checksum = bytes.len() - if name.ends_with("gz") { 8 } else { 2 };
        bytes[checksum] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = crate::sink::Journal::open(&path).unwrap_err().to_string();
        let place = format!("damaged behind byte {first}: ");
        assert!(error.contains(&place), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_member_that_found_no_room_is_written_once_and_whole_later() {
    for name in NAMES {
        for cut in [true, false] {
            let dir = Dir::new("no-room");
            let path = dir.file(name);
            let mut faults = faulty::Faults::full(2, 3);
            (faults.short, faults.uncut) = (true, !cut);
            let opened = faulty::Faulty::opened(&Arc::new(faults));
            let mut journal =
                crate::sink::Journal::open_as(&path, Layout::records(), opened, None).unwrap();
            let mut failed = 0;
            for index in 0..4 {
                journal.write(&success(index)).unwrap();
                failed += u64::from(Sink::<Response>::idle(&mut journal).is_err());
            }
            journal.flush().unwrap();
            assert!(failed > 0);
            assert_eq!(Sink::<Response>::written(&journal), Some(4));
            assert_eq!(indices(&text_of(&path)), [0, 1, 2, 3], "{name}, cut {cut}");
        }
    }
}
