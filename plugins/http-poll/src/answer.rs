//! What an answer that brings no page means.

use kafka_do_sdk::Failure;
use kafka_do_sdk::http::{Error, Response};

use crate::url::{origin, shown};

/// What an operator has to mend is looked at again after so long.
pub(crate) const MEND_MS: u32 = 300_000;

pub(crate) fn no_answer(error: Error, url: &str) -> Failure {
    match error {
        Error::Denied(reason) => {
            let place = origin(url).map(|origin| origin.place()).unwrap_or_default();
            Failure::fatal(format!("nothing may be asked of {place}: {reason}"))
        }
        Error::Invalid(_) => Failure::fatal(format!("{error}; change `url` or `headers`")),
        Error::TooLarge(_) => Failure::retry_after(format!("{error}; ask for smaller pages in `url`"), MEND_MS),
        Error::NoConnection(_) | Error::NoAnswer(_) => Failure::retry(error),
    }
}

/// Of a status other than one of success.
pub(crate) fn refusal(response: &Response, now_ms: i64) -> Failure {
    let reason = response.describe();
    match response.status {
        429 | 503 => {
            let after_ms = response.retry_after_ms(now_ms);
            match after_ms.and_then(|after_ms| u32::try_from(after_ms).ok()) {
                Some(after_ms) => Failure::retry_after(reason, after_ms),
                None => Failure::retry(reason),
            }
        }
        401 | 403 => Failure::retry_after(format!("{reason}; look at `headers`, which say who asks"), MEND_MS),
        404 | 410 => Failure::retry_after(format!("{reason}; look at `url`"), MEND_MS),
        300..=399 => {
            let target = shown(response.header("location").unwrap_or("nowhere"));
            Failure::retry_after(format!("{reason}, and redirects to {target}: set `url` to where it is"), MEND_MS)
        }
        _ => Failure::retry(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://h/items";

    fn advice(failure: Failure) -> (String, Option<u32>) {
        let Failure::Retry(advice) = failure else { panic!("it is tried again: {failure:?}") };
        (advice.reason, advice.after_ms)
    }

    #[test]
    fn what_the_server_says_is_waited_for() {
        let busy = Response::new(429, "slow\r\ndown").with_header("retry-after", "7");
        assert_eq!(advice(refusal(&busy, 0)), ("the server answered 429: slow  down".to_owned(), Some(7_000)));
        assert_eq!(advice(refusal(&Response::new(503, ""), 0)), ("the server answered 503".to_owned(), None));
        assert_eq!(advice(refusal(&Response::new(500, ""), 0)).1, None);
    }

    #[test]
    fn what_an_operator_must_mend_is_said_and_waited_for_longer() {
        for status in [401, 403, 404, 410] {
            assert_eq!(advice(refusal(&Response::new(status, ""), 0)).1, Some(MEND_MS), "{status}");
        }
        let moved = Response::new(301, "").with_header("location", "https://other/x?key=secret");
        let (reason, after_ms) = advice(refusal(&moved, 0));
        let said = "the server answered 301, and redirects to https://other/x: set `url` to where it is";
        assert_eq!((reason.as_str(), after_ms), (said, Some(MEND_MS)));
    }

    #[test]
    fn errors_that_repeat_themselves_stop_it() {
        assert!(matches!(no_answer(Error::Denied(String::new()), URL), Failure::Fatal(_)));
        assert!(matches!(no_answer(Error::Invalid(String::new()), URL), Failure::Fatal(_)));
        assert!(matches!(no_answer(Error::NoConnection(String::new()), URL), Failure::Retry(_)));
        assert!(matches!(no_answer(Error::NoAnswer(String::new()), URL), Failure::Retry(_)));
        assert_eq!(advice(no_answer(Error::TooLarge(1), URL)).1, Some(MEND_MS));
    }
}
