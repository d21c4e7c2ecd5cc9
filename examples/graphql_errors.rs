//! GraphQL: errors inside a response of status 200 are rejections, with their code and message.

mod server;

use haul::{Client, Rejection, Request, Response, State};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    // GraphQL reads by POST, and reading may be repeated.
    let query = |user: u32| {
        let text = "query($id: ID!) { user(id: $id) { name } }";
        let body = json!({"query": text, "variables": {"id": user}});
        Request::post("/graphql").json(&body).idempotent(true)
    };
    let client = Client::builder()
        .base_url(base)
        .expect_json(true)
        .reject_if(errors)
        .build()?;

    for outcome in client.map((1..=3).map(query)) {
        match outcome.into_state() {
            State::Success(response) => {
                println!("user: {}", response.value()?["data"]["user"]["name"])
            }
            State::Rejected(rejection) => println!("refused: {rejection}"),
            State::Failed(error) => println!("no response: {error}"),
        }
    }
    Ok(())
}

/// Returns the first error of a response. `None`: the response has no errors, and its data is whole.
fn errors(response: &Response) -> Option<Rejection> {
    // Data beside errors has holes. No other part of the body is read here.
    let first = response.pointer("/errors/0").ok()??;
    let code = match &first["extensions"]["code"] {
        Value::Null => json!("unknown"),
        code => code.clone(),
    };
    let message = first["message"].as_str().unwrap_or_default();
    Some(Rejection::new(code, message))
}
