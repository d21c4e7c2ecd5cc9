use super::*;

fn strongest(values: &[&str]) -> Option<DigestChallenge> {
    DigestChallenge::strongest(values.iter().map(|value| value.as_bytes()))
}

#[track_caller]
fn only(value: &str) -> DigestChallenge {
    strongest(&[value]).unwrap_or_else(|| panic!("no challenge in {value}"))
}

/// Realm and name of the algorithm of the strongest challenge.
fn taken(values: &[&str]) -> Option<(String, &'static str)> {
    let challenge = strongest(values)?;
    let realm = String::from_utf8(challenge.realm).unwrap();
    Some((realm, challenge.algorithm.name()))
}

#[test]
fn a_challenge_is_read_with_all_its_parameters() {
    let challenge = only(
        r#"Digest realm="r", domain="/a /b", nonce="n", opaque="o", stale=TRUE,
        algorithm=SHA-256-sess, qop="auth-int,auth", charset=UTF-8, userhash=true, more="x""#,
    );
    let expected = DigestChallenge {
        realm: b"r".to_vec(),
        nonce: b"n".to_vec(),
        opaque: Some(b"o".to_vec()),
        algorithm: DigestAlgorithm::named(b"sha-256-SESS").unwrap(),
        names_algorithm: true,
        counted: true,
        stale: true,
        hashes_user: true,
    };
    assert_eq!(challenge, expected);
}

#[test]
fn a_challenge_of_rfc_2069_has_md5_and_no_count() {
    for value in [
        r#"Digest realm="", nonce="n""#,
        r#"Digest realm="", nonce="n", qop="""#,
        r#"digest nonce=n, realm="" , stale="false""#,
    ] {
        let challenge = only(value);
        assert_eq!(challenge.algorithm, DigestAlgorithm::MD5);
        let flags = [
            challenge.names_algorithm,
            challenge.counted,
            challenge.stale,
            challenge.hashes_user,
        ];
        assert_eq!(flags, [false; 4], "{value}");
    }
}

#[test]
fn quoted_strings_may_hold_commas_escapes_and_other_challenges() {
    let challenge = only(r#"Digest realm="a, \"b\" \\ Digest nonce=\"x\"", nonce="n,=\,""#);
    assert_eq!(challenge.realm, br#"a, "b" \ Digest nonce="x""#);
    assert_eq!(challenge.nonce, b"n,=,");
}

#[test]
fn the_strongest_of_several_challenges_is_taken() {
    let md5 = r#"Digest realm="m", nonce="n", algorithm=MD5"#;
    let sha = r#"Digest realm="s", nonce="n", algorithm="SHA-256", qop=auth"#;
    let basic = r#"Basic realm="Digest realm=\"b\", nonce=\"n\"""#;
    let unknown = r#"Digest realm="u", nonce="n", algorithm=SHA-512-256, qop="auth""#;
    let token = "Negotiate YII/abc==";
    let wanted = Some(("s".to_owned(), "SHA-256"));
    for order in [[md5, sha], [sha, md5]] {
        assert_eq!(taken(&order), wanted);
        let joined = [basic, token, order[0], unknown, order[1]].join(", ");
        assert_eq!(taken(&[&joined]), wanted);
        assert_eq!(taken(&[token, basic, unknown, order[0], order[1]]), wanted);
    }
    assert_eq!(taken(&[unknown, md5, basic]).unwrap().1, "MD5");
    let first = r#"Digest realm="first", nonce="n""#;
    assert_eq!(taken(&[first, md5]).unwrap().0, "first");
}

#[test]
fn parameters_of_another_scheme_are_not_taken() {
    let value = r#"Digest realm="r", nonce="n", Newauth algorithm=SHA-256, nonce="x", qop=auth"#;
    let challenge = only(value);
    assert_eq!(challenge.nonce, b"n");
    assert!(!challenge.counted);
}

#[test]
fn blanks_and_missing_commas_are_borne() {
    for value in [
        "Digest\trealm = \"r\" ,, nonce\t=\t\"n\",",
        ", Digest realm=r nonce=n",
        "Digest , realm=r , nonce=n",
    ] {
        let challenge = only(value);
        assert_eq!(
            (challenge.realm, challenge.nonce),
            (b"r".to_vec(), b"n".to_vec())
        );
    }
}

#[test]
fn challenges_that_cannot_be_answered_are_none() {
    let huge = format!(
        "Digest realm=\"r\", nonce=\"{}\"",
        "n".repeat(MOST_REPEATED)
    );
    for value in [
        "",
        "Digest",
        "Basic realm=\"r\"",
        "Digest realm=\"r\"",
        "Digest nonce=\"n\"",
        "Digest realm=\"r\", nonce=\"\"",
        "Digest realm=\"r\", nonce=\"n",
        "Digest realm=\"r\", nonce=\"n\", opaque=\"o\\",
        "Digest realm=\"r\", nonce=\"n\", nonce=\"m\"",
        "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-1",
        "Digest realm=\"r\", nonce=\"n\", qop=auth-int",
        "Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess",
        "\"Digest realm=r, nonce=n",
        "Digest realm=\"Gesch\u{fc}tzt\", nonce=\"n\"",
        "Digest realm=\"r\u{7f}\", nonce=\"n\"",
        &huge,
    ] {
        assert_eq!(strongest(&[value]), None, "{value}");
    }
}

#[test]
fn random_bytes_never_panic() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let pieces: [&[u8]; 14] = [
        b"Digest ",
        b"realm",
        b"nonce",
        b"=",
        b"\"",
        b"\\",
        b",",
        b" ",
        b"qop=auth",
        b"\xff",
        b"Basic",
        b"/",
        b"algorithm=MD5",
        b"\t",
    ];
    for _ in 0..20_000 {
        let count = random.usize(..24);
        let picked = (0..count).map(|_| pieces[random.usize(..pieces.len())]);
        let value = picked.collect::<Vec<_>>().concat();
        let _ = DigestChallenge::strongest([value.as_slice()].into_iter());
    }
}
