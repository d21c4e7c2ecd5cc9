//! Signs each attempt with AWS Signature Version 4, after a check against signatures that AWS has published.
//!
//! Signed are host, type, `x-amz-` headers and a body in memory. Paths are signed as for S3, parameters as they are sent.

mod server;

use std::collections::BTreeMap;

use haul::http::header::{CONTENT_TYPE, InvalidHeaderValue};
use haul::http::{HeaderMap, Uri};
use haul::{Client, Request};
use hmac_sha256::{HMAC, Hash};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SCOPE: &str = "us-east-1/service/aws4_request";

/// Method, target and signature of requests in AWS's test suite.
const SUITE: &str = "\
GET / 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31
GET /?Param2=value2&Param1=value1 b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500
GET /%E1%88%B4 8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85
POST / 5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in SUITE.lines() {
        let (method, rest) = line.split_once(' ').ok_or(line)?;
        let (target, signature) = rest.split_once(' ').ok_or(line)?;
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-date", "20150830T123600Z".parse()?);
        let uri = format!("https://example.amazonaws.com{target}").parse()?;
        let made = authorization(method, &uri, &headers, b"");
        assert!(made.ends_with(signature), "{method} {target}: {made}");
        println!("{method} {target}: signed as published");
    }
    let client = Client::builder().base_url(server::start()?);
    let client = client.before_attempt(|sent| {
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        sent.headers.insert("x-amz-date", time.to_string().parse()?);
        let value = authorization(sent.method.as_str(), sent.uri, sent.headers, sent.body);
        sent.headers.insert("authorization", value.parse()?);
        Ok::<_, InvalidHeaderValue>(())
    });
    let request = Request::get("/echo").query("marker", "a b");
    let seen = client.build()?.send(request).into_result()?.value()?;
    println!("the server received {}", seen["authorization"]);
    Ok(())
}

/// Returns the value of `Authorization` for a request whose time is in `x-amz-date`.
fn authorization(method: &str, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    let host = uri.authority().map_or("", |host| host.as_str());
    let mut signed = BTreeMap::from([("host", host.to_owned())]);
    for (name, value) in headers {
        if name == CONTENT_TYPE || name.as_str().starts_with("x-amz-") {
            let value = value.to_str().unwrap_or_default().trim();
            signed.insert(name.as_str(), value.to_owned());
        }
    }
    let names = signed.keys().copied().collect::<Vec<_>>().join(";");
    let lines = signed.iter().map(|(name, text)| format!("{name}:{text}\n"));
    let (lines, body) = (lines.collect::<String>(), hex(&Hash::hash(body)));
    let mut query: Vec<_> = uri.query().into_iter().flat_map(|q| q.split('&')).collect();
    query.sort_by_key(|pair| pair.split_once('='));
    let (path, query) = (uri.path(), query.join("&"));
    let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{body}");
    let request = hex(&Hash::hash(request.as_bytes()));
    let time = headers["x-amz-date"].to_str().unwrap_or_default();
    let scope = format!("{}/{SCOPE}", time.split('T').next().unwrap_or_default());
    let start = format!("AWS4{SECRET}").into_bytes();
    let of_part = |key: Vec<u8>, part| HMAC::mac(part, key).to_vec();
    let key = scope.split('/').fold(start, of_part);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{request}");
    let (signature, sent) = (hex(&HMAC::mac(text, key)), format!("{ID}/{scope}"));
    format!("AWS4-HMAC-SHA256 Credential={sent}, SignedHeaders={names}, Signature={signature}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
