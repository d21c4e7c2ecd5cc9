//! Crates that the fleet brings, and those that it does not.

use std::process::Command;

/// Returns the names of the crates that a build with these features consists of.
fn crates(features: &[&str]) -> Vec<String> {
    let done = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{errors}");
    let text = String::from_utf8(done.stdout).expect("text");
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn no_feature_brings_an_async_runtime() {
    let names = crates(&["--all-features"]);
    assert!(names.iter().any(|name| name == "redis"), "{names:?}");
    for runtime in ["tokio", "mio", "async-std", "smol", "futures-util"] {
        assert!(!names.iter().any(|name| name == runtime), "{runtime}");
    }
}

#[test]
fn the_client_of_redis_comes_with_the_feature_only() {
    for features in [&[][..], &["--features", "cli"], &["--no-default-features"]] {
        let names = crates(features);
        assert!(!names.iter().any(|name| name == "redis"), "{features:?}");
    }
}
