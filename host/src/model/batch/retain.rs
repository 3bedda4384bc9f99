//! A batch with fewer records: how compaction writes what it keeps.

use super::builder::{Header, Producer, Start, buffer, seal};
use super::{Batch, BatchError, array};
use crate::model::record::StoredRecord;

impl Batch {
    /// The batch without the records that `keep` refuses; `None` where none is left. Those that stay keep their offsets,
    /// the batch its range and its producer. `horizon_ms` is written down as the time from which on the tombstones among
    /// them may go, unless one was written before.
    pub fn retain(
        &self,
        mut keep: impl FnMut(&StoredRecord<'_>) -> bool,
        horizon_ms: i64,
    ) -> Result<Option<Self>, BatchError> {
        let plain = self.plain()?;
        let kept: Vec<StoredRecord<'_>> =
            plain.records().filter(|record| record.as_ref().map_or(true, &mut keep)).collect::<Result<_, _>>()?;
        let has_tombstones = kept.iter().any(|record| record.key.is_some() && record.value.is_none());
        let horizon = has_tombstones.then(|| self.delete_horizon_ms().unwrap_or(horizon_ms));
        if kept.len() == self.record_count() && horizon == self.delete_horizon_ms() {
            return Ok(Some(self.clone()));
        }
        let (Some(first), Some(max_timestamp_ms)) = (kept.first(), kept.iter().map(|record| record.timestamp_ms).max())
        else {
            return Ok(None);
        };
        let base_timestamp_ms = horizon.unwrap_or(first.timestamp_ms);
        let base_offset = self.base_offset();
        let mut bytes = buffer(plain.records.len());
        for record in &kept {
            let start = Start {
                timestamp_delta: record.timestamp_ms.wrapping_sub(base_timestamp_ms),
                offset_delta: (record.offset - base_offset).cast_signed(),
                key: record.key,
                value: record.value,
                header_count: record.headers.len(),
            };
            let headers = record.headers.encoded();
            start.put(&mut bytes, headers.len());
            bytes.extend_from_slice(headers);
        }
        let header = Header {
            base_offset,
            last_offset_delta: u32::from_be_bytes(array(&self.0, super::LAST_OFFSET_DELTA_AT)),
            base_timestamp_ms,
            max_timestamp_ms,
            has_delete_horizon: horizon.is_some(),
            producer: self.producer(),
            count: u32::try_from(kept.len()).unwrap_or(u32::MAX),
        };
        Ok(Some(seal(bytes, header, self.compression())))
    }

    pub fn producer(&self) -> Producer {
        Producer {
            id: i64::from_be_bytes(array(&self.0, super::PRODUCER_ID_AT)),
            epoch: i16::from_be_bytes(array(&self.0, super::PRODUCER_ID_AT + 8)),
            base_sequence: i32::from_be_bytes(array(&self.0, super::PRODUCER_ID_AT + 10)),
        }
    }
}
