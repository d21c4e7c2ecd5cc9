//! Values of `Retry-After`: `tests/vectors/retry_after.md`. The cap is tested with the decisions.

use super::*;

/// Mon, 03 Jun 2019 11:00:00 GMT.
const NOW: u64 = 1_559_559_600;
/// Fri, 31 Dec 1999 23:59:57 GMT.
const LAST_CENTURY: u64 = 946_684_797;

fn at(unix: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(unix)
}

fn asked(now: u64, fields: &[&str]) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    for field in fields {
        headers.append(
            RETRY_AFTER,
            HeaderValue::from_bytes(field.as_bytes()).unwrap(),
        );
    }
    parse(&headers, at(now))
}

#[test]
fn vectors_1_3_to_6_10_to_16_and_18_a_wait_is_read_in_every_form() {
    for (vector, now, field, seconds) in [
        (1, NOW, "0", 0.0),
        (1, NOW, "1000", 1000.0),
        (1, NOW, "\t42 ", 42.0),
        (3, NOW, "1.0", 1.0),
        (3, NOW, "0.503", 0.503),
        (3, NOW, "0.129", 0.129),
        (3, NOW, "0.1290", 0.129),
        (3, NOW, "0.1291", 0.13),
        (3, NOW, "1.9999", 2.0),
        (4, LAST_CENTURY, "2", 2.0),
        (5, LAST_CENTURY, "Fri, 31 Dec 1999 23:59:59 GMT", 2.0),
        (6, LAST_CENTURY, "Fri, 31 Dec 1999 23:59:00 GMT", 0.0),
        (10, NOW, "Mon, 3 Jun 2019 12:00:00 UTC", 3600.0),
        (11, NOW, "Mon, 3 Jun 2019 11:00:00 UTC", 0.0),
        (12, NOW, "Mon, 03 Jun 2019 11:30:12 GMT", 1812.0),
        (13, NOW, "Monday, 03-Jun-19 11:30:12 GMT", 1812.0),
        (14, NOW, "Mon Jun  3 11:30:12 2019", 1812.0),
        (15, NOW, "Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        (16, NOW, "Mon, 03 Jun 2019 14:30:12 +0300", 1812.0),
        (18, NOW, "9999999999", 9_999_999_999.0),
    ] {
        assert_eq!(
            asked(now, &[field]),
            Some(Duration::from_secs_f64(seconds)),
            "vector {vector}: {field:?}"
        );
    }
}

#[test]
fn vectors_2_7_9_17_20_and_21_a_value_that_cannot_be_read_counts_as_absent() {
    for (vector, field) in [
        (2, "-1"),
        (2, "+1"),
        (2, "²"),
        (7, ""),
        (7, "   "),
        (9, "-2"),
        (9, "Fri, 32 Dec 1999 23:59:59 GMT"),
        (9, "badbadbad"),
        (17, "1m0s"),
        (17, "120, 60"),
        (17, "0x10"),
        (17, "1e3"),
        (17, "nan"),
        (17, "inf"),
        (17, "1."),
        (17, ".5"),
        (17, "1.2.3"),
        (20, "Fri, 31 Dec 10000 23:59:59 GMT"),
        (21, "Fri, 29 Feb 2019 00:00:00 GMT"),
        (21, "Mon, 03 Jun 2019 25:00:00 GMT"),
        (21, "Mon, 03 Jun 2019 11:30:12 XYZ"),
        (21, "Mon, 03 Jun -019 11:30:12 GMT"),
    ] {
        assert_eq!(asked(NOW, &[field]), None, "vector {vector}: {field:?}");
    }
    assert_eq!(asked(NOW, &[]), None, "vector 7: no field");
}

#[test]
fn vector_8_the_longest_readable_field_counts() {
    assert_eq!(asked(NOW, &["2", "3"]), Some(Duration::from_secs(3)));
    assert_eq!(asked(NOW, &["junk", "2"]), Some(Duration::from_secs(2)));
    assert_eq!(
        asked(NOW, &["2", "Mon, 03 Jun 2019 11:30:12 GMT"]),
        Some(Duration::from_secs(1812))
    );
}

#[test]
fn vectors_19_and_20_enormous_waits_saturate() {
    let forty_digits = "9".repeat(40);
    assert_eq!(
        asked(NOW, &[&forty_digits]),
        Some(Duration::from_secs(u64::MAX))
    );
    let fraction = format!("{forty_digits}.99999");
    assert!(asked(NOW, &[&fraction]).unwrap() >= Duration::from_secs(u64::MAX));
    let end_of_years = asked(NOW, &["Fri, 31 Dec 9999 23:59:59 GMT"]).unwrap();
    assert!(end_of_years > Duration::from_secs(7_900 * 365 * 86_400));
}

#[test]
fn vector_22_milliseconds_come_before_seconds() {
    let asked = |ms: &[&str]| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "5".parse().unwrap());
        for value in ms {
            headers.append(RETRY_AFTER_MS, value.parse().unwrap());
        }
        parse(&headers, at(NOW))
    };
    assert_eq!(asked(&["1500"]), Some(Duration::from_millis(1500)));
    assert_eq!(asked(&["9000"]), Some(Duration::from_secs(9)));
    assert_eq!(asked(&["0"]), Some(Duration::ZERO));
    assert_eq!(asked(&["0.5"]), Some(Duration::from_micros(500)));
    assert_eq!(asked(&["1", "2"]), Some(Duration::from_millis(2)));
    for junk in ["", "-1", "1s", "soon", "1,2"] {
        assert_eq!(asked(&[junk]), Some(Duration::from_secs(5)), "{junk:?}");
    }
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER_MS, "9".repeat(40).parse().unwrap());
    assert!(parse(&headers, at(NOW)).unwrap() > Duration::from_secs(1 << 50));
}

