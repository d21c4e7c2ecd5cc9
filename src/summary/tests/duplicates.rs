//! Requests that were left out because an equal one came before.

use super::*;

fn with_duplicates(outcomes: &[Outcome], duplicates: u64) -> Summary {
    let mut summary = of(outcomes);
    summary.add_duplicates(duplicates);
    summary
}

#[test]
fn they_add_up_survive_json_and_are_no_part_of_the_total() {
    let mut summary = with_duplicates(&[success(0, 1.0)], 2);
    summary += &with_duplicates(&[success(0, 1.0)], 3);
    assert_eq!((summary.duplicates(), summary.total()), (5, 2));
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["duplicates"], 5);
}

#[test]
fn a_summary_written_before_they_were_counted_has_none() {
    let read: Summary = serde_json::from_str(r#"{"total":1,"succeeded":1}"#).unwrap();
    assert_eq!(read.duplicates(), 0);
}

#[test]
fn the_closing_block_has_a_line_for_them_where_there_are_any() {
    for outcomes in [&mixed()[..], &[success(0, 1.0)], &[]] {
        let text = with_duplicates(outcomes, 1).to_string();
        assert!(
            text.contains("\n  duplicates  1 request left out"),
            "{text}"
        );
        assert!(!of(outcomes).to_string().contains("duplicates"));
    }
}
