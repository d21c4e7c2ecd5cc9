use std::time::Duration;

use super::*;
use crate::Request;
use crate::error::{Error, StopReason};
use crate::outcome::State;
use crate::outcome::sample::{self, attempt, ms, response};
use crate::rejection::Rejection;

mod duplicates;
mod not_done;
mod shown;
mod threshold;

fn url(index: u64) -> String {
    format!("https://api.x.org/{index}")
}

fn success(index: u64, elapsed: f64) -> Outcome {
    let answer = response(&url(index), 200, "text/plain", b"x");
    let mut outcome = sample::success(index, url(index), answer);
    outcome.report.elapsed = ms(elapsed).into();
    outcome
}

fn not_found(index: u64) -> Outcome {
    let answer = response(&url(index), 404, "text/plain", b"x");
    sample::bad_status(index, url(index), answer)
}

/// A success at the second attempt, after a 503.
fn second_try(index: u64) -> Outcome {
    let mut outcome = success(index, 20.0);
    outcome.report.attempts = 2;
    outcome.report.rare_mut().log = vec![attempt(ErrorType::HttpStatus, Some(503), 5.0)];
    outcome
}

fn cancelled(index: u64) -> Outcome {
    sample::unsent(index, url(index), ErrorType::Cancelled)
}

fn rejected(index: u64) -> Outcome {
    let answer = response(&url(index), 200, "text/plain", b"x");
    sample::rejected(index, url(index), answer, Rejection::new(1, "no"))
}

fn timeout(index: u64) -> Outcome {
    sample::connect_timeout(index, format!("https://x/{index}"))
}

fn of(outcomes: &[Outcome]) -> Summary {
    let mut summary = Summary::new();
    for outcome in outcomes {
        summary.record(outcome);
    }
    summary
}

/// Some of everything.
fn mixed() -> Vec<Outcome> {
    let mut outcomes: Vec<_> = (0..40)
        .map(|index| match index % 8 {
            0 => not_found(index),
            1 => second_try(index),
            2 => rejected(index),
            3 => cancelled(index),
            4 => timeout(index),
            5 => sample::unsent(index, "ftp://h/", ErrorType::InvalidRequest),
            _ => success(index, index as f64 * 7.3),
        })
        .collect();
    let spent = Error::new(ErrorType::Connect, "connect to x:443: refused")
        .stopped(StopReason::BudgetEmpty);
    let mut outcome = timeout(40);
    outcome.state = State::Failed(spent);
    outcomes.push(outcome);
    outcomes
}

mod counting {
    use super::*;

    #[test]
    fn every_outcome_is_in_one_state() {
        let summary = of(&mixed());
        assert_eq!(summary.total(), 41);
        assert_eq!(summary.succeeded(), 15);
        assert_eq!(summary.rejected(), 5);
        assert_eq!(summary.cancelled(), 5);
        assert_eq!(summary.failed(), 16);
        let by_type = summary.by_error_type();
        assert_eq!(by_type.values().sum::<u64>(), summary.failed());
        assert_eq!(by_type[&ErrorType::Timeout], 5);
        assert_eq!(by_type.get(&ErrorType::Cancelled), None);
        let by_layer = summary.by_layer();
        assert_eq!(by_layer[&Layer::Network], 6);
        assert_eq!(by_layer[&Layer::Http], 5);
        assert_eq!(by_layer[&Layer::Local], 5);
        assert_eq!(summary.by_status()[&404], 5);
        assert_eq!(summary.by_status()[&200], 20);
        assert_eq!(summary.budget_refusals(), 1);
    }

    #[test]
    fn latency_is_that_of_every_attempt_that_was_answered() {
        let summary = of(&[second_try(0), timeout(1), not_found(2), cancelled(3)]);
        assert_eq!(summary.latency().count_of(), 3);
        assert_eq!(summary.latency().min(), ms(5.0));
        assert_eq!(summary.latency().max(), ms(142.7));
        assert_eq!(summary.queue_wait().count_of(), 3);
    }

    #[test]
    fn retries_are_requests_tried_more_than_once() {
        let summary = of(&[second_try(0), timeout(1), not_found(2), success(3, 1.0)]);
        assert_eq!(summary.attempts(), 7);
        assert_eq!(summary.retried_requests(), 2);
        assert_eq!(summary.retry_attempts(), 3);
        assert_eq!(summary.later_successes(), 1);
    }

    #[test]
    fn hosts_come_worst_first() {
        let summary = of(&[timeout(0), success(1, 10.0), not_found(2), not_found(3)]);
        let hosts = summary.hosts();
        let names: Vec<_> = hosts.iter().map(|host| host.host.to_string()).collect();
        assert_eq!(names, ["https://api.x.org:443", "https://x:443"]);
        assert_eq!((hosts[0].requests, hosts[0].failed), (3, 2));
        let p95 = hosts[0].p95.unwrap().as_secs_f64() * 1e3;
        assert!((141.0..144.0).contains(&p95), "{p95}");
        assert_eq!(hosts[1].p95, None);
    }

