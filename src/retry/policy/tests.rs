//! Vectors 24 to 34, 43, 50 to 85 as far as they are decided here, 101, 123, 141 and 142.

use super::super::is_keyed;
use super::*;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method};
use crate::policy::RetryBudget;
use crate::timing::Phase;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

/// Without jitter, so that waits are exact.
fn policy() -> RetryPolicy {
    RetryPolicy::default().jitter(Jitter::None)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An answer with this status.
fn status(method: &Method, status: u16) -> Evidence<'_> {
    Evidence {
        status: Some(status),
        phase: Some(Phase::Receive),
        bytes_sent: 100,
        bytes_received: 100,
        ..Evidence::new(method, ErrorType::HttpStatus)
    }
}

/// A failure in this phase; the request is on the wire from the phase after [`Phase::Send`] on.
fn failure(method: &Method, error_type: ErrorType, phase: Phase) -> Evidence<'_> {
    Evidence {
        phase: Some(phase),
        bytes_sent: if phase > Phase::Send { 100 } else { 0 },
        ..Evidence::new(method, error_type)
    }
}

fn refused(method: &Method) -> Evidence<'_> {
    failure(method, ErrorType::Connect, Phase::Connect)
}

fn answer_timeout(method: &Method) -> Evidence<'_> {
    failure(method, ErrorType::Timeout, Phase::Wait)
}

/// A kept-alive connection that the server had closed: noticed on writing, or by the end of the stream.
fn stale(method: &Method, bytes_sent: u64) -> Evidence<'_> {
    let phase = if bytes_sent == 0 {
        Phase::Send
    } else {
        Phase::Wait
    };
    Evidence {
        bytes_sent,
        reused: true,
        ..failure(method, ErrorType::Connection, phase)
    }
}

fn step(policy: &RetryPolicy, evidence: &Evidence<'_>, tally: &mut Tally) -> Decision {
    decide(policy, evidence, tally, None, &mut || 0.5)
}

/// The wait, or why there is none.
fn wait(decision: &Decision) -> Result<Duration, StopReason> {
    match decision {
        Decision::Retry { delay, .. } => Ok(*delay),
        Decision::Stop { reason, .. } => Err(*reason),
    }
}

/// What a first attempt that ends so leads to.
fn first(policy: &RetryPolicy, evidence: &Evidence<'_>) -> Result<Duration, StopReason> {
    wait(&step(policy, evidence, &mut Tally::default()))
}

/// Attempts that all end so, until it stops: how many, and why.
fn until_stop(policy: &RetryPolicy, evidence: &Evidence<'_>) -> (u32, StopReason) {
    let mut tally = Tally::default();
    loop {
        if let Decision::Stop { reason, .. } = step(policy, evidence, &mut tally) {
            return (tally.attempts(), reason);
        }
        assert!(tally.attempts() < 100, "it never stops");
    }
}

#[test]
fn vector_24_the_longest_wait_allowed_is_still_allowed() {
    let asked = |seconds| Evidence {
        retry_after: Some(secs(seconds)),
        ..status(&GET, 503)
    };
    let policy = policy().backoff(Duration::from_millis(1), secs(1));
    let six_hours = policy.clone().retry_after_max(secs(21_600));
    assert_eq!(first(&six_hours, &asked(21_600)), Ok(secs(21_600)));
    assert_eq!(
        first(&six_hours, &asked(21_601)),
        Err(StopReason::RetryAfterOverCap)
    );
    let clamped = six_hours.retry_after_clamp(true);
    assert_eq!(first(&clamped, &asked(21_601)), Ok(secs(21_600)));
    let one = policy.retry_after_max(secs(1)).retry_after_clamp(true);
    assert_eq!(first(&one, &asked(1)), Ok(secs(1)));
    assert_eq!(first(&one, &asked(2)), Ok(secs(1)));
}

