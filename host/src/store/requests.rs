//! Table `requests`: what requests with an idempotency key were answered; table `request_order`: in which order they came.
//!
//! Value: fingerprint (16 bytes), time i64, then the parts (count, and topic, partition and offset each) and the runs
//! (count, and part and length each), as varints. The oldest go first, by number, by bytes and by age.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Tables, corrupt};
use crate::limits::{IDEMPOTENCY_BYTES_MAX, IDEMPOTENCY_KEY_MS_MAX, IDEMPOTENCY_KEYS_MAX};
use crate::model::request::{Answered, Scope};
use crate::model::topic::{PartitionId, TopicId};
use crate::model::varint;

pub(super) const TABLE: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("requests");
pub(super) const ORDER: TableDefinition<'_, u64, (u32, &str)> = TableDefinition::new("request_order");
/// Old keys that a new one takes along: more than one, so that what is too old goes though few keys come.
const EXPIRED_PER_KEY: usize = 4;
/// And more where the new one is large: so many small ones that it makes good for itself.
const EXPIRED_PER_KEY_MAX: usize = 1_024;

/// In table `meta`: the sum of the values' lengths.
const BYTES: &str = "request-bytes";

/// Topic ids begin at 1.
fn scope_number(scope: Scope) -> u32 {
    match scope {
        Scope::Transactions => 0,
        Scope::Topic(id) => id.0,
    }
}

pub(super) fn encode(answered: &Answered) -> Vec<u8> {
    let mut out = bytes::BytesMut::with_capacity(40 + answered.parts.len() * 12 + answered.runs.len() * 4);
    out.extend_from_slice(&answered.fingerprint);
    out.extend_from_slice(&answered.at_ms.to_be_bytes());
    let mut put = |number: u64| varint::put(&mut out, number.cast_signed());
    put(answered.parts.len() as u64);
    for (id, offset) in &answered.parts {
        put(id.topic.0.into());
        put(id.partition.into());
        put(*offset);
    }
    put(answered.runs.len() as u64);
    for (part, count) in &answered.runs {
        put((*part).into());
        put((*count).into());
    }
    out.to_vec()
}

pub(super) fn decode(bytes: &[u8]) -> Option<Answered> {
    let (fingerprint, bytes) = bytes.split_first_chunk()?;
    let (at_ms, mut rest) = bytes.split_first_chunk()?;
    let mut answered = Answered { fingerprint: *fingerprint, at_ms: i64::from_be_bytes(*at_ms), ..Answered::default() };
    let mut take = || varint::take(&mut rest).map(i64::cast_unsigned);
    for _ in 0..take()? {
        let topic = TopicId(u32::try_from(take()?).ok()?);
        let id = PartitionId { topic, partition: u32::try_from(take()?).ok()? };
        answered.parts.push((id, take()?));
    }
    for _ in 0..take()? {
        answered.runs.push((u32::try_from(take()?).ok()?, u32::try_from(take()?).ok()?));
    }
    rest.is_empty().then_some(answered)
}

