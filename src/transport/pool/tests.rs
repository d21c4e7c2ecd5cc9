use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::host::Host;
use crate::settings::proxy::ProxySettings;

/// Stand-in for a connection that counts its live instances.
struct Kept {
    key: PoolKey<'static>,
    id: usize,
    usable: Arc<AtomicBool>,
    alive: Arc<AtomicUsize>,
}

impl Poolable for Kept {
    fn key(&self) -> &PoolKey<'static> {
        &self.key
    }

    fn is_usable(&mut self) -> bool {
        self.usable.load(Ordering::Relaxed)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Maker {
    made: usize,
    usable: Arc<AtomicBool>,
    alive: Arc<AtomicUsize>,
}

impl Maker {
    fn new() -> Maker {
        let maker = Maker::default();
        maker.usable.store(true, Ordering::Relaxed);
        maker
    }

    fn make(&mut self, host: &str) -> Box<Kept> {
        self.made += 1;
        self.alive.fetch_add(1, Ordering::Relaxed);
        Box::new(Kept {
            key: key(host),
            id: self.made,
            usable: self.usable.clone(),
            alive: self.alive.clone(),
        })
    }

    fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }
}

fn key(name: &str) -> PoolKey<'static> {
    let uri = format!("http://{name}/").parse().unwrap();
    PoolKey::Server(Cow::Owned(Host::of(&uri).unwrap()))
}

const AGE: Duration = Duration::from_secs(15);

fn pool(max: usize, max_per_host: usize) -> ConnectionPool<Kept> {
    ConnectionPool::new(PoolSettings {
        max,
        max_per_host,
        age: AGE,
    })
}

#[test]
fn the_freshest_of_a_host_comes_first() {
    let (pool, mut maker, now) = (pool(10, 10), Maker::new(), Instant::now());
    for host in ["a", "b", "a", "b"] {
        pool.give_back(maker.make(host), now);
    }
    let borrow = |host: &str| pool.borrow(&key(host), now).map(|c| c.id);
    assert_eq!(borrow("a"), Some(3));
    assert_eq!(borrow("a"), Some(1));
    assert_eq!(borrow("a"), None);
    assert_eq!(borrow("b"), Some(4));
    assert_eq!(borrow("c"), None);
    assert_eq!(pool.len(), 1);
}

#[test]
fn connections_beneath_one_that_is_too_old_are_dropped() {
    let (pool, mut maker, now) = (pool(10, 10), Maker::new(), Instant::now());
    for _ in 0..3 {
        pool.give_back(maker.make("a"), now);
    }
    assert!(pool.borrow(&key("a"), now + AGE).is_some());
    assert!(
        pool.borrow(&key("a"), now + AGE + Duration::from_millis(1))
            .is_none()
    );
    assert_eq!((pool.len(), maker.alive()), (0, 0));
}

#[test]
fn giving_back_clears_away_what_is_too_old() {
    let (pool, mut maker, now) = (pool(1000, 1000), Maker::new(), Instant::now());
    for _ in 0..100 {
        pool.give_back(maker.make("old"), now);
    }
    let later = now + 2 * AGE;
    for _ in 0..100 {
        pool.give_back(maker.make("old"), later);
    }
    assert_eq!((pool.len(), maker.alive()), (100, 100));
}

#[test]
fn connections_that_no_longer_work_are_dropped() {
    let (pool, mut maker, now) = (pool(10, 10), Maker::new(), Instant::now());
    for _ in 0..3 {
        pool.give_back(maker.make("a"), now);
    }
    maker.usable.store(false, Ordering::Relaxed);
    assert!(pool.borrow(&key("a"), now).is_none());
    assert_eq!((pool.len(), maker.alive()), (0, 0));
}

#[test]
fn a_host_keeps_its_newest() {
    let (pool, mut maker, now) = (pool(10, 2), Maker::new(), Instant::now());
    for _ in 0..5 {
        pool.give_back(maker.make("a"), now);
    }
    assert_eq!((pool.len(), maker.alive()), (2, 2));
    let ids: Vec<_> = std::iter::from_fn(|| pool.borrow(&key("a"), now).map(|c| c.id)).collect();
    assert_eq!(ids, [5, 4]);
}