#[test]
fn vectors_25_to_34_backoff_retry_after_cap_and_deadline_together() {
    let of = |base| policy().backoff(secs(base), secs(30));
    let clamp = of(1).retry_after_clamp(true);
    let deaf = of(1).respect_retry_after(false);
    let over = Err(StopReason::RetryAfterOverCap);
    let late = Err(StopReason::Deadline);
    for (vector, policy, asked, statuses, left, expected) in [
        (25, of(1), Some(2), &[429, 503][..], None, Ok(secs(2))),
        (26, of(1), Some(2), &[502], None, Ok(secs(2))),
        (27, of(5), Some(2), &[429], None, Ok(secs(5))),
        (28, of(1), None, &[429, 503, 502], None, Ok(secs(1))),
        (29, of(1), Some(0), &[503], None, Ok(secs(1))),
        (30, of(1), Some(3600), &[429], None, over),
        (30, clamp, Some(3600), &[429], None, Ok(secs(120))),
        (31, of(1), Some(30), &[503], Some(20), late),
        (31, of(1), Some(30), &[503], Some(30), late),
        (31, of(1), Some(30), &[503], Some(31), Ok(secs(30))),
        (32, deaf, Some(3600), &[503], None, Ok(secs(1))),
        (34, of(2), None, &[502], Some(1), late),
    ] {
        for &code in statuses {
            let evidence = Evidence {
                retry_after: asked.map(secs),
                ..status(&GET, code)
            };
            let left = left.map(secs);
            let decision = decide(&policy, &evidence, &mut Tally::default(), left, &mut || 0.5);
            assert_eq!(wait(&decision), expected, "vector {vector}, {code}");
        }
    }
}

#[test]
fn a_retry_after_is_never_undercut_and_spread_only_upwards() {
    let evidence = |seconds| Evidence {
        retry_after: Some(secs(seconds)),
        ..status(&GET, 503)
    };
    let policy = RetryPolicy::default();
    for (asked, draw, millis) in [
        (2, 0.0, 2_000),
        (2, 0.5, 2_100),
        (100, 0.5, 100_500),
        (100, 0.0, 100_000),
    ] {
        let decision = decide(
            &policy,
            &evidence(asked),
            &mut Tally::default(),
            None,
            &mut || draw,
        );
        assert_eq!(wait(&decision), Ok(Duration::from_millis(millis)));
    }
}

#[test]
fn vector_43_a_redirect_begins_the_backoff_anew() {
    let policy = policy().max_attempts(10);
    let mut tally = Tally::default();
    let mut two = |tally: &mut Tally| {
        [(); 2].map(|()| {
            let decision = step(&policy, &status(&GET, 502), tally);
            wait(&decision).unwrap().as_millis()
        })
    };
    assert_eq!(two(&mut tally), [200, 400]);
    tally.redirected();
    assert_eq!(two(&mut tally), [200, 400]);
    assert_eq!(tally.attempts(), 4, "a redirect is no attempt");
}

#[test]
fn vectors_38_41_and_49_waits_end_with_the_attempts() {
    let waits = |policy: &RetryPolicy, evidence: &Evidence<'_>| {
        let mut tally = Tally::default();
        let mut waits = Vec::new();
        loop {
            match wait(&step(policy, evidence, &mut tally)) {
                Ok(delay) => waits.push(delay.as_millis()),
                Err(reason) => return (waits, reason),
            }
        }
    };
    let of = |base, attempts| {
        policy()
            .backoff(Duration::from_millis(base), secs(60))
            .max_attempts(attempts)
    };
    let out = StopReason::AttemptsExhausted;
    let get = refused(&GET);
    assert_eq!(waits(&of(1_000, 4), &get), (vec![1_000, 2_000, 4_000], out));
    assert_eq!(
        waits(&of(1_000, 5), &get),
        (vec![1_000, 2_000, 4_000, 8_000], out)
    );
    let (waits, reason) = waits(&of(50, 4), &answer_timeout(&GET));
    let four_timeouts = 4 * 10;
    assert_eq!(waits.iter().sum::<u128>() + four_timeouts, 390);
    assert_eq!(reason, out);
}

#[test]
fn vectors_50_to_61_connections_and_timeouts() {
    let reset = |method| failure(method, ErrorType::Connection, Phase::Wait);
    let retry = Ok(Duration::from_millis(200));
    let unsafe_ = Err(StopReason::MethodNotIdempotent);
    let never = Err(StopReason::NotRetryable);
    let connect_timeout = failure(&POST, ErrorType::Timeout, Phase::Connect);
    let keyed = Evidence {
        repeatable_by_request: true,
        ..answer_timeout(&POST)
    };
    let certificate = Evidence {
        permanent: true,
        ..failure(&GET, ErrorType::Tls, Phase::Tls)
    };
    for (vector, evidence, expected) in [
        ("50", refused(&GET), retry),
        ("50", refused(&POST), retry),
        ("51", connect_timeout, retry),
        ("52", answer_timeout(&POST), unsafe_),
        ("53", answer_timeout(&GET), retry),
        ("55", keyed, retry),
        ("58", reset(&GET), retry),
        ("58", reset(&POST), unsafe_),
        ("60", certificate, never),
        ("61", failure(&GET, ErrorType::Tls, Phase::Wait), retry),
        ("61", failure(&POST, ErrorType::Tls, Phase::Wait), unsafe_),
    ] {
        assert_eq!(first(&policy(), &evidence), expected, "vector {vector}");
    }
    assert_eq!(
        until_stop(&policy(), &refused(&GET)),
        (3, StopReason::AttemptsExhausted),
        "vector 50"
    );
}

