//! How far event time has come.

use crate::HostError;
use crate::rows::damaged;
use crate::state::Table;

/// Where a table keeps its stream time.
const ROW_KEY: &[u8] = &[0];

/// *Stream time*, as in Kafka Streams: the highest event time seen by this task, record by record. It is kept in the table of
/// whatever closes by it, so that an instance which takes over goes on exactly.
pub(crate) struct StreamTime {
    table: Table,
    now_ms: Option<i64>,
    stored_ms: Option<i64>,
}

impl StreamTime {
    pub(crate) fn open(table: Table) -> Result<Self, HostError> {
        let stored_ms = table.read(ROW_KEY, |row| {
            row.map(|row| row.try_into().map(i64::from_be_bytes).map_err(|_| damaged())).transpose()
        })??;
        Ok(Self { table, now_ms: stored_ms, stored_ms })
    }

    /// Moves on to this event time, where it is later.
    pub(crate) fn observe(&mut self, event_time_ms: i64) {
        self.now_ms = self.now_ms.max(Some(event_time_ms));
    }

    /// Everything before this time has passed for something that lasts so long; `i64::MIN` before the first record.
    pub(crate) fn ago_ms(&self, length_ms: i64) -> i64 {
        self.now_ms.map_or(i64::MIN, |now_ms| now_ms.saturating_sub(length_ms))
    }

    pub(crate) fn store(&mut self) {
        if let Some(now_ms) = self.now_ms
            && self.now_ms != self.stored_ms
        {
            self.table.put(ROW_KEY, now_ms.to_be_bytes());
            self.stored_ms = self.now_ms;
        }
    }
}
