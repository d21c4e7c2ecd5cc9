//! A record as a line of JSON, written by hand: what serde makes of it, to the byte, in half the time. Its keys need no
//! look for what must be escaped, its times are counts of microseconds, and batches have a line for each request.

use std::time::Duration;

use serde::Serialize;

use super::{PhaseTimes, Record, wire};
use crate::timing::millis;

impl Record<'_> {
    /// Adds the record as one line, with its line feed, to `lines`.
    pub fn write_to(&self, lines: &mut Vec<u8>) {
        // A field more is a line more.
        let Record {
            v,
            id,
            index,
            key,
            source,
            line: line_number,
            outcome,
            url,
            method,
            status,
            rejection,
            attempts,
            timestamp,
            elapsed,
            ttfb,
            queued,
            total,
            final_url,
            redirects,
            remote_ip,
            reused,
            timings,
            content_type,
            content_encoding,
            size_bytes,
            output_file,
            sha256,
            layer,
            error_type,
            phase,
            error_msg,
            error_position,
            error_text,
            stop_reason,
            attempt_log,
            prior_attempt_ambiguous,
            headers,
            body,
            body_encoding,
            charset,
            body_truncated,
            tag,
            supersedes,
            request,
            response_text,
        } = self;
        let mut line = Line(lines);
        line.value("{\"v\":", v);
        line.text(",\"id\":", id.as_deref());
        line.value(",\"index\":", index);
        line.plain(",\"key\":\"", key.text().as_bytes());
        line.text(",\"source\":", source.as_deref());
        line.some(",\"line\":", line_number);
        line.plain(",\"outcome\":\"", outcome.as_str().as_bytes());
        line.text(",\"url\":", Some(url));
        line.text(",\"method\":", Some(method));
        line.some(",\"status\":", status);
        line.some(",\"rejection\":", rejection);
        line.value(",\"attempts\":", attempts);
        if let Some(at) = timestamp.and_then(wire::instant::text) {
            line.plain(",\"timestamp\":\"", at.as_bytes());
        } else {
            // An instant no calendar has.
            line.some(",\"timestamp\":", &timestamp.map(|_| ()));
        }
        line.time(",\"elapsed_ms\":", *elapsed);
        line.time(",\"ttfb_ms\":", *ttfb);
        line.time(",\"queued_ms\":", *queued);
        line.time(",\"total_ms\":", *total);
        line.text(",\"final_url\":", final_url.as_deref());
        line.some(",\"redirects\":", &Some(redirects).filter(|n| **n > 0));
        line.some(",\"remote_ip\":", remote_ip);
        line.some(",\"reused\":", reused);
        line.timings(*timings);
        line.text(",\"content_type\":", content_type.as_deref());
        line.text(",\"content_encoding\":", content_encoding.as_deref());
        line.some(",\"size_bytes\":", size_bytes);
        line.text(",\"output_file\":", output_file.as_deref());
        line.text(",\"sha256\":", sha256.as_deref());
        line.some(",\"layer\":", layer);
        line.some(",\"error_type\":", error_type);
        line.some(",\"phase\":", phase);
        line.text(",\"error_msg\":", error_msg.as_deref());
        line.some(",\"error_position\":", error_position);
        line.text(",\"error_text\":", error_text.as_deref());
        line.some(",\"stop_reason\":", stop_reason);
        if !attempt_log.is_empty() {
            line.value(",\"attempt_log\":", attempt_log);
        }
        line.flag(
            ",\"prior_attempt_ambiguous\":true",
            *prior_attempt_ambiguous,
        );
        line.some(",\"headers\":", headers);
        line.text(",\"body\":", body.as_deref());
        line.some(",\"body_encoding\":", body_encoding);
        line.text(",\"charset\":", charset.as_deref());
        line.some(",\"body_truncated\":", body_truncated);
        line.some(",\"tag\":", tag);
        line.flag(",\"supersedes\":true", *supersedes);
        line.some(",\"request\":", request);
        line.text(",\"response_text\":", response_text.as_deref());
        line.flag("}\n", true);
    }
}

struct Line<'l>(&'l mut Vec<u8>);

impl Line<'_> {
    fn flag(&mut self, text: &str, set: bool) {
        if set {
            self.0.extend_from_slice(text.as_bytes());
        }
    }

    fn value(&mut self, key: &str, value: &impl Serialize) {
        self.flag(key, true);
        // A Vec takes every byte, and every map in a record has text for keys.
        serde_json::to_writer(&mut *self.0, value).expect("a record is always valid JSON");
    }

    fn some(&mut self, key: &str, value: &Option<impl Serialize>) {
        if let Some(value) = value {
            self.value(key, value);
        }
    }

    /// What holds nothing to be escaped, after its key and opening quote.
    fn plain(&mut self, key: &str, text: &[u8]) {
        self.flag(key, true);
        self.0.extend_from_slice(text);
        self.0.push(b'"');
    }

    fn text(&mut self, key: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        // Without an early end it looks at many bytes at once.
        let escaped = |found, &byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\');
        if text.as_bytes().iter().fold(false, escaped) {
            return self.value(key, &text);
        }
        self.flag(key, true);
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    /// Milliseconds with one to three decimals.
    fn time(&mut self, key: &str, time: Option<Duration>) {
        let Some(time) = time else { return };
        let micros = millis::micros(time);
        // Up to so many digits, what a floating-point number reads as.
        if micros >= 1_000_000_000_000_000 {
            return self.value(key, &(micros as f64 / 1000.0));
        }
        self.flag(key, true);
        let (mut whole, rest) = (micros / 1000, micros % 1000);
        let mut digits = [b'0'; 12];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] += (whole % 10) as u8;
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        self.0.extend_from_slice(&digits[start..]);
        let digit = |n: u64| b'0' + (n % 10) as u8;
        let decimals = [b'.', digit(rest / 100), digit(rest / 10), digit(rest)];
        let shown = match (rest % 10, rest % 100) {
            (0, 0) => 2,
            (0, _) => 3,
            _ => 4,
        };
        self.0.extend_from_slice(&decimals[..shown]);
    }

    fn timings(&mut self, timings: Option<PhaseTimes>) {
        let Some(PhaseTimes {
            resolve,
            connect,
            tls,
            send,
            wait,
            receive,
        }) = timings
        else {
            return;
        };
        self.time(",\"timings\":{\"resolve_ms\":", Some(resolve));
        self.time(",\"connect_ms\":", Some(connect));
        self.time(",\"tls_ms\":", Some(tls));
        self.time(",\"send_ms\":", Some(send));
        self.time(",\"wait_ms\":", Some(wait));
        self.time(",\"receive_ms\":", Some(receive));
        self.flag("}", true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_numbers_read() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut counts = vec![
            0,
            1,
            10,
            100,
            999,
            1000,
            1001,
            1100,
            10_000,
            12_345,
            u64::MAX,
        ];
        counts.extend([999_999_999_999_999, 1_000_000_000_000_000, 1 << 53, 1 << 60]);
        for _ in 0..100_000 {
            let bits = random.u32(1..64);
            counts.push(random.u64(..1 << bits));
        }
        for micros in counts {
            let mut text = Vec::new();
            Line(&mut text).time("", Some(Duration::from_micros(micros)));
            let usual = serde_json::to_string(&(micros as f64 / 1000.0)).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), usual, "{micros}");
        }
    }
}