#[test]
fn table_2_2_which_failures_are_repeated_for_which_methods() {
    use ErrorType::*;
    use Phase::{Receive, Send, Tls as Handshake, Total, Wait};
    const EVERY: [bool; 2] = [true, true];
    const SAFE: [bool; 2] = [true, false];
    const NONE: [bool; 2] = [false, false];
    let cut_in_sending = |method| Evidence {
        bytes_sent: 10,
        ..failure(method, Connection, Send)
    };
    let permanent = |method, error_type| Evidence {
        permanent: true,
        ..Evidence::new(method, error_type)
    };
    type Made = Box<dyn Fn(&'static Method) -> Evidence<'static>>;
    let at = |error_type, phase| -> Made { Box::new(move |m| failure(m, error_type, phase)) };
    let bare = |error_type| -> Made { Box::new(move |m| Evidence::new(m, error_type)) };
    let rows: Vec<(&str, Made, [bool; 2])> = vec![
        ("invalid request", bare(InvalidRequest), NONE),
        ("address denied", bare(AddressDenied), NONE),
        ("dns", at(Dns, Phase::Resolve), EVERY),
        ("dns, phase not known", bare(Dns), EVERY),
        ("dns timeout", at(Timeout, Phase::Resolve), EVERY),
        ("connect", at(Connect, Phase::Connect), EVERY),
        ("connect timeout", at(Timeout, Phase::Connect), EVERY),
        ("certificate", Box::new(move |m| permanent(m, Tls)), NONE),
        ("handshake cut off", at(Tls, Handshake), EVERY),
        ("handshake timeout", at(Timeout, Handshake), EVERY),
        ("proxy CONNECT 502", at(Proxy, Phase::Connect), EVERY),
        ("proxy 407", Box::new(move |m| permanent(m, Proxy)), NONE),
        ("lost before sending", at(Connection, Send), EVERY),
        ("lost in sending", Box::new(cut_in_sending), SAFE),
        ("timeout in sending", at(Timeout, Total), SAFE),
        ("lost in waiting", at(Connection, Wait), SAFE),
        ("timeout in waiting", at(Timeout, Wait), SAFE),
        ("malformed head", at(Protocol, Wait), NONE),
        ("body cut short", at(IncompleteBody, Receive), SAFE),
        ("timeout in the body", at(Timeout, Receive), SAFE),
        ("decode", at(Decode, Receive), NONE),
        ("body too large", at(BodyTooLarge, Receive), NONE),
        ("redirect", at(Redirect, Receive), NONE),
        ("process", at(Process, Receive), NONE),
        ("no file descriptor", at(Io, Phase::Connect), EVERY),
        ("no file descriptor, no phase", bare(Io), EVERY),
        ("panic", bare(Panic), NONE),
        ("cancelled", bare(Cancelled), NONE),
        ("deadline", bare(Deadline), NONE),
        ("interrupted", bare(Interrupted), NONE),
    ];
    for (row, made, expected) in rows {
        for method in [&GET, &Method::HEAD, &Method::PUT, &DELETE, &Method::OPTIONS] {
            let retried = first(&policy(), &made(method)).is_ok();
            assert_eq!(retried, expected[0], "{row}: {method}");
        }
        for method in [&POST, &Method::PATCH] {
            let retried = first(&policy(), &made(method)).is_ok();
            assert_eq!(retried, expected[1], "{row}: {method}");
        }
    }
}

#[test]
fn what_ended_for_reasons_of_this_side_says_which() {
    for (error_type, reason) in [
        (ErrorType::Cancelled, StopReason::Cancelled),
        (ErrorType::Deadline, StopReason::Deadline),
        (ErrorType::BreakerOpen, StopReason::BreakerOpen),
        (ErrorType::Panic, StopReason::NotRetryable),
    ] {
        let evidence = Evidence {
            judgement: Some(&Judgement::Retry),
            ..Evidence::new(&GET, error_type)
        };
        assert_eq!(first(&policy(), &evidence), Err(reason), "even with a hook");
    }
}

#[test]
fn vector_54_a_limit_of_none_for_a_class_is_no_retry() {
    let limits = ClassLimits {
        timeout: Some(0),
        ..ClassLimits::default()
    };
    assert_eq!(
        until_stop(&policy().class_limits(limits), &answer_timeout(&GET)),
        (1, StopReason::ClassLimit)
    );
}

#[test]
fn vector_55_a_key_in_either_spelling_makes_a_write_repeatable() {
    for (name, keyed) in [
        ("Idempotency-Key", true),
        ("X-Idempotency-Key", true),
        ("X-Request-Id", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_static("1"),
        );
        assert_eq!(is_keyed(&headers), keyed, "{name}");
    }
}

#[test]
fn vector_56_nothing_written_to_a_kept_alive_connection_is_replayed_free() {
    for method in [GET, POST] {
        let mut tally = Tally::default();
        assert!(free_replay(&policy(), &stale(&method, 0), &mut tally));
        assert_eq!(
            tally,
            Tally {
                replayed: true,
                ..Tally::default()
            }
        );
    }
    let streamed = Evidence {
        replayable: false,
        ..stale(&POST, 0)
    };
    assert!(!free_replay(&policy(), &streamed, &mut Tally::default()));
    assert_eq!(
        first(&policy(), &streamed),
        Err(StopReason::BodyNotReplayable)
    );
}

#[test]
fn vector_57_a_second_lost_connection_counts() {
    let mut tally = Tally::default();
    assert!(free_replay(&policy(), &stale(&GET, 100), &mut tally));
    assert!(
        !free_replay(&policy(), &stale(&GET, 100), &mut tally),
        "once per attempt"
    );
    let fresh = failure(&GET, ErrorType::Connection, Phase::Wait);
    assert!(!free_replay(&policy(), &fresh, &mut tally));
    assert!(wait(&step(&policy(), &fresh, &mut tally)).is_ok());
    assert_eq!((tally.attempts(), tally.retries()), (1, 1));
    assert!(
        free_replay(&policy(), &stale(&GET, 100), &mut tally),
        "the next attempt has its own"
    );
}

#[test]
fn a_free_replay_is_for_closed_connections_and_requests_that_may_be_repeated() {
    let free = |policy: &RetryPolicy, evidence: Evidence<'_>| {
        free_replay(policy, &evidence, &mut Tally::default())
    };
    let usual = policy();
    assert!(!free(&usual, stale(&POST, 100)));
    assert!(free(
        &usual,
        Evidence {
            repeatable_by_request: true,
            ..stale(&POST, 100)
        }
    ));
    assert!(free(&usual.clone().retry_all_methods(), stale(&POST, 100)));
    assert!(!free(
        &usual.clone().retry_methods([POST]),
        stale(&GET, 100)
    ));
    assert!(!free(
        &usual,
        Evidence {
            bytes_received: 1,
            ..stale(&GET, 100)
        }
    ));
    assert!(!free(
        &usual,
        Evidence {
            reused: true,
            ..answer_timeout(&GET)
        }
    ));
}

