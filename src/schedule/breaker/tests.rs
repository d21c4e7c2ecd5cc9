//! Circuit breaker: `tests/vectors/breaker.md`. Vector 123 is with the schedule and with the decisions.

mod hanging;

use super::*;

const FAILURE: CallEnd = CallEnd::Failure { retry_after: None };
const SECOND: Duration = Duration::from_secs(1);

/// A breaker, its clock and its random number: 0.5 leaves the rest as it is.
struct Scene {
    breaker: Breaker,
    now: Instant,
    draw: f64,
}

impl Scene {
    fn new(settings: BreakerSettings) -> Scene {
        let now = Instant::now();
        Scene {
            breaker: Breaker::new(&settings, 20, now),
            now,
            draw: 0.5,
        }
    }

    fn of_trials(trials: u32, trials_to_close: u32) -> Scene {
        Scene::new(BreakerSettings {
            trials,
            trials_to_close,
            ..BreakerSettings::default()
        })
    }

    fn pass(&mut self) -> PassedCall {
        match self.breaker.permit(self.now) {
            BreakerPermit::Granted(pass) => pass,
            refused => panic!("{refused:?}"),
        }
    }

    fn is_refused(&mut self) -> bool {
        matches!(self.breaker.permit(self.now), BreakerPermit::Refused { .. })
    }

    fn ends(&mut self, pass: PassedCall, call: CallEnd) {
        let draw = self.draw;
        self.breaker.record(pass, call, self.now, &mut || draw);
    }

    fn hangs(&mut self, pass: &mut PassedCall) {
        let draw = self.draw;
        self.breaker.count_hanging(pass, self.now, &mut || draw);
    }

    /// Makes calls one after another: `S` for success, `F` for failure, `i` for a call that tells nothing.
    fn calls(&mut self, calls: &str) {
        for call in calls.chars() {
            let pass = self.pass();
            let call = match call {
                'S' => CallEnd::Success,
                'F' => FAILURE,
                _ => CallEnd::Ignored,
            };
            self.ends(pass, call);
        }
    }

    fn opened(mut self) -> Scene {
        self.calls(&"F".repeat(20));
        assert!(self.is_open());
        self
    }

    fn half_open(self) -> Scene {
        let mut scene = self.opened();
        scene.now += scene.breaker.remaining(scene.now);
        scene
    }

    fn is_open(&self) -> bool {
        !self.breaker.remaining(self.now).is_zero()
    }

    fn is_closed(&self) -> bool {
        self.breaker.state == BreakerState::Closed
    }
}

#[test]
fn vector_117_open_refuses_until_its_time_has_passed() {
    let mut scene = Scene::new(BreakerSettings {
        open: Duration::from_millis(100),
        ..BreakerSettings::default()
    })
    .opened();
    let until = scene.now + Duration::from_millis(100);
    assert_eq!(
        scene.breaker.permit(scene.now),
        BreakerPermit::Refused { until }
    );
    scene.now += Duration::from_millis(110);
    scene.pass();
    assert!(matches!(scene.breaker.state, BreakerState::HalfOpen { .. }));
}

#[test]
fn vector_118_the_time_left_shrinks_to_zero() {
    let mut scene = Scene::new(BreakerSettings {
        open: SECOND,
        ..BreakerSettings::default()
    })
    .opened();
    assert_eq!(scene.breaker.remaining(scene.now), SECOND);
    scene.now += Duration::from_millis(110);
    assert!(scene.breaker.remaining(scene.now) < Duration::from_millis(900));
    scene.now += SECOND;
    scene.pass();
    assert_eq!(scene.breaker.remaining(scene.now), Duration::ZERO);
}

#[test]
fn vectors_119_and_120_the_calls_on_trial_decide() {
    for (to_close, calls, closed) in [
        (3, "SSF", false),
        (3, "SSS", true),
        (3, "SF", false),
        (2, "FSF", false),
        (2, "FSS", true),
        (2, "SS", true),
        (2, "iFiSiS", true),
    ] {
        let mut scene = Scene::of_trials(3, to_close).half_open();
        scene.calls(calls);
        assert_eq!(
            (scene.is_closed(), scene.is_open()),
            (closed, !closed),
            "{calls}, {to_close} to close"
        );
    }
}

