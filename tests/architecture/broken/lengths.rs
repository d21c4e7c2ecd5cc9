//! Files and functions that are too long, and functions with too many parameters.

use super::complains;
use crate::lengths;

#[test]
fn by_length() {
    for path in ["src/error.rs", "src/retry/tests.rs", "tests/cli/files.rs"] {
        let complaint = lengths::file(path, &"\n".repeat(401)).unwrap();
        assert!(complaint.starts_with(&format!("{path}:401: ")));
        assert_eq!(lengths::file(path, &"\n".repeat(400)), None);
    }
}

fn function(head: &str, lines: usize) -> String {
    format!("\n{head}\nfn f() {{{}}}", "\n".repeat(lines - 1))
}

#[test]
fn by_a_long_function_without_a_reason() {
    let path = "src/error.rs";
    complains(lengths::functions, path, &function("", 80), &[]);
    for head in ["", "/// Text.", "// It is long.", "// Long because ", "}"] {
        let text = function(head, 81);
        complains(lengths::functions, path, &text, &["src/error.rs:3"]);
    }
    let above_another = format!(
        "// Long because it is a table.\nfn g() {{}}{}",
        function("", 81)
    );
    complains(
        lengths::functions,
        path,
        &above_another,
        &["src/error.rs:4"],
    );
    let method = function("impl<T> X<T> where T: Fn(u8) -> [u8; 2] {", 81) + "}";
    complains(lengths::functions, path, &method, &["src/error.rs:3"]);
}

#[test]
fn but_not_by_a_long_function_with_a_reason_or_in_tests() {
    let path = "src/error.rs";
    for head in [
        "// Long because it is a table.",
        "// Long because it is a table.\n#[inline]",
        "/// Text.\n// Long because it is a table: one row for each\n// field.",
    ] {
        complains(lengths::functions, path, &function(head, 200), &[]);
    }
    let tests = format!("#[cfg(test)]\nmod tests {{{}}}", function("", 200));
    complains(lengths::functions, path, &tests, &[]);
}

#[test]
fn by_many_parameters() {
    let many = "impl X {\n    fn f<F: Fn(u8, u8) -> (u8, u8), const N: usize>(\n        &mut self, a: F, \
         b: [u8; 2], c: Option<HashMap<u8, u8>>, d: &dyn Fn(u8, u8) -> u8, e: (u8, u8), f: u8,\n    ) -> u8;\n}\n\
         fn g(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}";
    for path in ["src/transport/mod.rs", "src/attempt/judge.rs"] {
        let places = [format!("{path}:2"), format!("{path}:6")];
        complains(
            lengths::parameters,
            path,
            many,
            &places.each_ref().map(String::as_str),
        );
    }
    complains(lengths::parameters, "src/summary.rs", many, &[]);
    let few = "fn f(&self, a: fn(u8, u8), b: (u8, u8), c: HashMap<u8, u8>, d: u8, e: u8,) {\n    \
         g(1, 2, 3, 4, 5, 6)\n}\nfn g() {}\ntype F = fn(u8, u8, u8, u8, u8, u8);";
    complains(lengths::parameters, "src/transport/mod.rs", few, &[]);
}
