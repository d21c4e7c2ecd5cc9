//! Lines read back.

use super::*;
use crate::response::{Response, Saved};

#[test]
fn a_line_reads_back_to_the_same_record_whatever_is_in_it() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..500 {
        let outcome = any_outcome(&mut random);
        let options = RecordOptions::new()
            .headers(random.bool())
            .body_limit(random.usize(0..50));
        let written = Record::of_failure(&outcome, &options);
        let line = written.to_line();
        for record in [&written, &Record::new(&outcome, &options)] {
            let by_serde = serde_json::to_string(record).unwrap();
            assert_eq!(record.to_line(), by_serde, "seed {seed}, round {round}");
        }
        assert!(
            !line.contains(['\n', '\r', '\0']),
            "seed {seed}, round {round}"
        );
        let read = Record::parse(&line).unwrap_or_else(|e| panic!("seed {seed}: {e}: {line}"));
        assert_eq!(read, written, "seed {seed}, round {round}");
        let expected = (*outcome.request).clone();
        let again = read.to_request().unwrap();
        // A request that could not be read may hold a secret in any place.
        if !outcome.is_unread() {
            assert_eq!(again.body_bytes(), expected.body_bytes(), "seed {seed}");
        }
        assert_eq!(again.request_id(), expected.request_id(), "seed {seed}");
        assert_eq!(again.tag_value(), expected.tag_value(), "seed {seed}");
    }
}

fn bytes(random: &mut fastrand::Rng) -> Vec<u8> {
    let pool: &[&[u8]] = &[
        b"\0",
        b"\"",
        b"\\",
        b"\n",
        b"\xff",
        b"\xe4\xbd",
        "余".as_bytes(),
        b"a",
        b"\x7f",
        "\u{2028}".as_bytes(),
        b"@",
        b"://",
    ];
    let parts = random.usize(0..12);
    (0..parts)
        .flat_map(|_| random.choice(pool.iter()).unwrap().to_vec())
        .collect()
}

fn text(random: &mut fastrand::Rng) -> String {
    String::from_utf8_lossy(&bytes(random)).into_owned()
}

/// Makes any JSON, also numbers at the limits of what JSON readers hold.
fn any_value(random: &mut fastrand::Rng, depth: u32) -> Value {
    match random.u8(..if depth > 0 { 9 } else { 7 }) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 => [u64::MAX, 0, 1 << 53, random.u64(..)][random.usize(..4)].into(),
        3 => [i64::MIN, -1, random.i64(..)][random.usize(..3)].into(),
        4 => [f64::MAX, f64::MIN_POSITIVE, -0.0, 0.1, 5e-324][random.usize(..5)].into(),
        5 => f64::from_bits(random.u64(..)).into(),
        6 => text(random).into(),
        7 => (0..random.usize(..3))
            .map(|_| any_value(random, depth - 1))
            .collect(),
        _ => (0..random.usize(..3))
            .map(|_| (text(random), any_value(random, depth - 1)))
            .collect(),
    }
}

fn any_outcome(random: &mut fastrand::Rng) -> Outcome {
    let mut request = Request::new(["GET", "POST", "QUERY"][random.usize(0..3)], text(random));
    request = request
        .body(bytes(random))
        .query(text(random), text(random));
    if random.bool() {
        request = request.id(text(random)).tag(any_value(random, 3));
    }
    let status = random.u16(100..600);
    let mut answer = response("http://h/", status, "text/plain", &bytes(random));
    if random.bool() {
        let mut head = (**answer.head()).clone();
        let value = http::HeaderValue::from_bytes(b"a\xff\t ").unwrap();
        head.headers.change(|map| map.insert("x-odd", value));
        let saved = random.bool().then(|| Saved {
            path: text(random).into(),
            size: random.u64(..),
            sha256: "ab".repeat(32),
            numbered: false,
        });
        head.saved = saved.map(Box::new);
        answer = Response::new(head.into(), answer.into_bytes(), false);
    }
    if random.bool() {
        answer = Response::new(answer.head().clone(), answer.into_bytes(), true);
    }
    let mut outcome = match random.u8(0..5) {
        0 => sample::success(0, request, answer),
        1 => sample::rejected(
            0,
            request,
            answer,
            Rejection::new(any_value(random, 1), text(random)),
        ),
        2 => sample::bad_status(0, request, answer),
        3 => sample::connect_timeout(0, request),
        _ => sample::unsent(0, request, ErrorType::InvalidRequest),
    };
    outcome.index = random.u64(..);
    let time = |random: &mut fastrand::Rng| {
        std::time::Duration::from_nanos(random.u64(..) >> random.u32(10..60)).into()
    };
    outcome.report.elapsed = time(random);
    outcome.report.total = time(random);
    outcome.report.ambiguous = random.bool();
    outcome
}

#[test]
fn a_record_with_unknown_keys_is_read() {
    let line = line(&ok("http://h/", "text/plain", b"x"));
    let more = line.replacen(r#"{"v":1,"#, r#"{"new":{"x":[1]},"v":1,"id":17,"#, 1);
    let record = Record::parse(&more).unwrap();
    assert_eq!(record.id.as_deref(), Some("17"));
    assert_eq!(record.body_bytes().as_deref(), Some(&b"x"[..]));
}

#[test]
fn another_version_is_refused_wherever_it_is_named() {
    let wanted = "records of version 2 cannot be read (this is version 1)";
    for line in [r#"{"v":2,"index":0}"#, r#"{"index":"new","v":2}"#] {
        assert_eq!(Record::parse(line).unwrap_err().to_string(), wanted);
        assert_eq!(Record::parse_request(line).unwrap_err().to_string(), wanted);
    }
}

#[test]
fn a_line_that_is_no_record_is_refused_with_the_reason() {
    for (line, part) in [
        ("", (None, "not a record: it ends too early")),
        ("{\"v\":1,\"index\":0", (Some(16), "it ends too early")),
        ("[]", (Some(2), "not a record: a key has a value")),
        ("{\"index\":0}", (Some(11), "is missing")),
        (
            "{\"v\":1,\"index\":-1}",
            (Some(17), "a key has a value that it cannot have"),
        ),
        ("http://h/", (Some(1), "not a record: expected value")),
    ] {
        let wrong = Record::parse(line).unwrap_err();
        let (position, part) = part;
        assert!(wrong.to_string().contains(part), "{line}: {wrong}");
        assert_eq!(wrong.position(), position, "{line}");
    }
    let cut = line(&ok("http://h/", "text/plain", b"x"));
    for end in 0..cut.len() {
        assert!(Record::parse(&cut[..end]).is_err(), "cut at {end}");
    }
    let wrong_time = cut.replace("142.7", "-1");
    assert!(Record::parse(&wrong_time).is_err());
}