#[test]
fn vector_59_a_delete_that_may_have_been_carried_out_is_marked() {
    let mut tally = Tally::default();
    let reset = failure(&DELETE, ErrorType::Connection, Phase::Wait);
    step(&policy(), &reset, &mut tally);
    let gone = step(&policy(), &status(&DELETE, 404), &mut tally);
    assert_eq!(wait(&gone), Err(StopReason::NotRetryable));
    assert!(tally.is_ambiguous());

    for harmless in [
        refused(&DELETE),
        status(&DELETE, 429),
        failure(&GET, ErrorType::Connection, Phase::Wait),
    ] {
        let mut tally = Tally::default();
        assert!(wait(&step(&policy(), &harmless, &mut tally)).is_ok());
        assert!(!tally.is_ambiguous(), "{harmless:?}");
    }
    let mut last = Tally::default();
    step(&RetryPolicy::none(), &reset, &mut last);
    assert!(!last.is_ambiguous(), "no attempt came before it");
    let mut replayed = Tally::default();
    free_replay(&policy(), &stale(&DELETE, 100), &mut replayed);
    assert!(replayed.is_ambiguous());
}

#[test]
fn vectors_62_and_123_what_never_went_out_is_no_attempt() {
    for error_type in [ErrorType::InvalidRequest, ErrorType::BreakerOpen] {
        let mut tally = Tally::default();
        let decision = step(&policy(), &Evidence::new(&GET, error_type), &mut tally);
        assert!(wait(&decision).is_err());
        assert_eq!(tally.attempts(), 0, "{error_type}");
    }
}