#[test]
fn in_all_it_keeps_no_more_than_allowed() {
    let (pool, mut maker, now) = (pool(50, 50), Maker::new(), Instant::now());
    for host in 0..1000 {
        pool.give_back(maker.make(&format!("h{host}")), now);
        assert!(pool.len() <= 50 && maker.alive() == pool.len());
    }
    // The connections to the hosts seen last are left, as far as shards allow.
    let recent = (900..1000).filter(|h| pool.borrow(&key(&format!("h{h}")), now).is_some());
    assert!(recent.count() >= 30);
}

#[test]
fn a_pool_of_nothing_keeps_nothing() {
    for (max, per_host) in [(0, 1), (1, 0)] {
        let (pool, mut maker) = (pool(max, per_host), Maker::new());
        pool.give_back(maker.make("a"), Instant::now());
        assert_eq!((pool.len(), maker.alive()), (0, 0));
    }
}

#[test]
fn clearing_drops_all() {
    let (pool, mut maker, now) = (pool(100, 100), Maker::new(), Instant::now());
    for host in 0..100 {
        pool.give_back(maker.make(&format!("h{host}")), now);
    }
    pool.clear();
    assert_eq!((pool.len(), maker.alive()), (0, 0));
}

#[test]
fn the_pool_agrees_with_a_simple_model() {
    for seed in 0..50 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut shard, mut maker) = (PoolShard::default(), Maker::new());
        let mut model: HashMap<String, Vec<usize>> = HashMap::new();
        let mut order: Vec<usize> = Vec::new();
        let now = Instant::now();
        for _ in 0..400 {
            let host = random.u8(0..6).to_string();
            let stack = model.entry(host.clone()).or_default();
            match random.u8(0..10) {
                0..=4 => {
                    let kept = maker.make(&host);
                    stack.push(kept.id);
                    order.push(kept.id);
                    shard.push(kept, now);
                }
                5..=7 => {
                    let got = shard.pop(&key(&host)).map(|(kept, _)| kept.id);
                    assert_eq!(got, stack.pop(), "seed {seed}");
                    order.retain(|id| Some(*id) != got);
                }
                8 => {
                    let got = shard.pop_oldest_of(&key(&host)).map(|kept| kept.id);
                    let expected = (!stack.is_empty()).then(|| stack.remove(0));
                    assert_eq!(got, expected, "seed {seed}");
                    order.retain(|id| Some(*id) != got);
                }
                _ => {
                    let got = shard.pop_oldest().map(|kept| kept.id);
                    let expected = (!order.is_empty()).then(|| order.remove(0));
                    assert_eq!(got, expected, "seed {seed}");
                    for stack in model.values_mut() {
                        stack.retain(|id| Some(*id) != got);
                    }
                }
            }
            assert_eq!((shard.len(), maker.alive()), (order.len(), order.len()));
            for (host, stack) in &model {
                assert_eq!(shard.count(&key(host)), stack.len());
            }
        }
    }
}

#[test]
fn a_tunnel_to_a_server_is_another_place_than_the_server_or_the_proxy() {
    let proxy = |url: &str| {
        let settings = ProxySettings::all(url);
        Arc::clone(settings.of(false, "a", 80).unwrap())
    };
    let host = |name: &str| match key(name) {
        PoolKey::Server(host) => host,
        _ => unreachable!("a key of a server"),
    };
    let (first, second) = (proxy("http://p:1"), proxy("https://p:1"));
    let places = [
        key("a"),
        key("p:1"),
        PoolKey::Proxy(Cow::Borrowed(&first)),
        PoolKey::Proxy(Cow::Borrowed(&second)),
        PoolKey::Tunnel(Cow::Borrowed(&first), host("a")),
        PoolKey::Tunnel(Cow::Borrowed(&first), host("b")),
        PoolKey::Tunnel(Cow::Borrowed(&second), host("a")),
    ];
    for (at, place) in places.iter().enumerate() {
        for (other_at, other) in places.iter().enumerate() {
            assert_eq!(place == other, at == other_at, "{place:?}, {other:?}");
        }
        assert_eq!(place.clone().into_owned(), *place);
    }
    assert_eq!(
        PoolKey::Proxy(Cow::Owned(proxy("http://p:1"))),
        PoolKey::Proxy(Cow::Borrowed(&first))
    );
}
