use super::*;

#[test]
fn a_limit_is_shown_as_it_was_set() {
    let shown = |micros| RoundedLimit(Duration::from_micros(micros)).to_string();
    assert_eq!(shown(29_999_400), "30s");
    assert_eq!(shown(10_000_000), "10s");
    assert_eq!(shown(2_499_990), "2.5s");
    assert_eq!(shown(249_800), "250ms");
    assert_eq!(shown(0), "0ms");
}
