//! Submits requests one by one, like Python's `Executor.submit`: each has a handle to wait for its outcome, to look at it,
//! to cancel the request or to be called back.

mod server;

use std::time::Duration;

use haul::Client;
use haul::batch::{ReturnWhen, as_completed, wait};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(4).base_url(base).build()?;

    // The callback runs on the worker that received the response.
    let first = client.submit("/items/1")?;
    first.on_done(|outcome| println!("called back: {} {:?}", outcome.url(), outcome.status()));
    first.wait();

    let slow = client.submit("/slow/2")?;
    match slow.wait_timeout(Duration::from_millis(20)) {
        Ok(outcome) => println!("in time: {:?}", outcome.status()),
        Err(late) => println!("{late}; is it running? {}", slow.is_running()),
    }
    println!("cancelled: {}", slow.cancel());
    if let Some(error) = slow.wait().error() {
        println!(
            "its outcome: {} after {} attempt(s)",
            error.error_type(),
            slow.wait().attempts()
        );
    }

    let mut handles = Vec::new();
    for path in ["/slow/3", "/items/4", "/missing/5"] {
        handles.push(client.submit(path)?);
    }
    let waited = wait(&handles, ReturnWhen::FirstCompleted, None);
    println!(
        "{} done first, {} still to come",
        waited.done.len(),
        waited.not_done.len()
    );
    for handle in as_completed(handles) {
        let outcome = handle.wait();
        println!("completed: {} {:?}", outcome.url(), outcome.status());
    }
    Ok(())
}
