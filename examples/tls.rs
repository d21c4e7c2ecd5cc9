//! Trusts the certificate of a server that no public authority has signed, and still refuses every other one.
//!
//! Feature `rustls` (a default feature).

#[path = "server/tls.rs"]
mod server;

use haul::settings::TlsVersion;
use haul::{Client, TlsSettings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (url, certificate) = server::start()?;
    let file = std::env::temp_dir().join(format!("haul-tls-{}.pem", std::process::id()));
    std::fs::write(&file, certificate)?;

    // By default Mozilla's roots are trusted, which do not know this server.
    let outcome = Client::new().get(&url);
    if let Some(error) = outcome.error() {
        println!(
            "default roots: {} in {} attempt(s)",
            error.error_type(),
            outcome.attempts()
        );
        println!("    {error}");
    }

    let tls = TlsSettings::new()
        .add_ca_file(&file)
        .min_version(TlsVersion::V1_3);
    let client = Client::builder().tls(tls).build()?;
    let response = client.get(&url).into_result()?;
    println!(
        "its certificate trusted: {} {}",
        response.status(),
        response.text()
    );

    // The file is read by `build`, which names it if it is wrong.
    std::fs::write(&file, "not a certificate")?;
    if let Err(error) = Client::builder()
        .tls(TlsSettings::new().ca_file(&file))
        .build()
    {
        println!("a wrong file: {error}");
    }
    std::fs::remove_file(&file)?;
    Ok(())
}
