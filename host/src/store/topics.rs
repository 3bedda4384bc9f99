//! Table `topics`: what topics there are.

use redb::{ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::{Result, Snapshot, Tables, from_json, to_json};
use crate::model::name::TopicName;
use crate::model::topic::{TopicConfig, TopicId};

pub(super) const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("topics");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicRow {
    pub id: TopicId,
    pub name: TopicName,
    pub created_ms: i64,
    pub config: TopicConfig,
}

impl Snapshot {
    pub fn topics(&self) -> Result<Vec<TopicRow>> {
        let mut rows = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.iter()? {
            let (name, row) = entry?;
            rows.push(from_json("topics", name.value(), row.value())?);
        }
        Ok(rows)
    }
}

impl Tables<'_> {
    pub(super) fn put_topic(&mut self, row: &TopicRow) -> Result<()> {
        self.topics()?.insert(row.name.as_str(), to_json(row).as_slice())?;
        Ok(())
    }

    /// Takes the topic out, with its batches, its segments, its partitions and every group's offsets in it.
    pub(super) fn drop_topic(&mut self, row: &TopicRow) -> Result<()> {
        self.topics()?.remove(row.name.as_str())?;
        self.drop_partitions(row.id)?;
        self.drop_batches(row.id)?;
        self.drop_segments_of_topic(row.id)?;
        // Its description in the tier goes too.
        self.put_unpublished(row.id)?;
        self.drop_offsets_of_topic(row.id)?;
        self.drop_shares_of_topic(row.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(id: u32, name in "[a-zA-Z0-9_-]{1,60}", partitions in 1u32..10_000, created_ms: i64) {
            let row = TopicRow {
                id: TopicId(id),
                name: TopicName::parse(&name).unwrap(),
                created_ms,
                config: TopicConfig { partitions, ..TopicConfig::default() },
            };
            prop_assert_eq!(from_json::<TopicRow>("topics", &name, &to_json(&row)).unwrap(), row);
        }
    }

    #[test]
    fn reads_a_row_from_when_topics_had_only_partitions() {
        let row = br#"{"id":1,"name":"a","created_ms":0,"config":{"partitions":3}}"#;
        let config = from_json::<TopicRow>("topics", "a", row).unwrap().config;
        assert_eq!(config, TopicConfig { partitions: 3, ..TopicConfig::default() });
    }

    #[test]
    fn rejects_what_it_does_not_know() {
        let row = br#"{"id":1,"name":"a","created_ms":0,"config":{"partitions":1},"tomorrow":true}"#;
        assert!(from_json::<TopicRow>("topics", "a", row).is_err());
        assert!(from_json::<TopicRow>("topics", "a", b"{}").is_err());
    }
}
