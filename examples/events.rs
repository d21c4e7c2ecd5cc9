//! Event streams with a budget: each event is handed to a closure as it comes, which breaks the stream off once enough
//! tokens came. A stream that ends by itself is a success too.

mod server;

use std::ops::ControlFlow;

use haul::{Client, Request};
use serde_json::Value;

/// Number of tokens after which a stream is broken off.
const BUDGET: u64 = 30;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(4).base_url(base).build()?;

    // The first stream has 5 events, the second one has no end.
    for path in ["/events/5", "/events/0"] {
        let mut spent = 0;
        let request = Request::get(path).on_event(move |event| {
            if event.name() == "done" {
                return ControlFlow::Break(());
            }
            let Ok(delta) = serde_json::from_str::<Value>(event.data()) else {
                return ControlFlow::Continue(());
            };
            print!("{} ", delta["word"].as_str().unwrap_or_default());
            spent += delta["tokens"].as_u64().unwrap_or(0);
            match spent >= BUDGET {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        let outcome = client.send(request);
        println!();
        println!(
            "{path}: success {}, first byte after {:.0?}, {:.0?} in all",
            outcome.is_success(),
            outcome.first_byte().unwrap_or_default(),
            outcome.elapsed()
        );
    }
    Ok(())
}
