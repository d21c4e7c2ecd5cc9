//! Errors that are the reason of an error of a fleet: there, and without a secret.

use std::error::Error;

use haul::fleet::{Fleet, FleetError, FleetErrorKind};

use crate::world::{RUN, World};

const PASSWORD: &str = "open-sesame";

/// Texts of the errors from the first reason on.
fn reasons(error: &FleetError) -> Vec<String> {
    let mut texts = Vec::new();
    let mut next = error.source();
    while let Some(reason) = next {
        for text in [reason.to_string(), format!("{reason:?}")] {
            assert!(!text.contains(PASSWORD), "{text}");
            texts.push(text);
        }
        next = reason.source();
    }
    texts
}

#[test]
fn a_server_that_refuses_connections_is_the_reason() {
    let builder = Fleet::builder("redis://127.0.0.1:1/0").password(PASSWORD);
    let error = builder.connect().expect_err("there is no server");
    assert_eq!(error.kind(), FleetErrorKind::Away);
    let text = reasons(&error).join("\n");
    assert!(text.contains("Connection refused"), "{text}");
}

#[test]
fn a_server_that_went_away_is_the_reason() {
    let Some(mut world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.load(&list, &[]);
    let run = Fleet::connect(world.redis.url()).and_then(|fleet| fleet.run(RUN));
    let run = run.expect("a run");
    world.redis.kill();
    let errors = [
        run.status().map(drop),
        run.pause(),
        run.cancel(),
        run.remove(),
    ];
    for error in errors.map(|done| done.expect_err("the server is away")) {
        assert_eq!(error.kind(), FleetErrorKind::Away);
        assert!(!reasons(&error).is_empty(), "{error}");
    }
}

#[test]
fn the_words_of_a_server_about_a_password_are_no_reason() {
    let Some(world) = World::start(&["--requirepass", "other"]) else {
        return;
    };
    let builder = Fleet::builder(world.redis.url()).password(PASSWORD);
    let error = builder.connect().expect_err("the password is wrong");
    assert_eq!(error.kind(), FleetErrorKind::Refused);
    assert!(reasons(&error).is_empty());
    assert!(!format!("{error} {error:?}").contains(PASSWORD));
}

#[test]
fn settings_that_cannot_be_read_are_the_reason() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.load(&list, &[]);
    world.ask::<()>(&["HSET", &format!("haul:{{{RUN}.0}}:m"), "args", "[]"]);
    let fleet = Fleet::connect(world.redis.url()).expect("a server");
    let error = fleet.run(RUN).expect_err("they are no settings");
    let reason = error.source().expect("a reason");
    assert!(reason.is::<serde_json::Error>());
}
