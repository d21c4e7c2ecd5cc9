use super::*;

fn challenge(value: &str) -> DigestChallenge {
    DigestChallenge::strongest([value.as_bytes()].into_iter()).unwrap()
}

fn session(value: &str, password: &str, client_nonce: &str) -> DigestSession {
    let credentials = DigestCredentials::new("Mufasa", password).unwrap();
    DigestSession::with_client_nonce(challenge(value), &credentials, client_nonce.to_owned())
}

fn answer(session: &DigestSession) -> String {
    let value = session.answer(&Method::GET, "/dir/index.html").unwrap();
    assert!(value.is_sensitive());
    String::from_utf8(value.as_bytes().to_vec()).unwrap()
}

/// Value of a parameter of an answer, without quotes.
fn parameter<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let parameters = answer.strip_prefix("Digest ").unwrap().split(", ");
    let mut parameters = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(other, _)| *other == name)?;
    Some(value.trim_matches('"'))
}

/// Challenge of RFC 7616 section 3.9.1 with this algorithm.
fn of_rfc_7616(algorithm: &str) -> DigestSession {
    let value = format!(
        "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
         nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
         opaque=\"FQhe/qaU925kfnzjev0ciny7QMkPqMAFRtzCUYo5tdS\""
    );
    let client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    session(&value, "Circle of Life", client_nonce)
}

#[test]
fn the_answers_are_those_of_rfc_7616() {
    // The RFC has no answers with -sess: these were computed apart.
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("MD5-sess", "e783283f46242139c486a698fec7211d"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        (
            "SHA-256-sess",
            "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7",
        ),
    ] {
        let expected = format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
             response=\"{response}\", opaque=\"FQhe/qaU925kfnzjev0ciny7QMkPqMAFRtzCUYo5tdS\", \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, nc=00000001, \
             algorithm={algorithm}"
        );
        assert_eq!(answer(&of_rfc_7616(algorithm)), expected);
    }
}

#[test]
fn the_answer_is_that_of_rfc_2617() {
    let value = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
                 nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
    let answer = answer(&session(value, "Circle Of Life", "0a4f113b"));
    let response = parameter(&answer, "response");
    assert_eq!(response, Some("6629fae49393a05397450978507c4ef1"));
    assert_eq!(parameter(&answer, "algorithm"), None);
    assert_eq!(parameter(&answer, "opaque"), None);
}

#[test]
fn a_challenge_without_qop_gets_an_answer_without_count() {
    let value = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
    let session = session(value, "Circle Of Life", "0a4f113b");
    for _ in 0..2 {
        let answer = answer(&session);
        let response = parameter(&answer, "response");
        assert_eq!(response, Some("670fd8c2df070c60b045671b8b24ff02"));
        for name in ["qop", "nc", "cnonce"] {
            assert_eq!(parameter(&answer, name), None);
        }
    }
}

#[test]
fn each_answer_takes_the_next_count() {
    let session = of_rfc_7616("MD5");
    let counts: Vec<_> = (0..11)
        .map(|_| parameter(&answer(&session), "nc").unwrap().to_owned())
        .collect();
    assert_eq!(counts[..2], ["00000001", "00000002"]);
    assert_eq!(counts[10], "0000000b");
}

#[test]
fn a_session_goes_on_with_another_nonce_from_its_first_count() {
    let session = of_rfc_7616("SHA-256-sess");
    answer(&session);
    let next = session.with_nonce(b"next".to_vec());
    assert_eq!(next.secret, session.secret);
    let answer = answer(&next);
    assert_eq!(parameter(&answer, "nonce"), Some("next"));
    assert_eq!(parameter(&answer, "nc"), Some("00000001"));
}

#[test]
fn a_nonce_whose_counts_are_used_up_gives_no_answer() {
    let session = of_rfc_7616("MD5");
    session.count.store(u32::MAX - 1, Ordering::Relaxed);
    assert_eq!(parameter(&answer(&session), "nc"), Some("ffffffff"));
    for _ in 0..2 {
        assert_eq!(session.answer(&Method::GET, "/"), None);
    }
}

#[test]
fn quotes_and_backslashes_are_escaped_in_the_answer() {
    let credentials = DigestCredentials::new(r#"a"\b"#, "p").unwrap();
    let challenge = challenge(r#"Digest realm="r\"\\", nonce="n""#);
    let session = DigestSession::new(challenge, &credentials);
    let answer = answer(&session);
    let start = r#"Digest username="a\"\\b", realm="r\"\\", nonce="n""#;
    assert!(answer.starts_with(start), "{answer}");
}

#[test]
fn a_user_name_is_hashed_if_the_server_asks_for_it() {
    // printf 'Jäsøn Doe:api@example.org' | sha256sum
    let hashed = "5a1a8a47df5c298551b9b42ba9b05835174a5bd7d511ff7fe9191d8e946fc4e7";
    let user = user_named("algorithm=SHA-256, userhash=true, charset=UTF-8");
    assert_eq!(user, format!("username=\"{hashed}\", userhash=true"));
}

#[test]
fn a_user_name_that_is_not_ascii_is_percent_encoded() {
    for charset in ["charset=UTF-8", "qop=auth"] {
        let expected = "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe";
        assert_eq!(user_named(charset), expected);
    }
}

/// Parameter that names the user of RFC 7616 section 3.9.2 after a challenge with these parameters.
fn user_named(parameters: &str) -> String {
    let value = format!("Digest realm=\"api@example.org\", nonce=\"n\", {parameters}");
    String::from_utf8(user_parameter(&challenge(&value), "Jäsøn Doe")).unwrap()
}

#[test]
fn nonces_of_this_side_differ() {
    let nonces: std::collections::HashSet<_> = (0..1000).map(|_| client_nonce()).collect();
    assert_eq!(nonces.len(), 1000);
    assert!(nonces.iter().all(|nonce| nonce.len() == 32));
}
