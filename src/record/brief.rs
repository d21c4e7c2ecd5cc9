//! JSON whose numbers are mostly times.

use std::io::{self, Write};

use serde_json::ser::{CompactFormatter, Formatter};

/// Compact JSON. A number of at most three decimals, as all times of a record are, needs no search for the shortest
/// text that reads back as the same: it is written as what it counts, and reads the same either way.
pub(super) struct Brief;

/// Below it, a count of thousandths and their quotient are exact to the last digit.
const MOST: f64 = 1e9;

impl Formatter for Brief {
    fn write_f64<W: Write + ?Sized>(&mut self, to: &mut W, value: f64) -> io::Result<()> {
        // Not for zero, which may have a sign.
        if !(value > 0.0 && value < MOST) {
            return CompactFormatter.write_f64(to, value);
        }
        let thousandths = (value * 1000.0 + 0.5) as u64;
        if thousandths as f64 / 1000.0 != value {
            return CompactFormatter.write_f64(to, value);
        }
        let (mut whole, mut rest) = (thousandths / 1000, thousandths % 1000);
        let mut text = [b'0'; 14];
        let mut end = 14;
        for at in (11..14).rev() {
            text[at] += (rest % 10) as u8;
            rest /= 10;
            // The first decimal stays, whatever it is.
            if text[at] == b'0' && end == at + 1 && at > 11 {
                end = at;
            }
        }
        text[10] = b'.';
        let mut start = 10;
        loop {
            start -= 1;
            text[start] += (whole % 10) as u8;
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        to.write_all(&text[start..end])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::ser::Serializer;

    use super::*;

    fn brief(value: f64) -> String {
        let mut text = Vec::new();
        let mut to = Serializer::with_formatter(&mut text, Brief);
        serde::Serialize::serialize(&value, &mut to).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn numbers_are_written_as_they_would_be_without_it() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut values = vec![
            0.0,
            -0.0,
            0.001,
            0.01,
            0.1,
            1.0,
            10.0,
            0.5,
            12.5,
            100.25,
            999.999,
            1e9,
            1e15,
            1e16,
            -1.5,
            0.0001,
            0.0005,
            1e-7,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::NAN,
            f64::INFINITY,
            999_999_999.999,
            1_000_000_000.001,
        ];
        for _ in 0..200_000 {
            let bits = random.u32(1..45);
            let count = random.u64(..1 << bits);
            values.push(count as f64 / 1000.0);
            values.push(random.f64() * 1000.0);
            values.push(f64::from_bits(random.u64(..)));
        }
        for value in values {
            let usual = serde_json::to_string(&value).unwrap();
            assert_eq!(brief(value), usual, "{value:?}");
        }
    }
}
