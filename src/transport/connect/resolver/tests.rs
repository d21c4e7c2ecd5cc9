use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::*;

const FOREVER: Duration = Duration::from_secs(3600);

fn unlimited() -> Limits {
    Limits::attempt(None, None)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Returns a resolver that gives these addresses for each name, and the list of the names it was asked for.
fn giving(settings: ResolverSettings, addresses: &[&str]) -> (Resolver, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let addresses: Vec<IpAddr> = addresses.iter().map(|a| ip(a)).collect();
    let look_up = move |name: &str| {
        log.lock().unwrap().push(name.to_owned());
        if addresses.is_empty() {
            return Err(io::Error::other("no such name"));
        }
        Ok(addresses.clone())
    };
    (Resolver::asking(settings, Arc::new(look_up)), asked)
}

fn resolve(resolver: &Resolver, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
    let addresses = resolver.resolve(name, 80, &unlimited(), &CancelSlot::default())?;
    Ok(addresses.iter().map(SocketAddr::ip).collect())
}

#[test]
fn a_literal_is_its_own_answer() {
    let (resolver, asked) = giving(ResolverSettings::default(), &[]);
    assert_eq!(resolve(&resolver, "127.0.0.9").unwrap(), [ip("127.0.0.9")]);
    assert_eq!(resolve(&resolver, "::1").unwrap(), [ip("::1")]);
    assert!(asked.lock().unwrap().is_empty());
    assert_eq!(resolver.lookups.counts(), (0, 0));
}

#[test]
fn the_system_knows_localhost() {
    let resolver = Resolver::new(ResolverSettings::default(), Addressing::default());
    let addresses = resolve(&resolver, "localhost").unwrap();
    assert!(addresses.iter().all(IpAddr::is_loopback));
}

#[test]
fn connections_take_turns_at_the_addresses_of_one_lookup() {
    let (resolver, asked) = giving(
        ResolverSettings::default(),
        &["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3"],
    );
    let firsts: Vec<_> = (0..6)
        .map(|_| resolve(&resolver, "a.name").unwrap()[0])
        .collect();
    for address in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] {
        let times = firsts.iter().filter(|first| **first == ip(address)).count();
        assert_eq!(times, 2, "{firsts:?}");
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn families_alternate_beginning_with_the_first() {
    let all = ["::1", "::2", "::3", "127.0.0.1", "127.0.0.2"].map(ip);
    let order = |turn| in_turn(&all, turn);
    assert_eq!(
        order(0),
        ["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"].map(ip)
    );
    assert_eq!(
        order(1),
        ["::2", "127.0.0.2", "::3", "127.0.0.1", "::1"].map(ip)
    );
    assert!(in_turn(&[], 3).is_empty());
}

#[test]
fn an_answer_is_asked_for_again_when_it_is_old() {
    let settings = ResolverSettings {
        keep: Duration::ZERO,
        ..ResolverSettings::default()
    };
    let (resolver, asked) = giving(settings, &["127.0.0.1"]);
    for n in 1..4 {
        resolve(&resolver, "a.name").unwrap();
        assert_eq!(asked.lock().unwrap().len(), n);
    }
}

#[test]
fn a_failure_is_kept_for_a_time_of_its_own() {
    for (keep_failure, times) in [(FOREVER, 1), (Duration::ZERO, 3)] {
        let settings = ResolverSettings {
            keep_failure,
            ..ResolverSettings::default()
        };
        let (resolver, asked) = giving(settings, &[]);
        for _ in 0..3 {
            assert!(matches!(
                resolve(&resolver, "a.name"),
                Err(Unresolved::Failed(_))
            ));
        }
        assert_eq!(asked.lock().unwrap().len(), times);
    }
}

#[test]
fn many_requests_for_one_name_cause_one_lookup() {
    let lookups = Arc::new(AtomicUsize::new(0));
    let (open, gate) = mpsc::channel::<()>();
    let (count, gate) = (lookups.clone(), Mutex::new(gate));
    let look_up = move |_: &str| {
        count.fetch_add(1, Ordering::SeqCst);
        let _ = gate.lock().unwrap().recv();
        Ok(vec![ip("127.0.0.1")])
    };
    let resolver = Resolver::asking(ResolverSettings::default(), Arc::new(look_up));
    thread::scope(|scope| {
        let running: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| resolve(&resolver, "a.name").unwrap()))
            .collect();
        open.send(()).unwrap();
        for running in running {
            assert_eq!(running.join().unwrap(), [ip("127.0.0.1")]);
        }
    });
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
}

