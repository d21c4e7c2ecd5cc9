//! Cases of `certificates.txt`: each has a server of its own, with the certificate that the case names.

use std::net::IpAddr;

use haul::{Client, RetryPolicy, TlsSettings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use test_support::corpus::{self, Case};
use test_support::{Folder, Signed};

use crate::server::Server;

#[test]
fn a_certificate_is_trusted_as_its_case_says() {
    let mut failed = Vec::new();
    for case in corpus::cases() {
        if case.rule == "certificates" {
            let came = came(&case);
            if !fits(&case, &came) {
                failed.push(format!("{}: {came}", case.place()));
            }
        }
    }
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n"));
}

fn fits(case: &Case, came: &str) -> bool {
    match case.expected().classes.as_slice() {
        [] => came == "success",
        classes => classes.iter().any(|class| came.starts_with(class)),
    }
}

/// `success`, or class and message of the failure.
fn came(case: &Case) -> String {
    let folder = Folder::new();
    let signed = self_signed(case);
    let server = Server::start(vec![case.clone()], &signed.serving(), false);
    let trusted = match case.option("trust") {
        Some("itself") => signed.certificate.pem(),
        Some("both") => self_signed(case).certificate.pem() + &signed.certificate.pem(),
        // This certificate is made from the same names, but is another one.
        Some("other") => self_signed(case).certificate.pem(),
        Some("nothing") => Signed::by_itself("other.test").certificate.pem(),
        other => panic!("{}: trust {other:?}", case.place()),
    };
    let client = Client::builder()
        .retry(RetryPolicy::none())
        .resolve("*", None, [IpAddr::from([127, 0, 0, 1])])
        .tls(TlsSettings::new().ca_file(folder.write("ca.pem", trusted)))
        .build()
        .unwrap();
    let host = case.option("host").unwrap();
    let port = server.addresses[2].port();
    let outcome = client.get(format!("https://{host}:{port}/"));
    match outcome.error() {
        None => "success".into(),
        Some(error) => format!("{} {}", error.error_type(), error.message()),
    }
}

fn self_signed(case: &Case) -> Signed {
    let names = case.option("certificate").unwrap().split(',');
    let (authority, names): (Vec<_>, Vec<_>) = names.partition(|name| *name == "ca");
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let year = |key, usual| case.number(key).map_or(usual, |year| year as i32);
    params.not_before = rcgen::date_time_ymd(year("from", 2000), 1, 1);
    params.not_after = rcgen::date_time_ymd(year("until", 2100), 1, 1);
    if !authority.is_empty() {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Signed { certificate, key }
}
