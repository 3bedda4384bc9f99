//! What an answer of the server means for the records that were sent.

use kafka_do_sdk::Failure;
use kafka_do_sdk::http::{Error, Response};

use crate::deliveries::Verdict;

/// A failure is the operator's to mend.
pub(crate) fn judge(result: Result<Response, Error>, url: &str, now_ms: i64) -> Result<Verdict, Failure> {
    match result {
        Ok(response) if response.is_success() => Ok(Verdict::Delivered),
        Ok(response) => Ok(judge_status(&response, now_ms)),
        Err(Error::Denied(reason)) => Err(Failure::fatal(format!("nothing may be sent to {}: {reason}", place(url)))),
        Err(error @ Error::Invalid(_)) => Err(Failure::fatal(format!("{error}; change `url`, `method` or `headers`"))),
        Err(error @ Error::NoConnection(_)) => Ok(Verdict::Unreachable(error.to_string())),
        Err(error @ (Error::NoAnswer(_) | Error::TooLarge(_))) => {
            Ok(Verdict::Failed { reason: error.to_string(), after_ms: None })
        }
    }
}

fn judge_status(response: &Response, now_ms: i64) -> Verdict {
    let reason = response.describe();
    match response.status {
        // The record itself is wrong: in its form, its size, its type or its content.
        400 | 413 | 415 | 422 => Verdict::Refused(reason),
        429 | 503 => {
            let after_ms = response.retry_after_ms(now_ms);
            Verdict::Failed { reason, after_ms }
        }
        _ => Verdict::Failed { reason, after_ms: None },
    }
}

/// The host and port that an address leads to, as they are granted.
fn place(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // A colon within brackets is of an IPv6 address.
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    match has_port {
        true => authority.to_owned(),
        false if scheme.eq_ignore_ascii_case("http") => format!("{authority}:80"),
        false => format!("{authority}:443"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URL: &str = "https://h/in";

    fn answer(status: u16, body: &str) -> Verdict {
        judge(Ok(Response::new(status, body)), URL, 0).unwrap()
    }

    fn failed(reason: &str, after_ms: Option<i64>) -> Verdict {
        Verdict::Failed { reason: reason.to_owned(), after_ms }
    }

    #[test]
    fn the_status_says_whether_to_try_again() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(answer(status, "fine"), Verdict::Delivered, "{status}");
        }
        for status in [400, 413, 415, 422] {
            assert!(matches!(answer(status, ""), Verdict::Refused(_)), "{status}");
        }
        for status in [301, 302, 304, 401, 403, 404, 408, 409, 410, 425, 429, 500, 502, 503, 504] {
            assert_eq!(answer(status, ""), failed(&format!("the server answered {status}"), None));
        }
    }

    #[test]
    fn errors_are_told_apart_by_whether_anything_was_sent() {
        let judge = |error| judge(Err(error), URL, 0);
        assert!(matches!(judge(Error::Denied(String::new())), Err(Failure::Fatal(_))));
        assert!(matches!(judge(Error::Invalid(String::new())), Err(Failure::Fatal(_))));
        assert_eq!(
            judge(Error::NoConnection("refused".into())),
            Ok(Verdict::Unreachable("no connection: refused".into()))
        );
        assert_eq!(judge(Error::NoAnswer("reset".into())), Ok(failed("no answer: reset", None)));
        assert!(matches!(judge(Error::TooLarge(1)), Ok(Verdict::Failed { .. })));
    }

    #[test]
    fn a_busy_server_says_when_to_come_back() {
        let busy = |status| judge(Ok(Response::new(status, "busy").with_header("Retry-After", "7")), URL, 0).unwrap();
        assert_eq!(busy(429), failed("the server answered 429: busy", Some(7_000)));
        assert_eq!(busy(503), failed("the server answered 503: busy", Some(7_000)));
        assert_eq!(busy(500), failed("the server answered 500: busy", None));
    }

    #[test]
    fn a_denial_says_what_to_grant() {
        for (url, grant) in [
            ("https://h/in", "h:443"),
            ("HTTP://h?x", "h:80"),
            ("http://h:8080/in", "h:8080"),
            ("http://[::1]/", "[::1]:80"),
            ("http://[::1]:81/", "[::1]:81"),
        ] {
            assert_eq!(place(url), grant);
        }
    }

    #[test]
    fn reasons_are_one_short_line() {
        assert_eq!(answer(500, " a\r\nb\t\u{1b}[0m "), failed("the server answered 500: a  b  [0m", None));
        let long = format!("{}é", "x".repeat(199));
        assert_eq!(answer(500, &long), failed(&format!("the server answered 500: {}", "x".repeat(199)), None));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(status: u16, body: Vec<u8>, retry_after: Vec<u8>, now_ms: i64) {
            let response = Response::new(status, body).with_header("retry-after", retry_after);
            if let Verdict::Failed { reason, .. } | Verdict::Refused(reason) = judge(Ok(response), URL, now_ms).unwrap() {
                prop_assert!(!reason.chars().any(char::is_control) && reason.len() < 700);
            }
        }
    }
}
