//! Announced rate limits in their forms, and bytes that no server should send.

use std::time::UNIX_EPOCH;

use http::HeaderValue;

use super::*;

/// Mon, 03 Jun 2019 11:00:00 GMT.
const NOW: u64 = 1_559_559_600;

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn read(fields: &[(&'static str, &str)]) -> AnnouncedLimit {
    parse(&headers(fields), now())
}

fn reset(fields: &[(&'static str, &str)]) -> Option<f64> {
    read(fields).reset.map(|wait| wait.as_secs_f64())
}

#[test]
fn vector_144_a_reset_is_read_by_its_size() {
    for (value, seconds) in [
        ("0", 0.0),
        ("30", 30.0),
        ("0.25", 0.25),
        ("1000000000", 1e9),
        ("1559559660", 60.0),
        ("1559559660.5", 60.5),
        ("1559559000", 0.0),
        ("1000000000.5", 0.0),
        ("1559559660250", 60.25),
        ("1559559660250.5", 60.2505),
        ("120ms", 0.12),
        ("1s", 1.0),
        ("1m30.9s", 90.9),
        (" 7 ", 7.0),
    ] {
        for name in [
            "x-ratelimit-reset",
            "ratelimit-reset",
            "x-ratelimit-reset-requests",
            "x-ratelimit-reset-tokens",
        ] {
            assert_eq!(reset(&[(name, value)]), Some(seconds), "{name}: {value}");
        }
        let combined = format!("\"default\";r=0;t={}", value.trim());
        assert_eq!(reset(&[("ratelimit", &combined)]), Some(seconds));
    }
}

#[test]
fn vector_145_every_form_of_the_combined_field_is_read() {
    for (field, is_used_up, seconds) in [
        (r#""default";r=0;t=30"#, true, Some(30.0)),
        (r#""default";t=30"#, false, Some(30.0)),
        (r#""default";r=5;t=30"#, false, None),
        (r#""default";r=0"#, true, None),
        (r#""day";r=5;t=900, "minute";r=0;t=8"#, true, Some(8.0)),
        (r#""day";r=0;t=900, "minute";r=0;t=8"#, true, Some(900.0)),
        (
            r#""a,b;r=0;t=99";r=0;t=3;pk=:cHsdsRa894==:"#,
            true,
            Some(3.0),
        ),
        (r#""a\"b, r=0";r=1;t=3"#, false, None),
        ("default;r=0;t=30", true, Some(30.0)),
        ("limit=10, remaining=0, reset=5", true, Some(5.0)),
        ("limit=10,remaining=3,reset=5", false, None),
        ("limit=10, reset=5", false, Some(5.0)),
        ("limit=10; remaining=0; reset=5", true, Some(5.0)),
        (r#""default"; R=0; T=4"#, true, Some(4.0)),
    ] {
        let limit = read(&[("ratelimit", field)]);
        let found = (limit.is_used_up, limit.reset.map(|t| t.as_secs_f64()));
        assert_eq!(found, (is_used_up, seconds), "{field}");
    }
}

#[test]
fn vector_146_a_reset_counts_only_where_its_own_limit_has_nothing_left_or_says_nothing() {
    let requests = ("x-ratelimit-reset-requests", "60s");
    let tokens = ("x-ratelimit-reset-tokens", "6s");
    let requests_left = ("x-ratelimit-remaining-requests", "12");
    let no_tokens = ("x-ratelimit-remaining-tokens", "0");
    assert_eq!(reset(&[requests, tokens]), Some(60.0));
    assert_eq!(reset(&[requests, tokens, requests_left]), Some(6.0));
    assert_eq!(
        reset(&[requests, tokens, requests_left, no_tokens]),
        Some(6.0)
    );
    assert_eq!(reset(&[requests, requests_left]), None);
    let github = ("x-ratelimit-reset", "40");
    assert_eq!(reset(&[github, ("ratelimit-remaining", "9")]), Some(40.0));
    assert_eq!(reset(&[github, ("x-ratelimit-remaining", "9")]), None);
    assert_eq!(
        reset(&[github, ("x-ratelimit-remaining", "junk")]),
        Some(40.0)
    );
}

#[test]
fn vector_147_the_longest_of_several_resets_counts() {
    let fields = [
        ("x-ratelimit-reset", "5"),
        ("x-ratelimit-reset", "7"),
        ("ratelimit-reset", "1559559620"),
        ("x-ratelimit-reset-tokens", "junk"),
    ];
    assert_eq!(reset(&fields), Some(20.0));
}

#[test]
fn vector_148_only_limits_on_requests_of_any_kind_explain_a_403() {
    for (name, used_up) in [
        ("x-ratelimit-remaining", true),
        ("ratelimit-remaining", true),
        ("x-ratelimit-remaining-requests", false),
        ("x-ratelimit-remaining-tokens", false),
    ] {
        assert_eq!(read(&[(name, "0")]).is_used_up, used_up, "{name}");
        assert_eq!(read(&[(name, "0.0")]).is_used_up, used_up, "{name}");
        for other in ["1", "-1", "", "none", "0x0"] {
            assert!(!read(&[(name, other)]).is_used_up, "{name}: {other}");
        }
    }
    let twice = [
        ("x-ratelimit-remaining", "5"),
        ("x-ratelimit-remaining", "0"),
    ];
    assert!(read(&twice).is_used_up);
}

#[test]
fn vector_149_only_a_limit_that_says_that_nothing_remains_asks_for_a_pause() {
    let pause = |fields: &[_]| pause(&headers(fields), now()).map(|wait| wait.as_secs());
    let minute = ("x-ratelimit-reset", "60");
    assert_eq!(pause(&[minute]), None);
    assert_eq!(pause(&[minute, ("x-ratelimit-remaining", "1")]), None);
    assert_eq!(pause(&[minute, ("x-ratelimit-remaining", "0")]), Some(60));
    let tokens = [
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6s"),
    ];
    assert_eq!(pause(&tokens), Some(6));
    assert_eq!(pause(&tokens[..1]), None);
    assert_eq!(
        pause(&[("ratelimit", "\"a\";r=0;t=9, \"b\";r=1;t=99")]),
        Some(9)
    );
}

#[test]
fn vector_150_a_time_since_1970_counts_from_the_date_of_the_response() {
    let date = ("date", "Mon, 03 Jun 2019 10:00:00 GMT");
    assert_eq!(
        reset(&[("x-ratelimit-reset", "1559556030"), date]),
        Some(30.0)
    );
    assert_eq!(reset(&[("x-ratelimit-reset", "30"), date]), Some(30.0));
}

#[test]
fn vector_151_values_that_cannot_be_read_count_as_absent() {
    let forty_digits = "9".repeat(40);
    for value in [
        "",
        "-1",
        "+5",
        "1e3",
        "nan",
        "inf",
        "0x10",
        "1,2",
        "30, 60",
        "soon",
        "1.2.3",
        "1m 30s",
        "Mon, 03 Jun 2019 11:30:12 GMT",
        "\u{b2}",
    ] {
        assert_eq!(reset(&[("x-ratelimit-reset", value)]), None, "{value:?}");
    }
    for field in [
        "",
        ",",
        ";",
        "=",
        ";=;=,=",
        "\"",
        "\"a",
        "\"a\\",
        "r=0;t",
        "\"a\";r=;t=",
        "\"a\";t=-1",
        "\"a\";t=\"30\"",
        "\"a\";tt=30",
        "t",
        "\"a;r=0;t=30",
    ] {
        assert_eq!(read(&[("ratelimit", field)]).reset, None, "{field:?}");
    }
    let enormous = reset(&[("x-ratelimit-reset", &forty_digits)]).unwrap();
    assert!(enormous > 1e15);
}

#[test]
fn no_bytes_a_server_can_send_are_too_much() {
    let seed = fastrand::u64(..);
    let mut rng = fastrand::Rng::with_seed(seed);
    let known = [
        "\"default\";r=0;t=30, \"day\";r=5;t=900",
        "limit=10, remaining=0, reset=5",
        "1m30.9s",
        "1559559660.5",
        "99999999999999999999999d9999999999999999999h",
    ];
    let clocks = [
        UNIX_EPOCH,
        now(),
        UNIX_EPOCH - Duration::from_secs(1 << 40),
        UNIX_EPOCH + Duration::from_secs(1 << 40),
    ];
    let names = PAIRS.iter().flat_map(|(left, reset)| [*left, *reset]);
    let names: Vec<_> = names.chain([COMBINED, "date"]).collect();
    for round in 0..20_000 {
        let mut bytes = known[rng.usize(..known.len())].as_bytes().to_vec();
        for _ in 0..rng.usize(..8) {
            let at = rng.usize(..=bytes.len());
            match rng.u8(..4) {
                0 => bytes.insert(at, rng.u8(..)),
                1 => bytes.insert(at, b"\"\\,;=.0123456789msdhrt "[rng.usize(..23)]),
                2 => bytes.truncate(at),
                _ => bytes.splice(at.., *b"999").for_each(drop),
            }
        }
        let Ok(value) = HeaderValue::from_bytes(&bytes) else {
            continue;
        };
        let mut headers = HeaderMap::new();
        for name in &names {
            headers.append(*name, value.clone());
        }
        for clock in clocks {
            let read = std::panic::catch_unwind(|| {
                pause(&headers, clock);
                parse(&headers, clock)
            });
            assert!(read.is_ok(), "seed {seed} round {round}: {headers:?}");
        }
    }
}
