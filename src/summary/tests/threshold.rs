use super::*;
use crate::summary::{InvalidThreshold, Threshold, ThresholdCheck};

fn check(summary: &Summary, text: &str) -> ThresholdCheck {
    text.parse::<Threshold>().unwrap().check(summary)
}

fn exceeded(value: &str) -> ThresholdCheck {
    ThresholdCheck::Exceeded(value.to_owned())
}

/// 100 requests: 90 of 100 ms, 4 with status 404, 3 rejected, 2 with a timeout, 1 retried.
fn hundred() -> Summary {
    let successes = (0..90).map(|n| success(n, 100.0));
    let outcomes = successes
        .chain((90..94).map(not_found))
        .chain((94..97).map(rejected))
        .chain((97..99).map(timeout))
        .chain([second_try(99)]);
    let mut summary = of(&outcomes.collect::<Vec<_>>());
    summary.set_wall(Duration::from_secs(2));
    summary
}

#[test]
fn each_figure_is_compared_with_its_bound() {
    let summary = hundred();
    for (text, value) in [
        ("failed>=6", "6"),
        ("failed > 5%", "6.0 % (6 of 100)"),
        ("rejected>2", "3"),
        ("retried>0", "3"),
        ("status:404>3", "4"),
        ("status:4xx>=4%", "4.0 % (4 of 100)"),
        ("error:timeout>1", "2"),
        ("p50>=100ms", "100 ms"),
        ("rate<51", "50 requests/s"),
        ("rate<=3000/m", "50 requests/s"),
        ("status:2xx<95", "94"),
    ] {
        assert_eq!(check(&summary, text), exceeded(value), "{text}");
    }
    for kept in [
        "failed>6",
        "failed>6%",
        "rejected>3%",
        "not_done>0",
        "status:5xx>0",
        "error:dns>0",
        "p90>100ms",
        "max<=0.1",
        "mean>1m",
        "rate<50",
    ] {
        assert_eq!(check(&summary, kept), ThresholdCheck::Kept, "{kept}");
    }
}

#[test]
fn a_rejected_request_does_not_count_as_failed() {
    assert_eq!(check(&of(&[rejected(0)]), "failed>0"), ThresholdCheck::Kept);
}

#[test]
fn a_figure_without_data_is_told() {
    let summary = of(&[timeout(0)]);
    for text in ["p95>1ms", "mean<1h", "max>0", "rate<1"] {
        assert_eq!(check(&summary, text), ThresholdCheck::NoData, "{text}");
    }
    assert_eq!(check(&Summary::new(), "failed>1%"), ThresholdCheck::NoData);
    assert_eq!(check(&Summary::new(), "failed>0"), ThresholdCheck::Kept);
}

#[test]
fn text_that_is_no_threshold_is_refused_with_the_reason() {
    for (text, reason) in [
        ("p95", "it has no >, >=, < or <="),
        ("p95=5ms", "it has no >, >=, < or <="),
        ("p96>5ms", "\"p96\" is no figure"),
        ("p95>5%", "a time such as 500ms or 2s is expected"),
        ("p95>-5ms", "a time such as 500ms or 2s is expected"),
        ("failed>5ms", "a number or a share such as 1% is expected"),
        ("failed>101%", "a number or a share such as 1% is expected"),
        ("failed>", "a number or a share such as 1% is expected"),
        ("failed>>1", "a number or a share such as 1% is expected"),
        ("failed>NaN", "a number or a share such as 1% is expected"),
        ("status:20>0", "\"20\" is no status"),
        ("status:xx>0", "\"xx\" is no status"),
        ("error:slow>0", "\"slow\" is no class of failures"),
        ("rate<5/d", "a rate such as 50/s is expected"),
        ("Failed>1", "\"Failed\" is no figure"),
    ] {
        let error: InvalidThreshold = text.parse::<Threshold>().unwrap_err();
        assert!(error.to_string().contains(reason), "{text}: {error}");
    }
}