#[test]
fn a_dead_name_blocks_no_other() {
    let (hold, held) = mpsc::channel::<()>();
    let (held, running) = (Mutex::new(held), Arc::new(AtomicUsize::new(0)));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (running.clone(), most.clone());
    let look_up = move |name: &str| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        if name == "dead.name" {
            let _ = held.lock().unwrap().recv();
        }
        now.fetch_sub(1, Ordering::SeqCst);
        Ok(vec![ip("127.0.0.1")])
    };
    let settings = ResolverSettings {
        threads: 3,
        ..ResolverSettings::default()
    };
    let resolver = Resolver::asking(settings, Arc::new(look_up));
    thread::scope(|scope| {
        scope.spawn(|| resolve(&resolver, "dead.name").unwrap());
        let others: Vec<_> = (0..40)
            .map(|i| {
                let resolver = &resolver;
                scope.spawn(move || resolve(resolver, &format!("live{i}.name")).unwrap())
            })
            .collect();
        for other in others {
            other.join().unwrap();
        }
        drop(hold);
    });
    assert!(most.load(Ordering::SeqCst) <= 3);
    assert!(resolver.lookups.counts().0 <= 3);
}

#[test]
fn threads_end_when_nothing_is_asked() {
    let settings = ResolverSettings {
        linger: Duration::ZERO,
        ..ResolverSettings::default()
    };
    let (resolver, _) = giving(settings, &["127.0.0.1"]);
    resolve(&resolver, "a.name").unwrap();
    let patience = Instant::now() + Duration::from_secs(10);
    while resolver.lookups.counts().0 > 0 {
        assert!(Instant::now() < patience);
        thread::yield_now();
    }
    assert_eq!(resolve(&resolver, "b.name").unwrap().len(), 1);
}

#[test]
fn a_name_that_no_request_waits_for_is_not_looked_up() {
    let (hold, held) = mpsc::channel::<()>();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (held, log) = (Mutex::new(held), asked.clone());
    let look_up = move |name: &str| {
        log.lock().unwrap().push(name.to_owned());
        let _ = held.lock().unwrap().recv();
        Ok(vec![ip("127.0.0.1")])
    };
    let settings = ResolverSettings {
        threads: 1,
        ..ResolverSettings::default()
    };
    let resolver = Resolver::asking(settings, Arc::new(look_up));
    for name in ["a.name", "b.name", "a.name"] {
        let limits = Limits::attempt(Some(Instant::now() + Duration::from_millis(30)), None);
        let result = resolver.resolve(name, 80, &limits, &CancelSlot::default());
        assert!(matches!(result, Err(Unresolved::TimedOut(_))));
    }
    drop(hold);
    assert_eq!(resolve(&resolver, "c.name").unwrap().len(), 1);
    assert_eq!(*asked.lock().unwrap(), ["a.name", "c.name"]);
}

#[test]
fn the_queue_is_bounded() {
    let (hold, held) = mpsc::channel::<()>();
    let (asks, asked) = mpsc::channel();
    let ends = Mutex::new((held, asks));
    let look_up = move |_: &str| {
        let (held, asks) = &*ends.lock().unwrap();
        let _ = asks.send(());
        let _ = held.recv();
        Ok(vec![ip("127.0.0.1")])
    };
    let settings = ResolverSettings {
        threads: 1,
        queue: 2,
        ..ResolverSettings::default()
    };
    let resolver = Resolver::asking(settings, Arc::new(look_up));
    let is_refused = |name: &str, limit: Option<Instant>| {
        let limits = Limits::attempt(limit, None);
        let result = resolver.resolve(name, 80, &limits, &CancelSlot::default());
        matches!(result, Err(Unresolved::Unasked(_)))
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| is_refused("n0.name", None));
        // At this point the only thread is busy.
        asked.recv().unwrap();
        let refused = (1..10).filter(|i| {
            let soon = Instant::now() + Duration::from_millis(5);
            is_refused(&format!("n{i}.name"), Some(soon))
        });
        assert_eq!(refused.count(), 7);
        drop(hold);
        assert!(!first.join().unwrap());
    });
}

#[test]
fn the_cache_is_bounded() {
    let settings = ResolverSettings {
        names: 10,
        ..ResolverSettings::default()
    };
    let (resolver, asked) = giving(settings, &["127.0.0.1"]);
    for i in 0..100 {
        resolve(&resolver, &format!("n{i}.name")).unwrap();
    }
    assert!(resolver.lookups.counts().1 <= 10);
    resolve(&resolver, "n99.name").unwrap();
    assert_eq!(asked.lock().unwrap().len(), 100);
}

#[test]
fn a_lookup_that_panics_is_a_failure() {
    let resolver = Resolver::asking(
        ResolverSettings::default(),
        Arc::new(|_: &str| panic!("on purpose")),
    );
    assert!(matches!(
        resolve(&resolver, "a.name"),
        Err(Unresolved::Failed(_))
    ));
}

#[test]
fn no_addresses_are_a_failure() {
    let resolver = Resolver::asking(ResolverSettings::default(), Arc::new(|_: &str| Ok(vec![])));
    let Err(Unresolved::Failed(error)) = resolve(&resolver, "a.name") else {
        panic!("it has none");
    };
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
