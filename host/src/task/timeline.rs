//! What comes of several partitions, put in the order of time.

use std::collections::{BTreeMap, VecDeque};

/// Where something stands: at the *running maximum* of its partition (the greatest timestamp up to its record, which never goes
/// back), and of equals in the lower partition first.
pub(super) type Moment = (i64, u32);

/// What waits for something older. In a partition, order is kept.
#[derive(Debug)]
pub(super) struct Timeline<T> {
    waiting: BTreeMap<u32, VecDeque<(i64, T)>>,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new() }
    }
}

impl<T> Timeline<T> {
    pub(super) fn add(&mut self, (at_ms, partition): Moment, item: T) {
        self.waiting.entry(partition).or_default().push_back((at_ms, item));
    }

    /// Takes what stands at this moment or before it, oldest first.
    pub(super) fn take_until(&mut self, until: Moment) -> Vec<T> {
        let mut taken = Vec::new();
        loop {
            let heads = self.waiting.iter().filter_map(|(partition, lane)| Some((lane.front()?.0, *partition)));
            let mut heads: Vec<Moment> = heads.filter(|head| *head <= until).collect();
            heads.sort_unstable();
            let Some(&(_, partition)) = heads.first() else { return taken };
            // As far as no other partition has anything to say.
            let next = heads.get(1).copied().unwrap_or(until).min(until);
            let Some(lane) = self.waiting.get_mut(&partition) else { return taken };
            while let Some((_, item)) = lane.pop_front_if(|(at_ms, _)| (*at_ms, partition) <= next) {
                taken.push(item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However it comes and is taken, what is taken is as a stable sort would have it.
        #[test]
        fn what_is_taken_is_in_order(
            lanes in prop::collection::vec(prop::collection::vec(0i64..5, 0..12), 1..4),
            untils in prop::collection::vec((0i64..12, 0u32..4), 0..6),
        ) {
            let mut timeline = Timeline::default();
            let mut all = Vec::new();
            for (partition, steps) in (0..).zip(&lanes) {
                let mut at_ms = 0;
                for (number, step) in steps.iter().enumerate() {
                    at_ms += step;
                    let moment = (at_ms, partition);
                    timeline.add(moment, (moment, number));
                    all.push((moment, number));
                }
            }
            all.sort_unstable();
            let mut untils = untils;
            untils.sort_unstable();
            let mut taken = Vec::new();
            for until in untils {
                taken.extend(timeline.take_until(until));
                let expected = all.iter().filter(|(moment, _)| *moment <= until).count();
                prop_assert_eq!(taken.len(), expected);
            }
            taken.extend(timeline.take_until((i64::MAX, u32::MAX)));
            prop_assert_eq!(taken, all);
        }
    }
}