#[test]
fn vector_63_a_redirect_that_is_not_followed_is_one_attempt() {
    let evidence = Evidence {
        error_type: ErrorType::Redirect,
        ..status(&GET, 302)
    };
    assert_eq!(
        until_stop(&policy(), &evidence),
        (1, StopReason::NotRetryable)
    );
}

#[test]
fn vectors_64_65_and_142_throttling_until_it_passes_or_attempts_run_out() {
    let mut tally = Tally::default();
    for _ in 0..2 {
        assert!(wait(&step(&policy(), &status(&GET, 429), &mut tally)).is_ok());
    }
    tally.settled();
    assert_eq!((tally.attempts(), tally.retries()), (3, 2));
    for code in [429, 503] {
        let mut tally = Tally::default();
        let stop = (0..3)
            .map(|_| wait(&step(&policy(), &status(&GET, code), &mut tally)))
            .find_map(Result::err);
        assert_eq!(stop, Some(StopReason::AttemptsExhausted));
        assert_eq!((tally.attempts(), tally.retries()), (3, 2));
    }
}

#[test]
fn vectors_67_to_70_statuses_by_default() {
    let all = |method: &Method, codes: &[u16], expected: Result<(), StopReason>| {
        for code in codes {
            let found = first(&policy(), &status(method, *code)).map(drop);
            assert_eq!(found, expected, "{method} {code}");
        }
    };
    let never = Err(StopReason::NotRetryable);
    let unsafe_ = Err(StopReason::MethodNotIdempotent);
    all(&GET, &[500, 502, 503, 504, 522, 524, 408, 429], Ok(()));
    all(&GET, &[520, 521, 523, 529, 421, 425, 507, 599], Ok(()));
    all(&GET, &[404, 403, 400, 501, 505, 409, 423, 424, 418], never);
    all(&GET, &[506, 508, 510, 511, 525, 526], never);
    all(&GET, &[0, 99, 600, 999, 302, 413], never);
    all(&POST, &[408, 500, 502, 503, 504, 520, 522, 524], unsafe_);
    all(&POST, &[421, 425, 429, 529], Ok(()));
    all(&POST, &[404, 413, 501], never);

    for (code, expected) in [
        (413, Ok(secs(1))),
        (503, Ok(secs(1))),
        (418, never.map(|()| secs(0))),
    ] {
        let evidence = Evidence {
            retry_after: Some(secs(1)),
            ..status(&GET, code)
        };
        assert_eq!(first(&policy(), &evidence), expected, "vector 70: {code}");
    }
}

#[test]
fn vectors_66_and_71_to_73_statuses_and_methods_of_the_callers_own() {
    let server_errors = || policy().retry_statuses(500..=599);
    let teapot = || policy().retry_statuses([418]);
    let nothing: [Method; 0] = [];
    for (vector, policy, method, code, retried) in [
        (66, policy().retry_all_methods(), POST, 500, true),
        (71, server_errors(), GET, 200, false),
        (71, server_errors(), GET, 400, false),
        (71, server_errors(), GET, 500, true),
        (71, server_errors(), GET, 501, true),
        (71, teapot(), GET, 400, false),
        (71, teapot(), GET, 418, true),
        (71, teapot(), GET, 500, false),
        (72, policy().retry_all_methods(), POST, 500, true),
        (72, policy().retry_methods([POST]), GET, 500, false),
        (72, policy().retry_methods([POST]), POST, 500, true),
        (72, policy().retry_methods(nothing.clone()), GET, 500, false),
        (
            72,
            policy().retry_methods(nothing.clone()),
            POST,
            500,
            false,
        ),
        (72, policy().retry_methods(nothing), GET, 429, false),
        (73, teapot(), Method::OPTIONS, 418, true),
        (73, teapot(), POST, 418, false),
        (73, policy().retry_statuses([429]), POST, 429, true),
    ] {
        let found = first(&policy, &status(&method, code)).is_ok();
        assert_eq!(found, retried, "vector {vector}: {method} {code}");
    }
    assert_eq!(
        until_stop(&policy().retry_all_methods(), &status(&POST, 500)),
        (3, StopReason::AttemptsExhausted),
        "vector 66"
    );
}

