//! Hosts that accept requests and never answer, on loopback.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::*;
use crate::settings::{BreakerSettings, Timeouts};

/// Server that accepts connections and answers none until it is dropped.
struct Silent {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<TcpStream>>>,
}

impl Silent {
    fn start() -> Silent {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                kept.lock().unwrap().push(stream);
            }
        });
        Silent { address, taken }
    }

    fn hang_up(&self) {
        self.taken.lock().unwrap().clear();
    }
}

#[test]
fn a_host_that_never_answers_opens_its_breaker_before_any_time_limit() {
    let server = Silent::start();
    let minutes = Duration::from_secs(600);
    let client = Client::builder()
        .workers(8)
        .retry(RetryPolicy::none())
        .timeouts(Timeouts::new().attempt(minutes))
        .breaker(BreakerSettings {
            open: minutes,
            open_max: minutes,
            ..BreakerSettings::default()
        })
        .hanging_after(Duration::from_millis(50))
        .build()
        .unwrap();
    let url = format!("http://{}/", server.address);
    let mut outcomes = client.as_completed((0..100).map(|_| url.as_str()));
    let class = |outcome: Option<Outcome>| outcome.unwrap().error().unwrap().error_type();
    // All eight workers hang: the waiting requests end nevertheless.
    for _ in 8..100 {
        assert_eq!(class(outcomes.next()), ErrorType::BreakerOpen);
    }
    // A request that comes later ends too.
    assert_eq!(
        class(Some(client.get(url.as_str()))),
        ErrorType::BreakerOpen
    );
    server.hang_up();
    for _ in 0..8 {
        assert_eq!(class(outcomes.next()), ErrorType::Connection);
    }
    assert!(outcomes.next().is_none());
}