#[test]
fn no_more_calls_are_on_trial_than_allowed() {
    let mut scene = Scene::of_trials(3, 2).half_open();
    let [first, _second, _third] = [scene.pass(), scene.pass(), scene.pass()];
    assert!(scene.is_refused());
    scene.ends(first, CallEnd::Success);
    assert!(scene.is_refused(), "one success is no place");
}

#[test]
fn a_call_on_trial_that_is_ignored_gives_its_place_back() {
    let mut scene = Scene::of_trials(3, 2).half_open();
    let [first, second, _third] = [scene.pass(), scene.pass(), scene.pass()];
    scene.ends(first, CallEnd::Ignored);
    let fourth = scene.pass();
    assert!(scene.is_refused());
    scene.ends(second, CallEnd::Success);
    scene.ends(fourth, CallEnd::Success);
    assert!(scene.is_closed());
}

#[test]
fn vector_124_few_calls_and_calls_that_are_no_failures_leave_it_closed() {
    let mut scene = Scene::new(BreakerSettings {
        min_calls: Some(20),
        ..BreakerSettings::default()
    });
    scene.calls(&"F".repeat(19));
    assert!(scene.is_closed());
    scene.calls("F");
    assert!(scene.is_open());

    let mut scene = Scene::new(BreakerSettings::default());
    for _ in 0..100 {
        // A 404 and a response that the application rejects count as success; a 429 and a cancelled call are ignored.
        for call in [
            CallEnd::Success,
            CallEnd::Success,
            CallEnd::Ignored,
            CallEnd::Ignored,
        ] {
            let pass = scene.pass();
            scene.ends(pass, call);
        }
    }
    assert!(scene.is_closed());
}

#[test]
fn vector_125_the_window_holds_the_last_ten_buckets() {
    let mut scene = Scene::new(BreakerSettings::default());
    let one_per_bucket = |scene: &mut Scene, calls: &str| {
        for call in calls.split_inclusive(|_| true) {
            scene.now += 3 * SECOND;
            scene.calls(call);
        }
        scene.breaker.window.counts(scene.now)
    };
    assert_eq!(one_per_bucket(&mut scene, "SFSFSFS"), (4, 3));
    assert_eq!(one_per_bucket(&mut scene, &"FSSS".repeat(15)), (8, 2));
    scene.now += 27 * SECOND;
    assert_eq!(scene.breaker.window.counts(scene.now), (1, 0));
    assert!(!scene.breaker.is_idle(scene.now));
    scene.now += 3 * SECOND;
    assert!(scene.breaker.is_idle(scene.now));
    scene.calls("F");
    assert_eq!(
        scene.breaker.window.counts(scene.now),
        (0, 1),
        "what fell out does not come back"
    );
}

#[test]
fn half_of_the_calls_must_fail_to_open_it() {
    let mut scene = Scene::new(BreakerSettings::default());
    scene.calls(&"SSF".repeat(100));
    assert!(scene.is_closed());
    let mut scene = Scene::new(BreakerSettings::default());
    scene.calls(&"SF".repeat(10));
    assert!(scene.is_open());
}

#[test]
fn each_rest_is_twice_the_last_until_it_closes() {
    let mut scene = Scene::new(BreakerSettings::default()).opened();
    for seconds in [5, 10, 20, 40, 60, 60] {
        assert_eq!(scene.breaker.remaining(scene.now), seconds * SECOND);
        scene.now += seconds * SECOND;
        scene.calls("FF");
    }
    scene.now += 60 * SECOND;
    scene.calls("SS");
    let scene = scene.opened();
    assert_eq!(scene.breaker.remaining(scene.now), 5 * SECOND);
}

#[test]
fn the_rest_is_spread_by_a_fifth() {
    for (draw, millis) in [(0.0, 4_000), (0.5, 5_000), (0.999_999, 6_000)] {
        let mut scene = Scene::new(BreakerSettings::default());
        scene.draw = draw;
        let rest = {
            let scene = scene.opened();
            scene.breaker.remaining(scene.now).as_secs_f64()
        };
        assert!((rest * 1000.0 - f64::from(millis)).abs() < 0.1, "{rest}");
    }
}

