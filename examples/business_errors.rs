//! Business errors (`{"code": 4001, "msg": "余额不足"}` with status 200) are not failures but an outcome of their own.

mod server;

use haul::{Client, Rejection, Request, State};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;

    // The short way, for all requests: the body must hold 0 at /code.
    let strict = Client::builder()
        .base_url(&base)
        .require("/code", 0)
        .build()?;
    let outcome = strict.get("/pay/1");
    if let Some(rejection) = outcome.rejection() {
        println!("code {}, message {}", rejection.code(), rejection.message());
    }

    // The long way, for one request: any predicate over the response.
    let client = Client::builder().base_url(&base).build()?;
    let request = Request::get("/pay/2").reject_if(|response| {
        let body = response.value().ok()?;
        let poor = body["code"] == 4001;
        poor.then(|| Rejection::new("insufficient_funds", body["msg"].as_str().unwrap_or("")))
    });
    match client.send(request).into_state() {
        State::Success(response) => println!("paid: {}", response.text()),
        State::Rejected(rejection) => println!("not paid: {rejection}"),
        State::Failed(error) => println!("unknown, ask again: {error}"),
    }
    Ok(())
}
