//! Waiting for a condition, with an end.

use std::time::{Duration, Instant};

/// Longest that anything takes which a test waits for.
const WAIT: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < WAIT, "waited too long until {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks again and again until it is so; says what it was at last where it never comes to be so.
pub async fn until_equal<T: std::fmt::Debug + PartialEq>(what: &str, expected: T, mut ask: impl AsyncFnMut() -> T) {
    let begun = Instant::now();
    loop {
        let found = ask().await;
        if found == expected {
            return;
        }
        assert!(begun.elapsed() < WAIT, "waited too long until {what}: it is {found:?} and not {expected:?}");
        tokio::time::sleep(PAUSE).await;
    }
}