#[test]
fn vector_23_a_date_counts_from_the_date_of_the_response() {
    let mut headers = HeaderMap::new();
    headers.insert(
        RETRY_AFTER,
        "Mon, 03 Jun 2019 10:00:30 GMT".parse().unwrap(),
    );
    headers.insert(DATE, "Mon, 03 Jun 2019 10:00:00 GMT".parse().unwrap());
    assert_eq!(parse(&headers, at(NOW)), Some(Duration::from_secs(30)));
    headers.insert(DATE, "yesterday".parse().unwrap());
    assert_eq!(parse(&headers, at(NOW)), Some(Duration::ZERO));
}

#[test]
fn two_digits_of_a_year_mean_the_nearest_such_year() {
    for (digits, now, year) in [
        (94, 2019, 1994),
        (19, 2019, 2019),
        (69, 2019, 2069),
        (70, 2019, 1970),
        (1, 2099, 2101),
        (50, 2100, 2150),
        (51, 2100, 2051),
    ] {
        assert_eq!(nearest(digits, now), year, "{digits} in {now}");
    }
    let day = 86_400.0 * 366.0;
    let seconds = asked(NOW, &["Wednesday, 03-Jun-20 11:00:00 GMT"]).unwrap();
    assert_eq!(seconds, Duration::from_secs_f64(day));
    assert_eq!(
        asked(NOW, &["Wednesday, 03-Jun-2020 11:00:00 GMT"]),
        Some(seconds)
    );
    assert_eq!(asked(NOW, &["Wed, 03 Jun 20 11:00:00 GMT"]), Some(seconds));
}

#[test]
fn no_value_of_retry_after_makes_it_panic() {
    let seed = fastrand::u64(..);
    let mut rng = fastrand::Rng::with_seed(seed);
    let known = [
        "Mon, 03 Jun 2019 11:30:12 GMT",
        "Monday, 03-Jun-19 11:30:12 GMT",
        "Mon Jun  3 11:30:12 2019",
        "Mon, 03 Jun 2019 14:30:12 +0300",
        "99999999999999999999.999999",
    ];
    let clocks = [
        UNIX_EPOCH,
        at(NOW),
        UNIX_EPOCH - Duration::from_secs(1 << 40),
        at(1 << 40),
    ];
    for round in 0..30_000 {
        let mut bytes = known[rng.usize(..known.len())].as_bytes().to_vec();
        for _ in 0..rng.usize(..6) {
            let at = rng.usize(..bytes.len());
            match rng.u8(..4) {
                0 => bytes[at] = rng.u8(..),
                1 => bytes.insert(at, rng.u8(..)),
                2 => bytes[at] = b"0123456789+-:,. "[rng.usize(..16)],
                _ => drop(bytes.splice(at.., rng.choose_multiple(b'0'..=b'9', 3))),
            }
        }
        let Ok(value) = HeaderValue::from_bytes(&bytes) else {
            continue;
        };
        let mut headers = HeaderMap::new();
        headers.append(RETRY_AFTER, value.clone());
        headers.append(DATE, value);
        for clock in clocks {
            let read = std::panic::catch_unwind(|| parse(&headers, clock));
            assert!(read.is_ok(), "seed {seed} round {round}: {headers:?}");
        }
    }
}
