//! Clients that make the same requests, and a server that answers late: the parts of `benches/peers/compare` that are
//! written in Rust. `compare` starts this program for each run of a client, so that the peak of memory is the run's own.
//!
//! - `peers run CLIENT URL COUNT AT_ONCE HOSTS [CA_FILE]` makes the requests and prints one line of JSON with figures.
//!   With more than one host, `127.0.0.1` in the URL stands for that many loopback addresses in turn.
//! - `peers late SECONDS` prints its port and answers every request after that time, until its input ends.

mod clients;
mod figures;
mod late;
mod system;

use std::error::Error;
use std::time::Duration;

use clients::{Peer, Work};

type AnyError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    system::raise_file_limit();
    match args.as_slice() {
        ["late", seconds] => late::serve(Duration::from_secs_f64(seconds.parse()?)),
        ["run", peer, url, count, at_once, hosts, ca @ ..] => {
            let work = Work {
                url: (*url).to_owned(),
                count: count.parse()?,
                at_once: at_once.parse()?,
                hosts: hosts.parse()?,
                ca: ca.first().map(Into::into),
            };
            println!("{}", figures::measure(Peer::named(peer)?, &work)?);
            Ok(())
        }
        _ => Err(
            "usage: peers run CLIENT URL COUNT AT_ONCE HOSTS [CA_FILE] | peers late SECONDS".into(),
        ),
    }
}
