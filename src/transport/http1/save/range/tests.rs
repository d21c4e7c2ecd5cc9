use super::*;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn validators(etag: &str, date: &str) -> Validators {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Validators {
        etag: text(etag),
        last_modified: text(date),
    }
}

fn answer(status: u16, range: &str) -> RangeAnswer {
    RangeAnswer {
        status,
        content_range: Some(range.to_owned()).filter(|range| !range.is_empty()),
        ..RangeAnswer::default()
    }
}

/// Decides about the answer to a request for the bytes from 100 of a file of 300 bytes.
fn from_100(answer: &RangeAnswer) -> RangeStep {
    let validators = validators("\"a\"", DATE);
    let wanted = WantedRange {
        from: 100,
        length: Some(300),
        validators: &validators,
    };
    decide(wanted, answer)
}

const APPEND: RangeStep = RangeStep::Append { length: 300 };

#[test]
fn the_range_that_was_asked_for_is_appended() {
    for range in [
        "bytes 100-299/300",
        "bytes 100-299/*",
        "bytes 100-149/300",
        "BYTES  100-299/300",
        "bytes 100 - 299 / 300",
    ] {
        assert_eq!(from_100(&answer(206, range)), APPEND, "{range}");
    }
}

#[test]
fn a_body_of_another_length_than_its_range_starts_over() {
    for (length, step) in [(200, APPEND), (195, RangeStep::Anew), (0, RangeStep::Anew)] {
        let answer = RangeAnswer {
            body_length: Some(length),
            ..answer(206, "bytes 100-299/300")
        };
        assert_eq!(from_100(&answer), step, "{length}");
    }
}

#[test]
fn a_date_within_the_second_of_the_response_is_no_validator() {
    for (sent, is_strong) in [(Some(DATE), false), (Some(LATER), true), (None, true)] {
        assert_eq!(is_strong_date(DATE, sent), is_strong, "{sent:?}");
    }
    assert!(!is_strong_date("yesterday", None));
}

#[test]
fn any_other_range_starts_over() {
    for range in [
        "",
        "bytes 99-299/300",
        "bytes 101-299/300",
        "bytes 0-299/300",
        "bytes 100-299/301",
        "bytes 100-300/300",
        "bytes 100-99/300",
        "bytes */300",
        "bytes */*",
        "items 100-299/300",
        "bytes=100-299/300",
        "bytes 100-299",
        "bytes +100-299/300",
        "bytes -1-299/300",
        "bytes 100-99999999999999999999/300",
        "100-299/300",
        "nonsense",
    ] {
        assert_eq!(from_100(&answer(206, range)), RangeStep::Anew, "{range}");
    }
}

#[test]
fn a_range_of_another_version_starts_over() {
    let with = |etag, date| RangeAnswer {
        validators: validators(etag, date),
        ..answer(206, "bytes 100-299/300")
    };
    for (etag, date, step) in [
        ("\"a\"", DATE, APPEND),
        ("\"a\"", LATER, APPEND),
        ("", DATE, APPEND),
        ("\"b\"", DATE, RangeStep::Anew),
        ("", LATER, RangeStep::Anew),
    ] {
        assert_eq!(from_100(&with(etag, date)), step, "{etag} {date}");
    }
}

#[test]
fn a_coded_range_and_several_ranges_start_over() {
    let right = answer(206, "bytes 100-299/300");
    let coded = RangeAnswer {
        coded: true,
        ..right.clone()
    };
    assert_eq!(from_100(&coded), RangeStep::Anew);
    let several = RangeAnswer {
        multipart: true,
        ..right
    };
    assert_eq!(from_100(&several), RangeStep::Anew);
}

#[test]
fn a_range_without_any_known_length_starts_over() {
    let validators = validators("\"a\"", "");
    let wanted = WantedRange {
        from: 100,
        length: None,
        validators: &validators,
    };
    let unknown = answer(206, "bytes 100-299/*");
    assert_eq!(decide(wanted, &unknown), RangeStep::Anew);
    let known = answer(206, "bytes 100-299/300");
    assert_eq!(decide(wanted, &known), APPEND);
}

#[test]
fn a_416_completes_only_a_file_of_that_length() {
    let validators = validators("\"a\"", DATE);
    let wanted = |length| WantedRange {
        from: 100,
        length,
        validators: &validators,
    };
    for (known, range, step) in [
        (Some(100), "bytes */100", RangeStep::Complete),
        (None, "bytes */100", RangeStep::Complete),
        (Some(300), "bytes */100", RangeStep::Anew),
        (Some(100), "bytes */99", RangeStep::Anew),
        (Some(100), "bytes */*", RangeStep::Anew),
        (Some(100), "bytes 0-99/100", RangeStep::Anew),
        (Some(100), "", RangeStep::Anew),
    ] {
        let step_is = decide(wanted(known), &answer(416, range));
        assert_eq!(step_is, step, "{known:?} {range}");
    }
    let changed = RangeAnswer {
        validators: Validators {
            etag: Some("\"b\"".to_owned()),
            last_modified: None,
        },
        ..answer(416, "bytes */100")
    };
    assert_eq!(decide(wanted(Some(100)), &changed), RangeStep::Anew);
}

#[test]
fn any_other_status_is_taken_as_it_is() {
    for status in [200, 203, 204, 304, 404, 500] {
        assert_eq!(from_100(&answer(status, "")), RangeStep::Whole, "{status}");
    }
}

#[test]
fn a_part_that_was_not_asked_for_is_no_file() {
    let nothing = Validators::default();
    let wanted = WantedRange {
        from: 0,
        length: None,
        validators: &nothing,
    };
    for (status, range, step) in [
        (206, "bytes 0-299/300", RangeStep::Whole),
        (206, "bytes 0-298/300", RangeStep::Unusable),
        (206, "bytes 0-299/*", RangeStep::Unusable),
        (206, "bytes 1-299/300", RangeStep::Unusable),
        (206, "", RangeStep::Unusable),
        (416, "bytes */300", RangeStep::Whole),
        (200, "", RangeStep::Whole),
    ] {
        assert_eq!(
            decide(wanted, &answer(status, range)),
            step,
            "{status} {range}"
        );
    }
}

#[test]
fn any_coding_but_identity_counts() {
    for (values, coded) in [
        (&[][..], false),
        (&["identity"], false),
        (&["Identity", ""], false),
        (&["gzip"], true),
        (&["identity, gzip"], true),
        (&["identity", "gzip"], true),
    ] {
        let mut headers = Headers::default();
        headers.change(|map| {
            for value in values {
                map.append(CONTENT_ENCODING, value.parse().unwrap());
            }
        });
        assert_eq!(RangeAnswer::of(206, &headers).coded, coded, "{values:?}");
    }
}

#[test]
fn only_a_strong_etag_and_a_date_are_validators() {
    let of = |etag: &str, date: &str| {
        let mut headers = Headers::default();
        headers.change(|map| {
            map.insert(ETAG, etag.parse().unwrap());
            map.insert(LAST_MODIFIED, date.parse().unwrap());
        });
        Validators::of(&headers).if_range().map(str::to_owned)
    };
    assert_eq!(of("\"a\"", DATE).as_deref(), Some("\"a\""));
    for weak in ["W/\"a\"", "a", "", "\"", "\"a", "\"a b\""] {
        assert_eq!(of(weak, DATE).as_deref(), Some(DATE), "{weak}");
    }
    assert_eq!(of("W/\"a\"", "yesterday"), None);
}
