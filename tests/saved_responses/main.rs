//! Response bodies that are saved to files: a file has its whole body under its name, or is not there at all.

mod disk;
mod memory;
mod not_saved;
mod recorded;
mod whole;

use haul::{ErrorType, Outcome};

/// Returns bytes in which every position differs from its neighbours.
fn bytes(size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8)
        .collect()
}

fn hex_sha256(bytes: &[u8]) -> String {
    let digest = hmac_sha256::Hash::hash(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn class(outcome: &Outcome) -> ErrorType {
    test_support::error(outcome).error_type()
}
