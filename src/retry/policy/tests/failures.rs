//! Failures that are retried: `tests/vectors/failures.md`.

use super::*;
use crate::retry::is_keyed;
use http::{HeaderMap, HeaderName, HeaderValue};

#[test]
fn vectors_50_to_53_55_58_60_and_61_a_failure_is_retried_where_that_is_safe() {
    let reset = |method| failure(method, ErrorType::Connection, Phase::Wait);
    let retry = Ok(Duration::from_millis(200));
    let unsafe_ = Err(StopReason::MethodNotIdempotent);
    let never = Err(StopReason::NotRetryable);
    let connect_timeout = failure(&POST, ErrorType::Timeout, Phase::Connect);
    let keyed = AttemptFacts {
        repeatable_by_request: true,
        ..answer_timeout(&POST)
    };
    let certificate = AttemptFacts {
        permanent: true,
        ..failure(&GET, ErrorType::Tls, Phase::Tls)
    };
    for (vector, facts, expected) in [
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
        assert_eq!(first(&policy(), &facts), expected, "vector {vector}");
    }
    assert_eq!(
        until_stop(&policy(), &refused(&GET)),
        (3, StopReason::AttemptsExhausted),
        "vector 50"
    );
}

#[test]
fn c1_to_c24_class_and_phase_of_a_failure_decide_for_which_methods_it_is_retried() {
    use ErrorType::*;
    use Phase::{Receive, Send, Tls as Handshake, Total, Wait};
    const EVERY: [bool; 2] = [true, true];
    const SAFE: [bool; 2] = [true, false];
    const NONE: [bool; 2] = [false, false];
    let cut_in_sending = |method| AttemptFacts {
        bytes_sent: 10,
        ..failure(method, Connection, Send)
    };
    let permanent = |method, error_type| AttemptFacts {
        permanent: true,
        ..AttemptFacts::new(method, error_type)
    };
    type Made = Box<dyn Fn(&'static Method) -> AttemptFacts<'static>>;
    let at = |error_type, phase| -> Made { Box::new(move |m| failure(m, error_type, phase)) };
    let bare = |error_type| -> Made { Box::new(move |m| AttemptFacts::new(m, error_type)) };
    let rows: Vec<(&str, Made, [bool; 2])> = vec![
        ("C1 invalid request", bare(InvalidRequest), NONE),
        ("C1 address denied", bare(AddressDenied), NONE),
        ("C2 dns", at(Dns, Phase::Resolve), EVERY),
        ("C2 dns, phase not known", bare(Dns), EVERY),
        ("C2 dns timeout", at(Timeout, Phase::Resolve), EVERY),
        ("C3 connect", at(Connect, Phase::Connect), EVERY),
        ("C3 connect timeout", at(Timeout, Phase::Connect), EVERY),
        ("C4 certificate", Box::new(move |m| permanent(m, Tls)), NONE),
        ("C5 handshake cut off", at(Tls, Handshake), EVERY),
        ("C6 handshake timeout", at(Timeout, Handshake), EVERY),
        ("C7 proxy CONNECT 502", at(Proxy, Phase::Connect), EVERY),
        ("C8 proxy 407", Box::new(move |m| permanent(m, Proxy)), NONE),
        ("C9 lost before sending", at(Connection, Send), EVERY),
        ("C10 lost in sending", Box::new(cut_in_sending), SAFE),
        ("C11 timeout in sending", at(Timeout, Total), SAFE),
        ("C12 lost in waiting", at(Connection, Wait), SAFE),
        ("C13 timeout in waiting", at(Timeout, Wait), SAFE),
        ("C14 malformed head", at(Protocol, Wait), NONE),
        ("C15 body cut short", at(IncompleteBody, Receive), SAFE),
        ("C16 timeout in the body", at(Timeout, Receive), SAFE),
        ("C17 decode", at(Decode, Receive), NONE),
        ("C18 body too large", at(BodyTooLarge, Receive), NONE),
        ("C19 redirect", at(Redirect, Receive), NONE),
        ("C20 process", at(Process, Receive), NONE),
        ("C21 no file descriptor", at(Io, Phase::Connect), EVERY),
        ("C21 no file descriptor, no phase", bare(Io), EVERY),
        ("C22 panic", bare(Panic), NONE),
        ("C23 cancelled", bare(Cancelled), NONE),
        ("C23 deadline", bare(Deadline), NONE),
        ("C24 interrupted", bare(Interrupted), NONE),
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
fn no_hook_repeats_a_request_that_ended_on_this_side() {
    for (error_type, reason) in [
        (ErrorType::Cancelled, StopReason::Cancelled),
        (ErrorType::Deadline, StopReason::Deadline),
        (ErrorType::BreakerOpen, StopReason::BreakerOpen),
        (ErrorType::Panic, StopReason::NotRetryable),
    ] {
        let facts = AttemptFacts {
            judgement: Some(&Judgement::Retry),
            ..AttemptFacts::new(&GET, error_type)
        };
        assert_eq!(first(&policy(), &facts), Err(reason), "even with a hook");
    }
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
        let mut counts = AttemptCounts::default();
        assert!(free_replay(&policy(), &stale(&method, 0), &mut counts));
        assert_eq!(
            counts,
            AttemptCounts {
                replayed: true,
                ..AttemptCounts::default()
            }
        );
    }
    let streamed = AttemptFacts {
        replayable: false,
        ..stale(&POST, 0)
    };
    assert!(!free_replay(
        &policy(),
        &streamed,
        &mut AttemptCounts::default()
    ));
    assert_eq!(
        first(&policy(), &streamed),
        Err(StopReason::BodyNotReplayable)
    );
}

#[test]
fn vector_57_a_second_lost_connection_counts() {
    let mut counts = AttemptCounts::default();
    assert!(free_replay(&policy(), &stale(&GET, 100), &mut counts));
    assert!(
        !free_replay(&policy(), &stale(&GET, 100), &mut counts),
        "once per attempt"
    );
    let fresh = failure(&GET, ErrorType::Connection, Phase::Wait);
    assert!(!free_replay(&policy(), &fresh, &mut counts));
    assert!(wait(&step(&policy(), &fresh, &mut counts)).is_ok());
    assert_eq!((counts.attempts(), counts.retries()), (1, 1));
    assert!(
        free_replay(&policy(), &stale(&GET, 100), &mut counts),
        "the next attempt has its own"
    );
}

fn free(policy: &RetryPolicy, facts: AttemptFacts<'_>) -> bool {
    free_replay(policy, &facts, &mut AttemptCounts::default())
}

#[test]
fn a_free_replay_is_for_requests_that_may_be_repeated() {
    let usual = policy();
    assert!(!free(&usual, stale(&POST, 100)));
    assert!(free(
        &usual,
        AttemptFacts {
            repeatable_by_request: true,
            ..stale(&POST, 100)
        }
    ));
    assert!(free(&usual.clone().retry_all_methods(), stale(&POST, 100)));
    assert!(!free(
        &usual.clone().retry_methods([POST]),
        stale(&GET, 100)
    ));
}

#[test]
fn a_free_replay_is_for_connections_that_ended_without_a_response() {
    let usual = policy();
    assert!(!free(
        &usual,
        AttemptFacts {
            bytes_received: 1,
            ..stale(&GET, 100)
        }
    ));
    assert!(!free(
        &usual,
        AttemptFacts {
            reused: true,
            ..answer_timeout(&GET)
        }
    ));
}

#[test]
fn vector_59_a_delete_that_may_have_been_carried_out_is_marked() {
    let mut counts = AttemptCounts::default();
    let reset = failure(&DELETE, ErrorType::Connection, Phase::Wait);
    step(&policy(), &reset, &mut counts);
    let gone = step(&policy(), &status(&DELETE, 404), &mut counts);
    assert_eq!(wait(&gone), Err(StopReason::NotRetryable));
    assert!(counts.is_ambiguous());

    for harmless in [
        refused(&DELETE),
        status(&DELETE, 429),
        failure(&GET, ErrorType::Connection, Phase::Wait),
    ] {
        let mut counts = AttemptCounts::default();
        assert!(wait(&step(&policy(), &harmless, &mut counts)).is_ok());
        assert!(!counts.is_ambiguous(), "{harmless:?}");
    }
    let mut last = AttemptCounts::default();
    step(&RetryPolicy::none(), &reset, &mut last);
    assert!(!last.is_ambiguous(), "no attempt came before it");
    let mut replayed = AttemptCounts::default();
    free_replay(&policy(), &stale(&DELETE, 100), &mut replayed);
    assert!(replayed.is_ambiguous());
}

#[test]
fn vectors_62_and_123_a_request_that_was_never_sent_has_no_attempt() {
    for error_type in [ErrorType::InvalidRequest, ErrorType::BreakerOpen] {
        let mut counts = AttemptCounts::default();
        let decision = step(&policy(), &AttemptFacts::new(&GET, error_type), &mut counts);
        assert!(wait(&decision).is_err());
        assert_eq!(counts.attempts(), 0, "{error_type}");
    }
}

#[test]
fn vector_63_a_redirect_that_is_not_followed_is_one_attempt() {
    let facts = AttemptFacts {
        error_type: ErrorType::Redirect,
        ..status(&GET, 302)
    };
    assert_eq!(until_stop(&policy(), &facts), (1, StopReason::NotRetryable));
}

#[test]
fn vector_79_a_failure_on_this_side_is_retried_for_any_method() {
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
fn vector_80_a_body_cut_short_is_retried_where_that_is_safe() {
    let cut = |method| AttemptFacts {
        error_type: ErrorType::IncompleteBody,
        ..status(method, 200)
    };
    assert!(first(&policy(), &cut(&GET)).is_ok());
    assert_eq!(
        first(&policy(), &cut(&POST)),
        Err(StopReason::MethodNotIdempotent)
    );
}
