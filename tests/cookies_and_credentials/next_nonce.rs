//! Nonces that a server hands out with its answers, for the next request.

use std::sync::Mutex;

use haul::Client;
use test_support::builder;
use test_support::{Answer, Scenario, Seen, Server};

/// Server whose nonces are each good for one request: the nonce of the next comes with each answer.
fn server() -> Server {
    let nonces = Mutex::new((0, Vec::<String>::new()));
    let new = |nonces: &mut (u32, Vec<String>)| {
        nonces.0 += 1;
        nonces.1.push(format!("n{}", nonces.0));
        format!("n{}", nonces.0)
    };
    Scenario::new()
        .when("*", move |seen: &Seen| {
            let mut nonces = nonces.lock().unwrap();
            let known = seen.header("authorization").and_then(|answer| {
                assert!(answer.contains("nc=00000001") || !answer.contains("nc="));
                let good = |nonce: &String| answer.contains(&format!("nonce=\"{nonce}\""));
                let at = nonces.1.iter().position(good)?;
                Some(nonces.1.remove(at))
            });
            let nonce = new(&mut nonces);
            match known {
                Some(used) => Answer::text(used)
                    .header("authentication-info", format!("nextnonce=\"{nonce}\"")),
                None => Answer::status(401).header(
                    "www-authenticate",
                    format!("Digest realm=\"r\", qop=\"auth\", nonce=\"{nonce}\", stale=true"),
                ),
            }
        })
        .start()
}

fn client() -> Client {
    builder(8).digest_auth("user", "pass").build().unwrap()
}

#[test]
fn the_next_request_answers_with_it_at_once() {
    let server = server();
    let client = client();
    let outcomes = (0..4).map(|_| client.get(server.url("/")));
    let used: Vec<_> = outcomes
        .map(|outcome| outcome.into_result().unwrap().text().into_owned())
        .collect();
    assert_eq!(used, ["n1", "n2", "n3", "n4"]);
    assert_eq!(server.requests(), 5);
}
