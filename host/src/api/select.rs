//! Which records of a topic a read asks for: up to a time, and those that satisfy conditions.

use kafka_do_sdk::json::Condition;

use super::fetch::parse_time;
use crate::error::{Error, Result};
use crate::limits::CONDITIONS_MAX;
use crate::model::condition::{all_hold, parse_condition};
use crate::model::record::StoredRecord;

/// All records, unless said otherwise.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Records of this time or later are left out.
    pub(super) until_ms: Option<i64>,
    conditions: Vec<Condition>,
}

impl Selection {
    pub(super) fn parse(until: Option<&str>, conditions: &[String]) -> Result<Self> {
        if conditions.len() > CONDITIONS_MAX {
            return Err(Error::invalid(
                "invalid-query",
                format!(
                    "{} conditions are over the {CONDITIONS_MAX} of one read; ask for what they have in common, and filter the rest",
                    conditions.len()
                ),
            ));
        }
        Ok(Self {
            until_ms: until.map(parse_time).transpose()?,
            conditions: conditions.iter().map(|text| parse_condition(text)).collect::<Result<_>>()?,
        })
    }

    pub(super) fn takes(&self, record: &StoredRecord<'_>) -> bool {
        self.until_ms.is_none_or(|until_ms| record.timestamp_ms < until_ms) && all_hold(&self.conditions, record.value)
    }
}
