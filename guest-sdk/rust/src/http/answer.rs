//! What a connector makes of an answer that is none of success: when to try again, and what to tell people.

use std::time::UNIX_EPOCH;

use super::Response;

/// A server is not believed that it will be away for longer.
pub const RETRY_AFTER_MS_MAX: i64 = 3_600_000;

/// How much of an answer is repeated in a reason.
const EXCERPT_BYTES: usize = 200;

impl Response {
    /// How long the server asks to be left alone (`Retry-After`, RFC 9110, 10.2.3), from now on; `None` where it does not say.
    pub fn retry_after_ms(&self, now_ms: i64) -> Option<i64> {
        self.header("retry-after").and_then(|value| retry_after_ms(value.as_bytes(), now_ms))
    }

    /// `the server answered 503: the start of what it said`.
    pub fn describe(&self) -> String {
        let start = &self.body[..self.body.len().min(EXCERPT_BYTES)];
        let text: String =
            String::from_utf8_lossy(start).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = text.trim().trim_end_matches(char::REPLACEMENT_CHARACTER);
        let status = self.status;
        if text.is_empty() {
            format!("the server answered {status}")
        } else {
            format!("the server answered {status}: {text}")
        }
    }
}

/// How long to wait from now, in milliseconds, of seconds or an HTTP date; `None` where it is neither, or over.
fn retry_after_ms(value: &[u8], now_ms: i64) -> Option<i64> {
    let text = str::from_utf8(value).ok()?.trim();
    let wait_ms = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().unwrap_or(i64::MAX).saturating_mul(1_000)
    } else {
        let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(date.as_millis()).ok()?.saturating_sub(now_ms)
    };
    (wait_ms > 0).then_some(wait_ms.min(RETRY_AFTER_MS_MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of the RFC's example, `Fri, 31 Dec 1999 23:59:59 GMT`.
    const DATE_MS: i64 = 946_684_799_000;

    #[test]
    fn seconds_and_dates_are_understood() {
        assert_eq!(retry_after_ms(b"120", 0), Some(120_000));
        assert_eq!(retry_after_ms(b" 1 ", 0), Some(1_000));
        assert_eq!(retry_after_ms(b"Fri, 31 Dec 1999 23:59:59 GMT", DATE_MS - 5_500), Some(5_500));
        assert_eq!(retry_after_ms(b"Fri, 31 Dec 1999 23:59:59 GMT", DATE_MS), None, "it is over");
        for value in ["", "0", "-1", "1.5", "soon", "Fri, 31 Dec"] {
            assert_eq!(retry_after_ms(value.as_bytes(), 0), None, "{value}");
        }
    }

    #[test]
    fn it_has_a_bound() {
        assert_eq!(retry_after_ms(b"99999999999999999999999", 0), Some(RETRY_AFTER_MS_MAX));
        assert_eq!(retry_after_ms(b"Fri, 31 Dec 1999 23:59:59 GMT", 0), Some(RETRY_AFTER_MS_MAX));
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value: Vec<u8>, now_ms: i64) {
            let wait_ms = retry_after_ms(&value, now_ms);
            prop_assert!(wait_ms.is_none_or(|wait_ms| (1..=RETRY_AFTER_MS_MAX).contains(&wait_ms)));
        }
    }
}
