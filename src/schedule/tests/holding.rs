//! Host that holds the most places, and since when; time at which a job of a batch last ended.

use super::*;

fn holding(scene: &Scene) -> Option<(String, usize, Duration)> {
    let holding = scene.schedule.holding()?;
    let since = holding.since - scene.begin;
    Some((holding.host.name().to_owned(), holding.places, since))
}

#[test]
fn nothing_in_flight_is_no_place_held() {
    let mut scene = Scene::new(wide());
    assert_eq!(holding(&scene), None);
    scene.push("a", 0..1);
    assert_eq!(holding(&scene), None);
    scene.start_all();
    scene.done(0);
    assert_eq!(holding(&scene), None);
}

#[test]
fn the_host_with_most_attempts_under_way_holds_the_most_places() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..2);
    scene.push("b", 10..15);
    scene.at(100).start_all();
    assert_eq!(holding(&scene), Some(("b".to_owned(), 5, ms(100))));
    (10..14).for_each(|job| scene.done(job));
    assert_eq!(holding(&scene), Some(("a".to_owned(), 2, ms(100))));
}

#[test]
fn among_equals_it_is_the_one_that_has_held_them_longest() {
    let mut scene = Scene::new(wide());
    for (at, name, job) in [(30, "c", 3), (10, "a", 1), (20, "b", 2)] {
        scene.at(at);
        scene.push(name, [job]);
        scene.start_all();
    }
    assert_eq!(holding(&scene), Some(("a".to_owned(), 1, ms(10))));
}

#[test]
fn a_place_held_by_one_attempt_after_another_is_held_all_the_time() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..1);
    scene.at(10).start_all();
    scene.at(500).push("a", [1]);
    scene.start_all();
    scene.at(700).done(0);
    assert_eq!(holding(&scene), Some(("a".to_owned(), 1, ms(10))));
    scene.at(800).done(1);
    scene.at(900).push("a", [2]);
    scene.start_all();
    assert_eq!(holding(&scene), Some(("a".to_owned(), 1, ms(900))));
}

#[test]
fn a_batch_makes_progress_when_a_request_of_it_ends() {
    let mut scene = Scene::new(wide());
    let last_end = |scene: &Scene| {
        let standing = scene.schedule.standing(scene.batch, scene.now).unwrap();
        standing.last_end.map(|at| at - scene.begin)
    };
    scene.push("a", 0..2);
    scene.start_all();
    assert_eq!(last_end(&scene), None);
    scene.at(10).retry(0, 1000);
    assert_eq!(last_end(&scene), None);
    scene.at(20).done(1);
    assert_eq!(last_end(&scene), Some(ms(20)));
}