#[test]
fn vectors_74_to_76_a_hook_overrules_the_usual_decision() {
    let retry = Judgement::Retry;
    let stop = Judgement::Stop("no use".into());
    let judged = |judgement, evidence| Evidence {
        judgement: Some(judgement),
        ..evidence
    };
    assert!(
        first(&policy(), &judged(&retry, status(&GET, 400))).is_ok(),
        "74"
    );
    assert_eq!(
        until_stop(&policy(), &judged(&retry, status(&GET, 200))),
        (3, StopReason::AttemptsExhausted),
        "75: always"
    );
    assert_eq!(
        until_stop(&policy(), &judged(&stop, status(&GET, 200))),
        (1, StopReason::NotRetryable),
        "75: never"
    );
    let mut tally = Tally::default();
    step(&policy(), &judged(&retry, status(&GET, 200)), &mut tally);
    tally.settled();
    assert_eq!(tally.attempts(), 2, "75: good the second time");

    let mut tally = Tally::default();
    assert!(wait(&step(&policy(), &status(&GET, 500), &mut tally)).is_ok());
    let decision = step(&policy(), &judged(&stop, status(&GET, 500)), &mut tally);
    assert_eq!(wait(&decision), Err(StopReason::NotRetryable), "76");
    assert_eq!(tally.attempts(), 2, "76");

    assert_eq!(
        first(&policy(), &judged(&retry, status(&POST, 200))),
        Err(StopReason::MethodNotIdempotent),
        "a hook makes no write safe"
    );
    let certificate = Evidence {
        permanent: true,
        ..failure(&POST, ErrorType::Tls, Phase::Tls)
    };
    assert!(first(&policy(), &judged(&retry, certificate)).is_ok());
}

#[test]
fn vectors_77_and_78_as_many_retries_as_the_policy_says() {
    for retries in [0, 5, 3, 4] {
        let policy = policy().max_attempts(retries + 1);
        assert_eq!(
            until_stop(&policy, &refused(&GET)),
            (retries + 1, StopReason::AttemptsExhausted)
        );
    }
    let dns = failure(&GET, ErrorType::Dns, Phase::Resolve);
    assert_eq!(
        until_stop(&policy().max_attempts(5), &dns),
        (2, StopReason::ClassLimit)
    );
    for evidence in [status(&GET, 503), dns] {
        assert_eq!(
            until_stop(&RetryPolicy::none(), &evidence),
            (1, StopReason::AttemptsExhausted)
        );
    }
}

#[test]
fn vector_79_trouble_on_this_side_passes() {
    let io = failure(&POST, ErrorType::Io, Phase::Connect);
    assert_eq!(
        until_stop(&policy(), &io),
        (3, StopReason::AttemptsExhausted)
    );
    for code in [200, 400] {
        assert!(first(&policy(), &status(&GET, code)).is_err());
    }
}

#[test]
fn vector_80_a_body_cut_short_is_asked_for_again_where_that_is_safe() {
    let cut = |method| Evidence {
        error_type: ErrorType::IncompleteBody,
        ..status(method, 200)
    };
    assert!(first(&policy(), &cut(&GET)).is_ok());
    assert_eq!(
        first(&policy(), &cut(&POST)),
        Err(StopReason::MethodNotIdempotent)
    );
}

