//! Passwords, users, and the commands that they may run.

use std::time::Duration;

use test_support::RedisServer;

use super::{Trial, WIDE, entry, new_run, parked, settled};
use crate::fleet::engine::{
    BegunEntry, EngineError, FleetEngine, PermitCall, ResultSource, RunState,
};
use crate::fleet::redis::{COMMANDS, RedisEngine, ServerAddress};

const PASSWORD: &str = "open-sesame";

fn address(server: &RedisServer, user: &str) -> ServerAddress {
    ServerAddress::parse(&format!("{}?user={user}", server.url()), false).unwrap()
}

fn refused(address: ServerAddress) -> String {
    match RedisEngine::connect(address, "r1", false) {
        Err(EngineError::Refused(reason)) => {
            assert!(!reason.contains(PASSWORD));
            reason
        }
        other => panic!("{other:?}"),
    }
}

/// A server that asks for a password.
fn closed() -> Option<RedisServer> {
    RedisServer::start(&["--requirepass", PASSWORD])
}

/// A server with a user `u` who may run these commands.
fn with_user(commands: &[&str]) -> Option<RedisServer> {
    let password = format!(">{PASSWORD}");
    let commands: Vec<String> = commands
        .iter()
        .map(|command| format!("+{command}"))
        .collect();
    let mut options = vec!["--user", "u", "on", &password, "~haul:*", "-@all"];
    options.extend(commands.iter().map(String::as_str));
    RedisServer::start(&options)
}

#[test]
fn a_password_that_is_missing_or_wrong_is_named() {
    let Some(server) = closed() else { return };
    let plain = ServerAddress::parse(&server.url(), false).unwrap();
    let url = server.url();
    assert_eq!(
        refused(plain.clone()),
        format!("{url}: the server asks for a password")
    );
    let wrong = plain.clone().with_password("open-sesam");
    assert_eq!(
        refused(wrong),
        format!("{url}: the password is wrong, or there is no such user")
    );
    assert!(RedisEngine::connect(plain.with_password(PASSWORD), "r1", false).is_ok());
}

#[test]
fn a_password_for_a_server_that_takes_none_is_named() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let plain = ServerAddress::parse(&server.url(), false).unwrap();
    let reason = refused(plain.with_password(PASSWORD));
    assert!(
        reason.ends_with("it takes no password, or not from this user"),
        "{reason}"
    );
}

#[test]
fn no_error_shows_the_password() {
    let Some(server) = closed() else { return };
    let plain = ServerAddress::parse(&server.url(), false).unwrap();
    let (engine, facts) = RedisEngine::connect(plain.with_password(PASSWORD), "r1", false).unwrap();
    assert!(!format!("{engine:?} {facts:?}").contains(PASSWORD));
}

#[test]
fn a_user_with_the_listed_commands_can_take_every_step() {
    let Some(server) = with_user(COMMANDS) else {
        return;
    };
    let address = address(&server, "u").with_password(PASSWORD);
    let (mut engine, _) = RedisEngine::connect(address, "r1", false).unwrap();
    assert_eq!(every_step(&mut engine), Ok(()));
}

#[test]
fn a_command_that_a_user_lacks_is_named() {
    for (command, named) in [
        ("xadd", "XADD"),
        ("info", "INFO"),
        ("evalsha", "EVALSHA"),
        ("xreadgroup", "XREADGROUP"),
        ("zremrangebyscore", "ZREMRANGEBYSCORE"),
        ("unlink", "UNLINK"),
    ] {
        let commands: Vec<_> = COMMANDS
            .iter()
            .copied()
            .filter(|name| *name != command)
            .collect();
        let Some(server) = with_user(&commands) else {
            return;
        };
        let address = address(&server, "u").with_password(PASSWORD);
        let steps = RedisEngine::connect(address, "r1", false);
        let Err(EngineError::Refused(reason)) =
            steps.and_then(|(mut engine, _)| every_step(&mut engine))
        else {
            panic!("{command}");
        };
        assert!(
            reason.contains(&format!("the user may not run {named} (the ACL")),
            "{reason}"
        );
    }
}

