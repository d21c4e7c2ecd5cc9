//! Places of a host that clients divide.

use super::*;

#[test]
fn clients_together_hold_as_many_places_as_one_would() {
    let limits = HostLimits {
        in_flight: 8.into(),
        granted: true,
        ..HostLimits::default()
    };
    let mut fleet = LimitedFleet::new(3, 1, &limits, |_| true);
    for client in &mut fleet.clients {
        client.schedule.divide_places(3, client.begin);
    }
    fleet.run_until(Duration::from_secs(2));
    let most: Vec<usize> = fleet
        .clients
        .iter()
        .map(|client| client.most_running)
        .collect();
    assert_eq!(most, [2, 2, 2]);
}
