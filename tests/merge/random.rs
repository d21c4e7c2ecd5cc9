//! Random histories, compared with the rules in memory.

use super::history::{History, Line, url};
use super::model::{Row, merge};

const TORN: [&str; 4] = [
    r#"{"v":1,"index":7,"key":"2-528540e8"#,
    "no record",
    r#"{"v":1,"index":7}"#,
    r#"{"v":2,"key":"2-528540e82974ac2984fc2b5f2594fe2f","outcome":"success"}"#,
];

fn scale() -> u32 {
    let given = std::env::var("HAUL_SCALE")
        .ok()
        .and_then(|n| n.parse().ok());
    given.unwrap_or(1)
}

/// Makes a line; few numbers make it likely that lines meet.
fn line(random: &mut fastrand::Rng, urls: u64) -> Line {
    let n = random.u64(..urls);
    let mut line = Line::of(n).at(random.u64(..3)).later(random.u64(..3));
    line.is_success = random.bool();
    line.supersedes = random.u8(..4) == 0;
    line.page = (n.is_multiple_of(3) && random.bool()).then(|| random.u32(1..4));
    line
}

/// Compares a merge with the rules in memory.
fn check(files: &[Vec<Row>], input: Option<&[u64]>, memory: u64, seed: u64) {
    let text = |rows: &Vec<Row>| rows.iter().map(|row| row.text() + "\n").collect();
    let history = History::of(&files.iter().map(text).collect::<Vec<String>>());
    let rows: Vec<Row> = files.iter().flatten().cloned().collect();
    let expected = merge(&rows, input);
    let told = format!("seed {seed}, memory {memory}, {input:?}");
    if !rows.iter().any(|row| matches!(row, Row::Record(_))) {
        let error = history.merge(input, memory).unwrap_err();
        assert!(!error.is_unwritten(), "{told}: {error}");
        return;
    }
    let report = history.merge(input, memory).unwrap();
    assert_eq!(history.merged(), expected.kept, "{told}");
    assert_eq!(report.kept(), expected.kept.len() as u64, "{told}");
    assert_eq!(report.copies(), expected.copies, "copies: {told}");
    assert_eq!(report.replaced(), expected.replaced, "replaced: {told}");
    assert_eq!(report.torn().count(), expected.torn, "torn: {told}");
    let missing: Vec<u64> = report.missing_positions().collect();
    assert_eq!(missing, expected.missing, "missing: {told}");
    assert_eq!(report.missing(), expected.missing.len() as u64, "{told}");
    let place_of = |row: usize| {
        let (mut file, mut line) = (0, row);
        while line >= files[file].len() {
            line -= files[file].len();
            file += 1;
        }
        (history.results[file].display().to_string(), line as u64 + 1)
    };
    for (lines, rows) in [
        (report.doubled(), &expected.doubled),
        (report.foreign(), &expected.foreign),
    ] {
        assert_eq!(lines.count(), rows.len() as u64, "{told}");
        let places = lines
            .first()
            .iter()
            .map(|line| (line.source.clone(), line.line));
        let expected = rows.iter().take(10).map(|row| place_of(*row));
        assert_eq!(
            places.collect::<Vec<_>>(),
            expected.collect::<Vec<_>>(),
            "{told}"
        );
    }
    let is_exact = [&expected.doubled, &expected.foreign]
        .iter()
        .all(|rows| rows.is_empty());
    assert_eq!(
        report.is_exact(),
        is_exact && expected.missing.is_empty(),
        "{told}"
    );
    let left = history.folder.names();
    assert_eq!(left.len(), files.len() + 1, "{told}: {left:?}");
}

#[test]
fn random_histories_are_merged_by_the_rules() {
    // Each merge brings its output to the disk, which takes most of the time.
    for _ in 0..12 * scale() {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        let urls = random.u64(1..9);
        let mut files: Vec<Vec<Row>> = vec![Vec::new(); random.usize(1..4)];
        let count = files.len();
        for _ in 0..random.usize(..50) {
            let row = match random.u8(..20) {
                0 => Row::Torn(TORN[random.usize(..TORN.len())]),
                // A part of the URLs is in no input.
                _ => Row::Record(line(&mut random, urls + 1)),
            };
            files[random.usize(..count)].push(row);
        }
        let input: Vec<u64> = (0..random.usize(..20))
            .map(|_| random.u64(..urls))
            .collect();
        for memory in [1, 300, 1 << 20] {
            check(&files, Some(&input), memory, seed);
            check(&files, None, memory, seed);
        }
    }
}

#[test]
fn many_outcomes_of_one_request_are_counted_in_little_memory() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let rows = (0..3_000).map(|_| {
        let mut line = line(&mut random, 1);
        line.n = 0;
        Row::Record(line.at(random.u64(..40)).later(random.u64(..40)))
    });
    let files = [rows.collect()];
    let input = vec![0; 700];
    assert_eq!(url(0), "http://h/0");
    for memory in [0, 5_000, 1 << 20] {
        check(&files, Some(&input), memory, seed);
        check(&files, None, memory, seed);
    }
}
