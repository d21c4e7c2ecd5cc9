//! Servers that are fit for a run, and others, by their replies to `INFO`.

use crate::fleet::append_file::AppendFile;
use crate::fleet::engine::{EngineError, MemoryUse, ServerUse};
use crate::fleet::redis::ServerFacts;

const FIT: &str = "# Server\r\nredis_version:7.2.4\r\nredis_mode:standalone\r\nrun_id:abc\r\nused_memory:1000\r\n\
    maxmemory:2000\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nrole:master\r\n";

fn facts(changes: &[(&str, &str)], durable: bool) -> Result<ServerFacts, String> {
    let mut info = FIT.to_owned();
    for (from, to) in changes {
        assert!(info.contains(from), "{from}");
        info = info.replace(from, to);
    }
    ServerFacts::of(&info, "redis://h:6379/0", durable).map_err(|error| match error {
        EngineError::Refused(reason) => reason,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_fit_server_tells_its_memory() {
    let facts = facts(&[], true).unwrap();
    assert_eq!(
        (
            facts.in_use.memory.used,
            facts.in_use.memory.most,
            &*facts.start
        ),
        (1000, 2000, "abc")
    );
    assert_eq!(
        (facts.appends_to_file(), facts.can_wait_for_disk),
        (true, true)
    );
    assert_eq!(facts.warning(), None);
}

#[test]
fn the_file_of_changes_is_told_with_its_failures() {
    let all = "aof_enabled:1\r\naof_current_size:77\r\naof_last_write_status:ok\r\naof_last_bgrewrite_status:ok";
    let file_of = |changes: &[(&str, &str)]| {
        let changes = [&[("aof_enabled:1", all)], changes].concat();
        facts(&changes, false).unwrap().in_use.append_file
    };
    let file = file_of(&[]).unwrap();
    let shown = |file: AppendFile| (file.bytes, file.write_failed, file.rewrite_failed);
    assert_eq!(shown(file), (77, false, false));
    let unwritten = file_of(&[("last_write_status:ok", "last_write_status:err")]).unwrap();
    assert_eq!(shown(unwritten), (77, true, false));
    let not_anew = file_of(&[("bgrewrite_status:ok", "bgrewrite_status:err")]).unwrap();
    assert_eq!(shown(not_anew), (77, false, true));
    assert_eq!(file_of(&[("aof_enabled:1", "aof_enabled:0")]), None);
    assert_eq!(shown(unwritten.join(not_anew)), (154, true, true));
}

#[test]
fn the_use_of_a_cluster_is_the_sum_and_the_worst_of_its_nodes() {
    let node = |used, most, file| ServerUse::new(MemoryUse { used, most }, file);
    let file = Some(AppendFile::default());
    let all = node(50, 100, file).join(node(90, 100, file));
    assert_eq!((all.memory.used, all.memory.most), (140, 200));
    assert_eq!((all.fullest.used, all.append_file), (90, file));
    let all = all.join(node(7, 0, None));
    assert_eq!((all.memory.used, all.memory.most), (147, 0));
    assert_eq!((all.fullest.used, all.append_file), (90, None));
}

#[test]
fn old_servers_are_refused() {
    for (version, text) in [
        (
            "redis_version:6.2.14",
            "redis://h:6379/0: Redis 6.2.14 (7.0 is needed)",
        ),
        (
            "redis_version:7.2.4\r\nvalkey_version:7.1.9",
            "redis://h:6379/0: Valkey 7.1.9 (7.2 is needed)",
        ),
        (
            "redis_version:what",
            "redis://h:6379/0: it does not tell its version",
        ),
    ] {
        assert_eq!(
            facts(&[("redis_version:7.2.4", version)], false).unwrap_err(),
            text
        );
    }
    for version in [
        "redis_version:7.0.0",
        "redis_version:10.1.0",
        "redis_version:7.2.4\r\nvalkey_version:8.0.1",
    ] {
        assert!(
            facts(&[("redis_version:7.2.4", version)], false).is_ok(),
            "{version}"
        );
    }
}

#[test]
fn a_server_that_evicts_keys_is_refused() {
    let reason = facts(&[("noeviction", "allkeys-lru")], false).unwrap_err();
    assert_eq!(
        reason,
        "redis://h:6379/0: maxmemory-policy is allkeys-lru (noeviction is needed)"
    );
}

#[test]
fn a_replica_is_refused() {
    let reason = facts(&[("role:master", "role:slave")], false).unwrap_err();
    assert_eq!(
        reason,
        "redis://h:6379/0: a replica (the primary is needed)"
    );
}

#[test]
fn a_server_without_a_file_is_warned_about_and_refused_for_durable_runs() {
    let without = [("aof_enabled:1", "aof_enabled:0")];
    assert!(facts(&without, false).unwrap().warning().is_some());
    let reason = facts(&without, true).unwrap_err();
    assert_eq!(
        reason,
        "redis://h:6379/0: appendonly is no (--durable needs yes)"
    );
}

#[test]
fn a_server_that_cannot_wait_for_its_disk_is_refused_for_durable_runs() {
    let reason = facts(&[("7.2.4", "7.0.15")], true).unwrap_err();
    assert_eq!(
        reason,
        "redis://h:6379/0: Redis 7.0.15 (--durable needs 7.2)"
    );
}