#[test]
fn vectors_81_to_83_limits_per_class_beside_the_one_in_all() {
    let of = |attempts, set: fn(&mut ClassLimits)| {
        let mut limits = ClassLimits::default();
        set(&mut limits);
        policy().max_attempts(attempts).class_limits(limits)
    };
    let (out, limit) = (StopReason::AttemptsExhausted, StopReason::ClassLimit);
    let connect = refused(&GET);
    let stream = failure(&GET, ErrorType::Tls, Phase::Wait);
    for (vector, policy, evidence, stop) in [
        ("81", of(3, |l| l.connect = Some(3)), &connect, (3, out)),
        ("81", of(4, |l| l.connect = Some(2)), &connect, (3, limit)),
        ("82", of(4, |l| l.other = Some(1)), &stream, (2, limit)),
        ("82", of(4, |_| ()), &stream, (4, out)),
        (
            "83",
            of(9, |l| l.status = Some(2)).retry_statuses([400]),
            &status(&GET, 400),
            (3, limit),
        ),
    ] {
        assert_eq!(until_stop(&policy, evidence), stop, "vector {vector}");
    }
    let policy = of(50, |l| l.connect = Some(2));
    let mut tally = Tally::default();
    for _ in 0..3 {
        assert!(wait(&step(&policy, &answer_timeout(&GET), &mut tally)).is_ok());
    }
    for expected in [true, true, false] {
        let decision = step(&policy, &connect, &mut tally);
        assert_eq!(wait(&decision).is_ok(), expected, "vector 81: each its own");
    }
}

#[test]
fn vector_84_a_policy_serves_many_requests() {
    let policy = policy().max_attempts(2);
    for _ in 0..2 {
        let mut tally = Tally::default();
        assert!(wait(&step(&policy, &refused(&GET), &mut tally)).is_ok());
        tally.settled();
        assert_eq!(tally.attempts(), 2);
    }
}

#[test]
fn a_misdirected_request_is_repeated_once_on_a_new_connection() {
    let mut tally = Tally::default();
    let policy = policy().max_attempts(9);
    let again = step(&policy, &status(&POST, 421), &mut tally);
    assert!(matches!(again, Decision::Retry { fresh: true, .. }));
    let stop = step(&policy, &status(&POST, 421), &mut tally);
    assert_eq!(wait(&stop), Err(StopReason::ClassLimit));
    for (code, new) in [(408, true), (503, false)] {
        let decision = step(&policy, &status(&GET, code), &mut Tally::default());
        assert!(matches!(decision, Decision::Retry { fresh, .. } if fresh == new));
    }
}

#[test]
fn vector_101_a_redirect_waits_as_long_as_it_asks_for() {
    let wait = |asked: Option<u64>, left: Option<u64>| {
        redirect_delay(&policy(), asked.map(secs), left.map(secs), &mut || 0.5)
    };
    assert_eq!(wait(Some(1), None), Ok(secs(1)));
    assert_eq!(wait(Some(2), None), Ok(secs(2)));
    assert_eq!(wait(Some(0), None), Ok(Duration::ZERO), "a date gone by");
    assert_eq!(wait(None, Some(1)), Ok(Duration::ZERO));
    assert_eq!(wait(Some(3), Some(2)), Err(StopReason::Deadline));
    assert_eq!(wait(Some(121), None), Err(StopReason::RetryAfterOverCap));
}

#[test]
fn a_retry_costs_one_after_a_timeout_two_and_without_a_budget_nothing() {
    let cost = |policy: &RetryPolicy, evidence: &Evidence<'_>| match step(
        policy,
        evidence,
        &mut Tally::default(),
    ) {
        Decision::Retry { cost, .. } => cost,
        stop => panic!("{stop:?}"),
    };
    assert_eq!(cost(&policy(), &refused(&GET)), 1.0);
    assert_eq!(cost(&policy(), &answer_timeout(&GET)), 2.0);
    let unbounded = policy().budget(None::<RetryBudget>);
    assert_eq!(cost(&unbounded, &answer_timeout(&GET)), 0.0);
}

#[test]
fn throttling_cools_the_whole_host_whether_or_not_this_request_goes_on() {
    let cool = |policy: &RetryPolicy, code, asked: Option<u64>| {
        let evidence = Evidence {
            retry_after: asked.map(secs),
            ..status(&GET, code)
        };
        match step(policy, &evidence, &mut Tally::default()) {
            Decision::Retry { cool, .. } | Decision::Stop { cool, .. } => cool,
        }
    };
    assert_eq!(cool(&policy(), 429, Some(7)), Some(secs(7)));
    assert_eq!(cool(&policy(), 429, None), Some(secs(1)));
    assert_eq!(cool(&policy(), 503, Some(7)), Some(secs(7)));
    assert_eq!(cool(&policy(), 503, None), None);
    assert_eq!(cool(&policy(), 502, Some(7)), None);
    let none = RetryPolicy::none().jitter(Jitter::None);
    assert_eq!(cool(&none, 429, Some(7)), Some(secs(7)), "the last attempt");
    assert_eq!(
        cool(&policy(), 429, Some(3600)),
        Some(secs(120)),
        "as long as the policy grants"
    );
}

