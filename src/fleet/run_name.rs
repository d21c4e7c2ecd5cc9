//! Names that a run may have.

/// Longest name of a run, in bytes.
const LONGEST: usize = 64;

/// Checks the name of a run: 1 to 64 of `A-Z`, `a-z`, `0-9`, `_` and `-`.
///
/// # Errors
/// The message about a name that no run may have.
pub(super) fn check(name: &str) -> Result<(), String> {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !name.is_empty() && name.len() <= LONGEST && name.bytes().all(is_fit) {
        true => Ok(()),
        false => Err(format!(
            "not the name of a run: {name:?} (1 to {LONGEST} letters, digits, _ and - are expected)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_name_that_no_run_may_have_is_refused() {
        for name in ["a", "A-z_09", &"x".repeat(64)] {
            assert_eq!(check(name), Ok(()));
        }
        for name in ["", "a b", "a.b", "a{b}", "ä", "a:b", &"x".repeat(65)] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
