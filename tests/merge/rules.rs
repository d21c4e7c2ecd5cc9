//! The counting rules, one by one.

use super::history::{History, Line};

const MEMORY: u64 = 1 << 20;

fn counts(history: &History, input: Option<&[u64]>) -> [u64; 6] {
    let report = history.merge(input, MEMORY).unwrap();
    [
        report.missing(),
        report.doubled().count(),
        report.foreign().count(),
        report.copies(),
        report.replaced(),
        report.kept(),
    ]
}

#[test]
fn one_outcome_for_each_request_is_exact() {
    let history = History::of_lines(&[&[Line::of(0), Line::of(2)], &[Line::of(1).failed()]]);
    let report = history.merge(Some(&[0, 1, 2]), MEMORY).unwrap();
    assert!(report.is_exact());
    assert_eq!((report.records(), report.requests()), (3, Some(3)));
}

#[test]
fn the_last_of_equal_requests_are_missing() {
    let history = History::of_lines(&[&[Line::of(5)]]);
    let report = history.merge(Some(&[5, 7, 5, 5]), MEMORY).unwrap();
    assert_eq!(report.missing_positions().collect::<Vec<_>>(), [1, 2, 3]);
    assert!(report.is_missing(3) && !report.is_missing(0) && !report.is_missing(900));
}

#[test]
fn the_later_of_two_outcomes_is_doubled() {
    let history = History::of_lines(&[&[Line::of(0).at(9)], &[Line::of(0).at(9).later(4)]]);
    for input in [None, Some(&[0][..])] {
        let report = history.merge(input, MEMORY).unwrap();
        let place = &report.doubled().first()[0];
        assert_eq!(place.source, history.results[1].display().to_string());
        assert_eq!((place.line, place.text.as_str()), (1, "http://h/0"));
        assert_eq!(history.merged(), [Line::of(0).at(9).text()]);
    }
}

#[test]
fn a_success_is_kept_before_an_earlier_failure() {
    let history = History::of_lines(&[&[Line::of(0).failed(), Line::of(0)]]);
    assert_eq!(counts(&history, Some(&[0])), [0, 1, 0, 0, 0, 1]);
    assert_eq!(history.merged(), [Line::of(0).text()]);
}

#[test]
fn outcomes_of_equal_requests_have_indices_of_their_own() {
    let history = History::of_lines(&[&[Line::of(0), Line::of(0).at(1)]]);
    assert_eq!(counts(&history, None), [0, 0, 0, 0, 0, 2]);
    assert_eq!(counts(&history, Some(&[0, 0])), [0, 0, 0, 0, 0, 2]);
    assert_eq!(counts(&history, Some(&[0])), [0, 1, 0, 0, 0, 1]);
}

#[test]
fn an_outcome_of_no_request_is_foreign() {
    let history = History::of_lines(&[&[Line::of(0), Line::of(3)]]);
    assert_eq!(counts(&history, Some(&[0])), [0, 0, 1, 0, 0, 1]);
}

#[test]
fn identical_lines_are_copies_and_no_fault() {
    let history = History::of_lines(&[&[Line::of(0), Line::of(0)], &[Line::of(0)]]);
    for input in [None, Some(&[0][..])] {
        assert_eq!(counts(&history, input), [0, 0, 0, 2, 0, 1]);
    }
}

#[test]
fn a_line_takes_the_place_of_one_in_any_file() {
    let (failed, again) = (Line::of(0).failed(), Line::of(0).at(8).superseding());
    for files in [[&failed, &again], [&again, &failed]] {
        let history = History::of_lines(&files.map(std::slice::from_ref));
        for input in [None, Some(&[0][..])] {
            assert_eq!(counts(&history, input), [0, 0, 0, 0, 1, 1]);
            assert_eq!(history.merged(), [again.text()]);
        }
    }
}

#[test]
fn the_last_of_several_retries_stands() {
    let again = |time| Line::of(0).failed().superseding().later(time);
    let history = History::of_lines(&[&[Line::of(0).failed(), again(1), again(2), again(3)]]);
    assert_eq!(counts(&history, Some(&[0])), [0, 0, 0, 0, 3, 1]);
    assert_eq!(history.merged(), [again(3).text()]);
}

#[test]
fn a_line_does_not_take_its_own_place() {
    let history = History::of_lines(&[&[Line::of(0).failed().superseding()]]);
    assert_eq!(counts(&history, Some(&[0])), [0, 0, 0, 0, 0, 1]);
}

#[test]
fn a_success_is_never_replaced() {
    let history = History::of_lines(&[&[Line::of(0), Line::of(0).superseding()]]);
    assert_eq!(counts(&history, Some(&[0])), [0, 1, 0, 0, 0, 1]);
}

#[test]
fn pages_of_a_list_belong_to_its_request() {
    let pages = [1, 2, 3].map(|page| Line::of(0).page(page));
    let history = History::of_lines(&[&pages, &[Line::of(1)]]);
    assert_eq!(counts(&history, Some(&[0, 1])), [0, 0, 0, 0, 0, 4]);
    assert_eq!(counts(&history, Some(&[1])), [0, 0, 3, 0, 0, 1]);
}

#[test]
fn a_list_without_its_first_page_is_missing() {
    let history = History::of_lines(&[&[Line::of(0).page(2)]]);
    assert_eq!(counts(&history, Some(&[0])), [1, 0, 0, 0, 0, 1]);
}

#[test]
fn a_page_that_was_asked_for_again_replaces_the_first_one() {
    let page = Line::of(0).page(2);
    let again = page.clone().superseding().later(5);
    let history = History::of_lines(&[&[Line::of(0).page(1), page, again.clone()]]);
    for input in [None, Some(&[0][..])] {
        assert_eq!(counts(&history, input), [0, 0, 0, 0, 1, 2]);
        assert_eq!(history.merged()[1], again.text());
    }
}

#[test]
fn the_same_page_of_two_runs_is_doubled() {
    let history = History::of_lines(&[&[Line::of(0).page(2)], &[Line::of(0).page(2).later(1)]]);
    assert_eq!(counts(&history, None), [0, 1, 0, 0, 0, 1]);
}