#[test]
fn the_rest_is_lengthened_by_retry_after_within_its_bound() {
    for (asked, seconds) in [(1, 5), (30, 30), (u64::MAX, 60)] {
        let mut scene = Scene::new(BreakerSettings::default());
        scene.calls(&"F".repeat(19));
        let pass = scene.pass();
        let retry_after = Some(Duration::from_secs(asked));
        scene.ends(pass, CallEnd::Failure { retry_after });
        assert_eq!(scene.breaker.remaining(scene.now), seconds * SECOND);
    }
}

#[test]
fn a_call_from_before_a_change_of_state_tells_nothing() {
    let mut scene = Scene::new(BreakerSettings::default());
    let early = [scene.pass(), scene.pass(), scene.pass()];
    let mut scene = scene.half_open();
    let trial = scene.pass();
    for pass in early {
        scene.ends(pass, FAILURE);
    }
    assert!(!scene.is_open());
    scene.ends(trial, CallEnd::Success);
    scene.calls("S");
    assert!(scene.is_closed());
}

#[test]
fn settings_that_contradict_each_other_are_named() {
    let usual = BreakerSettings::default();
    assert_eq!(usual.check(), Ok(()));
    for (settings, named) in [
        (
            BreakerSettings {
                window: Duration::ZERO,
                ..usual
            },
            "window",
        ),
        (
            BreakerSettings {
                min_calls: Some(0),
                ..usual
            },
            "min_calls",
        ),
        (
            BreakerSettings {
                failure_ratio: f64::NAN,
                ..usual
            },
            "failure_ratio",
        ),
        (
            BreakerSettings {
                open: 61 * SECOND,
                ..usual
            },
            "open_max",
        ),
        (
            BreakerSettings {
                trials_to_close: 4,
                ..usual
            },
            "trials_to_close",
        ),
    ] {
        let reason = settings.check().unwrap_err();
        assert!(reason.contains(named), "{reason}");
    }
}

#[test]
fn no_history_with_any_settings_shuts_it_for_good() {
    let seed = fastrand::u64(..);
    let mut rng = fastrand::Rng::with_seed(seed);
    for round in 0..200 {
        let any = |rng: &mut fastrand::Rng| Duration::from_nanos(rng.u64(..) >> rng.u32(..64));
        let settings = BreakerSettings {
            window: any(&mut rng),
            min_calls: Some(rng.u32(..5)),
            failure_ratio: [0.0, 0.5, 1.0, f64::NAN][rng.usize(..4)],
            open: any(&mut rng),
            open_max: any(&mut rng),
            trials: rng.u32(..4),
            trials_to_close: rng.u32(..6),
            wait: rng.bool(),
        };
        let mut scene = Scene::new(settings);
        let mut out = Vec::new();
        for _ in 0..300 {
            scene.draw = rng.f64();
            match rng.u8(..4) {
                3 if !out.is_empty() => {
                    let hanging = rng.usize(..out.len());
                    scene.hangs(&mut out[hanging]);
                }
                0 => {
                    if let BreakerPermit::Granted(pass) = scene.breaker.permit(scene.now) {
                        out.push(pass);
                    }
                }
                1 if !out.is_empty() => {
                    let pass = out.swap_remove(rng.usize(..out.len()));
                    let retry_after = rng.bool().then(|| any(&mut rng));
                    let call = [
                        CallEnd::Success,
                        CallEnd::Failure { retry_after },
                        CallEnd::Ignored,
                    ];
                    scene.ends(pass, call[rng.usize(..3)]);
                }
                _ => scene.now += any(&mut rng).min(SECOND * 100),
            }
        }
        for pass in out {
            scene.ends(pass, CallEnd::Ignored);
        }
        scene.now += SECOND * 366 * 86_400;
        assert!(
            !scene.is_refused(),
            "seed {seed} round {round}: {settings:?}"
        );
    }
}

#[test]
fn a_breaker_needs_five_to_twenty_calls_by_the_number_of_workers() {
    for (workers, calls) in [(1, 5), (5, 5), (8, 8), (20, 20), (10_000, 20)] {
        let mut scene = Scene::new(BreakerSettings::default());
        scene.breaker = Breaker::new(&BreakerSettings::default(), workers, scene.now);
        scene.calls(&"F".repeat(calls - 1));
        assert!(scene.is_closed(), "{workers} workers");
        scene.calls("F");
        assert!(scene.is_open(), "{workers} workers");
    }
}
