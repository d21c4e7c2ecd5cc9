//! Calls that hang.

use super::*;

/// Returns a call that hangs, and a breaker that opens after two calls.
fn hanging_of_two() -> (Scene, PassedCall) {
    let mut scene = Scene::new(BreakerSettings {
        min_calls: Some(2),
        failure_ratio: 0.6,
        ..BreakerSettings::default()
    });
    let mut pass = scene.pass();
    scene.hangs(&mut pass);
    (scene, pass)
}

#[test]
fn a_call_that_hangs_is_a_failure_while_it_lasts() {
    let (mut scene, _pass) = hanging_of_two();
    assert_eq!(scene.breaker.window.counts(scene.now), (0, 1));
    scene.calls("F");
    assert!(scene.is_open());
}

#[test]
fn a_call_that_hung_counts_by_its_end() {
    for (call, counts) in [
        (CallEnd::Success, (1, 0)),
        (FAILURE, (0, 1)),
        (CallEnd::Ignored, (0, 0)),
    ] {
        let (mut scene, pass) = hanging_of_two();
        scene.now += SECOND;
        scene.ends(pass, call);
        assert_eq!(scene.breaker.window.counts(scene.now), counts, "{call:?}");
    }
}

#[test]
fn a_call_that_hangs_on_counts_once() {
    let (mut scene, mut pass) = hanging_of_two();
    scene.hangs(&mut pass);
    assert_eq!(scene.breaker.window.counts(scene.now), (0, 1));
}

#[test]
fn a_failure_that_has_left_the_window_is_not_taken_from_those_in_it() {
    let (mut scene, pass) = hanging_of_two();
    scene.now += 30 * SECOND;
    scene.calls("F");
    assert_eq!(scene.breaker.window.counts(scene.now), (0, 1));
    scene.ends(pass, CallEnd::Ignored);
    assert_eq!(scene.breaker.window.counts(scene.now), (0, 1));
}

#[test]
fn a_call_that_hung_when_it_opened_tells_nothing_at_its_end() {
    let (mut scene, pass) = hanging_of_two();
    scene.calls("F");
    scene.ends(pass, CallEnd::Success);
    assert!(scene.is_open());
    scene.now += scene.breaker.remaining(scene.now);
    scene.calls("SS");
    assert!(scene.is_closed());
}

#[test]
fn a_call_on_trial_that_hangs_decides_as_a_failure_unless_it_ends_in_time() {
    let mut scene = Scene::of_trials(3, 2).half_open();
    let (mut first, mut second) = (scene.pass(), scene.pass());
    scene.hangs(&mut first);
    scene.ends(first, CallEnd::Success);
    scene.hangs(&mut second);
    assert!(!scene.is_open());
    scene.ends(second, CallEnd::Success);
    assert!(scene.is_closed());

    let mut scene = Scene::of_trials(3, 2).half_open();
    let (mut first, mut second) = (scene.pass(), scene.pass());
    scene.hangs(&mut first);
    scene.hangs(&mut second);
    assert!(scene.is_open());
}
