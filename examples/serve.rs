//! Runs the examples' server by itself, to try `fetch_list`, `throughput` or `curl` against it. Prints its base URL and
//! serves until standard input ends (Ctrl-D).

mod server;

fn main() -> std::io::Result<()> {
    println!("{}", server::start()?);
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
