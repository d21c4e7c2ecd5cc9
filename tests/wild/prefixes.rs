//! Prefixes of a good response: each is a failure, never a success with a short body.

use std::fmt::Write as _;

use test_support::corpus::{self, Case};

use crate::run::Way;
use crate::ways::{all_came, run_cases};

/// Text `hello` in gzip.
const GZIP: &str = "\\{1f8b0800000000000203cb48cdc9c9070086a6103605000000}";
/// Text `hello` in gzip, in a chunk.
const CHUNKED_GZIP: &str =
    "19\\r\\n\\{1f8b0800000000000203cb48cdc9c9070086a6103605000000}\\r\\n0\\r\\n\\r\\n";

/// Responses that say where they end, in the escapes of the corpus.
fn with_an_end() -> Vec<String> {
    let with = |line: &str, body: &str| format!("HTTP/1.1 200 OK\\r\\n{line}\\r\\n\\r\\n{body}");
    let gzip = "Content-Encoding: gzip\\r\\n";
    let chunked = "Transfer-Encoding: chunked";
    vec![
        with("Content-Length: 5", "hello"),
        with(
            chunked,
            "5;a=b\\r\\nhello\\r\\n0;c\\r\\nX-Trailer: a\\r\\n\\r\\n",
        ),
        with(&format!("{gzip}Content-Length: 25"), GZIP),
        with(&format!("{gzip}{chunked}"), CHUNKED_GZIP),
        with("Transfer-Encoding: gzip, chunked", CHUNKED_GZIP),
        format!(
            "HTTP/1.1 103 Early Hints\\r\\nLink: a\\r\\n\\r\\n{}",
            with("Content-Length: 5", "hello")
        ),
    ]
}

/// Responses that end with the connection.
fn without_an_end() -> Vec<String> {
    vec![
        "HTTP/1.1 200 OK\\r\\nServer: x\\r\\n\\r\\nhello".into(),
        format!("HTTP/1.1 200 OK\\r\\nContent-Encoding: gzip\\r\\n\\r\\n{GZIP}"),
        "HTTP/1.0 200 OK\\r\\n\\r\\n".into(),
    ]
}

/// Builds a case for each prefix, and with `whole` for the whole response.
fn prefixes(responses: &[String], then: &str, whole: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for response in responses {
        let mut read = Vec::new();
        corpus::read(
            "prefixes",
            &format!("case whole\n<< {response}\n"),
            &mut read,
        );
        let bytes = read[0].response();
        let sizes = 0..bytes.len() + usize::from(whole);
        for size in sizes {
            let mut text = format!("case {size} bytes of {response}\nset attempts=1\n");
            if size > 0 {
                let hexadecimal = bytes[..size].iter().fold(String::new(), |mut text, byte| {
                    write!(text, "{byte:02x}").unwrap();
                    text
                });
                writeln!(text, "<< \\{{{hexadecimal}}}").unwrap();
            }
            let expect = "expect failed connection|incomplete_body";
            writeln!(text, "then {then}\n{expect}").unwrap();
            corpus::read("prefixes", &text, &mut cases);
        }
    }
    cases
}

#[track_caller]
fn all_fail(ways: &[Way], cases: Vec<Case>) {
    for way in ways {
        all_came(*way, &cases, &run_cases(*way, cases.clone()));
    }
}

#[test]
fn every_prefix_of_a_response_with_an_end_is_a_failure() {
    let cases = prefixes(&with_an_end(), "close", false);
    all_fail(&[Way::Plain, Way::General], cases);
}

#[test]
fn every_prefix_of_a_response_with_an_end_is_a_failure_over_tls() {
    let cases = prefixes(&with_an_end(), "close", false);
    all_fail(&[Way::Tls, Way::TlsGeneral], cases);
}

#[test]
fn every_prefix_of_a_response_with_an_end_is_a_failure_over_tls_without_close_notify() {
    let cases = prefixes(&with_an_end(), "cut", false);
    all_fail(&[Way::Tls], cases);
}

#[test]
fn a_response_that_ends_with_the_connection_is_a_failure_over_tls_without_close_notify() {
    let cases = prefixes(&without_an_end(), "cut", true);
    all_fail(&[Way::Tls, Way::TlsGeneral], cases);
}

#[test]
fn each_of_these_responses_is_a_success_when_it_is_whole() {
    let mut cases = Vec::new();
    for response in with_an_end().iter().chain(&without_an_end()[..2]) {
        let text = format!("case {response}\n<< {response}\nthen close\nexpect 200 \"hello\"\n");
        corpus::read("prefixes", &text, &mut cases);
    }
    all_fail(
        &[Way::Plain, Way::General, Way::Tls, Way::TlsGeneral],
        cases,
    );
}
