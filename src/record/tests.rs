use serde_json::{Value, json};

use super::*;
use crate::outcome::sample::{self, ms, response};
use crate::rejection::Rejection;
use crate::request::Rule;
use crate::response::Hop;
use crate::{Outcome, State, Timeouts};

const SECRET: &str = "sesame";

fn line(outcome: &Outcome) -> String {
    Record::new(outcome, &RecordOptions::new()).to_line()
}

fn failure(outcome: &Outcome) -> String {
    Record::of_failure(outcome, &RecordOptions::new()).to_line()
}

fn value(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

fn ok(request: impl Into<Request>, content_type: &str, body: &[u8]) -> Outcome {
    sample::success(0, request, response("http://h/", 200, content_type, body))
}

mod lines {
    use super::*;

    #[test]
    fn a_success_is_written_as_the_format_says() {
        let request = Request::get("https://x/1").id("a1").tag(json!({"k": 1}));
        let answer = response("https://x/1/", 200, "application/json", b"{\"n\":1}");
        let mut outcome = sample::success(0, request, answer);
        outcome.report.history = vec![Hop {
            status: 301,
            url: "https://x/1".into(),
            location: "https://x/1/".into(),
        }];
        assert_eq!(
            line(&outcome),
            concat!(
                r#"{"v":1,"id":"a1","index":0,"key":"f55ff16f66f43360266b95db6f8fec01","outcome":"success","#,
                r#""url":"https://x/1","method":"GET","status":200,"attempts":1,"#,
                r#""timestamp":"2026-08-22T10:15:30.123Z","elapsed_ms":142.7,"ttfb_ms":120.1,"#,
                r#""queued_ms":3.0,"total_ms":145.7,"final_url":"https://x/1/","redirects":1,"#,
                r#""remote_ip":"192.0.2.7","reused":true,"timings":{"resolve_ms":0.0,"connect_ms":0.0,"#,
                r#""tls_ms":0.0,"send_ms":0.1,"wait_ms":120.0,"receive_ms":22.6},"#,
                r#""content_type":"application/json","size_bytes":7,"body":"{\"n\":1}","#,
                r#""body_encoding":"utf8","body_truncated":false,"tag":{"k":1}}"#,
            )
        );
    }

    #[test]
    fn a_failure_says_why_and_what_every_attempt_came_to() {
        assert_eq!(
            line(&sample::connect_timeout(1, "https://x/2")),
            concat!(
                r#"{"v":1,"index":1,"key":"6d215c89d56f34c5c6feaa0c97870807","outcome":"failed","#,
                r#""url":"https://x/2","method":"GET","attempts":3,"#,
                r#""timestamp":"2026-08-22T10:15:30.123Z","elapsed_ms":10000.4,"#,
                r#""queued_ms":3.0,"total_ms":31702.0,"layer":"network","error_type":"timeout","#,
                r#""phase":"connect","error_msg":"connect to x:443 took longer than 10s","#,
                r#""stop_reason":"attempts_exhausted","attempt_log":["#,
                r#"{"error_type":"timeout","phase":"connect","elapsed_ms":10000.2,"delay_ms":183.0},"#,
                r#"{"error_type":"timeout","phase":"connect","elapsed_ms":10000.3,"delay_ms":401.5},"#,
                r#"{"error_type":"timeout","phase":"connect","elapsed_ms":10000.4}]}"#,
            )
        );
    }

    #[test]
    fn a_rejection_stands_behind_the_status() {
        let answer = response("http://h/", 200, "application/json", b"{}");
        let rejection = Rejection::new(4001, "余额不足");
        let outcome = sample::rejected(2, Request::get("http://h/").id("a3"), answer, rejection);
        let line = line(&outcome);
        let part = r#""status":200,"rejection":{"code":4001,"message":"余额不足"},"attempts":1,"#;
        assert!(line.contains(part), "{line}");
        assert!(line.contains(r#""outcome":"rejected""#) && line.contains(r#""body":"{}""#));
    }

    #[test]
    fn what_was_never_sent_has_no_times_of_an_attempt() {
        let line = line(&sample::unsent(3, "ftp://h/", ErrorType::InvalidRequest));
        assert_eq!(
            line,
            concat!(
                r#"{"v":1,"index":3,"key":"13b219c66db297dfca543b510f0388da","outcome":"failed","#,
                r#""url":"ftp://h/","method":"GET","attempts":0,"queued_ms":0.0,"total_ms":0.0,"#,
                r#""layer":"local","error_type":"invalid_request","error_msg":"never sent: invalid_request"}"#,
            )
        );
    }

    #[test]
    fn a_failure_log_holds_the_answer_and_the_request() {
        let answer = response("http://h/", 404, "text/html", b"<p>no</p>");
        let request = Request::post("http://h/").header("x-a", "1").text("body");
        let line = failure(&sample::bad_status(0, request, answer));
        let end = concat!(
            r#""attempt_log":[{"error_type":"http_status","status":404,"elapsed_ms":142.7}],"body_truncated":false,"#,
            r#""request":{"url":"http://h/","method":"POST","headers":{"x-a":"1","#,
            r#""content-type":"text/plain; charset=utf-8"},"body":"body"},"response_text":"<p>no</p>"}"#,
        );
        assert!(line.ends_with(end), "{line}");
    }

    #[test]
    fn without_a_response_there_is_no_response_text() {
        let line = value(&failure(&sample::connect_timeout(0, "http://h/")));
        assert_eq!(line.get("response_text"), None);
        let answer = response("http://h/", 500, "text/plain", b"");
        let line = value(&failure(&sample::bad_status(0, "http://h/", answer)));
        assert_eq!(line["response_text"], "");
    }

    #[test]
    fn an_outcome_that_carries_something_else_is_written_without_a_body() {
        let full = ok("http://h/", "text/plain", b"seven");
        let processed = Outcome {
            index: full.index,
            request: full.request.clone(),
            report: full.report.clone(),
            state: State::Success(7_u32),
        };
        let with = value(&line(&full));
        let mut without = value(&Record::new(&processed, &RecordOptions::new()).to_line());
        assert_eq!(without.get("body"), None);
        for key in ["body", "body_encoding", "body_truncated"] {
            without[key] = with[key].clone();
        }
        assert_eq!(with, without);
    }

    #[test]
    fn an_ambiguous_attempt_is_told() {
        let mut outcome = sample::connect_timeout(0, "http://h/");
        outcome.report.ambiguous = true;
        assert!(line(&outcome).contains(r#""prior_attempt_ambiguous":true"#));
    }
}

mod bodies {
    use super::*;

    fn body(bytes: &[u8], options: &RecordOptions) -> (Value, Value, Value) {
        let outcome = ok("http://h/", "x/y", bytes);
        let mut record = value(&Record::new(&outcome, options).to_line());
        let mut take = |key: &str| record[key].take();
        (take("body"), take("body_encoding"), take("body_truncated"))
    }

    #[test]
    fn text_stays_text_and_other_bytes_become_base64() {
        let all = RecordOptions::new();
        let (utf8, base64) = (json!("utf8"), json!("base64"));
        for (bytes, text, encoding) in [
            (&b"a\0b"[..], "a\0b", &utf8),
            ("余额".as_bytes(), "余额", &utf8),
            (b"", "", &utf8),
            (b"\xff\0", "/wA=", &base64),
            (b"cut \xe4\xbd", "Y3V0IOS9", &base64),
        ] {
            let expected = (json!(text), encoding.clone(), json!(false));
            assert_eq!(body(bytes, &all), expected);
        }
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let four = RecordOptions::new().body_limit(4);
        let utf8 = json!("utf8");
        assert_eq!(
            body("余额".as_bytes(), &four),
            (json!("余"), utf8.clone(), json!(true))
        );
        assert_eq!(body(b"abcd", &four), (json!("abcd"), utf8, json!(false)));
        assert_eq!(
            body(b"\xff\xff\xff\xff\xff", &four),
            (json!("/////w=="), json!("base64"), json!(true))
        );
    }

    #[test]
    fn bodies_can_be_left_out_and_headers_put_in() {
        let outcome = ok("http://h/", "text/plain", b"x");
        let options = RecordOptions::new().body(false).headers(true);
        let record = value(&Record::new(&outcome, &options).to_line());
        assert_eq!(record.get("body"), None);
        assert_eq!(record["headers"], json!({"content-type": ["text/plain"]}));
    }

    #[test]
    fn bytes_that_the_text_of_a_failure_does_not_tell_are_kept_beside_it() {
        let answer = response("http://h/", 500, "text/plain", b"a\xffb");
        let line = value(&failure(&sample::bad_status(0, "http://h/", answer)));
        assert_eq!(line["response_text"], "a\u{fffd}b");
        assert_eq!(line["body"], "Yf9i");
    }

    #[test]
    fn the_text_of_a_failure_is_cut_at_the_limit_too() {
        let answer = response("http://h/", 500, "text/plain", "余额".as_bytes());
        let outcome = sample::bad_status(0, "http://h/", answer);
        let options = RecordOptions::new().body_limit(4);
        let record = Record::of_failure(&outcome, &options);
        assert_eq!(record.response_text.as_deref(), Some("余"));
        assert_eq!((record.body_truncated, record.body), (Some(true), None));
    }
}

mod reading {
    use super::*;

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
            assert!(
                !line.contains(['\n', '\r', '\0']),
                "seed {seed}, round {round}"
            );
            let read = Record::parse(&line).unwrap_or_else(|e| panic!("seed {seed}: {e}: {line}"));
            assert_eq!(read, written, "seed {seed}, round {round}");
            let expected = (*outcome.request).clone();
            let again = read.to_request().unwrap();
            assert_eq!(again.body_bytes(), expected.body_bytes(), "seed {seed}");
            assert_eq!(again.get_id(), expected.get_id(), "seed {seed}");
            assert_eq!(again.get_tag(), expected.get_tag(), "seed {seed}");
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

    fn any_outcome(random: &mut fastrand::Rng) -> Outcome {
        let mut request = Request::new(["GET", "POST", "QUERY"][random.usize(0..3)], text(random));
        request = request
            .body(bytes(random))
            .query(text(random), text(random));
        if random.bool() {
            request = request
                .id(text(random))
                .tag(json!({text(random): [random.f64(), null]}));
        }
        let status = random.u16(100..600);
        let mut answer = response("http://h/", status, "text/plain", &bytes(random));
        if random.bool() {
            answer = Response::new(answer.head().clone(), answer.into_bytes(), true);
        }
        let mut outcome = match random.u8(0..5) {
            0 => sample::success(0, request, answer),
            1 => sample::rejected(
                0,
                request,
                answer,
                Rejection::new(text(random), text(random)),
            ),
            2 => sample::bad_status(0, request, answer),
            3 => sample::connect_timeout(0, request),
            _ => sample::unsent(0, request, ErrorType::InvalidRequest),
        };
        outcome.index = random.u64(..);
        let time = |random: &mut fastrand::Rng| {
            std::time::Duration::from_nanos(random.u64(..) >> random.u32(10..60))
        };
        outcome.report.elapsed = time(random);
        outcome.report.total = time(random);
        outcome.report.ambiguous = random.bool();
        outcome
    }

    use crate::response::Response;

    #[test]
    fn unknown_keys_are_skipped_and_numbers_taken_for_names() {
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
            assert_eq!(request_of(line).unwrap_err().to_string(), wanted);
        }
    }

    #[test]
    fn what_is_no_record_is_refused_with_the_reason() {
        for (line, part) in [
            ("", "not a record: EOF"),
            ("{\"v\":1,\"index\":0", "EOF"),
            ("[]", "not a record"),
            ("{\"index\":0}", "missing field `v`"),
            ("{\"v\":1,\"index\":-1}", "-1"),
            ("http://h/", "expected value"),
        ] {
            let error = Record::parse(line).unwrap_err().to_string();
            assert!(error.contains(part), "{line}: {error}");
        }
        let cut = line(&ok("http://h/", "text/plain", b"x"));
        for end in 0..cut.len() {
            assert!(Record::parse(&cut[..end]).is_err(), "cut at {end}");
        }
        let wrong_time = cut.replace("142.7", "-1");
        assert!(
            Record::parse(&wrong_time)
                .unwrap_err()
                .to_string()
                .contains("-1")
        );
    }
}

mod secrets {
    use super::*;

    fn full_of_secrets() -> Request {
        Request::post(format!("http://user:{SECRET}@h/path"))
            .bearer(SECRET)
            .header("cookie", SECRET)
            .header("X-Api-Key", SECRET)
            .header("x-api-key", SECRET)
            .header("x-plain", "shown")
    }

    #[test]
    fn no_line_holds_one() {
        let url = format!("http://user:{SECRET}@h/path");
        let mut answer = response(&url, 500, "text/plain", b"no");
        let mut head = (**answer.head()).clone();
        for name in ["set-cookie", "x-auth-token"] {
            head.headers.insert(name, SECRET.parse().unwrap());
        }
        answer = crate::response::Response::new(head.into(), answer.into_bytes(), false);
        let options = RecordOptions::new().headers(true);
        for outcome in [
            sample::success(0, full_of_secrets(), answer.clone()),
            sample::rejected(
                0,
                full_of_secrets(),
                answer.clone(),
                Rejection::new(1, "no"),
            ),
            sample::bad_status(0, full_of_secrets(), answer),
            sample::connect_timeout(0, full_of_secrets()),
            sample::unsent(0, full_of_secrets(), ErrorType::InvalidRequest),
        ] {
            for line in [
                Record::new(&outcome, &options).to_line(),
                Record::of_failure(&outcome, &options).to_line(),
            ] {
                assert!(!line.contains(SECRET), "{line}");
                assert!(line.contains("http://***@h/path"), "{line}");
            }
        }
    }

    #[test]
    fn the_headers_left_out_are_named_and_must_come_from_elsewhere() {
        let line = failure(&sample::connect_timeout(0, full_of_secrets()));
        let request = &value(&line)["request"];
        assert_eq!(request["url"], "http://h/path");
        assert_eq!(request["headers"], json!({"x-plain": "shown"}));
        assert_eq!(
            request["redacted"],
            json!(["authorization", "cookie", "x-api-key"])
        );
        let again = request_of(&line).unwrap();
        assert_eq!(again.invalid(), None);
        assert_eq!(
            again.lacking(|name| name == "cookie", |_| false).as_deref(),
            Some(
                "secrets were left out of the failure log and must be given again: \
                 authorization, x-api-key"
            )
        );
        assert_eq!(again.lacking(|_| true, |_| false), None);
    }

    #[test]
    fn they_are_named_again_when_the_second_run_fails_too() {
        let first = failure(&sample::connect_timeout(0, full_of_secrets()));
        let second = failure(&sample::connect_timeout(0, request_of(&first).unwrap()));
        assert_eq!(value(&first)["request"], value(&second)["request"]);
    }

    #[test]
    fn one_written_into_the_line_since_need_not_come_from_elsewhere() {
        let line = failure(&sample::connect_timeout(
            0,
            Request::get("http://h/").bearer("a"),
        ));
        let mut edited = value(&line);
        edited["request"]["headers"] = json!({"Authorization": "Bearer b"});
        let request = request_of(&edited.to_string()).unwrap();
        assert_eq!(request.lacking(|_| false, |_| false), None);
        assert_eq!(request.header_edits().len(), 1);
    }
}

mod requests {
    use super::*;

    fn again(request: Request) -> Request {
        let line = failure(&sample::connect_timeout(0, request));
        request_of(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }

    #[test]
    fn every_setting_the_line_can_hold_comes_back() {
        let request = Request::put("http://h/p?x=1")
            .header("x-many", "1")
            .header("x-many", "2")
            .header("x-utf8", "é")
            .without_header("accept")
            .query("q", "a b")
            .query("q", "c")
            .query("r", "")
            .json(&json!([1]))
            .timeouts(Timeouts::new().attempt(ms(1.5)).connect(ms(250.0)))
            .no_retry()
            .accept("200..=299,404".parse::<crate::StatusSet>().unwrap())
            .expect_json(false)
            .idempotent(true)
            .max_redirects(0)
            .require("/code", 0)
            .require("/a~1b", json!({"x": null}))
            .id("17")
            .tag(json!(["t"]));
        let read = again(request.clone());
        assert_eq!(read.method(), request.method());
        assert_eq!(read.url(), request.url());
        assert_eq!(read.header_edits(), request.header_edits());
        assert_eq!(read.body_bytes(), b"[1]");
        let (read, given) = (read.options().unwrap(), request.options().unwrap());
        assert_eq!(read.query, given.query);
        assert_eq!(
            read.timeouts,
            Timeouts::new().attempt(ms(2.0)).connect(ms(250.0))
        );
        assert_eq!(read.retry.as_ref().unwrap().max_attempts, 1);
        assert_eq!(read.accept, given.accept);
        assert_eq!(read.expect_json, Some(false));
        assert!(read.idempotent);
        assert_eq!(read.max_redirects, Some(0));
        assert_eq!((&read.id, &read.tag), (&given.id, &given.tag));
        let rules: Vec<_> = read
            .rules
            .iter()
            .map(|rule| match rule {
                Rule::Require(pointer, value) => (pointer.as_str(), value.clone()),
                Rule::RejectIf(_) => panic!("a predicate cannot be written down"),
            })
            .collect();
        assert_eq!(rules, [("/code", json!(0)), ("/a~1b", json!({"x": null}))]);
    }

    #[test]
    fn a_plain_request_comes_back_plain() {
        let read = again("http://h/".into());
        assert!(read.options().is_none() && read.header_edits().is_empty());
    }

    #[test]
    fn bytes_come_back_as_they_were() {
        for body in [&b"\0\xff"[..], b"\0", b"", "余".as_bytes()] {
            assert_eq!(
                again(Request::post("http://h/").body(body)).body_bytes(),
                body
            );
        }
    }

    #[test]
    fn no_time_limit_stays_none_and_a_short_one_stays_one() {
        let limit = |time| {
            let request = Request::get("http://h/").timeouts(Timeouts::new().attempt(time));
            again(request).options().unwrap().timeouts.attempt
        };
        assert_eq!(
            limit(std::time::Duration::ZERO),
            Some(std::time::Duration::ZERO)
        );
        assert_eq!(limit(std::time::Duration::from_nanos(1)), Some(ms(1.0)));
    }

    #[test]
    fn sets_of_statuses_that_are_none_lose_only_those() {
        let accept = |set: crate::StatusSet| {
            let read = again(Request::get("http://h/").accept(set));
            read.options().unwrap().accept.as_ref().unwrap().to_string()
        };
        assert_eq!(accept((0..=999).into()), "100..=599");
        assert_eq!(accept([1, 404, 700].into()), "404");
        assert_eq!(accept(crate::StatusSet::default()), "");
    }

    #[test]
    fn one_that_could_not_be_built_stays_so() {
        let read = again(Request::new("BAD METHOD", "http://h/"));
        assert_eq!(
            read.invalid(),
            Some("the method \"BAD METHOD\" is not valid")
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_and_never_sent_without_it() {
        for (request, part) in [
            (
                json!({"url": "http://h/", "files": "x"}),
                "unknown key \"files\"",
            ),
            (json!({"method": "GET"}), "missing field `url`"),
            (
                json!({"url": "http://h/", "body": "a", "body_base64": "YQ=="}),
                "more than one",
            ),
            (json!({"url": "http://h/", "body_base64": "?"}), "no base64"),
            (json!({"url": "http://h/", "accept": ["2xx"]}), "2xx"),
            (json!({"url": "http://h/", "redacted": ["a b"]}), "a b"),
        ] {
            let line = json!({"v": 1, "request": request}).to_string();
            let error = request_of(&line).unwrap_err().to_string();
            assert!(error.contains(part), "{line}: {error}");
        }
        let result = line(&ok("http://h/", "text/plain", b"x"));
        let error = request_of(&result).unwrap_err().to_string();
        assert!(error.contains("no request"), "{error}");
    }
}