impl Tables<'_> {
    /// What the request of this key was answered, unless that is forgotten.
    pub fn request(&mut self, scope: Scope, key: &str, now_ms: i64) -> Result<Option<Answered>> {
        let Some(found) = self.requests()?.get((scope_number(scope), key))? else { return Ok(None) };
        let answered = decode(found.value()).ok_or_else(|| corrupt("requests", key, "it is malformed"))?;
        Ok((now_ms.saturating_sub(answered.at_ms) < IDEMPOTENCY_KEY_MS_MAX).then_some(answered))
    }

    pub fn put_request(&mut self, scope: Scope, key: &str, answered: &Answered) -> Result<()> {
        let row = (scope_number(scope), key);
        let value = encode(answered);
        let mut bytes = self.request_bytes()? + value.len() as u64;
        let was = self.requests()?.insert(row, value.as_slice())?.map(|old| old.value().len() as u64);
        if let Some(was) = was {
            // Too old to be known again, and still in its old place in the order.
            bytes = bytes.saturating_sub(was);
            self.forget_key_in_order(row)?;
        }
        let newest = self.request_order()?.last()?.map_or(0, |(number, _)| number.value()) + 1;
        self.request_order()?.insert(newest, row)?;
        for taken in 0..EXPIRED_PER_KEY_MAX {
            if taken >= EXPIRED_PER_KEY && bytes <= IDEMPOTENCY_BYTES_MAX {
                break;
            }
            let Some((number, row)) = self.request_order()?.first()?.map(|(number, row)| {
                let (scope, key) = row.value();
                (number.value(), (scope, key.to_owned()))
            }) else {
                break;
            };
            let row = (row.0, row.1.as_str());
            let old = self
                .requests()?
                .get(row)?
                .map(|old| (old.value().len() as u64, decode(old.value()).map_or(i64::MIN, |old| old.at_ms)));
            let (length, at_ms) = old.unwrap_or((0, i64::MIN));
            let is_surplus = newest - number >= IDEMPOTENCY_KEYS_MAX || bytes > IDEMPOTENCY_BYTES_MAX;
            let is_old = answered.at_ms.saturating_sub(at_ms) >= IDEMPOTENCY_KEY_MS_MAX;
            if number == newest || !(is_surplus || is_old) {
                break;
            }
            bytes = bytes.saturating_sub(length);
            self.requests()?.remove(row)?;
            self.request_order()?.remove(number)?;
        }
        self.meta()?.insert(BYTES, bytes)?;
        Ok(())
    }

    /// What all answers that are remembered take up.
    fn request_bytes(&mut self) -> Result<u64> {
        Ok(self.meta()?.get(BYTES)?.map_or(0, |bytes| bytes.value()))
    }

    fn forget_key_in_order(&mut self, row: (u32, &str)) -> Result<()> {
        // What was too old is among the first.
        let mut found = None;
        for entry in self.request_order()?.iter()? {
            let (number, at) = entry?;
            if at.value() == row {
                found = Some(number.value());
                break;
            }
        }
        if let Some(number) = found {
            self.request_order()?.remove(number)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn answered(at_ms: i64) -> Answered {
        let id = PartitionId { topic: TopicId(1), partition: 0 };
        Answered { fingerprint: [7; 16], at_ms, parts: vec![(id, 5)], runs: vec![(0, 3)] }
    }

    proptest! {
        #[test]
        fn round_trips(
            fingerprint: [u8; 16],
            at_ms: i64,
            parts in vec((any::<u32>(), any::<u32>(), any::<u64>()), 0..5),
            runs in vec((any::<u32>(), any::<u32>()), 0..9),
        ) {
            let parts = parts.into_iter().map(|(t, partition, offset)| (PartitionId { topic: TopicId(t), partition }, offset));
            let answered = Answered { fingerprint, at_ms, parts: parts.collect(), runs };
            let bytes = encode(&answered);
            prop_assert_eq!(decode(&bytes), Some(answered));
            prop_assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn the_old_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let transaction = store.begin().unwrap();
        let mut tables = transaction.tables();
        let scope = Scope::Topic(TopicId(1));
        for n in 0..10 {
            tables.put_request(scope, &format!("k{n}"), &answered(n)).unwrap();
        }
        assert_eq!(tables.request(scope, "k3", 20).unwrap(), Some(answered(3)));
        assert_eq!(tables.request(Scope::Transactions, "k3", 20).unwrap(), None);
        let later = IDEMPOTENCY_KEY_MS_MAX + 3;
        assert_eq!(tables.request(scope, "k3", later).unwrap(), None);
        // The one that comes back is remembered anew, and those of its age go.
        tables.put_request(scope, "k3", &answered(later)).unwrap();
        assert_eq!(tables.request(scope, "k3", later).unwrap(), Some(answered(later)));
        assert_eq!(tables.requests().unwrap().iter().unwrap().count(), 7);
        assert_eq!(tables.request_order().unwrap().iter().unwrap().count(), 7);
        let left =
            tables.requests().unwrap().iter().unwrap().map(|row| row.unwrap().1.value().len() as u64).sum::<u64>();
        assert_eq!(tables.request_bytes().unwrap(), left);
    }
}
