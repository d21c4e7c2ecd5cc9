//! Quick and thorough reading of lines.

use super::*;

/// A parser reads each line that the scan takes for a record as the same record.
#[test]
fn the_quick_reading_of_a_line_never_contradicts_the_thorough_one() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let failed = line(&get(0), "failed").replace(
        "}\n",
        ",\"error_type\":\"interrupted\",\"tag\":[{\"a\":\"\\n\"},1e5,null],\"supersedes\":true}\n",
    );
    let whole = [line(&get(0), "success"), failed];
    let mut agreed = 0;
    for round in 0..20_000 {
        let mut bytes = random
            .choice(&whole)
            .unwrap()
            .trim_end()
            .as_bytes()
            .to_vec();
        for _ in 0..random.usize(0..3) {
            let at = random.usize(0..bytes.len());
            match random.u8(0..3) {
                0 => bytes[at] = *random.choice(b"\"\\{}[],:1ntx \0\xff").unwrap(),
                1 => drop(bytes.remove(at)),
                _ => {
                    let end = random.usize(at..bytes.len());
                    bytes.extend_from_within(at..end);
                }
            }
        }
        let Some(quick) = scan::scan(&bytes) else {
            continue;
        };
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        match scan::parse(&bytes) {
            Ok(thorough) => assert_eq!(quick, thorough, "seed {seed}, round {round}: {shown}"),
            // The scan does not check numbers and nested values.
            Err(e) => assert!(!e.is_eof(), "seed {seed}, round {round}: {e}: {shown}"),
        }
        agreed += 1;
    }
    assert!(agreed > 5_000, "{agreed} lines were taken");
}
