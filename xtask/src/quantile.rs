//! Quantiles of samples.

use std::cmp::Ordering;

/// The smallest sample that this percentage of all samples does not exceed (the nearest rank); the default of no samples.
pub(crate) fn quantile<T: Copy + Default + PartialOrd>(samples: &[T], percent: usize) -> T {
    let mut sorted = samples.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let samples: Vec<u32> = (1..=200).rev().collect();
        assert_eq!(quantile(&samples, 50), 100);
        assert_eq!(quantile(&samples, 99), 198);
        assert_eq!(quantile(&samples, 100), 200);
        assert_eq!(quantile(&[7], 99), 7);
        assert_eq!(quantile::<u32>(&[], 50), 0);
    }
}
