//! How long to wait after a failure: exponential, with full jitter.

use serde::Deserialize;

/// The first wait is up to `initial_ms`, and each further one up to twice as long, but never over `max_ms`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Backoff {
    pub(crate) initial_ms: u32,
    pub(crate) max_ms: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { initial_ms: 200, max_ms: 60_000 }
    }
}

impl Backoff {
    /// The wait after so many failures, at least a millisecond. What is waited for and the time make the jitter, so that the
    /// same call comes to the same wait, and many that failed together do not come back together.
    pub(crate) fn wait_ms(self, failures: u32, of: u64, now_ms: i64) -> i64 {
        let doublings = failures.saturating_sub(1).min(32);
        let most_ms = (u64::from(self.initial_ms) << doublings).min(u64::from(self.max_ms)).max(1);
        let seed = scatter(of ^ scatter(now_ms.cast_unsigned() ^ scatter(u64::from(failures))));
        i64::try_from(1 + seed % most_ms).unwrap_or(i64::MAX)
    }
}

/// The finalizer of `SplitMix64`: near inputs come to lie far apart.
fn scatter(input: u64) -> u64 {
    let mixed = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_spread_over_the_whole_range() {
        let waits: Vec<i64> = (0..1_000).map(|offset| Backoff::default().wait_ms(4, offset, 7)).collect();
        assert!(waits.iter().all(|wait_ms| (1..=1_600).contains(wait_ms)));
        for eighth in 0..8 {
            let count = waits.iter().filter(|wait_ms| (**wait_ms - 1) / 200 == eighth).count();
            assert!((75..175).contains(&count), "{count} of 1000 in eighth {eighth}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_is_within_its_bounds(initial_ms: u32, max_ms: u32, failures: u32, of: u64, now_ms: i64) {
            let wait_ms = Backoff { initial_ms, max_ms }.wait_ms(failures, of, now_ms);
            prop_assert!((1..=i64::from(max_ms.max(1))).contains(&wait_ms));
            prop_assert!(failures > 1 || wait_ms <= i64::from(initial_ms.max(1)));
        }
    }
}
