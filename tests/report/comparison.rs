//! Comparisons of two runs.

use haul::report::{Comparison, ReportReader};
use rusqlite::Connection;

use super::random::{self, RandomResult};

fn compared(old: &[RandomResult], new: &[RandomResult]) -> Comparison {
    let read = |results| {
        let mut reader = ReportReader::new().comparable();
        let lines = random::lines(results);
        reader.read("run.jsonl", lines.as_bytes()).unwrap();
        reader
    };
    Comparison::of(read(old), read(new)).unwrap()
}

/// Makes a table of the joined results of two runs.
fn joined(old: &[RandomResult], new: &[RandomResult]) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    for (results, name) in [(old, "of_old"), (new, "of_new")] {
        random::table(results, &database);
        random::standing(&database);
        database
            .execute_batch(&format!(
                "CREATE TABLE {name} AS SELECT *, row_number() OVER (PARTITION BY key ORDER BY idx) AS place
                 FROM standing;
                 DROP TABLE standing; DROP TABLE outcomes;"
            ))
            .unwrap();
    }
    database
        .execute_batch(
            "CREATE TABLE joined AS SELECT a.outcome = 'success' AS was_fine, b.outcome = 'success' AS is_fine,
             a.status AS old_status, b.status AS new_status, a.body AS old_body, b.body AS new_body
             FROM of_old AS a JOIN of_new AS b USING (key, place)",
        )
        .unwrap();
    database
}

#[test]
fn the_differences_are_those_that_sqlite_finds() {
    for seed in 0..5 {
        let (old, new) = (
            random::results(seed, 900),
            random::results(seed + 100, 1_000),
        );
        let (comparison, database) = (compared(&old, &new), joined(&old, &new));
        let count = |condition: &str| -> u64 {
            let query = format!("SELECT count(*) FROM joined WHERE {condition}");
            let count: i64 = database.query_row(&query, [], |row| row.get(0)).unwrap();
            u64::try_from(count).unwrap()
        };
        assert_eq!(comparison.joined(), count("true"), "seed {seed}");
        assert_eq!(
            comparison.newly_failed().count(),
            count("was_fine AND NOT is_fine")
        );
        assert_eq!(
            comparison.mended().count(),
            count("NOT was_fine AND is_fine")
        );
        assert_eq!(
            comparison.still_failing().count(),
            count("NOT was_fine AND NOT is_fine")
        );
        assert_eq!(
            comparison.changed_statuses().count(),
            count("old_status <> new_status")
        );
        let alike = "was_fine AND is_fine AND old_status = new_status";
        assert_eq!(comparison.compared_bodies(), count(alike));
        let changed = format!("{alike} AND old_body <> new_body");
        assert_eq!(comparison.changed_bodies().count(), count(&changed));
    }
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let run = random::results(1, 3_000);
    let comparison = compared(&run, &run);
    assert_eq!(comparison.newly_failed().count(), 0);
    assert_eq!(comparison.mended().count(), 0);
    assert_eq!(comparison.changed_bodies().count(), 0);
    assert_eq!(comparison.latency_changes(), []);
    assert_eq!((comparison.only_old(), comparison.only_new()), (0, (0, 0)));
}

#[test]
fn readers_that_kept_nothing_are_not_compared() {
    let told = Comparison::of(ReportReader::new(), ReportReader::new());
    assert!(told.unwrap_err().to_string().contains("comparable"));
}