#[test]
fn no_listed_command_is_needless() {
    // Commands that are used only by TLS-less logins, clusters and other databases.
    let other = ["asking", "auth", "cluster|slots", "ping", "select"];
    for command in COMMANDS.iter().filter(|name| !other.contains(name)) {
        let commands: Vec<_> = COMMANDS
            .iter()
            .copied()
            .filter(|name| name != command)
            .collect();
        let Some(server) = with_user(&commands) else {
            return;
        };
        let address = address(&server, "u").with_password(PASSWORD);
        let steps = RedisEngine::connect(address, "r1", false);
        let steps = steps.and_then(|(mut engine, _)| every_step(&mut engine));
        assert!(
            matches!(steps, Err(EngineError::Refused(_))),
            "{command}: {steps:?}"
        );
    }
}

/// Takes every step, in ways that call every command.
fn every_step(engine: &mut RedisEngine) -> Result<(), EngineError> {
    let (short, host) = (Duration::from_millis(1), super::limits_agree::host("a"));
    let mut run = new_run(2);
    run.lease = Duration::from_millis(2);
    engine.create(&run)?;
    engine.begin_loading("l")?;
    engine.note_loaded("l", 3, "sum", true)?;
    let entries: Vec<_> = (1..=6).map(entry).collect();
    engine.load(0, "l", 0, WIDE, &entries)?;
    engine.beat(0, "a", true)?;
    engine.beat(0, "b", true)?;
    engine.lease(0, "a", 4, 0)?;
    let begun = |sequence| BegunEntry {
        sequence,
        once: true,
        again: true,
    };
    engine.begin(0, "a", &[begun(1), begun(2)])?;
    engine.park(0, "a", 1, &[parked(1, Duration::ZERO)])?;
    engine.lease(0, "a", 4, 0)?;
    engine.settle(0, "a", 1000, &[settled(2), settled(3)])?;
    engine.held(0, "a", &|_| false)?;
    engine.results(0, "x", ResultSource::New, 9)?;
    engine.results(0, "x", ResultSource::Own, 9)?;
    let results = engine.results(0, "y", ResultSource::Abandoned(Duration::ZERO), 9)?;
    let names: Vec<_> = results.into_iter().map(|result| (result.name, 1)).collect();
    engine.collected(0, &names)?;
    // Beats that come often make it possible to reclaim from `a`.
    let mut taken = engine.reclaim(0, "b", 9)?;
    while taken.entries.is_empty() {
        engine.beat(0, "b", true)?;
        taken = engine.reclaim(0, "b", 9)?;
    }
    let call = PermitCall {
        interval: short,
        tolerance: short,
        count: 1,
        longest_wait: short,
        windows: Vec::new(),
    };
    engine.permit(Some(&host), &call)?;
    engine.permit(None, &call)?;
    engine.cool(&host, short)?;
    for worker in ["a", "b"] {
        engine.vote(&host, worker, true, Duration::ZERO)?;
    }
    while engine.permit(Some(&host), &call)? != crate::fleet::engine::PermitReply::Probe {}
    engine.probe(&host, true)?;
    engine.cool(&super::limits_agree::host("b"), Duration::from_secs(1))?;
    engine.waiting_hosts()?;
    engine.server_use()?;
    engine.figures(0)?;
    engine.set_state(RunState::Cancelled)?;
    engine.leave(0, "c")?;
    engine.remove()
}

#[test]
fn a_user_cannot_reach_keys_of_others() {
    let Some(server) = with_user(COMMANDS) else {
        return;
    };
    let trial = Trial::on(&server, 1);
    let mut connection = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let user = redis::cmd("AUTH")
        .arg("u")
        .arg(PASSWORD)
        .query::<()>(&mut connection);
    assert_eq!(user, Ok(()));
    let other = redis::cmd("GET")
        .arg(format!("time:{}", trial.run))
        .query::<String>(&mut connection);
    assert!(other.is_err());
}
