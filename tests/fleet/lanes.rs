//! Lanes of a run whose states differ, as after a step that was interrupted.

use test_support::{Answer, Server};

use crate::world::{RUN, World};

/// Run with three lanes, the last of which is paused by hand.
fn with_an_odd_lane(world: &World, server: &Server) {
    let list = world.list(server, 30);
    world.load(&list, &["--lanes", "3"]);
    let facts = format!("haul:{{{RUN}.2}}:m");
    world.ask::<()>(&["HSET", &facts, "state", "pause"]);
}

#[test]
fn a_lane_in_another_state_is_shown_until_the_state_is_set_once_more() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    with_an_odd_lane(&world, &Server::always(Answer::text("hello")));
    assert_eq!(world.status().odd_lanes, [2]);
    let shown = world.fleet("status", &[]).done().exits(0).stdout;
    let line = shown.lines().find(|line| line.starts_with("lanes "));
    let told = "lanes     2 in another state (haul fleet pause, resume or cancel sets that of all)";
    assert_eq!(line, Some(told), "{shown}");
    world.fleet("resume", &[]).done().exits(0);
    assert!(world.status().odd_lanes.is_empty());
}

#[test]
fn a_lane_that_was_left_paused_does_not_keep_a_run_from_ending() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    with_an_odd_lane(&world, &server);
    assert_eq!(world.finish("out.jsonl").len(), 30);
}
