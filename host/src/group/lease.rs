//! A lease: one batch in one member's hands; and the token that it is known by.
//!
//! A token says of itself what it stands for, so a lease costs no write: after a restart of the host the member shows the
//! token, and has its batch again.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::limits::LEASE_PARTITIONS_MAX;
use crate::model::topic::{PartitionId, TopicId};
use crate::model::varint;

/// Offsets of one partition: from `from` to before `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub partition: PartitionId,
    pub from: u64,
    pub next: u64,
}

/// The name of a lease. Written in URL-safe base64: the member's serial, the lease's number, and the ranges as they were
/// when the batch was handed out, as varints. Share mode has no ranges: its records stand in the group's own books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub(super) serial: u32,
    pub(super) number: u32,
    pub(super) ranges: Vec<Range>,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(8 + self.ranges.len() * 12);
        let mut put = |number: u64| varint::put(&mut bytes, number.cast_signed());
        put(self.serial.into());
        put(self.number.into());
        for range in &self.ranges {
            put(range.partition.topic.0.into());
            put(range.partition.partition.into());
            put(range.from);
            put(range.next - range.from);
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Token {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // As long as the longest that was ever given out.
        if text.len() > (2 + 4 * LEASE_PARTITIONS_MAX) * varint::BYTES_MAX * 4 / 3 + 4 {
            return Err(());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(drop)?;
        Self::read(&bytes).ok_or(())
    }
}

impl Token {
    /// Whether it stands for a poll that found nothing.
    pub(super) fn is_nothing(&self) -> bool {
        self.number == 0
    }

    /// What the batch had when it was handed out.
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let take = |bytes: &mut &[u8]| varint::take(bytes).map(i64::cast_unsigned);
        let narrow = |number: u64| u32::try_from(number).ok();
        let serial = narrow(take(&mut bytes)?)?;
        let number = narrow(take(&mut bytes)?)?;
        let mut ranges = Vec::new();
        while !bytes.is_empty() {
            let topic = TopicId(narrow(take(&mut bytes)?)?);
            let partition = PartitionId { topic, partition: narrow(take(&mut bytes)?)? };
            let from = take(&mut bytes)?;
            let next = from.checked_add(take(&mut bytes)?)?;
            ranges.push(Range { partition, from, next });
        }
        Some(Self { serial, number, ranges })
    }
}

/// A batch as it is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub token: Token,
    pub parts: Vec<Part>,
}

/// What a batch has of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub range: Range,
    /// In share mode only these offsets of the range, in order, each with how often it has been handed out.
    pub only: Option<Vec<(u64, u16)>>,
}

impl From<Range> for Part {
    fn from(range: Range) -> Self {
        Self { range, only: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_survives_its_text(
            serial: u32,
            number: u32,
            ranges in vec((any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>()), 0..5),
        ) {
            let ranges = ranges.into_iter().map(|(topic, partition, from, length)| Range {
                partition: PartitionId { topic: TopicId(topic), partition },
                from: from.into(),
                next: u64::from(from) + u64::from(length),
            });
            let token = Token { serial, number, ranges: ranges.collect() };
            let text = token.to_string();
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(text.parse(), Ok(token));
        }

        #[test]
        fn whatever_a_client_sends_is_answered(text in "[a-zA-Z0-9_=-]{0,40}") {
            let _ = text.parse::<Token>();
        }
    }

    #[test]
    fn a_token_that_ends_early_is_none() {
        for text in ["", "A", "AA", "AAAA", "*", &"A".repeat(20_000)] {
            assert_eq!(text.parse::<Token>(), Err(()), "{}", text.len());
        }
    }
}
