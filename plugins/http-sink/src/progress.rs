//! What is known of records that are not done yet, or come after one that is not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What became of one record so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    Delivered,
    /// It goes to the dead-letter topic with this reason, once all before it is done.
    Rejected(String),
    Failed(Failed),
}

/// A record that is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) attempts: u32,
    /// Not before this time.
    pub(crate) again_ms: i64,
    /// Why the last attempt failed.
    pub(crate) reason: String,
}

/// Marks by offset, of one partition. Records without a mark were not tried yet, or cost no attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Progress(pub(crate) BTreeMap<u64, Mark>);

/// How a row of the state table is written, as JSON.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Row {
    /// First and last offsets, inclusive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    delivered: Vec<(u64, u64)>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rejected: BTreeMap<u64, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    failed: BTreeMap<u64, Failed>,
}

impl Progress {
    /// Reads a row.
    pub(crate) fn decode(row: &[u8]) -> serde_json::Result<Self> {
        let Row { delivered, rejected, failed } = serde_json::from_slice(row)?;
        let delivered = delivered.into_iter().flat_map(|(first, last)| first..=last);
        let mut marks: BTreeMap<u64, Mark> = delivered.map(|offset| (offset, Mark::Delivered)).collect();
        marks.extend(rejected.into_iter().map(|(offset, reason)| (offset, Mark::Rejected(reason))));
        marks.extend(failed.into_iter().map(|(offset, failed)| (offset, Mark::Failed(failed))));
        Ok(Self(marks))
    }

    /// The row, `None` where there is nothing to remember.
    pub(crate) fn encode(&self) -> serde_json::Result<Option<Vec<u8>>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut row = Row::default();
        for (offset, mark) in &self.0 {
            match mark {
                Mark::Delivered => match row.delivered.last_mut().filter(|(_, last)| last + 1 == *offset) {
                    Some((_, last)) => *last = *offset,
                    None => row.delivered.push((*offset, *offset)),
                },
                Mark::Rejected(reason) => {
                    row.rejected.insert(*offset, reason.clone());
                }
                Mark::Failed(failed) => {
                    row.failed.insert(*offset, failed.clone());
                }
            }
        }
        serde_json::to_vec(&row).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark() -> impl Strategy<Value = Mark> {
        prop_oneof![
            4 => Just(Mark::Delivered),
            1 => any::<String>().prop_map(Mark::Rejected),
            1 => (any::<u32>(), any::<i64>(), any::<String>())
                .prop_map(|(attempts, again_ms, reason)| Mark::Failed(Failed { attempts, again_ms, reason })),
        ]
    }

    /// Deployments hold such rows.
    #[test]
    fn rows_keep_their_form() {
        let failed = Mark::Failed(Failed { attempts: 3, again_ms: 7, reason: "busy".to_owned() });
        let marks = [(4, failed), (5, Mark::Delivered), (6, Mark::Delivered), (8, Mark::Rejected("bad".to_owned()))];
        let row = r#"{"delivered":[[5,6]],"rejected":{"8":"bad"},"failed":{"4":{"attempts":3,"again_ms":7,"reason":"busy"}}}"#;
        let progress = Progress(marks.into());
        assert_eq!(progress.encode().unwrap().unwrap(), row.as_bytes());
        assert_eq!(Progress::default().encode().unwrap(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(marks in prop::collection::btree_map(0..200_u64, mark(), 1..60)) {
            let progress = Progress(marks);
            let row = progress.encode().unwrap().unwrap();
            prop_assert_eq!(Progress::decode(&row).unwrap(), progress);
        }
    }
}
