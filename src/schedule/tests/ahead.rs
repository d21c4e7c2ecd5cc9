//! Slow hosts, and reading beyond the window because of them.

use super::*;

/// A scene with four workers, and a host that is sent four requests at once and does not respond.
fn hanging(window: usize, bytes: u64) -> Scene {
    let bounds = Bounds {
        window,
        bytes,
        ..bounds()
    };
    let mut scene = Scene::with(workers(4), bounds);
    scene.push("hangs", 0..window as u32);
    assert_eq!(scene.start_all().len(), 4.min(window));
    scene
}

/// Moves to one second after the beginning and has the caller look.
fn look(scene: &mut Scene) {
    scene.at(1_000);
    scene.schedule.watch(scene.now, Vec::new);
}

fn is_slow(scene: &Scene, name: &str) -> bool {
    let id = scene.schedule.hosts.by_name[&host(name)];
    scene.schedule.hosts.get(id).unwrap().slow
}

/// Pushes jobs while there is room, at most `most`, and returns their number.
fn fill(scene: &mut Scene, name: &str, first: u32, most: usize) -> usize {
    let mut count = 0;
    while scene.room() > 0 && count < most {
        scene.push(name, [first + count as u32]);
        count += 1;
    }
    count
}

#[test]
fn a_host_that_lets_a_request_wait_for_a_second_is_slow() {
    let mut scene = hanging(10, 100);
    scene.at(999);
    scene.schedule.watch(scene.now, Vec::new);
    assert!(!is_slow(&scene, "hangs"));
    look(&mut scene);
    assert!(is_slow(&scene, "hangs"));
}

#[test]
fn the_last_response_decides_if_a_host_is_slow() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..9);
    scene.start_all();
    let waited = ms(1_001);
    scene.ends(0, HostObservation::Head { waited });
    assert!(is_slow(&scene, "a"));
    scene.ends(1, HostObservation::Nothing);
    assert!(is_slow(&scene, "a"), "it tells nothing");
    scene.ends(2, HEAD);
    assert!(!is_slow(&scene, "a"));
    scene.hangs(3, 1_001);
    assert!(is_slow(&scene, "a"));
    scene.hangs(4, 1_000);
    assert!(!is_slow(&scene, "a"), "refused at once");
}

#[test]
fn a_request_that_waits_is_no_sign_once_a_later_one_has_a_head() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    scene.start_all();
    scene.at(500).push("a", [1]);
    scene.start_all();
    scene.at(900).done(1);
    look(&mut scene);
    assert!(!is_slow(&scene, "a"));
}

#[test]
fn a_body_that_takes_long_does_not_make_its_host_slow() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    scene.start_all();
    let with_head = scene.id(0);
    scene.at(1_000);
    scene.schedule.watch(scene.now, || vec![with_head]);
    assert!(!is_slow(&scene, "a"));
    scene.at(60_000);
    scene
        .schedule
        .watch(scene.now, || panic!("it is not looked at again"));
}

#[test]
fn a_host_is_no_longer_slow_when_a_late_head_has_come() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    scene.start_all();
    look(&mut scene);
    assert!(is_slow(&scene, "a"));
    let id = scene.id(0);
    scene.schedule.head_came(id, scene.now);
    assert!(!is_slow(&scene, "a"));
    scene.ends(0, HostObservation::Head { waited: ms(1_000) });
}

#[test]
fn jobs_of_a_slow_host_beyond_the_workers_leave_the_window_to_others() {
    let mut scene = hanging(20, 100);
    assert_eq!(scene.room(), 0);
    look(&mut scene);
    // 16 jobs wait, of which 4 count; 4 are in flight.
    assert_eq!(scene.room(), 4);
    assert_eq!(
        fill(&mut scene, "new", 100, 100),
        100,
        "it has not answered"
    );
    let mut answered = hanging(20, 100);
    answered.schedule.settings.in_flight = 5;
    look(&mut answered);
    answered.push("well", [100]);
    assert_eq!(answered.start(), Some(100));
    answered.done(100);
    answered.schedule.taken(answered.batch, 1, 0);
    assert_eq!(
        fill(&mut answered, "well", 101, 100),
        5,
        "one for each worker"
    );
    assert_eq!(answered.start(), Some(101));
    assert_eq!(answered.room(), 1, "and one more for each that starts");
}