    #[test]
    fn failures_are_grouped_with_the_first_as_example() {
        let mut outcomes = vec![not_found(9), not_found(4), not_found(7), timeout(1)];
        let panicked = |index, message: &str| {
            let mut outcome = sample::unsent(index, url(index), ErrorType::Panic);
            outcome.state = State::Failed(Error::new(ErrorType::Panic, message));
            outcome
        };
        outcomes.extend([panicked(0, "a"), panicked(1, "b"), panicked(2, "a")]);
        let errors = of(&outcomes).top_errors();
        let shown: Vec<_> = errors
            .iter()
            .map(|e| (e.count, e.error_type, e.message.as_str(), e.index))
            .collect();
        assert_eq!(
            shown,
            [
                (3, ErrorType::HttpStatus, "404 Not Found", 4),
                (2, ErrorType::Panic, "a", 0),
                (1, ErrorType::Timeout, "connect took longer than 10s", 1),
                (1, ErrorType::Panic, "b", 1),
            ]
        );
        assert_eq!(errors[0].url, "https://api.x.org/4");
    }

    #[test]
    fn no_secret_is_kept() {
        let request = Request::get("https://user:sesame@x/").bearer("sesame");
        let summary = of(&[sample::connect_timeout(0, request)]);
        let shown = format!(
            "{summary} {summary:?} {}",
            serde_json::to_string(&summary).unwrap()
        );
        assert!(!shown.contains("sesame"), "{shown}");
    }

    #[test]
    fn outcomes_of_closures_count_like_any_other() {
        let full = success(0, 10.0);
        let processed = Outcome {
            index: 0,
            request: full.request.clone(),
            report: full.report.clone(),
            state: State::Success(17),
        };
        let mut summary = Summary::new();
        summary.record(&processed);
        assert_eq!(summary, of(&[full]));
    }
}

mod bounds {
    use super::*;

    fn at_host(host: u64, fails: bool) -> Outcome {
        let url = format!("http://h{host}/");
        let status = if fails { 500 } else { 200 };
        let answer = response(&url, status, "text/plain", b"");
        if fails {
            sample::bad_status(host, url, answer)
        } else {
            sample::success(host, url, answer)
        }
    }

    #[test]
    fn the_worst_of_ten_thousand_hosts_are_kept_one_by_one() {
        let mut summary = Summary::new();
        for host in 0..10_000 {
            summary.record(&at_host(host, host % 100 == 17));
        }
        let hosts = summary.hosts();
        assert_eq!(hosts.len(), 1000);
        assert!(hosts[..100].iter().all(|host| host.failed == 1));
        assert!(hosts[100..].iter().all(|host| host.failed == 0));
        assert_eq!(summary.other_hosts(), (9000, 9000, 0));
        assert!(summary.hosts.len() <= 2000);
        let read: Summary =
            serde_json::from_str(&serde_json::to_string(&summary).unwrap()).unwrap();
        assert_eq!(read.hosts(), hosts);
        assert_eq!(read.other_hosts(), summary.other_hosts());
        assert_eq!(summary.to_string(), read.to_string());
    }

    #[test]
    fn kinds_of_failure_are_bounded_too() {
        let mut summary = Summary::new();
        for n in 0..10_000 {
            let mut outcome = sample::unsent(n, url(n), ErrorType::Process);
            let message = if n % 2 == 0 {
                "often".to_owned()
            } else {
                format!("once {n} {}", "é".repeat(1000))
            };
            outcome.state = State::Failed(Error::new(ErrorType::Process, message));
            summary.record(&outcome);
        }
        let errors = summary.top_errors();
        assert_eq!(errors.len(), 1000);
        assert_eq!((errors[0].count, &*errors[0].message), (5000, "often"));
        assert!(errors[1].message.len() < 200);
        assert!(summary.errors.len() <= 2000);
        assert_eq!(summary.failed(), 10_000);
    }
}

mod adding {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole_however_they_are_split() {
        let outcomes = mixed();
        let whole = of(&outcomes);
        for at in [0, 1, 7, 20, outcomes.len()] {
            let (a, b) = outcomes.split_at(at);
            let mut sum = of(b);
            sum += &of(a);
            assert_eq!(sum, whole, "split at {at}");
            assert_eq!(sum.to_string(), whole.to_string());
        }
    }

    #[test]
    fn runs_one_after_the_other_add_their_times() {
        let run = |wall, at_once, interrupted| {
            let mut summary = of(&[success(0, 1.0)]);
            summary.set_wall(Duration::from_secs(wall));
            summary.set_at_once(at_once);
            summary.set_interrupted(interrupted);
            summary
        };
        let mut sum = run(2, 16, true);
        sum += run(3, 8, false);
        assert_eq!((sum.wall(), sum.at_once()), (Duration::from_secs(5), 16));
        assert!(sum.is_interrupted());
        assert_eq!(sum.rate(), Some(0.4));
        assert_eq!(Summary::new().rate(), None);
    }

    #[test]
    fn a_summary_survives_json() {
        let mut summary = of(&mixed());
        summary.set_wall(Duration::from_nanos(19_612_345_678));
        summary.set_at_once(16);
        let text = serde_json::to_string(&summary).unwrap();
        let mut read: Summary = serde_json::from_str(&text).unwrap();
        assert_eq!(read, summary);
        read += &Summary::new();
        assert_eq!(read, summary);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["total"], 41);
        assert_eq!(value["wall_ms"], 19612.345);
        assert_eq!(value["error_types"]["http_status"], 5);
        assert_eq!(value["latency"]["n"], 30);
        assert_eq!(value["latency"]["max_ms"], 284.7);
    }

    #[test]
    fn a_summary_with_other_fields_is_read() {
        let read: Summary = serde_json::from_str(r#"{"succeeded":3,"novel":[1]}"#).unwrap();
        assert_eq!((read.total(), read.failed()), (3, 0));
        assert_eq!(read.latency().max(), Duration::ZERO);
    }
}
