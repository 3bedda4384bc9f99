//! In which order a task takes the records of its inputs: by event time, as far as it is known. A pure decision.

use std::ops::Range;

use crate::limits::TASK_RUNS_MAX;

/// What a task has read of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AtHand {
    /// Of the records, in offset order.
    pub(super) timestamps_ms: Vec<i64>,
    /// The log has more records behind these.
    pub(super) more: bool,
    /// The topic is the deployment's own.
    pub(super) internal: bool,
}

/// Consecutive records of one input, which go into one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) input: usize,
    pub(super) records: Range<usize>,
}

/// The runs of one step. The record with the earliest time goes first, and of equals that of the input named first, as
/// Kafka Streams chooses: an input that has no record now holds nobody up, and one of which there is more in the log is
/// never guessed. The deployment's own topics go before all others: what is on its way ends before more sets out.
pub(super) fn order(inputs: &[AtHand], records_max: usize) -> Vec<Run> {
    let has_internal = inputs.iter().any(|input| input.internal && !input.timestamps_ms.is_empty());
    let taking: Vec<usize> = (0..inputs.len()).filter(|index| inputs[*index].internal || !has_internal).collect();
    let mut next = vec![0; inputs.len()];
    let mut runs = Vec::new();
    let mut left = records_max;
    while left > 0 && runs.len() < TASK_RUNS_MAX {
        let head = |index: usize| inputs[index].timestamps_ms.get(next[index]).map(|time| (*time, index));
        let mut heads: Vec<(i64, usize)> = taking.iter().filter_map(|index| head(*index)).collect();
        heads.sort_unstable();
        let Some((&(_, input), others)) = heads.split_first() else { break };
        let is_unknown = |index: &usize| head(*index).is_none() && inputs[*index].more;
        if taking.iter().any(is_unknown) {
            break;
        }
        let times = &inputs[input].timestamps_ms[next[input]..];
        let until = others
            .first()
            .map_or(times.len(), |other| times.iter().position(|time| (*time, input) > *other).unwrap_or(times.len()));
        let count = until.min(left);
        runs.push(Run { input, records: next[input]..next[input] + count });
        next[input] += count;
        left -= count;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at_hand(timestamps_ms: &[i64]) -> AtHand {
        AtHand { timestamps_ms: timestamps_ms.to_vec(), ..AtHand::default() }
    }

    fn run(input: usize, records: Range<usize>) -> Run {
        Run { input, records }
    }

    #[test]
    fn the_earliest_goes_first_and_of_equals_the_first_named() {
        let runs = order(&[at_hand(&[1, 5, 5, 9]), at_hand(&[0, 5, 7])], 100);
        assert_eq!(runs, [run(1, 0..1), run(0, 0..3), run(1, 1..3), run(0, 3..4)]);
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let more = AtHand { more: true, ..at_hand(&[1, 2]) };
        assert_eq!(order(&[more, at_hand(&[3, 4])], 100), [run(0, 0..2)]);
        assert_eq!(order(&[at_hand(&[]), at_hand(&[3, 4])], 100), [run(1, 0..2)], "nobody waits for who has nothing");
    }

    #[test]
    fn its_own_topics_go_before_all_others() {
        let own = AtHand { internal: true, ..at_hand(&[50]) };
        assert_eq!(order(&[at_hand(&[1]), own], 100), [run(1, 0..1)]);
    }

    #[test]
    fn a_step_is_bounded() {
        assert_eq!(order(&[at_hand(&[1, 2, 3])], 2), [run(0, 0..2)]);
    }

    proptest! {
        /// With everything at hand, all records are taken, each input's in its own order; and where each input is in the
        /// order of time, so is the whole.
        #[test]
        fn sorted_inputs_merge_sorted(mut inputs in prop::collection::vec(prop::collection::vec(0i64..20, 0..12), 1..4)) {
            for times in &mut inputs {
                times.sort_unstable();
            }
            let hands: Vec<AtHand> = inputs.iter().map(|times| at_hand(times)).collect();
            let mut taken = vec![0; inputs.len()];
            let mut times = Vec::new();
            for Run { input, records } in order(&hands, usize::MAX) {
                prop_assert_eq!(records.start, taken[input]);
                taken[input] = records.end;
                times.extend_from_slice(&inputs[input][records]);
            }
            prop_assert!(times.is_sorted());
            prop_assert_eq!(taken, inputs.iter().map(Vec::len).collect::<Vec<_>>());
        }
    }
}
