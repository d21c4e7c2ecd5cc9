//! The quickstart's server by itself, to try `fetch_list` and `throughput` against. Prints its base URL and serves
//! until stdin ends (Ctrl-D).

#[path = "quickstart/server.rs"]
mod server;

fn main() -> std::io::Result<()> {
    println!("{}", server::start()?);
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
