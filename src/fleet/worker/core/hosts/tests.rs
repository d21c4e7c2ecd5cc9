//! Pace of a host, and delays of the requests that are parked for it.

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Load of a host with a start in each of these gaps.
fn started(gap: Duration, count: u32, begin: Instant) -> HostLoad {
    let mut load = HostLoad::default();
    (0..count).for_each(|number| load.starts(begin + gap * number));
    load
}

#[test]
fn the_pace_of_a_host_is_known_after_a_part_of_the_first_window() {
    let begin = Instant::now();
    let load = started(ms(20), 16, begin);
    assert_eq!(load.pace(begin + ms(320)), 100, "in two seconds");
    let load = started(ms(0), 5, begin);
    assert_eq!(
        load.pace(begin),
        50,
        "a burst is not taken for the pace of a moment"
    );
}

#[test]
fn the_pace_of_whole_windows_is_counted() {
    let begin = Instant::now();
    let load = started(ms(20), 250, begin);
    assert_eq!(load.pace(begin + ms(5_000)), 100);
    assert_eq!(load.pace(begin + ms(9_000)), 0, "nothing started for long");
}

#[test]
fn parked_requests_come_back_at_twice_the_pace() {
    let begin = Instant::now();
    let mut load = started(ms(20), 250, begin);
    let now = begin + ms(5_000);
    load.waiting = 8;
    assert_eq!(load.next_delay(100, now), ms(80));
    assert_eq!(load.next_delay(100, now), ms(90));
    assert_eq!(load.next_delay(100, now), ms(100));
}