#[test]
fn nothing_is_read_ahead_while_no_host_is_slow() {
    let mut scene = Scene::with(
        workers(4),
        Bounds {
            window: 20,
            ..bounds()
        },
    );
    scene.push("a", 0..10);
    scene.push("refused", 100..110);
    for step in 0..20 {
        for job in scene.start_all() {
            match job {
                100.. => scene.hangs(job, 900),
                _ => scene.ends(job, HostObservation::Head { waited: ms(900) }),
            }
        }
        assert_eq!(scene.room(), 0, "after {step}");
        if scene.schedule.queued() == 0 {
            return;
        }
    }
    panic!("it does not come to an end");
}

#[test]
fn a_slow_host_is_known_to_its_batch_when_it_has_no_job_left() {
    let mut scene = Scene::with(
        workers(2),
        Bounds {
            window: 10,
            ..bounds()
        },
    );
    scene.push("dead", [0]);
    assert_eq!(scene.start(), Some(0));
    scene.at(10_000).hangs(0, 10_000);
    scene.schedule.taken(scene.batch, 1, 0);
    for at in 1..=10 {
        scene.push(&format!("new{at}"), [at]);
    }
    assert_eq!(
        scene.room(),
        2,
        "until a job of another host is ready for each worker"
    );
    let other = scene.open(Bounds {
        window: 10,
        ..bounds()
    });
    for at in 11..=20 {
        scene.push_to(other, &format!("new{at}"), [at]);
    }
    assert_eq!(scene.schedule.room(other), 0, "no host of its own is slow");
}

#[test]
fn a_window_no_wider_than_the_workers_is_never_exceeded() {
    for window in 1..=4 {
        let mut scene = hanging(window, 100);
        look(&mut scene);
        assert_eq!(scene.room(), 0);
    }
}

#[test]
fn at_most_sixteen_windows_are_read_beyond_the_window() {
    let mut scene = hanging(20, 100);
    look(&mut scene);
    assert_eq!(fill(&mut scene, "new", 100, 1_000), 16 * 20);
    scene.hangs(0, 1_000);
    scene.schedule.taken(scene.batch, 1, 0);
    assert_eq!(scene.room(), 0, "the window is full still");
    assert_eq!(
        scene.start(),
        Some(100),
        "of those that were read beyond it"
    );
    assert_eq!(scene.room(), 1);
}

#[test]
fn bodies_of_a_quarter_of_the_byte_budget_are_read_beyond_the_window() {
    let mut scene = hanging(20, 1_000);
    look(&mut scene);
    let fill = |scene: &mut Scene, first: u32| {
        let (batch, now) = (scene.batch, scene.now);
        let mut jobs = first..;
        while scene.room() > 0 {
            let new = scene.schedule.host(&host("new"), now);
            let job = jobs.next().unwrap();
            scene.schedule.push_for(batch, new, job, 100, now);
        }
        jobs.start - first
    };
    assert_eq!(fill(&mut scene, 100), 3);
    scene.hangs(0, 1_000);
    assert_eq!(scene.start(), Some(100));
    assert_eq!(
        fill(&mut scene, 200),
        1,
        "in place of the one that has started"
    );
}

#[test]
fn a_caller_that_waits_for_room_is_woken_when_a_host_has_become_slow() {
    let mut scene = hanging(20, 100);
    scene.schedule.want_room(scene.batch);
    assert_eq!(scene.nudges(), []);
    look(&mut scene);
    assert_eq!(scene.nudges(), [scene.batch]);
}

#[test]
fn a_caller_that_waits_for_room_knows_when_to_look_for_slow_hosts() {
    let mut scene = hanging(20, 100);
    let batch = scene.batch;
    scene.schedule.batches.get_mut(batch).unwrap().looks_at = None;
    scene.schedule.want_room(batch);
    assert_eq!(scene.nudges(), [batch], "it does not know yet");
    let look = scene.schedule.next_look(batch).unwrap();
    assert_eq!(look - scene.begin, ms(1_000));
    scene.schedule.want_room(batch);
    assert_eq!(scene.nudges(), []);
    assert_eq!(scene.wakes_at(), None, "no worker is woken for it");
}

#[test]
fn a_caller_that_waits_for_room_is_woken_when_the_first_attempt_starts() {
    let bounds = Bounds {
        window: 2,
        ..bounds()
    };
    let mut scene = Scene::with(wide(), bounds);
    let batch = scene.batch;
    scene.push("a", 0..2);
    assert_eq!(scene.schedule.next_look(batch), None);
    scene.schedule.want_room(batch);
    assert_eq!(scene.nudges(), []);
    scene.start();
    assert_eq!(scene.nudges(), [batch]);
    scene.schedule.next_look(batch);
    scene.start();
    assert_eq!(scene.nudges(), [], "it looks anyway");
}