#[test]
fn vector_141_the_log_keeps_each_attempt_in_order() {
    let keyed = Evidence {
        repeatable_by_request: true,
        ..answer_timeout(&POST)
    };
    let mut tally = Tally::default();
    let policy = policy().max_attempts(4);
    let log: Vec<_> = [refused(&GET), keyed, status(&GET, 500)]
        .iter()
        .map(|evidence| {
            let delay = wait(&step(&policy, evidence, &mut tally)).ok();
            let entry = evidence.attempt(secs(1), delay);
            (
                entry.error_type,
                entry.phase,
                entry.status,
                entry.delay.map(|d| d.as_millis()),
            )
        })
        .collect();
    assert_eq!(
        log,
        [
            (ErrorType::Connect, Some(Phase::Connect), None, Some(200)),
            (ErrorType::Timeout, Some(Phase::Wait), None, Some(400)),
            (
                ErrorType::HttpStatus,
                Some(Phase::Receive),
                Some(500),
                Some(800)
            ),
        ]
    );
}

#[test]
fn whatever_happened_attempts_stay_within_the_limit_and_waits_within_the_deadline() {
    const TYPES: [ErrorType; 12] = [
        ErrorType::Dns,
        ErrorType::Connect,
        ErrorType::Tls,
        ErrorType::Proxy,
        ErrorType::Timeout,
        ErrorType::Connection,
        ErrorType::IncompleteBody,
        ErrorType::HttpStatus,
        ErrorType::Protocol,
        ErrorType::Io,
        ErrorType::Cancelled,
        ErrorType::Panic,
    ];
    const PHASES: [Phase; 7] = [
        Phase::Resolve,
        Phase::Connect,
        Phase::Tls,
        Phase::Send,
        Phase::Wait,
        Phase::Receive,
        Phase::Total,
    ];
    let seed = fastrand::u64(..);
    let mut rng = fastrand::Rng::with_seed(seed);
    let any = |rng: &mut fastrand::Rng| {
        let nanos = Duration::from_nanos(rng.u64(..) >> rng.u32(..64));
        [nanos, Duration::MAX][usize::from(rng.u8(..8) == 0)]
    };
    for round in 0..5_000 {
        let mut policy = RetryPolicy::default()
            .max_attempts(rng.u32(1..6))
            .jitter([Jitter::Full, Jitter::Equal, Jitter::None][rng.usize(..3)])
            .retry_after_max(any(&mut rng))
            .retry_after_clamp(rng.bool());
        (policy.base, policy.max) = (any(&mut rng), any(&mut rng));
        let mut tally = Tally::default();
        for _ in 0..8 {
            let method = [GET, POST, DELETE][rng.usize(..3)].clone();
            let evidence = Evidence {
                repeatable_by_request: rng.bool(),
                replayable: rng.u8(..8) > 0,
                phase: rng.bool().then(|| PHASES[rng.usize(..7)]),
                permanent: rng.u8(..8) == 0,
                bytes_sent: rng.u64(..3),
                bytes_received: rng.u64(..3),
                reused: rng.bool(),
                status: rng.bool().then(|| rng.u16(..)),
                retry_after: rng.bool().then(|| any(&mut rng)),
                judgement: rng.bool().then_some(&Judgement::Retry),
                ..Evidence::new(&method, TYPES[rng.usize(..12)])
            };
            let left = rng.bool().then(|| any(&mut rng));
            free_replay(&policy, &evidence, &mut tally);
            let told = format!("seed {seed} round {round}: {evidence:?}");
            let risky = method == POST
                && !evidence.repeatable_by_request
                && evidence.bytes_sent > 0
                && matches!(evidence.phase, Some(Phase::Wait | Phase::Receive))
                && evidence.error_type != ErrorType::HttpStatus;
            match decide(&policy, &evidence, &mut tally, left, &mut || rng.f64()) {
                Decision::Retry { delay, .. } => {
                    assert!(left.is_none_or(|left| delay < left), "{told}");
                    assert!(tally.attempts() < policy.max_attempts, "{told}");
                    assert!(!risky, "a write is repeated: {told}");
                    let obeyed = evidence.retry_after.unwrap_or_default();
                    assert!(policy.retry_after_clamp || delay >= obeyed, "{told}");
                }
                Decision::Stop { .. } => break,
            }
        }
    }
}
