use super::*;

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_number_is_whole_where_it_is_written_without_a_fraction_that_counts() {
    for (json, read) in [("0", 0), ("3.0", 3), ("4294967295", u32::MAX), ("7.000", 7)] {
        assert_eq!(whole::<u32>("n", raw(json)).unwrap(), read);
    }
    for json in [
        "-1",
        "1.5",
        "1e3",
        "4294967296",
        "99999999999999999999",
        "-0",
    ] {
        let reason = whole::<u32>("n", raw(json)).unwrap_err().to_string();
        let expected = "n: a whole number from 0 to 4294967295 is expected, not another number";
        assert_eq!(reason, expected);
    }
    assert!(whole::<u64>("n", raw("99999999999")).is_ok());
}

#[test]
fn a_value_that_is_no_text_is_refused_by_its_kind() {
    for (json, found) in [
        ("{\"secret\":1}", "an object"),
        ("[[\"secret\"]]", "a list with a list in it"),
        ("[1,{\"secret\":1}]", "a list with an object in it"),
    ] {
        let reason = plains(Name::within("headers", "X"), raw(json)).unwrap_err();
        let expected = format!(
            "headers: text, a number, true or false, or a list of these is expected, not {found}"
        );
        assert_eq!(reason.to_string(), expected);
        assert_eq!(reason.text(), Some("X"));
    }
}

#[test]
fn numbers_and_truth_values_are_text_as_they_are_written() {
    let read = plains(
        "k".into(),
        raw(r#"[1.50, true, null, "a\u00e9", 12345678901234567890]"#),
    );
    let expected = ["1.50", "true", "a\u{e9}", "12345678901234567890"];
    assert_eq!(read.unwrap(), expected);
}

#[test]
fn a_fault_in_json_is_told_with_its_place() {
    for (json, expected, position) in [
        ("{\"url\": ", "not JSON: it ends too early", 8),
        ("{\"url\" 1}", "not JSON: expected `:`", 8),
        ("{\"a\":1,\n\"b\":x}", "not JSON: expected value", 13),
        ("{\"a\":1,}", "not JSON: trailing comma", 8),
    ] {
        let wrong = ObjectFields::read(json).err().unwrap();
        assert_eq!(wrong.to_string(), expected);
        assert_eq!(wrong.position(), Some(position), "{json}");
    }
}
