//! Feeds a batch from other threads: requests go into the intake as they turn up, and outcomes come out as they complete.
//! The batch ends when the intake and its clones are dropped.

mod server;

use std::thread;

use haul::{Client, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(8).base_url(base).build()?;
    let (intake, outcomes) = client.channel();

    for shop in ["north", "south", "west"] {
        let intake = intake.clone();
        thread::spawn(move || {
            for i in 0..4 {
                let order = Request::get(format!("/items/{i}")).id(format!("{shop}-{i}"));
                // Waits while as many requests are under way as the window allows.
                if intake.send(order).is_err() {
                    // The outcomes were dropped: no more requests are wanted.
                    return;
                }
            }
        });
    }
    // The threads have clones of their own.
    drop(intake);

    for outcome in outcomes {
        let id = outcome.id().unwrap_or_default().to_owned();
        let value = outcome.into_result()?.value()?;
        println!("{id}: {}", value["name"]);
    }
    println!("all three threads are done");
    Ok(())
}
